import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeScheduledActionsCommand,
} from '@aws-sdk/client-auto-scaling';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getScalingGroups, getScheduledActions } from '../../shared/aws/auto-scaling.ts';

const autoScaling = mockClient(AutoScalingClient);
const client = new AutoScalingClient({});
const target = { account: '210987654321', region: 'eu-west-1' };

beforeEach(() => autoScaling.reset());

const group = (name: string, more: object = {}) => ({
  AutoScalingGroupName: name,
  AutoScalingGroupARN: `arn:aws:autoscaling:eu-west-1:210987654321:autoScalingGroup:1:autoScalingGroupName/${name}`,
  MinSize: 1,
  MaxSize: 4,
  DesiredCapacity: 2,
  DefaultCooldown: 300,
  AvailabilityZones: ['eu-west-1a'],
  HealthCheckType: 'EC2',
  CreatedTime: new Date('2026-03-02T08:00:00Z'),
  ...more,
});

describe('Auto Scaling groups', () => {
  it('are those with the tag, from every page, with all that decides about them', async () => {
    const member = {
      AvailabilityZone: 'eu-west-1a',
      HealthStatus: 'Healthy',
      LifecycleState: 'InService' as const,
    };
    autoScaling
      .on(DescribeAutoScalingGroupsCommand)
      .resolvesOnce({
        AutoScalingGroups: [
          group('runners', {
            Instances: [
              { ...member, InstanceId: 'i-1', InstanceType: 'm5.large', ProtectedFromScaleIn: true },
            ],
            SuspendedProcesses: [{ ProcessName: 'Terminate' }],
            Tags: [{ Key: 'auto-stop', Value: 'office-hours' }],
          }),
        ],
        NextToken: 'next',
      })
      .resolvesOnce({
        AutoScalingGroups: [
          group('pooled', { WarmPoolConfiguration: { MinSize: 0 }, Status: 'Delete in progress' }),
        ],
      });
    const [runners, pooled] = await getScalingGroups(client, target, { tagKey: 'auto-stop' });
    expect(runners).toMatchObject({
      ...target,
      name: 'runners',
      min: 1,
      max: 4,
      desired: 2,
      members: [
        { instanceId: 'i-1', instanceType: 'm5.large', lifecycleState: 'InService', isProtected: true },
      ],
      suspended: ['Terminate'],
      hasWarmPool: false,
      isBeingDeleted: false,
      tags: { 'auto-stop': 'office-hours' },
    });
    expect(pooled).toMatchObject({ hasWarmPool: true, isBeingDeleted: true, members: [] });
    expect(autoScaling).toHaveReceivedNthCommandWith(DescribeAutoScalingGroupsCommand, 2, {
      Filters: [{ Name: 'tag-key', Values: ['auto-stop'] }],
      NextToken: 'next',
    });
  });

  it('are asked for by name fifty at a time, and not at all where there is none', async () => {
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [] });
    const names = Array.from({ length: 51 }, (_, index) => `group-${index}`);
    expect(await getScalingGroups(client, target, { names })).toEqual([]);
    expect(autoScaling).toHaveReceivedCommandTimes(DescribeAutoScalingGroupsCommand, 2);
    autoScaling.resetHistory();
    expect(await getScalingGroups(client, target, { names: [] })).toEqual([]);
    expect(autoScaling).toHaveReceivedCommandTimes(DescribeAutoScalingGroupsCommand, 0);
  });

  it('have the scheduled actions of every page', async () => {
    autoScaling
      .on(DescribeScheduledActionsCommand)
      .resolvesOnce({ ScheduledUpdateGroupActions: [{ ScheduledActionName: 'up' }], NextToken: 'next' })
      .resolvesOnce({ ScheduledUpdateGroupActions: [{ ScheduledActionName: 'down' }] });
    expect(await getScheduledActions(client, 'runners')).toEqual(['up', 'down']);
  });
});
