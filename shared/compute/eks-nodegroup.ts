import type { IsoTime } from '../period.ts';
import type { Instance } from './instance.ts';

/** A managed node group of EKS, as far as anybody here asks. */
export type EksNodegroup = {
  cluster: string;
  name: string;
  tags: Readonly<Record<string, string>>;
  status: NodegroupStatus;
  capacityType: 'ON_DEMAND' | 'SPOT' | 'CAPACITY_BLOCK' | 'other';
  sizes: { minSize: number; maxSize: number; desiredSize: number };
  /** Those of its launch template are not among them. */
  instanceTypes: readonly string[];
  /** Keys of the taints that keep ordinary pods away. */
  taints: readonly string[];
  hasWarmPool: boolean;
  /** What EKS says is wrong with it. */
  issues: readonly string[];
};

type NodegroupStatus =
  | 'CREATING'
  | 'ACTIVE'
  | 'UPDATING'
  | 'DELETING'
  | 'CREATE_FAILED'
  | 'DELETE_FAILED'
  | 'DEGRADED'
  | 'other';

/** `main/gpu`, unique in its account and region. */
export const nodegroupId = ({ cluster, name }: Pick<EksNodegroup, 'cluster' | 'name'>): string =>
  `${cluster}/${name}`;

/** The node group that an instance says it belongs to: EKS tags what it launches. */
export function nodegroupOf({ tags }: Pick<Instance, 'tags'>): string | undefined {
  const [cluster, name] = [tags['eks:cluster-name'], tags['eks:nodegroup-name']];
  return cluster === undefined || name === undefined ? undefined : nodegroupId({ cluster, name });
}

/** When the youngest of its nodes was launched: whoever asked for that one needed it then. */
export function lastLaunchOf(nodes: readonly Pick<Instance, 'launchTime'>[]): IsoTime | undefined {
  return nodes.map(({ launchTime }) => launchTime).toSorted((a, b) => Date.parse(b) - Date.parse(a))[0];
}
