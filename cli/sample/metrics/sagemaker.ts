import type { Course } from '../course.ts';
import { overAt } from '../course.ts';
import type { Run } from '../fleet.ts';
import { hexOf, seedOf } from '../noise.ts';
import {
  type ClusterSpec,
  type EndpointSpec,
  type JobSpec,
  type NodeSpec,
  type NotebookSpec,
  type SageMaker,
  startOf,
} from '../sagemaker-spec.ts';
import type { InstanceTypeSpec } from '../world.ts';
import { evenDevices, nodeGpuSeries } from './instance.ts';
import { counted, dimensionsOf, minute, noisy, type Series } from './series.ts';

type Types = Readonly<Record<string, InstanceTypeSpec>>;
type Work = { gpu: Course; memory: Course; cpu: Course };

/** What SageMaker, and what runs on its machines, publishes in one account and region. */
export const sageMakerSeries = (spec: SageMaker, types: Types): Series[] => [
  ...spec.endpoints.flatMap((endpoint) => endpointSeries(endpoint, types)),
  ...spec.notebooks.filter(({ agent }) => agent).flatMap((notebook) => notebookSeries(notebook, types)),
  ...spec.trainingJobs.flatMap((job) => jobSeries('TrainingJobs', job, types)),
  ...spec.processingJobs.flatMap((job) => jobSeries('ProcessingJobs', job, types)),
  ...spec.transformJobs.flatMap((job) => jobSeries('TransformJobs', job, types)),
  ...spec.clusters.flatMap((cluster) => cluster.nodes.flatMap((node) => nodeSeries(cluster, node, types))),
];

const factsOf = (types: Types, type: string | undefined): InstanceTypeSpec | undefined =>
  type === undefined ? undefined : types[type.replace(/^ml\./, '')];

export const variantName = 'AllTraffic';

function endpointSeries(endpoint: EndpointSpec, types: Types): Series[] {
  const { name, components } = endpoint;
  const variant = dimensionsOf({ EndpointName: name, VariantName: variantName });
  const runs = runsOf(endpoint);
  const facts = factsOf(types, endpoint.type);
  return [
    ...(components.length === 0 ? callSeries(endpoint, variant, endpoint) : []),
    ...components.flatMap((component) =>
      callSeries(component, dimensionsOf({ InferenceComponentName: component.name }), endpoint),
    ),
    ...(facts
      ? hostSeries('/aws/sagemaker/Endpoints', variant, endpoint, facts, seedOf(`endpoint ${name}`), runs)
      : []),
  ];
}

const runsOf = ({ created, deleted }: Pick<EndpointSpec, 'created' | 'deleted'>): Run[] => [
  { from: created, ...(deleted !== undefined && { to: deleted }) },
];

/** What counts the calls of a variant, or of one of the models that share it: nothing while there are none. */
function callSeries(
  { name, invocations }: Pick<EndpointSpec, 'name' | 'invocations'>,
  dimensions: Series['dimensions'],
  endpoint: EndpointSpec,
): Series[] {
  const { instances, serverless } = endpoint;
  const calls = counted(invocations, seedOf(`endpoint ${name}`));
  const samples = (at: number) => calls(at) ?? 0;
  const each = (value: number) => (at: number) => (samples(at) === 0 ? undefined : value * samples(at));
  const metric = (metricName: string, sample: Series['sample']): Series => ({
    namespace: 'AWS/SageMaker',
    name: metricName,
    dimensions,
    resolution: minute,
    sample,
    samples,
    runs: runsOf(endpoint),
    until: overAt(invocations),
  });
  return [
    metric('Invocations', calls),
    metric('ModelLatency', each(41_000)),
    ...(serverless ? [] : [metric('InvocationsPerInstance', each(1 / instances))]),
  ];
}

