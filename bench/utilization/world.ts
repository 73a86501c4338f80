import type {
  GetMetricDataCommandInput,
  ListMetricsCommandInput,
  Metric,
  MetricDataQuery,
  MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import type { DescribeInstancesCommandInput } from '@aws-sdk/client-ec2';
import type { Pluggable } from '@smithy/types';
import { noise } from '../../cli/sample/noise.ts';
import { addClientPlugin } from '../../shared/aws/client.ts';
import { callName } from '../../shared/aws/meter.ts';
import type { IsoTime } from '../../shared/period.ts';

/** What an instance of the world does, and of every twenty instances how many do so. */
const mix = {
  'busy on all devices': 8,
  'busy, half used': 1,
  'one device of all busy': 2,
  idle: 4,
  'loaded for days': 2,
  'loaded for hours': 1,
  'agent that died': 1,
  'no agent': 1,
} as const;

export type Kind = keyof typeof mix;

const turns = Object.entries(mix).flatMap(([kind, count]) => Array<Kind>(count).fill(kind as Kind));

export const kinds = Object.keys(mix) as readonly Kind[];

/** How many of the first so many instances are of a kind. */
export const instancesOf = (kind: Kind, instances: number): number =>
  Array.from({ length: instances }, (_, instance) => kindOf(instance)).filter((one) => one === kind).length;

export const kindOf = (instance: number): Kind => turns[instance % turns.length] ?? 'idle';

export type WorldSize = { instances: number; devices: number };

/** What CloudWatch was asked for since the last `forget`. */
type Asked = {
  /** Metrics asked for, by instance. */
  metrics: Uint32Array;
  /** Data points that the questions span, whether they are there or not: what CloudWatch's limit is about. */
  datapoints: number;
  /** Calls that so many metrics need at least: 500 of them a call, and 100,800 points. */
  leastCalls: number;
};

/** A world of instances that hold nothing but their number: what they are and do follows from it. */
export type World = {
  setNow: (time: IsoTime) => void;
  asked: () => Asked;
  forget: () => void;
  close: () => void;
};

const minute = 60_000;
const hour = 60 * minute;
const memoryMib = 40_960;
const names = ['nvidia_smi_utilization_gpu', 'nvidia_smi_memory_used', 'nvidia_smi_power_draw'] as const;

export const instanceIdOf = (instance: number): string => `i-${instance.toString(16).padStart(17, '0')}`;
const instanceOf = (id: string): number => Number.parseInt(id.slice(2), 16);

/**
 * Answers the clients of this process, as long as it is open, from a formula: nothing is stored of any metric. The
 * world starts at `start`; DynamoDB's calls go on to where the environment says.
 */
export function openWorld({ instances, devices }: WorldSize, start: IsoTime): World {
  const begin = Date.parse(start);
  let now = begin;
  const type = `bench.${devices}xlarge`;
  let metrics = new Uint32Array(instances);
  let [datapoints, windows] = [0, new Map<string, { metrics: number; periods: number }>()];

  const died = begin - 80 * minute;
  const hasAgent = (instance: number) => kindOf(instance) !== 'no agent';
  const isListed = (instance: number) =>
    hasAgent(instance) && (kindOf(instance) !== 'agent that died' || died > now - 3 * hour);

  function describeInstances({ NextToken, MaxResults = 1000 }: DescribeInstancesCommandInput) {
    const first = Number(NextToken ?? 0);
    const end = Math.min(instances, first + MaxResults);
    const page = Array.from({ length: end - first }, (_, index) => toInstance(first + index, type, begin));
    return {
      Reservations: page.map((instance) => ({ ReservationId: 'r-bench', Instances: [instance] })),
      ...(end < instances && { NextToken: String(end) }),
    };
  }

  const describeInstanceTypes = () => ({
    InstanceTypes: [
      {
        InstanceType: type,
        VCpuInfo: { DefaultVCpus: 96 },
        GpuInfo: {
          Gpus: [
            { Name: 'A100', Manufacturer: 'NVIDIA', Count: devices, MemoryInfo: { SizeInMiB: memoryMib } },
          ],
        },
      },
    ],
  });

  function listMetrics({ Namespace, MetricName, NextToken }: ListMetricsCommandInput) {
    if (Namespace !== 'CWAgent') return {};
    const asked = names.filter((name) => (MetricName ?? name) === name);
    const listed = Array.from({ length: instances }, (_, instance) => instance).filter(isListed);
    const each = listed.length * devices;
    const first = Number(NextToken ?? 0);
    const end = Math.min(asked.length * each, first + 500);
    const page = Array.from({ length: end - first }, (_, index) => {
      const place = (first + index) % each;
      const name = asked[Math.floor((first + index) / each)] ?? names[0];
      return toMetric(name, listed[Math.floor(place / devices)] ?? 0, place % devices, type);
    });
    return { Metrics: page, ...(end < asked.length * each && { NextToken: String(end) }) };
  }

  function getMetricData({ MetricDataQueries = [], StartTime, EndTime }: GetMetricDataCommandInput) {
    const [from, to] = [Number(StartTime), Number(EndTime)];
    const period = (MetricDataQueries[0]?.MetricStat?.Period ?? 300) * 1000;
    const periods = Math.ceil((to - from) / period);
    datapoints += MetricDataQueries.length * periods;
    const window = windows.get(`${from} ${periods}`) ?? { metrics: 0, periods };
    window.metrics += MetricDataQueries.length;
    windows.set(`${from} ${periods}`, window);
    return {
      MetricDataResults: MetricDataQueries.map((query) => toResult(query, from, Math.min(to, now), period)),
    };
  }

  function toResult(query: MetricDataQuery, from: number, to: number, period: number): MetricDataResult {
    const { Metric: { MetricName = '', Dimensions = [] } = {}, Stat } = query.MetricStat ?? {};
    const instance = instanceOf(Dimensions.find(({ Name }) => Name === 'InstanceId')?.Value ?? '');
    const device = Number(Dimensions.find(({ Name }) => Name === 'index')?.Value ?? 0);
    metrics[instance] = (metrics[instance] ?? 0) + 1;
    const kind = kindOf(instance);
    const isOfAgent = MetricName.startsWith('nvidia_smi');
    const end = isOfAgent && kind === 'agent that died' ? Math.min(to, died) : to;
    const [Timestamps, Values]: [Date[], number[]] = [[], []];
    for (let at = from; at + period <= end; at += period) {
      const worked = isAtWork(kind, device, at, begin);
      const share = noise(instance * 64 + device, at / (5 * minute));
      Timestamps.push(new Date(at));
      Values.push(sampleOf(MetricName, Stat, { kind, worked, share }));
    }
    return { Id: query.Id, StatusCode: 'Complete', Timestamps, Values };
  }

  const price = {
    product: { attributes: {} },
    terms: { OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: '32.77' } } } } } },
  };
  const answers: Readonly<Record<string, (input: never) => object>> = {
    'EC2:DescribeInstances': describeInstances,
    'EC2:DescribeInstanceTypes': describeInstanceTypes,
    'CloudWatch:ListMetrics': listMetrics,
    'CloudWatch:GetMetricData': getMetricData,
    'Pricing:GetProducts': () => ({ PriceList: [JSON.stringify(price)] }),
  };
  const removePlugin = addClientPlugin(answering(answers));
  return {
    setNow: (time) => {
      now = Date.parse(time);
    },
    asked: () => ({ metrics, datapoints, leastCalls: leastCalls([...windows.values()]) }),
    forget: () => {
      metrics = new Uint32Array(instances);
      [datapoints, windows] = [0, new Map()];
    },
    close: removePlugin,
  };
}

