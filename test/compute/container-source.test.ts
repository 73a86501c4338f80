import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapNodes, mapWorkloads } from '../../shared/compute/container-source.ts';
import { metric } from '../support/published.ts';

const pod = (name: string, dimensions: Record<string, string>) =>
  metric('ContainerInsights', name, {
    ClusterName: 'ml',
    Namespace: 'nlp',
    PodName: 'ranker',
    ...dimensions,
  });

const task = (dimensions: Record<string, string>) =>
  metric('ECS/ContainerInsights', 'TaskGPUUtilization', { ClusterName: 'ml', ...dimensions });

const eks = [
  pod('pod_gpu_request', {}),
  pod('pod_gpu_request', { FullPodName: 'ranker-7d4f-a' }),
  pod('pod_gpu_utilization', {}),
  pod('pod_gpu_utilization', { FullPodName: 'ranker-7d4f-a' }),
  pod('pod_gpu_utilization', { FullPodName: 'ranker-7d4f-a', GpuDevice: 'nvidia10' }),
  pod('pod_gpu_utilization', { FullPodName: 'ranker-7d4f-a', GpuDevice: 'nvidia2' }),
  pod('pod_gpu_request', { FullPodName: 'ranker-7d4f-b' }),
  metric('ContainerInsights', 'pod_gpu_utilization', { ClusterName: 'ml' }),
  metric('ContainerInsights', 'pod_gpu_utilization', { ClusterName: 'ml', Namespace: 'nlp' }),
];

describe('workloads', () => {
  it('are the pods of one name, each with its GPUs, and without what is summed up', () => {
    const [workload, ...others] = mapWorkloads(eks);
    expect(others).toEqual([]);
    expect(workload).toMatchObject({
      id: 'ml/nlp/ranker',
      name: 'nlp/ranker',
      cluster: 'ml',
      isCounted: true,
    });
    expect(
      workload?.holders.map(({ name, requested, gpus }) => [
        name,
        requested?.name,
        gpus.map(({ index }) => index),
      ]),
    ).toEqual([
      ['ranker-7d4f-a', 'pod_gpu_request', ['nvidia2', 'nvidia10']],
      ['ranker-7d4f-b', 'pod_gpu_request', []],
    ]);
  });

  it('know where the memory of a GPU, and the whole of a workload, is published', () => {
    const [workload] = mapWorkloads(eks);
    expect(workload?.utilization).toEqual(pod('pod_gpu_utilization', {}));
    expect(workload?.memoryTotal).toEqual({ ...pod('pod_gpu_memory_total', {}), scale: 1 / 1_048_576 });
    expect(workload?.holders[0]?.gpus[0]?.memoryPercent).toEqual(
      pod('pod_gpu_memory_utilization', { FullPodName: 'ranker-7d4f-a', GpuDevice: 'nvidia2' }),
    );
  });

  it('know of which pod no request is published, though it is of others in its cluster', () => {
    const mute = { ...pod('pod_gpu_utilization', { FullPodName: 'web-1', GpuDevice: 'nvidia0' }) };
    const missingIn = (listed: Parameters<typeof mapWorkloads>[0]) =>
      mapWorkloads(listed).flatMap(({ holders }) =>
        holders.flatMap(({ name, isRequestMissing }) => (isRequestMissing ? [name] : [])),
      );
    expect(missingIn([...eks, mute])).toEqual(['web-1']);
    expect(missingIn([mute])).toEqual([]);
    const elsewhere = metric('ContainerInsights', 'pod_gpu_request', {
      ...{ ClusterName: 'other', Namespace: 'nlp', PodName: 'ranker', FullPodName: 'ranker-1' },
    });
    expect(missingIn([elsewhere, mute])).toEqual([]);
  });

  it('of ECS are services, and families of tasks that belong to none', () => {
    const found = mapWorkloads([
      task({}),
      task({ ServiceName: 'ranker', TaskId: 't1' }),
      task({ TaskDefinitionFamily: 'ranker', TaskId: 't1' }),
      task({ TaskDefinitionFamily: 'nightly', TaskId: 't2' }),
      task({ TaskDefinitionFamily: 'nightly' }),
      task({ TaskDefinitionFamily: 'nightly', TaskId: 't2', ContainerName: 'main' }),
    ]);
    expect(found.map(({ id, isCounted }) => [id, isCounted])).toEqual([
      ['ml/service/ranker', false],
      ['ml/task/nightly', false],
    ]);
  });

  it('of ECS are counted where each GPU is told', () => {
    const [found] = mapWorkloads([
      task({ ServiceName: 'ranker', TaskId: 't1' }),
      task({ ServiceName: 'ranker', TaskId: 't1', AcceleratedDevice: 'GPU-1' }),
      task({ ServiceName: 'ranker', TaskId: 't1', AcceleratedDevice: 'GPU-2' }),
    ]);
    expect(found?.isCounted).toBe(true);
    expect(found?.holders[0]?.gpus.map(({ index }) => index)).toEqual(['GPU-1', 'GPU-2']);
    expect(found?.utilization).toEqual(task({ ServiceName: 'ranker' }));
  });

  it('are the same in any order and when listed twice', () => {
    const wanted = mapWorkloads(eks);
    const shuffled = fc.shuffledSubarray([...eks, ...eks], { minLength: eks.length * 2 });
    const holders = (listed: typeof eks) =>
      mapWorkloads(listed).map(({ id, holders }) => [
        id,
        holders.toSorted((a, b) => a.name.localeCompare(b.name)),
      ]);
    fc.assert(
      fc.property(shuffled, (listed) => {
        expect(holders(listed)).toEqual(wanted.map(({ id, holders }) => [id, holders]));
      }),
    );
  });

  it('are none without metrics, or without their dimensions', () => {
    expect(mapWorkloads([])).toEqual([]);
    expect(mapWorkloads([metric('ContainerInsights', 'pod_gpu_request', {})])).toEqual([]);
  });
});

describe('nodes', () => {
  const node = (dimensions: Record<string, string>) =>
    metric('ContainerInsights', 'node_gpu_utilization', { ClusterName: 'ml', ...dimensions });

  it('are listed once, with the type where a metric tells it', () => {
    const listed = [
      node({ InstanceId: 'i-1', NodeName: 'n1' }),
      node({ InstanceId: 'i-1', NodeName: 'n1', InstanceType: 'g5.12xlarge', GpuDevice: 'nvidia0' }),
      node({ InstanceId: 'i-1', NodeName: 'n1' }),
      node({}),
      metric('ECS/ContainerInsights', 'InstanceGPULimit', { ClusterName: 'ecs', EC2InstanceId: 'i-2' }),
    ];
    expect(mapNodes(listed)).toEqual([
      { cluster: 'ml', instanceId: 'i-1', instanceType: 'g5.12xlarge' },
      { cluster: 'ecs', instanceId: 'i-2', instanceType: undefined },
    ]);
  });
});
