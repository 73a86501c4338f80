import type { Filter, Instance, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import { toTime } from '../../../shared/period.ts';
import { gpusOf, lastRun, type Machine, stateOf } from './machine.ts';

/** What EC2 says of some machines: those that the filters let through. */
export function describeInstances(
  machines: readonly Machine[],
  now: number,
  { Filters = [] }: Asked,
): object {
  const wanted = Filters.map(({ Name, Values = [] }) => {
    if (Name !== 'instance-id') throw new Error(`The filter ${Name} is not known here`);
    return new Set(Values);
  });
  const listed = machines.filter(
    (machine) => stateOf(machine, now) !== undefined && wanted.every((ids) => ids.has(machine.id)),
  );
  return {
    Reservations: listed.map((machine) => ({
      ReservationId: machine.id.replace('i-', 'r-'),
      Instances: [describe(machine, now)],
    })),
  };
}

type Asked = { Filters?: Filter[] };

function describe(machine: Machine, now: number): Instance {
  const { id, type, tags, protection, canHibernate } = machine;
  const run = lastRun(machine);
  const ended = machine.terminatedAt ?? run?.to;
  return {
    InstanceId: id,
    InstanceType: type,
    State: { Name: stateOf(machine, now) },
    LaunchTime: new Date(run?.from ?? now),
    StateTransitionReason:
      ended === undefined ? '' : `User initiated (${toTime(ended).slice(0, 19).replace('T', ' ')} GMT)`,
    RootDeviceType: protection === 'instance-store-root' ? 'instance-store' : 'ebs',
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    HibernationOptions: { Configured: canHibernate },
    Operator: { Managed: protection === 'managed' },
    ...(protection === 'one-time-spot' && {
      InstanceLifecycle: 'spot',
      SpotInstanceRequestId: spotRequestOf(machine),
    }),
    ...(protection === 'capacity-block' && { InstanceLifecycle: 'capacity-block' }),
  };
}

const spotRequestOf = ({ id }: Machine): string => id.replace('i-', 'sir-');

export const describeSpotRequests = (machines: readonly Machine[]): object => ({
  SpotInstanceRequests: machines
    .filter(({ protection }) => protection === 'one-time-spot')
    .map((machine) => ({ SpotInstanceRequestId: spotRequestOf(machine), Type: 'one-time' })),
});

const gpuType = (InstanceType: 'p3.2xlarge' | 'p3.8xlarge', Count: number): InstanceTypeInfo => ({
  InstanceType,
  VCpuInfo: { DefaultVCpus: 8 * Count },
  GpuInfo: {
    Gpus: [{ Name: 'V100', Manufacturer: 'NVIDIA', Count, MemoryInfo: { SizeInMiB: gpuMemoryMib } }],
  },
});

export const gpuMemoryMib = 16_384;

export const instanceTypes: readonly InstanceTypeInfo[] = [
  { InstanceType: 'm6i.xlarge', VCpuInfo: { DefaultVCpus: 4 } },
  {
    InstanceType: 'm5d.large',
    VCpuInfo: { DefaultVCpus: 2 },
    InstanceStorageInfo: { TotalSizeInGB: 75 },
  },
  gpuType('p3.2xlarge', 1),
  gpuType('p3.8xlarge', 4),
];

/** Every metric that the agents of these machines have published of their GPUs. */
export function listMetrics(machines: readonly Machine[], { Namespace, MetricName, NextToken }: Listing) {
  const all = Namespace === 'CWAgent' ? machines.flatMap(agentMetrics) : [];
  const wanted = MetricName === undefined ? all : all.filter((metric) => metric.MetricName === MetricName);
  const from = Number(NextToken ?? 0);
  const to = from + 500;
  return { Metrics: wanted.slice(from, to), ...(to < wanted.length && { NextToken: String(to) }) };
}

type Listing = { Namespace?: string; MetricName?: string; NextToken?: string };

const agentMetrics = (machine: Machine) =>
  Array.from({ length: gpusOf(machine) }, (_, index) =>
    ['utilization_gpu', 'memory_used', 'power_draw'].map((name) => ({
      Namespace: 'CWAgent',
      MetricName: `nvidia_smi_${name}`,
      Dimensions: [
        { Name: 'InstanceId', Value: machine.id },
        { Name: 'index', Value: String(index) },
      ],
    })),
  ).flat();
