import { describe, expect, it } from 'vitest';
import { type EksNodegroup, nodegroupOf } from '../../../shared/compute/eks-nodegroup.ts';
import type { Instance } from '../../../shared/compute/instance.ts';
import { schedulableNodegroup } from '../../../shared/schedule/kinds/eks-nodegroup.ts';
import { machine } from '../candidate.ts';

const target = { account: '210987654321', region: 'eu-west-1' };

const facts = new Map([
  ['m6i.xlarge', { instanceType: 'm6i.xlarge', instanceStoreGb: 0, vcpus: 4 }],
  ['g5.xlarge', { instanceType: 'g5.xlarge', instanceStoreGb: 250, vcpus: 4 }],
]);

const node = (changes: Partial<Instance> = {}) =>
  machine({ instanceType: 'm6i.xlarge', tags: {}, launchTime: '2026-11-20T07:30:00Z', ...changes });

const nodegroup = (changes: Partial<EksNodegroup> = {}): EksNodegroup => ({
  cluster: 'lab',
  name: 'workers',
  tags: { 'auto-stop': 'office-hours' },
  status: 'ACTIVE',
  capacityType: 'ON_DEMAND',
  sizes: { minSize: 1, maxSize: 5, desiredSize: 2 },
  instanceTypes: ['m6i.xlarge'],
  taints: [],
  hasWarmPool: false,
  issues: [],
  ...changes,
});

const seen = (changes: Partial<EksNodegroup> = {}, nodes: Instance[] = [node(), node()]) =>
  schedulableNodegroup(
    { nodegroup: nodegroup(changes), nodes, facts, instanceStoreTag: 'auto-stop:instance-store' },
    target,
  );

const none = { minSize: 0, maxSize: 5, desiredSize: 0 };

describe('an EKS node group as a schedule sees it', () => {
  it('keeps its sizes for the start, and is called after what it runs on', () => {
    expect(seen()).toMatchObject({
      kind: 'eks-nodegroup',
      id: 'lab/workers',
      type: '2 x m6i.xlarge',
      state: 'running',
      restore: { minSize: 1, maxSize: 5, desiredSize: 2 },
      instanceStoreGb: 0,
    });
  });

  it('is up since its youngest node: whoever asked for that one needed it then', () => {
    const nodes = [node({ launchTime: '2026-11-20T18:10:00Z' }), node()];
    expect(seen({}, nodes).startedAt).toBe('2026-11-20T18:10:00Z');
  });

  it.each([
    ['running', {}, [node({ state: 'pending' }), node()]],
    ['starting', {}, [node({ state: 'pending' })]],
    ['starting', {}, []],
    ['stopping', { sizes: none }, [node({ state: 'shutting-down' })]],
    ['stopped', { sizes: none }, []],
    ['gone', { status: 'DELETING' as const }, [node()]],
  ])('is %s', (state, changes, nodes) => {
    expect(seen(changes, nodes).state).toBe(state);
  });

  it.each([
    ['pending', { status: 'UPDATING' as const }],
    ['pending', { status: 'CREATING' as const }],
    ['nodegroup-unhealthy', { status: 'DEGRADED' as const, issues: ['AsgInstanceLaunchFailures'] }],
    ['nodegroup-unhealthy', { status: 'CREATE_FAILED' as const }],
    ['nodegroup-unhealthy', { status: 'other' as const }],
    ['capacity-block', { capacityType: 'CAPACITY_BLOCK' as const }],
    ['system-nodes', { taints: ['CriticalAddonsOnly'] }],
    ['warm-pool', { hasWarmPool: true }],
  ])('is refused as %s with %o', (code, changes) => {
    const { refusal } = seen(changes);
    expect(refusal?.code).toBe(code);
    expect(refusal?.reason).toMatch(/^\S+ \S+ .*[\w)]$/);
  });

  it('is not refused where its nodes are spot or tainted for a team', () => {
    expect(seen({ capacityType: 'SPOT', taints: ['nvidia.com/gpu'] }).refusal).toBeUndefined();
  });

  it('loses the local disks of its nodes only where its tag says that they may go', () => {
    const nodes = [node(), node({ instanceType: 'g5.xlarge' })];
    expect(seen({}, nodes).stopRefusal).toMatchObject({ code: 'instance-store-data' });
    const tags = { 'auto-stop:instance-store': 'discard' };
    expect(seen({ tags }, nodes)).toMatchObject({ stopRefusal: undefined, instanceStoreGb: 250 });
    expect(seen({ tags }, [node({ instanceType: 'x9.large' })]).stopRefusal?.code).toBe('unknown-type');
  });

  it('has the nodes that EKS has tagged for it', () => {
    const tags = { 'eks:cluster-name': 'lab', 'eks:nodegroup-name': 'workers' };
    expect(nodegroupOf({ tags })).toBe('lab/workers');
    expect(nodegroupOf({ tags: { 'eks:cluster-name': 'lab' } })).toBeUndefined();
  });
});
