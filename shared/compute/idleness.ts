import { toTime } from '../period.ts';
import { doubtOf, doubtOfInstance, doubtOfQueries } from './doubt.ts';
import { busyText, idleText, skewText } from './evidence-text.ts';
import { type Inquiry, inquiryOf, ofDevices, type Purpose } from './inquiry.ts';
import type { Window } from './metric.ts';
import { historyShare, isLoaded, mayHaveRested } from './rest.ts';
import {
  type Device,
  deviceNoun,
  devicesOf,
  hasReporters,
  type IdlePolicy,
  isRead,
  type Measured,
  type Reading,
} from './signals.ts';
import { startedWithin, type Utilization, wholeCoverage } from './utilization.ts';

/** What to ask CloudWatch for next; of devices, by their index. `history` is asked over `historyWindow`. */
export type Question =
  | { signal: DeviceSignal; indexes: readonly string[] }
  | { signal: 'cpu' }
  | { signal: 'network' };

export type DeviceSignal = 'utilization' | 'memory' | 'power' | 'history';

/**
 * Busy where any signal says so, idle only where each one that must is there and silent, unknown in every other case.
 * CPU, network and power may add busy to an accelerator instance, never idle. Memory held makes it busy until its
 * devices have been silent for the longer window. Asked how much of it is at work, it is underused where half of the
 * devices or more are silent beside others that work.
 */
export function judgeIdleness(
  measured: Measured,
  window: Window,
  policy: IdlePolicy,
  purpose: Purpose = 'idle',
): Utilization {
  const given = inquiryOf(measured, window, policy, purpose);
  const { readings } = given;
  const seen = { windowStart: window.start, windowEnd: window.end, coverage: coverageOf(given) };
  const work = workIn(given);
  if (work.length > 0) return { ...seen, ...workVerdict(given, work) };
  const doubt = doubtOf(given) ?? unmeasured(openQuestion(given), measured);
  if (doubt !== undefined) return { state: 'unknown', reason: doubt, ...seen, confidence: 'low' };
  const verdict = idleVerdict(given);
  const isRested = verdict.check === 'loaded-not-computing' && purpose !== 'devices';
  const coverage = isRested ? Math.min(seen.coverage, historyShare(given)) : seen.coverage;
  const reason = idleText(measured, readings, window, { check: verdict.check, coverage });
  return { state: 'idle', ...seen, coverage, reason, ...verdict };
}

/**
 * What to ask next of an instance; undefined once no answer changes the verdict. The first device speaks for the others
 * where it works, unless it is to be known how many do and since when. What is bound to be unknown is asked nothing but
 * whether its devices work: a quiet CPU would not make it idle.
 */
export function nextQuestion(
  measured: Measured,
  window: Window,
  policy: IdlePolicy,
  purpose: Purpose = 'idle',
): Question | undefined {
  const given = inquiryOf(measured, window, policy, purpose);
  const work = workIn(given);
  if (work.length > 0) {
    const computes = work.some(({ signal }) => signal === 'utilization');
    return purpose !== 'idle' && computes ? questionOf(measured.signals.devices, 'utilization') : undefined;
  }
  if (purpose === 'work' && mayShowWork(given)) {
    const utilization = questionOf(measured.signals.devices, 'utilization');
    if (utilization) return utilization;
  }
  const mute = measured.signals.devices.filter(({ utilization }) => utilization === undefined);
  const power = questionOf(mute, 'power');
  if (power && purpose !== 'devices') return power; // what reports no utilisation may still be seen at work
  const doubt = purpose === 'devices' ? doubtOfInstance(given) : doubtOf(given);
  return doubt === undefined ? openQuestion(given) : undefined;
}

/** The share of the window that the worst-covered device or metric reported; 0 where one doesn't report at all. */
function coverageOf({ measured: { facts, signals }, readings }: Inquiry): number {
  const isMute = signals.devices.some(({ utilization }) => utilization === undefined);
  const isMissing = facts !== undefined && hasReporters(facts) && signals.devices.length < devicesOf(facts);
  if (readings.length === 0 || isMute || isMissing) return 0;
  return Math.min(...readings.map(({ coverage, failure }) => (failure === undefined ? coverage : 0)));
}

/** The readings that say it is at work; memory only while its devices have not rested for long enough. */
function workIn(given: Inquiry): Reading[] {
  const busy = given.readings.filter(({ busyAt }) => busyAt !== undefined);
  const computing = busy.filter(({ signal }) => signal !== 'memory');
  if (computing.length > 0) return busy;
  return busy.length > 0 && !mayHaveRested(given) ? busy : [];
}

