import type {
  Dimension,
  DimensionFilter,
  GetMetricDataCommandInput,
  GetMetricDataCommandOutput,
  ListMetricsCommandInput,
  ListMetricsCommandOutput,
  MetricDataQuery,
  MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { lastRun, type Member, placeOf, privateDnsName } from '../fleet.ts';
import { bellNoise } from '../noise.ts';
import { awsError, type Caller, type Reply, type Sample } from '../sample.ts';
import { type Course, valueAt } from '../world.ts';

export const cloudWatch = { ListMetrics: listMetrics, GetMetricData: getMetricData };

const minute = 60_000;
const day = 1440 * minute;

/** A metric that an instance publishes: one sample a minute, while the instance runs. */
type Series = {
  namespace: string;
  name: string;
  dimensions: readonly { Name: string; Value: string }[];
  /** The finest period in which CloudWatch keeps it, milliseconds. */
  resolution: number;
  /** The value of the minute that starts then. */
  sample: (at: number) => number;
  /** From then on nothing more was published. */
  until: number;
};

const published = new WeakMap<Member, readonly Series[]>();

function seriesOf(member: Member): readonly Series[] {
  const known = published.get(member);
  if (known) return known;
  const series = [...instanceSeries(member), ...gpuSeries(member), ...neuronSeries(member)];
  published.set(member, series);
  return series;
}

function instanceSeries(member: Member): Series[] {
  const { spec } = member;
  const dimensions = [{ Name: 'InstanceId', Value: spec.id }];
  const metric = (name: string, sample: Series['sample']): Series => ({
    namespace: 'AWS/EC2',
    name,
    dimensions,
    resolution: 5 * minute,
    sample,
    until: Number.POSITIVE_INFINITY,
  });
  const traffic = noisy(spec.network, member.seed ^ 2);
  return [
    metric('CPUUtilization', noisy(spec.cpu, member.seed ^ 1, 100)),
    metric('NetworkIn', (at) => Math.round(traffic(at) * 60 * 0.7)),
    metric('NetworkOut', (at) => Math.round(traffic(at) * 60 * 0.3)),
  ];
}

/** What the CloudWatch agent sees through nvidia-smi: MIG devices report their memory, but no utilisation. */
function gpuSeries(member: Member): Series[] {
  const { spec, facts } = member;
  const { gpu } = facts;
  if (!gpu || spec.agent === 'none') return [];
  const count = spec.agent === 'partial' ? gpu.count - 1 : gpu.count;
  return Array.from({ length: count }, (_, index) => {
    const busy = index < (spec.busyDevices ?? gpu.count) ? spec.gpu : idle;
    const utilization = noisy(busy, member.seed ^ (index + 16), 100);
    const memory = noisy(spec.memory, member.seed ^ (index + 48), 100);
    const metric = (name: string, sample: Series['sample']): Series => ({
      namespace: 'CWAgent',
      name: `nvidia_smi_${name}`,
      dimensions: agentDimensions(member, [
        { Name: 'index', Value: String(index) },
        { Name: 'name', Value: gpu.device },
        { Name: 'arch', Value: gpu.arch },
      ]),
      resolution: minute,
      sample,
      until: spec.agentUntil,
    });
    const readings = [
      metric('memory_used', (at) => Math.round((memory(at) * gpu.memoryMib) / 100)),
      metric('memory_total', () => gpu.memoryMib),
      metric('power_draw', (at) => 55 + 3 * utilization(at)),
    ];
    return spec.agent === 'mig' ? readings : [metric('utilization_gpu', utilization), ...readings];
  }).flat();
}

function neuronSeries(member: Member): Series[] {
  const { spec, facts } = member;
  if (!facts.neuron || spec.agent === 'none') return [];
  return Array.from({ length: facts.neuron.count * 2 }, (_, core) => ({
    namespace: 'CWAgent',
    name: 'neuroncore_utilization',
    dimensions: agentDimensions(member, [
      { Name: 'NeuronDevice', Value: String(core >> 1) },
      { Name: 'NeuronCore', Value: String(core) },
    ]),
    resolution: minute,
    sample: noisy(spec.gpu, member.seed ^ (core + 80), 100),
    until: spec.agentUntil,
  }));
}

/** The host is always there; the instance only where the agent is told to append it. */
function agentDimensions(member: Member, own: Series['dimensions']): Series['dimensions'] {
  const { spec } = member;
  const host = { Name: 'host', Value: privateDnsName(member) };
  if (spec.agent === 'without-instance-id') return [...own, host];
  return [
    { Name: 'InstanceId', Value: spec.id },
    { Name: 'ImageId', Value: spec.image },
    { Name: 'InstanceType', Value: spec.type },
    ...own,
    host,
  ];
}

const idle: Course = [{ until: Number.POSITIVE_INFINITY, value: 0 }];

/** A course with noise of a twentieth; what is at 0 stays there. */
function noisy(course: Course, seed: number, max = Number.POSITIVE_INFINITY): Series['sample'] {
  return (at) => {
    const value = valueAt(course, at);
    return value === 0 ? 0 : Math.min(max, Math.max(0, value * (1 + 0.05 * bellNoise(seed, at / minute))));
  };
}

type Listing = {
  key: string;
  version: number;
  now: number;
  metrics: ListMetricsCommandOutput['Metrics'] & {};
};
const listings = new WeakMap<Sample, Listing>();

function listMetrics(input: ListMetricsCommandInput, caller: Caller): Reply<ListMetricsCommandOutput> {
  const all = listing(input, caller);
  const start = startOf(input.NextToken);
  const end = start + 500;
  return {
    Metrics: all.slice(start, end),
    ...(end < all.length && { NextToken: String(end) }),
  };
}

/** The whole answer, kept for the next page. */
function listing(input: ListMetricsCommandInput, caller: Caller): Listing['metrics'] {
  const { sample, account, region } = caller;
  const { NextToken: _, ...asked } = input;
  const key = JSON.stringify([account, region, asked]);
  const kept = listings.get(sample);
  if (kept?.key === key && kept.version === sample.version && kept.now === sample.now) return kept.metrics;
  if (asked.RecentlyActive !== undefined && asked.RecentlyActive !== 'PT3H') {
    throw invalid("Value at 'recentlyActive' must be PT3H");
  }
  const since = sample.now - (asked.RecentlyActive ? 3 * 60 * minute : 14 * day);
  const metrics = (sample.fleet.byPlace.get(placeOf(account, region)) ?? [])
    .flatMap((member) => seriesOf(member).filter((series) => lastSample(member, series, sample.now) >= since))
    .filter(
      ({ namespace, name }) =>
        (asked.Namespace ?? namespace) === namespace && (asked.MetricName ?? name) === name,
    )
    .filter(({ dimensions }) => hasDimensions(dimensions, asked.Dimensions ?? []))
    .map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: dimensions.map((dimension) => ({ ...dimension })),
    }));
  listings.set(sample, { key, version: sample.version, now: sample.now, metrics });
  return metrics;
}

