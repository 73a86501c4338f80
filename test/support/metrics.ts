import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  type GetMetricDataCommandOutput,
  ListMetricsCommand,
  type ListMetricsCommandInput,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';

/** What CloudWatch knows of an instance: constants, or what a metric was in the period that starts at a time. */
type Course = number | ((at: number) => number | undefined);

export type MeasuredInstance = {
  /** One course a GPU. */
  gpus?: readonly Course[];
  memoryMib?: Course;
  cpu?: Course;
  /** Bytes a period and direction. */
  network?: Course;
};

const agentNames: Readonly<Record<string, 'utilization' | 'memory'>> = {
  nvidia_smi_utilization_gpu: 'utilization',
  nvidia_smi_memory_used: 'memory',
};

/**
 * A CloudWatch that lists and tells the metrics of these instances; `queried` names all that was asked for to tell work
 * from idleness, `averaged` what was asked for to tell how well something is used.
 */
export function fakeCloudWatch(world: Record<string, MeasuredInstance>) {
  const cloudWatch = mockClient(CloudWatchClient);
  const queried: string[] = [];
  const averaged: string[] = [];
  cloudWatch
    .on(ListMetricsCommand)
    .callsFake(({ Namespace = 'CWAgent', MetricName }: ListMetricsCommandInput) => ({
      Metrics: Object.entries(world)
        .flatMap(([id, { gpus = [] }]) => gpus.map((_, index) => ({ id, index: String(index) })))
        .flatMap(({ id, index }) =>
          Object.keys(agentNames).map((name) => ({
            Namespace: 'CWAgent',
            MetricName: name,
            Dimensions: [
              { Name: 'InstanceId', Value: id },
              { Name: 'index', Value: index },
            ],
          })),
        )
        .filter(
          (metric) =>
            metric.Namespace === Namespace && metric.MetricName === (MetricName ?? metric.MetricName),
        ),
    }));
  cloudWatch.on(GetMetricDataCommand).callsFake((input: GetMetricDataCommandInput) => {
    const queries = input.MetricDataQueries ?? [];
    const isMean = ({ MetricStat }: MetricDataQuery) => MetricStat?.Stat === 'Average';
    queried.push(...queries.filter((query) => !isMean(query)).map(nameOf));
    averaged.push(...queries.filter(isMean).map(nameOf));
    return { MetricDataResults: queries.map((query) => answer(world, query, input)) };
  });
  return { cloudWatch, queried, averaged };
}

const dimensionOf = ({ MetricStat }: MetricDataQuery, name: string): string =>
  MetricStat?.Metric?.Dimensions?.find(({ Name }) => Name === name)?.Value ?? '';

const nameOf = (query: MetricDataQuery): string =>
  [dimensionOf(query, 'InstanceId'), query.MetricStat?.Metric?.MetricName, dimensionOf(query, 'index')]
    .filter(Boolean)
    .join(' ');

type Result = NonNullable<GetMetricDataCommandOutput['MetricDataResults']>[number];

function answer(
  world: Record<string, MeasuredInstance>,
  query: MetricDataQuery,
  { StartTime, EndTime }: GetMetricDataCommandInput,
): Result {
  const course = courseOf(world[dimensionOf(query, 'InstanceId')] ?? {}, query);
  const period = (query.MetricStat?.Period ?? 300) * 1000;
  const points = periodsBetween(Number(StartTime), Number(EndTime), period).flatMap((at) => {
    const value = typeof course === 'function' ? course(at) : course;
    return value === undefined ? [] : [{ at: new Date(at), value }];
  });
  return {
    Id: query.Id,
    StatusCode: 'Complete',
    Timestamps: points.map(({ at }) => at),
    Values: points.map(({ value }) => value),
  };
}

function courseOf(
  { gpus = [], memoryMib = 400, cpu = 1, network = 30_000 }: MeasuredInstance,
  query: MetricDataQuery,
) {
  const name = query.MetricStat?.Metric?.MetricName ?? '';
  if (name === 'CPUUtilization') return cpu;
  if (agentNames[name] === 'memory') return memoryMib;
  return agentNames[name] === 'utilization' ? gpus[Number(dimensionOf(query, 'index'))] : network;
}

const periodsBetween = (start: number, end: number, period: number): number[] =>
  Array.from(
    { length: Math.max(0, Math.ceil((end - start) / period)) },
    (_, index) => start + index * period,
  );
