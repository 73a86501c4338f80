import type {
  AutoScalingGroup,
  CreateOrUpdateTagsCommandInput,
  DeleteTagsCommandInput,
  DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingGroupsCommandOutput,
  DescribeScheduledActionsCommandInput,
  DescribeScheduledActionsCommandOutput,
  LifecycleState,
  UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { stateOf } from '../fleet.ts';
import { uuidOf } from '../noise.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import { membersAt, type ScalingGroup, settleGroup } from '../scaling-groups.ts';
import { pageOf } from './page.ts';

export const autoScaling = {
  DescribeAutoScalingGroups: describeGroups,
  DescribeScheduledActions: describeScheduledActions,
  UpdateAutoScalingGroup: updateGroup,
  CreateOrUpdateTags: createTags,
  DeleteTags: deleteTags,
};

const here = ({ sample, account, region }: Caller): ScalingGroup[] =>
  sample.scalingGroups.filter((group) => group.account === account && group.region === region);

function describeGroups(
  input: DescribeAutoScalingGroupsCommandInput,
  caller: Caller,
): Reply<DescribeAutoScalingGroupsCommandOutput> {
  const { AutoScalingGroupNames: names = [], Filters = [], MaxRecords = 50, NextToken } = input;
  if (names.length > 50) throw awsError('ValidationError', 'At most 50 names');
  if (MaxRecords > 100) throw awsError('ValidationError', 'MaxRecords must be at most 100');
  const wanted = here(caller).filter(
    (group) =>
      (names.length === 0 || names.includes(group.spec.name)) &&
      Filters.every(({ Name, Values = [] }) => {
        if (Name !== 'tag-key') throw awsError('ValidationError', `The filter ${Name} is not known here`);
        return Values.some((key) => key in group.tags);
      }),
  );
  const { page, next } = pageOf(wanted, NextToken, MaxRecords);
  return { AutoScalingGroups: page.map((group) => toGroup(group, caller)), ...(next && { NextToken: next }) };
}

function toGroup(group: ScalingGroup, { sample }: Caller): AutoScalingGroup {
  const { account, region, spec } = group;
  return {
    AutoScalingGroupName: spec.name,
    AutoScalingGroupARN: `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:${uuidOf(spec.name)}:autoScalingGroupName/${spec.name}`,
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: [`${region}a`],
    HealthCheckType: 'EC2',
    CreatedTime: new Date('2026-03-02T08:00:00Z'),
    Instances: membersAt(sample.fleet, group, sample.now).map((member) => ({
      InstanceId: member.spec.id,
      InstanceType: member.spec.type,
      AvailabilityZone: `${region}a`,
      LifecycleState: lifecycles[stateOf(member, sample.now) ?? ''] ?? ('Terminating' as const),
      HealthStatus: 'Healthy',
      ProtectedFromScaleIn: false,
    })),
    SuspendedProcesses: spec.suspended.map((ProcessName) => ({ ProcessName })),
    Tags: Object.entries(group.tags).map(([Key, Value]) => ({
      Key,
      Value,
      ResourceId: spec.name,
      ResourceType: 'auto-scaling-group',
      PropagateAtLaunch: true,
    })),
  };
}

const lifecycles: Readonly<Record<string, LifecycleState>> = { pending: 'Pending', running: 'InService' };

function describeScheduledActions(
  { AutoScalingGroupName: name }: DescribeScheduledActionsCommandInput,
  caller: Caller,
): Reply<DescribeScheduledActionsCommandOutput> {
  const groups = here(caller).filter(({ spec }) => name === undefined || spec.name === name);
  return {
    ScheduledUpdateGroupActions: groups.flatMap(({ spec }) =>
      spec.scheduledActions.map((action) => ({
        AutoScalingGroupName: spec.name,
        ScheduledActionName: action,
      })),
    ),
  };
}

function updateGroup(input: UpdateAutoScalingGroupCommandInput, caller: Caller): object {
  const { sample } = caller;
  const group = named(caller, input.AutoScalingGroupName);
  const { MinSize: min = group.min, MaxSize: max = group.max } = input;
  const desired = input.DesiredCapacity ?? Math.min(max, Math.max(min, group.desired));
  if (min > max || desired < min || desired > max) {
    const message = `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`;
    throw awsError('ValidationError', message);
  }
  Object.assign(group, { min, max, desired });
  settleGroup(sample.fleet, group, sample.now);
  sample.version += 1;
  return {};
}

function named(caller: Caller, name: string | undefined): ScalingGroup {
  const group = here(caller).find(({ spec }) => spec.name === name);
  if (!group) throw awsError('ValidationError', `AutoScalingGroup name not found - null`);
  return group;
}

function createTags({ Tags = [] }: CreateOrUpdateTagsCommandInput, caller: Caller): object {
  for (const { ResourceId, Key = '', Value = '' } of Tags) named(caller, ResourceId).tags[Key] = Value;
  return {};
}

function deleteTags({ Tags = [] }: DeleteTagsCommandInput, caller: Caller): object {
  for (const { ResourceId, Key = '' } of Tags) delete named(caller, ResourceId).tags[Key];
  return {};
}
