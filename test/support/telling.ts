import { ListSubscriptionsByTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import type { Alert } from '../../shared/alert/alert.ts';
import { forgetSecret } from '../../shared/aws/ssm.ts';
import { parseConfig } from '../../shared/config.ts';
import type { IsoTime } from '../../shared/period.ts';
import { recordAlert } from '../../shared/store/outbox.ts';
import type { Table } from '../../shared/store/table.ts';
import { type Notified, notify } from '../../shared/watch/notify.ts';
import { openTeller } from '../../shared/watch/teller.ts';
import { startSlack } from './slack.ts';
import { startTable } from './table.ts';

export const topicArn = 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts';
const token = 'ssm:/watchdog/slack-token';
const webhook = 'ssm:/watchdog/slack-webhook';

/** Slack as a bot in #ml-cost, and mail. */
export const byBot = { slack: { token, channel: '#ml-cost' }, email: true };
export const byWebhook = { slack: { webhook }, email: true };

/** A table, a Slack and a topic, and what tells alerts there, until `close`. */
export async function startTelling(alerts: object = byBot, now: IsoTime = '2026-11-16T06:00:05Z') {
  const { table, stop } = await startTable();
  let clock = now;
  const slack = await startSlack({ now: () => Date.parse(clock) });
  const sns = mockClient(SNSClient);
  sns.on(PublishCommand).resolves({ MessageId: 'm' });
  sns.on(ListSubscriptionsByTopicCommand).resolves({ Subscriptions: [{ SubscriptionArn: `${topicArn}:1` }] });
  const ssm = mockClient(SSMClient);
  ssm
    .on(GetParameterCommand, { Name: '/watchdog/slack-token' })
    .resolves({ Parameter: { Value: slack.token } });
  ssm
    .on(GetParameterCommand, { Name: '/watchdog/slack-webhook' })
    .resolves({ Parameter: { Value: slack.url } });
  const config = parseConfig({ alerts });
  const tellerOf = (on: Table) =>
    openTeller(on, config, {
      ssm: new SSMClient({}),
      sns: new SNSClient({}),
      topicArn,
      slackApiUrl: slack.apiUrl,
    });
  const teller = tellerOf(table);
  let messages = 0;
  return {
    table,
    slack,
    sns,
    ssm,
    config,
    teller,
    tellerOf,
    at: (time: IsoTime) => {
      clock = time;
    },
    /** Records an alert and tells it, as one delivery of one message. */
    tell: async (alert: Alert, messageId?: string, receiveCount = 1): Promise<Notified> => {
      messages += 1;
      await recordAlert(table, alert);
      return notify(teller, { body: alert, messageId: messageId ?? `m${messages}`, receiveCount }, clock);
    },
    mails: () => sns.commandCalls(PublishCommand).map(({ args }) => args[0].input.Subject ?? ''),
    /** The messages of the channel, and below each the replies of its thread. */
    threads: () =>
      slack.posts
        .filter(({ threadTs }) => threadTs === undefined)
        .map(({ text, ts }) => ({
          text,
          replies: slack.posts.filter(({ threadTs }) => threadTs === ts).map((reply) => reply.text),
        })),
    close: async () => {
      for (const secret of [token, webhook]) forgetSecret(secret);
      sns.restore();
      ssm.restore();
      await slack.stop();
      await stop();
    },
  };
}

export type Telling = Awaited<ReturnType<typeof startTelling>>;
