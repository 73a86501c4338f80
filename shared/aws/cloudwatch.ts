import {
  type CloudWatchClient,
  type Dimension,
  GetMetricDataCommand,
  ListMetricsCommand,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { Metric, MetricQuery, Point, Series, Window } from '../compute/metric.ts';

/** The metrics of one GPU; several under one name where the agent's dimensions changed, an update for example. */
export type GpuMetrics = { index: string; utilization: Metric[]; memoryUsed: Metric[] };

export type DiscoveredMetrics = {
  /** By instance id, each instance's GPUs by index. */
  gpus: Map<string, GpuMetrics[]>;
  /** Hosts whose GPU metrics carry no instance id: the agent's `append_dimensions` is missing there. */
  unmappedHosts: string[];
};

const agentMetrics = {
  utilization: 'nvidia_smi_utilization_gpu',
  memoryUsed: 'nvidia_smi_memory_used',
} as const;

const listed = z.object({
  Metrics: z
    .array(
      z.object({
        Namespace: z.string(),
        MetricName: z.string(),
        Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/**
 * Which GPUs of which instances reported in the last three hours, whatever other dimensions the agent adds. Memory's
 * total isn't asked for: EC2 tells it by type, free of charge. Listing is free.
 */
export async function discoverMetrics(client: CloudWatchClient): Promise<DiscoveredMetrics> {
  const byGpu = new Map<string, Map<string, GpuMetrics>>();
  const unmappedHosts = new Set<string>();
  for (const kind of ['utilization', 'memoryUsed'] as const) {
    for (const metric of await listMetrics(client, 'CWAgent', agentMetrics[kind])) {
      const { InstanceId, index, host } = dimensionsOf(metric);
      // Without `index` it is the agent's sum over all GPUs, in which one busy GPU of eight drowns.
      if (InstanceId !== undefined && index !== undefined) gpuOf(byGpu, InstanceId, index)[kind].push(metric);
      else if (InstanceId === undefined && host !== undefined) unmappedHosts.add(host);
    }
  }
  return {
    gpus: new Map([...byGpu].map(([instanceId, gpus]) => [instanceId, [...gpus.values()].toSorted(byIndex)])),
    unmappedHosts: [...unmappedHosts].toSorted(),
  };
}

const byIndex = (a: GpuMetrics, b: GpuMetrics): number =>
  a.index.localeCompare(b.index, 'en', { numeric: true });

function gpuOf(byGpu: Map<string, Map<string, GpuMetrics>>, instanceId: string, index: string): GpuMetrics {
  const gpus = byGpu.get(instanceId) ?? new Map<string, GpuMetrics>();
  const gpu = gpus.get(index) ?? { index, utilization: [], memoryUsed: [] };
  byGpu.set(instanceId, gpus.set(index, gpu));
  return gpu;
}

type AgentDimensions = { InstanceId?: string; index?: string; host?: string };

const dimensionsOf = ({ dimensions }: Metric): AgentDimensions =>
  Object.fromEntries(dimensions.map(({ name, value }) => [name, value]));

async function listMetrics(client: CloudWatchClient, namespace: string, name: string): Promise<Metric[]> {
  const metrics: Metric[] = [];
  let NextToken: string | undefined;
  do {
    const command = new ListMetricsCommand({
      Namespace: namespace,
      MetricName: name,
      RecentlyActive: 'PT3H',
      NextToken,
    });
    const page = listed.parse(await client.send(command));
    metrics.push(
      ...page.Metrics.map(({ Namespace, MetricName, Dimensions }) => ({
        namespace: Namespace,
        name: MetricName,
        dimensions: Dimensions.map(({ Name, Value }) => ({ name: Name, value: Value })),
      })),
    );
    NextToken = page.NextToken;
  } while (NextToken);
  return metrics;
}

/** What EC2 itself reports of every instance, every five minutes. */
export const instanceMetric = (
  name: 'CPUUtilization' | 'NetworkIn' | 'NetworkOut',
  instanceId: string,
): Metric => ({
  namespace: 'AWS/EC2',
  name,
  dimensions: [{ name: 'InstanceId', value: instanceId }],
});

const data = z.object({
  MetricDataResults: z
    .array(
      z.object({
        Id: z.string(),
        StatusCode: z.string(),
        Timestamps: z.array(z.date()).default([]),
        Values: z.array(z.number()).default([]),
        Messages: z.array(z.object({ Value: z.string().optional() })).optional(),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

type Result = z.infer<typeof data>['MetricDataResults'][number];

/**
 * The series of each query, in the order of the queries, oldest point first. $0.01 per 1,000 queries, however they are
 * batched. A series that CloudWatch failed to tell whole says so in `failure`, as do all those of a call that failed
 * after the SDK's retries: the others are none the worse.
 */
export async function getSeries(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  window: Window,
  periodSeconds: number,
): Promise<Series[]> {
  const periods = (Date.parse(window.end) - Date.parse(window.start)) / 1000 / periodSeconds;
  const size = Math.max(1, Math.min(maxQueries, Math.floor(maxDatapoints / Math.max(1, periods))));
  const series: Series[] = [];
  for (const batches of inBatches(inBatches(queries, size), concurrentCalls)) {
    const answers = await Promise.all(batches.map((batch) => getBatch(client, batch, window, periodSeconds)));
    series.push(...answers.flat());
  }
  return series;
}

const maxQueries = 500;
const maxDatapoints = 100_800;
const concurrentCalls = 5; // of the 50 a second that CloudWatch allows an account and region

async function getBatch(
  client: CloudWatchClient,
  batch: readonly MetricQuery[],
  window: Window,
  periodSeconds: number,
): Promise<Series[]> {
  try {
    const results = await getPages(client, batch, window, periodSeconds);
    const byId = Map.groupBy(results, ({ Id }) => Id);
    return batch.map((_, index) => toSeries(byId.get(idOf(index)) ?? []));
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return batch.map(() => ({ points: [], failure }));
  }
}

async function getPages(
  client: CloudWatchClient,
  batch: readonly MetricQuery[],
  window: Window,
  periodSeconds: number,
): Promise<Result[]> {
  const results: Result[] = [];
  let NextToken: string | undefined;
  do {
    const command = new GetMetricDataCommand({
      MetricDataQueries: batch.map((query, index) => toDataQuery(query, index, periodSeconds)),
      StartTime: new Date(window.start),
      EndTime: new Date(window.end),
      ScanBy: 'TimestampAscending',
      MaxDatapoints: maxDatapoints,
      NextToken,
    });
    const page = data.parse(await client.send(command));
    results.push(...page.MetricDataResults);
    NextToken = page.NextToken;
  } while (NextToken);
  return results;
}

const idOf = (index: number): string => `q${index}`;

const toDataQuery = ({ metric, statistic }: MetricQuery, index: number, Period: number): MetricDataQuery => ({
  Id: idOf(index),
  MetricStat: {
    Metric: {
      Namespace: metric.namespace,
      MetricName: metric.name,
      Dimensions: metric.dimensions.map(({ name, value }): Dimension => ({ Name: name, Value: value })),
    },
    Period,
    Stat: statistic,
  },
});

/** One series from its part on each page. */
function toSeries(parts: readonly Result[]): Series {
  const points = parts.flatMap(({ Timestamps, Values }) =>
    Timestamps.flatMap((time, index): Point[] => {
      const value = Values[index];
      return value === undefined ? [] : [{ at: time.getTime(), value }];
    }),
  );
  const failure = failureOf(parts);
  return { points: points.toSorted((a, b) => a.at - b.at), ...(failure && { failure }) };
}

/** A page says PartialData while others follow; where it is the last word, something is missing. */
function failureOf(parts: readonly Result[]): string | undefined {
  const last = parts.at(-1);
  if (last === undefined) return 'CloudWatch did not answer for it';
  const failed = parts.find(({ StatusCode }) => StatusCode !== 'Complete' && StatusCode !== 'PartialData');
  const incomplete = failed ?? (last.StatusCode === 'Complete' ? undefined : last);
  if (incomplete === undefined) return undefined;
  const details = incomplete.Messages?.flatMap(({ Value }) => Value ?? []).join('; ');
  return `CloudWatch answered ${incomplete.StatusCode}${details ? `: ${details}` : ''}`;
}
