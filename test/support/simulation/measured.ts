import type {
  GetMetricDataCommandInput,
  MetricDataQuery,
  MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { noise, seedOf } from '../../../cli/sample/noise.ts';
import { gpuMemoryMib } from './described.ts';
import { type Machine, minute, workShare } from './machine.ts';

export const period = 5 * minute;

/** One point in so many is lost on its way to CloudWatch. */
const lostOneIn = 2000;

/** Whether what a machine published in a period never came to CloudWatch: the same for whoever asks. */
export const isLost = ({ seed }: Machine, name: string, at: number): boolean =>
  noise(seed ^ seedOf(name), at / period) * lostOneIn < 1;

const isUp = ({ runs }: Machine, at: number): boolean =>
  runs.some(({ from, to = Number.POSITIVE_INFINITY }) => from < at + period && to > at);

const isSilent = ({ silent }: Machine, at: number): boolean =>
  silent.some(({ from, to }) => from < at + period && to > at);

/** What CloudWatch tells of each query, of the periods that are over. */
export function metricData(
  byId: ReadonlyMap<string, Machine>,
  now: number,
  { MetricDataQueries = [], StartTime, EndTime }: GetMetricDataCommandInput,
): { MetricDataResults: MetricDataResult[] } {
  const [start, end] = [StartTime?.getTime() ?? 0, Math.min(EndTime?.getTime() ?? 0, now)];
  return { MetricDataResults: MetricDataQueries.map((query) => answer(byId, query, start, end)) };
}

function answer(
  byId: ReadonlyMap<string, Machine>,
  { Id, MetricStat }: MetricDataQuery,
  start: number,
  end: number,
): MetricDataResult {
  const { MetricName = '', Dimensions = [] } = MetricStat?.Metric ?? {};
  const dimension = (name: string) => Dimensions.find(({ Name }) => Name === name)?.Value ?? '';
  const machine = byId.get(dimension('InstanceId'));
  const Timestamps: Date[] = [];
  const Values: number[] = [];
  for (let at = start; machine && at + period <= end; at += period) {
    const value = pointOf(machine, MetricName, dimension('index'), at);
    if (value === undefined) continue;
    Timestamps.push(new Date(at));
    Values.push(value);
  }
  return { Id, StatusCode: 'Complete', Timestamps, Values };
}

function pointOf(machine: Machine, name: string, index: string, at: number): number | undefined {
  if (!isUp(machine, at) || isLost(machine, name + index, at)) return undefined;
  if (name.startsWith('nvidia') && isSilent(machine, at)) return undefined;
  return values[name]?.(machine, index, at);
}

type Value = (machine: Machine, index: string, at: number) => number;

/** Only the first of several GPUs is ever at work: the others must not speak for it. */
const gpuShare: Value = (machine, index, at) =>
  index === '0' ? workShare(machine, 'gpu', at, at + period) : 0;

const values: Readonly<Record<string, Value>> = {
  CPUUtilization: (machine, _, at) => 0.7 + 70 * workShare(machine, 'cpu', at, at + period),
  NetworkIn: () => 300_000,
  NetworkOut: () => 200_000,
  nvidia_smi_utilization_gpu: (machine, index, at) => (gpuShare(machine, index, at) > 0 ? 85 : 0),
  nvidia_smi_memory_used: ({ holdsMemory }) => gpuMemoryMib * (holdsMemory ? 0.6 : 0.01),
  nvidia_smi_power_draw: (machine, index, at) => (gpuShare(machine, index, at) > 0 ? 240 : 55),
};

/** Every metric of a machine that a stop rests on, by the name under which its points may be lost. */
export const metricNames = (gpus: number): string[] => [
  'CPUUtilization',
  'NetworkIn',
  'NetworkOut',
  ...Array.from({ length: gpus }, (_, index) =>
    ['utilization_gpu', 'memory_used', 'power_draw'].map((name) => `nvidia_smi_${name}${index}`),
  ).flat(),
];
