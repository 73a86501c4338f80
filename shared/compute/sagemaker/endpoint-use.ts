import { type IsoTime, toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import { counted, percent } from '../evidence-text.ts';
import { coverageOf, hoursBefore, hoursOf, lastWorkOf } from '../hours.ts';
import type { Series, Window } from '../metric.ts';
import { p95 } from '../underuse.ts';
import type { Utilization } from '../utilization.ts';
import {
  type Endpoint,
  fleetsOf,
  isFree,
  isMeasurable,
  isServerless,
  isServing,
  paidVariants,
} from './endpoint.ts';

/** What was measured of an endpoint, hour by hour. What nobody asked for is absent. */
export type EndpointSignals = {
  /** Requests, of each variant or component. */
  requests: readonly Series[];
  /** Above 0 only while a request waits or is served: the queue, open connections. */
  work: readonly Series[];
  /** What each paid variant reports as long as it is up. */
  pulses: readonly Series[];
  loads: readonly Load[];
  /** Requests of each variant that runs on several instances, by instance. */
  perInstance: readonly Series[];
};

/** How far a variant is used, as the mean of each hour. */
export type Load = {
  variant: string;
  of: 'GPU' | 'provisioned concurrency';
  series: Series;
  /** The value at which all of it is used: 400 for four GPUs. */
  whole: number;
};

export type EndpointPolicy = {
  /** Minutes without request before it is idle. */
  window: number;
  /** Share of the window that must have data, 0 to 1. */
  coverage: number;
  /** Days to judge use by, hours of data it takes, and the 95th percentile below which it is underused. */
  underuse: { days: number; hours: number; percent: number };
};

/** `since`: since when it has been so. */
export type EndpointVerdict = { utilization: Utilization; since?: IsoTime };

/** Days looked back to find the last request. */
const lookBackDays = 14;

/** The hours to ask for; all signals share them, since a longer series costs no more. */
export const endpointWindow = (now: IsoTime, { window, underuse }: EndpointPolicy): Window =>
  hoursBefore(now, Math.max(lookBackDays * 1440, underuse.days * 1440, window));

/**
 * What to ask next, once the requests are known: how far it is used where there were some, else whether anything speaks
 * against idle. Undefined where no answer would change the verdict.
 */
export function nextLook(
  endpoint: Endpoint,
  requests: readonly Series[],
  policy: EndpointPolicy,
  now: IsoTime,
): 'load' | 'silence' | undefined {
  if (workEnd(requests, ownWindow(endpoint, policy.window, now)) !== undefined) return 'load';
  return (doubtOfEndpoint(endpoint, policy, now) ?? failureOf(requests)) ? undefined : 'silence';
}

/**
 * Whether the requests speak for themselves. SageMaker reports a 0 for an interval without any, of real-time endpoints
 * and not at all times; of asynchronous ones it reports nothing then.
 */
export const areRequestsCovered = (
  requests: readonly Series[],
  policy: EndpointPolicy,
  now: IsoTime,
): boolean => coverageOfAll(requests, hoursBefore(now, policy.window), now) >= policy.coverage;

/**
 * Idle where nothing was asked of it through the whole window, though it was up: missing requests alone prove nothing.
 * Underused where something was asked, and all that it holds stays below the threshold.
 */
export function judgeEndpoint(
  endpoint: Endpoint,
  signals: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
): EndpointVerdict {
  const window = hoursBefore(now, policy.window);
  const reported = coverageOfAll(signals.requests, window, now);
  const coverage = Math.max(reported, coverageOfAll(signals.pulses, window, now));
  const seen = { windowStart: window.start, windowEnd: now, coverage };
  if (isFree(endpoint)) {
    return { utilization: { state: 'idle', reason: freeText(endpoint), ...seen, confidence: 'high' } };
  }
  const isUsed = workWithin(endpoint, signals, policy.window, now) !== undefined;
  if (isMeasurable(endpoint) && isUsed) return { utilization: judgeUse(endpoint, signals, policy, now) };
  const doubt =
    doubtOfEndpoint(endpoint, policy, now) ??
    doubtOfQueries(signals, coverage, policy) ??
    doubtOfCoverage(coverage, policy);
  if (doubt !== undefined) {
    return { utilization: { state: 'unknown', reason: doubt, ...seen, confidence: 'low' } };
  }
  const since = silentSince(endpoint, signals, policy, now);
  const utilization: Utilization = {
    state: 'idle',
    check: 'idle-endpoint',
    reason: `${silenceText(endpoint, since, policy, now)}, ${holdingText(endpoint)}`,
    ...seen,
    confidence: reported >= wholeCoverage ? 'high' : 'medium',
    wastedShare: 1,
  };
  return { utilization, since };
}

const wholeCoverage = 0.98;

/** An endpoint that was made again under its name has the metrics of the one before: they are not its own. */
function ownWindow({ createdAt }: Endpoint, minutes: number, now: IsoTime): Window {
  const window = hoursBefore(now, minutes);
  const { start } = hoursBefore(createdAt, 0);
  return Date.parse(start) > Date.parse(window.start) ? { ...window, start } : window;
}

const coverageOfAll = (series: readonly Series[], window: Window, now: IsoTime): number =>
  smallestOf(series.map((each) => coverageOf(each, window, now)));

const smallestOf = (values: readonly number[]): number => (values.length === 0 ? 0 : Math.min(...values));

const failureOf = (series: readonly Series[]): string | undefined =>
  series.find(({ failure }) => failure !== undefined)?.failure;

/** When the newest hour with work was over, in milliseconds since the epoch. */
function workEnd(series: readonly Series[], window: Window): number | undefined {
  const ends = series.flatMap((each) => lastWorkOf(each, window) ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

const workWithin = (
  endpoint: Endpoint,
  { requests, work }: EndpointSignals,
  minutes: number,
  now: IsoTime,
): number | undefined => workEnd([...requests, ...work], ownWindow(endpoint, minutes, now));

const freeText = (endpoint: Endpoint): string =>
  isServerless(endpoint)
    ? 'serverless without provisioned concurrency: it costs nothing while nobody calls it'
    : 'scaled to 0 instances: it costs nothing';

function doubtOfEndpoint(endpoint: Endpoint, policy: EndpointPolicy, now: IsoTime): string | undefined {
  const { fault, status, variants, components, createdAt } = endpoint;
  if (fault !== undefined) return `it could not be described: ${fault}`;
  if (!isServing(endpoint)) return `its status is ${status}`;
  if (variants.length === 0) return 'it has no variant';
  if (components === undefined) return 'its inference components could not be listed';
  const age = Date.parse(now) - Date.parse(createdAt);
  const window = policy.window * 60_000;
  return age < window
    ? `created ${formatDuration(age)} ago: not up through the whole window of ${formatDuration(window)}`
    : undefined;
}

function doubtOfQueries(
  { requests, work, pulses }: EndpointSignals,
  coverage: number,
  policy: EndpointPolicy,
): string | undefined {
  const requestFailure = failureOf(requests) ?? failureOf(work);
  if (requestFailure) return `its requests could not be read: ${requestFailure}`;
  const pulseFailure = coverage < policy.coverage ? failureOf(pulses) : undefined;
  return pulseFailure && `whether it was up could not be read: ${pulseFailure}`;
}

function doubtOfCoverage(coverage: number, policy: EndpointPolicy): string | undefined {
  if (coverage >= policy.coverage) return undefined;
  const span = formatDuration(policy.window * 60_000);
  return coverage === 0
    ? `no metric of it in CloudWatch in the last ${span}, and missing requests alone prove nothing`
    : `its metrics cover ${Math.floor(coverage * 100)} % of the last ${span}, too little to call it idle`;
}

/** The end of the last hour with a request, as far as is looked back; else when it was created. */
function silentSince(
  endpoint: Endpoint,
  { requests, work }: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
): IsoTime {
  const window = endpointWindow(now, policy);
  const start = Math.max(Date.parse(window.start), Date.parse(endpoint.createdAt));
  return toTime(Math.max(workEnd([...requests, ...work], window) ?? start, start));
}

function silenceText(endpoint: Endpoint, since: IsoTime, policy: EndpointPolicy, now: IsoTime): string {
  const span = formatDuration(Date.parse(now) - Date.parse(since));
  const silence = `no ${requestNoun(endpoint)}`;
  if (since === endpoint.createdAt) return `${silence} in the ${span} since it was created`;
  return since === endpointWindow(now, policy).start
    ? `${silence} for at least ${span}`
    : `${silence} for ${span}`;
}

const requestNoun = ({ isAsync }: Endpoint): string => (isAsync ? 'request' : 'invocation');

/** What stands ready: `2 instances of ml.g5.xlarge in service`. */
function holdingText(endpoint: Endpoint): string {
  const counts = new Map<string, number>();
  for (const { instanceType = 'an unknown type', count } of fleetsOf(endpoint)) {
    if (count > 0) counts.set(instanceType, (counts.get(instanceType) ?? 0) + count);
  }
  const concurrency = endpoint.variants.reduce((sum, variant) => sum + variant.provisionedConcurrency, 0);
  const held = [
    ...[...counts].map(([type, count]) => `${counted(count, 'instance')} of ${type}`),
    ...(concurrency > 0 ? [`a provisioned concurrency of ${concurrency}`] : []),
  ];
  const isEmpty = endpoint.components?.length === 0 && paidVariants(endpoint).every(hasNoModel);
  return `${held.join(' and ') || 'an unknown number of instances'} in service${isEmpty ? ' without a model' : ''}`;
}

const hasNoModel = ({ hostsComponents }: { hostsComponents: boolean }): boolean => hostsComponents;

function judgeUse(
  endpoint: Endpoint,
  signals: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
): Utilization {
  const window = ownWindow(endpoint, policy.window, now);
  const lastWork = workWithin(endpoint, signals, policy.window, now) ?? Date.parse(now);
  const use = useOf(endpoint, signals, policy, now);
  const requests = requestsText(endpoint, signals, policy, window);
  const busy: Utilization = {
    state: 'busy',
    reason: use ? `${requests}, ${useText(use)}` : requests,
    windowStart: window.start,
    windowEnd: now,
    coverage: coverageOfAll(signals.requests, window, now),
    confidence: 'high',
    lastBusy: toTime(Math.min(lastWork, Date.parse(now))),
  };
  const { hours, percent: limit } = policy.underuse;
  if (use === undefined || use.hours < hours || use.p95 >= limit) return busy;
  return {
    ...busy,
    state: 'underused',
    check: 'underused-endpoint',
    windowStart: use.window.start,
    coverage: use.coverage,
    // Memory isn't looked at: a model may need what it doesn't compute on.
    confidence: use.coverage >= policy.coverage ? 'medium' : 'low',
    wastedShare: 1 - use.p95 / 100,
  };
}

/** How far the most used of its variants is used, and how long the least covered one told. */
type Use = { p95: number; of: Load['of']; hours: number; coverage: number; window: Window };

/** Undefined unless each variant that costs something tells how far it is used. */
function useOf(
  endpoint: Endpoint,
  { loads }: EndpointSignals,
  { underuse }: EndpointPolicy,
  now: IsoTime,
): Use | undefined {
  const window = ownWindow(endpoint, underuse.days * 1440, now);
  const uses = paidVariants(endpoint).map(({ name }) => {
    const load = loads.find(({ variant }) => variant === name);
    return load && useOfVariant(load, window, now);
  });
  if (!uses.every((use) => use !== undefined)) return undefined;
  const [most] = uses.toSorted((a, b) => b.p95 - a.p95);
  return (
    most && {
      ...most,
      hours: smallestOf(uses.map(({ hours }) => hours)),
      coverage: smallestOf(uses.map(({ coverage }) => coverage)),
    }
  );
}

function useOfVariant({ series, of, whole }: Load, window: Window, now: IsoTime): Use | undefined {
  const hours = hoursOf(series, window);
  if (series.failure !== undefined || hours.size === 0) return undefined;
  const shares = [...hours.values()].map((value) => Math.min(100, (value / whole) * 100));
  return { p95: p95(shares), of, hours: hours.size, coverage: coverageOf(series, window, now), window };
}

const useText = ({ p95: value, of, hours }: Use): string =>
  `${of} at most ${percent(value)} used for 95 % of ${counted(hours, 'hour')}`;

function requestsText(
  endpoint: Endpoint,
  { requests, perInstance }: EndpointSignals,
  policy: EndpointPolicy,
  window: Window,
): string {
  const count = sumOf(requests, window);
  const share = sumOf(perInstance, window);
  const span = formatDuration(policy.window * 60_000);
  if (count === 0) return `requests waited, or were served, in the last ${span}`;
  const requestCount = `${numberText(count)} ${requestNoun(endpoint)}${count === 1 ? '' : 's'} in ${span}`;
  return share === 0 ? requestCount : `${requestCount} (${numberText(share)} per instance)`;
}

const sumOf = (series: readonly Series[], window: Window): number => {
  const counts = series.flatMap((each) => [...hoursOf(each, window).values()]);
  return Math.round(counts.reduce((sum, value) => sum + value, 0));
};

const numberText = (count: number): string => count.toLocaleString('en-US');
