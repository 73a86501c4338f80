import type {
  DimensionFilter,
  GetMetricDataCommandInput,
  GetMetricDataCommandOutput,
  ListMetricsCommandInput,
  ListMetricsCommandOutput,
  Metric,
  MetricDataQuery,
  MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { findSeries, groupAt, groupsAt } from '../metrics/published.ts';
import { type Dimensions, minute, type Series } from '../metrics/series.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const cloudWatch = { ListMetrics: listMetrics, GetMetricData: getMetricData };

const day = 1440 * minute;

const pageSize = 500;

function listMetrics(input: ListMetricsCommandInput, caller: Caller): Reply<ListMetricsCommandOutput> {
  if (input.RecentlyActive !== undefined && input.RecentlyActive !== 'PT3H') {
    throw invalid("Value at 'recentlyActive' must be PT3H");
  }
  const page: Metric[] = [];
  for (const { series, place } of listed(input, caller)) {
    if (page.length === pageSize) return { Metrics: page, NextToken: place };
    page.push(toMetric(series));
  }
  return { Metrics: page };
}

/** What is asked for from the token on; a place is the group of series, and which of its own. */
function* listed(
  input: ListMetricsCommandInput,
  caller: Caller,
): Generator<{ series: Series; place: string }> {
  const { now } = caller.sample;
  const since = now - (input.RecentlyActive ? 3 * 60 * minute : 14 * day);
  const [first, skip] = startOf(input.NextToken);
  for (let group = first; group < groupsAt(caller); group++) {
    const all = groupAt(caller, group, { namespace: input.Namespace, name: input.MetricName });
    for (const [index, series] of [...all].entries()) {
      const isBefore = group === first && index < skip;
      if (isBefore || !isAsked(series, input) || lastSample(series, now) < since) continue;
      yield { series, place: `${group}.${index}` };
    }
  }
}

const toMetric = ({ namespace, name, dimensions }: Series): Metric => ({
  Namespace: namespace,
  MetricName: name,
  Dimensions: dimensions.map((dimension) => ({ ...dimension })),
});

const isAsked = (
  { namespace, name, dimensions }: Series,
  { Namespace, MetricName, Dimensions: wanted = [] }: ListMetricsCommandInput,
): boolean =>
  (Namespace ?? namespace) === namespace &&
  (MetricName ?? name) === name &&
  hasDimensions(dimensions, wanted);

const hasDimensions = (dimensions: Dimensions, wanted: readonly DimensionFilter[]): boolean =>
  wanted.every(({ Name, Value }) =>
    dimensions.some((dimension) => dimension.Name === Name && (Value ?? dimension.Value) === dimension.Value),
  );

function lastSample({ runs, until }: Series, now: number): number {
  const run = runs.findLast(({ from }) => from <= now);
  return run ? Math.min(run.to ?? now, until, now) : Number.NEGATIVE_INFINITY;
}

function getMetricData(input: GetMetricDataCommandInput, caller: Caller): Reply<GetMetricDataCommandOutput> {
  const { queries, start, end, max } = checked(input);
  const [first = 0, skip = 0] = (input.NextToken ?? '').split('.').map(Number);
  const results: MetricDataResult[] = [];
  let room = max;
  for (let index = first; index < queries.length; index++) {
    if (room === 0) return { MetricDataResults: results, NextToken: `${index}.0` };
    const query = queries[index] as MetricDataQuery;
    const points = pointsOf(query, start, end, caller);
    if (input.ScanBy !== 'TimestampAscending') points.reverse();
    const from = index === first ? skip : 0;
    const part = points.slice(from, from + room);
    const isWhole = from + part.length >= points.length;
    results.push(toResult(query, part, isWhole));
    if (!isWhole) return { MetricDataResults: results, NextToken: `${index}.${from + part.length}` };
    room -= part.length;
  }
  return { MetricDataResults: results };
}

function checked({
  MetricDataQueries: queries = [],
  StartTime,
  EndTime,
  MaxDatapoints: max = 100_800,
}: GetMetricDataCommandInput) {
  if (queries.length === 0) throw invalid('The parameter MetricDataQueries is required.');
  if (queries.length > 500) {
    throw invalid('The collection MetricDataQueries must not have a size greater than 500.');
  }
  if (new Set(queries.map(({ Id }) => Id)).size < queries.length)
    throw invalid('The values for parameter id in MetricDataQueries are not unique.');
  if (max < 1 || max > 100_800) throw invalid('MaxDatapoints must be between 1 and 100800.');
  if (!StartTime || !EndTime || StartTime >= EndTime) {
    throw invalid('The parameter StartTime must be less than the parameter EndTime.');
  }
  return { queries, start: StartTime.getTime(), end: EndTime.getTime(), max };
}

const invalid = (message: string): Error => awsError('ValidationError', message);

type Point = { at: number; value: number };

const toResult = ({ Id, Label, MetricStat }: MetricDataQuery, points: Point[], isWhole: boolean) => ({
  Id,
  Label: Label ?? MetricStat?.Metric?.MetricName,
  Timestamps: points.map(({ at }) => new Date(at)),
  Values: points.map(({ value }) => value),
  StatusCode: isWhole ? ('Complete' as const) : ('PartialData' as const),
});

/** One series, oldest point first; none where nobody publishes what is asked for. */
function pointsOf(query: MetricDataQuery, start: number, end: number, caller: Caller): Point[] {
  const { MetricStat: asked } = query;
  if (!asked?.Metric || !asked.Stat || !asked.Period) {
    const message = `The sample account answers a MetricStat with its metric, period and statistic only (query ${query.Id}).`;
    throw invalid(message);
  }
  if (asked.Period % 60 !== 0) throw invalid('Period must be a multiple of 60');
  const statistic = statistics[asked.Stat];
  if (!statistic) throw invalid(`The sample account has no statistic ${asked.Stat}`);
  const { Namespace = '', MetricName = '', Dimensions = [] } = asked.Metric;
  const dimensions = Dimensions.map(({ Name = '', Value = '' }) => ({ Name, Value }));
  const found = findSeries(caller, { namespace: Namespace, name: MetricName, dimensions });
  if (!found) return [];
  return aggregate(found, asked.Period * 1000, start, end, caller.sample.now, statistic);
}

type Bucket = { sum: number; min: number; max: number; count: number };

const statistics: Readonly<Record<string, (bucket: Bucket) => number>> = {
  Average: ({ sum, count }) => sum / count,
  Sum: ({ sum }) => sum,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
  SampleCount: ({ count }) => count,
};

function aggregate(
  series: Series,
  asked: number,
  start: number,
  end: number,
  now: number,
  statistic: (bucket: Bucket) => number,
): Point[] {
  const period = Math.max(asked, series.resolution);
  const origin = Math.floor(Math.max(start, now - retention(period)) / period) * period;
  const buckets = new Map<number, Bucket>();
  for (const run of series.runs) {
    const from = Math.ceil(Math.max(origin, run.from) / minute) * minute;
    const to = Math.min(end, run.to ?? end, series.until, publishedBefore(now, series.resolution));
    for (let at = from; at + minute <= to; at += minute) {
      const value = series.sample(at);
      if (value === undefined) continue;
      add(buckets, origin + Math.floor((at - origin) / period) * period, value, series.samples?.(at) ?? 1);
    }
  }
  return [...buckets].map(([at, bucket]) => ({ at, value: statistic(bucket) })).sort((a, b) => a.at - b.at);
}

/** A minute's value is the sum of its samples, each as large as the others. */
function add(buckets: Map<number, Bucket>, at: number, sum: number, count: number): void {
  if (count === 0) return;
  const each = sum / count;
  const bucket = buckets.get(at);
  if (!bucket) {
    buckets.set(at, { sum, min: each, max: each, count });
    return;
  }
  bucket.sum += sum;
  bucket.count += count;
  if (each < bucket.min) bucket.min = each;
  if (each > bucket.max) bucket.max = each;
}

/** What is measured in five minutes is there when they are over. */
const publishedBefore = (now: number, resolution: number): number =>
  Math.floor(now / resolution) * resolution;

function retention(period: number): number {
  if (period < 5 * minute) return 15 * day;
  return period < 60 * minute ? 63 * day : 455 * day;
}

function startOf(token: string | undefined): [group: number, index: number] {
  const [group = 0, index = 0] = (token ?? '0.0').split('.').map(Number);
  if (!Number.isInteger(group) || !Number.isInteger(index)) {
    throw awsError('InvalidNextToken', 'The token is not valid');
  }
  return [group, index];
}
