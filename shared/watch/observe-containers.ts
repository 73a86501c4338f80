import { attribute } from '../allocation/owner.ts';
import { listMetrics } from '../aws/cloudwatch.ts';
import { getInstances, getInstanceTypeFacts } from '../aws/ec2.ts';
import {
  type ContainerPolicy,
  gpusRequested,
  judgeContainerGpus,
  type Rest,
} from '../compute/container-gpus.ts';
import { type GpuNode, isMixed, type Placement, placementOf } from '../compute/container-nodes.ts';
import {
  type ContainerNamespace,
  containerMetrics,
  mapNodes,
  mapWorkloads,
  type NodeSource,
  type WorkloadSource,
} from '../compute/container-source.ts';
import type { Observation } from '../compute/finding.ts';
import { isStandby } from '../compute/idleness.ts';
import { periodSeconds, type Window } from '../compute/metric.ts';
import { windowBefore } from '../compute/utilization.ts';
import { hourlyRates } from '../store/prices.ts';
import { largestOf, readSeries } from './measure.ts';
import { listContainerGpus, readHolders, readRests, type WorkloadRead } from './measure-containers.ts';
import type { Gap, Observer, Watched } from './observe.ts';

/**
 * The GPUs that pods and ECS tasks request, and whether they use them. $0.01 per 1,000 metrics: one a pod and one a GPU,
 * another for the memory of a GPU that is silent, and one for a workload that holds memory or whose cluster has GPUs of
 * several kinds. A GPU comes to about $0.02 a month.
 */
export const observeContainers: Observer = async (watched) => {
  const namespaces = namespacesOf(watched);
  const listings = await Promise.all(namespaces.map((namespace) => listGpus(watched, namespace)));
  const workloads = mapWorkloads(listings.flatMap(({ metrics }) => metrics));
  const gaps = listings.flatMap((listing) => listing.gaps);
  const complete = gaps.length === 0 ? (['container-gpus'] as const) : [];
  if (workloads.length === 0) return { observations: [], complete, gaps };
  const nodes = await getNodes(watched, workloads);
  const observations = await observe(watched, workloads, nodes.nodes);
  return { observations, complete, gaps: [...gaps, ...nodes.gaps] };
};

/** Those that the configuration watches. */
const namespacesOf = ({ config }: Watched): ContainerNamespace[] =>
  (Object.keys(containerMetrics) as ContainerNamespace[]).filter((namespace) =>
    config.utilization.namespaces.includes(namespace),
  );

async function listGpus({ clients }: Watched, namespace: ContainerNamespace) {
  try {
    return { metrics: await listContainerGpus(clients.cloudWatch, namespace), gaps: [] };
  } catch (error) {
    return { metrics: [], gaps: [gapOf(`the CloudWatch namespace ${namespace}`, error)] };
  }
}

const gapOf = (what: string, error: unknown): Gap => ({
  what,
  why: error instanceof Error ? error.message : String(error),
});

/** The nodes of the workloads' clusters. Without them a workload has no type and no price, and is judged all the same. */
async function getNodes(watched: Watched, workloads: readonly WorkloadSource[]) {
  try {
    const namespaces = new Set(
      workloads.map(({ utilization }) => utilization.namespace as ContainerNamespace),
    );
    const lists = [...namespaces].map((namespace) =>
      listMetrics(watched.clients.cloudWatch, { namespace, name: containerMetrics[namespace].nodes }),
    );
    const listed = mapNodes((await Promise.all(lists)).flat());
    return { nodes: await describeNodes(watched, listed), gaps: [] };
  } catch (error) {
    return { nodes: [], gaps: [gapOf('the nodes of container clusters, and so their prices', error)] };
  }
}

