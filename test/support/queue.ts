import { createHash } from 'node:crypto';
import { SendMessageBatchCommand, type SendMessageBatchCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';

type Handler = (event: unknown, context: Context) => Promise<SQSBatchResponse>;
type Held = { messageId: string; body: string; receiveCount: number };
type Around = <Result>(call: () => Promise<Result>) => Promise<Result>;

/** A queue in memory behind the SQS client: takes batches, and delivers one message at a time as Lambda would. */
export function fakeQueue(around: Around = (call) => call()) {
  const sqs = mockClient(SQSClient);
  const held: Held[] = [];
  const dead: Held[] = [];
  let count = 0;
  sqs.on(SendMessageBatchCommand).callsFake((input: SendMessageBatchCommandInput) =>
    around(async () => {
      for (const { MessageBody = '' } of input.Entries ?? []) {
        count += 1;
        held.push({ messageId: `message-${count}`, body: MessageBody, receiveCount: 0 });
      }
      return { Successful: [], Failed: [] };
    }),
  );
  /** Delivers until the queue is empty, or the world ended; what failed five times ends among the dead. */
  const drain = async (handler: Handler, context: Context, isOver = () => false): Promise<void> => {
    for (let message = held.shift(); message; message = isOver() ? undefined : held.shift()) {
      message.receiveCount += 1;
      const failed = await handler(queueEvent(message), context).then(
        ({ batchItemFailures }) => batchItemFailures.length > 0,
        () => true,
      );
      if (failed) (message.receiveCount < 5 ? held : dead).push(message);
    }
  };
  return { sqs, held, dead, drain, bodies: () => held.map(({ body }) => JSON.parse(body) as unknown) };
}

/** The event in which Lambda gets one message. */
export const queueEvent = ({ messageId, body, receiveCount }: Held) => ({
  Records: [
    {
      messageId,
      receiptHandle: `handle-${messageId}`,
      body,
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: '1794808800000',
        SenderId: 'AROAEXAMPLE:watchdog-watch-spend',
        ApproximateFirstReceiveTimestamp: '1794808800100',
      },
      messageAttributes: {},
      md5OfBody: createHash('md5').update(body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:watchdog-alerts',
      awsRegion: 'eu-west-1',
    },
  ],
});
