import {
  type AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeScheduledActionsCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { ScalingGroup } from '../compute/scaling-group.ts';
import type { ClearedStart, ClearedStop } from '../schedule/clearance.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import type { Target } from '../target.ts';
import { changeEach, paceOf } from './change-each.ts';
import type { PowerOptions, PowerOutcome } from './power.ts';
import { untilThrottled } from './throttling.ts';

const described = z.object({
  AutoScalingGroupName: z.string(),
  AutoScalingGroupARN: z.string(),
  MinSize: z.number(),
  MaxSize: z.number(),
  DesiredCapacity: z.number(),
  Instances: z
    .array(
      z.object({
        InstanceId: z.string(),
        InstanceType: z.string().optional(),
        LifecycleState: z.string(),
        ProtectedFromScaleIn: z.boolean().default(false),
      }),
    )
    .default([]),
  SuspendedProcesses: z.array(z.object({ ProcessName: z.string() })).default([]),
  WarmPoolConfiguration: z.object({}).optional(),
  Status: z.string().optional(), // only while it is being deleted
  Operator: z.object({ Managed: z.boolean().default(false) }).optional(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string().default('') })).default([]),
});

const groupsPage = z.object({
  AutoScalingGroups: z.array(described).default([]),
  NextToken: z.string().optional(),
});

const actionsPage = z.object({
  ScheduledUpdateGroupActions: z.array(z.object({ ScheduledActionName: z.string() })).default([]),
  NextToken: z.string().optional(),
});

/** The groups of a target that carry this tag key, as it is written, or those of these names; all pages, free of charge. */
export async function getScalingGroups(
  client: AutoScalingClient,
  target: Target,
  wanted: { tagKey: string } | { names: readonly string[] },
): Promise<ScalingGroup[]> {
  const questions =
    'tagKey' in wanted
      ? [{ Filters: [{ Name: 'tag-key', Values: [wanted.tagKey] }] }]
      : inBatches(wanted.names, maxNames).map((AutoScalingGroupNames) => ({ AutoScalingGroupNames }));
  const groups: ScalingGroup[] = [];
  for (const question of questions) {
    let NextToken: string | undefined;
    do {
      const command = new DescribeAutoScalingGroupsCommand({ ...question, MaxRecords: 100, NextToken });
      const page = groupsPage.parse(await client.send(command));
      groups.push(...page.AutoScalingGroups.map((group) => toGroup(group, target)));
      NextToken = page.NextToken;
    } while (NextToken);
  }
  return groups;
}

const maxNames = 50;

const toGroup = (group: z.infer<typeof described>, { account, region }: Target): ScalingGroup => ({
  account,
  region,
  name: group.AutoScalingGroupName,
  arn: group.AutoScalingGroupARN,
  min: group.MinSize,
  max: group.MaxSize,
  desired: group.DesiredCapacity,
  members: group.Instances.map(({ InstanceId, InstanceType, LifecycleState, ProtectedFromScaleIn }) => ({
    instanceId: InstanceId,
    instanceType: InstanceType,
    lifecycleState: LifecycleState,
    isProtected: ProtectedFromScaleIn,
  })),
  suspended: group.SuspendedProcesses.map(({ ProcessName }) => ProcessName),
  hasWarmPool: group.WarmPoolConfiguration !== undefined,
  isBeingDeleted: group.Status !== undefined,
  managed: group.Operator?.Managed ?? false,
  tags: Object.fromEntries(group.Tags.map(({ Key, Value }) => [Key, Value])),
});

/** The names of a group's scheduled actions that are still to come, all pages. */
export async function getScheduledActions(client: AutoScalingClient, group: string): Promise<string[]> {
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeScheduledActionsCommand({ AutoScalingGroupName: group, NextToken });
    const page = actionsPage.parse(await client.send(command));
    names.push(...page.ScheduledUpdateGroupActions.map(({ ScheduledActionName }) => ScheduledActionName));
    NextToken = page.NextToken;
  } while (NextToken);
  return names;
}

/** Errors that speak of the one group; every other speaks of the call. */
const ofOne: ReadonlySet<string> = new Set([
  'NothingToRestore',
  'ServiceLinkedRoleFailure',
  'ValidationError',
]);

/** It is being changed already. */
const later: ReadonlySet<string> = new Set(['ResourceContentionFault', 'ScalingActivityInProgressFault']);

type Resize = {
  /** Where it is. */
  place: Pick<Schedulable, 'account' | 'region'>;
  id: string;
  sizes: { MinSize: number; DesiredCapacity: number; MaxSize?: number } | undefined;
};

/**
 * Takes groups that the last gate has cleared down to 0: their members are terminated. The largest size stays, so that
 * somebody who needs the group meanwhile can still scale it out.
 */
export const scaleDownGroups = (
  client: AutoScalingClient,
  stops: readonly ClearedStop[],
  options: PowerOptions = {},
): Promise<PowerOutcome[]> =>
  resize(
    client,
    stops.map(({ subject }) => ({
      id: subject.id,
      place: subject,
      sizes: { MinSize: 0, DesiredCapacity: 0 },
    })),
    options,
  );

/** Gives groups that the last gate has cleared the sizes back that they had before they were taken down. */
export const scaleUpGroups = (
  client: AutoScalingClient,
  starts: readonly ClearedStart[],
  options: PowerOptions = {},
): Promise<PowerOutcome[]> =>
  resize(
    client,
    starts.map(({ subject, restore }) => ({
      id: subject.id,
      place: subject,
      sizes: sizesOf(subject, restore),
    })),
    options,
  );

const stored = z.object({ min: z.number(), max: z.number(), desired: z.number() });

/** The largest size is only touched where somebody has made it too small meanwhile. */
function sizesOf({ restore: current }: Schedulable, restore: Schedulable['restore']): Resize['sizes'] {
  const { data: before } = stored.safeParse(restore);
  if (before === undefined) return undefined;
  const isTooSmall = Number(current?.['max'] ?? before.max) < before.desired;
  return {
    MinSize: before.min,
    DesiredCapacity: before.desired,
    ...(isTooSmall && { MaxSize: before.max }),
  };
}

/** The only caller of UpdateAutoScalingGroup. */
async function resize(
  client: AutoScalingClient,
  groups: readonly Resize[],
  options: PowerOptions,
): Promise<PowerOutcome[]> {
  const [first] = groups;
  if (!first) return []; // one client is one account in one region
  return changeEach(
    groups,
    {
      send: async ({ id, sizes }) => {
        if (sizes === undefined) throw nothingToRestore(id);
        const command = new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: id, ...sizes });
        await client.send(untilThrottled(command, ofOne));
      },
      ofOne,
      later,
      outcomeOf: async ({ id, sizes }) => {
        if (sizes === undefined) return undefined;
        const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [id] });
        const [group] = groupsPage.parse(await client.send(command)).AutoScalingGroups;
        const isThere = group?.MinSize === sizes.MinSize && group.DesiredCapacity === sizes.DesiredCapacity;
        return isThere ? { outcome: 'done' } : undefined;
      },
    },
    paceOf('UpdateAutoScalingGroup', first.place, options),
  );
}

function nothingToRestore(name: string): Error {
  const error = new Error(`The sizes of "${name}" from before its stop are not known: set them by hand`);
  error.name = 'NothingToRestore';
  return error;
}
