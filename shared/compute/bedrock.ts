import { hourMs, hoursOf } from './hours.ts';
import type { Metric, Series, Window } from './metric.ts';
import { isValid } from './signals.ts';

export const bedrockNamespace = 'AWS/Bedrock';

/** What Bedrock counts of a model; tokens that are read from the cache, or written to it, are not among `input`. */
export const quantities = ['invocations', 'input', 'output', 'cacheRead', 'cacheWrite'] as const;

export type Quantity = (typeof quantities)[number];

/**
 * The names of the metrics. The first is what is published; of the cached tokens the Bedrock user guide (How tokens are
 * counted) writes the second. Their unit is a count of samples, the sum over a period is what is meant.
 */
const names: Readonly<Record<Quantity, readonly string[]>> = {
  invocations: ['Invocations'],
  input: ['InputTokenCount'],
  output: ['OutputTokenCount'],
  cacheRead: ['CacheReadInputTokenCount', 'CacheReadInputTokens'],
  cacheWrite: ['CacheWriteInputTokenCount', 'CacheWriteInputTokens'],
};

/** The metrics of one `ModelId`: what callers named, a model, a profile or the ARN of provisioned throughput. */
export type ModelMetrics = {
  modelId: string;
  metrics: Readonly<Record<Quantity, readonly Metric[]>>;
};

/** The models that CloudWatch knows of, from all that was listed, in any order. */
export function mapModels(listed: readonly Metric[]): ModelMetrics[] {
  const byModel = Map.groupBy(
    listed.filter(({ namespace }) => namespace === bedrockNamespace),
    modelIdOf,
  );
  return [...byModel]
    .flatMap(([modelId, metrics]) =>
      modelId === undefined
        ? []
        : [{ modelId, metrics: byQuantity((quantity) => chosen(metrics, names[quantity])) }],
    )
    .filter(({ metrics }) => quantities.some((quantity) => metrics[quantity].length > 0))
    .toSorted((a, b) => a.modelId.localeCompare(b.modelId, 'en'));
}

/** What there is to ask of a model that isn't listed: whether it was invoked within the last minutes after all. */
export const unlisted = (modelId: string): ModelMetrics => ({
  modelId,
  metrics: byQuantity((quantity) =>
    quantity === 'invocations'
      ? [
          {
            namespace: bedrockNamespace,
            name: 'Invocations',
            dimensions: [{ name: 'ModelId', value: modelId }],
          },
        ]
      : [],
  ),
});

/** Something of each quantity. */
export const byQuantity = <Value>(toValue: (quantity: Quantity) => Value): Record<Quantity, Value> => ({
  invocations: toValue('invocations'),
  input: toValue('input'),
  output: toValue('output'),
  cacheRead: toValue('cacheRead'),
  cacheWrite: toValue('cacheWrite'),
});

const modelIdOf = ({ dimensions }: Metric): string | undefined =>
  dimensions.find(({ name }) => name === 'ModelId')?.value;

/**
 * The series that together are the whole, each call once: that of the model, or where there is none those of the
 * fewest further dimensions, an image's size for example.
 */
function chosen(metrics: readonly Metric[], aliases: readonly string[]): Metric[] {
  const name = aliases.find((alias) => metrics.some((metric) => metric.name === alias));
  const alike = metrics.filter((metric) => metric.name === name);
  const once = [...new Map(alike.map((metric) => [dimensionsKey(metric, true), metric])).values()];
  const kinds = [...Map.groupBy(once, (metric) => dimensionsKey(metric, false))];
  const [, fewest = []] = kinds.toSorted(byBreadth)[0] ?? [];
  return fewest;
}

type Kind = readonly [names: string, metrics: Metric[]];

const byBreadth = ([one, [first]]: Kind, [other, [second]]: Kind): number =>
  (first?.dimensions.length ?? 0) - (second?.dimensions.length ?? 0) || one.localeCompare(other, 'en');

const dimensionsKey = ({ dimensions }: Metric, withValues: boolean): string =>
  dimensions
    .map(({ name, value }) => (withValues ? `${name}=${value}` : name))
    .toSorted()
    .join();

/** Counts by hour, by the hour's start in milliseconds since the epoch; an hour without calls is absent. */
export type Hours = ReadonlyMap<number, number>;

/** What a model did, hour by hour. */
export type ModelUse = Readonly<Record<Quantity, Hours>> & {
  /** Why the calls or their tokens are not all known. */
  failure?: string | undefined;
  /** The same for the cached ones. */
  cacheFailure?: string | undefined;
  /** Whether it has ever told of its cache, and so has one. */
  hasCache: boolean;
};

/** Sums up the series of each quantity over the hours of the window. A value that can't be is told as a failure. */
export function toUse(readings: Readonly<Record<Quantity, readonly Series[]>>, window: Window): ModelUse {
  const failureOf = (some: readonly Quantity[]) =>
    some.flatMap((quantity) => readings[quantity]).flatMap(faultOf)[0];
  return {
    ...byQuantity((quantity) => summed(readings[quantity].map((series) => hoursOf(series, window)))),
    failure: failureOf(['invocations', 'input', 'output']),
    cacheFailure: failureOf(['cacheRead', 'cacheWrite']),
    hasCache: readings.cacheRead.length > 0 || readings.cacheWrite.length > 0,
  };
}

function faultOf({ points, failure }: Series): string[] {
  if (failure !== undefined) return [failure];
  return points.every(({ value }) => isValid(value)) ? [] : ['CloudWatch told a count that can not be'];
}

function summed(all: readonly Hours[]): Map<number, number> {
  const sum = new Map<number, number>();
  for (const [hour, count] of all.flatMap((hours) => [...hours])) sum.set(hour, (sum.get(hour) ?? 0) + count);
  return sum;
}

/** Every token in and out, cached ones too, in an hour. */
export const tokensIn = (use: ModelUse, hour: number): number =>
  (['input', 'output', 'cacheRead', 'cacheWrite'] as const).reduce(
    (sum, quantity) => sum + (use[quantity].get(hour) ?? 0),
    0,
  );

/** The end of the newest hour with an invocation; undefined where there was none. */
export function lastInvoked({ invocations }: ModelUse): number | undefined {
  const hours = [...invocations].flatMap(([hour, count]) => (count > 0 ? [hour] : []));
  return hours.length === 0 ? undefined : Math.max(...hours) + hourMs;
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** `40.2M`, `850` */
export const formatCount = (count: number): string => compact.format(count);
