import type { AcceleratorKind, Accelerators, Instance, InstanceTypeFacts } from './instance.ts';
import type { DeviceMetrics, Metric } from './metric.ts';

/** Where each instance's devices report, and which series belong to nobody. */
export type DeviceSources = {
  /** By instance id; each instance's devices by their number. One that reports nothing is absent. */
  devices: Map<string, DeviceMetrics[]>;
  unmapped: UnmappedHost[];
};

/** A host whose devices report under its name alone, and why no instance can be told from that. */
export type UnmappedHost = { namespace: string; host: string; why: string };

type Quantity = 'utilization' | 'memoryUsed' | 'power';

/** What a metric says of a device, known by its name alone: namespaces and further dimensions are the user's choice. */
type Meaning = {
  quantity: Quantity;
  kind: AcceleratorKind;
  /** The dimensions that may hold the device's number. */
  device: readonly string[];
  scale?: number;
  /** Without a device it is the node's average or sum: true of a device only where the node has no other. */
  nodeSpeaksForOne?: boolean;
};

const agent = (quantity: Quantity): Meaning => ({ quantity, kind: 'gpu', device: ['index'] });

const dcgm = (quantity: Quantity, scale = 1): Meaning => ({
  quantity,
  kind: 'gpu',
  device: ['gpu', 'device'],
  scale,
});

const containerInsights = (quantity: Quantity, scale = 1): Meaning => ({
  quantity,
  kind: 'gpu',
  device: ['GpuDevice'],
  scale,
  nodeSpeaksForOne: true,
});

const neuron = (quantity: Quantity, scale = 1): Meaning => ({
  quantity,
  kind: 'neuron',
  device: ['NeuronCore', 'neuroncore'],
  scale,
});

const gpumon = (quantity: Quantity): Meaning => ({ quantity, kind: 'gpu', device: ['GPUNumber'] });

const mibPerByte = 1 / 1024 ** 2;

/**
 * Every metric that tells of a device. Left out are those of another meaning under a like name: gpumon's
 * `Memory Usage` and the agent's `utilization_memory` are the share of time in which memory was read or written, and
 * what pods and containers report of a GPU its node reports too.
 */
const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    // CloudWatch user guide, NVIDIA GPU metrics: memory in MB, power in watts. On Windows the agent puts a blank between.
    nvidia_smi_utilization_gpu: agent('utilization'),
    nvidia_smi_memory_used: agent('memoryUsed'),
    nvidia_smi_power_draw: agent('power'),
    'nvidia_smi utilization_gpu': agent('utilization'),
    'nvidia_smi memory_used': agent('memoryUsed'),
    'nvidia_smi power_draw': agent('power'),
    // CloudWatch user guide, Container Insights with enhanced observability for EKS: memory in bytes.
    node_gpu_utilization: containerInsights('utilization'),
    node_gpu_memory_used: containerInsights('memoryUsed', mibPerByte),
    node_gpu_power_draw: containerInsights('power'),
    node_neuroncore_utilization: neuron('utilization'),
    node_neuroncore_memory_usage_total: neuron('memoryUsed', mibPerByte),
    // Neuron user guide, neuron-monitor; its Prometheus script gives a ratio.
    neuroncore_utilization: neuron('utilization'),
    neuroncore_utilization_ratio: neuron('utilization', 100),
    neuroncore_memory_usage_total: neuron('memoryUsed', mibPerByte),
    // DCGM field identifiers: memory in MiB, engine activity from 0 to 1. The latter is there for MIG devices too.
    DCGM_FI_DEV_GPU_UTIL: dcgm('utilization'),
    DCGM_FI_PROF_GR_ENGINE_ACTIVE: dcgm('utilization', 100),
    DCGM_FI_DEV_FB_USED: dcgm('memoryUsed'),
    DCGM_FI_DEV_POWER_USAGE: dcgm('power'),
    // The gpumon script of the Deep Learning AMI guide.
    'GPU Usage': gpumon('utilization'),
    'Power Usage (Watts)': gpumon('power'),
  }),
);

/** The names of all metrics that tell of a device: what to look for in a namespace. */
export const deviceMetricNames: readonly string[] = [...meanings.keys()];

export const isDeviceMetric = ({ name }: Metric): boolean => meanings.has(name);

