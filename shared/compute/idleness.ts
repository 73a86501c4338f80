import { type IsoTime, toTime } from '../period.ts';
import { busyText, idleText, lengthOf, skewText } from './evidence-text.ts';
import type { AcceleratorKind } from './instance.ts';
import { periodSeconds, type Window } from './metric.ts';
import {
  type Device,
  deviceNoun,
  devicesOf,
  type IdlePolicy,
  isRead,
  isValid,
  type Measured,
  type Reading,
  type Signal,
  toReadings,
} from './signals.ts';
import { startedWithin, type Utilization } from './utilization.ts';

/**
 * What is to be found out: whether it is `idle`, which any sign of work answers; how much of it is at `work`, which
 * takes every device; or only whether its `devices` compute again.
 */
export type Purpose = 'idle' | 'work' | 'devices';

/** What to ask CloudWatch for next; of devices, by their index. `history` is asked over `historyWindow`. */
export type Question =
  | { signal: DeviceSignal; indexes: readonly string[] }
  | { signal: 'cpu' }
  | { signal: 'network' };

export type DeviceSignal = 'utilization' | 'memory' | 'power' | 'history';

const hourMs = 3_600_000;

/** The whole hours in which what holds memory has to be silent before it counts as idle. */
export function historyWindow({ end }: Window, { loadedWindow }: Pick<IdlePolicy, 'loadedWindow'>): Window {
  const last = Math.floor(Date.parse(end) / hourMs) * hourMs;
  return { start: toTime(last - Math.ceil(loadedWindow / 60) * hourMs), end: toTime(last) };
}

/** An instance in a window, and what has been read of it. */
type Case = { measured: Measured; readings: readonly Reading[]; window: Window; policy: IdlePolicy };

const caseOf = (measured: Measured, window: Window, policy: IdlePolicy): Case => ({
  measured,
  readings: toReadings(measured, window, policy),
  window,
  policy,
});

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
  const given = caseOf(measured, window, policy);
  const { readings } = given;
  const seen = {
    windowStart: window.start,
    windowEnd: window.end,
    coverage: readings.length === 0 ? 0 : Math.min(...readings.map(({ coverage }) => coverage)),
  };
  const work = workIn(given);
  if (work.length > 0) return { ...seen, ...workVerdict(given, work, purpose) };
  const doubt = doubtOf(given, purpose) ?? unmeasured(openQuestion(given, purpose), measured);
  if (doubt !== undefined) return { state: 'unknown', reason: doubt, ...seen, confidence: 'low' };
  const verdict = idleVerdict(given);
  return { state: 'idle', reason: idleText(measured, readings, window, verdict.check), ...seen, ...verdict };
}

/**
 * What to ask next of an instance; undefined once no answer changes the verdict. The first device speaks for the others
 * where it works, unless it is to be known how many do, and what is bound to be unknown is asked nothing: a quiet CPU
 * would not make it idle. Where only the devices count, each of them is asked that might be at work.
 */
export function nextQuestion(
  measured: Measured,
  window: Window,
  policy: IdlePolicy,
  purpose: Purpose = 'idle',
): Question | undefined {
  const given = caseOf(measured, window, policy);
  const work = workIn(given);
  if (work.length > 0) {
    const computes = work.some(({ signal }) => signal === 'utilization');
    return purpose === 'work' && computes ? otherDevices(measured) : undefined;
  }
  const mute = measured.signals.devices.filter(({ utilization }) => utilization === undefined);
  const power = questionOf(mute, 'power');
  if (power && purpose !== 'devices') return power; // what reports no utilisation may still be seen at work
  const doubt = purpose === 'devices' ? doubtOfInstance(given) : doubtOf(given, purpose);
  return doubt === undefined ? openQuestion(given, purpose) : undefined;
}

/** The readings that say it is at work; memory only while its devices have not rested for long enough. */
function workIn(given: Case): Reading[] {
  const busy = given.readings.filter(({ busyAt }) => busyAt !== undefined);
  const computing = busy.filter(({ signal }) => signal !== 'memory');
  if (computing.length > 0) return busy;
  return busy.length > 0 && !mayHaveRested(given) ? busy : [];
}

function workVerdict(
  { measured, readings, window, policy }: Case,
  work: readonly Reading[],
  purpose: Purpose,
) {
  const lastBusy = toTime(Math.max(...work.flatMap(({ busyAt }) => busyAt ?? [])));
  const silent = purpose === 'work' ? silentBesideWork(measured, readings, window, policy) : [];
  if (silent.length > 0) {
    const devices = ofDevices(readings);
    return {
      state: 'underused',
      check: 'not-distributed',
      reason: skewText(measured, devices, window),
      confidence: 'high',
      lastBusy,
      wastedShare: silent.length / devices.length,
    } as const;
  }
  return {
    state: 'busy',
    reason: busyText(measured, readings, work, window),
    confidence: 'high',
    lastBusy,
  } as const;
}