const leastCalls = (windows: readonly { metrics: number; periods: number }[]): number =>
  windows.reduce(
    (sum, { metrics, periods }) => sum + Math.ceil(metrics / Math.min(500, Math.floor(100_800 / periods))),
    0,
  );

/** A service that isn't among them has nothing to tell. */
const answering = (
  answers: Readonly<Record<string, (input: never) => object>>,
): Pluggable<object, object> => ({
  applyToStack: (stack) =>
    stack.add(
      (next, context) => async (args) => {
        const call = callName(context);
        if (call.startsWith('DynamoDB:')) return next(args);
        const output = answers[call]?.(args.input as never) ?? {};
        return { response: {}, output: { $metadata: { attempts: 1 }, ...output } };
      },
      { step: 'initialize', name: 'answerFromBench', priority: 'low' },
    ),
});

const toInstance = (instance: number, InstanceType: string, begin: number) => ({
  InstanceId: instanceIdOf(instance),
  InstanceType,
  State: { Name: 'running' },
  LaunchTime: new Date(begin - 20 * 24 * hour),
  Tags: [
    { Key: 'Name', Value: `train-${instance}` },
    { Key: 'team', Value: `team-${instance % 40}` },
  ],
  RootDeviceType: 'ebs',
  PrivateDnsName: hostOf(instance),
});

const hostOf = (instance: number): string =>
  `ip-10-${instance >> 16}-${(instance >> 8) & 255}-${instance & 255}.eu-west-1.compute.internal`;

/** As the CloudWatch agent reports it where it appends the instance's dimensions. */
const toMetric = (MetricName: string, instance: number, device: number, type: string): Metric => ({
  Namespace: 'CWAgent',
  MetricName,
  Dimensions: [
    { Name: 'InstanceId', Value: instanceIdOf(instance) },
    { Name: 'ImageId', Value: 'ami-0123456789abcdef0' },
    { Name: 'InstanceType', Value: type },
    { Name: 'name', Value: 'NVIDIA A100-SXM4-40GB' },
    { Name: 'index', Value: String(device) },
    { Name: 'arch', Value: 'Ampere' },
    { Name: 'host', Value: hostOf(instance) },
  ],
});

function isAtWork(kind: Kind, device: number, at: number, begin: number): boolean {
  if (kind === 'busy on all devices' || kind === 'busy, half used') return true;
  if (kind === 'one device of all busy') return device === 0;
  return kind === 'loaded for hours' && at < begin - 6 * hour;
}

type State = { kind: Kind; worked: boolean; share: number };

/** A period's one value; `share` of what it may be at most, 0 to 1. */
function sampleOf(name: string, statistic: string | undefined, { kind, worked, share }: State): number {
  if (name === 'nvidia_smi_memory_used') {
    return worked || kind.startsWith('loaded') ? Math.round(memoryMib * 0.6) : 420;
  }
  if (name !== 'nvidia_smi_utilization_gpu') return othersOf(name, worked, share);
  if (!worked) return share < 0.1 ? 1 : 0;
  const mean = kind === 'busy, half used' ? 40 + 15 * share : 70 + 25 * share;
  return statistic === 'Average' ? mean : Math.min(100, mean + 12);
}

function othersOf(name: string, worked: boolean, share: number): number {
  if (name === 'nvidia_smi_power_draw') return worked ? 250 + 100 * share : 55;
  if (name === 'CPUUtilization') return worked ? 30 + 20 * share : 1 + share;
  return worked ? 3e9 * (0.5 + share) : 600_000; // bytes of five minutes
}
