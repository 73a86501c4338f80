import { getSeries } from '../aws/cloudwatch.ts';
import { getInstanceTypeFacts } from '../aws/ec2.ts';
import { getEndpoints } from '../aws/sagemaker-endpoints.ts';
import { hourSeconds } from '../compute/hours.ts';
import type { InstanceTypeFacts } from '../compute/instance.ts';
import type { Metric, MetricQuery, Series } from '../compute/metric.ts';
import type { Resource } from '../compute/resource.ts';
import {
  type Endpoint,
  endpointRate,
  endpointType,
  type Fleet,
  fleetsOf,
  instancesOf,
  isMeasurable,
  paidVariants,
  type Variant,
} from '../compute/sagemaker/endpoint.ts';
import {
  areRequestsCovered,
  type EndpointPolicy,
  type EndpointSignals,
  endpointWindow,
  judgeEndpoint,
  type Load,
  nextLook,
} from '../compute/sagemaker/endpoint-use.ts';
import { ec2TypeOf } from '../compute/sagemaker/job-utilization.ts';
import type { Usd } from '../money.ts';
import { ratesOf } from '../store/prices.ts';
import type { Target } from '../target.ts';
import type { Watched } from './observe.ts';
import type { Untagged } from './tagged.ts';

/**
 * The endpoints of a target. $0.01 per 1,000 metrics: of one that is called, its requests and its GPUs, of one that isn't
 * at most three for each variant, of one that costs nothing none. Throws where they can't be listed.
 */
export async function observeEndpoints(watched: Watched): Promise<Untagged> {
  const { clients, config, target, now } = watched;
  const { endpoints, faults } = await getEndpoints(clients.sageMaker);
  const { facts, gaps } = await readFacts(watched, endpoints);
  const policy: EndpointPolicy = {
    window: config.utilization.endpoints.window,
    coverage: config.idle.coverage,
    underuse: config.utilization.underuse,
  };
  const signals = await measure(watched, endpoints, facts, policy);
  const rates = await readRates(watched, endpoints);
  const found = endpoints.map((endpoint) => {
    const measured = signals.get(endpoint.name) ?? nothing;
    const observation = {
      resource: toResource(endpoint, target, rates),
      ...judgeEndpoint(endpoint, measured, policy, now),
      hourlyRate: endpointRate(endpoint, rates),
    };
    return { observation, arns: [endpoint.arn] };
  });
  return { found, gaps: [...faults, ...gaps] };
}

const nothing: EndpointSignals = { requests: [], work: [], pulses: [], loads: [], perInstance: [] };

const toResource = (
  endpoint: Endpoint,
  { account, region }: Target,
  rates: ReadonlyMap<string, Usd>,
): Resource => ({
  kind: 'sagemaker-endpoint',
  account,
  region,
  id: endpoint.name,
  name: endpoint.name,
  type: endpointType(endpoint, rates),
  count: instancesOf(endpoint),
  startedAt: endpoint.createdAt,
  tags: {},
});

const typesOf = (endpoints: readonly Endpoint[]): string[] => [
  ...new Set(endpoints.flatMap(fleetsOf).flatMap(({ instanceType }) => instanceType ?? [])),
];

/** Without them nobody knows of how many GPUs a value is the sum. */
async function readFacts({ clients }: Watched, endpoints: readonly Endpoint[]) {
  try {
    const facts = await getInstanceTypeFacts(clients.ec2, typesOf(endpoints).map(ec2TypeOf));
    return { facts, gaps: [] };
  } catch (error) {
    const gap = { what: 'the GPUs of endpoints (DescribeInstanceTypes)', why: (error as Error).message };
    return { facts: new Map<string, InstanceTypeFacts>(), gaps: [gap] };
  }
}

/** What an instance of each type costs an hour. */
async function readRates(
  { clients, table, target, now, readOnly = false }: Watched,
  endpoints: readonly Endpoint[],
): Promise<Map<string, Usd>> {
  const types = typesOf(endpoints);
  const priced = types.map((type) => ({ region: target.region, type, use: 'hosting' as const }));
  const rates = await ratesOf({ pricing: clients.pricing, table, readOnly }, priced, now);
  return new Map(
    types.flatMap((type, index) => {
      const rate = rates[index];
      return rate === undefined ? [] : [[type, rate] as const];
    }),
  );
}

/** What has to be asked of an endpoint, by what it says. */
type Questions = {
  requests: MetricQuery[];
  work: MetricQuery[];
  pulses: MetricQuery[];
  perInstance: MetricQuery[];
  loads: (Omit<Load, 'series'> & { query: MetricQuery })[];
};

