import { describe, expect, it } from 'vitest';
import type { EcsService } from '../../../shared/compute/ecs-service.ts';
import { schedulableService } from '../../../shared/schedule/kinds/ecs-service.ts';

const target = { account: '210987654321', region: 'eu-west-1' };

const service = (changes: Partial<EcsService> = {}): EcsService => ({
  cluster: 'lab',
  name: 'api',
  tags: { 'auto-stop': 'office-hours' },
  status: 'ACTIVE',
  desiredCount: 3,
  runningCount: 3,
  pendingCount: 0,
  isDaemon: false,
  isExpress: false,
  isDeploying: false,
  launchType: 'FARGATE',
  taskDefinition: 'lab-api:7',
  balancers: [],
  ...changes,
});

const seen = (changes: Partial<EcsService> = {}) => schedulableService(service(changes), target);

describe('an ECS service as a schedule sees it', () => {
  it('is called after its cluster, and keeps its count for the start', () => {
    expect(seen()).toEqual({
      ...target,
      kind: 'ecs-service',
      id: 'lab/api',
      name: 'api',
      type: 'FARGATE',
      tags: { 'auto-stop': 'office-hours' },
      state: 'running',
      refusal: undefined,
      restore: { desiredCount: 3 },
    });
  });

  it.each([
    ['running', { runningCount: 1, pendingCount: 2 }],
    ['starting', { runningCount: 0, pendingCount: 3 }],
    ['stopping', { desiredCount: 0, runningCount: 2 }],
    ['stopping', { desiredCount: 0, runningCount: 0, pendingCount: 1 }],
    ['stopped', { desiredCount: 0, runningCount: 0 }],
    ['gone', { status: 'DRAINING' as const }],
    ['gone', { status: 'INACTIVE' as const, desiredCount: 0 }],
  ])('is %s with %o', (state, changes) => {
    expect(seen(changes).state).toBe(state);
  });

  it('gives nothing back that it does not have', () => {
    expect(seen({ desiredCount: 0, runningCount: 0 })).not.toHaveProperty('restore');
  });

  it.each([
    ['daemon', { isDaemon: true }],
    ['managed', { isExpress: true }],
    ['held-by-scaling', { scaling: { minCapacity: 1, isSuspended: false } }],
    ['pending', { isDeploying: true }],
  ])('is refused as %s with %o', (code, changes) => {
    const { refusal } = seen(changes);
    expect(refusal?.code).toBe(code);
    expect(refusal?.reason).toMatch(/^\S+ \S+ .*\w$/);
  });

  it.each([
    ['may fall to nothing', { scaling: { minCapacity: 0, isSuspended: false } }],
    ['is suspended', { scaling: { minCapacity: 2, isSuspended: true } }],
    [
      'is deployed while it is down, which must not keep it from its start',
      { isDeploying: true, desiredCount: 0, runningCount: 0 },
    ],
  ])('is not refused where it %s', (_, changes) => {
    expect(seen(changes).refusal).toBeUndefined();
  });
});
