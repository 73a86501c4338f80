import type { SNSClient } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Alert } from '../alert/alert.ts';
import type { Destination } from '../alert/destination.ts';
import { alertId } from '../alert/identity.ts';
import { toSlackMessage } from '../alert/slack.ts';
import { countSubscribers, publishAlert } from '../aws/sns.ts';
import { forgetSecret, getSecret } from '../aws/ssm.ts';
import { DeliveryError } from '../outlet/delivery-error.ts';
import { openSlackApi, type SlackApi } from '../outlet/slack-api.ts';
import { findMessage, type Posted, postMessage } from '../outlet/slack-bot.ts';
import { postToWebhook } from '../outlet/slack-webhook.ts';
import type { IsoTime } from '../period.ts';

/** How alerts become visible in a destination. */
export type Outlet = {
  /** Shows an alert as a message of its own; throws a DeliveryError unless it was taken. Says where it stands, if it can. */
  show: (alert: Alert, note?: string) => Promise<Posted | undefined>;
  /** Where an alert stands that was tried to be shown since a time; absent where the outlet can't be asked. */
  find?: (alert: Alert, since: IsoTime) => Promise<Posted | undefined>;
  /** Whether anybody reads there; absent where only the outlet's owner could say. */
  isHeard?: () => Promise<boolean>;
  /** What lets news of a problem share a message, in a channel of Slack; absent elsewhere. */
  bot?: { api: SlackApi; channel: string; hasButtons: boolean };
};

export type OutletServices = {
  ssm: SSMClient;
  sns: SNSClient;
  /** The topic of the stack. */
  topicArn?: string | undefined;
  /** Where the bot token lies. */
  token?: string | undefined;
  /** Whether messages have buttons: somebody hears when they are pressed. */
  hasButtons?: boolean;
  /** Another server in the role of Slack's Web API. */
  slackApiUrl?: string | undefined;
};

/** What opens the outlet of a destination. Clients and the bot's token are shared by all. */
export function outletOpener(services: OutletServices): (destination: Destination) => Outlet {
  const api = botApi(services);
  return ({ way }) => {
    switch (way.by) {
      case 'bot':
        return botOutlet({ api, channel: way.channel, hasButtons: services.hasButtons ?? false });
      case 'webhook':
        return { show: (alert, note) => showByWebhook(services.ssm, way.secret, alert, note) };
      case 'topic':
        return mailOutlet(services.sns, way.arn ?? services.topicArn);
    }
  };
}

/** Slack's Web API, with the bot token as it is stored now. */
export function botApi({
  ssm,
  token,
  slackApiUrl,
}: Pick<OutletServices, 'ssm' | 'token' | 'slackApiUrl'>): SlackApi {
  return openSlackApi({
    token: () => {
      if (token === undefined) throw new DeliveryError('No bot token: set alerts.slack.token', lost);
      return secretOf(ssm, token);
    },
    forgetToken: () => token !== undefined && forgetSecret(token),
    baseUrl: slackApiUrl,
  });
}

const lost = { isLasting: true, isUnsent: true };

/** A secret that can't be read now may be readable later; until then nothing is sent. */
const secretOf = (ssm: SSMClient, reference: string): Promise<string> =>
  getSecret(ssm, reference).catch((error: Error) => {
    throw new DeliveryError(error.message, { isUnsent: true });
  });

const botOutlet = ({ api, channel, hasButtons }: NonNullable<Outlet['bot']>): Outlet => ({
  show: (alert, note) =>
    postMessage(api, {
      channel,
      message: toSlackMessage(alert, { marker: markerOf(alert), note, hasButtons }),
    }),
  find: (alert, since) => findMessage(api, { channel, marker: markerOf(alert), since }),
  bot: { api, channel, hasButtons },
});

/** By this `block_id` the message of an alert, or its reply in a thread, is known again. */
export const markerOf = ({ id }: Pick<Alert, 'id'>): string => alertId('alert', id);

async function showByWebhook(
  ssm: SSMClient,
  reference: string,
  alert: Alert,
  note: string | undefined,
): Promise<undefined> {
  const url = await secretOf(ssm, reference);
  const message = toSlackMessage(alert, { note: note ?? webhookNote(alert) });
  try {
    await postToWebhook(url, message);
  } catch (error) {
    forgetSecret(reference); // it may have been replaced since this process read it
    const isRefused = error instanceof DeliveryError && error.isLasting;
    const stored = isRefused ? await secretOf(ssm, reference) : url;
    if (stored === url) throw error;
    await postToWebhook(stored, message);
  }
}

/** Who knows Slack expects a message to change. */
const webhookNote = ({ step }: Alert): string | undefined =>
  step === undefined
    ? undefined
    : 'A webhook can only post: what becomes of it follows in a message of its own.';

function mailOutlet(sns: SNSClient, topicArn: string | undefined): Outlet {
  return {
    show: async (alert, note) => {
      if (topicArn === undefined) throw new DeliveryError('No topic: set ALERT_TOPIC_ARN', lost);
      await publishAlert(sns, topicArn, alert, note);
      return undefined;
    },
    isHeard: async () => topicArn !== undefined && (await countSubscribers(sns, topicArn)) > 0,
  };
}
