import { type IsoTime, toTime } from '../period.ts';
import { formatCount, lastInvoked, type ModelUse, tokensIn } from './bedrock.ts';
import { formatDuration } from './duration.ts';
import { counted, percent } from './evidence-text.ts';
import { hourMs, hoursBefore } from './hours.ts';
import type { Window } from './metric.ts';
import { p95 } from './underuse.ts';
import type { Utilization } from './utilization.ts';

/** Model units bought by the hour. */
export type Throughput = {
  name: string;
  arn: string;
  /** The id of the foundation model behind it, which has the price. */
  model: string;
  units: number;
  status: string;
  createdAt: IsoTime;
  /** When its model or its units were changed last. */
  changedAt: IsoTime;
  /** Absent: it can be deleted at any time. */
  commitment?: { months?: number | undefined; until?: IsoTime | undefined } | undefined;
};

export type ThroughputPolicy = {
  /** Minutes without invocation before it is idle. */
  idleMinutes: number;
  /** Days to judge use by, hours it must have been up in them, and the share of its own best below which it is underused. */
  underuse: { days: number; hours: number; percent: number };
};

/** What is known of its use; `isListed`: CloudWatch has had a metric of it within two weeks. */
export type ThroughputUse = { use: ModelUse; isListed: boolean };

/** `since`: since when it has been so. */
export type ThroughputVerdict = { utilization: Utilization; since?: IsoTime | undefined };

/** Days in which it may have proven what it takes. */
const provenDays = 14;

const day = 1440;

/** The hours to ask for: a longer series costs no more. */
export const throughputWindow = (now: IsoTime, { idleMinutes, underuse }: ThroughputPolicy): Window =>
  hoursBefore(now, Math.max(provenDays * day, underuse.days * day, idleMinutes));

/**
 * Idle without invocation through the window: Bedrock publishes a count only where there is one, so that no data, read
 * whole, is none. How much a unit takes AWS doesn't publish: it is underused against the most it has taken itself. One
 * that was found so before stays so until it is clearly above that.
 */
export function judgeThroughput(
  throughput: Throughput,
  known: ThroughputUse | undefined,
  policy: ThroughputPolicy,
  now: IsoTime,
  wasUnderused = false,
): ThroughputVerdict {
  const window = hoursBefore(now, policy.idleMinutes);
  const seen = { windowStart: window.start, windowEnd: now };
  const invoked = known && lastInvoked(known.use);
  const lastBusy = invoked === undefined ? undefined : toTime(Math.min(invoked, Date.parse(now)));
  if (known && lastBusy && Date.parse(lastBusy) > Date.parse(window.start)) {
    const { underuse } = policy;
    const percent = Math.min(100, underuse.percent + (wasUnderused ? hysteresis : 0));
    const use = judgeUse(throughput, known.use, { ...policy, underuse: { ...underuse, percent } }, now);
    return { utilization: { ...seen, coverage: 1, lastBusy, ...use } };
  }
  const doubt = doubtOf(throughput, known, window);
  if (doubt !== undefined) {
    return { utilization: { ...seen, coverage: 0, state: 'unknown', reason: doubt, confidence: 'low' } };
  }
  const since = silentSince(throughput, lastBusy, policy, now);
  // What is older than anybody looked may have been silent for longer.
  const isExact = lastBusy !== undefined || since === throughput.createdAt;
  const silence = `${isExact ? '' : 'at least '}${formatDuration(Date.parse(now) - Date.parse(since))}`;
  return {
    since,
    utilization: {
      ...seen,
      coverage: 1,
      lastBusy,
      state: 'idle',
      check: 'idle-throughput',
      reason: `no invocation for ${silence}, ${holdingText(throughput, now)}`,
      confidence: known?.isListed ? 'high' : 'medium',
      wastedShare: 1,
    },
  };
}

/** Points of a percentage that it takes above the threshold to be used well again. */
const hysteresis = 5;

/** Since it was invoked last, was created, or as far back as anybody looked. */
function silentSince(
  { createdAt }: Throughput,
  lastBusy: IsoTime | undefined,
  policy: ThroughputPolicy,
  now: IsoTime,
): IsoTime {
  const quiet = lastBusy ?? throughputWindow(now, policy).start;
  return Date.parse(quiet) > Date.parse(createdAt) ? quiet : createdAt;
}

function doubtOf(
  { status, createdAt }: Throughput,
  known: ThroughputUse | undefined,
  window: Window,
): string | undefined {
  if (status !== 'InService' && status !== 'Updating') return `its status is ${status}`;
  if (known === undefined) return 'its metrics could not be listed';
  if (known.use.failure !== undefined) return `its invocations could not be read: ${known.use.failure}`;
  return Date.parse(createdAt) > Date.parse(window.start)
    ? `created ${createdAt.slice(0, 16).replace('T', ' ')} UTC: not up through the whole window`
    : undefined;
}