async function describeNodes(watched: Watched, listed: readonly NodeSource[]): Promise<GpuNode[]> {
  const { clients, target, table, now, readOnly = false } = watched;
  if (listed.length === 0) return [];
  const instanceIds = [...new Set(listed.map(({ instanceId }) => instanceId))];
  const instances = await getInstances(clients.ec2, target, { instanceIds });
  const known = new Map(instances.map((instance) => [instance.instanceId, instance]));
  const typeOf = ({ instanceId, instanceType }: NodeSource) =>
    known.get(instanceId)?.instanceType ?? instanceType;
  const facts = await getInstanceTypeFacts(
    clients.ec2,
    listed.flatMap((node) => typeOf(node) ?? []),
  );
  const rates = await hourlyRates({ table, pricing: clients.pricing, readOnly }, target, instances, now);
  return listed.map((node) => {
    const instanceType = typeOf(node);
    const accelerators = instanceType === undefined ? undefined : facts.get(instanceType)?.accelerators;
    return {
      cluster: node.cluster,
      instanceId: node.instanceId,
      instanceType,
      gpus: accelerators?.count,
      memoryMib: accelerators?.memoryMib,
      hourlyRate: rates.get(node.instanceId),
      tags: known.get(node.instanceId)?.tags ?? {},
    };
  });
}

/** A workload, where it runs, and what was read of it. */
type Read = WorkloadRead & { placement: Placement };

async function observe(
  watched: Watched,
  workloads: readonly WorkloadSource[],
  nodes: readonly GpuNode[],
): Promise<Observation[]> {
  const window = windowBefore(watched.now, watched.config.idle.window);
  const reader = { cloudWatch: watched.clients.cloudWatch, idle: watched.config.idle };
  const placements = await placeAll(watched, workloads, nodes, window);
  const holders = await readHolders(reader, workloads, window);
  const reads = workloads.map((workload, index): Read => {
    const placement = placements[index] ?? placementOf([]);
    return {
      workload,
      placement,
      holders: holders[index] ?? [],
      policy: policyOf(watched, placement),
    };
  });
  const rests = await readRests(reader, reads, window);
  return reads.flatMap((read) => toObservation(watched, read, window, rests.get(read.workload)));
}

function policyOf({ config: { idle, tags } }: Watched, placement: Placement): ContainerPolicy {
  const { workload } = attribute(placement.tags, tags);
  return { ...idle, isStandby: isStandby(workload, idle.standby) };
}

function toObservation(
  { target }: Watched,
  { workload, placement, holders, policy }: Read,
  window: Window,
  rest: Rest | undefined,
): Observation[] {
  const requested = gpusRequested(holders, window);
  if (requested === 0) return [];
  const { type, ratePerGpu, tags, instanceIds } = placement;
  const isPriced = ratePerGpu !== undefined && requested !== undefined && workload.isCounted;
  return [
    {
      resource: {
        kind: 'container-gpus',
        account: target.account,
        region: target.region,
        id: workload.id,
        name: workload.name,
        type,
        count: requested ?? Math.max(1, holders.flatMap(({ gpus }) => gpus).length),
        tags,
        within: instanceIds.length === 0 ? undefined : instanceIds,
      },
      utilization: judgeContainerGpus(holders, window, policy, rest),
      hourlyRate: isPriced ? ratePerGpu * requested : undefined,
    },
  ];
}

/** The workloads' nodes, told apart by the memory of their GPUs where a cluster has several kinds. */
async function placeAll(
  { clients }: Watched,
  workloads: readonly WorkloadSource[],
  nodes: readonly GpuNode[],
  window: Window,
): Promise<Placement[]> {
  const byCluster = Map.groupBy(nodes, ({ cluster }) => cluster);
  const nodesOf = ({ cluster }: WorkloadSource) => byCluster.get(cluster) ?? [];
  const mixed = workloads.filter((workload) => isMixed(nodesOf(workload)));
  const metrics = mixed.map(({ memoryTotal }) => memoryTotal);
  const sizes = await readSeries(clients.cloudWatch, largestOf(metrics), window, periodSeconds);
  return workloads.map((workload) => {
    const points = sizes.get(workload.memoryTotal)?.points ?? [];
    const memoryMib = points.length === 0 ? undefined : Math.max(...points.map(({ value }) => value));
    return placementOf(nodesOf(workload), memoryMib);
  });
}
