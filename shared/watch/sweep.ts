import type { SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { sendMessages } from '../aws/sqs.ts';
import type { IsoTime } from '../period.ts';
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
});

type SweepMessage = z.infer<typeof sweepMessage>;

/** What a visit does: see `functions/sweep.ts`. */
export type SweepPass = SweepMessage['pass'];

type Sweep<Result> = {
  pass: SweepPass;
  targets: readonly Target[];
  time: IsoTime;
  queue: { client: SQSClient; url: string };
  visit: (target: Target) => Promise<Result>;
};

/**
 * Visits every target: a single one here and now, several by one queue message each, worked by the `sweep` function.
 * Throws, naming them, where the queue didn't take all; the retry of the event sends all again, and a target visited
 * twice is harmless.
 */
export async function sweep<Result>({ pass, targets, time, queue, visit }: Sweep<Result>) {
  const [only, ...others] = targets;
  if (only && others.length === 0) return { visited: await visit(only) };
  const { failed } = await sendMessages(
    queue.client,
    queue.url,
    targets.map((target, index) => ({
      id: String(index),
      body: JSON.stringify({ pass, target, time } satisfies SweepMessage),
    })),
  );
  if (failed.length > 0) {
    const names = targets.filter((_, index) => failed.includes(String(index))).map(targetName);
    throw new Error(`The sweep queue did not take ${names.join('; ')}`);
  }
  return { queued: targets.length };
}
