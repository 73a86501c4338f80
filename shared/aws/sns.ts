import {
  ListSubscriptionsByTopicCommand,
  type MessageAttributeValue,
  PublishCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { z } from 'zod';
import type { Alert } from '../alert/alert.ts';
import { toEmail } from '../alert/email.ts';
import { visible } from '../alert/text.ts';

/** SNS takes 256 KiB in all; the rest is room for the attributes. */
const maxBodyBytes = 250 * 1024;

/** Publishes an alert as a mail, with the attributes that subscriptions may filter by: severity, kind, team, account. */
export async function publishAlert(client: SNSClient, topicArn: string, alert: Alert): Promise<void> {
  const { subject, body } = toEmail(alert);
  await client.send(
    new PublishCommand({
      TopicArn: topicArn,
      Subject: subject,
      Message: withinBytes(body),
      MessageAttributes: attributesOf(alert),
    }),
  );
}

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

/** SNS refuses the whole message for one empty attribute. */
function attributesOf({ severity, kind, team, account }: Alert): Record<string, MessageAttributeValue> {
  const found = Object.entries({ severity, kind, team, account }).flatMap(([name, value]) => {
    const text = visible(value ?? '').trim();
    return text === '' ? [] : [[name, { DataType: 'String', StringValue: text }] as const];
  });
  return Object.fromEntries(found);
}

function withinBytes(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBodyBytes) return text;
  // A character that was cut in two decodes to U+FFFD.
  return `${bytes
    .subarray(0, maxBodyBytes)
    .toString()
    .replace(/\uFFFD+$/, '')}…\n`;
}
