import { dateOf, type IsoTime, toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import { percent } from '../evidence-text.ts';
import { coverageOf, hourSeconds, hoursBefore, hoursOf } from '../hours.ts';
import type { Series, Window } from '../metric.ts';
import { p95 } from '../underuse.ts';
import { type Utilization, wholeCoverage } from '../utilization.ts';
import { type Endpoint, isFree, isMeasurable, isServerless, paidVariants } from './endpoint.ts';
import {
  coverageOfAll,
  type EndpointPolicy,
  type EndpointSignals,
  type EndpointVerdict,
  failureOf,
  type Load,
  ownPart,
  requestNoun,
  seriesOf,
  smallestOf,
  workEnd,
} from './endpoint-signals.ts';
import { didHostsWork, doubtOfEndpoint, doubtOfSignals, silenceOf, silenceText } from './endpoint-silence.ts';

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
  if (workEnd(requests, ownWindow(endpoint, policy, now)) !== undefined) return 'load';
  return (doubtOfEndpoint(endpoint, policy, now) ?? failureOf(requests)) ? undefined : 'silence';
}

/**
 * Idle where nothing was asked of it through the whole window, though it was up: missing requests alone prove nothing.
 * SageMaker reports a 0 for an interval without any, of real-time endpoints and not at all times; of asynchronous ones
 * it reports nothing then. Underused where something was asked, and all that it holds stays below the threshold; one
 * that was found so before stays so until it is clearly above it.
 */
export function judgeEndpoint(
  endpoint: Endpoint,
  signals: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
  wasUnderused = false,
): EndpointVerdict {
  const window = hoursBefore(now, policy.window);
  const reported = coverageOfAll(signals.requests, window, now);
  const coverage = Math.max(reported, coverageOfAll(seriesOf(signals.pulses), window, now));
  const seen = { windowStart: window.start, windowEnd: now, coverage };
  if (isFree(endpoint)) {
    return { utilization: { state: 'idle', reason: freeText(endpoint), ...seen, confidence: 'high' } };
  }
  const isUsed = workWithin(endpoint, signals, policy, now) !== undefined;
  if (isMeasurable(endpoint) && isUsed) {
    return { utilization: judgeUse(endpoint, signals, policy, now, wasUnderused) };
  }
  const doubt = doubtOfEndpoint(endpoint, policy, now) ?? doubtOfSignals(endpoint, signals, policy, now);
  if (doubt !== undefined) {
    return { utilization: { state: 'unknown', reason: doubt, ...seen, confidence: 'low' } };
  }
  const silence = silenceOf(endpoint, signals, policy, now);
  const isHidden = failureOf(seriesOf([...signals.pulses, ...signals.loads])) !== undefined;
  const isDoubtful = isHidden || didHostsWork(signals, policy, now);
  const utilization: Utilization = {
    state: 'idle',
    check: 'idle-endpoint',
    reason: silenceText(endpoint, silence, now),
    ...seen,
    confidence: isDoubtful ? 'low' : reported >= wholeCoverage ? 'high' : 'medium',
    wastedShare: 1,
  };
  return { utilization, since: silence.since };
}

const ownWindow = (endpoint: Endpoint, { window }: EndpointPolicy, now: IsoTime): Window =>
  ownPart(endpoint, hoursBefore(now, window));

const workWithin = (
  endpoint: Endpoint,
  { requests, work }: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
): number | undefined => workEnd([...requests, ...work], ownWindow(endpoint, policy, now));

const freeText = (endpoint: Endpoint): string =>
  isServerless(endpoint)
    ? 'serverless without provisioned concurrency: it costs nothing while nobody calls it'
    : 'scaled to 0 instances: it costs nothing';

/** Points of a percentage that it takes above the threshold to be used well again. */
const hysteresis = 5;

function judgeUse(
  endpoint: Endpoint,
  signals: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
  wasUnderused: boolean,
): Utilization {
  const window = ownWindow(endpoint, policy, now);
  const lastWork = workWithin(endpoint, signals, policy, now) ?? Date.parse(now);
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
  const isUsed = use && use.p95 >= Math.min(100, limit + (wasUnderused ? hysteresis : 0));
  if (use === undefined || use.hours < hours || isUsed) return busy;
  return {
    ...busy,
    state: 'underused',
    check: 'underused-endpoint',
    windowStart: use.window.start,
    windowEnd: use.window.end,
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
  // Whole days, which every run of a day judges alike.
  const window = ownPart(endpoint, hoursBefore(`${dateOf(now)}T00:00:00Z`, underuse.days * 1440));
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
  `${of} at most ${percent(value)} used for 95 % of ${formatDuration(hours * hourSeconds * 1000)}`;

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
