import { type IsoTime, toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import { percent } from '../evidence-text.ts';
import { periodSeconds, type Series, type Window } from '../metric.ts';
import { isValid, toReading } from '../signals.ts';
import { type Utilization, wholeCoverage, windowBefore } from '../utilization.ts';
import { type Endpoint, isServing } from './endpoint.ts';
import {
  type EndpointSignals,
  failureOf,
  type Load,
  requestNoun,
  seriesOf,
  smallestOf,
} from './endpoint-signals.ts';

const periodMs = periodSeconds * 1000;

export type EndpointRestPolicy = {
  /** Minutes without request before it is at rest. */
  window: number;
  /** Share of the window's periods that must have data, 0 to 1. */
  coverage: number;
  /** Utilisation up to which a GPU counts as silent. */
  gpuPercent: number;
};

/** What is asked for: the window, and what has come in since its end, which may only show work. */
export const restSpan = (now: IsoTime, { window }: Pick<EndpointRestPolicy, 'window'>): Window => ({
  start: windowBefore(now, window).start,
  end: toTime((Math.floor(Date.parse(now) / periodMs) + 1) * periodMs),
});

/** Percent of all its CPUs: what only waits for requests doesn't come near. */
const atWorkPercent = 20;

/**
 * Whether an endpoint has been at rest for some minutes, in periods of five: a stop asks for less time than a finding, and
 * for more certainty. Idle is only what counted no request, holds none, and was up and quiet in each period. SageMaker
 * reports no 0 of requests at all times, so that missing ones prove nothing: then its hosts must have reported.
 */
export function judgeEndpointRest(
  endpoint: Endpoint,
  signals: EndpointSignals,
  policy: EndpointRestPolicy,
  now: IsoTime,
): Utilization {
  const window = windowBefore(now, policy.window);
  const reported = coverageIn(signals.requests, window);
  const coverage = Math.max(reported, coverageIn(seriesOf(signals.pulses), window));
  const seen = { windowStart: window.start, windowEnd: window.end, coverage };
  const span = formatDuration(policy.window * 60_000);
  const requests = countSince(signals.requests, window.start);
  const lastWork = lastWorkSince([...signals.requests, ...signals.work], window.start);
  if (lastWork !== undefined) {
    const noun = requestNoun(endpoint);
    const what =
      requests > 0
        ? `${requests.toLocaleString('en-US')} ${noun}${requests === 1 ? '' : 's'}`
        : 'requests waited, or were served,';
    const lastBusy = toTime(Math.min(lastWork + periodMs, Date.parse(now)));
    return { state: 'busy', reason: `${what} in the last ${span}`, ...seen, confidence: 'high', lastBusy };
  }
  const doubt = doubtOf(endpoint, signals, { policy, window, reported, coverage, span });
  if (doubt !== undefined) return { state: 'unknown', reason: doubt, ...seen, confidence: 'low' };
  return {
    state: 'idle',
    check: 'idle-endpoint',
    reason: `no ${requestNoun(endpoint)} for ${span}, ${Math.floor(coverage * 100)} % coverage`,
    ...seen,
    confidence: reported >= wholeCoverage ? 'high' : 'medium',
    wastedShare: 1,
  };
}

const coverageIn = (series: readonly Series[], window: Window): number =>
  smallestOf(series.map((each) => toReading('utilization', '', each, 0, window).coverage));

const pointsSince = (series: readonly Series[], start: IsoTime) =>
  series.flatMap(({ points }) => points.filter(({ at, value }) => at >= Date.parse(start) && isValid(value)));

const countSince = (series: readonly Series[], start: IsoTime): number =>
  Math.round(pointsSince(series, start).reduce((sum, { value }) => sum + value, 0));

function lastWorkSince(series: readonly Series[], start: IsoTime): number | undefined {
  const times = pointsSince(series, start).flatMap(({ at, value }) => (value > 0 ? [at] : []));
  return times.length === 0 ? undefined : Math.max(...times);
}

type Seen = {
  policy: EndpointRestPolicy;
  window: Window;
  reported: number;
  coverage: number;
  span: string;
};

function doubtOf(endpoint: Endpoint, signals: EndpointSignals, seen: Seen): string | undefined {
  const { policy, reported, coverage, span } = seen;
  const { requests, work, pulses, loads } = signals;
  if (endpoint.fault !== undefined) return `it could not be described: ${endpoint.fault}`;
  if (!isServing(endpoint)) return `its status is ${endpoint.status}`;
  const failure = failureOf([...requests, ...work, ...seriesOf(pulses), ...seriesOf(loads)]);
  if (failure !== undefined) return `its metrics could not be read: ${failure}`;
  if (coverage === 0) {
    return `no metric of it in CloudWatch in the last ${span}, and missing requests alone prove nothing`;
  }
  if (coverage < policy.coverage) {
    return `its metrics cover ${Math.floor(coverage * 100)} % of the last ${span}, too little to call it idle`;
  }
  if (endpoint.mayReportByInstance && reported < policy.coverage) {
    return 'its requests may be published by instance alone (enhanced metrics), which nobody reads here';
  }
  return doubtOfHosts(endpoint, signals, seen);
}

/** Its hosts work though no request is counted: at what, nobody knows. */
function doubtOfHosts(
  endpoint: Endpoint,
  { pulses, loads }: EndpointSignals,
  { window, policy, span }: Seen,
): string | undefined {
  const peaks = [
    ...pulses.map((load) => ({ load, limit: load.of === 'CPU' ? atWorkPercent : 0 })),
    ...loads.map((load) => ({ load, limit: load.of === 'GPU' ? policy.gpuPercent : 0 })),
  ];
  const found = peaks.find(({ load, limit }) => peakOf(load, window) > limit);
  return (
    found &&
    `${found.load.of} up to ${percent(peakOf(found.load, window))} in the last ${span}, though no ${requestNoun(endpoint)} is counted`
  );
}

/** Percent of the whole, at most in a period. */
const peakOf = ({ series, whole }: Load, window: Window): number =>
  Math.min(100, (toReading('utilization', '', series, 0, window).largest / whole) * 100);
