import { type Course, nothing } from '../course.ts';
import { type Member, privateDnsName } from '../fleet.ts';
import { hexOf } from '../noise.ts';
import type { PodSpec } from '../world.ts';
import { type Dimensions, dimensionsOf, minute, noisy, type Series } from './series.ts';

/** What an instance publishes with its id among the dimensions. */
export const seriesWithId = (member: Member): Series[] => [
  ...instanceSeries(member),
  ...(member.spec.agent === 'without-instance-id' ? [] : deviceSeries(member)),
];

/** What it publishes without: as a host, or for the pods that run on it. */
export const seriesWithoutId = (member: Member): Series[] => [
  ...(member.spec.agent === 'without-instance-id' ? deviceSeries(member) : []),
  ...member.spec.pods.flatMap((pod) => podSeries(member, pod)),
];

function instanceSeries(member: Member): Series[] {
  const { spec } = member;
  const dimensions = dimensionsOf({ InstanceId: spec.id });
  const metric = (name: string, sample: Series['sample']): Series => ({
    namespace: 'AWS/EC2',
    name,
    dimensions,
    resolution: 5 * minute,
    sample,
    runs: member.runs,
    until: Number.POSITIVE_INFINITY,
  });
  const traffic = noisy(spec.network, member.seed ^ 2);
  return [
    metric('CPUUtilization', noisy(spec.cpu, member.seed ^ 1, 100)),
    metric('NetworkIn', (at) => Math.round(traffic(at) * 60 * 0.7)),
    metric('NetworkOut', (at) => Math.round(traffic(at) * 60 * 0.3)),
  ];
}

function deviceSeries(member: Member): Series[] {
  const { agent } = member.spec;
  if (agent === 'none') return [];
  if (agent === 'gpumon') return gpumonSeries(member);
  if (agent === 'container-insights') return nodeSeries(member);
  return [...gpuSeries(member), ...neuronSeries(member)];
}

type Device = { index: number; utilization: (at: number) => number; memory: (at: number) => number };

/** What the GPUs do, whoever looks. */
function devicesOf(member: Member): Device[] {
  const { spec, facts, seed } = member;
  const { gpu } = facts;
  if (!gpu) return [];
  const count = spec.agent === 'partial' ? gpu.count - 1 : gpu.count;
  return Array.from({ length: count }, (_, index) => {
    const pod = spec.pods.find(({ devices }) => devices.includes(index));
    const own = index < (spec.busyDevices ?? gpu.count) && spec.pods.length === 0 ? spec.gpu : nothing;
    return {
      index,
      utilization: noisy(pod?.gpu ?? own, seed ^ (index + 16), 100),
      memory: noisy(pod?.memory ?? spec.memory, seed ^ (index + 48), 100),
    };
  });
}

const watts = ({ utilization }: Device): Series['sample'] => {
  const idle = 55;
  return (at) => idle + 3 * utilization(at);
};

const used = ({ memory }: Device, total: number): Series['sample'] => {
  return (at) => Math.round((memory(at) * total) / 100);
};

/** What the CloudWatch agent sees through nvidia-smi: MIG devices report their memory, but no utilisation. */
function gpuSeries(member: Member): Series[] {
  const { spec, facts } = member;
  const { gpu } = facts;
  if (!gpu) return [];
  return devicesOf(member).flatMap((device) => {
    const dimensions = agentDimensions(member, {
      index: String(device.index),
      name: gpu.device,
      arch: gpu.arch,
    });
    const metric = (name: string, sample: Series['sample']) =>
      agentMetric(member, `nvidia_smi_${name}`, dimensions, sample);
    const readings = [
      metric('memory_used', used(device, gpu.memoryMib)),
      metric('memory_total', () => gpu.memoryMib),
      metric('power_draw', watts(device)),
    ];
    return spec.agent === 'mig' ? readings : [metric('utilization_gpu', device.utilization), ...readings];
  });
}

/** A Neuron device reports by its cores, two of them. */
function neuronSeries(member: Member): Series[] {
  const { spec, facts, seed } = member;
  const { neuron } = facts;
  if (!neuron) return [];
  return Array.from({ length: neuron.count * 2 }, (_, core) => {
    const dimensions = agentDimensions(member, { NeuronDevice: String(core >> 1), NeuronCore: String(core) });
    const memory = noisy(spec.memory, seed ^ (core + 112), 100);
    const used = (at: number) => Math.round((memory(at) / 100) * (neuron.memoryMib / 2) * mib);
    return [
      agentMetric(member, 'neuroncore_utilization', dimensions, noisy(spec.gpu, seed ^ (core + 80), 100)),
      agentMetric(member, 'neuroncore_memory_usage_total', dimensions, used),
    ];
  }).flat();
}

const agentMetric = (
  { spec, runs }: Member,
  name: string,
  dimensions: Dimensions,
  sample: Series['sample'],
): Series => ({
  namespace: 'CWAgent',
  name,
  dimensions,
  resolution: minute,
  sample,
  runs,
  until: spec.agentUntil,
});

/** The host is always there; the instance only where the agent is told to append it. */
function agentDimensions(member: Member, own: Readonly<Record<string, string>>): Dimensions {
  const { spec } = member;
  const host = privateDnsName(member);
  if (spec.agent === 'without-instance-id') return dimensionsOf({ ...own, host });
  const { id: InstanceId, image: ImageId, type: InstanceType } = spec;
  return [...dimensionsOf({ InstanceId, ImageId, InstanceType }), ...dimensionsOf({ ...own, host })];
}

