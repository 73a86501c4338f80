import { formatMoney, type Usd } from '../../money.ts';
import { addMilliseconds, type IsoTime, toTime } from '../../period.ts';
import { costBetween } from '../cost.ts';
import { formatDuration } from '../duration.ts';
import type { Loss } from '../finding.ts';
import type { Utilization } from '../utilization.ts';
import { asTold, costOf, endOf, hourlyRateOf, instancesText, isOver, type Job, type RateOf } from './job.ts';
import { scheduleOf } from './job-schedule.ts';
import {
  endsSince,
  hoursOf,
  type JobSeries,
  lossesOf,
  type PastJobs,
  pastOf,
  timesOf,
  toldFor,
  toPast,
  totalOf,
} from './job-series.ts';

/** Training jobs that do once more what another did. */
export type Duplicate = {
  /** The first of them: however many follow, it is one finding. */
  job: Job;
  /** Those that are remembered, by their names. */
  names: readonly string[];
  times: number;
  utilization: Utilization;
  /** When the first of them began to cost something, or was asked for. */
  since: IsoTime;
  /** Dollars of those that are over, of several those that run, too; undefined where a price is unknown. */
  loss: Usd | undefined;
  losses: readonly Loss[] | undefined;
  /** Dollars an hour of the only one while it runs. */
  hourlyRate?: Usd | undefined;
  /** Dollars that it comes to if it runs to its end. */
  atStake: Usd | undefined;
  /** What is to be kept of those that will be forgotten; absent: nothing new. */
  past?: PastJobs | undefined;
};

export type DuplicatePolicy = {
  /** Days within which the same is a duplicate; 0: never. */
  days: number;
  /** What ended before has been told. */
  toldSince: IsoTime;
  /** What is kept of those that are older than what is remembered. */
  past: readonly PastJobs[];
  /** Names of jobs that run and are told to do nothing: what they waste is counted there. */
  wasted: ReadonlySet<string>;
  rateOf: RateOf;
};

const dayMs = 86_400_000;

/**
 * Training jobs that run, or ended since `toldSince`, and were told to do what an earlier one did: the same image,
 * hyper-parameters and data. Only those that ended well or still run count, since whoever repeats a failure has a reason,
 * and none that comes from a schedule: it trains on what has arrived since, under the same name. Processing and
 * transform jobs repeat themselves by nature.
 */
export function judgeDuplicates(jobs: readonly Job[], policy: DuplicatePolicy, now: IsoTime): Duplicate[] {
  if (policy.days <= 0) return [];
  const training = jobs.filter(({ kind, fingerprint }) => kind === 'training' && fingerprint !== undefined);
  const alike = Map.groupBy(training, ({ fingerprint }) => fingerprint);
  return [...alike.values()]
    .flatMap((group) => inSeries(group, policy, now))
    .filter(({ jobs: some }) => some.some((job) => !isOver(job) || endsSince(job, policy.toldSince)))
    .map((series) => toDuplicate(series, policy, now));
}

const createdOf = ({ createdAt }: Job): number => Date.parse(createdAt);

type Repeats = JobSeries & {
  jobs: Job[];
  /** What the newest of them repeats. */
  original: Job;
  /** Milliseconds since the epoch until which one of them ran. */
  lastEnd: number;
};

/** Repeats of which each came while the one before was still told are one finding. */
function inSeries(group: readonly Job[], policy: DuplicatePolicy, now: IsoTime): Repeats[] {
  const kept = group[0] && pastOf(policy.past, 'job-duplicate', group[0]);
  const series = kept ? [continued(kept)] : [];
  const repeats = repeatsOf(group, policy.days).filter(({ job }) => !isCounted(job, kept));
  for (const { job, original } of repeats) {
    const end = isOver(job) ? endOf(job) : Date.parse(now);
    const last = series.at(-1);
    if (last && createdOf(job) - last.lastEnd <= toldFor && (original ?? last.past)) {
      last.jobs.push(job);
      last.original = original ?? last.original;
      last.lastEnd = Math.max(last.lastEnd, end);
    } else if (original) series.push({ first: job, jobs: [job], original, lastEnd: end });
  }
  return series;
}

