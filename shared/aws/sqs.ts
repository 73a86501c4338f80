import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { z } from 'zod';

/** One message for a queue; `id` is the caller's own name for it. */
export type Message = { id: string; body: string };

const maxMessages = 10;
const maxBytes = 256 * 1024;

const outcome = z.object({ Failed: z.array(z.object({ Id: z.string() })).default([]) });

/**
 * Sends the messages in as few calls as SQS allows, and returns the ids of those that it didn't take. A message above
 * 256 KiB is one of them. Throws where a whole call fails: what was sent before stays sent.
 */
export async function sendMessages(
  client: SQSClient,
  queueUrl: string,
  messages: readonly Message[],
): Promise<{ failed: string[] }> {
  const failed = messages.filter((message) => bytesOf(message) > maxBytes).map(({ id }) => id);
  for (const batch of toBatches(messages.filter((message) => bytesOf(message) <= maxBytes))) {
    failed.push(...(await sendBatch(client, queueUrl, batch)));
  }
  return { failed };
}

/** Hides a message that was received for so many seconds from now, 43,200 at most: it comes back then. */
export async function hideMessage(
  client: SQSClient,
  QueueUrl: string,
  ReceiptHandle: string,
  seconds: number,
): Promise<void> {
  const VisibilityTimeout = Math.min(43_200, Math.max(0, Math.ceil(seconds)));
  await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
}

const queueAttributes = z.object({ Attributes: z.object({ RedrivePolicy: z.string() }) });
const redrivePolicy = z.object({ deadLetterTargetArn: z.string() });
const queueAddress = z.object({ QueueUrl: z.string() });

/** The address of the queue in which a queue's messages end that nobody could work; throws where it has none. */
export async function deadLettersOf(client: SQSClient, QueueUrl: string): Promise<string> {
  const { Attributes } = queueAttributes.parse(
    await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['RedrivePolicy'] })),
  );
  const [account, QueueName] = redrivePolicy
    .parse(JSON.parse(Attributes.RedrivePolicy))
    .deadLetterTargetArn.split(':')
    .slice(-2);
  const found = await client.send(new GetQueueUrlCommand({ QueueName, QueueOwnerAWSAccountId: account }));
  return queueAddress.parse(found).QueueUrl;
}

const received = z.object({
  Messages: z
    .array(z.object({ MessageId: z.string(), Body: z.string(), ReceiptHandle: z.string() }))
    .default([]),
});

/** A message as it was taken from a queue, hidden from others for the queue's own time. */
export type Received = { messageId: string; body: string; receiptHandle: string };

/** Up to ten messages of a queue; none where it is empty, or all are hidden. */
export async function receiveMessages(client: SQSClient, QueueUrl: string): Promise<Received[]> {
  const { Messages } = received.parse(
    await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 })),
  );
  return Messages.map(({ MessageId, Body, ReceiptHandle }) => ({
    messageId: MessageId,
    body: Body,
    receiptHandle: ReceiptHandle,
  }));
}

/** Moves a message from one queue to another: a crash in between leaves it in both, and nothing is lost. */
export async function redriveMessage(
  client: SQSClient,
  from: string,
  to: string,
  { body, receiptHandle }: Received,
): Promise<void> {
  await client.send(new SendMessageCommand({ QueueUrl: to, MessageBody: body }));
  await client.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: receiptHandle }));
}

async function sendBatch(client: SQSClient, queueUrl: string, batch: readonly Message[]): Promise<string[]> {
  // SQS wants letters, digits and hyphens in an entry's id, and gives the id back.
  const { Failed } = outcome.parse(
    await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ body }, index) => ({ Id: String(index), MessageBody: body })),
      }),
    ),
  );
  return Failed.flatMap(({ Id }) => batch[Number(Id)]?.id ?? []);
}

/** Splits where one more message would exceed what one call takes: 10 messages, 256 KiB in all. */
function toBatches(messages: readonly Message[]): Message[][] {
  const batches: Message[][] = [];
  let room = 0;
  for (const message of messages) {
    const size = bytesOf(message);
    const current = batches.at(-1);
    if (current && current.length < maxMessages && size <= room) current.push(message);
    else {
      batches.push([message]);
      room = maxBytes;
    }
    room -= size;
  }
  return batches;
}

const bytesOf = ({ body }: Message): number => Buffer.byteLength(body);
