import type { Metric } from './metric.ts';

/**
 * What Container Insights publishes of the GPUs that containers hold, by the name that each list is asked for.
 *
 * EKS: CloudWatch agent with enhanced observability and accelerated compute metrics, under ClusterName, Namespace,
 * PodName (the workload's name), FullPodName and, for what a device reports, GpuDevice. ECS: only Managed Instances with
 * NVIDIA GPUs, by task; what a task requests is published nowhere (CloudWatch user guide: Container Insights with
 * enhanced observability metrics, EKS and ECS).
 */
export const containerMetrics = {
  ContainerInsights: { gpus: ['pod_gpu_request', 'pod_gpu_utilization'], nodes: 'node_gpu_utilization' },
  'ECS/ContainerInsights': { gpus: ['TaskGPUUtilization'], nodes: 'InstanceGPULimit' },
} as const;

export type ContainerNamespace = keyof typeof containerMetrics;

/** A pod, or a task, and the metrics of what it requests and of the GPUs it holds. */
export type HolderSource = {
  name: string;
  /** GPUs; absent where it isn't published. */
  requested?: Metric | undefined;
  /** It isn't, though it is of other pods of the cluster: then nobody knows whether all of its GPUs are told. */
  isRequestMissing: boolean;
  /** Percent both; of the second nobody knows yet whether it exists. */
  gpus: { index: string; utilization: Metric; memoryPercent: Metric }[];
};

/** A deployment, job or service: its pods and tasks come and go under one name. */
export type WorkloadSource = {
  /** `cluster/namespace/pod`, of ECS `cluster/service/name` or `cluster/task/family`. */
  id: string;
  name: string;
  cluster: string;
  holders: HolderSource[];
  /** Whether it is told how many GPUs it holds: ECS may tell only what all those of a task do. */
  isCounted: boolean;
  /** Percent, of all its GPUs together: their maximum. */
  utilization: Metric;
  /** MiB that one of its GPUs has. */
  memoryTotal: Metric;
};

/** A node with GPUs; `instanceType` where the metric's dimensions tell it. */
export type NodeSource = { cluster: string; instanceId: string; instanceType?: string | undefined };

/** The workloads that request or hold GPUs, from all that was listed, in any order. */
export function mapWorkloads(listed: readonly Metric[]): WorkloadSource[] {
  const placed = listed.flatMap((metric) => placeOf(metric) ?? []);
  const served = new Set(placed.flatMap(({ kind, task }) => (kind === 'service' ? [task] : [])));
  // A task of a service is listed a second time under its family.
  const once = placed.filter(({ kind, task }) => kind !== 'task' || !served.has(task));
  const asking = new Set(once.filter(isRequest).map(({ cluster }) => cluster));
  return [...Map.groupBy(once, ({ id }) => id).values()]
    .flatMap((own) => toWorkload(own, asking))
    .toSorted((a, b) => a.id.localeCompare(b.id, 'en'));
}

type Dimensions = Readonly<Partial<Record<string, string>>>;

const dimensionsOf = ({ dimensions }: Metric): Dimensions =>
  Object.fromEntries(dimensions.map(({ name, value }) => [name, value]));

/** Where in a cluster a metric belongs; `dimensions` are those of its workload. */
type Placed = {
  metric: Metric;
  kind: 'pod' | 'service' | 'task';
  id: string;
  name: string;
  cluster: string;
  /** What holds the GPUs: a pod's full name, a task's id. */
  task: string;
  /** The GPU; absent for what is of all GPUs of the holder. */
  device: string | undefined;
  dimensions: Metric['dimensions'];
};