const continued = (past: PastJobs): Repeats => ({
  first: past.first,
  past,
  jobs: [],
  original: past.first,
  lastEnd: Date.parse(past.lastEnd),
});

/**
 * The experiments of a group that no schedule started, the oldest first, each with the first one that it repeats;
 * without where none is remembered.
 */
function repeatsOf(group: readonly Job[], days: number): { job: Job; original: Job | undefined }[] {
  const isScheduled = scheduleOf(group.map(({ createdAt }) => createdAt));
  const inOrder = group
    .filter((job) => !isOver(job) || job.status === 'Completed')
    .toSorted((a, b) => createdOf(a) - createdOf(b) || (a.name < b.name ? -1 : 1));
  const times = inOrder.map(createdOf);
  return inOrder
    .map((job) => {
      const from = createdOf(job) - days * dayMs;
      const first = inOrder[times.findIndex((time) => time >= from)];
      return { job, original: first === job ? undefined : first };
    })
    .filter(({ job }) => !isScheduled(job.createdAt));
}

const isCounted = (job: Job, past: PastJobs | undefined): boolean =>
  past !== undefined && isOver(job) && !endsSince(job, past.countedTo);

function toDuplicate(series: Repeats, policy: DuplicatePolicy, now: IsoTime): Duplicate {
  const { jobs, original } = series;
  const { rateOf, wasted } = policy;
  const first = jobs.find(({ name }) => name === series.first.name) ?? series.first;
  const counted = jobs.filter(({ name }) => !wasted.has(name));
  const only = timesOf(series) === 1 && !isOver(first);
  const losses = only ? undefined : lossesOf({ ...series, jobs: counted }, rateOf, now);
  const loss = totalOf(losses);
  const isWasting = only && first.startedAt !== undefined && !wasted.has(first.name);
  const hourlyRate = only ? hourlyRateOf(first, rateOf) : undefined;
  const utilization = asTold(first, now, {
    state: jobs.every(isOver) ? 'ended' : 'busy',
    check: 'job-duplicate',
    reason: textOf(series, loss, now),
    // Once it is over, what it cost is its loss.
    ...(isWasting && { wastedShare: 1 }),
  });
  const since = first.startedAt ?? first.createdAt;
  const spent = hourlyRate === undefined ? loss : isWasting ? costBetween(hourlyRate, since, now) : 0;
  const boundary = addMilliseconds(now, -policy.days * dayMs);
  const past = toPast('job-duplicate', { ...series, first }, { boundary, rateOf, now });
  return {
    job: first,
    names: jobs.map(({ name }) => name),
    times: timesOf(series),
    utilization: {
      ...utilization,
      windowEnd: toTime(series.lastEnd),
      // Nobody looks into the buckets: under the same place there may lie something else by now.
      confidence: jobs.some(({ hasOwnPlaces }) => hasOwnPlaces) ? 'low' : 'medium',
    },
    since,
    loss,
    losses,
    ...(hourlyRate !== undefined && { hourlyRate }),
    atStake: only ? largest(spent, costOf(original, rateOf, now)) : spent,
    ...(past && { past }),
  };
}

/** Undefined where nothing of it is known. */
const largest = (one: Usd | undefined, other: Usd | undefined): Usd | undefined =>
  one === undefined ? other : Math.max(one, other ?? 0);

function textOf(series: Repeats, loss: Usd | undefined, now: IsoTime): string {
  const { original, jobs } = series;
  const last = jobs.at(-1) ?? series.first;
  const apart = formatDuration(createdOf(last) - createdOf(original));
  const doubt = jobs.some(({ hasOwnPlaces }) => hasOwnPlaces)
    ? ', though each has places of its own, its code for example'
    : '';
  const times = timesOf(series);
  const hours = Math.round(hoursOf(series, now) * 10) / 10;
  const what =
    times === 1
      ? instancesText(last)
      : `${times} times alike, last as ${last.name}, ${hours} instance hours in all`;
  const cost = loss === undefined || loss === 0 ? '' : `, ${formatMoney(loss)}`;
  return `the same image, hyper-parameters and data as ${original.name} ${apart} before${doubt}, ${what}${cost}`;
}
