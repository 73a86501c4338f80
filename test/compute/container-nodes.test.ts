import { describe, expect, it } from 'vitest';
import { type GpuNode, isMixed, placementOf } from '../../shared/compute/container-nodes.ts';

const g5 = (given: Partial<GpuNode> = {}): GpuNode => ({
  cluster: 'ml',
  instanceId: 'i-1',
  instanceType: 'g5.12xlarge',
  gpus: 4,
  memoryMib: 22_888,
  hourlyRate: 6,
  tags: { team: 'nlp', Name: 'one' },
  ...given,
});

const p4d = (given: Partial<GpuNode> = {}): GpuNode =>
  g5({
    instanceId: 'i-8',
    instanceType: 'p4d.24xlarge',
    gpus: 8,
    memoryMib: 40_960,
    hourlyRate: 32,
    ...given,
  });

describe('where a workload runs', () => {
  it('is on the one type that its cluster has, at that price, for the team that all nodes name', () => {
    expect(placementOf([g5(), g5({ instanceId: 'i-2', tags: { team: 'nlp', Name: 'two' } })])).toEqual({
      type: 'g5.12xlarge',
      ratePerGpu: 1.5,
      tags: { team: 'nlp' },
      instanceIds: ['i-1', 'i-2'],
    });
  });

  it('is told by the memory of its GPUs where the cluster has several', () => {
    const nodes = [g5(), p4d()];
    expect(isMixed(nodes)).toBe(true);
    expect(placementOf(nodes, 40_537)).toMatchObject({
      type: 'p4d.24xlarge',
      ratePerGpu: 4,
      instanceIds: ['i-8'],
    });
    expect(placementOf(nodes, 22_731)).toMatchObject({ type: 'g5.12xlarge', ratePerGpu: 1.5 });
  });

  it.each([
    ['nothing tells them apart', [g5(), p4d()], undefined],
    ['its memory is that of none of them', [g5(), p4d()], 80_000],
    ['its memory is no number', [g5(), p4d()], Number.NaN],
  ])('is either, and without a price, where %s', (_, nodes, memory) => {
    expect(placementOf(nodes, memory)).toMatchObject({
      type: 'g5.12xlarge or p4d.24xlarge',
      ratePerGpu: undefined,
      instanceIds: ['i-1', 'i-8'],
    });
  });

  it.each([
    ['of one node is unknown', [g5(), g5({ hourlyRate: undefined })]],
    ['differs from node to node, as with spot', [g5(), g5({ hourlyRate: 2.4 })]],
    ['is of a type whose GPUs nobody counts', [g5({ gpus: undefined })]],
    ['is of a type without GPUs', [g5({ gpus: 0 })]],
  ])('has no price where that %s', (_, nodes) => {
    expect(placementOf(nodes).ratePerGpu).toBeUndefined();
  });

  it('is unknown without nodes', () => {
    expect(placementOf([])).toEqual({ type: 'GPU', ratePerGpu: undefined, tags: {}, instanceIds: [] });
    expect(isMixed([])).toBe(false);
  });
});