function workVerdict({ measured, readings, window, policy, purpose }: Inquiry, work: readonly Reading[]) {
  const lastBusy = toTime(Math.max(...work.flatMap(({ busyAt }) => busyAt ?? [])));
  const firstBusy = toTime(Math.min(...work.flatMap(({ busyFrom }) => busyFrom ?? [])));
  const silent = purpose === 'work' ? silentBesideWork(measured, readings, window, policy) : [];
  if (silent.length > 0) {
    const devices = ofDevices(readings);
    return {
      state: 'underused',
      check: 'not-distributed',
      reason: skewText(measured, devices, window),
      confidence: 'high',
      lastBusy,
      firstBusy,
      wastedShare: silent.length / devices.length,
    } as const;
  }
  return {
    state: 'busy',
    reason: busyText(measured, readings, work, window),
    confidence: 'high',
    lastBusy,
    firstBusy,
  } as const;
}

/**
 * The devices that did nothing all through while another was at work most of the time, where they are half of all or
 * more.
 */
function silentBesideWork(
  { instance, facts, wasSkewed }: Measured,
  readings: readonly Reading[],
  window: Window,
  policy: IdlePolicy,
): Reading[] {
  const devices = ofDevices(readings);
  const isWhole = devices.every(
    ({ coverage, failure }) => coverage >= policy.coverage && failure === undefined,
  );
  if (!facts || devices.length < Math.max(2, devicesOf(facts)) || !isWhole) return [];
  if (startedWithin(instance, window)) return [];
  const atWork = wasSkewed ? stillAtWork : mostlyAtWork;
  if (!devices.some(({ busyShare }) => busyShare > atWork)) return [];
  const silent = devices.filter(({ busyAt }) => busyAt === undefined);
  return silent.length * 2 >= devices.length ? silent : [];
}

/** Share of the window in which a device works that the others leave alone: to be told, and to be told no longer. */
const mostlyAtWork = 0.5;
const stillAtWork = 0.25;

/** An instance without accelerators has no check: it is stopped out of hours, or left alone. */
function idleVerdict(given: Inquiry): Pick<Utilization, 'check' | 'confidence' | 'wastedShare'> {
  const { measured, readings } = given;
  const isWhole =
    readings.every(({ coverage }) => coverage >= wholeCoverage) &&
    (!isLoaded(given) || historyShare(given) === 1);
  const confidence = isWhole ? 'high' : 'medium';
  if (measured.facts?.accelerators === undefined) return { confidence, wastedShare: 1 };
  if (!isLoaded(given)) return { check: 'idle-accelerator', confidence, wastedShare: 1 };
  const isWeighed = readings.some(({ signal }) => signal === 'memory');
  return { check: 'loaded-not-computing', confidence: isWeighed ? confidence : 'low', wastedShare: 1 };
}

/** What can't be called idle, for its slices or for devices that don't report, may still be seen at work. */
function mayShowWork(given: Inquiry): boolean {
  const { facts, signals } = given.measured;
  const isPart =
    signals.devices.some(({ isSliced, utilization }) => isSliced || utilization === undefined) ||
    (facts !== undefined && hasReporters(facts) && signals.devices.length < devicesOf(facts));
  return isPart && doubtOfInstance(given) === undefined && doubtOfQueries(given) === undefined;
}

function openQuestion(given: Inquiry): Question | undefined {
  const { isForeign, signals } = given.measured;
  const { devices, cpuPercent, networkIn, networkOut } = signals;
  const utilization = questionOf(devices, 'utilization');
  if (utilization || given.purpose === 'devices') return utilization;
  const ofMemory = questionOf(devices, 'memory');
  if (isLoaded(given)) {
    const history = questionOf(devices, 'history');
    if (history) return history;
  }
  const next = ofMemory ?? questionOf(devices, 'power');
  if (next || isForeign) return next;
  if (cpuPercent === undefined) return { signal: 'cpu' };
  return networkIn === undefined || networkOut === undefined ? { signal: 'network' } : undefined;
}

const fields = {
  utilization: 'utilization',
  memory: 'memoryUsedMib',
  power: 'powerWatts',
  history: 'history',
} as const satisfies Record<DeviceSignal, keyof Device>;

/** Asks the first device, and once that is read all the others. */
function questionOf(devices: readonly Device[], signal: DeviceSignal): Question | undefined {
  const field = fields[signal];
  const unread = devices.filter((device) => device[field] === 'unread').map(({ index }) => index);
  const isFirst = !devices.some((device) => isRead(device[field]));
  const indexes = isFirst ? unread.slice(0, 1) : unread;
  return indexes.length > 0 ? { signal, indexes } : undefined;
}

function unmeasured(question: Question | undefined, { facts }: Measured): string | undefined {
  const noun = deviceNoun(facts);
  return (
    question &&
    {
      utilization: `its ${noun}s were not all measured`,
      memory: `the memory of its ${noun}s was not measured`,
      power: `the power that its ${noun}s draw was not measured`,
      history: `the last hours of its ${noun}s were not measured`,
      cpu: 'its CPU was not measured',
      network: 'its network was not measured',
    }[question.signal]
  );
}

/** Whether what runs on it may hold its memory for good, by the value of its workload tag. */
export const isStandby = (workload: string | undefined, standby: readonly string[]): boolean =>
  workload !== undefined && standby.some((value) => value.toLowerCase() === workload.toLowerCase());