/** The requests first, then what they leave open; all in one batch of calls each. */
async function measure(
  watched: Watched,
  endpoints: readonly Endpoint[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  policy: EndpointPolicy,
): Promise<Map<string, EndpointSignals>> {
  const { clients, now } = watched;
  const measurable = endpoints.filter(isMeasurable);
  const window = endpointWindow(now, policy);
  const ask = async (asked: readonly Questions[]): Promise<EndpointSignals[]> => {
    const queries = asked.flatMap(queriesOf);
    const series = await getSeries(clients.cloudWatch, queries, window, hourSeconds);
    const answers = new Map(queries.map((query, index) => [query, series[index] ?? unanswered]));
    return asked.map((questions) => toSignals(questions, answers));
  };
  const first = await ask(
    measurable.map((endpoint) => ({ ...noQuestions, requests: requestQueries(endpoint) })),
  );
  const second = await ask(
    measurable.map((endpoint, index) => {
      const { requests } = first[index] ?? nothing;
      const look = nextLook(endpoint, requests, policy, now);
      if (look === 'load') {
        const perInstance = shareQueries(endpoint);
        return { ...noQuestions, perInstance, loads: loadQueries(endpoint, facts) };
      }
      if (look === undefined) return noQuestions;
      const isCovered = areRequestsCovered(requests, policy, now);
      return {
        ...noQuestions,
        work: workQueries(endpoint),
        pulses: isCovered ? [] : paidVariants(endpoint).map((variant) => pulseQuery(endpoint, variant)),
      };
    }),
  );
  return new Map(
    measurable.map(({ name }, index) => [
      name,
      { ...nothing, ...second[index], requests: first[index]?.requests ?? [] },
    ]),
  );
}

const unanswered: Series = { points: [], failure: 'CloudWatch did not answer for it' };

const noQuestions: Questions = { requests: [], work: [], pulses: [], perInstance: [], loads: [] };

const queriesOf = ({ requests, work, pulses, perInstance, loads }: Questions): MetricQuery[] => [
  ...requests,
  ...work,
  ...pulses,
  ...perInstance,
  ...loads.map(({ query }) => query),
];

function toSignals(
  { requests, work, pulses, perInstance, loads }: Questions,
  answers: ReadonlyMap<MetricQuery, Series>,
): EndpointSignals {
  const answerTo = (query: MetricQuery): Series => answers.get(query) ?? unanswered;
  return {
    requests: requests.map(answerTo),
    work: work.map(answerTo),
    pulses: pulses.map(answerTo),
    perInstance: perInstance.map(answerTo),
    loads: loads.map(({ query, ...load }) => ({ ...load, series: answerTo(query) })),
  };
}

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

/**
 * SageMaker developer guide: an asynchronous endpoint publishes InvocationsProcessed and not Invocations, and those of
 * an inference component come under its name alone.
 */
function requestQueries(endpoint: Endpoint): MetricQuery[] {
  const name = endpoint.isAsync ? 'InvocationsProcessed' : 'Invocations';
  const metrics = [
    ...endpoint.variants
      .filter(({ hostsComponents }) => !hostsComponents)
      .map((variant) => variantMetric('AWS/SageMaker', name, endpoint, variant)),
    ...(endpoint.components ?? []).map(
      (component): Metric => ({
        namespace: 'AWS/SageMaker',
        name: 'Invocations',
        dimensions: [{ name: 'InferenceComponentName', value: component }],
      }),
    ),
  ];
  return metrics.map((metric) => ({ metric, statistic: 'Sum' }));
}

/** What one of several instances serves; SageMaker counts it of real-time endpoints with models of their own alone. */
const shareQueries = (endpoint: Endpoint): MetricQuery[] =>
  endpoint.isAsync
    ? []
    : paidVariants(endpoint)
        .filter(({ fleets = [], hostsComponents }) => !hostsComponents && instancesIn(fleets) > 1)
        .map((variant) => ({
          metric: variantMetric('AWS/SageMaker', 'InvocationsPerInstance', endpoint, variant),
          statistic: 'Sum',
        }));

const instancesIn = (fleets: readonly Fleet[]): number => fleets.reduce((sum, { count }) => sum + count, 0);

/** The queue of an asynchronous endpoint; else the open connections, of which one may stream for days. */
function workQueries(endpoint: Endpoint): MetricQuery[] {
  const metrics = endpoint.isAsync
    ? [
        {
          namespace: 'AWS/SageMaker',
          name: 'ApproximateBacklogSize',
          dimensions: [{ name: 'EndpointName', value: endpoint.name }],
        },
      ]
    : paidVariants(endpoint)
        .filter(({ fleets, hostsComponents }) => !hostsComponents && fleets?.length !== 0)
        .map((variant) => variantMetric('AWS/SageMaker', 'ConcurrentRequestsPerModel', endpoint, variant));
  return metrics.map((metric) => ({ metric, statistic: 'Maximum' }));
}

/** What is reported while it is up: of instances their CPU, whether they are called or not. */
const pulseQuery = (endpoint: Endpoint, variant: Variant): MetricQuery => ({
  metric:
    variant.provisionedConcurrency > 0
      ? concurrencyMetric(endpoint, variant)
      : variantMetric('/aws/sagemaker/Endpoints', 'CPUUtilization', endpoint, variant),
  statistic: 'Average',
});

const concurrencyMetric = (endpoint: Endpoint, variant: Variant): Metric =>
  variantMetric('AWS/SageMaker', 'ServerlessProvisionedConcurrencyUtilization', endpoint, variant);

/** How far each paid variant is used; nothing where one of them doesn't tell, since then no answer would count. */
function loadQueries(endpoint: Endpoint, facts: ReadonlyMap<string, InstanceTypeFacts>): Questions['loads'] {
  const loads = paidVariants(endpoint).map((variant): Questions['loads'][number] | undefined => {
    if (variant.provisionedConcurrency > 0) {
      const query: MetricQuery = { metric: concurrencyMetric(endpoint, variant), statistic: 'Average' };
      return { variant: variant.name, of: 'provisioned concurrency', whole: 1, query };
    }
    const gpus = gpusOf(variant, facts);
    if (gpus === undefined) return undefined;
    const metric = variantMetric('/aws/sagemaker/Endpoints', 'GPUUtilization', endpoint, variant);
    return { variant: variant.name, of: 'GPU', whole: gpus * 100, query: { metric, statistic: 'Average' } };
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
