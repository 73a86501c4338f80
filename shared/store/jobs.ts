import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import { isOver, type Job, type JobKind } from '../compute/sagemaker/job.ts';
import type { PastJobs } from '../compute/sagemaker/job-series.ts';
import { logger } from '../observability.ts';
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
  waits: z.array(z.object({ phase: z.string(), since: z.string() })).optional(),
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

const storedPast: z.ZodType<PastJobs> = z.object({
  check: z.enum(['job-failed-late', 'job-duplicate']),
  first: storedJob,
  countedTo: z.string(),
  lastEnd: z.string(),
  times: z.number(),
  hours: z.number(),
  losses: z.array(z.object({ at: z.string(), amount: z.number() })).optional(),
});

const stored = z.union([
  z.object({ expiresAt: z.number(), job: storedJob }),
  z.object({
    expiresAt: z.number(),
    kind: z.enum(['training', 'processing', 'transform']),
    readAt: z.string(),
  }),
  z.object({ expiresAt: z.number(), past: storedPast }),
]);

/** What earlier looks have seen of the jobs of a target. */
export type KnownJobs = {
  jobs: Job[];
  /** When the jobs of a kind were last read whole; absent where they never were. */
  readAt: Partial<Record<JobKind, IsoTime>>;
  /** What is kept of crash loops, and of jobs that are repeated, for longer than the jobs themselves. */
  past: PastJobs[];
};

/**
 * The jobs that earlier looks have kept: SageMaker is asked about one that is over only once. What an earlier release
 * wrote in another shape keeps nobody from the rest: it is described again, or expires.
 */
export async function getJobs(table: Table, target: Target, now: IsoTime): Promise<KnownJobs> {
  const pk = partition(target);
  const read = (await queryAll(table, { pk, item: z.unknown() })).map((item) => stored.safeParse(item));
  const unreadable = read.flatMap(({ error }) => (error ? [z.prettifyError(error)] : []));
  if (unreadable.length > 0) {
    logger.warn('jobs left out', { pk, count: unreadable.length, first: unreadable[0] });
  }
  const items = read.flatMap(({ data }) => data ?? []);
  // DynamoDB takes its time to remove what has expired.
  const current = items.filter(({ expiresAt }) => expiresAt > expiresAfter(now, 0));
  return {
    jobs: current.flatMap((item) => ('job' in item ? [item.job] : [])),
    readAt: Object.fromEntries(
      current.flatMap((item) => ('readAt' in item ? [[item.kind, item.readAt] as const] : [])),
    ),
    past: current.flatMap((item) => ('past' in item ? [item.past] : [])),
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

/** Keeps what is known of jobs that are forgotten one by one; an older record in place of a newer one is made up for. */
export async function putPastJobs(
  { client, name }: Table,
  target: Target,
  past: PastJobs,
  now: IsoTime,
): Promise<void> {
  const { check, first } = past;
  const sk = `#PAST#${check}#${first.kind}#${first.fingerprint}`;
  const expiresAt = expiresAfter(now, failedDays);
  await client.send(
    new PutCommand({ TableName: name, Item: { pk: partition(target), sk, past, expiresAt } }),
  );
}

const partition = ({ account, region }: Target): string => `JOBS#${account}#${region}`;
