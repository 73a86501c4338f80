import { type IsoTime, toTime } from '../period.ts';
import { formatDuration } from './duration.ts';
import type { AcceleratorKind, Instance, InstanceTypeFacts } from './instance.ts';
import { periodSeconds, type Series, type Window } from './metric.ts';
import { startedWithin, type Utilization } from './utilization.ts';

const periodMs = periodSeconds * 1000;

/** From when on something is silent, and how much of the window has to be seen to say so. */
export type IdlePolicy = {
  /** Utilisation up to which a device counts as silent. */
  gpuPercent: number;
  /** Share of a device's memory that may be held by nothing but its driver. */
  memoryPercent: number;
  cpuPercent: number;
  /** Per direction. */
  networkBytesPerSecond: number;
  /** Share of the window's periods that must have data, 0 to 1. */
  coverage: number;
};

/** A metric that exists, and that nobody has asked for yet: each costs money. */
type Unread = 'unread';

/** One GPU, by its `index` on the instance; a metric that it doesn't report is absent. */
export type Device = {
  index: string;
  utilization?: Series | Unread | undefined;
  memoryUsedMib?: Series | Unread | undefined;
};

/** What was measured of an instance. A signal that nobody asked for, or that doesn't exist, is absent. */
export type Signals = {
  gpus: readonly Device[];
  cpuPercent?: Series | undefined;
  /** Bytes a second. */
  networkIn?: Series | undefined;
  networkOut?: Series | undefined;
};

export type Measured = {
  instance: Instance;
  /** Absent for a type that EC2 doesn't describe. */
  facts: InstanceTypeFacts | undefined;
  signals: Signals;
};

/** What it takes to call an instance idle: that nothing works there, or only that no GPU computes. */
export type Evidence = 'all' | 'gpus';

/** What to ask CloudWatch for next; of GPUs, by their index. */
export type Question =
  | { signal: 'gpu' | 'memory'; indexes: readonly string[] }
  | { signal: 'cpu' }
  | { signal: 'network' };

/**
 * Busy where any signal says so, idle only where each one that must is there and silent, unknown in every other case.
 * CPU and network may add busy to an accelerator instance, never idle.
 */
export function judgeUtilization(
  measured: Measured,
  window: Window,
  policy: IdlePolicy,
  evidence: Evidence = 'all',
): Utilization {
  const readings = toReadings(measured, window, policy);
  const seen = {
    windowStart: window.start,
    windowEnd: window.end,
    coverage: readings.length === 0 ? 0 : Math.min(...readings.map(({ coverage }) => coverage)),
  };
  const busyAt = readings.flatMap((reading) => reading.busyAt ?? []);
  if (busyAt.length > 0) {
    const lastBusy = toTime(Math.max(...busyAt));
    return { state: 'busy', reason: busyReason(measured.signals, readings, window), ...seen, lastBusy };
  }
  const doubt =
    doubtOf(measured, readings, window, policy, evidence) ??
    unmeasured(openQuestion(measured.signals, evidence));
  if (doubt !== undefined) return { state: 'unknown', reason: doubt, ...seen };
  return { state: 'idle', reason: idleReason(readings, window), ...seen };
}

/**
 * What to ask next of an instance; undefined once no answer changes the verdict. The first GPU speaks for the others
 * where it works, and what is bound to be unknown is asked nothing: a quiet CPU would not make it idle. Where only the
 * GPUs count, each of them is asked that might be at work.
 */
export function nextQuestion(
  measured: Measured,
  window: Window,
  policy: IdlePolicy,
  evidence: Evidence = 'all',
): Question | undefined {
  const readings = toReadings(measured, window, policy);
  if (readings.some(({ busyAt }) => busyAt !== undefined)) return undefined;
  const doubt =
    evidence === 'gpus'
      ? doubtOfInstance(measured, window)
      : doubtOf(measured, readings, window, policy, evidence);
  return doubt === undefined ? openQuestion(measured.signals, evidence) : undefined;
}

function openQuestion(
  { gpus, cpuPercent, networkIn, networkOut }: Signals,
  evidence: Evidence,
): Question | undefined {
  const indexes = unreadOf(gpus, 'utilization');
  if (indexes.length > 0) return { signal: 'gpu', indexes };
  if (evidence === 'gpus') return undefined;
  const memory = unreadOf(gpus, 'memoryUsedMib');
  if (memory.length > 0) return { signal: 'memory', indexes: memory };
  if (cpuPercent === undefined) return { signal: 'cpu' };
  return networkIn === undefined || networkOut === undefined ? { signal: 'network' } : undefined;
}

/** The first device, and once that is read all the others. */
function unreadOf(gpus: readonly Device[], metric: 'utilization' | 'memoryUsedMib'): string[] {
  const unread = gpus.filter((gpu) => gpu[metric] === 'unread').map(({ index }) => index);
  const isFirst = !gpus.some((gpu) => gpu[metric] !== undefined && gpu[metric] !== 'unread');
  return isFirst ? unread.slice(0, 1) : unread;
}

