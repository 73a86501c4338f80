import type { InstanceTypeFacts } from '../instance.ts';
import type { Metric, MetricQuery } from '../metric.ts';
import { type Component, type Endpoint, type Fleet, paidVariants, type Variant } from './endpoint.ts';
import type { Load } from './endpoint-signals.ts';
import { ec2TypeOf } from './job-utilization.ts';

/** How far a variant is used, as it is asked for. */
export type LoadQuery = Omit<Load, 'series'> & { query: MetricQuery };

const variantMetric = (
  namespace: string,
  name: string,
  { name: EndpointName }: Endpoint,
  { name: VariantName }: Variant,
): Metric => ({
  namespace,
  name,
  dimensions: [
    { name: 'EndpointName', value: EndpointName },
    { name: 'VariantName', value: VariantName },
  ],
});

const componentMetric = (name: string, component: Component): Metric => ({
  namespace: 'AWS/SageMaker',
  name,
  dimensions: [{ name: 'InferenceComponentName', value: component.name }],
});

/**
 * SageMaker developer guide: an asynchronous endpoint publishes InvocationsProcessed and not Invocations, and those of
 * an inference component come under its name alone.
 */
export function requestQueries(endpoint: Endpoint): MetricQuery[] {
  const name = endpoint.isAsync ? 'InvocationsProcessed' : 'Invocations';
  const metrics = [
    ...endpoint.variants
      .filter(({ hostsComponents }) => !hostsComponents)
      .map((variant) => variantMetric('AWS/SageMaker', name, endpoint, variant)),
    ...(endpoint.components ?? []).map((component) => componentMetric('Invocations', component)),
  ];
  return metrics.map((metric) => ({ metric, statistic: 'Sum' }));
}

/** What one of several instances serves; SageMaker counts it of real-time endpoints with models of their own alone. */
export const shareQueries = (endpoint: Endpoint): MetricQuery[] =>
  endpoint.isAsync
    ? []
    : paidVariants(endpoint)
        .filter(({ fleets = [], hostsComponents }) => !hostsComponents && instancesIn(fleets) > 1)
        .map((variant) => ({
          metric: variantMetric('AWS/SageMaker', 'InvocationsPerInstance', endpoint, variant),
          statistic: 'Sum',
        }));

const instancesIn = (fleets: readonly Fleet[]): number => fleets.reduce((sum, { count }) => sum + count, 0);

/**
 * The queue of an asynchronous endpoint; else the open connections, of which one may stream for days: of a model, or of a
 * copy of an inference component (SageMaker developer guide: Auto scaling policy with high-resolution metrics).
 */
export function workQueries(endpoint: Endpoint): MetricQuery[] {
  const metrics = endpoint.isAsync
    ? [
        {
          namespace: 'AWS/SageMaker',
          name: 'ApproximateBacklogSize',
          dimensions: [{ name: 'EndpointName', value: endpoint.name }],
        },
      ]
    : [
        ...paidVariants(endpoint)
          .filter((variant) => !variant.hostsComponents && variant.fleets?.length !== 0)
          .map((variant) => variantMetric('AWS/SageMaker', 'ConcurrentRequestsPerModel', endpoint, variant)),
        ...(endpoint.components ?? []).map((component) =>
          componentMetric('ConcurrentRequestsPerCopy', component),
        ),
      ];
  return metrics.map((metric) => ({ metric, statistic: 'Maximum' }));
}

/** What each paid variant reports while it is up: of instances their CPU, whether they are called or not. */
export const pulseQueries = (
  endpoint: Endpoint,
  facts: ReadonlyMap<string, InstanceTypeFacts>,
): LoadQuery[] =>
  paidVariants(endpoint).map((variant) =>
    variant.provisionedConcurrency > 0
      ? concurrencyQuery(endpoint, variant)
      : hostQuery(endpoint, variant, 'CPU', vcpusOf(variant, facts)),
  );

const concurrencyQuery = (endpoint: Endpoint, variant: Variant): LoadQuery => ({
  variant: variant.name,
  of: 'provisioned concurrency',
  whole: 1,
  query: {
    metric: variantMetric('AWS/SageMaker', 'ServerlessProvisionedConcurrencyUtilization', endpoint, variant),
    statistic: 'Average',
  },
});

/** SageMaker adds up what it reports of an instance: 100 percent for each vCPU, and for each GPU. */
const hostQuery = (endpoint: Endpoint, variant: Variant, of: 'CPU' | 'GPU', units: number): LoadQuery => ({
  variant: variant.name,
  of,
  whole: units * 100,
  query: {
    metric: variantMetric('/aws/sagemaker/Endpoints', `${of}Utilization`, endpoint, variant),
    statistic: 'Average',
  },
});

/** The fewest that one of its instances has; where nobody knows one, so that its work looks larger than it is. */
function vcpusOf({ fleets = [] }: Variant, facts: ReadonlyMap<string, InstanceTypeFacts>): number {
  const counts = fleets.map(({ instanceType = '' }) => facts.get(ec2TypeOf(instanceType))?.vcpus ?? 1);
  return counts.length === 0 ? 1 : Math.min(...counts);
}

/** How far each paid variant is used; nothing where one of them doesn't tell, since then no answer would count. */
export function loadQueries(endpoint: Endpoint, facts: ReadonlyMap<string, InstanceTypeFacts>): LoadQuery[] {
  const loads = paidVariants(endpoint).map((variant): LoadQuery | undefined => {
    if (variant.provisionedConcurrency > 0) return concurrencyQuery(endpoint, variant);
    const gpus = gpusOf(variant, facts);
    return gpus === undefined ? undefined : hostQuery(endpoint, variant, 'GPU', gpus);
  });
  return loads.every((load) => load !== undefined) ? loads : [];
}

/** GPUs of each of its instances; undefined where it has none, or some have more than others. */
function gpusOf({ fleets = [] }: Variant, facts: ReadonlyMap<string, InstanceTypeFacts>): number | undefined {
  const counts = fleets.map(({ instanceType = '' }) => {
    const accelerators = facts.get(ec2TypeOf(instanceType))?.accelerators;
    return accelerators?.kind === 'gpu' ? accelerators.count : undefined;
  });
  return new Set(counts).size === 1 ? counts[0] : undefined;
}
