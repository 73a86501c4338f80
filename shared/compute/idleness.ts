import { addMilliseconds, type IsoTime, toTime } from '../period.ts';
import { busyText, counted, idleText, lengthOf, skewText } from './evidence-text.ts';
import type { AcceleratorKind } from './instance.ts';
import { periodSeconds, type Series, type Window } from './metric.ts';
import {
  type Device,
  deviceNoun,
  devicesOf,
  hasReporters,
  type IdlePolicy,
  isRead,
  type Measured,
  type Reading,
  type Signal,
  toReading,
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

/** The time in which what holds memory has to be silent before it counts as idle. */
export const historyWindow = (
  { end }: Window,
  { loadedWindow }: Pick<IdlePolicy, 'loadedWindow'>,
): Window => ({
  start: addMilliseconds(end, -loadedWindow * 60_000),
  end,
});

/** An instance in a window, and what has been read of it. */
type Case = {
  measured: Measured;
  readings: readonly Reading[];
  window: Window;
  policy: IdlePolicy;
  purpose: Purpose;
};

const caseOf = (measured: Measured, window: Window, policy: IdlePolicy, purpose: Purpose): Case => ({
  measured,
  readings: toReadings(measured, window, policy),
  window,
  policy,
  purpose,
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
  const given = caseOf(measured, window, policy, purpose);
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
  const given = caseOf(measured, window, policy, purpose);
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
function coverageOf({ measured: { facts, signals }, readings }: Case): number {
  const isMute = signals.devices.some(({ utilization }) => utilization === undefined);
  const isMissing = facts !== undefined && hasReporters(facts) && signals.devices.length < devicesOf(facts);
  if (readings.length === 0 || isMute || isMissing) return 0;
  return Math.min(...readings.map(({ coverage, failure }) => (failure === undefined ? coverage : 0)));
}

/** The readings that say it is at work; memory only while its devices have not rested for long enough. */
function workIn(given: Case): Reading[] {
  const busy = given.readings.filter(({ busyAt }) => busyAt !== undefined);
  const computing = busy.filter(({ signal }) => signal !== 'memory');
  if (computing.length > 0) return busy;
  return busy.length > 0 && !mayHaveRested(given) ? busy : [];
}

function workVerdict({ measured, readings, window, policy, purpose }: Case, work: readonly Reading[]) {
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

const ofDevices = (readings: readonly Reading[]): Reading[] =>
  readings.filter(({ signal }) => signal === 'utilization');

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
function idleVerdict(given: Case): Pick<Utilization, 'check' | 'confidence' | 'wastedShare'> {
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

/** From there on nothing that matters was missed. */
const wholeCoverage = 0.98;

/** What can't be called idle, for its slices or for devices that don't report, may still be seen at work. */
function mayShowWork(given: Case): boolean {
  const { facts, signals } = given.measured;
  const isPart =
    signals.devices.some(({ isSliced, utilization }) => isSliced || utilization === undefined) ||
    (facts !== undefined && hasReporters(facts) && signals.devices.length < devicesOf(facts));
  return isPart && doubtOfInstance(given) === undefined && doubtOfQueries(given) === undefined;
}

function openQuestion(given: Case): Question | undefined {
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

/** Whether it covers the longer window, all of it silent. */
function isSilent(history: Signal, given: Case): boolean {
  if (!isRead(history)) return false;
  const { coverage, busyAt, failure } = restOf(history, given);
  return failure === undefined && busyAt === undefined && coverage >= requiredCoverage(given);
}

const restOf = (history: Series, { window, policy }: Case): Reading =>
  toReading('utilization', 'history', history, policy.gpuPercent, historyWindow(window, policy));

/** The share of the longer window that the worst-covered device reported. */
const historyShare = (given: Case): number =>
  Math.min(
    ...given.measured.signals.devices.map(({ history }) =>
      isRead(history) ? restOf(history, given).coverage : 0,
    ),
  );

/**
 * How much of a silence has to be seen. A stop can't be taken back: for it every period of every signal counts, since
 * work may be what is missing. To tell of it what the policy asks for is enough.
 */
const requiredCoverage = ({ purpose, policy }: Case): number => (purpose === 'idle' ? 1 : policy.coverage);

/** Why what has been read doesn't make it idle, whatever else might be read. */
const doubtOf = (given: Case): string | undefined =>
  doubtOfInstance(given) ??
  doubtOfQueries(given) ??
  doubtOfAccelerators(given) ??
  doubtOfUnits(given) ??
  (given.purpose === 'devices' ? undefined : doubtOfMemory(given)) ??
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
  const sliced = devices.find(({ isSliced }) => isSliced);
  if (sliced) return `${noun} ${sliced.index} is cut into slices (MIG), of which some may not report`;
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

function doubtOfCoverage(given: Case): string | undefined {
  const { readings, window, policy } = given;
  const [worst] = readings.toSorted((a, b) => a.coverage - b.coverage);
  if (worst === undefined) return undefined;
  const share = Math.floor(worst.coverage * 100); // 89.9 % is not the 90 % it takes
  const seen = `${metricName(worst)} reported for ${share} % of the last ${lengthOf(window)}`;
  if (worst.coverage < policy.coverage) return `${seen}, too little to call it idle`;
  return worst.coverage < requiredCoverage(given)
    ? `${seen}: work may be what is missing, and a stop can't be taken back`
    : undefined;
}

/** What reports shares of 1 for percent looks silent at full work. A GPU's own counters are whole percents. */
function doubtOfUnits({ readings }: Case): string | undefined {
  const odd = ofDevices(readings).find(
    ({ largest, hasFractions }) => hasFractions && largest > 0 && largest <= 1,
  );
  return (
    odd && `${odd.name} reports at most ${odd.largest}, in fractions: it may be a share of 1, not percent`
  );
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

const clock = (time: IsoTime): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;

/** Whether what runs on it may hold its memory for good, by the value of its workload tag. */
export const isStandby = (workload: string | undefined, standby: readonly string[]): boolean =>
  workload !== undefined && standby.some((value) => value.toLowerCase() === workload.toLowerCase());