const unmeasured = (question: Question | undefined): string | undefined =>
  question &&
  {
    gpu: 'its GPUs were not all measured',
    memory: 'the memory of its GPUs was not measured',
    cpu: 'its CPU was not measured',
    network: 'its network was not measured',
  }[question.signal];

/** One signal of an instance against its threshold. */
type Reading = {
  signal: 'gpu' | 'memory' | 'cpu' | 'network';
  /** `GPU 3`, `CPU`, `network in`. */
  name: string;
  coverage: number;
  failure?: string | undefined;
  smallest: number;
  largest: number;
  /** The newest point above the threshold. */
  busyAt?: number | undefined;
};

function toReadings({ facts, signals }: Measured, window: Window, policy: IdlePolicy): Reading[] {
  const read = (
    signal: Reading['signal'],
    name: string,
    series: Series | Unread | undefined,
    limit: number,
  ) => (series === undefined || series === 'unread' ? [] : [toReading(signal, name, series, limit, window)]);
  const accelerators = facts?.accelerators;
  // A Neuron device has no nvidia metric: what carries its instance's id speaks of something else.
  const gpus = accelerators === undefined || accelerators.kind === 'gpu' ? signals.gpus : [];
  const memoryLimit = accelerators?.memoryMib
    ? (accelerators.memoryMib * policy.memoryPercent) / 100
    : Number.POSITIVE_INFINITY; // of an unknown size no share is known
  return [
    ...gpus.flatMap(({ index, utilization }) => read('gpu', `GPU ${index}`, utilization, policy.gpuPercent)),
    ...gpus.flatMap(({ index, memoryUsedMib }) => read('memory', `GPU ${index}`, memoryUsedMib, memoryLimit)),
    ...read('cpu', 'CPU', signals.cpuPercent, policy.cpuPercent),
    ...read('network', 'network in', signals.networkIn, policy.networkBytesPerSecond),
    ...read('network', 'network out', signals.networkOut, policy.networkBytesPerSecond),
  ];
}

function toReading(
  signal: Reading['signal'],
  name: string,
  { points, failure }: Series,
  limit: number,
  { start, end }: Window,
): Reading {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  // A reading that can't be is no reading: it counts as missing, not as silence.
  const valid = points.filter(
    ({ at, value }) => at >= from && at < to && Number.isFinite(value) && value >= 0,
  );
  const periods = new Set(valid.map(({ at }) => Math.floor((at - from) / periodMs)));
  const values = valid.map(({ value }) => value);
  const busy = valid.filter(({ value }) => value > limit).map(({ at }) => at);
  return {
    signal,
    name,
    coverage: to > from ? (periods.size * periodMs) / (to - from) : 0,
    failure,
    smallest: values.length === 0 ? 0 : Math.min(...values),
    largest: values.length === 0 ? 0 : Math.max(...values),
    ...(busy.length > 0 && { busyAt: Math.max(...busy) }),
  };
}

function busyReason({ gpus: devices }: Signals, readings: readonly Reading[], window: Window): string {
  const atWork = (signal: Reading['signal']) =>
    readings
      .filter((reading) => reading.signal === signal && reading.busyAt !== undefined)
      .toSorted((a, b) => b.largest - a.largest);
  const gpus = readings.filter(({ signal }) => signal === 'gpu');
  const span = lengthOf(window);

  const [gpu] = atWork('gpu');
  if (gpu) {
    const largest = `${gpu.name} up to ${percent(gpu.largest)}`;
    if (devices.some(({ utilization }) => utilization === 'unread')) return `${largest} in the last ${span}`;
    return `${atWork('gpu').length} of ${counted(gpus.length, 'GPU')} at work in the last ${span}: ${largest}`;
  }
  const silent = gpus.length === 0 ? '' : `, though no GPU was above ${percent(largestOf(gpus))}`;
  const [memory] = atWork('memory');
  if (memory) return `loaded, not computing: ${memory.name} held ${gib(memory.largest)} GiB${silent}`;
  const [cpu] = atWork('cpu');
  if (cpu) return `CPU up to ${percent(cpu.largest)} in the last ${span}${silent}`;
  const [network] = atWork('network');
  return `${network?.name} up to ${rate(network?.largest ?? 0)} in the last ${span}${silent}`;
}

/** Why what has been read doesn't make it idle, whatever else might be read. */
const doubtOf = (
  measured: Measured,
  readings: readonly Reading[],
  window: Window,
  policy: IdlePolicy,
  evidence: Evidence,
): string | undefined =>
  doubtOfInstance(measured, window) ??
  doubtOfQueries(readings) ??
  doubtOfAccelerators(measured, readings, window) ??
  (evidence === 'all' ? doubtOfMemory(measured) : undefined) ??
  doubtOfCoverage(readings, window, policy);

function doubtOfInstance({ instance, facts }: Measured, window: Window): string | undefined {
  if (instance.state !== 'running') return `it is ${instance.state}`;
  if (startedWithin(instance, window)) {
    return `started ${clock(instance.launchTime)}: not up through the whole window of ${lengthOf(window)}`;
  }
  if (facts === undefined)
    return `EC2 doesn't describe ${instance.instanceType}: what it should report is unknown`;
  return undefined;
}