const instanceDimensions = ['InstanceId', 'EC2InstanceId', 'instance_id'];
// The node first: in a container the host is the container's.
const hostDimensions = ['NodeName', 'host', 'Hostname', 'hostname'];

/**
 * Finds whose device each listed metric tells of. One device that reports under several sets of dimensions, or through
 * several agents, is one device with several metrics. Where a series names no instance, its host does, if exactly one
 * of `instances` has that name: two VPCs may give the same one twice, and nothing is guessed. What tells of another
 * instance, of all devices together, or of a kind that the instance hasn't got, is left out.
 */
export function mapDeviceMetrics(
  listed: readonly Metric[],
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
): DeviceSources {
  const byHost = instancesByHost(instances);
  const clues = new Map(instances.map(({ instanceId }) => [instanceId, [] as Clue[]]));
  const unmapped = new Map<string, UnmappedHost>();
  for (const metric of listed) {
    const clue = toClue(metric);
    if (clue === undefined) continue;
    const owner = ownerOf(clue, byHost);
    if (typeof owner === 'object') unmapped.set(JSON.stringify(owner), owner);
    else clues.get(owner)?.push(clue);
  }
  return {
    devices: new Map(
      instances.flatMap(({ instanceId, instanceType }) => {
        const devices = toDevices(clues.get(instanceId) ?? [], facts.get(instanceType));
        return devices.length === 0 ? [] : [[instanceId, devices] as const];
      }),
    ),
    unmapped: [...unmapped].toSorted(([a], [b]) => compareText(a, b)).map(([, host]) => host),
  };
}

/** A listed metric, and what its dimensions say of whose it is. */
type Clue = {
  metric: Metric;
  meaning: Meaning;
  /** A number, or where no dimension has one the device's UUID; absent: it is all devices' together. */
  device?: string | undefined;
  instanceId?: string | undefined;
  host: string;
};

function toClue(metric: Metric): Clue | undefined {
  const meaning = meanings.get(metric.name);
  if (meaning === undefined || isSlice(metric, meaning)) return undefined;
  const device = deviceOf(metric, meaning);
  if (device === undefined && !meaning.nodeSpeaksForOne) return undefined;
  const instanceId = textOf(metric, instanceDimensions);
  const host = textOf(metric, hostDimensions) ?? '';
  return instanceId === undefined && host === '' ? undefined : { metric, meaning, device, instanceId, host };
}

/** Whether it says itself whose it is; a host's name leaves room for doubt. */
export const namesInstance = (metric: Metric): boolean => textOf(metric, instanceDimensions) !== undefined;

/** The first of these dimensions that has a value. */
const textOf = ({ dimensions }: Metric, names: readonly string[]): string | undefined =>
  names
    .map((wanted) => dimensions.find(({ name }) => name === wanted)?.value.trim())
    .find((value) => value !== undefined && value !== '');

/** What one slice of a MIG device holds says nothing of the whole device. */
const isSlice = (metric: Metric, { quantity }: Meaning): boolean =>
  quantity === 'memoryUsed' && hasSlice(metric);

const hasSlice = (metric: Metric): boolean => textOf(metric, ['GPU_I_ID']) !== undefined;

function deviceOf(metric: Metric, { device }: Meaning): string | undefined {
  const values = device.flatMap((name) => textOf(metric, [name]) ?? []);
  return values.map(numberIn).find((number) => number !== undefined) ?? textOf(metric, ['UUID']);
}

/** `0`, `07`, `GPU0`, `nvidia0`, `core0`: each agent counts in its own words. */
const numberIn = (value: string): string | undefined => /^[a-z]*[ _-]?0*(\d+)$/i.exec(value)?.[1];

function ownerOf(
  { metric: { namespace }, instanceId, host }: Clue,
  byHost: ReadonlyMap<string, ReadonlySet<string>>,
): string | UnmappedHost {
  if (instanceId !== undefined) return instanceId;
  const [owner, ...others] = byHost.get(host.toLowerCase()) ?? [];
  if (owner === undefined) return { namespace, host, why: 'no instance has this name' };
  return others.length === 0
    ? owner
    : { namespace, host, why: `${others.length + 1} instances have this name` };
}

