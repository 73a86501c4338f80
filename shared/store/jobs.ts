import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import { isOver, type Job, type JobKind } from '../compute/sagemaker/job.ts';
import type { IsoTime } from '../period.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table } from './table.ts';

const optionalText = z.string().optional();

const storedJob: z.ZodType<Job> = z.object({
  kind: z.enum(['training', 'processing', 'transform']),
  name: z.string(),
  arn: z.string(),
  status: z.string(),
  phase: optionalText,
  phaseSince: optionalText,
  waitingSince: optionalText,
  createdAt: z.string(),
  startedAt: optionalText,
  endedAt: optionalText,
  clusters: z.array(z.object({ type: z.string(), count: z.number() })),
  billableSeconds: z.number().optional(),
  payment: z.enum(['spot', 'plan']).optional(),
  failureReason: optionalText,
  fingerprint: optionalText,
  hasOwnPlaces: z.boolean().optional(),
});

const stored = z.union([
  z.object({ expiresAt: z.number(), job: storedJob }),
  z.object({
    expiresAt: z.number(),
    kind: z.enum(['training', 'processing', 'transform']),
    readAt: z.string(),
  }),
]);

/** What earlier looks have seen of the jobs of a target. */
export type KnownJobs = {
  jobs: Job[];
  /** When the jobs of a kind were last read whole; absent where they never were. */
  readAt: Partial<Record<JobKind, IsoTime>>;
};

/** The jobs that earlier looks have kept: SageMaker is asked about one that is over only once. */
export async function getJobs(table: Table, target: Target, now: IsoTime): Promise<KnownJobs> {
  const items = await queryAll(table, { pk: partition(target), item: stored });
  // DynamoDB takes its time to remove what has expired.
  const current = items.filter(({ expiresAt }) => expiresAt > expiresAfter(now, 0));
  return {
    jobs: current.flatMap((item) => ('job' in item ? [item.job] : [])),
    readAt: Object.fromEntries(
      current.flatMap((item) => ('readAt' in item ? [[item.kind, item.readAt] as const] : [])),
    ),
  };
}

/** A job runs for 28 days at most after it has waited for as long (SageMaker API reference, StoppingCondition). */
export const longestJobDays = 60;

/** Longer than any crash loop is looked back on. */
const failedDays = 31;

/**
 * Keeps jobs, those that run too, so that none is lost before its end is seen: those that ended well for `days`, those
 * that failed for a month. Harmless when repeated.
 */
export async function putJobs(
  { client, name }: Table,
  target: Target,
  jobs: readonly Job[],
  days: number,
  now: IsoTime,
): Promise<void> {
  for (const batch of inBatches(jobs, 25)) {
    await Promise.all(
      batch.map((job) => {
        const expiresAt = expiresAfter(...retentionOf(job, days, now));
        const Item = { pk: partition(target), sk: `${job.kind}#${job.name}`, job, expiresAt };
        return client.send(new PutCommand({ TableName: name, Item }));
      }),
    );
  }
}

function retentionOf(job: Job, days: number, now: IsoTime): [IsoTime, number] {
  if (!isOver(job)) return [job.createdAt, longestJobDays];
  return [job.endedAt ?? now, job.status === 'Completed' ? days : Math.max(days, failedDays)];
}

/** Keeps that every job of a kind up to `readAt` was read. An older time in place of a newer one only costs a look. */
export async function putJobsRead(
  { client, name }: Table,
  target: Target,
  kind: JobKind,
  readAt: IsoTime,
): Promise<void> {
  const Item = {
    pk: partition(target),
    sk: `#READ#${kind}`,
    kind,
    readAt,
    expiresAt: expiresAfter(readAt, longestJobDays),
  };
  await client.send(new PutCommand({ TableName: name, Item }));
}

const partition = ({ account, region }: Target): string => `JOBS#${account}#${region}`;
