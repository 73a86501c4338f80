import type { Usd } from '../../money.ts';
import { type IsoTime, toTime } from '../../period.ts';
import type { Loss } from '../finding.ts';
import { billedSeconds, costOf, endOf, instancesOf, isOver, type Job, type RateOf } from './job.ts';

/** Jobs that did the same, one after the other, and make one finding that the first of them names. */
export type JobSeries = {
  first: Job;
  /** Those that are remembered one by one. */
  jobs: readonly Job[];
  /** Those that aren't. */
  past?: PastJobs | undefined;
};

/** What is kept of the older jobs of a series, so that it stays the same finding when they are forgotten. */
export type PastJobs = {
  check: 'job-failed-late' | 'job-duplicate';
  first: Job;
  /** Those that ended before are counted here, and no others. */
  countedTo: IsoTime;
  /** When the last of them ended. */
  lastEnd: IsoTime;
  times: number;
  /** Instance hours that are paid for. */
  hours: number;
  /** Undefined where a price is unknown. */
  losses?: readonly Loss[] | undefined;
};

/** Milliseconds for which a job that is over is told of: what comes every night is seen to come again. */
export const toldFor = 36 * 3_600_000;

export const endsSince = (job: Job, time: IsoTime): boolean => endOf(job) >= Date.parse(time);

export const timesOf = ({ jobs, past }: JobSeries): number => jobs.length + (past?.times ?? 0);

export const hoursOf = ({ jobs, past }: JobSeries, now: IsoTime): number =>
  jobs.reduce(
    (sum, job) => sum + ((billedSeconds(job, now) ?? 0) * instancesOf(job)) / 3600,
    past?.hours ?? 0,
  );

/**
 * What the jobs of a series cost and when that was lost: at the end of each, of one that runs until now. Undefined where
 * a price is unknown.
 */
export function lossesOf({ jobs, past }: JobSeries, rateOf: RateOf, now: IsoTime): Loss[] | undefined {
  if (past && past.losses === undefined) return undefined;
  const losses = [...(past?.losses ?? [])];
  for (const job of jobs) {
    const amount = costOf(job, rateOf, now);
    if (amount === undefined) return undefined;
    // A second before now: what is lost by now is lost before it.
    const at = isOver(job) ? toTime(endOf(job)) : toTime(Date.parse(now) - 1000);
    if (amount > 0) losses.push({ at, amount });
  }
  return merged(losses);
}

export const totalOf = (losses: readonly Loss[] | undefined): Usd | undefined =>
  losses?.reduce((sum, { amount }) => sum + amount, 0);

/** Losses that are told one by one; of a month before, their sum is enough. */
const newestLosses = 50;

/** The newest losses, and those before as the last of their month. */
function merged(losses: readonly Loss[]): Loss[] {
  const inOrder = losses.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const months = Map.groupBy(inOrder.slice(0, -newestLosses), ({ at }) => at.slice(0, 7));
  const sums = [...months.values()].flatMap((alike) => {
    const last = alike.at(-1);
    return last ? [{ at: last.at, amount: totalOf(alike) ?? 0 }] : [];
  });
  return [...sums, ...inOrder.slice(-newestLosses)];
}

/** What to keep of those that ended before `boundary`; undefined where nothing is to be added to what is kept. */
export function toPast(
  check: PastJobs['check'],
  series: JobSeries,
  { boundary, rateOf, now }: { boundary: IsoTime; rateOf: RateOf; now: IsoTime },
): PastJobs | undefined {
  const older = series.jobs.filter((job) => isOver(job) && !endsSince(job, boundary));
  if (older.length === 0) return undefined;
  const counted = { ...series, jobs: older };
  const ends = [...older.map(endOf), Date.parse(series.past?.lastEnd ?? series.first.createdAt)];
  return {
    check,
    first: series.first,
    countedTo: boundary,
    lastEnd: toTime(Math.max(...ends)),
    times: timesOf(counted),
    hours: hoursOf(counted, now),
    losses: lossesOf(counted, rateOf, now),
  };
}

/** What is kept of a series of jobs like these. */
export const pastOf = (
  past: readonly PastJobs[],
  check: PastJobs['check'],
  { kind, fingerprint }: Job,
): PastJobs | undefined =>
  fingerprint === undefined
    ? undefined
    : past.find(
        ({ check: of, first }) => of === check && first.kind === kind && first.fingerprint === fingerprint,
      );