/** Undefined for what is summed up over a cluster, a namespace or a workload. */
function placeOf(metric: Metric): Placed | undefined {
  const { ClusterName: cluster, Namespace, PodName, FullPodName, ...others } = dimensionsOf(metric);
  if (cluster === undefined) return undefined;
  const device = others['GpuDevice'] ?? others['GPUDevice'] ?? others['AcceleratedDevice'];
  if (metric.namespace === 'ContainerInsights') {
    if (Namespace === undefined || PodName === undefined || FullPodName === undefined) return undefined;
    const dimensions = pick(metric, ['ClusterName', 'Namespace', 'PodName']);
    const name = `${Namespace}/${PodName}`;
    return {
      metric,
      kind: 'pod',
      id: `${cluster}/${name}`,
      name,
      cluster,
      task: FullPodName,
      device,
      dimensions,
    };
  }
  const { ServiceName, TaskDefinitionFamily, TaskId: task, ContainerName } = others;
  const name = ServiceName ?? TaskDefinitionFamily;
  if (task === undefined || name === undefined || ContainerName !== undefined) return undefined;
  const kind = ServiceName === undefined ? 'task' : 'service';
  const dimensions = pick(metric, [
    'ClusterName',
    kind === 'service' ? 'ServiceName' : 'TaskDefinitionFamily',
  ]);
  return { metric, kind, id: `${cluster}/${kind}/${name}`, name, cluster, task, device, dimensions };
}

const pick = ({ dimensions }: Metric, names: readonly string[]): Metric['dimensions'] =>
  dimensions.filter(({ name }) => names.includes(name));

const isRequest = ({ metric }: Placed): boolean => metric.name === 'pod_gpu_request';

/** `asking`: the clusters in which requests are published. */
function toWorkload(placed: Placed[], asking: ReadonlySet<string>): WorkloadSource[] {
  const [first] = placed;
  if (first === undefined) return [];
  const { id, name, cluster, kind, dimensions, metric } = first;
  const whole = { namespace: metric.namespace, dimensions };
  const isPod = kind === 'pod';
  const holders = [...Map.groupBy(placed, ({ task }) => task)].map(([task, metrics]) =>
    toHolder(task, metrics, asking.has(cluster)),
  );
  return [
    {
      id,
      name,
      cluster,
      holders,
      isCounted: holders.every(
        ({ requested, gpus }) => requested !== undefined || gpus.every(({ index }) => index !== undivided),
      ),
      utilization: { ...whole, name: isPod ? 'pod_gpu_utilization' : 'TaskGPUUtilization' },
      memoryTotal: {
        ...whole,
        name: isPod ? 'pod_gpu_memory_total' : 'TaskGPUMemoryTotal',
        scale: mibPerByte,
      },
    },
  ];
}

/** Stands for the GPUs that are told as one. */
const undivided = 'all';

/** Both tell memory in bytes. */
const mibPerByte = 1 / 1_048_576;

function toHolder(name: string, placed: readonly Placed[], isAsked: boolean): HolderSource {
  const requested = placed.find(isRequest)?.metric;
  const told = placed.filter((each) => !isRequest(each));
  const devices = told.filter(({ device }) => device !== undefined);
  // What is of all its GPUs counts only where none of them is told.
  const gpus = devices.length > 0 ? devices : told.slice(0, 1);
  const byIndex = new Map(gpus.map(({ metric, device = undivided }) => [device, metric]));
  return {
    name,
    requested,
    isRequestMissing: isAsked && requested === undefined,
    gpus: [...byIndex]
      .map(([index, utilization]) => ({ index, utilization, memoryPercent: memoryOf(utilization) }))
      .toSorted((a, b) => a.index.localeCompare(b.index, 'en', { numeric: true })),
  };
}

const memoryOf = (utilization: Metric): Metric => ({
  ...utilization,
  name:
    utilization.namespace === 'ContainerInsights' ? 'pod_gpu_memory_utilization' : 'TaskGPUMemoryUtilization',
});

/** The nodes that have GPUs, each once. */
export function mapNodes(listed: readonly Metric[]): NodeSource[] {
  const nodes = new Map<string, NodeSource>();
  for (const metric of listed) {
    const { ClusterName: cluster, InstanceId, EC2InstanceId, InstanceType } = dimensionsOf(metric);
    const instanceId = InstanceId ?? EC2InstanceId;
    if (cluster === undefined || instanceId === undefined) continue;
    const key = `${cluster}/${instanceId}`;
    nodes.set(key, { cluster, instanceId, instanceType: InstanceType ?? nodes.get(key)?.instanceType });
  }
  return [...nodes.values()];
}
