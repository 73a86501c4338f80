import { type IsoTime, toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import { counted, percent } from '../evidence-text.ts';
import { hourMs, hoursBefore, hoursOf } from '../hours.ts';
import type { Series, Window } from '../metric.ts';
import { type Endpoint, fleetsOf, hostsComponents, isServing } from './endpoint.ts';
import {
  coverageOfAll,
  type EndpointPolicy,
  type EndpointSignals,
  endpointWindow,
  failureOf,
  type Load,
  requestNoun,
  seriesOf,
  workEnd,
} from './endpoint-signals.ts';

/** Why nobody can say that it was silent, by what SageMaker says of it; undefined where nothing stands against it. */
export function doubtOfEndpoint(
  endpoint: Endpoint,
  policy: EndpointPolicy,
  now: IsoTime,
): string | undefined {
  const { fault, status, variants, createdAt } = endpoint;
  if (fault !== undefined) return `it could not be described: ${fault}`;
  if (!isServing(endpoint)) return `its status is ${status}`;
  if (variants.length === 0) return 'it has no variant';
  const age = Date.parse(now) - Date.parse(createdAt);
  const window = policy.window * 60_000;
  return age < window
    ? `created ${formatDuration(age)} ago: not up through the whole window of ${formatDuration(window)}`
    : doubtOfComponents(endpoint, window, now);
}

/** What an inference component did counts under its name alone: once it is deleted, nothing leads to it. */
function doubtOfComponents(endpoint: Endpoint, window: number, now: IsoTime): string | undefined {
  const { components } = endpoint;
  if (components === undefined) return 'its inference components could not be listed';
  if (components.length === 0 && hostsComponents(endpoint)) {
    return 'it holds no inference component, and whether one was called before it was deleted is not known';
  }
  const youngest = youngestOf(endpoint);
  const age = Date.parse(now) - Date.parse(youngest?.createdAt ?? endpoint.createdAt);
  return youngest !== undefined && age < window
    ? `its inference component ${youngest.name} was created ${formatDuration(age)} ago: what one before it did is not known`
    : undefined;
}

const youngestOf = ({ components = [] }: Endpoint) =>
  components.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))[0];

/** The same by what CloudWatch says of the window. */
export function doubtOfSignals(
  endpoint: Endpoint,
  signals: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
): string | undefined {
  const window = hoursBefore(now, policy.window);
  const reported = coverageOfAll(signals.requests, window, now);
  const coverage = Math.max(reported, coverageOfAll(seriesOf(signals.pulses), window, now));
  return (
    doubtOfQueries(signals, coverage, policy) ??
    doubtOfCoverage(coverage, policy) ??
    (endpoint.mayReportByInstance && reported < policy.coverage ? byInstanceText : undefined) ??
    doubtOfHosts(endpoint, signals, policy, now)
  );
}

const byInstanceText =
  'its requests may be published by instance alone (enhanced metrics), which nobody reads here';

function doubtOfQueries(
  { requests, work, pulses }: EndpointSignals,
  coverage: number,
  policy: EndpointPolicy,
): string | undefined {
  const requestFailure = failureOf(requests) ?? failureOf(work);
  if (requestFailure) return `its requests could not be read: ${requestFailure}`;
  const pulseFailure = coverage < policy.coverage ? failureOf(seriesOf(pulses)) : undefined;
  return pulseFailure && `whether it was up could not be read: ${pulseFailure}`;
}

function doubtOfCoverage(coverage: number, policy: EndpointPolicy): string | undefined {
  if (coverage >= policy.coverage) return undefined;
  const span = formatDuration(policy.window * 60_000);
  return coverage === 0
    ? `no metric of it in CloudWatch in the last ${span}, and missing requests alone prove nothing`
    : `its metrics cover ${Math.floor(coverage * 100)} % of the last ${span}, too little to call it idle`;
}

/** Percent of what its hosts have: what only waits for requests doesn't come near. */
const atWorkPercent = 20;

/**
 * Its hosts work, or may, though no request is counted: as jobs in the background do, or a component that is gone. Quiet
 * they are by what they told, not by what is missing.
 */
