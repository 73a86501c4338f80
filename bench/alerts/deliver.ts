import { setTimeout as wait } from 'node:timers/promises';
import { type Alert, alertSchema } from '../../shared/alert/alert.ts';
import { inBatches } from '../../shared/batches.ts';
import { createQueueHandler, type QueueMessage } from '../../shared/lambda.ts';
import { addMilliseconds } from '../../shared/period.ts';
import { flushOutbox, recordAlert } from '../../shared/store/outbox.ts';
import { followUpAlerts } from '../../shared/watch/follow-up.ts';
import { notify } from '../../shared/watch/notify.ts';
import { context } from '../../test/support/context.ts';
import { readCalls, resetCalls } from './table-calls.ts';
import { now, type World } from './world.ts';

/** What a part of the way took; `calls` of DynamoDB. */
export type Taken = { seconds: number; calls: number; dollars: number };

/** Puts every alert into the table, twenty at a time, and all of them into the queue. */
export async function record({ table, sqs }: World, alerts: readonly Alert[]): Promise<Taken> {
  const start = performance.now();
  resetCalls();
  for (const some of inBatches(alerts, 20)) await Promise.all(some.map((alert) => recordAlert(table, alert)));
  await flushOutbox(table, sqs, 'https://sqs/alerts');
  return { seconds: (performance.now() - start) / 1000, ...readCalls() };
}

export type Delivered = Taken & {
  /** Seconds that functions ran, all workers together. */
  lambdaSeconds: number;
  batches: number;
  hidden: number;
  /** Alerts that wait for a summary. */
  held: number;
  mostReceives: number;
  dead: number;
};

/** Works the queue with the function's own handler, `workers` at a time, batches of ten, until nothing is left. */
export async function deliver({ queue, teller }: World, workers: number): Promise<Delivered> {
  let [batches, hidden, held, lambdaSeconds] = [0, 0, 0, 0];
  const tell = async (message: QueueMessage<Alert>) => {
    const { outlets } = await notify(teller, message, now);
    held += Object.values(outlets).filter((state) => state === 'held').length;
  };
  const handler = createQueueHandler(alertSchema, tell, {
    groupOf: ({ subject }) => subject,
    hide: async (receipt, seconds) => {
      hidden += 1;
      queue.hide(receipt, seconds);
    },
  });
  const start = performance.now();
  resetCalls();
  const work = async () => {
    for (let pause = queue.wait(); pause !== undefined; pause = queue.wait()) {
      const messages = queue.receive(10);
      if (messages.length === 0) {
        await wait(Math.min(pause + 1, 200));
        continue;
      }
      batches += 1;
      const begin = performance.now();
      const { batchItemFailures } = await handler(
        {
          Records: messages.map(({ messageId, receipt, body, receiveCount }) => ({
            messageId,
            receiptHandle: receipt,
            body,
            attributes: { ApproximateReceiveCount: String(receiveCount) },
          })),
        },
        context,
      );
      lambdaSeconds += (performance.now() - begin) / 1000;
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { messageId, receipt } of messages) if (!failed.has(messageId)) queue.remove(receipt);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return {
    seconds: (performance.now() - start) / 1000,
    ...readCalls(),
    lambdaSeconds,
    batches,
    hidden,
    held,
    mostReceives: queue.mostReceives(),
    dead: queue.dead.length,
  };
}

/** Records the summaries of what was held back, at the end of the hour, and hands them over. */
export async function foldUp({ table, sqs, config }: World): Promise<number> {
  const { released } = await followUpAlerts(table, config.alerts, addMilliseconds(now, 3_900_000));
  await flushOutbox(table, sqs, 'https://sqs/alerts');
  return released;
}
