import type { SNSClient } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Alert } from '../alert/alert.ts';
import { toSlackMessage } from '../alert/slack.ts';
import { countSubscribers, publishAlert } from '../aws/sns.ts';
import { forgetSecret, getSecret } from '../aws/ssm.ts';
import type { Config } from '../config.ts';
import type { QueueMessage } from '../lambda.ts';
import { postToSlack } from '../outlet/slack.ts';
import { claimDelivery, completeDelivery, releaseDelivery } from '../store/deliveries.ts';
import type { Table } from '../store/table.ts';

/** Where alerts become visible. */
export type Outlet = {
  name: string;
  /** Throws unless the outlet has taken the alert. */
  send: (alert: Alert) => Promise<void>;
  /** Whether anybody reads there; absent where only the outlet's owner could say. */
  isHeard?: () => Promise<boolean>;
};

/** What of the configuration the outlets need. */
type Settings = Pick<Config['alerts'], 'email'> & { slack?: { webhook?: string | undefined } | undefined };

type Services = { ssm: SSMClient; sns: SNSClient; topicArn?: string | undefined };

/** The outlets that the configuration names; e-mail needs the topic of the stack, too. */
export function outletsOf({ slack, email }: Settings, { ssm, sns, topicArn }: Services): Outlet[] {
  return [
    ...(email && topicArn
      ? [
          {
            name: 'email',
            send: (alert: Alert) => publishAlert(sns, topicArn, alert),
            isHeard: async () => (await countSubscribers(sns, topicArn)) > 0,
          },
        ]
      : []),
    ...(slack?.webhook ? [webhookOutlet(ssm, slack.webhook)] : []),
  ];
}

const webhookOutlet = (ssm: SSMClient, webhook: string): Outlet => ({
  name: 'slack',
  send: (alert) => sendToSlack(ssm, webhook, alert),
});

async function sendToSlack(ssm: SSMClient, webhook: string, alert: Alert): Promise<void> {
  const url = await getSecret(ssm, webhook);
  try {
    await postToSlack(url, toSlackMessage(alert));
  } catch (error) {
    forgetSecret(webhook); // it may have been replaced since this process read it
    throw error;
  }
}

/** Of one alert, by outlet: `sent` now, or `known` from an earlier delivery. */
export type Notified = { alertId: string; outlets: Record<string, 'sent' | 'known'> };

/**
 * Tells one alert through every outlet, each once: a message that comes twice, a second message for the same alert
 * and a retry find what was delivered. Where one outlet fails the others are still served; it then throws, so that
 * the queue brings the message back for the one that failed, and parks it in the end.
 *
 * What remains at-least-once is the moment between an outlet's answer and our record of it: a process that dies
 * there, or an answer that gets lost, makes a second copy in that outlet.
 */
export async function notify(
  table: Table,
  outlets: readonly Outlet[],
  message: QueueMessage<Alert>,
): Promise<Notified> {
  const { body: alert } = message;
  if (outlets.length === 0) {
    throw new Error('No outlet: set alerts.slack, or alerts.email and ALERT_TOPIC_ARN');
  }
  const results = await Promise.allSettled(outlets.map((outlet) => deliver(table, outlet, message)));
  const problems = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${outlets[index]?.name}: ${messageOf(result.reason)}`] : [],
  );
  if (problems.length > 0) throw new Error(`${alert.id} was not delivered: ${problems.join('; ')}`);
  const states = results.map((result, index) => [
    outlets[index]?.name,
    result.status === 'fulfilled' && result.value ? 'sent' : 'known',
  ]);
  return { alertId: alert.id, outlets: Object.fromEntries(states) };
}

/** True where it was sent now, false where it was sent before. */
async function deliver(
  table: Table,
  { name, send, isHeard }: Outlet,
  { body: alert, messageId, receiveCount }: QueueMessage<Alert>,
): Promise<boolean> {
  const attempt = { alert, outlet: name, messageId, receiveCount };
  if (!(await claimDelivery(table, attempt))) return false;
  let heard = true;
  try {
    // A warning that nobody gets must not pass for one: a stop follows from it.
    if (alert.kind === 'stop-warning' && isHeard) heard = await isHeard();
    await send(alert);
  } catch (error) {
    await releaseDelivery(table, attempt, error);
    throw error;
  }
  await completeDelivery(table, attempt, heard);
  return true;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
