import { type EksNodegroup, lastLaunchOf, nodegroupId } from '../../compute/eks-nodegroup.ts';
import type { Instance, InstanceTypeFacts } from '../../compute/instance.ts';
import type { Target } from '../../target.ts';
import type { Refusal } from '../refusal.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';

/** A node group, its nodes, and what is known of their types. */
export type NodegroupCandidate = {
  nodegroup: EksNodegroup;
  /** Those that are up, or on their way up or down. */
  nodes: readonly Instance[];
  facts: ReadonlyMap<string, InstanceTypeFacts>;
  /** The key of the tag whose value `discard` allows a stop that loses local disks. */
  instanceStoreTag: string;
};

type Rule = (candidate: NodegroupCandidate) => Refusal | undefined;

/** EKS API reference, Nodegroup: an update that was asked for earlier is still being made. */
const update: Rule = ({ nodegroup: { status } }) =>
  status === 'UPDATING' || status === 'CREATING'
    ? { code: 'pending', reason: 'EKS is updating it: looked at again with the next run' }
    : undefined;

const health: Rule = ({ nodegroup: { status, issues } }) => {
  if (!['DEGRADED', 'CREATE_FAILED', 'DELETE_FAILED', 'other'].includes(status)) return undefined;
  const said = issues.length > 0 ? ` (${issues.join(', ')})` : '';
  const reason = `EKS says that it is ${status === 'other' ? 'in an unknown state' : status}${said}`;
  return { code: 'nodegroup-unhealthy', reason };
};

/** EKS user guide, Managed node groups: Capacity Blocks for ML. */
const capacityBlock: Rule = ({ nodegroup: { capacityType } }) =>
  capacityType === 'CAPACITY_BLOCK'
    ? {
        code: 'capacity-block',
        reason: 'a capacity block is paid for in advance: stopping it saves nothing',
      }
    : undefined;

/** The taint by which Kubernetes reserves nodes for what the cluster itself needs. */
const systemNodes: Rule = ({ nodegroup: { taints } }) =>
  taints.includes('CriticalAddonsOnly')
    ? {
        code: 'system-nodes',
        reason: 'its taint CriticalAddonsOnly reserves it for what the cluster itself needs',
      }
    : undefined;

/** EKS API reference, WarmPoolConfig: what it keeps ready is beside the sizes of the group. */
const warmPool: Rule = ({ nodegroup: { hasWarmPool } }) =>
  hasWarmPool
    ? { code: 'warm-pool', reason: 'its warm pool keeps instances ready, which its sizes do not take down' }
    : undefined;

const rules: readonly Rule[] = [update, health, capacityBlock, systemNodes, warmPool];

/** What a stop would lose: the nodes are terminated, and their local disks with them. */
const instanceStoreData: Rule = ({ nodegroup: { tags }, nodes, facts, instanceStoreTag: key }) => {
  const unknown = nodes.find(({ instanceType }) => !facts.has(instanceType));
  if (unknown)
    return { code: 'unknown-type', reason: `nothing is known of the type ${unknown.instanceType}` };
  const gb = storeOf(nodes, facts) ?? 0;
  if (gb === 0 || tags[key]?.trim().toLowerCase() === 'discard') return undefined;
  const reason = `a stop would lose ${gb} GB on its nodes' instance-store volumes; "${key}: discard" allows it`;
  return { code: 'instance-store-data', reason };
};

/** GB of all nodes together; undefined where one's type is unknown. */
const storeOf = (nodes: readonly Instance[], facts: NodegroupCandidate['facts']): number | undefined =>
  nodes.reduce<number | undefined>((sum, { instanceType }) => {
    const gb = facts.get(instanceType)?.instanceStoreGb;
    return sum === undefined || gb === undefined ? undefined : sum + gb;
  }, 0);

/**
 * The node group as a schedule sees it. It is up since its youngest node is: a node that an autoscaler added was needed
 * then. EKS doesn't tell when it went down.
 */
export function schedulableNodegroup(
  candidate: NodegroupCandidate,
  { account, region }: Pick<Target, 'account' | 'region'>,
): Schedulable {
  const { nodegroup, nodes, facts } = candidate;
  const { name, tags, sizes } = nodegroup;
  const state = stateOf(candidate);
  return {
    kind: 'eks-nodegroup',
    account,
    region,
    id: nodegroupId(nodegroup),
    name,
    type: typeOf(candidate),
    tags,
    state,
    startedAt: state === 'running' ? lastLaunchOf(nodes) : undefined,
    refusal: rules.map((rule) => rule(candidate)).find((refusal) => refusal !== undefined),
    stopRefusal: instanceStoreData(candidate),
    instanceStoreGb: storeOf(nodes, facts),
    ...(sizes.desiredSize > 0 && { restore: { ...sizes } }),
  };
}

function stateOf({ nodegroup: { status, sizes }, nodes }: NodegroupCandidate): PowerState {
  if (status === 'DELETING') return 'gone';
  if (sizes.desiredSize === 0) return nodes.length > 0 ? 'stopping' : 'stopped';
  return nodes.some(({ state }) => state === 'running') ? 'running' : 'starting';
}

/** `3 x g5.xlarge`; of one that is down what it launches. */
function typeOf({ nodegroup: { instanceTypes }, nodes }: NodegroupCandidate): string {
  if (nodes.length === 0) return instanceTypes.join(', ') || 'of its launch template';
  const types = Map.groupBy(nodes, ({ instanceType }) => instanceType);
  return [...types].map(([type, { length }]) => `${length} x ${type}`).join(', ');
}
