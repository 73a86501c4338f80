import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import { type Destination, destinationsOf } from '../shared/alert/destination.ts';
import { createClient } from '../shared/aws/client.ts';
import { countSubscribers } from '../shared/aws/sns.ts';
import { getSecret } from '../shared/aws/ssm.ts';
import { counted } from '../shared/compute/evidence-text.ts';
import type { SlackApi } from '../shared/outlet/slack-api.ts';
import { channelId } from '../shared/outlet/slack-bot.ts';
import { botApi } from '../shared/watch/outlets.ts';
import { botScopes } from '../shared/watch/slack-app.ts';
import { type Finding, fail, ok, warn } from './doctor-finding.ts';
import type { Session } from './session.ts';

const check = 'destinations';

/** Whether each place where alerts go can take one: the bot's token, scopes and channels, webhooks, subscriptions. */
export async function checkDestinations({ config }: Session): Promise<Finding[]> {
  const destinations = [...destinationsOf(config.alerts).values()];
  if (destinations.length === 0) {
    return [fail(check, 'nobody is told anything', 'set alerts.slack, or alerts.email')];
  }
  const token = config.alerts.slack?.token;
  const api = botApi({ ssm: createClient(SSMClient), token, slackApiUrl: process.env['SLACK_API_URL'] });
  const bot = token === undefined ? [] : await caught('Slack', () => checkBot(api, config.alerts.slack));
  const ways = await Promise.all(
    destinations.map((destination) =>
      caught(destination.name, async () => [await checkDestination(api, destination)]),
    ),
  );
  return [...bot, ...ways.flat()];
}

/** What fails says so in its own words, and keeps nothing else from being looked at. */
const caught = (name: string, run: () => Promise<Finding[]>): Promise<Finding[]> =>
  run().catch((error: Error) => [
    fail(
      check,
      `${name}: ${error.message}`,
      'docs/slack.md says what has to be set up, docs/mail.md for topics',
    ),
  ]);

const identity = z.object({ team: z.string(), user: z.string(), scopes: z.array(z.string()).optional() });

async function checkBot(api: SlackApi, slack: Session['config']['alerts']['slack']): Promise<Finding[]> {
  const { team, user, scopes } = identity.parse(await api.call('auth.test'));
  const missing =
    scopes === undefined ? [] : Object.keys(botScopes).filter((scope) => !scopes.includes(scope));
  return [
    missing.length === 0
      ? ok(check, `Slack: the bot ${user} of ${team}`)
      : warn(
          check,
          `Slack: the bot ${user} of ${team} lacks the scopes ${missing.join(', ')}`,
          'add them under OAuth & Permissions, and install the app again',
        ),
    ...(slack?.signingSecret === undefined
      ? [warn(check, 'Slack: messages have no buttons', 'set alerts.slack.signingSecret (docs/slack.md)')]
      : []),
  ];
}

async function checkDestination(api: SlackApi, { name, way }: Destination): Promise<Finding> {
  if (way.by === 'bot') return checkChannel(api, name, way.channel);
  if (way.by === 'webhook') {
    await getSecret(createClient(SSMClient), way.secret);
    return ok(check, `${name}: the webhook at ${way.secret} can be read; its messages are never updated`);
  }
  const TopicArn = way.arn ?? process.env['ALERT_TOPIC_ARN'];
  if (!TopicArn)
    return warn(check, `${name}: ALERT_TOPIC_ARN is not set`, 'set it to the topic of the stack');
  const confirmed = await countSubscribers(createClient(SNSClient), TopicArn);
  return confirmed > 0
    ? ok(check, `${name}: ${counted(confirmed, 'confirmed subscription')}`)
    : warn(
        check,
        `${name}: nobody has confirmed a subscription`,
        'subscribe an address to the topic, and confirm it',
      );
}

const channelInfo = z.object({
  channel: z.object({ is_archived: z.boolean().default(false), is_member: z.boolean().default(false) }),
});

async function checkChannel(api: SlackApi, name: string, given: string): Promise<Finding> {
  const channel = await channelId(api, given);
  const { is_archived, is_member } = channelInfo.parse(
    await api.call('conversations.info', { channel }),
  ).channel;
  if (is_archived) return fail(check, `${name}: ${given} is archived`, 'name another channel');
  if (!is_member)
    return fail(check, `${name}: the bot is not in ${given}`, `type "/invite @" and its name in ${given}`);
  return ok(check, `${name}: ${given}`);
}
