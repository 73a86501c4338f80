import type { Usd } from '../money.ts';

/** A node whose GPUs a cluster hands out. */
export type GpuNode = {
  cluster: string;
  instanceId: string;
  /** Absent where neither EC2 nor its metrics tell; so are the next three. */
  instanceType?: string | undefined;
  gpus?: number | undefined;
  /** What one of its GPUs has, MiB. */
  memoryMib?: number | undefined;
  /** Dollars an hour for the whole node. */
  hourlyRate?: Usd | undefined;
  tags: Readonly<Record<string, string>>;
};

/** On what a workload runs, as far as it can be told. */
export type Placement = {
  /** `g5.12xlarge`; `g5.xlarge or p4d.24xlarge` where it may be either. */
  type: string;
  /** Dollars an hour for one GPU; undefined where it is unknown, or depends on the node. */
  ratePerGpu?: Usd | undefined;
  /** What all those nodes are tagged with alike. */
  tags: Record<string, string>;
  /** Their ids: a workload is paid for as a part of them. */
  instanceIds: string[];
};

/** A GPU reports a little less memory than EC2 says it has. */
const memoryTolerance = 0.1;

/** Whether the nodes of a cluster have different GPUs, so that it takes their memory to tell which a workload holds. */
export const isMixed = (nodes: readonly GpuNode[]): boolean => typesOf(nodes).length > 1;

/**
 * Which of its cluster's nodes a workload may run on: no metric tells a pod's node, so that it is any of them, or any
 * whose GPUs have as much memory as its own.
 */
export function placementOf(nodes: readonly GpuNode[], memoryMib?: number): Placement {
  const alike = nodes.filter((node) => hasMemory(node, memoryMib));
  const candidates = alike.length > 0 ? alike : nodes;
  const types = typesOf(candidates);
  return {
    type: types.length === 0 ? 'GPU' : types.join(' or '),
    ratePerGpu: onlyOf(candidates.map(ratePerGpu)),
    tags: commonTags(candidates),
    instanceIds: [...new Set(candidates.map(({ instanceId }) => instanceId))].toSorted(),
  };
}

const typesOf = (nodes: readonly GpuNode[]): string[] =>
  [...new Set(nodes.flatMap(({ instanceType }) => instanceType ?? []))].toSorted();

const hasMemory = (node: GpuNode, memoryMib: number | undefined): boolean =>
  memoryMib !== undefined &&
  node.memoryMib !== undefined &&
  Math.abs(node.memoryMib - memoryMib) <= node.memoryMib * memoryTolerance;

const ratePerGpu = ({ hourlyRate, gpus }: GpuNode): Usd | undefined =>
  hourlyRate === undefined || !gpus ? undefined : hourlyRate / gpus;

/** The one value that they all have; undefined where they differ, or one is unknown. */
function onlyOf(rates: readonly (Usd | undefined)[]): Usd | undefined {
  const [rate, ...others] = new Set(rates);
  return others.length === 0 ? rate : undefined;
}

function commonTags([first, ...others]: readonly GpuNode[]): Record<string, string> {
  const pairs = Object.entries(first?.tags ?? {});
  return Object.fromEntries(pairs.filter(([key, value]) => others.every(({ tags }) => tags[key] === value)));
}
