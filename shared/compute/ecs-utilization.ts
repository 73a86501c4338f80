import { toTime } from '../period.ts';
import { largestOf, lengthOf, percent, rate } from './evidence-text.ts';
import type { Series, Window } from './metric.ts';
import { type IdlePolicy, type Reading, toReading } from './signals.ts';
import type { Utilization } from './utilization.ts';

/** What was measured of an ECS service. */
export type ServiceSignals = {
  /** Percent of the CPU that its tasks reserve, of the busiest of them. */
  cpuPercent: Series;
  /** Of each load balancer that it is behind, what is told of its target groups. */
  balancers: readonly (readonly TargetGroup[])[];
  /** Bytes a second in and out of its tasks; empty where Container Insights doesn't tell. */
  network: readonly { name: string; bytesPerSecond: Series }[];
};

/** A target group of an Application Load Balancer; without `healthyHosts` nothing tells of it. */
export type TargetGroup = {
  name: string;
  /** Nothing is published where there are none (ELB user guide: "reported if there is a nonzero value"). */
  requests?: Series | undefined;
  /** Published as long as targets are registered: the sign that requests would have been told. */
  healthyHosts?: Series | undefined;
};

/**
 * Busy where its CPU is above the limit, a request came in, or its network was used; idle only where each of them is told for
 * every period of the window and silent. Without a load balancer and Container Insights its CPU alone speaks for it, and
 * the verdict is of medium confidence. Unknown in every other case.
 */
export function judgeService(signals: ServiceSignals, window: Window, policy: IdlePolicy): Utilization {
  const cpu = toReading('cpu', 'CPU', signals.cpuPercent, policy.cpuPercent, window);
  const groups = signals.balancers.map((balancer) => balancer.map((group) => toView(group, window)));
  const requests = groups.flat().flatMap(({ requests }) => requests ?? []);
  const network = signals.network.map(({ name, bytesPerSecond }) =>
    toReading('network', name, bytesPerSecond, policy.networkBytesPerSecond, window),
  );
  const pulses = groups.flat().flatMap(({ pulse }) => (pulse && pulse.coverage > 0 ? [pulse] : []));
  const coverage = Math.min(...[cpu, ...pulses, ...network].map(trustedCoverage));
  const seen = { windowStart: window.start, windowEnd: window.end, coverage };
  const work = [cpu, ...requests, ...network].filter(({ busyAt }) => busyAt !== undefined);
  if (work.length > 0) {
    const lastBusy = toTime(Math.max(...work.flatMap(({ busyAt }) => busyAt ?? [])));
    const firstBusy = toTime(Math.min(...work.flatMap(({ busyFrom }) => busyFrom ?? [])));
    const reason = workText(work, window);
    return { ...seen, state: 'busy', reason, confidence: 'high', lastBusy, firstBusy };
  }
  const doubt =
    doubtOf(cpu, window) ??
    groups.map((balancer) => doubtOfBalancer(balancer, window)).find((each) => each !== undefined) ??
    network.map((reading) => doubtOf(reading, window)).find((each) => each !== undefined);
  if (doubt !== undefined) return { ...seen, state: 'unknown', reason: doubt, confidence: 'low' };
  const isSeen = groups.length > 0 || network.length > 0;
  const reason = [
    `CPU at most ${percent(cpu.largest)}`,
    ...(groups.length > 0 ? ['no request'] : []),
    ...(network.length > 0 ? [`network at most ${rate(largestOf(network))}`] : []),
  ].join(', ');
  return {
    ...seen,
    state: 'idle',
    reason: `${reason} for ${lengthOf(window)}, ${Math.floor(coverage * 100)} % coverage`,
    confidence: isSeen ? 'high' : 'medium',
    wastedShare: 1,
  };
}

/** What is told of a target group against nothing at all: one request is work. */
type View = { name: string; requests: Reading | undefined; pulse: Reading | undefined };

const toView = ({ name, requests, healthyHosts }: TargetGroup, window: Window): View => ({
  name,
  requests: requests && toReading('network', `requests to ${name}`, requests, 0, window),
  pulse: healthyHosts && toReading('network', name, healthyHosts, Number.MAX_VALUE, window),
});

const trustedCoverage = ({ coverage, failure }: Reading): number => (failure === undefined ? coverage : 0);

function workText(work: readonly Reading[], window: Window): string {
  const [first] = work;
  const span = `in the last ${lengthOf(window)}`;
  if (first?.signal === 'cpu') return `CPU up to ${percent(first.largest)} ${span}`;
  const [request] = work.filter(({ name }) => name.startsWith('requests'));
  if (request) return `${request.name} ${span}, up to ${Math.round(request.largest)} in 5 min`;
  return `${first?.name} up to ${rate(first?.largest ?? 0)} ${span}`;
}

/** A period that nobody told of may have been the one with the work. */
function doubtOf({ name, coverage, failure, gaps }: Reading, window: Window): string | undefined {
  if (failure !== undefined) return `its ${name} could not be read: ${failure}`;
  if (coverage === 0) return `nothing tells of its ${name}: missing is not idle`;
  return gaps.length === 0
    ? undefined
    : `its ${name} was told for ${Math.floor(coverage * 100)} % of the last ${lengthOf(window)}: missing is not idle`;
}

/** One of a balancer's groups has targets all the time, and the requests of all of them could be read. */
function doubtOfBalancer(groups: readonly View[], window: Window): string | undefined {
  const failed = groups.find(({ requests }) => requests?.failure !== undefined);
  if (failed) return `the requests to ${failed.name} could not be read: ${failed.requests?.failure}`;
  const isTold = ({ pulse }: View): boolean => pulse !== undefined && doubtOf(pulse, window) === undefined;
  if (groups.some(isTold)) return undefined;
  const names = groups.map(({ name }) => name).join(' or ') || 'its load balancer';
  return `no Application Load Balancer tells of ${names} all through the last ${lengthOf(window)}: missing is not idle`;
}
