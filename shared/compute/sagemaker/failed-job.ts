import { formatMoney, type Usd } from '../../money.ts';
import type { IsoTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import type { Utilization } from '../utilization.ts';
import {
  asTold,
  billedSeconds,
  costOf,
  counted,
  endOf,
  instancesOf,
  instancesText,
  type Job,
  type RateOf,
  runtimeOf,
} from './job.ts';

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
};

export type FailurePolicy = {
  /** Dollars from which a failure, with all before it that were alike, is told. */
  failedCost: Usd;
  /** Days for which it is remembered what failed alike. */
  days: number;
  /** What ended before has been told. */
  toldSince: IsoTime;
  rateOf: RateOf;
};

/** Milliseconds for which a job that is over is told of: what fails every night is seen to fail again. */
export const toldFor = 36 * 3_600_000;

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
    .flatMap((group) => inLoops(group, policy.days))
    .filter(({ last }) => endsSince(last, policy.toldSince))
    .flatMap((loop) => judgeLoop(loop, policy, now) ?? []);
}

/** Stopped by SageMaker at its limit counts: nobody asked for the end. */
const isFailed = ({ status, phase = '' }: Job): boolean =>
  status === 'Failed' || (status === 'Stopped' && /^Max.*Exceeded$/.test(phase));

export const endsSince = (job: Job, time: IsoTime): boolean => endOf(job) >= Date.parse(time);

type Loop = {
  first: Job;
  last: Job;
  jobs: Job[];
  /** Those that failed alike in the days before the first: findings of their own. */
  earlier: Job[];
};

/** Failures of which each was still told when the next came: so they are one finding from the first to the last. */
function inLoops(failed: readonly Job[], days: number): Loop[] {
  const loops: Loop[] = [];
  for (const job of failed) {
    const loop = loops.at(-1);
    if (loop && endOf(job) - endOf(loop.last) <= toldFor) {
      loop.last = job;
      loop.jobs.push(job);
    } else {
      const remembered = loops
        .flatMap(({ jobs }) => jobs)
        .filter((before) => endOf(job) - endOf(before) <= days * dayMs);
      loops.push({ first: job, last: job, jobs: [job], earlier: remembered });
    }
  }
  return loops;
}

const dayMs = 86_400_000;

function judgeLoop(loop: Loop, policy: FailurePolicy, now: IsoTime): Failure | undefined {
  const { first, last, jobs, earlier } = loop;
  const costs = (some: readonly Job[]) => sumOf(some.map((job) => costOf(job, policy.rateOf, now)));
  const [loss, before] = [costs(jobs), costs(earlier)];
  const hours = hoursOf(jobs, now);
  const isWorthIt = loss === undefined ? hours >= 1 : loss > 0 && loss + (before ?? 0) >= policy.failedCost;
  if (!isWorthIt) return undefined;
  const what = jobs.length === 1 ? onceText(last, now) : loopText(loop, hours);
  const utilization = asTold(first, now, {
    state: 'ended',
    check: 'job-failed-late',
    reason: `${what}, ${costText(loss)}${earlierText(loop, before)}${causeText(last)}`,
  });
  const windowEnd = last.endedAt ?? utilization.windowEnd;
  return {
    job: first,
    times: jobs.length,
    utilization: { ...utilization, windowEnd },
    since: first.endedAt ?? first.createdAt,
    loss,
  };
}

const hoursOf = (jobs: readonly Job[], now: IsoTime): number =>
  jobs.reduce((sum, job) => sum + (billedSeconds(job, now) ?? 0) * instancesOf(job), 0) / 3600;

const costText = (cost: Usd | undefined): string =>
  cost === undefined ? 'at a price that is unknown' : formatMoney(cost);

function earlierText({ first, earlier }: Loop, cost: Usd | undefined): string {
  const [oldest] = earlier;
  if (oldest === undefined) return '';
  const span = formatDuration(endOf(first) - endOf(oldest));
  return `, after ${counted(earlier.length, 'failure')} alike in the ${span} before, ${costText(cost)}`;
}

function sumOf(costs: readonly (Usd | undefined)[]): Usd | undefined {
  let sum = 0;
  for (const cost of costs) {
    if (cost === undefined) return undefined;
    sum += cost;
  }
  return sum;
}

function onceText(job: Job, now: IsoTime): string {
  const end = job.status === 'Stopped' ? 'stopped at its limit' : 'failed';
  const ran = runtimeOf(job) ?? (billedSeconds(job, now) ?? 0) * 1000;
  return `${end} after ${formatDuration(ran)} on ${instancesText(job)}`;
}

function loopText({ first, last, jobs }: Loop, hours: number): string {
  const span = formatDuration(endOf(last) - endOf(first));
  return `failed ${jobs.length} times alike in ${span}, last as ${last.name}, ${Math.round(hours * 10) / 10} instance hours in all`;
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