function doubtOfQueries(readings: readonly Reading[]): string | undefined {
  const failed = readings.find(({ failure }) => failure !== undefined);
  return failed && `${failed.name} could not be read: ${failed.failure}`;
}

function doubtOfAccelerators(
  { facts, signals: { gpus } }: Measured,
  readings: readonly Reading[],
  window: Window,
): string | undefined {
  const accelerators = facts?.accelerators;
  if (accelerators === undefined) return undefined;
  if (accelerators.kind !== 'gpu')
    return `${noMetric[accelerators.kind]}, and a quiet CPU says nothing of them`;
  if (gpus.length === 0) {
    return 'no GPU metric with its instance id in CloudWatch, and a quiet CPU says nothing of a GPU';
  }
  const mute = gpus.find(({ utilization }) => utilization === undefined);
  if (mute) return `GPU ${mute.index} reports memory but no utilisation, as with MIG: missing is not idle`;
  const gone = readings.filter(({ signal, coverage }) => signal === 'gpu' && coverage === 0);
  if (gone[0] && gpus.some(({ utilization }) => utilization === 'unread')) {
    return `${gone[0].name} reported nothing in the last ${lengthOf(window)}`;
  }
  const reporting = gpus.length - gone.length;
  return reporting < accelerators.count
    ? `${reporting} of ${counted(accelerators.count, 'GPU')} reporting`
    : undefined;
}

function doubtOfMemory({ facts, signals: { gpus } }: Measured): string | undefined {
  const accelerators = facts?.accelerators;
  if (accelerators === undefined) return undefined;
  const unweighed = gpus.find(({ memoryUsedMib }) => memoryUsedMib === undefined);
  if (unweighed) {
    return `GPU ${unweighed.index} doesn't report nvidia_smi_memory_used: a loaded model can't be ruled out`;
  }
  return accelerators.memoryMib === 0
    ? `the memory of a ${accelerators.name} is unknown, and so the share held`
    : undefined;
}

/** Only the metrics of nvidia's GPUs are read: the others are seen, and never called idle. */
const noMetric: Readonly<Record<Exclude<AcceleratorKind, 'gpu'>, string>> = {
  neuron: 'its Neuron devices report no metric that is read',
  inference: 'its inference accelerators report no metric that is read',
  fpga: 'its FPGAs report no metric',
  media: 'its media accelerators report no metric',
};

function doubtOfCoverage(
  readings: readonly Reading[],
  window: Window,
  policy: IdlePolicy,
): string | undefined {
  const [worst] = readings.toSorted((a, b) => a.coverage - b.coverage);
  if (worst === undefined || worst.coverage >= policy.coverage) return undefined;
  const metric = worst.signal === 'memory' ? `${worst.name}'s memory` : worst.name;
  const share = Math.floor(worst.coverage * 100); // 89.9 % is not the 90 % it takes
  return `${metric} reported for ${share} % of the last ${lengthOf(window)}, too little to call it idle`;
}

function idleReason(readings: readonly Reading[], window: Window): string {
  const ofSignal = (signal: Reading['signal']) => readings.filter((reading) => reading.signal === signal);
  const [gpus, memory] = [ofSignal('gpu'), ofSignal('memory')];
  const coverage = `${Math.floor(Math.min(...readings.map((reading) => reading.coverage)) * 100)} % coverage`;
  const span = lengthOf(window);
  if (gpus.length === 0) {
    const traffic = rate(largestOf(ofSignal('network')));
    return `CPU at most ${percent(largestOf(ofSignal('cpu')))}, network at most ${traffic} for ${span}, ${coverage}`;
  }
  const range = rangeOf(Math.min(...gpus.map(({ smallest }) => smallest)), largestOf(gpus));
  const held = gib(memory.reduce((sum, { largest }) => sum + largest, 0));
  const memoryHeld = memory.length === 0 ? '' : `, ${held} GiB of memory held`;
  return `${gpus.length} of ${counted(gpus.length, 'GPU')} at ${range} for ${span}${memoryHeld}, ${coverage}`;
}

const largestOf = (readings: readonly Reading[]): number =>
  Math.max(0, ...readings.map(({ largest }) => largest));

const lengthOf = ({ start, end }: Window): string => formatDuration(Date.parse(end) - Date.parse(start));

const tenth = (value: number): number => Math.round(value * 10) / 10;

const percent = (value: number): string => `${tenth(value)} %`;

const rangeOf = (from: number, to: number): string =>
  tenth(from) === tenth(to) ? percent(to) : `${tenth(from)}-${percent(to)}`;

const gib = (mib: number): number => tenth(mib / 1024);

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const clock = (time: IsoTime): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;

const rate = (bytesPerSecond: number): string =>
  bytesPerSecond >= 1_000_000
    ? `${tenth(bytesPerSecond / 1_000_000)} MB/s`
    : `${tenth(bytesPerSecond / 1000)} kB/s`;
