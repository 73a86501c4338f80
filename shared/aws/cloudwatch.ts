import {
  type CloudWatchClient,
  type Dimension,
  type DimensionFilter,
  GetMetricDataCommand,
  ListMetricsCommand,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { Metric, MetricQuery, Point, Series, Window } from '../compute/metric.ts';
import { deviceMetricNames, isDeviceMetric } from '../compute/metric-source.ts';
import { errorCode } from './error.ts';

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

/** What to list: of a namespace, or of all; by name, and by dimensions, of which a value may be left open. */
type Listing = {
  namespace?: string;
  name?: string;
  dimensions?: readonly { name: string; value?: string }[];
  /** Also what got its last data point up to two weeks ago. */
  withSilent?: boolean;
};

/** The metrics that got a data point in the last three hours, all pages. */
export const listMetrics = (client: CloudWatchClient, listing: Listing): Promise<Metric[]> =>
  listPages(client, listing, nothingKnown());

/**
 * Dimensions by what they say, and sets of them by the numbers of theirs. An instance's come with every metric of each
 * of its devices, a device's with each of its metrics: one copy serves all, and a fleet of ten thousand is held in an
 * eighth of the memory.
 */
type Known = {
  dimensions: Map<string, { number: number; dimension: Metric['dimensions'][number] }>;
  sets: Map<string, Metric['dimensions']>;
};

const nothingKnown = (): Known => ({ dimensions: new Map(), sets: new Map() });

async function listPages(client: CloudWatchClient, listing: Listing, known: Known): Promise<Metric[]> {
  const pages: Metric[][] = [];
  let token: string | undefined;
  do {
    const page = await listPage(client, listing, known, token);
    pages.push(page.metrics);
    token = page.next;
  } while (token);
  return pages.flat();
}

async function listPage(client: CloudWatchClient, listing: Listing, known: Known, token?: string) {
  const { namespace, name, dimensions, withSilent = false } = listing;
  const command = new ListMetricsCommand({
    Namespace: namespace,
    MetricName: name,
    Dimensions: dimensions?.map(({ name, value }): DimensionFilter => ({ Name: name, Value: value })),
    ...(!withSilent && { RecentlyActive: 'PT3H' as const }),
    NextToken: token,
  });
  const { Metrics, NextToken } = listed.parse(await client.send(command));
  const metrics = Metrics.map(
    ({ Namespace, MetricName, Dimensions }): Metric => ({
      namespace: namespace ?? Namespace,
      name: name ?? MetricName,
      dimensions: share(known, Dimensions),
    }),
  );
  return { metrics, next: NextToken };
}

type ListedDimension = { Name: string; Value: string };

function share(known: Known, listed: readonly ListedDimension[]): Metric['dimensions'] {
  const numbered = listed.map(({ Name, Value }) => shareOne(known, Name, Value));
  const key = numbered.map(({ number }) => number).join();
  const set = known.sets.get(key) ?? numbered.map(({ dimension }) => dimension);
  known.sets.set(key, set);
  return set;
}

function shareOne({ dimensions }: Known, name: string, value: string) {
  const key = JSON.stringify([name, value]);
  const one = dimensions.get(key) ?? { number: dimensions.size, dimension: { name, value } };
  dimensions.set(key, one);
  return one;
}

type DiscoveredDeviceMetrics = {
  listed: Metric[];
  /** Namespaces that couldn't be read whole; nothing of them is listed. */
  failures: { namespace: string; why: string }[];
};

/**
 * Every metric of these namespaces that may tell of a GPU or a NeuronCore and was active in the last three hours, with
 * `withSilent` in the last two weeks. A namespace that can't be read doesn't keep the others from being read, and a part
 * of one never passes for the whole.
 */
export async function discoverDeviceMetrics(
  client: CloudWatchClient,
  namespaces: readonly string[],
  { withSilent = false }: Pick<Listing, 'withSilent'> = {},
): Promise<DiscoveredDeviceMetrics> {
  const lists: Metric[][] = [];
  const failures: DiscoveredDeviceMetrics['failures'] = [];
  for (const namespace of new Set(namespaces)) {
    try {
      lists.push(await listDeviceMetrics(client, { namespace, withSilent }));
    } catch (error) {
      failures.push({ namespace, why: messageOf(error) });
    }
  }
  return { listed: lists.flat(), failures };
}

/**
 * One call where a page holds the whole namespace, as it mostly does where no agent reports. A larger one is asked for
 * the names that count: the agent puts the disks and processes of the whole fleet there too.
 */
async function listDeviceMetrics(client: CloudWatchClient, listing: Listing): Promise<Metric[]> {
  const known = nothingKnown();
  const { metrics, next } = await listPage(client, listing, known);
  if (next === undefined) return metrics.filter(isDeviceMetric);
  const lists: Metric[][] = [];
  for (const names of inBatches(deviceMetricNames, concurrentCalls)) {
    lists.push(...(await Promise.all(names.map((name) => listPages(client, { ...listing, name }, known)))));
  }
  return lists.flat();
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What EC2 itself reports of every instance, every five minutes. */
export const instanceMetric = (
  name: 'CPUUtilization' | 'NetworkIn' | 'NetworkOut',
  instanceId: string,
): Metric => ({
  namespace: 'AWS/EC2',
  name,
  dimensions: [{ name: 'InstanceId', value: instanceId }],
});

/** Looked through and not copied: an answer holds up to 100,800 points, and zod's arrays are new ones. */
const listOf = <Item>(isItem: (item: unknown) => boolean) =>
  z.custom<readonly Item[]>((list) => Array.isArray(list) && list.every(isItem));

const data = z.object({
  MetricDataResults: z
    .array(
      z.object({
        Id: z.string(),
        StatusCode: z.string(),
        Timestamps: listOf<Date>((item) => item instanceof Date).default([]),
        // What is not finite is dropped with its point: it must not spoil the other queries' answers.
        Values: listOf<number>((item) => typeof item === 'number').default([]),
        Messages: z.array(z.object({ Value: z.string().optional() })).optional(),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

type Result = z.infer<typeof data>['MetricDataResults'][number];

/** Some queries and their series, in the same order. */
type OnBatch = (queries: readonly MetricQuery[], series: readonly Series[]) => void;

/**
 * The series of each query, in the order of the queries, oldest point first, in the unit that the metric's scale gives.
 * $0.01 per 1,000 queries, however they are batched. A series that CloudWatch failed to tell whole says so in
 * `failure`, as do those of a call that failed after the SDK's retries: the others are none the worse. Two points of
 * one time are both kept.
 */
export async function getSeries(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  window: Window,
  periodSeconds: number,
): Promise<Series[]> {
  const all: Series[] = [];
  await eachSeries(client, queries, window, periodSeconds, (_, series) => {
    for (const one of series) all.push(one);
  });
  return all;
}

/**
 * As `getSeries`, but hands the series over batch by batch, in the order of the queries: whoever keeps of each batch
 * what counts never holds more than a few thousand series.
 */
export async function eachSeries(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  window: Window,
  periodSeconds: number,
  onBatch: OnBatch,
): Promise<void> {
  const periods = (Date.parse(window.end) - Date.parse(window.start)) / 1000 / periodSeconds;
  const size = Math.max(1, Math.min(maxQueries, Math.floor(maxDatapoints / Math.max(1, periods))));
  const calls = Math.max(1, Math.min(concurrentCalls, Math.floor(pointsInFlight / (size * periods))));
  for (const batches of inBatches(inBatches(queries, size), calls)) {
    const answers = await Promise.all(
      batches.map((batch) =>
        getBatch(client, { queries: batch, window, periodSeconds }, { calls: callsToIsolate }),
      ),
    );
    for (const [index, batch] of batches.entries()) onBatch(batch, answers[index] ?? []);
  }
}

const maxQueries = 500;
const maxDatapoints = 100_800;
const concurrentCalls = 5; // of the 50 a second that CloudWatch allows an account and region, 25 of which may list

/**
 * Points asked for at a time, one of the largest answers: of what is older than three hours CloudWatch tells about as
 * many a second (user guide, service quotas), and each takes 0.2 kB until it is read.
 */
const pointsInFlight = maxDatapoints;

type Batch = { queries: readonly MetricQuery[]; window: Window; periodSeconds: number };

/** Calls that may be spent on finding the queries which make a batch invalid: enough for three among 500. */
const callsToIsolate = 54;

async function getBatch(client: CloudWatchClient, batch: Batch, left: { calls: number }): Promise<Series[]> {
  const { results, error } = await getPages(client, batch);
  const { queries } = batch;
  // One query that CloudWatch refuses makes it refuse the call. Throttling, permissions and the network don't get
  // better by asking more often.
  if (isInvalid(error) && queries.length > 1 && left.calls >= 2) {
    left.calls -= 2;
    const [first = [], second = []] = inBatches(queries, Math.ceil(queries.length / 2));
    return [
      ...(await getBatch(client, { ...batch, queries: first }, left)),
      ...(await getBatch(client, { ...batch, queries: second }, left)),
    ];
  }
  const byId = Map.groupBy(results, ({ Id }) => Id);
  return queries.map(({ metric }, index) => toSeries(byId.get(idOf(index)) ?? [], metric, error));
}

const isInvalid = (error: unknown): boolean =>
  /^(Validation|InvalidParameter|Missing)/.test(errorCode(error));

/** The results of all pages, or of those before the one that failed. */
async function getPages(
  client: CloudWatchClient,
  { queries, window, periodSeconds }: Batch,
): Promise<{ results: Result[]; error?: unknown }> {
  const results: Result[] = [];
  let NextToken: string | undefined;
  try {
    do {
      const command = new GetMetricDataCommand({
        MetricDataQueries: queries.map((query, index) => toDataQuery(query, index, periodSeconds)),
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
    return { results };
  } catch (error) {
    return { results, error };
  }
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

/** One series from its part on each page; what was told whole before a later page failed has not failed. */
function toSeries(parts: readonly Result[], { scale = 1 }: Metric, error?: unknown): Series {
  const points: Point[] = [];
  for (const { Timestamps, Values } of parts) {
    for (const [index, time] of Timestamps.entries()) {
      const value = Values[index];
      if (value !== undefined && Number.isFinite(value))
        points.push({ at: time.getTime(), value: value * scale });
    }
  }
  const failure = failureOf(parts);
  return packed(
    points.sort((a, b) => a.at - b.at),
    failure && error !== undefined ? messageOf(error) : failure,
  );
}

/** A series that holds its points as plain numbers, in a fifth of the memory, and makes them anew for whoever looks. */
function packed(points: readonly Point[], failure: string | undefined): Series {
  const [times, values] = [points.map(({ at }) => at), points.map(({ value }) => value)];
  return {
    get points() {
      return times.map((at, index): Point => ({ at, value: values[index] ?? Number.NaN }));
    },
    ...(failure !== undefined && { failure }),
  };
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
