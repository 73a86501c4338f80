import type {
  CapacityTypes,
  DescribeNodegroupCommandInput,
  DescribeNodegroupCommandOutput,
  Nodegroup,
  NodegroupStatus,
  TagResourceCommandInput,
  TagResourceCommandOutput,
  UntagResourceCommandInput,
  UntagResourceCommandOutput,
  UpdateNodegroupConfigCommandInput,
  UpdateNodegroupConfigCommandOutput,
} from '@aws-sdk/client-eks';
import type { NodegroupSpec } from '../container-spec.ts';
import { type SampleNodegroup, setSizes, statusOf } from '../containers.ts';
import { placeOf } from '../fleet.ts';
import { uuidOf } from '../noise.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const eks = {
  DescribeNodegroup: describeNodegroup,
  UpdateNodegroupConfig: updateNodegroupConfig,
  TagResource: tagResource,
  UntagResource: untagResource,
};

type Place = Pick<Caller, 'account' | 'region'>;

export const nodegroupArn = (
  { account, region }: Place,
  { cluster, name }: Pick<NodegroupSpec, 'cluster' | 'name'>,
): string => `arn:aws:eks:${region}:${account}:nodegroup/${cluster}/${name}/${uuidOf(`${cluster}/${name}`)}`;

const nodegroupsAt = ({ sample, account, region }: Caller): SampleNodegroup[] =>
  (sample.services.get(placeOf(account, region))?.eks ?? []).filter(({ spec }) => spec.created <= sample.now);

function named(
  caller: Caller,
  { clusterName, nodegroupName }: DescribeNodegroupCommandInput | UpdateNodegroupConfigCommandInput,
): SampleNodegroup {
  const found = nodegroupsAt(caller).find(
    ({ spec }) => spec.cluster === clusterName && spec.name === nodegroupName,
  );
  if (!found) {
    const message = `No node group found for name: ${nodegroupName}.`;
    throw awsError('ResourceNotFoundException', message, 404);
  }
  return found;
}

function describeNodegroup(
  input: DescribeNodegroupCommandInput,
  caller: Caller,
): Reply<DescribeNodegroupCommandOutput> {
  return { nodegroup: toNodegroup(named(caller, input), caller) };
}

function toNodegroup(nodegroup: SampleNodegroup, caller: Caller): Nodegroup {
  const { spec, tags, sizes } = nodegroup;
  const status = statusOf(nodegroup, caller.sample.now) as NodegroupStatus;
  return {
    nodegroupName: spec.name,
    nodegroupArn: nodegroupArn(caller, spec),
    clusterName: spec.cluster,
    createdAt: new Date(spec.created),
    modifiedAt: new Date(nodegroup.updatedAt),
    status,
    capacityType: spec.capacity as CapacityTypes,
    scalingConfig: { ...sizes },
    taints: spec.taints.map((key) => ({ key, effect: 'NO_SCHEDULE' as const })),
    health: {
      issues: status === 'DEGRADED' ? [{ code: 'AsgInstanceLaunchFailures', message: 'No capacity.' }] : [],
    },
    ...(spec.warmPool && { warmPoolConfig: { enabled: true } }),
    tags: { ...tags },
  };
}

function updateNodegroupConfig(
  input: UpdateNodegroupConfigCommandInput,
  caller: Caller,
): Reply<UpdateNodegroupConfigCommandOutput> {
  const nodegroup = named(caller, input);
  const { sample, account, region } = caller;
  if (statusOf(nodegroup, sample.now) === 'UPDATING') {
    const message = `Nodegroup ${input.nodegroupName} is currently being updated`;
    throw awsError('ResourceInUseException', message, 409);
  }
  const { sizes } = nodegroup;
  const {
    minSize = sizes.minSize,
    maxSize = sizes.maxSize,
    desiredSize = sizes.desiredSize,
  } = input.scalingConfig ?? {};
  if (maxSize < 1 || minSize > desiredSize || desiredSize > maxSize) {
    const message = 'Minimum capacity, desired capacity and maximum capacity must not exceed one another';
    throw awsError('InvalidParameterException', message);
  }
  const place = { fleet: sample.fleet, account, region, now: sample.now };
  setSizes(nodegroup, { minSize, maxSize, desiredSize }, place);
  sample.version += 1;
  return { update: { id: uuidOf(`${input.nodegroupName} ${sample.now}`), status: 'InProgress' } };
}

function taggable(caller: Caller, arn: string | undefined): SampleNodegroup {
  const found = nodegroupsAt(caller).find(({ spec }) => nodegroupArn(caller, spec) === arn);
  if (!found) throw awsError('NotFoundException', 'No such resource.', 404);
  return found;
}

function tagResource(
  { resourceArn, tags = {} }: TagResourceCommandInput,
  caller: Caller,
): Reply<TagResourceCommandOutput> {
  Object.assign(taggable(caller, resourceArn).tags, tags);
  return {};
}

function untagResource(
  { resourceArn, tagKeys = [] }: UntagResourceCommandInput,
  caller: Caller,
): Reply<UntagResourceCommandOutput> {
  const { tags } = taggable(caller, resourceArn);
  for (const key of tagKeys) delete tags[key];
  return {};
}
