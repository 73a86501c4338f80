import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { z } from 'zod';
import { lambdaCost, type RunCost, readMeter, resetMeter } from './aws/meter.ts';
import { logger } from './observability.ts';
import { type IsoTime, toTime } from './period.ts';

/** What an EventBridge schedule sends. Its time is the watchdog's only clock. */
export const scheduledEvent = z.object({ time: z.iso.datetime() });

/** What a unit of work may know of its run, beside the event. */
export type Run = {
  remainingMs: () => number;
  /** When the event reached the function: to tell how old it is, and when a message of a queue is delivered. */
  arrivedAt: IsoTime;
};

/** What is done with the cost of a run that has succeeded, such as recording it. */
type Afterwards = (run: RunCost) => Promise<unknown>;

/**
 * What every function shares: a checked event, logs with their context, counted AWS calls and what they cost.
 * Throws where the event isn't of the shape, naming what was expected, before any work is done; Lambda then retries
 * and parks it in the failure queue. Where what comes afterwards fails, the work is done all the same.
 */
export const createHandler = <Event, Result>(
  schema: z.ZodType<Event>,
  work: (event: Event, run: Run) => Promise<Result>,
  afterwards?: Afterwards,
) =>
  middy<unknown, Result, Error, Context>()
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .handler(async (event, context) => {
      resetMeter();
      const started = performance.now();
      const arrivedAt = arrivalOf(context);
      const result = await work(checked(schema, event), {
        remainingMs: () => context.getRemainingTimeInMillis(),
        arrivedAt,
      });
      const aws = readMeter();
      logger.info('done', { result, aws });
      const own = lambdaCost(performance.now() - started, Number(context.memoryLimitInMB));
      await afterwards?.({ at: timeOf(event) ?? arrivedAt, cost: aws.cost + own }).catch((error: Error) =>
        logger.warn('run not recorded', { error }),
      );
      return result;
    });

/** The time that an event of a schedule names, so that a replay is recorded for its own day. */
const timeOf = (event: unknown): IsoTime | undefined => scheduledEvent.safeParse(event).data?.time;

/** The clock's time; a run of an old sample event on a laptop brings its own. */
const arrivalOf = (context: Context & { arrivedAt?: IsoTime }): IsoTime =>
  context.arrivedAt ?? toTime(Date.now());

const queueRecord = z.object({
  messageId: z.string(),
  receiptHandle: z.string(),
  body: z.string(),
  attributes: z.object({ ApproximateReceiveCount: z.coerce.number() }),
});
type QueueRecord = z.infer<typeof queueRecord>;

const batch = z.object({ Records: z.array(queueRecord) });

/** One message of a queue, with what tells a second delivery from a second message. */
export type QueueMessage<Body> = { body: Body; messageId: string; receiveCount: number };

/** A message that failed, and is of no use to be tried again before so many seconds have passed. */
export class RetryLater extends Error {
  override name = 'RetryLater';
  readonly seconds: number;
  constructor(message: string, seconds: number) {
    super(message);
    this.seconds = seconds;
  }
}

type QueueOptions<Body> = {
  afterwards?: Afterwards | undefined;
  /** Messages of different groups are worked at the same time, those of one group one after the other. */
  groupOf?: (body: Body) => string;
  /** Hides a message that failed for so many seconds. */
  hide?: (receiptHandle: string, seconds: number) => Promise<void>;
};

/**
 * A function that works a queue message by message: the ones that failed go back to the queue, the others don't.
 * A message of the wrong shape fails alone, and ends in the queue's dead-letter queue.
 */
export const createQueueHandler = <Body>(
  schema: z.ZodType<Body>,
  work: (message: QueueMessage<Body>, run: Run) => Promise<unknown>,
  { groupOf = () => '', hide, afterwards }: QueueOptions<Body> = {},
) =>
  createHandler(
    batch,
    async ({ Records }, run): Promise<SQSBatchResponse> => {
      const failed = new Set<string>();
      const fail = async ({ messageId, receiptHandle }: QueueRecord, error: unknown) => {
        logger.error('message failed', { messageId, error: error as Error });
        failed.add(messageId);
        // Left as it is it comes back when the queue's own time is over.
        if (error instanceof RetryLater) await hide?.(receiptHandle, error.seconds).catch(logHideFailed);
      };
      const read = Records.map((record) => ({ record, ...readBody(schema, record.body) }));
      const groups = Map.groupBy(read, ({ body, record }) =>
        body === undefined ? record.messageId : groupOf(body),
      );
      const workGroup = async (group: typeof read) => {
        for (const { record, body, error } of group) {
          const { messageId, attributes } = record;
          const receiveCount = attributes.ApproximateReceiveCount;
          try {
            if (body === undefined) throw error;
            await work({ body, messageId, receiveCount }, run);
          } catch (problem) {
            await fail(record, problem);
          }
        }
      };
      await Promise.all([...groups.values()].map(workGroup));
      const failures = Records.filter(({ messageId }) => failed.has(messageId));
      return { batchItemFailures: failures.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    },
    afterwards,
  );

const logHideFailed = (error: unknown): void => logger.warn('message not hidden', { error: error as Error });

function readBody<Body>(schema: z.ZodType<Body>, text: string): { body?: Body; error?: unknown } {
  try {
    return { body: checked(schema, JSON.parse(text)) };
  } catch (error) {
    return { error };
  }
}

function checked<Event>(schema: z.ZodType<Event>, event: unknown): Event {
  const { data, error } = schema.safeParse(event);
  if (error) throw new Error(`Unexpected event\n${z.prettifyError(error)}`);
  return data;
}
