import { createHash } from 'node:crypto';
import type {
  ChangeMessageVisibilityCommandOutput,
  DeleteMessageCommandInput,
  DeleteMessageCommandOutput,
  GetQueueAttributesCommandInput,
  GetQueueAttributesCommandOutput,
  GetQueueUrlCommandInput,
  GetQueueUrlCommandOutput,
  ReceiveMessageCommandInput,
  ReceiveMessageCommandOutput,
  SendMessageBatchCommandInput,
  SendMessageBatchCommandOutput,
  SendMessageCommandInput,
  SendMessageCommandOutput,
} from '@aws-sdk/client-sqs';
import { uuidOf } from '../noise.ts';
import { awsError, type Caller, type Queue, type QueuedMessage, type Reply, type Sample } from '../sample.ts';

/** Nobody waits here: what is hidden is worked again at once. */
const changeVisibility = (): Reply<ChangeMessageVisibilityCommandOutput> => ({});

export const sqs = {
  SendMessage: sendMessage,
  SendMessageBatch: sendMessageBatch,
  ReceiveMessage: receiveMessage,
  DeleteMessage: deleteMessage,
  ChangeMessageVisibility: changeVisibility,
  GetQueueAttributes: getQueueAttributes,
  GetQueueUrl: getQueueUrl,
};

/** A message that came back so often goes to the dead letters. */
const maxReceiveCount = 12;

/** A queue's dead letters are a queue of this name after its own. */
const deadLetters = '-dead-letters';

/** A queue, and the one of its dead letters, by their addresses. */
export function createQueues(url: string): [url: string, queue: Queue][] {
  const queue: Queue = { waiting: [], inFlight: new Map(), dead: [] };
  return [
    [url, queue],
    [url + deadLetters, { waiting: queue.dead, inFlight: new Map(), dead: [] }],
  ];
}

export function queueAt(sample: Sample, url = ''): Queue {
  const queue = sample.queues.get(url);
  if (!queue) throw awsError('QueueDoesNotExist', `The specified queue does not exist: ${url}`);
  return queue;
}

/** Takes messages off a queue, oldest first, until they are removed or released. */
export function receive(queue: Queue, max = 10): QueuedMessage[] {
  const messages = queue.waiting.splice(0, max);
  for (const message of messages) {
    message.receiveCount += 1;
    queue.inFlight.set(message.receiptHandle, message);
  }
  return messages;
}

/** Puts a message that failed back, or among the dead letters once it has failed often enough. */
export function release(queue: Queue, receiptHandle: string): void {
  const message = queue.inFlight.get(receiptHandle);
  if (!message || !queue.inFlight.delete(receiptHandle)) return;
  (message.receiveCount >= maxReceiveCount ? queue.dead : queue.waiting).push(message);
}

function sendMessage(
  { QueueUrl, MessageBody = '' }: SendMessageCommandInput,
  { sample }: Caller,
): Reply<SendMessageCommandOutput> {
  return send(sample, queueAt(sample, QueueUrl), MessageBody);
}

function send(sample: Sample, queue: Queue, body: string) {
  if (body === '' || Buffer.byteLength(body) > 1_048_576) {
    throw awsError('InvalidParameterValue', 'A message has 1 byte to 1 MiB');
  }
  sample.sent += 1;
  const messageId = uuidOf(`message ${sample.sent}`);
  queue.waiting.push({ messageId, body, receiveCount: 0, receiptHandle: messageId, sentAt: sample.now });
  return { MessageId: messageId, MD5OfMessageBody: createHash('md5').update(body).digest('hex') };
}

function sendMessageBatch(
  { QueueUrl, Entries = [] }: SendMessageBatchCommandInput,
  { sample }: Caller,
): Reply<SendMessageBatchCommandOutput> {
  const queue = queueAt(sample, QueueUrl);
  if (Entries.length === 0) throw awsError('EmptyBatchRequest', 'There is no entry in the request');
  if (Entries.length > 10) {
    throw awsError('TooManyEntriesInBatchRequest', 'A batch has at most 10 entries');
  }
  const ids = new Set(Entries.map(({ Id }) => Id));
  if (ids.size < Entries.length) throw awsError('BatchEntryIdsNotDistinct', 'Two entries have the same id');
  return {
    Successful: Entries.map(({ Id, MessageBody = '' }) => ({ Id, ...send(sample, queue, MessageBody) })),
    Failed: [],
  };
}

function receiveMessage(
  { QueueUrl, MaxNumberOfMessages = 1 }: ReceiveMessageCommandInput,
  { sample }: Caller,
): Reply<ReceiveMessageCommandOutput> {
  const messages = receive(queueAt(sample, QueueUrl), MaxNumberOfMessages);
  return {
    Messages: messages.map(({ messageId, body, receiptHandle, receiveCount }) => ({
      MessageId: messageId,
      Body: body,
      MD5OfBody: createHash('md5').update(body).digest('hex'),
      ReceiptHandle: receiptHandle,
      Attributes: { ApproximateReceiveCount: String(receiveCount) },
    })),
  };
}

function deleteMessage(
  { QueueUrl, ReceiptHandle = '' }: DeleteMessageCommandInput,
  { sample }: Caller,
): Reply<DeleteMessageCommandOutput> {
  queueAt(sample, QueueUrl).inFlight.delete(ReceiptHandle);
  return {};
}

function getQueueAttributes(
  { QueueUrl = '' }: GetQueueAttributesCommandInput,
  { sample }: Caller,
): Reply<GetQueueAttributesCommandOutput> {
  const { waiting, inFlight } = queueAt(sample, QueueUrl);
  const [name, account] = QueueUrl.split('/').toReversed();
  return {
    Attributes: {
      QueueArn: `arn:aws:sqs:${sample.home.region}:${account}:${name}`,
      ApproximateNumberOfMessages: String(waiting.length),
      ApproximateNumberOfMessagesNotVisible: String(inFlight.size),
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: `arn:aws:sqs:${sample.home.region}:${account}:${name}${deadLetters}`,
        maxReceiveCount,
      }),
    },
  };
}

function getQueueUrl(
  { QueueName = '' }: GetQueueUrlCommandInput,
  { sample }: Caller,
): Reply<GetQueueUrlCommandOutput> {
  const QueueUrl = [...sample.queues.keys()].find((url) => url.endsWith(`/${QueueName}`));
  if (!QueueUrl) throw awsError('QueueDoesNotExist', 'The specified queue does not exist.');
  return { QueueUrl };
}