/** The ids of those that call themselves so, by whole name and by its first label, in lower case. */
function instancesByHost(instances: readonly Instance[]): Map<string, Set<string>> {
  const byHost = new Map<string, Set<string>>();
  for (const { instanceId, privateDnsName } of instances) {
    const name = privateDnsName?.toLowerCase();
    for (const host of name ? [name, name.split('.')[0] ?? name] : []) {
      byHost.set(host, (byHost.get(host) ?? new Set()).add(instanceId));
    }
  }
  return byHost;
}

function toDevices(clues: readonly Clue[], facts: InstanceTypeFacts | undefined): DeviceMetrics[] {
  // A type that EC2 doesn't describe may have devices of any kind.
  const own = clues.filter(({ meaning }) => facts === undefined || meaning.kind === facts.accelerators?.kind);
  const named = own.filter(({ device }) => device !== undefined);
  // By number and by UUID it would count twice.
  const numbered = named.filter(({ device }) => numberIn(device ?? '') !== undefined);
  const byDevice = Map.groupBy(numbered.length > 0 ? numbered : named, ({ device }) => device ?? '');
  if (facts?.accelerators && coresOf(facts.accelerators) === 1) addNode(byDevice, own);
  return [...byDevice]
    .map(([index, told]) => toDevice(index, told))
    .toSorted((a, b) => byNumber.compare(a.index, b.index));
}

const byNumber = new Intl.Collator('en', { numeric: true });

/** How many report by themselves. */
const coresOf = ({ count, cores }: Accelerators): number => count * cores;

/** Gives an only device what is told of its node alone. */
function addNode(byDevice: Map<string, Clue[]>, clues: readonly Clue[]): void {
  const [[index, told], ...others] = byDevice.size === 0 ? [['0', []] as const] : [...byDevice];
  if (index === undefined || others.length > 0) return;
  const quantities = new Set(told?.map(({ meaning }) => meaning.quantity));
  const missing = clues.filter(
    ({ device, meaning }) => device === undefined && !quantities.has(meaning.quantity),
  );
  if (missing.length > 0) byDevice.set(index, [...(told ?? []), ...missing]);
}

function toDevice(index: string, clues: readonly Clue[]): DeviceMetrics {
  const metricsOf = (quantity: Quantity): Metric[] => {
    const own = clues.filter(({ meaning }) => meaning.quantity === quantity).map(toMetric);
    if (own.length < 2) return own;
    const byKey = new Map(own.map((metric) => [keyOf(metric), metric]));
    return [...byKey].toSorted(([a], [b]) => compareText(a, b)).map(([, metric]) => metric);
  };
  const isSliced = clues.some(
    ({ metric, meaning }) => meaning.quantity === 'utilization' && hasSlice(metric),
  );
  return {
    index,
    ...(isSliced && { isSliced }),
    utilization: metricsOf('utilization'),
    memoryUsed: metricsOf('memoryUsed'),
    power: metricsOf('power'),
  };
}

const toMetric = ({ metric, meaning: { scale = 1 } }: Clue): Metric =>
  scale === 1 ? metric : { ...metric, scale };

/** The same for the same series, in whatever order its dimensions come. */
const keyOf = ({ namespace, name, dimensions }: Metric): string =>
  JSON.stringify([
    namespace,
    name,
    ...dimensions.map(({ name, value }) => JSON.stringify([name, value])).toSorted(),
  ]);

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/**
 * What an instance's devices leave unsaid, for people: `only 3 of 8 GPUs report their utilisation`. Undefined where each of
 * them reports its utilisation and its memory.
 */
export function describeMissing(
  accelerators: Accelerators,
  devices: readonly DeviceMetrics[],
): string | undefined {
  const noun = accelerators.kind === 'neuron' ? 'NeuronCore' : 'GPU';
  const all = coresOf(accelerators);
  const computing = devices.filter(({ utilization }) => utilization.length > 0).length;
  const holding = devices.filter(({ memoryUsed }) => memoryUsed.length > 0).length;
  const some = (count: number): string => `${count} of ${all} ${noun}${all === 1 ? '' : 's'}`;
  if (devices.length === 0) return `no ${noun} reports anything`;
  if (computing === 0) return `no ${noun} reports its utilisation, as with MIG devices`;
  if (computing < all) return `only ${some(computing)} report their utilisation`;
  if (holding === 0) return `no ${noun} reports its memory`;
  return holding < all ? `only ${some(holding)} report their memory` : undefined;
}
