import { hourMs, hoursOf } from './hours.ts';
import type { Instance, InstanceTypeFacts } from './instance.ts';
import type { Series, Window } from './metric.ts';
import { devicesOf, hasReporters, type IdlePolicy, memoryLimitOf } from './signals.ts';

/**
 * What an instance did in an hour. `held`: it was silent with device memory held, or not reported, for not long enough
 * yet to count as idle. `unknown`: not all that must speak for its silence did. `off`: it did not run.
 */
export type HourState = 'busy' | 'held' | 'idle' | 'unknown' | 'off';

/** `at` is the hour's start in milliseconds since the epoch. */
export type Hour = { at: number; state: HourState };

/** What was read of an instance: percent, MiB, Watts, and bytes a second. A signal that it doesn't report is absent. */
export type ReadSignals = {
  devices: readonly {
    utilization: Series;
    memoryUsed?: Series | undefined;
    power?: Series | undefined;
    /** Cut into slices (MIG): it shows work, and never silence. */
    isSliced?: boolean | undefined;
  }[];
  cpu?: Series | undefined;
  networkIn?: Series | undefined;
  networkOut?: Series | undefined;
};

/** Whose hours they are. */
export type HourSubject = {
  instance: Pick<Instance, 'launchTime' | 'state'>;
  /** Undefined for a type that EC2 doesn't describe: then no hour of it is ever idle. */
  facts: InstanceTypeFacts | undefined;
  /** It holds its memory for good. */
  isStandby: boolean;
};

type Course = ReadonlyMap<number, number>;

type Courses = {
  devices: { utilization: Course; memory: Course; power: Course }[];
  cpu: Course;
  traffic: Course[];
};

/**
 * Every hour of the window, whose `signals` are the largest sample or the rate of each, by the thresholds that `judgeIdleness` has: busy where any signal says so, idle only where each
 * one that must is there and silent. EC2 reports the CPU of whatever runs (CloudWatch metrics of instances, EC2 user
 * guide): an hour without anything is one in which it was off, unless it is known to have run.
 */
export function toHours(
  subject: HourSubject,
  signals: ReadSignals,
  window: Window,
  policy: IdlePolicy,
): Hour[] {
  const read = (series: Series | undefined): Course => (series ? hoursOf(series, window) : new Map());
  const courses: Courses = {
    devices: signals.devices.map(({ utilization, memoryUsed, power }) => ({
      utilization: read(utilization),
      memory: read(memoryUsed),
      power: read(power),
    })),
    cpu: read(signals.cpu),
    traffic: [read(signals.networkIn), read(signals.networkOut)],
  };
  const mayBeSilent = speaksForSilence(subject.facts, signals);
  const hours: Hour[] = [];
  let silent = 0;
  for (let at = Date.parse(window.start); at < Date.parse(window.end); at += hourMs) {
    const state = isBusy(courses, subject.facts, policy, at)
      ? 'busy'
      : quietState(subject, signals, courses, { policy, at, mayBeSilent });
    silent = state === 'idle' || state === 'held' ? silent + 1 : 0;
    const hasRested = !subject.isStandby && silent * 60 > policy.loadedWindow;
    hours.push({ at, state: state === 'held' && hasRested ? 'idle' : state });
  }
  return hours;
}

/** Whether silence of these devices can mean anything: all of them report, whole ones, in percent. */
function speaksForSilence(facts: InstanceTypeFacts | undefined, { devices }: ReadSignals): boolean {
  if (facts === undefined) return false;
  if (facts.accelerators === undefined) return true;
  if (!hasReporters(facts) || devices.length < devicesOf(facts)) return false;
  return !devices.some(({ utilization, isSliced }) => isSliced || mayBeShares(utilization));
}

/** What reports shares of 1 for percent looks silent at full work. */
function mayBeShares({ points }: Series): boolean {
  const largest = points.reduce((most, { value }) => Math.max(most, value), 0);
  return largest > 0 && largest <= 1 && points.some(({ value }) => !Number.isInteger(value));
}

function isBusy(
  { devices, cpu, traffic }: Courses,
  facts: InstanceTypeFacts | undefined,
  policy: IdlePolicy,
  at: number,
): boolean {
  const isAbove = (course: Course, limit: number) => (course.get(at) ?? 0) > limit;
  const works = devices.some(
    ({ utilization, power }) =>
      isAbove(utilization, policy.gpuPercent) || (facts?.accelerators && isAbove(power, policy.powerWatts)),
  );
  return (
    works ||
    isAbove(cpu, policy.cpuPercent) ||
    traffic.some((course) => isAbove(course, policy.networkBytesPerSecond))
  );
}

type Asked = { policy: IdlePolicy; at: number; mayBeSilent: boolean };

function quietState(
  { instance, facts }: HourSubject,
  signals: ReadSignals,
  { devices, cpu, traffic }: Courses,
  { policy, at, mayBeSilent }: Asked,
): HourState {
  const hasReported =
    cpu.has(at) || devices.some(({ utilization, memory }) => utilization.has(at) || memory.has(at));
  if (!hasReported) {
    const hasRun = instance.state === 'running' && Date.parse(instance.launchTime) <= at;
    return hasRun || signals.cpu?.failure !== undefined ? 'unknown' : 'off';
  }
  const isWhole =
    cpu.has(at) &&
    traffic.every((course) => course.has(at)) &&
    devices.every(({ utilization }) => utilization.has(at));
  if (!mayBeSilent || !isWhole) return 'unknown';
  const limit = memoryLimitOf(facts, policy);
  const isFree = devices.every(({ memory }) => (memory.get(at) ?? Number.POSITIVE_INFINITY) <= limit);
  return isFree && (devices.length === 0 || Number.isFinite(limit)) ? 'idle' : 'held';
}