const ofDevices = (readings: readonly Reading[]): Reading[] =>
  readings.filter(({ signal }) => signal === 'utilization');

/**
 * The devices that did nothing all through while another was at work most of the time, where they are half of all or
 * more.
 */
function silentBesideWork(
  { instance, facts }: Measured,
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
  if (!devices.some(({ busyShare }) => busyShare > 0.5)) return [];
  const silent = devices.filter(({ busyAt }) => busyAt === undefined);
  return silent.length * 2 >= devices.length ? silent : [];
}

/** An instance without accelerators has no check: it is stopped out of hours, or left alone. */
function idleVerdict(given: Case): Pick<Utilization, 'check' | 'confidence' | 'wastedShare'> {
  const { measured, readings } = given;
  const confidence = readings.every(({ coverage }) => coverage >= wholeCoverage) ? 'high' : 'medium';
  if (measured.facts?.accelerators === undefined) return { confidence, wastedShare: 1 };
  if (!isLoaded(given)) return { check: 'idle-accelerator', confidence, wastedShare: 1 };
  const isWeighed = readings.some(({ signal }) => signal === 'memory');
  return { check: 'loaded-not-computing', confidence: isWeighed ? confidence : 'low', wastedShare: 1 };
}

/** From there on nothing that matters was missed. */
const wholeCoverage = 0.98;

/** Skew shows only where all devices report that should. */
function otherDevices({ facts, signals: { devices } }: Measured): Question | undefined {
  const mayTell = facts !== undefined && devices.length > 1 && devices.length >= devicesOf(facts);
  return mayTell ? questionOf(devices, 'utilization') : undefined;
}

