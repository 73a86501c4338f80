import type { IsoTime } from '../../period.ts';
import { coverageOf, hoursBefore, lastWorkOf } from '../hours.ts';
import type { Series, Window } from '../metric.ts';
import type { Utilization } from '../utilization.ts';
import type { Endpoint } from './endpoint.ts';

/** What was measured of an endpoint, hour by hour. What nobody asked for is absent. */
export type EndpointSignals = {
  /** Requests, of each variant or component. */
  requests: readonly Series[];
  /** Above 0 only while a request waits or is served: the queue, open connections. */
  work: readonly Series[];
  /** What each paid variant reports as long as it is up. */
  pulses: readonly Load[];
  loads: readonly Load[];
  /** Requests of each variant that runs on several instances, by instance. */
  perInstance: readonly Series[];
};

/** How far a variant is used, as the mean of each hour. */
export type Load = {
  variant: string;
  of: 'GPU' | 'CPU' | 'provisioned concurrency';
  series: Series;
  /** The value at which all of it is used: 400 for four GPUs. */
  whole: number;
};

export type EndpointPolicy = {
  /** Minutes without request before it is idle. */
  window: number;
  /** Share of the window that must have data, 0 to 1. */
  coverage: number;
  /** Utilisation up to which a GPU counts as silent. */
  gpuPercent: number;
  /** Days to judge use by, hours of data it takes, and the 95th percentile below which it is underused. */
  underuse: { days: number; hours: number; percent: number };
};

/** `since`: since when it has been so. */
export type EndpointVerdict = { utilization: Utilization; since?: IsoTime };

/** Days looked back to find the last request. */
const lookBackDays = 14;

/** The hours to ask for; all signals share them, since a longer series costs no more. */
export const endpointWindow = (now: IsoTime, { window, underuse }: EndpointPolicy): Window =>
  // The days to judge use by end with the last midnight.
  hoursBefore(now, Math.max(lookBackDays * 1440, (underuse.days + 1) * 1440, window));

/** An endpoint that was made again under its name has the metrics of the one before: they are not its own. */
export function ownPart({ createdAt }: Endpoint, window: Window): Window {
  const { start } = hoursBefore(createdAt, 0);
  return Date.parse(start) > Date.parse(window.start) ? { ...window, start } : window;
}

/** When the newest hour with work was over, in milliseconds since the epoch. */
export function workEnd(series: readonly Series[], window: Window): number | undefined {
  const ends = series.flatMap((each) => lastWorkOf(each, window) ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

export const coverageOfAll = (series: readonly Series[], window: Window, now: IsoTime): number =>
  smallestOf(series.map((each) => coverageOf(each, window, now)));

export const smallestOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : Math.min(...values);

export const failureOf = (series: readonly Series[]): string | undefined =>
  series.find(({ failure }) => failure !== undefined)?.failure;

export const seriesOf = (loads: readonly Load[]): Series[] => loads.map(({ series }) => series);

export const requestNoun = ({ isAsync }: Endpoint): string => (isAsync ? 'request' : 'invocation');