const hasDimensions = (dimensions: Series['dimensions'], wanted: readonly DimensionFilter[]): boolean =>
  wanted.every(({ Name, Value }) =>
    dimensions.some((dimension) => dimension.Name === Name && (Value ?? dimension.Value) === dimension.Value),
  );

function lastSample(member: Member, { until }: Series, now: number): number {
  const run = lastRun(member, now);
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
  const { Namespace, MetricName, Dimensions = [] } = asked.Metric;
  const found = findSeries(caller, Namespace, MetricName, Dimensions);
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

type Found = { member: Member; series: Series };

/** By exactly the dimensions under which it is published, as CloudWatch does. */
function findSeries(
  { sample, account, region }: Caller,
  namespace: string | undefined,
  name: string | undefined,
  dimensions: readonly Dimension[],
): Found | undefined {
  const id = dimensions.find(({ Name }) => Name === 'InstanceId')?.Value;
  const here = sample.fleet.byPlace.get(placeOf(account, region)) ?? [];
  const member = id === undefined ? undefined : sample.fleet.byId.get(id);
  const candidates =
    id === undefined ? here : member?.account === account && member.region === region ? [member] : [];
  for (const candidate of candidates) {
    const series = seriesOf(candidate).find(
      (each) =>
        each.namespace === namespace &&
        each.name === name &&
        each.dimensions.length === dimensions.length &&
        hasDimensions(each.dimensions, dimensions as DimensionFilter[]),
    );
    if (series) return { member: candidate, series };
  }
  return undefined;
}

function aggregate(
  { member, series }: Found,
  asked: number,
  start: number,
  end: number,
  now: number,
  statistic: (bucket: Bucket) => number,
): Point[] {
  const period = Math.max(asked, series.resolution);
  const origin = Math.floor(Math.max(start, now - retention(period)) / period) * period;
  const buckets = new Map<number, Bucket>();
  for (const run of member.runs) {
    const from = Math.ceil(Math.max(origin, run.from) / minute) * minute;
    const to = Math.min(end, run.to ?? end, series.until, publishedBefore(now, series.resolution));
    for (let at = from; at + minute <= to; at += minute) {
      add(buckets, origin + Math.floor((at - origin) / period) * period, series.sample(at));
    }
  }
  return [...buckets].map(([at, bucket]) => ({ at, value: statistic(bucket) })).sort((a, b) => a.at - b.at);
}

function add(buckets: Map<number, Bucket>, at: number, value: number): void {
  const bucket = buckets.get(at);
  if (!bucket) {
    buckets.set(at, { sum: value, min: value, max: value, count: 1 });
    return;
  }
  bucket.sum += value;
  bucket.count += 1;
  if (value < bucket.min) bucket.min = value;
  if (value > bucket.max) bucket.max = value;
}

/** What is measured in five minutes is there when they are over. */
const publishedBefore = (now: number, resolution: number): number =>
  Math.floor(now / resolution) * resolution;

function retention(period: number): number {
  if (period < 5 * minute) return 15 * day;
  return period < 60 * minute ? 63 * day : 455 * day;
}

function startOf(token: string | undefined): number {
  const start = Number(token ?? 0);
  if (!Number.isInteger(start)) throw awsError('InvalidNextToken', 'The token is not valid');
  return start;
}