/** A host's utilisation as SageMaker adds it up: 100 percent for each GPU, and for each vCPU. */
function hostSeries(
  namespace: string,
  dimensions: Series['dimensions'],
  { gpu, memory, cpu }: Work,
  { vcpus, gpu: devices }: InstanceTypeSpec,
  seed: number,
  runs: readonly Run[],
): Series[] {
  const metric = (name: string, course: Course, units: number, salt: number): Series => {
    const share = noisy(course, seed ^ salt, 100);
    return {
      namespace,
      name,
      dimensions,
      resolution: minute,
      sample: (at) => units * share(at),
      runs,
      until: Number.POSITIVE_INFINITY,
    };
  };
  return [
    metric('CPUUtilization', cpu, vcpus, 1),
    metric('MemoryUtilization', cpu, 1, 2),
    ...(devices
      ? [
          metric('GPUUtilization', gpu, devices.count, 16),
          metric('GPUMemoryUtilization', memory, devices.count, 48),
        ]
      : []),
  ];
}

/** What the CloudWatch agent of a notebook instance publishes, once somebody has put it there. */
function notebookSeries(notebook: NotebookSpec, types: Types): Series[] {
  const facts = factsOf(types, notebook.type);
  const seed = seedOf(`notebook ${notebook.name}`);
  const metric = (name: string, own: Readonly<Record<string, string>>, sample: Series['sample']): Series => ({
    namespace: 'CWAgent',
    name,
    dimensions: dimensionsOf({ NotebookInstanceName: notebook.name, ...own }),
    resolution: minute,
    sample,
    runs: [{ from: notebook.started, to: notebook.stopped }],
    until: Number.POSITIVE_INFINITY,
  });
  const { gpu } = facts ?? {};
  const devices = gpu ? evenDevices(gpu.count, notebook, seed) : [];
  return [
    metric('cpu_usage_active', { cpu: 'cpu-total' }, noisy(notebook.cpu, seed ^ 1, 100)),
    ...devices.flatMap(({ index, utilization, memory }) => {
      const device = { index: String(index), name: gpu?.device ?? '', arch: gpu?.arch ?? '' };
      return [
        metric('nvidia_smi_utilization_gpu', device, utilization),
        metric('nvidia_smi_memory_used', device, (at) =>
          Math.round((memory(at) * (gpu?.memoryMib ?? 0)) / 100),
        ),
      ];
    }),
  ];
}

type JobNamespace = 'TrainingJobs' | 'ProcessingJobs' | 'TransformJobs';

function jobSeries(kind: JobNamespace, job: JobSpec, types: Types): Series[] {
  const facts = factsOf(types, job.type);
  if (!facts) return [];
  const runs = [{ from: startOf(job), to: job.ended }];
  return Array.from({ length: job.instances }, (_, host) => {
    const Host = `${job.name}/${hostName(kind, job, host)}`;
    const dimensions = dimensionsOf({ Host });
    return hostSeries(`/aws/sagemaker/${kind}`, dimensions, job, facts, seedOf(Host), runs);
  }).flat();
}

/** Hosts are numbered, those of a batch transform have the ids of their instances. */
const hostName = (kind: JobNamespace, { name }: JobSpec, host: number): string =>
  kind === 'TransformJobs' ? `i-${hexOf(`${name} ${host}`, 17)}` : `algo-${host + 1}`;

/** The nodes of a HyperPod cluster under EKS: their instances are SageMaker's, and EC2 publishes nothing of them. */
function nodeSeries({ name: ClusterName }: ClusterSpec, node: NodeSpec, types: Types): Series[] {
  const facts = factsOf(types, node.type);
  if (!facts) return [];
  const seed = seedOf(node.id);
  const published = { runs: [{ from: node.launched }], until: Number.POSITIVE_INFINITY };
  const dimensions = { ClusterName, InstanceId: node.id, NodeName: `hyperpod-${node.id}` };
  const devices = facts.gpu ? evenDevices(facts.gpu.count, node, seed) : [];
  return [
    ...nodeGpuSeries(
      published,
      { ...dimensions, InstanceType: node.type },
      devices,
      facts.gpu?.memoryMib ?? 0,
    ),
    {
      namespace: 'ContainerInsights',
      name: 'node_cpu_utilization',
      dimensions: dimensionsOf(dimensions),
      resolution: minute,
      sample: noisy(node.cpu, seed ^ 1, 100),
      ...published,
    },
  ];
}
