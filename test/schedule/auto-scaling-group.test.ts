import { describe, expect, it } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import type { ScalingGroup } from '../../shared/compute/scaling-group.ts';
import { type GroupCandidate, schedulableGroup } from '../../shared/schedule/kinds/auto-scaling-group.ts';

const member = (instanceId: string, lifecycleState = 'InService', isProtected = false) => ({
  instanceId,
  instanceType: 'm5.large',
  lifecycleState,
  isProtected,
});

const group = (given: Partial<ScalingGroup> = {}): ScalingGroup => ({
  account: '210987654321',
  region: 'eu-west-1',
  name: 'runners',
  arn: 'arn:aws:autoscaling:eu-west-1:210987654321:autoScalingGroup:1:autoScalingGroupName/runners',
  min: 1,
  max: 4,
  desired: 2,
  members: [member('i-1'), member('i-2')],
  suspended: [],
  hasWarmPool: false,
  isBeingDeleted: false,
  managed: false,
  tags: {},
  ...given,
});

const instance = (instanceId: string, given: Partial<Instance> = {}): Instance => ({
  account: '210987654321',
  region: 'eu-west-1',
  instanceId,
  instanceType: 'm5.large',
  reservationId: 'r-1',
  state: 'running',
  launchTime: '2026-11-16T07:00:00Z',
  tags: {},
  rootDeviceType: 'ebs',
  hibernationConfigured: false,
  managed: false,
  platform: 'linux',
  ...given,
});

const facts = new Map([['m5.large', { instanceType: 'm5.large', instanceStoreGb: 0, vcpus: 2 }]]);
const stored = new Map([['m5.large', { instanceType: 'm5.large', instanceStoreGb: 75, vcpus: 2 }]]);

const seen = (of: Partial<ScalingGroup> = {}, given: Partial<GroupCandidate> = {}) =>
  schedulableGroup({
    group: group(of),
    instances: [instance('i-1'), instance('i-2', { launchTime: '2026-11-16T09:30:00Z' })],
    facts,
    scheduledActions: [],
    record: undefined,
    instanceStoreTag: 'auto-stop:instance-store',
    ...given,
  });

describe('an Auto Scaling group', () => {
  it('may be taken down where nothing else sets its size, and is up since its newest member', () => {
    expect(seen()).toMatchObject({ state: 'running', startedAt: '2026-11-16T09:30:00Z', type: 'm5.large' });
    expect([seen().refusal, seen().stopRefusal]).toEqual([undefined, undefined]);
  });

  it.each<[string, Partial<ScalingGroup>, string]>([
    ['a managed node group', { tags: { 'eks:nodegroup-name': 'gpu' } }, 'managed-group'],
    ['Elastic Beanstalk', { tags: { 'elasticbeanstalk:environment-name': 'web' } }, 'managed-group'],
    ['an ECS capacity provider', { tags: { AmazonECSManaged: '' } }, 'managed-group'],
    ['AWS Batch', { tags: { AWSBatchServiceTag: 'batch' } }, 'managed-group'],
    ['the cluster autoscaler', { tags: { 'k8s.io/cluster-autoscaler/enabled': 'true' } }, 'managed-group'],
    ['another service', { managed: true }, 'managed-group'],
    ['a suspended Terminate', { suspended: ['AZRebalance', 'Terminate'] }, 'suspended-process'],
    ['a suspended Launch', { suspended: ['Launch'] }, 'suspended-process'],
    ['a warm pool', { hasWarmPool: true }, 'warm-pool'],
    [
      'a lifecycle hook on the way in',
      { members: [member('i-1'), member('i-2', 'Pending:Wait')] },
      'pending',
    ],
    [
      'a lifecycle hook on the way out',
      { members: [member('i-1'), member('i-2', 'Terminating:Wait')] },
      'pending',
    ],
  ])('is left alone for %s', (_, given, code) => {
    expect(seen(given).refusal).toMatchObject({ code, reason: expect.stringMatching(/\w+ \w+/) });
  });

  it('is left to its scheduled actions, unless these are suspended', () => {
    const given = { scheduledActions: ['up', 'down'] };
    expect(seen({}, given).refusal).toMatchObject({
      code: 'scheduled-actions',
      reason: expect.stringContaining('up, down'),
    });
    expect(seen({ suspended: ['ScheduledActions'] }, given).refusal).toBeUndefined();
  });

  it.each<[string, Partial<ScalingGroup>, Partial<GroupCandidate>, string]>([
    [
      'members protected from scale in',
      { members: [member('i-1', 'InService', true), member('i-2')] },
      {},
      'scale-in-protection',
    ],
    ['a member in standby', { members: [member('i-1'), member('i-2', 'Standby')] }, {}, 'standby'],
    [
      'a capacity block',
      {},
      { instances: [instance('i-1', { lifecycle: 'capacity-block' })] },
      'capacity-block',
    ],
    ['local disks', {}, { facts: stored }, 'instance-store-data'],
    ['a type that nobody knows', {}, { facts: new Map() }, 'unknown-type'],
  ])('may not be taken down with %s', (_, of, given, code) => {
    expect(seen(of, given).stopRefusal).toMatchObject({ code });
  });

  it('loses local disks where its own tag allows it, and not where a copy of it on a member does', () => {
    const tags = { 'auto-stop:instance-store': 'discard' };
    expect(seen({ tags }, { facts: stored }).stopRefusal).toBeUndefined();
    const instances = [instance('i-1', { tags }), instance('i-2', { tags })];
    expect(seen({}, { facts: stored, instances }).stopRefusal?.code).toBe('instance-store-data');
  });

  it.each<[string, Partial<ScalingGroup>, string]>([
    ['with all of its members', {}, 'running'],
    ['that still launches', { desired: 3 }, 'starting'],
    ['without members', { min: 0, desired: 0, members: [] }, 'stopped'],
    ['on its way down', { min: 0, desired: 0, members: [member('i-1', 'Terminating')] }, 'stopping'],
    ['that is being deleted', { isBeingDeleted: true }, 'gone'],
  ])('%s is %s', (_, given, state) => {
    expect(seen(given).state).toBe(state);
  });

  it('gives back what it was before our stop, where somebody has only scaled it out for the time being', () => {
    const restore = { min: 1, max: 4, desired: 2 };
    const record = { restore, stoppedAt: '2026-11-16T18:25:00Z' };
    const [before, after] = ['2026-11-16T07:00:00Z', '2026-11-17T07:00:00Z'];
    const out = { min: 0, desired: 1, members: [member('i-1')] };
    expect(seen(out, { record }).restore).toEqual(restore);
    expect(seen(out, { record: { ...record, startedAt: before } }).restore).toEqual(restore);
    expect(seen(out, { record: { ...record, startedAt: after } }).restore).toEqual({
      min: 0,
      max: 4,
      desired: 1,
    });
    expect(seen({ ...out, min: 1 }, { record }).restore).toEqual({ min: 1, max: 4, desired: 1 });
    expect(seen(out).restore).toEqual({ min: 0, max: 4, desired: 1 });
  });
});
