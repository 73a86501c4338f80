import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { listMetrics } from '../aws/cloudwatch.ts';
import { type ContainerPolicy, type Holder, isResting, type Rest } from '../compute/container-gpus.ts';
import {
  type ContainerNamespace,
  containerMetrics,
  type HolderSource,
  type WorkloadSource,
} from '../compute/container-source.ts';
import { hourSeconds } from '../compute/hours.ts';
import { type Metric, periodSeconds, type Series, type Window } from '../compute/metric.ts';
import { historyWindow } from '../compute/rest.ts';
import type { Config } from '../config.ts';
import { largestOf, readSeries } from './measure.ts';

/** With what the GPUs of containers are read, and what of them counts as silent. */
export type ContainerReader = { cloudWatch: CloudWatchClient; idle: Config['idle'] };

/** Every metric of the namespace that tells of the GPUs of pods and tasks, active in the last three hours. */
export async function listContainerGpus(
  client: CloudWatchClient,
  namespace: ContainerNamespace,
): Promise<Metric[]> {
  const lists = containerMetrics[namespace].gpus.map((name) => listMetrics(client, { namespace, name }));
  return (await Promise.all(lists)).flat();
}

/** What each pod requests and how its GPUs are used; the memory of those that are silent. */
export async function readHolders(
  { cloudWatch, idle }: ContainerReader,
  workloads: readonly WorkloadSource[],
  window: Window,
): Promise<Holder[][]> {
  const sources = workloads.flatMap(({ holders }) => holders);
  const used = sources.flatMap(({ requested, gpus }) => [
    ...(requested ? [requested] : []),
    ...gpus.map(({ utilization }) => utilization),
  ]);
  const series = await readSeries(cloudWatch, largestOf(used), window, periodSeconds);
  const isSilent = (metric: Metric) =>
    !series.get(metric)?.points.some(({ value }) => value > idle.gpuPercent);
  const held = sources.flatMap(({ gpus }) =>
    gpus.flatMap(({ utilization, memoryPercent }) => (isSilent(utilization) ? [memoryPercent] : [])),
  );
  const memory = await readSeries(cloudWatch, largestOf(held), window, periodSeconds);
  return workloads.map(({ holders }) => holders.map((holder) => toHolder(holder, series, memory)));
}

type Readings = ReadonlyMap<Metric, Series>;

const toHolder = (
  { name, requested, isRequestMissing, gpus }: HolderSource,
  used: Readings,
  memory: Readings,
): Holder => ({
  name,
  requested: requested ? (used.get(requested) ?? nothing) : isRequestMissing ? nothing : undefined,
  gpus: gpus.map(({ index, utilization, memoryPercent }) => ({
    index,
    utilization: used.get(utilization) ?? nothing,
    memoryPercent: memory.get(memoryPercent),
  })),
});

const nothing: Series = { points: [] };

/** A workload, and what was read of it. */
export type WorkloadRead = { workload: WorkloadSource; holders: Holder[]; policy: ContainerPolicy };

/** The longer window of the workloads that hold memory, or don't report it: hourly maxima, of all their GPUs at once. */
export async function readRests(
  { cloudWatch, idle }: ContainerReader,
  reads: readonly WorkloadRead[],
  window: Window,
): Promise<Map<WorkloadSource, Rest>> {
  const resting = reads.filter(({ holders, policy }) => isResting(holders, window, policy));
  const longer = historyWindow(window, idle);
  const metrics = resting.map(({ workload }) => workload.utilization);
  const series = await readSeries(cloudWatch, largestOf(metrics), longer, hourSeconds);
  return new Map(
    resting.map(({ workload }): [WorkloadSource, Rest] => [
      workload,
      { window: longer, utilization: series.get(workload.utilization) ?? nothing },
    ]),
  );
}
