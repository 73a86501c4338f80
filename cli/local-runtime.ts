import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { IsoTime } from '../shared/period.ts';
import type { SampleAccount } from './sample/account.ts';
import type { QueuedMessage } from './sample/sample.ts';

/** The functions of the stack, by the name of their file. */
export const functionNames = [
  'watch-spend',
  'watch-utilization',
  'enforce-schedules',
  'wake-schedules',
  'sweep',
  'watch-launches',
  'watch-spot',
  'watch-jobs',
  'send-digests',
  'relay-aws-alerts',
  'notify',
  'follow-up-alerts',
  'slack-actions',
  'carry-out-presses',
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

/**
 * Works a queue of the sample account until it is empty, as Lambda's event source mapping does: batches of ten, the
 * failed messages of a batch again until they end among the dead letters. Returns how many were worked.
 */
export async function drainQueue(sample: SampleAccount, url: string, name: FunctionName): Promise<number> {
  let worked = 0;
  for (
    let messages = sample.queues.receive(url);
    messages.length > 0;
    messages = sample.queues.receive(url)
  ) {
    const event = toSqsEvent(toArn(url), messages);
    const answer = (await runFunction(name, event, sample.now())) as SQSBatchResponse;
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, receiptHandle } of messages) {
      if (failed.has(messageId)) sample.queues.release(url, receiptHandle);
      else sample.queues.remove(url, receiptHandle);
    }
    worked += messages.length - failed.size;
  }
  return worked;
}

/** Runs what functions of the sample account have handed to others, once each, as Lambda does where nothing fails. */
export async function runInvocations(sample: SampleAccount): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const { functionName, payload } of sample.takeInvocations()) {
    const name = functionNames.find((candidate) => functionName.endsWith(`-${candidate}`));
    if (name === undefined) throw new Error(`No function of the stack is called ${functionName}`);
    results.push(await runFunction(name, payload, sample.now()));
  }
  return results;
}

/** `https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-alerts` as an ARN. */
function toArn(url: string): string {
  const [, region, account, queue] = /sqs\.([^.]+)\.[^/]+\/(\d+)\/(.+)$/.exec(url) ?? [];
  return `arn:aws:sqs:${region}:${account}:${queue}`;
}

const toSqsEvent = (eventSourceARN: string, messages: readonly QueuedMessage[]): SQSEvent => ({
  Records: messages.map(({ messageId, receiptHandle, body, receiveCount, sentAt }) => ({
    messageId,
    receiptHandle,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAt),
      SenderId: 'AROAEXAMPLE',
      ApproximateFirstReceiveTimestamp: String(sentAt),
    },
    messageAttributes: {},
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: eventSourceARN.split(':')[3] ?? '',
  })),
});

/** A file of events/, wherever the command is run. */
export const sampleEventFile = (name: string): string =>
  fileURLToPath(new URL(`../events/${name}`, import.meta.url));

/** An event is a file of JSON. */
export { readJson as readEvent } from './text-file.ts';
