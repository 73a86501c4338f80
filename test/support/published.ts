import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
  type ListMetricsCommandInput,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import type { Metric } from '../../shared/compute/metric.ts';

/** What a query makes of the samples of a period, and how many seconds it is long. */
type Asked = { statistic: string; seconds: number };

/** A metric somebody publishes: a constant, what it is in the period that starts at a time, or that it can't be read. */
export type Published = Metric & {
  value?: number | ((at: number, asked: Asked) => number | undefined);
  failure?: string;
};

export const metric = (namespace: string, name: string, dimensions: Record<string, string>): Metric => ({
  namespace,
  name,
  dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
});

/** A CloudWatch in which exactly these are published, and the queries it was asked, by metric and period. */
export function publish(published: readonly Published[]) {
  const cloudWatch = mockClient(CloudWatchClient);
  const queried: string[] = [];
  cloudWatch.on(ListMetricsCommand).callsFake((input: ListMetricsCommandInput) => ({
    Metrics: published
      .filter((each) => isListed(each, input))
      .map(({ namespace, name, dimensions }) => ({
        Namespace: namespace,
        MetricName: name,
        Dimensions: dimensions.map(({ name, value }) => ({ Name: name, Value: value })),
      })),
  }));
  cloudWatch.on(GetMetricDataCommand).callsFake((input: GetMetricDataCommandInput) => ({
    MetricDataResults: (input.MetricDataQueries ?? []).map((query) => {
      queried.push(`${query.MetricStat?.Metric?.MetricName} ${query.MetricStat?.Period}`);
      return answer(published, query, input);
    }),
  }));
  return { cloudWatch, queried };
}

const isListed = (
  { namespace, name, dimensions }: Published,
  { Namespace = namespace, MetricName = name, Dimensions = [] }: ListMetricsCommandInput,
): boolean =>
  namespace === Namespace &&
  name === MetricName &&
  Dimensions.every(({ Name, Value }) =>
    dimensions.some((each) => each.name === Name && each.value === (Value ?? each.value)),
  );

function answer(
  published: readonly Published[],
  { Id, MetricStat }: MetricDataQuery,
  { StartTime, EndTime }: GetMetricDataCommandInput,
) {
  const key = keyOf(
    MetricStat?.Metric?.Namespace,
    MetricStat?.Metric?.MetricName,
    (MetricStat?.Metric?.Dimensions ?? []).map(({ Name, Value }) => `${Name}=${Value}`),
  );
  const found = published.find(
    ({ namespace, name, dimensions }) =>
      keyOf(
        namespace,
        name,
        dimensions.map(({ name, value }) => `${name}=${value}`),
      ) === key,
  );
  if (found?.failure) return { Id, StatusCode: 'InternalError', Messages: [{ Value: found.failure }] };
  const asked = { statistic: MetricStat?.Stat ?? '', seconds: MetricStat?.Period ?? 300 };
  const points = periodsBetween(Number(StartTime), Number(EndTime), asked.seconds * 1000).flatMap((at) => {
    const value = typeof found?.value === 'function' ? found.value(at, asked) : found?.value;
    return value === undefined ? [] : [{ at: new Date(at), value }];
  });
  return {
    Id,
    StatusCode: 'Complete',
    Timestamps: points.map(({ at }) => at),
    Values: points.map(({ value }) => value),
  };
}

const keyOf = (namespace = '', name = '', dimensions: readonly string[] = []): string =>
  [namespace, name, ...dimensions.toSorted()].join('|');

const periodsBetween = (start: number, end: number, period: number): number[] =>
  Array.from(
    { length: Math.max(0, Math.ceil((end - start) / period)) },
    (_, index) => start + index * period,
  );
