import { DescribeNodegroupCommand, type EKSClient, UpdateNodegroupConfigCommand } from '@aws-sdk/client-eks';
import { z } from 'zod';
import type { EksNodegroup } from '../compute/eks-nodegroup.ts';
import type { ClearedStart, ClearedStop } from '../schedule/clearance.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import { changeEach } from './change-each.ts';
import type { Changed, ChangeOutcome } from './change-outcome.ts';
import { describeEach } from './describe-each.ts';
import { errorCode } from './error.ts';
import type { PowerOptions } from './power.ts';
import { restored } from './restored.ts';
import { untilThrottled } from './throttling.ts';
import { sharedBucket } from './token-bucket.ts';

const described = z.object({
  nodegroup: z.object({
    nodegroupName: z.string(),
    clusterName: z.string(),
    status: z
      .enum(['CREATING', 'ACTIVE', 'UPDATING', 'DELETING', 'CREATE_FAILED', 'DELETE_FAILED', 'DEGRADED'])
      .or(z.string().transform(() => 'other' as const)),
    capacityType: z
      .enum(['ON_DEMAND', 'SPOT', 'CAPACITY_BLOCK'])
      .or(z.string().transform(() => 'other' as const))
      .default('ON_DEMAND'),
    scalingConfig: z.object({ minSize: z.number(), maxSize: z.number(), desiredSize: z.number() }),
    instanceTypes: z.array(z.string()).nullish(), // null where its launch template has them
    taints: z.array(z.object({ key: z.string() })).default([]),
    health: z.object({ issues: z.array(z.object({ code: z.string() })).default([]) }).optional(),
    warmPoolConfig: z.object({ enabled: z.boolean().default(false) }).optional(),
    tags: z.record(z.string(), z.string()).default({}),
  }),
});

/**
 * The node groups of these ids (`main/gpu`), each with a call of its own, tags included. One that EKS doesn't know is
 * absent; throws where it can't tell of another.
 */
export async function getNodegroups(client: EKSClient, ids: readonly string[]): Promise<EksNodegroup[]> {
  const answers = await describeEach(ids, (id) => describe(client, id));
  return [...answers.values()].flatMap((answer) => {
    if (!(answer instanceof Error)) return [answer];
    if (noNodegroup.has(errorCode(answer))) return [];
    throw answer;
  });
}

const noNodegroup = new Set(['ResourceNotFoundException']);

async function describe(client: EKSClient, id: string): Promise<EksNodegroup> {
  const { nodegroup } = described.parse(await client.send(new DescribeNodegroupCommand(namesOf(id))));
  return {
    cluster: nodegroup.clusterName,
    name: nodegroup.nodegroupName,
    tags: nodegroup.tags,
    status: nodegroup.status,
    capacityType: nodegroup.capacityType,
    sizes: nodegroup.scalingConfig,
    instanceTypes: nodegroup.instanceTypes ?? [],
    taints: nodegroup.taints.map(({ key }) => key),
    hasWarmPool: nodegroup.warmPoolConfig?.enabled ?? false,
    issues: nodegroup.health?.issues.map(({ code }) => code) ?? [],
  };
}

function namesOf(id: string): { clusterName: string; nodegroupName: string } {
  const [clusterName = '', nodegroupName = ''] = id.split('/');
  return { clusterName, nodegroupName };
}

/** `main/gpu` of `arn:aws:eks:eu-west-1:123456789012:nodegroup/main/gpu/8ac1d2e3-…`. */
export const nodegroupIdOf = (arn: string): string => arn.split('/').slice(1, 3).join('/');

/**
 * Takes node groups that the last gate has cleared down to no node, and lets them keep their largest size; with
 * `startNodegroups` the only caller of UpdateNodegroupConfig.
 */
export const stopNodegroups = (
  client: EKSClient,
  stops: readonly ClearedStop[],
  options: PowerOptions = {},
): Promise<Changed[]> =>
  setSizes(
    client,
    stops.map(({ subject }) => ({ subject, id: subject.id, sizes: { minSize: 0, desiredSize: 0 } })),
    options,
  );

const wholeSizes = z.object({
  minSize: z.number().int().nonnegative(),
  maxSize: z.number().int().positive(),
  desiredSize: z.number().int().positive(),
});

/** Gives node groups that the last gate has cleared the sizes back that they had; without them they stay as they are. */
export async function startNodegroups(
  client: EKSClient,
  starts: readonly ClearedStart[],
  options: PowerOptions = {},
): Promise<Changed[]> {
  const { known, unknown } = restored(starts, (restore) => wholeSizes.safeParse(restore).data);
  const sized = known.map(({ subject, size: sizes }) => ({ subject, id: subject.id, sizes }));
  return [...(await setSizes(client, sized, options)), ...unknown];
}

type Sized = { subject: Schedulable; id: string; sizes: Partial<EksNodegroup['sizes']> };

/** Errors that speak of the node group (EKS API reference, UpdateNodegroupConfig). */
const ofANodegroup = new Set([
  'InvalidParameterException',
  'InvalidRequestException',
  'ResourceInUseException',
]);

async function setSizes(
  client: EKSClient,
  changes: readonly Sized[],
  { remainingMs }: PowerOptions,
): Promise<Changed[]> {
  const [first] = changes;
  if (!first) return [];
  const { account, region } = first.subject; // one client is one account in one region
  return changeEach(
    changes,
    {
      send: ({ id, sizes: scalingConfig }) => {
        const command = new UpdateNodegroupConfigCommand({ ...namesOf(id), scalingConfig });
        return client.send(untilThrottled(command, ofANodegroup));
      },
      ofOne: ofANodegroup,
      gone: noNodegroup,
      outcomeOf: (change) => outcomeOf(client, change),
    },
    { calls: sharedBucket({ account, region, api: 'UpdateNodegroupConfig' }, updateRate), remainingMs },
  );
}

/** EKS publishes no limit of this call; so few never met one. */
const updateRate = { burst: 10, perSecond: 2 };

/** After an error: it has these sizes all the same, or EKS is still making another update and takes this one later. */
async function outcomeOf(client: EKSClient, { id, sizes }: Sized): Promise<ChangeOutcome | undefined> {
  const now = await describe(client, id);
  const isDone = Object.entries(sizes).every(
    ([size, value]) => now.sizes[size as keyof EksNodegroup['sizes']] === value,
  );
  if (isDone) return { outcome: 'done' };
  return now.status === 'UPDATING'
    ? { outcome: 'left', code: 'ResourceInUseException', message: `The node group '${id}' is UPDATING` }
    : undefined;
}
