import type { SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { sendMessages } from '../aws/sqs.ts';
import type { IsoTime } from '../period.ts';
import type { Others } from '../schedule/breaker.ts';
import { type Target, targetName } from '../target.ts';

/** What the sweep queue carries: one pass over one target, with the time of the event that asked for it. */
export const sweepMessage = z.object({
  pass: z.enum(['schedules', 'utilization']),
  target: z.object({
    account: z.string(),
    region: z.string(),
    accountName: z.string().optional(),
    roleArn: z.string().optional(),
  }),
  time: z.iso.datetime(),
  others: z.object({ running: z.number(), pending: z.number(), pendingInstances: z.number() }).optional(),
});

type SweepMessage = z.infer<typeof sweepMessage>;

/** What a visit does: see `functions/sweep.ts`. */
export type SweepPass = SweepMessage['pass'];

/** One target to visit; what the others come to is absent where the pass doesn't ask. */
export type ToVisit = { target: Target; others?: Others };

type Sweep<Result> = {
  pass: SweepPass;
  /** All that there are: with a single one no queue is needed. */
  targets: number;
  toVisit: readonly ToVisit[];
  time: IsoTime;
  queue: { client: SQSClient; url: string };
  visit: (visit: ToVisit) => Promise<Result>;
};

/** What a sweep did: visited its only target, queued some of several, and let the others be. */
type Swept<Result> = { visited?: Result; queued?: number; notDue?: number };

/**
 * Visits every target that is due: a single one here and now, several by one queue message each, worked by the `sweep`
 * function. Throws, naming them, where the queue didn't take all; the retry of the event sends all again, and a target
 * visited twice is harmless.
 */
export async function sweep<Result>(wanted: Sweep<Result>): Promise<Swept<Result>> {
  const { pass, targets, toVisit, time, queue, visit } = wanted;
  const left = targets - toVisit.length;
  const notDue = left > 0 ? { notDue: left } : {};
  if (targets === 1) {
    const [only] = toVisit;
    return only ? { visited: await visit(only) } : notDue;
  }
  const messages = toVisit.map((each, index) => ({
    id: String(index),
    body: JSON.stringify({ pass, ...each, time } satisfies SweepMessage),
  }));
  const { failed } = await sendMessages(queue.client, queue.url, messages);
  if (failed.length > 0) {
    const names = toVisit
      .filter((_, index) => failed.includes(String(index)))
      .map(({ target }) => targetName(target));
    throw new Error(`The sweep queue did not take ${names.join('; ')}`);
  }
  return { queued: toVisit.length, ...notDue };
}
