import type { InstanceTypeFacts } from '../../shared/compute/instance.ts';
import type { Point, Series, Window } from '../../shared/compute/metric.ts';
import type { Signals } from '../../shared/compute/signals.ts';
import type { Course } from '../../shared/compute/underuse.ts';

/** What an instance does, minute by minute since the epoch; undefined where nothing is reported. */
export type Trace = {
  facts: InstanceTypeFacts;
  /** Percent of a device. */
  utilization: (minute: number, device: number) => number | undefined;
  /** Percent of each device's memory. */
  memory: (minute: number) => number | undefined;
  cpu: (minute: number) => number | undefined;
  /** Bytes a second, in each direction. */
  network: (minute: number) => number;
};

const gpus = (instanceType: string, count: number, memoryMib: number, vcpus: number): InstanceTypeFacts => ({
  instanceType,
  accelerators: { kind: 'gpu', name: 'NVIDIA A10G', count, cores: 1, memoryMib },
  instanceStoreGb: 0,
  vcpus,
});

const g5xlarge = gpus('g5.xlarge', 1, 24_576, 4);
const g5x12 = gpus('g5.12xlarge', 4, 24_576, 48);
const g5x48 = gpus('g5.48xlarge', 8, 24_576, 192);

/** The minute in which every trace ends: the end of the windows that are judged. */
const endOfTraces = Date.parse('2026-11-16T05:55:00Z') / 60_000;

const quiet = { cpu: () => 1, network: () => 900 };
const computing = { cpu: () => 35, network: () => 400_000 };

/** Within the first `length` of every `every` minutes. */
const within = (minute: number, every: number, length: number): boolean => minute % every < length;

export const traces = {
  training: { facts: g5x12, utilization: () => 96, memory: () => 82, ...computing },
  'data-starved training': {
    facts: g5xlarge,
    utilization: (minute) => (minute % 2 === 0 ? 97 : 4),
    memory: () => 70,
    cpu: () => 98,
    network: () => 90_000_000,
  },
  'training on small batches': { facts: g5xlarge, utilization: () => 41, memory: () => 18, ...computing },
  'one quarter of an instance': {
    facts: g5x12,
    utilization: () => 14,
    memory: () => 11,
    ...computing,
    cpu: () => 6,
  },
  'a notebook with a loaded model': { facts: g5xlarge, utilization: () => 0, memory: () => 60, ...quiet },
  'a notebook loaded five hours ago': {
    facts: g5xlarge,
    utilization: (minute) => (minute < endOfTraces - 300 ? 55 : 0),
    memory: () => 60,
    ...quiet,
  },
  'a crash loop': {
    facts: g5xlarge,
    utilization: (minute) => (within(minute, 20, 2) ? 88 : 0),
    memory: (minute) => (within(minute, 20, 3) ? 30 : 1),
    ...quiet,
  },
  'a dead agent': {
    facts: g5xlarge,
    utilization: (minute) => (minute < endOfTraces - 20 ? 0 : undefined),
    memory: (minute) => (minute < endOfTraces - 20 ? 1 : undefined),
    ...quiet,
  },
  'MIG devices': { facts: g5xlarge, utilization: () => undefined, memory: () => 5, ...quiet },
  'a single busy device': {
    facts: g5x48,
    utilization: (_, device) => (device === 0 ? 93 : 0),
    memory: () => 4,
    ...computing,
  },
  'checkpoint pauses of ten minutes': {
    facts: g5x12,
    utilization: (minute) => (within(minute, 120, 10) ? 0 : 95),
    memory: () => 80,
    ...computing,
  },
  'batch inference every thirty minutes': {
    facts: g5xlarge,
    utilization: (minute) => (within(minute, 30, 4) ? 90 : 0),
    memory: (minute) => (within(minute, 30, 4) ? 40 : 2),
    ...quiet,
  },
  'a warm standby': { facts: g5xlarge, utilization: () => 0, memory: () => 75, ...quiet },
  'left behind': { facts: g5x48, utilization: () => 0, memory: () => 1, ...quiet },
} as const satisfies Record<string, Trace>;

export type TraceName = keyof typeof traces;

type Statistic = 'Maximum' | 'Average';

/** A metric in periods of so many minutes, as CloudWatch makes one of a sample a minute. */
function toSeries(
  sample: (minute: number) => number | undefined,
  { start, end }: Window,
  statistic: Statistic = 'Maximum',
): Series {
  const [from, to] = [Date.parse(start) / 60_000, Date.parse(end) / 60_000];
  const minutes = 5;
  const points: Point[] = [];
  for (let period = from; period < to; period += minutes) {
    const samples = Array.from({ length: minutes }, (_, minute) => sample(period + minute)).filter(
      (value) => value !== undefined,
    );
    if (samples.length === 0) continue;
    const sum = samples.reduce((total, value) => total + value, 0);
    const value = statistic === 'Maximum' ? Math.max(...samples) : sum / samples.length;
    points.push({ at: period * 60_000, value });
  }
  return { points };
}

const devicesOf = ({ facts }: Trace): number[] => [...Array(facts.accelerators?.count ?? 0).keys()];

const heldMib = ({ facts, memory }: Trace, minute: number): number | undefined => {
  const share = memory(minute);
  return share === undefined ? undefined : (share / 100) * (facts.accelerators?.memoryMib ?? 0);
};

/** Every signal of a trace over a window, and its utilisation over the longer one. */
export function toSignals(trace: Trace, window: Window, longer: Window): Signals {
  const isMute = trace.utilization(endOfTraces - 60, 0) === undefined;
  return {
    devices: devicesOf(trace).map((device) => {
      const utilization = (minute: number) => trace.utilization(minute, device);
      return {
        index: String(device),
        memoryUsedMib: toSeries((minute) => heldMib(trace, minute), window),
        ...(!isMute && {
          utilization: toSeries(utilization, window),
          history: toSeries(utilization, longer),
        }),
      };
    }),
    cpuPercent: toSeries(trace.cpu, window),
    networkIn: toSeries(trace.network, window),
    networkOut: toSeries(trace.network, window),
  };
}

/** Days of a trace, as they are judged for underuse. */
export const toCourse = (trace: Trace, window: Window): Course => ({
  facts: trace.facts,
  cpu: toSeries(trace.cpu, window, 'Average'),
  devices: devicesOf(trace).map((device) => {
    const utilization = (minute: number) => trace.utilization(minute, device);
    return {
      index: String(device),
      averages: toSeries(utilization, window, 'Average'),
      peaks: toSeries(utilization, window),
      memoryMib: toSeries((minute) => heldMib(trace, minute), window),
    };
  }),
});
