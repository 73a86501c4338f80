import { getJob, getWarmPool, type JobListing, listJobs } from '../aws/sagemaker-jobs.ts';
import { inBatches } from '../batches.ts';
import { hourMs } from '../compute/hours.ts';
import { isOver, type Job, type JobKind } from '../compute/sagemaker/job.ts';
import type { PastJobs } from '../compute/sagemaker/job-series.ts';
import type { WarmPool } from '../compute/sagemaker/warm-pool.ts';
import type { Config } from '../config.ts';
import { addMilliseconds, type IsoTime } from '../period.ts';
import { type KnownJobs, longestJobDays, putJobs, putJobsRead, putPastJobs } from '../store/jobs.ts';
import type { Gap, Watched } from './observe.ts';

const dayMs = 24 * hourMs;

/** What can't be read is a gap, and undefined. */
export async function attempt<Answer>(
  what: string,
  gaps: Gap[],
  look: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await look();
  } catch (error) {
    gaps.push({ what, why: messageOf(error) });
    return undefined;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const jobKinds: readonly JobKind[] = ['training', 'processing', 'transform'];

export type JobRead = {
  kind: JobKind;
  /** Those that run, and those that ended within the days that count. */
  jobs: Job[];
  /** What earlier looks don't know. */
  news: Job[];
  /** All that SageMaker lists of what changed since it was read last was read: the next look begins here. */
  isRead: boolean;
};

/** Jobs change their status a little before they are listed with it. */
const overlap = 3 * hourMs;

/** Jobs of a kind that are described in one run at most; the others are in the next. */
const maxDescribed = 1000;

/**
 * The jobs of a kind: those that changed since they were read last, and those that ran then. Where nothing is known of
 * the time before, all that are in progress are looked for.
 */
export async function readJobs(
  watched: Watched,
  kind: JobKind,
  known: KnownJobs,
  gaps: Gap[],
): Promise<JobRead> {
  const { clients, config, now } = watched;
  const what = `SageMaker ${kind} jobs`;
  const earlier = known.jobs.filter((job) => job.kind === kind);
  const over = earlier.filter(isOver);
  const { since, isFirst } = lookBack(known.readAt[kind], config, now);
  const changed = await attempt(what, gaps, () =>
    listJobs(clients.sageMaker, kind, { modifiedAfter: since }),
  );
  const createdAfter = addMilliseconds(now, -longestJobDays * dayMs);
  const running =
    isFirst && changed
      ? await attempt(`${what} in progress`, gaps, () =>
          listJobs(clients.sageMaker, kind, { createdAfter, isInProgress: true }),
        )
      : { names: [], isWhole: true };
  // What is remembered of those that run may be over by now.
  if (changed === undefined || running === undefined) return { kind, jobs: over, news: [], isRead: false };

  const ran = earlier.filter((job) => !isOver(job)).map(({ name }) => name);
  const seen = new Set(over.map(({ name }) => name));
  const names = [...new Set([...ran, ...running.names, ...changed.names])].filter((name) => !seen.has(name));
  const { found, isWhole } = await describe(watched, kind, names.slice(0, maxDescribed), gaps);
  noteCuts([changed, running], names, what, gaps);
  const news = found.filter((job) => isOver(job) || !ran.includes(job.name));
  // Where a listing was cut, the oldest are left out for good: no more of them are listed an hour later.
  const isRead = isWhole && names.length <= maxDescribed;
  return { kind, jobs: [...over, ...found], news, isRead };
}

/** Since when to look at what changed: a run that was missed is made up, within the days that count. */
function lookBack(readAt: IsoTime | undefined, config: Config, now: IsoTime) {
  const oldest = addMilliseconds(now, -daysToKnow(config) * dayMs);
  const since = readAt === undefined ? undefined : addMilliseconds(readAt, -overlap);
  const isFirst = since === undefined || Date.parse(since) < Date.parse(oldest);
  return { since: isFirst ? oldest : since, isFirst };
}

/** What ended before makes no duplicate, and no crash loop. */
const daysToKnow = ({ utilization }: Config): number => Math.max(1, utilization.jobs.duplicateDays);

function noteCuts(listings: readonly JobListing[], names: readonly string[], what: string, gaps: Gap[]) {
  if (!listings.every(({ isWhole }) => isWhole))
    gaps.push({ what, why: 'there are more than 10,000 to look through: the oldest were left out' });
  const left = names.length - maxDescribed;
  if (left > 0)
    gaps.push({ what, why: `${left} of ${names.length} are left for the next run, the newest came first` });
}

/** SageMaker answers few descriptions a second. */
const concurrentCalls = 5;

async function describe({ clients }: Watched, kind: JobKind, names: readonly string[], gaps: Gap[]) {
  const what = `SageMaker ${kind} jobs`;
  const found: Job[] = [];
  const failed: Gap[] = [];
  for (const batch of inBatches(names, concurrentCalls)) {
    const before = failed.length;
    const jobs = await Promise.all(
      batch.map((name) => attempt(what, failed, () => getJob(clients.sageMaker, kind, name))),
    );
    found.push(...jobs.filter((job) => job !== undefined));
    if (failed.length - before === batch.length) break; // what is denied for all of them is denied for the others
  }
  const [first] = failed;
  if (first) gaps.push({ what, why: `not all of ${names.length} could be described: ${first.why}` });
  return { found, isWhole: first === undefined };
}

/** A pool lasts for an hour or so after its job's end, which is when the job was changed last. */
const poolLookBack = dayMs;

export async function readPools({ clients, now }: Watched, gaps: Gap[]) {
  const what = 'SageMaker warm pools';
  const modifiedAfter = addMilliseconds(now, -poolLookBack);
  const listing = await attempt(what, gaps, () =>
    listJobs(clients.sageMaker, 'training', { modifiedAfter, isWarm: true }),
  );
  const pools: WarmPool[] = [];
  const failed: Gap[] = [];
  for (const batch of inBatches(listing?.names ?? [], concurrentCalls)) {
    const described = batch.map((name) => attempt(what, failed, () => getWarmPool(clients.sageMaker, name)));
    pools.push(...(await Promise.all(described)).filter((pool) => pool !== undefined));
  }
  gaps.push(...failed.slice(0, 1));
  return { pools, isWhole: listing?.isWhole === true && failed.length === 0 };
}

/** What was read whole isn't read again. */
export async function rememberJobs(
  { table, target, config, now, readOnly }: Watched,
  reads: readonly JobRead[],
) {
  if (table === undefined || readOnly) return;
  for (const { kind, news, isRead } of reads) {
    await putJobs(table, target, news, daysToKnow(config) + 1, now);
    if (isRead) await putJobsRead(table, target, kind, now);
  }
}

/** What goes on for longer than its jobs are kept stays what it is. */
export async function rememberPast(
  { table, target, now, readOnly }: Watched,
  series: readonly { past?: PastJobs | undefined }[],
) {
  if (table === undefined || readOnly) return;
  for (const { past } of series) if (past) await putPastJobs(table, target, past, now);
}