/** The script of AWS's samples: its memory is how busy the memory's bus is, not how much of it is held. */
function gpumonSeries(member: Member): Series[] {
  const { spec, runs } = member;
  return devicesOf(member).flatMap((device) => {
    const dimensions = dimensionsOf({
      InstanceId: spec.id,
      ImageId: spec.image,
      InstanceType: spec.type,
      GPUNumber: String(device.index),
    });
    const metric = (name: string, sample: Series['sample']): Series => ({
      namespace: 'GPUMonitoring',
      name,
      dimensions,
      resolution: minute,
      sample,
      runs,
      until: spec.agentUntil,
    });
    return [
      metric('GPU Usage', device.utilization),
      metric('Memory Usage', (at) => device.utilization(at) / 2),
      metric('Power Usage (Watts)', watts(device)),
    ];
  });
}

const mib = 1_048_576;

type ContainerInsights = Pick<Series, 'runs' | 'until'>;

const containerInsights = (
  { runs, until }: ContainerInsights,
  name: string,
  dimensions: Dimensions,
  sample: Series['sample'],
): Series => ({ namespace: 'ContainerInsights', name, dimensions, resolution: minute, sample, runs, until });

/** What EKS's agent publishes of a node: of each GPU, and of all together. */
function nodeSeries(member: Member): Series[] {
  const { spec, facts, runs } = member;
  const published = { runs, until: spec.agentUntil };
  const node = { ClusterName: spec.cluster ?? '', InstanceId: spec.id, NodeName: privateDnsName(member) };
  return [
    ...nodeGpuSeries(
      published,
      { ...node, InstanceType: spec.type },
      devicesOf(member),
      facts.gpu?.memoryMib ?? 0,
    ),
    containerInsights(published, 'node_gpu_limit', dimensionsOf(node), () => facts.gpu?.count ?? 0),
    containerInsights(
      published,
      'node_gpu_usage_total',
      dimensionsOf(node),
      () => new Set(spec.pods.flatMap(({ devices }) => devices)).size,
    ),
  ];
}

type Node = { ClusterName: string; InstanceId: string; NodeName: string; InstanceType: string };

/** The GPUs of a node in bytes and percent, each by itself, and their mean under the node. */
export function nodeGpuSeries(
  published: ContainerInsights,
  { InstanceType, ...node }: Node,
  devices: readonly Device[],
  memoryMib: number,
): Series[] {
  const mean = (at: number) =>
    devices.reduce((sum, { utilization }) => sum + utilization(at), 0) / devices.length;
  return [
    ...devices.flatMap((device) => {
      const dimensions = dimensionsOf({ ...node, InstanceType, GpuDevice: `nvidia${device.index}` });
      return gpuReadings(published, 'node', dimensions, device, memoryMib);
    }),
    containerInsights(published, 'node_gpu_utilization', dimensionsOf(node), mean),
  ];
}

const gpuReadings = (
  published: ContainerInsights,
  of: 'node' | 'pod',
  dimensions: Dimensions,
  device: Device,
  memoryMib: number,
): Series[] => [
  containerInsights(published, `${of}_gpu_utilization`, dimensions, device.utilization),
  containerInsights(published, `${of}_gpu_memory_used`, dimensions, used(device, memoryMib * mib)),
  containerInsights(published, `${of}_gpu_memory_utilization`, dimensions, device.memory),
  containerInsights(published, `${of}_gpu_memory_total`, dimensions, () => memoryMib * mib),
  containerInsights(published, `${of}_gpu_power_draw`, dimensions, watts(device)),
];

/** What it publishes of a pod: what it requests, and what each GPU that it holds does. */
function podSeries(member: Member, { namespace, name, devices: held }: PodSpec): Series[] {
  const { spec, facts, runs } = member;
  const published = { runs, until: spec.agentUntil };
  const workload = { ClusterName: spec.cluster ?? '', Namespace: namespace, PodName: name };
  const pod = { ...workload, FullPodName: `${name}-${hexOf(`${spec.id} ${name}`, 5)}` };
  const requested = ['pod_gpu_request', 'pod_gpu_limit', 'pod_gpu_usage_total'].flatMap((metric) =>
    [workload, pod].map((dimensions) =>
      containerInsights(published, metric, dimensionsOf(dimensions), () => held.length),
    ),
  );
  const devices = devicesOf(member).filter(({ index }) => held.includes(index));
  const mean = (at: number) =>
    devices.reduce((sum, { utilization }) => sum + utilization(at), 0) / devices.length;
  return [
    ...requested,
    ...[workload, pod].map((dimensions) =>
      containerInsights(published, 'pod_gpu_utilization', dimensionsOf(dimensions), mean),
    ),
    ...devices.flatMap((device) =>
      gpuReadings(
        published,
        'pod',
        dimensionsOf({ ...pod, GpuDevice: `nvidia${device.index}` }),
        device,
        facts.gpu?.memoryMib ?? 0,
      ),
    ),
  ];
}

/** A node's devices from their courses. */
export const evenDevices = (count: number, work: { gpu: Course; memory: Course }, seed: number): Device[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    utilization: noisy(work.gpu, seed ^ (index + 16), 100),
    memory: noisy(work.memory, seed ^ (index + 48), 100),
  }));
