import {
  ListSubscriptionsByTopicCommand,
  type MessageAttributeValue,
  PublishCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { z } from 'zod';
import type { Alert } from '../alert/alert.ts';
import { toEmail } from '../alert/email.ts';
import { digest } from '../alert/identity.ts';
import { cut, visible } from '../alert/text.ts';
import { DeliveryError } from '../outlet/delivery-error.ts';

/** SNS takes 256 KiB in all; the rest is room for the attributes and for what JSON adds. */
const maxBytes = 240 * 1024;

/** Of that, what programs get: once for each of their protocols. */
const maxMachineBytes = 20 * 1024;

/**
 * Publishes an alert: as a mail to people, as JSON to queues, functions and web hooks, as a line to telephones; with the
 * attributes that subscriptions may filter by, and the alert's identity, by which a program knows a second copy.
 * Throws a DeliveryError unless SNS has taken it.
 *
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: `MessageStructure: json` wants a `default`, and takes one
 * key for each protocol.
 */
export async function publishAlert(
  client: SNSClient,
  topicArn: string,
  alert: Alert,
  note?: string,
): Promise<void> {
  const { subject, body } = toEmail(alert, note);
  const machine = machineText(alert);
  const machines = ['sqs', 'lambda', 'http', 'https', 'firehose'].map((protocol) => [protocol, machine]);
  const room = maxBytes - machines.length * jsonBytes(machine) - 2 * jsonBytes(subject);
  const mail = withinBytes(body, room / 2); // `default` and `email` hold it both
  const structure = { default: mail, email: mail, sms: subject, ...Object.fromEntries(machines) };
  await client
    .send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: subject,
        MessageStructure: 'json',
        Message: JSON.stringify(structure),
        MessageAttributes: attributesOf(alert),
        ...(topicArn.endsWith('.fifo') && {
          MessageGroupId: digest(alert.subject),
          MessageDeduplicationId: digest(alert.id),
        }),
      }),
    )
    .catch((error: unknown) => {
      throw asDeliveryError(error);
    });
}

/** The alert as data, without what would make it too large for a message that carries it five times. */
function machineText(alert: Alert): string {
  const { chart: _, ...rest } = alert;
  const text = JSON.stringify(rest);
  if (jsonBytes(text) <= maxMachineBytes) return text;
  const { id, subject, kind, severity, step, at, title, account, region, owner, team } = alert;
  const short = {
    id,
    subject,
    kind,
    severity,
    step,
    at,
    title: cut(title, 500),
    account,
    region,
    owner,
    team,
  };
  return JSON.stringify({ ...short, isCut: true });
}

/** Bytes of a text as a value within JSON. */
const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text));

/** What SNS refuses it has not published; what gets lost on the way it may have. */
function asDeliveryError(error: unknown): DeliveryError {
  const {
    name = 'Error',
    message = '',
    $fault,
  } = error as { name?: string; message?: string; $fault?: string };
  const isRefused = $fault === 'client';
  return new DeliveryError(`SNS: ${name === 'Error' ? message : `${name}: ${message}`}`, {
    isLasting: isRefused && lasting.has(name),
    isUnsent: isRefused,
  });
}

const lasting: ReadonlySet<string> = new Set([
  'AuthorizationErrorException',
  'AuthorizationError',
  'AccessDeniedException',
  'EndpointDisabledException',
  'InvalidParameterException',
  'InvalidParameter',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSNotFoundException',
  'NotFoundException',
  'NotFound',
]);

const subscriptions = z.object({
  Subscriptions: z.array(z.object({ SubscriptionArn: z.string() })).default([]),
  NextToken: z.string().optional(),
});

/**
 * How many have confirmed that they want what is published: SNS takes a message for nobody without a word. Where an
 * ARN would stand, an address that hasn't confirmed yet has `PendingConfirmation`, and one that left `Deleted`.
 */
export async function countSubscribers(client: SNSClient, TopicArn: string): Promise<number> {
  let confirmed = 0;
  let NextToken: string | undefined;
  do {
    const page = subscriptions.parse(
      await client.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken })),
    );
    confirmed += page.Subscriptions.filter(({ SubscriptionArn }) =>
      SubscriptionArn.startsWith('arn:'),
    ).length;
    NextToken = page.NextToken;
  } while (NextToken);
  return confirmed;
}

/** SNS refuses the whole message for one empty attribute, and takes ten. */
function attributesOf({
  severity,
  kind,
  team,
  owner,
  account,
  step,
  id,
  subject,
}: Alert): Record<string, MessageAttributeValue> {
  const given = { severity, kind, team, owner, account, step, alertId: id, subject };
  const found = Object.entries(given).flatMap(([name, value]) => {
    const text = cut(visible(value ?? '').trim(), 256);
    return text === '' ? [] : [[name, { DataType: 'String', StringValue: text }] as const];
  });
  return Object.fromEntries(found);
}

/** As much of a text as fits into so many bytes of JSON, cut between two characters. */
function withinBytes(text: string, bytes: number): string {
  if (jsonBytes(text) <= bytes) return text;
  const points = Array.from(text);
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (jsonBytes(`${points.slice(0, middle).join('')}…\n`) <= bytes) low = middle;
    else high = middle - 1;
  }
  return `${points.slice(0, low).join('')}…\n`;
}