type Verdict = Pick<Utilization, 'state' | 'check' | 'reason' | 'confidence' | 'wastedShare'> &
  Partial<Pick<Utilization, 'windowStart'>>;

/** What it took, in tokens, over its whole hours since it was changed last. */
type Load = { start: IsoTime; hours: number; p95: number; mean: number; peak: number; proven: number };

function judgeUse(throughput: Throughput, use: ModelUse, policy: ThroughputPolicy, now: IsoTime): Verdict {
  const load = loadOf(throughput, use, policy, now);
  const holding = holdingText(throughput, now);
  const failure = use.failure ?? use.cacheFailure;
  if (failure !== undefined || load.hours < policy.underuse.hours || load.proven === 0) {
    return { state: 'busy', reason: `${invokedText(use, policy, now)}, ${holding}`, confidence: 'high' };
  }
  const verdict = sparedUnits(throughput, load, holding) ?? sparedTime(load, policy, holding);
  return { ...verdict, windowStart: load.start };
}

/** What the units took together, each took its part of: fewer have proven to take the busiest of the last hours. */
function sparedUnits(
  { units }: Throughput,
  { hours, peak, proven }: Load,
  holding: string,
): Verdict | undefined {
  const needed = Math.max(1, Math.ceil((units * peak) / proven));
  if (needed >= units) return undefined;
  const busiest = `its busiest hour in ${formatDuration(hours * hourMs)} took ${formatCount(peak)} tokens`;
  return {
    state: 'underused',
    check: 'underused-throughput',
    reason: `${busiest}, which ${needed} of its ${units} units would take, having taken ${formatCount(proven)} together, ${holding}`,
    confidence: 'medium',
    wastedShare: (units - needed) / units,
  };
}

function sparedTime(load: Load, { underuse }: ThroughputPolicy, holding: string): Verdict {
  const share = (load.p95 / load.proven) * 100;
  const level = `95 % of its hours in ${formatDuration(load.hours * hourMs)} took at most ${formatCount(load.p95)} tokens`;
  const reason = `${level}, ${percent(share)} of its busiest (${formatCount(load.proven)}), ${holding}`;
  if (share >= underuse.percent) return { state: 'busy', reason, confidence: 'high' };
  return {
    state: 'underused',
    check: 'underused-throughput',
    reason,
    confidence: 'low',
    // What comes in a few large hours is not nothing, though 95 % of the hours are without it.
    wastedShare: 1 - Math.max(load.p95, load.mean) / load.proven,
  };
}

function loadOf(
  { changedAt, createdAt }: Throughput,
  use: ModelUse,
  policy: ThroughputPolicy,
  now: IsoTime,
): Load {
  const end = Math.floor(Date.parse(now) / hourMs) * hourMs;
  const up = Math.max(Date.parse(createdAt), Date.parse(changedAt));
  const tokens = (days: number) => {
    const start = Math.max(end - days * day * 60_000, Math.ceil(up / hourMs) * hourMs);
    const count = Math.max(0, (end - start) / hourMs);
    return Array.from({ length: count }, (_, index) => tokensIn(use, start + index * hourMs));
  };
  const recent = tokens(policy.underuse.days);
  const start = toTime(end - recent.length * hourMs);
  const sum = recent.reduce((total, value) => total + value, 0);
  return {
    start,
    hours: recent.length,
    p95: p95(recent),
    mean: recent.length === 0 ? 0 : sum / recent.length,
    peak: Math.max(0, ...recent),
    proven: Math.max(0, ...recent, ...tokens(provenDays)),
  };
}

function invokedText({ invocations }: ModelUse, { idleMinutes }: ThroughputPolicy, now: IsoTime): string {
  const start = Date.parse(hoursBefore(now, idleMinutes).start);
  const count = [...invocations].reduce((sum, [hour, value]) => (hour >= start ? sum + value : sum), 0);
  return `${formatCount(count)} invocations in the last ${formatDuration(idleMinutes * 60_000)}`;
}

/** What is paid for, and how it ends. */
function holdingText({ units, model, commitment }: Throughput, now: IsoTime): string {
  const held = `${counted(units, 'model unit')} of ${model}`;
  if (commitment === undefined) return `${held} without commitment, to be deleted at any time`;
  const { months, until } = commitment;
  const term = `${held} committed${months === undefined ? '' : ` for ${counted(months, 'month')}`}`;
  if (until === undefined) return term;
  return Date.parse(until) > Date.parse(now)
    ? `${term}, until ${until.slice(0, 10)}`
    : `${term}, which ended ${until.slice(0, 10)}`;
}
