import type { DescribedMembers, ScalingGroup } from '../../compute/scaling-group.ts';
import type { IsoTime } from '../../period.ts';
import { isBefore, latest } from '../case.ts';
import type { ScheduleRecord } from '../record.ts';
import type { Refusal } from '../refusal.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';
import { instanceStoreRefusal } from './instance-store.ts';

/** A group, and what it rests on whether a schedule may take it down. */
export type GroupCandidate = DescribedMembers & {
  group: ScalingGroup;
  /** The names of its scheduled actions. */
  scheduledActions: readonly string[];
  /** What is remembered of it. */
  record: ScheduleRecord | undefined;
  /** The key of the tag whose value `discard` allows a stop that loses local disks. */
  instanceStoreTag: string;
};

type Rule = (candidate: GroupCandidate) => Refusal | undefined;

/** Whoever else sets the size of a group would set it back. Keys that end in `/` are prefixes. */
const managers: readonly (readonly [key: string, manager: string])[] = [
  ['eks:nodegroup-name', 'an EKS managed node group, which has a schedule of its own'],
  ['eks:cluster-name', 'Amazon EKS'],
  ['elasticbeanstalk:environment-name', 'Elastic Beanstalk'],
  ['AmazonECSManaged', 'an ECS capacity provider with managed scaling'],
  ['AWSBatchServiceTag', 'AWS Batch'],
  ['aws:batch:compute-environment', 'AWS Batch'],
  ['k8s.io/cluster-autoscaler/', 'the Kubernetes cluster autoscaler'],
];

const managed: Rule = ({ group: { managed: isManaged, tags } }) => {
  const keys = Object.keys(tags);
  const found = managers.find(([key]) =>
    keys.some((own) => own === key || (key.endsWith('/') && own.startsWith(key))),
  );
  if (found) return { code: 'managed-group', reason: `its size is set by ${found[1]}` };
  return isManaged ? { code: 'managed-group', reason: 'another AWS service manages it' } : undefined;
};

/** They set its size at their own times, and would bring it up again while it is to be down. */
const scheduledActions: Rule = ({ group, scheduledActions: actions }) =>
  actions.length === 0 || group.suspended.includes('ScheduledActions')
    ? undefined
    : {
        code: 'scheduled-actions',
        reason: `it has scheduled actions of its own, which set its size: ${actions.join(', ')}`,
      };

/** Without Terminate its members stay (EC2 Auto Scaling user guide), without Launch they would not come back. */
const suspended: Rule = ({ group }) => {
  const process = ['Terminate', 'Launch'].find((name) => group.suspended.includes(name));
  return process === undefined
    ? undefined
    : { code: 'suspended-process', reason: `its process ${process} is suspended` };
};

/** A pool holds what lies between the desired and the largest size (API reference: PutWarmPool), and so would grow. */
const warmPool: Rule = ({ group }) =>
  group.hasWarmPool
    ? { code: 'warm-pool', reason: 'its warm pool would be filled with what the group gives up' }
    : undefined;

const lastingRules: readonly Rule[] = [managed, scheduledActions, suspended, warmPool];

/** A member in a lifecycle hook, on its way in or out: EC2 Auto Scaling is not done with it yet. */
const unsettled: Rule = ({ group }) => {
  const late = group.members.find(({ lifecycleState }) => !settledStates.has(lifecycleState));
  return group.desired > 0 && late
    ? {
        code: 'pending',
        reason: `its member ${late.instanceId} is ${late.lifecycleState}: looked at again with the next run`,
      }
    : undefined;
};

const settledStates: ReadonlySet<string> = new Set(['InService', 'Standby']);

/** A smaller size ends none of them (EC2 Auto Scaling user guide: instance scale-in protection). */
const scaleInProtection: Rule = ({ group: { members } }) => {
  const count = members.filter(({ isProtected }) => isProtected).length;
  return count === 0
    ? undefined
    : {
        code: 'scale-in-protection',
        reason: `${count} of its ${members.length} members are protected from scale in`,
      };
};

/** Somebody took it out of service to look into it, and it isn't counted by the group's size. */
const standby: Rule = ({ group: { members } }) => {
  const member = members.find(({ lifecycleState }) => lifecycleState === 'Standby');
  return member && { code: 'standby', reason: `its member ${member.instanceId} is in standby` };
};

const capacityBlock: Rule = ({ instances }) =>
  instances.some(({ lifecycle }) => lifecycle === 'capacity-block')
    ? { code: 'capacity-block', reason: 'a capacity block is paid for in advance: stopping it saves nothing' }
    : undefined;

/** The tag of the group counts, not the copies of it that its members carry. */
const instanceStore: Rule = ({ group: { tags }, instances, facts, instanceStoreTag }) => {
  const types = new Set(instances.map(({ instanceType }) => instanceType));
  return [...types]
    .map((type) => instanceStoreRefusal({ type, facts: facts.get(type), tags, instanceStoreTag }))
    .find((refusal) => refusal !== undefined);
};

const stopRules: readonly Rule[] = [scaleInProtection, standby, capacityBlock, instanceStore];

const firstOf = (rules: readonly Rule[], candidate: GroupCandidate): Refusal | undefined =>
  rules.map((rule) => rule(candidate)).find((refusal) => refusal !== undefined);

/** An Auto Scaling group as a schedule sees it, all of its members together. */
export function schedulableGroup(candidate: GroupCandidate): Schedulable {
  const { group, instances } = candidate;
  const { account, region, name, tags, members } = group;
  const types = new Set(members.flatMap(({ instanceType }) => instanceType ?? []));
  return {
    kind: 'auto-scaling-group',
    account,
    region,
    id: name,
    name,
    type: types.size > 0 ? [...types].toSorted().join(', ') : 'no instances',
    tags,
    state: stateOf(group),
    startedAt: newestOf(instances.map(({ launchTime }) => launchTime)),
    refusal: firstOf([...lastingRules, unsettled], candidate),
    stopRefusal: firstOf(stopRules, candidate),
    restore: restoreOf(candidate),
  };
}

function stateOf({ isBeingDeleted, desired, members }: ScalingGroup): PowerState {
  if (isBeingDeleted) return 'gone';
  if (desired === 0) return members.length === 0 ? 'stopped' : 'stopping';
  return members.length < desired ? 'starting' : 'running';
}

const newestOf = (times: readonly IsoTime[]): IsoTime | undefined =>
  times.reduce<IsoTime | undefined>((newest, time) => latest(newest, time), undefined);

/**
 * The sizes that a start gives back; of one that is down its present ones. Whoever scaled it out while it was down, and left
 * the smallest size at the 0 that our stop has set, did so for the time being: what it was before that stop is still what
 * it is to be.
 */
function restoreOf({ group: { min, max, desired }, record }: GroupCandidate): Schedulable['restore'] {
  const { restore, startedAt } = record ?? {};
  // A stop that a run claimed, and didn't live to record, may have been made.
  const stoppedAt = latest(record?.stoppedAt, record?.stopRequestedAt);
  const isOurs = stoppedAt !== undefined && !(startedAt !== undefined && isBefore(stoppedAt, startedAt));
  return restore && isOurs && min === 0 && desired > 0 ? restore : { min, max, desired };
}
