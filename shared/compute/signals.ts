import type { Instance, InstanceTypeFacts } from './instance.ts';
import { periodSeconds, type Series, type Window } from './metric.ts';

/** From when on something is silent, and how much of the window has to be seen to say so. */
export type IdlePolicy = {
  /** Utilisation up to which a device counts as silent. */
  gpuPercent: number;
  /** Share of a device's memory that may be held by nothing but its driver. */
  memoryPercent: number;
  /** A device that draws more is at work. */
  powerWatts: number;
  cpuPercent: number;
  /** Per direction. */
  networkBytesPerSecond: number;
  /** Share of the window's periods that must have data, 0 to 1. */
  coverage: number;
  /** Minutes after which a device that holds memory, or doesn't report it, is idle too. */
  loadedWindow: number;
};

/** A metric that exists, and that nobody has asked for yet: each costs money. */
type Unread = 'unread';

/** A metric of a device: its points, not read yet, or absent where the device doesn't report it. */
export type Signal = Series | Unread | undefined;

/** One device, by its `index` on the instance. */
export type Device = {
  index: string;
  /** Percent. */
  utilization?: Signal;
  memoryUsedMib?: Signal;
  powerWatts?: Signal;
  /** Its utilisation over the longer window, in which what is loaded has to be silent. */
  history?: Signal;
  /** Cut into slices: see `DeviceMetrics`. */
  isSliced?: boolean | undefined;
};

/** What was measured of an instance. A signal that nobody asked for, or that doesn't exist, is absent. */
export type Signals = {
  devices: readonly Device[];
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
  /** What holds its memory for good: a warm standby. */
  isStandby?: boolean | undefined;
  /** EC2 reports nothing of it to this account: its devices have to speak for themselves. */
  isForeign?: boolean | undefined;
  /** It was found to work on a part of its devices before: then less is enough to find it again. */
  wasSkewed?: boolean | undefined;
  /** Where metrics of its devices may be that could not be read, and why. */
  unreadable?: string | undefined;
};

export type SignalName = 'utilization' | 'memory' | 'power' | 'cpu' | 'network';

/** One signal over the window against its threshold. */
export type Reading = {
  signal: SignalName;
  /** `GPU 3`, `CPU`, `network in`. */
  name: string;
  /** Share of the window's periods with data, 0 to 1. */
  coverage: number;
  failure?: string | undefined;
  smallest: number;
  largest: number;
  /** The newest point above the threshold, and the oldest. */
  busyAt?: number | undefined;
  busyFrom?: number | undefined;
  /** Share of the window's periods above the threshold, 0 to 1. */
  busyShare: number;
  /** The periods without data, by their place in the window. */
  gaps: readonly number[];
  /** Whether a value lies between two whole numbers. */
  hasFractions: boolean;
};

const periodMs = periodSeconds * 1000;

export const isRead = (signal: Signal): signal is Series => signal !== undefined && signal !== 'unread';

/** What a device of the instance is called, and how many of them should report. */
export function deviceNoun(facts: InstanceTypeFacts | undefined): string {
  return facts?.accelerators?.kind === 'neuron' ? 'NeuronCore' : 'GPU';
}

/** Whether there are devices of a kind that report to CloudWatch. */
export const hasReporters = ({ accelerators }: InstanceTypeFacts): boolean =>
  accelerators?.kind === 'gpu' || accelerators?.kind === 'neuron';

export const devicesOf = (facts: InstanceTypeFacts): number =>
  facts.accelerators === undefined ? 0 : facts.accelerators.count * facts.accelerators.cores;

/** Every signal that was read, each against its threshold. */
export function toReadings({ facts, signals }: Measured, window: Window, policy: IdlePolicy): Reading[] {
  const noun = deviceNoun(facts);
  const reading = (signal: SignalName, name: string, series: Signal, limit: number) =>
    isRead(series) ? [toReading(signal, name, series, limit, window)] : [];
  const { devices } = signals;
  const memoryLimit = memoryLimitOf(facts, policy);
  return [
    ...devices.flatMap(({ index, utilization }) =>
      reading('utilization', `${noun} ${index}`, utilization, policy.gpuPercent),
    ),
    ...devices.flatMap(({ index, memoryUsedMib }) =>
      reading('memory', `${noun} ${index}`, memoryUsedMib, memoryLimit),
    ),
    ...devices.flatMap(({ index, powerWatts }) =>
      reading('power', `${noun} ${index}`, powerWatts, policy.powerWatts),
    ),
    ...reading('cpu', 'CPU', signals.cpuPercent, policy.cpuPercent),
    ...reading('network', 'network in', signals.networkIn, policy.networkBytesPerSecond),
    ...reading('network', 'network out', signals.networkOut, policy.networkBytesPerSecond),
  ];
}

/** MiB that may be held; of an unknown size no share is known. */
export function memoryLimitOf(facts: InstanceTypeFacts | undefined, { memoryPercent }: IdlePolicy): number {
  const { memoryMib = 0, cores = 1 } = facts?.accelerators ?? {};
  return memoryMib > 0 ? ((memoryMib / cores) * memoryPercent) / 100 : Number.POSITIVE_INFINITY;
}

export function toReading(
  signal: SignalName,
  name: string,
  { points, failure }: Series,
  limit: number,
  { start, end }: Window,
): Reading {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const count = Math.max(0, Math.round((to - from) / periodMs));
  const [seen, above] = [new Uint8Array(count), new Uint8Array(count)];
  let [smallest, largest] = [Number.POSITIVE_INFINITY, 0];
  let hasFractions = false;
  let [busyFrom, busyAt] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { at, value } of points) {
    if (!isValid(value) || at < from || at >= to) continue;
    const place = Math.floor((at - from) / periodMs);
    seen[place] = 1;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
    hasFractions ||= !Number.isInteger(value);
    if (value > limit) {
      above[place] = 1;
      busyAt = Math.max(busyAt, at);
      busyFrom = Math.min(busyFrom, at);
    }
  }
  const gaps = seen.includes(0) ? [...seen.keys()].filter((place) => seen[place] === 0) : [];
  return {
    signal,
    name,
    coverage: count > 0 ? (count - gaps.length) / count : 0,
    failure,
    smallest: Math.min(smallest, largest),
    largest,
    ...(busyAt >= from && { busyAt, busyFrom }),
    busyShare: count > 0 ? above.reduce((sum, one) => sum + one, 0) / count : 0,
    gaps,
    hasFractions,
  };
}

/** A reading that can't be is no reading: it counts as missing, not as silence. */
export const isValid = (value: number): boolean => Number.isFinite(value) && value >= 0;
