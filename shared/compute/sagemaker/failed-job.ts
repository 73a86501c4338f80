import { formatMoney, type Usd } from '../../money.ts';
import { addMilliseconds, type IsoTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import { counted } from '../evidence-text.ts';
import type { Loss } from '../finding.ts';
import type { Utilization } from '../utilization.ts';
import { asTold, billedSeconds, endOf, instancesText, type Job, type RateOf, runtimeOf } from './job.ts';
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

/** What a job that failed, or several that failed alike, cost. */
export type Failure = {
  /** The first of them: however many follow, it is one failure. */
  job: Job;
  /** How many there are, without those that were told before. */
  times: number;
  utilization: Utilization;
  /** When the first of them ended. */
  since: IsoTime;
  /** Dollars of all of them, but not of those that were told before; undefined where a price is unknown. */
  loss: Usd | undefined;
  /** The same by the end of each. */
  losses: readonly Loss[] | undefined;
  /** What is to be kept of those that will be forgotten; absent: nothing new. */
  past?: PastJobs | undefined;
};

export type FailurePolicy = {
  /** Dollars from which a failure, with all before it that were alike, is told. */
  failedCost: Usd;
  /** Days for which it is remembered what failed alike. */
  days: number;
  /** What ended before has been told. */
  toldSince: IsoTime;
  /** What is kept of loops that are older than what is remembered. */
  past: readonly PastJobs[];
  rateOf: RateOf;
};

/**
 * The failures since `toldSince` that cost something, those before that failed alike counted in: the same image, settings
 * and data that fail again and again are one crash loop. A price that is unknown is told from an hour of work on.
 */
export function judgeFailures(jobs: readonly Job[], policy: FailurePolicy, now: IsoTime): Failure[] {
  const failed = jobs.filter(isFailed).toSorted((a, b) => endOf(a) - endOf(b) || (a.name < b.name ? -1 : 1));
  const alike = Map.groupBy(
    failed,
    ({ kind, name, fingerprint }) => `${kind} ${fingerprint ?? `only ${name}`}`,
  );
  return [...alike.values()]
    .flatMap((group) => inLoops(group, policy))
    .filter(({ jobs }) => jobs.some((job) => endsSince(job, policy.toldSince)))
    .flatMap((loop) => judgeLoop(loop, policy, now) ?? []);
}

/** Stopped by SageMaker at its limit counts: nobody asked for the end. */
export const isFailed = ({ status, phase = '' }: Pick<Job, 'status' | 'phase'>): boolean =>
  status === 'Failed' || (status === 'Stopped' && /^Max.*Exceeded$/.test(phase));

type Loop = JobSeries & {
  jobs: Job[];
  /** Milliseconds since the epoch at which the last of them ended. */
  lastEnd: number;
  /** Those that failed alike in the days before the first: findings of their own. */
  earlier: readonly Job[];
};

/** Failures of which each was still told when the next came: so they are one finding from the first to the last. */
function inLoops(failed: readonly Job[], { past, days }: FailurePolicy): Loop[] {
  const kept = failed[0] && pastOf(past, 'job-failed-late', failed[0]);
  if (kept === undefined) return joined([], failed, days);
  const before = joined(
    [],
    failed.filter((job) => endOf(job) < endOf(kept.first)),
    days,
  );
  const earlier = remembered(before, kept.first, days);
  const loop = { first: kept.first, jobs: [], past: kept, lastEnd: Date.parse(kept.lastEnd), earlier };
  const rest = failed.filter((job) => endsSince(job, kept.countedTo));
  return joined([...before, loop], rest, days);
}

function joined(loops: Loop[], failed: readonly Job[], days: number): Loop[] {
  for (const job of failed) {
    const loop = loops.at(-1);
    if (loop && endOf(job) - loop.lastEnd <= toldFor) {
      loop.lastEnd = endOf(job);
      loop.jobs.push(job);
    } else {
      const earlier = remembered(loops, job, days);
      loops.push({ first: job, jobs: [job], lastEnd: endOf(job), earlier });
    }
  }
  return loops;
}

const remembered = (loops: readonly Loop[], first: Job, days: number): Job[] =>
  loops.flatMap(({ jobs }) => jobs).filter((before) => endOf(first) - endOf(before) <= days * dayMs);

const dayMs = 86_400_000;

function judgeLoop(loop: Loop, policy: FailurePolicy, now: IsoTime): Failure | undefined {
  const { first, jobs, earlier } = loop;
  const { rateOf, days, failedCost } = policy;
  const last = jobs.at(-1) ?? first;
  const losses = lossesOf(loop, rateOf, now);
  const [loss, before] = [totalOf(losses), totalOf(lossesOf({ first, jobs: earlier }, rateOf, now))];
  const hours = hoursOf(loop, now);
  const isWorthIt = loss === undefined ? hours >= 1 : loss > 0 && loss + (before ?? 0) >= failedCost;
  if (!isWorthIt) return undefined;
  const what = timesOf(loop) === 1 ? onceText(last, now) : loopText(loop, last, hours);
  const utilization = asTold(first, now, {
    state: 'ended',
    check: 'job-failed-late',
    reason: `${what}, ${costText(loss)}${earlierText(loop, before)}${causeText(last)}`,
  });
  const boundary = addMilliseconds(now, -days * dayMs);
  const past = first.fingerprint && toPast('job-failed-late', loop, { boundary, rateOf, now });
  return {
    job: first,
    times: timesOf(loop),
    utilization: { ...utilization, windowEnd: last.endedAt ?? utilization.windowEnd },
    since: first.endedAt ?? first.createdAt,
    loss,
    losses,
    ...(past && { past }),
  };
}

const costText = (cost: Usd | undefined): string =>
  cost === undefined ? 'at a price that is unknown' : formatMoney(cost);

function earlierText({ first, earlier }: Loop, cost: Usd | undefined): string {
  const [oldest] = earlier;
  if (oldest === undefined) return '';
  const span = formatDuration(endOf(first) - endOf(oldest));
  return `, after ${counted(earlier.length, 'failure')} alike in the ${span} before, ${costText(cost)}`;
}

function onceText(job: Job, now: IsoTime): string {
  const end = job.status === 'Stopped' ? 'stopped at its limit' : 'failed';
  const ran = runtimeOf(job) ?? (billedSeconds(job, now) ?? 0) * 1000;
  return `${end} after ${formatDuration(ran)} on ${instancesText(job)}`;
}

function loopText(loop: Loop, last: Job, hours: number): string {
  const span = formatDuration(loop.lastEnd - endOf(loop.first));
  return `failed ${timesOf(loop)} times alike in ${span}, last as ${last.name}, ${Math.round(hours * 10) / 10} instance hours in all`;
}

const longestCause = 160;

/** Its first line: below it stands a stack trace. */
function causeText({ failureReason = '' }: Job): string {
  const line =
    failureReason
      .trim()
      .split(/[\r\n]/, 1)[0]
      ?.trim() ?? '';
  if (line === '') return '';
  return `: ${line.length <= longestCause ? line : `${line.slice(0, longestCause - 1).trimEnd()}…`}`;
}
