import { readFile } from 'node:fs/promises';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { IsoTime } from '../shared/period.ts';
import { InputError } from './input-error.ts';

/** The functions of the stack, by the name of their file. */
export const functionNames = [
  'watch-spend',
  'watch-utilization',
  'enforce-schedules',
  'sweep',
  'watch-launches',
  'relay-aws-alerts',
  'notify',
] as const;

export type FunctionName = (typeof functionNames)[number];

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** A run may take as long as the longest time-out of the stack. */
const timeoutMs = 300_000;

/**
 * Runs one function of the stack in this process, with one event, as Lambda would: the packaged handler's own source.
 * The environment must be set before the first call, since clients and configuration are built on import.
 */
export async function runFunction(name: FunctionName, event: unknown, arrivedAt: IsoTime): Promise<unknown> {
  const { handler } = (await import(`../functions/${name}.ts`)) as { handler: Handler };
  const deadline = performance.now() + timeoutMs;
  const context = {
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}`,
    memoryLimitInMB: '256',
    awsRequestId: `local-${name}`,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - performance.now()),
    done: () => {},
    fail: () => {},
    succeed: () => {},
    arrivedAt,
  };
  return handler(event, context);
}

/** A queue as the local runtime sees it: messages to take, and a way to put the failed ones back. */
export type LocalQueue = {
  arn: string;
  receive: () => { messageId: string; body: string; receiveCount: number }[];
  delete: (messageId: string) => void;
};

/** After so many receives SQS moves a message to the dead-letter queue. */
const maxReceiveCount = 5;

/**
 * Works a queue until it is empty, as Lambda's event source mapping does: batches of ten, the failed messages of a
 * batch again. Returns how many messages were worked and how many failed for good.
 */
export async function drainQueue(queue: LocalQueue, name: FunctionName, arrivedAt: IsoTime) {
  let worked = 0;
  let dead = 0;
  for (let messages = queue.receive(); messages.length > 0; messages = queue.receive()) {
    const answer = (await runFunction(name, toSqsEvent(queue.arn, messages, arrivedAt), arrivedAt)) as SQSBatchResponse;
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, receiveCount } of messages) {
      if (!failed.has(messageId)) worked += 1;
      else if (receiveCount < maxReceiveCount) continue;
      else dead += 1;
      queue.delete(messageId);
    }
  }
  return { worked, dead };
}

function toSqsEvent(
  arn: string,
  messages: readonly { messageId: string; body: string; receiveCount: number }[],
  sentAt: IsoTime,
): SQSEvent {
  return {
    Records: messages.map(({ messageId, body, receiveCount }) => ({
      messageId,
      receiptHandle: messageId,
      body,
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: String(Date.parse(sentAt)),
        SenderId: 'local',
        ApproximateFirstReceiveTimestamp: String(Date.parse(sentAt)),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: arn,
      awsRegion: 'eu-west-1',
    })),
  };
}

/** Reads an event from a file; throws an InputError that names the file where it isn't JSON. */
export async function readEvent(file: string): Promise<unknown> {
  const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`);
  });
  try {
    return JSON.parse(source);
  } catch (cause) {
    throw new InputError(`${file}: is not JSON: ${(cause as Error).message}`, { cause });
  }
}
