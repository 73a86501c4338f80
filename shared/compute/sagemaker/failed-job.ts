import { formatMoney, type Usd } from '../../money.ts';
import type { IsoTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import type { Utilization } from '../utilization.ts';
import {
  asTold,
  billedSeconds,
  costOf,
  endOf,
  instancesOf,
  instancesText,
  type Job,
  type RateOf,
} from './job.ts';

/** What a job that failed, or several that failed alike, cost. */
export type Failure = {
  /** The first of them: however many follow, it is one failure. */
  job: Job;
  utilization: Utilization;
  /** When the first of them ended. */
  since: IsoTime;
  /** Dollars of all of them; undefined where a price is unknown. */
  loss: Usd | undefined;
};

export type FailurePolicy = {
  /** Dollars from which a failure is told. */
  failedCost: Usd;
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
    .flatMap((group) => inLoops(group))
    .filter(({ last }) => endsSince(last, policy.toldSince))
    .flatMap((loop) => judgeLoop(loop, policy, now) ?? []);
}

/** Stopped by SageMaker at its limit counts: nobody asked for the end. */
const isFailed = ({ status, phase = '' }: Job): boolean =>
  status === 'Failed' || (status === 'Stopped' && /^Max.*Exceeded$/.test(phase));

export const endsSince = (job: Job, time: IsoTime): boolean => endOf(job) >= Date.parse(time);

type Loop = { first: Job; last: Job; jobs: Job[] };

/** Failures of which each was still told when the next came: so they are one finding from the first to the last. */
function inLoops(failed: readonly Job[]): Loop[] {
  const loops: Loop[] = [];
  for (const job of failed) {
    const loop = loops.at(-1);
    if (loop && endOf(job) - endOf(loop.last) <= toldFor) {
      loop.last = job;
      loop.jobs.push(job);
    } else loops.push({ first: job, last: job, jobs: [job] });
  }
  return loops;
}

function judgeLoop({ first, last, jobs }: Loop, policy: FailurePolicy, now: IsoTime): Failure | undefined {
  const loss = sumOf(jobs.map((job) => costOf(job, policy.rateOf, now)));
  const hours = jobs.reduce((sum, job) => sum + (billedSeconds(job, now) ?? 0) * instancesOf(job), 0) / 3600;
  if (loss === undefined ? hours < 1 : loss < policy.failedCost || loss === 0) return undefined;
  const cost = loss === undefined ? 'at a price that is unknown' : formatMoney(loss);
  const utilization = asTold(first, now, {
    state: 'ended',
    check: 'job-failed-late',
    reason: `${jobs.length === 1 ? onceText(last, now) : loopText({ first, last, jobs }, hours)}, ${cost}${causeText(last)}`,
  });
  const windowEnd = last.endedAt ?? utilization.windowEnd;
  return {
    job: first,
    utilization: { ...utilization, windowEnd },
    since: first.endedAt ?? first.createdAt,
    loss,
  };
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
  return `${end} after ${formatDuration((billedSeconds(job, now) ?? 0) * 1000)} on ${instancesText(job)}`;
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