function doubtOfHosts(
  endpoint: Endpoint,
  { pulses, loads }: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
): string | undefined {
  const window = hoursBefore(now, policy.window);
  const span = `the last ${formatDuration(policy.window * 60_000)}`;
  const silence = `though no ${requestNoun(endpoint)} is counted`;
  const half = policy.window / 60 / 2;
  for (const cpu of pulses.filter(({ of }) => of === 'CPU')) {
    const shares = sharesOf(cpu, window).toSorted((a, b) => b - a);
    const [quiet, working] = [shares.filter((share) => share <= atWorkPercent), shares[Math.ceil(half) - 1]];
    if (quiet.length >= half) continue;
    if (working === undefined || working <= atWorkPercent) {
      return `what its hosts did for most of ${span} is not known${cpu.series.failure ? `: ${cpu.series.failure}` : ''}`;
    }
    return `CPU at ${percent(working)} or more for half of ${span}, ${silence}`;
  }
  const peak = Math.max(0, ...loads.flatMap((load) => sharesOf(load, window)));
  if (peak > policy.gpuPercent) {
    return `GPU at ${percent(peak)} for an hour of ${span}, ${silence}: a component that is gone may have been called`;
  }
  const isTold = loads.length === 0 || coverageOfAll(seriesOf(loads), window, now) >= policy.coverage;
  return isTold ? undefined : `what its GPUs did in ${span} is not known, nor whether a component is gone`;
}

/** Whether its hosts worked in any hour, and be it a few: at what, nobody knows. */
export const didHostsWork = (
  { pulses }: EndpointSignals,
  { window }: EndpointPolicy,
  now: IsoTime,
): boolean =>
  pulses
    .filter(({ of }) => of === 'CPU')
    .some((cpu) => sharesOf(cpu, hoursBefore(now, window)).some((share) => share > atWorkPercent));

const sharesOf = ({ series, whole }: Load, window: Window): number[] =>
  [...hoursOf(series, window).values()].map((value) => Math.min(100, (value / whole) * 100));

/** `isExact`: then its last work was seen; else it may have been longer. */
export type Silence = { since: IsoTime; isExact: boolean };

/**
 * Since when it has been silent, as far as is looked back: since the last hour with a request, over hours alone in which
 * each of its request series reported, or each of its variants was up. Before them it may have cost nothing, or others
 * may have been asked.
 */
export function silenceOf(
  endpoint: Endpoint,
  signals: EndpointSignals,
  policy: EndpointPolicy,
  now: IsoTime,
): Silence {
  const window = endpointWindow(now, policy);
  const silent = toSilentGpus(signals.loads, policy);
  const created = Math.max(
    Date.parse(endpoint.createdAt),
    Date.parse(youngestOf(endpoint)?.createdAt ?? endpoint.createdAt),
  );
  const worked = workEnd([...signals.requests, ...signals.work, ...silent], window) ?? 0;
  const vouched = vouchedSince(signals, hoursBefore(now, policy.window), window, now);
  const since = Math.max(created, worked, vouched);
  return { since: toTime(since), isExact: since === worked || since === Date.parse(endpoint.createdAt) };
}

/** The hours of GPUs with what counts as silent left out. */
const toSilentGpus = (loads: readonly Load[], { gpuPercent }: EndpointPolicy): Series[] =>
  loads.map(({ series, whole }) => ({
    ...series,
    points: series.points.filter(({ value }) => (value / whole) * 100 > gpuPercent),
  }));

/** From the first hour of the window that is vouched for back over those before it without a gap. */
function vouchedSince(
  { requests, pulses }: EndpointSignals,
  { start }: Window,
  whole: Window,
  now: IsoTime,
): number {
  const kinds = [commonHours(requests, whole), commonHours(seriesOf(pulses), whole)];
  const isVouched = (hour: number) => kinds.some((hours) => hours.has(hour));
  let hour = Date.parse(start);
  while (!isVouched(hour) && hour + hourMs < Date.parse(now)) hour += hourMs;
  while (isVouched(hour - hourMs)) hour -= hourMs;
  return hour;
}

/** The hours in which each of the series has data. */
function commonHours(series: readonly Series[], window: Window): Set<number> {
  const [first = new Set<number>(), ...others] = series.map((each) => new Set(hoursOf(each, window).keys()));
  return others.reduce((common, hours) => common.intersection(hours), first);
}

/** `no invocation for 3 days 4 h, 2 instances of ml.g5.xlarge in service` */
export function silenceText(endpoint: Endpoint, { since, isExact }: Silence, now: IsoTime): string {
  const span = formatDuration(Date.parse(now) - Date.parse(since));
  const silence = `no ${requestNoun(endpoint)}`;
  const holding = holdingText(endpoint);
  if (since === endpoint.createdAt) return `${silence} in the ${span} since it was created, ${holding}`;
  return `${silence} for ${isExact ? '' : 'at least '}${span}, ${holding}`;
}

/** What stands ready. */
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
  return `${held.join(' and ') || 'an unknown number of instances'} in service`;
}