function openQuestion(given: Case, purpose: Purpose): Question | undefined {
  const { isForeign, signals } = given.measured;
  const { devices, cpuPercent, networkIn, networkOut } = signals;
  const utilization = questionOf(devices, 'utilization');
  if (utilization || purpose === 'devices') return utilization;
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

/** Whether its memory is held as far as it is read, or can't be weighed: then the longer window decides. */
const isLoaded = ({ measured, readings }: Case): boolean =>
  readings.some(({ signal, busyAt }) => signal === 'memory' && busyAt !== undefined) ||
  !isWeighable(measured);

const isWeighable = ({ facts, signals: { devices } }: Measured): boolean =>
  facts?.accelerators === undefined ||
  (facts.accelerators.memoryMib > 0 && devices.every(({ memoryUsedMib }) => memoryUsedMib !== undefined));

/** Whether the devices have been silent through the longer window, or nobody has asked yet. */
const mayHaveRested = (given: Case): boolean => {
  const { measured, window, policy } = given;
  if (measured.isStandby) return false;
  const { start } = historyWindow(window, policy);
  if (Date.parse(measured.instance.launchTime) > Date.parse(start)) return false; // not up for so long
  return measured.signals.devices.every(({ history }) => isSilent(history, given) || history === 'unread');
};

/** Whether hourly maxima cover the longer window, all of them silent. */
function isSilent(history: Signal, { window, policy }: Case): boolean {
  if (!isRead(history) || history.failure !== undefined) return false;
  const { start, end } = historyWindow(window, policy);
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const points = history.points.filter(({ at, value }) => at >= from && at < to && isValid(value));
  const hours = new Set(points.map(({ at }) => Math.floor(at / hourMs)));
  const isCovered = hours.size * hourMs >= policy.coverage * (to - from);
  return isCovered && points.every(({ value }) => value <= policy.gpuPercent);
}

/** Why what has been read doesn't make it idle, whatever else might be read. */
const doubtOf = (given: Case, purpose: Purpose): string | undefined =>
  doubtOfInstance(given) ??
  doubtOfQueries(given) ??
  doubtOfAccelerators(given) ??
  (purpose === 'devices' ? undefined : doubtOfMemory(given)) ??
  doubtOfCoverage(given) ??
  doubtOfGaps(given);

function doubtOfInstance({ measured: { instance, facts }, window }: Case): string | undefined {
  if (instance.state !== 'running') return `it is ${instance.state}`;
  if (startedWithin(instance, window)) {
    return `started ${clock(instance.launchTime)}: not up through the whole window of ${lengthOf(window)}`;
  }
  return facts === undefined
    ? `EC2 doesn't describe ${instance.instanceType}: what it should report is unknown`
    : undefined;
}

function doubtOfQueries({ readings }: Case): string | undefined {
  const failed = readings.find(({ failure }) => failure !== undefined);
  return failed && `${failed.name} could not be read: ${failed.failure}`;
}

function doubtOfAccelerators({ measured, readings, window }: Case): string | undefined {
  const { facts, signals, unreadable } = measured;
  if (facts?.accelerators === undefined) return undefined;
  const { kind } = facts.accelerators;
  if (kind !== 'gpu' && kind !== 'neuron') {
    return `${noMetric[kind]}, and a quiet CPU says nothing of them`;
  }
  const { devices } = signals;
  const noun = deviceNoun(facts);
  if (unreadable !== undefined && devices.length < devicesOf(facts)) {
    return `${devices.length} of ${counted(devicesOf(facts), noun)} seen: ${unreadable}`;
  }
  if (devices.length === 0)
    return `no ${noun} metric of it in CloudWatch, and a quiet CPU says nothing of a ${noun}`;
  const mute = devices.find(({ utilization }) => utilization === undefined);
  if (mute) return `${noun} ${mute.index} reports no utilisation, as with MIG: missing is not idle`;
  const gone = ofDevices(readings).filter(({ coverage }) => coverage === 0);
  if (gone[0] && devices.some(({ utilization }) => utilization === 'unread')) {
    return `${gone[0].name} reported nothing in the last ${lengthOf(window)}`;
  }
  const expected = devicesOf(facts);
  const reporting = devices.length - gone.length;
  return reporting < expected ? `${reporting} of ${counted(expected, noun)} reporting` : undefined;
}

/** Only the metrics of GPUs and NeuronCores are read: the others are seen, and never called idle. */
const noMetric: Readonly<Record<Exclude<AcceleratorKind, 'gpu' | 'neuron'>, string>> = {
  inference: 'its inference accelerators report no metric that is read',
  fpga: 'its FPGAs report no metric',
  media: 'its media accelerators report no metric',
};

/** What can't be weighed may hold a model, unless it has been silent for so long that this doesn't matter. */
function doubtOfMemory(given: Case): string | undefined {
  const { facts, signals } = given.measured;
  if (isWeighable(given.measured) || mayHaveRested(given)) return undefined;
  const hours = Math.round(given.policy.loadedWindow / 60);
  const mute = signals.devices.find(({ memoryUsedMib }) => memoryUsedMib === undefined);
  const unweighed = mute
    ? `${deviceNoun(facts)} ${mute.index} doesn't report the memory it holds`
    : `the memory of a ${facts?.accelerators?.name} is unknown, and so the share held`;
  return `${unweighed}: a loaded model can't be ruled out before ${hours} h of silence`;
}

function doubtOfCoverage({ readings, window, policy }: Case): string | undefined {
  const [worst] = readings.toSorted((a, b) => a.coverage - b.coverage);
  if (worst === undefined || worst.coverage >= policy.coverage) return undefined;
  const share = Math.floor(worst.coverage * 100); // 89.9 % is not the 90 % it takes
  return `${metricName(worst)} reported for ${share} % of the last ${lengthOf(window)}, too little to call it idle`;
}

/** In a gap of one device's metric only the instance's own CPU and network can vouch for silence. */
function doubtOfGaps({ measured, readings, window }: Case): string | undefined {
  if (measured.facts?.accelerators === undefined) return undefined;
  const vouching = readings.filter(({ signal }) => signal === 'cpu' || signal === 'network');
  const unvouched = new Set(vouching.flatMap(({ gaps }) => gaps));
  for (const { name, gaps } of ofDevices(readings)) {
    const gap = gaps.find((place) => measured.isForeign || unvouched.has(place));
    if (gap !== undefined) {
      const at = clock(toTime(Date.parse(window.start) + gap * periodSeconds * 1000));
      return `${name} reported nothing at ${at}, and nothing else vouches for its silence`;
    }
  }
  return undefined;
}

const metricName = ({ signal, name }: Reading): string =>
  signal === 'memory' || signal === 'power' ? `${name}'s ${signal}` : name;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const clock = (time: IsoTime): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;

/** Whether what runs on it may hold its memory for good, by the value of its workload tag. */
export const isStandby = (workload: string | undefined, standby: readonly string[]): boolean =>
  workload !== undefined && standby.some((value) => value.toLowerCase() === workload.toLowerCase());
