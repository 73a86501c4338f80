import { getSeries } from '../aws/cloudwatch.ts';
import { getInstanceTypeFacts } from '../aws/ec2.ts';
import { getEndpoints } from '../aws/sagemaker-endpoints.ts';
import { hourSeconds } from '../compute/hours.ts';
import type { InstanceTypeFacts } from '../compute/instance.ts';
import type { MetricQuery, Series } from '../compute/metric.ts';
import type { Resource } from '../compute/resource.ts';
import {
  type Endpoint,
  endpointRate,
  endpointType,
  fleetsOf,
  hostsComponents,
  instancesOf,
  isMeasurable,
} from '../compute/sagemaker/endpoint.ts';
import {
  type LoadQuery,
  loadQueries,
  pulseQueries,
  requestQueries,
  shareQueries,
  workQueries,
} from '../compute/sagemaker/endpoint-queries.ts';
import {
  type EndpointPolicy,
  type EndpointSignals,
  endpointWindow,
  type Load,
} from '../compute/sagemaker/endpoint-signals.ts';
import { judgeEndpoint, nextLook } from '../compute/sagemaker/endpoint-use.ts';
import { ec2TypeOf } from '../compute/sagemaker/job-utilization.ts';
import type { Usd } from '../money.ts';
import { ratesOf } from '../store/prices.ts';
import type { Target } from '../target.ts';
import type { Watched } from './observe.ts';
import type { Untagged } from './tagged.ts';

/**
 * The endpoints of a target. $0.01 per 1,000 metrics: of one that is called, its requests and its GPUs, of one that isn't
 * three for each variant, with inference components four, of one that costs nothing none. Throws where they can't be
 * listed.
 */
export async function observeEndpoints(watched: Watched): Promise<Untagged> {
  const { clients, config, target, now, open } = watched;
  const { endpoints, faults } = await getEndpoints(clients.sageMaker);
  const { facts, gaps } = await readFacts(watched, endpoints);
  const policy: EndpointPolicy = {
    window: config.utilization.endpoints.window,
    coverage: config.idle.coverage,
    gpuPercent: config.idle.gpuPercent,
    underuse: config.utilization.underuse,
  };
  const signals = await measure(watched, endpoints, facts, policy);
  const rates = await readRates(watched, endpoints);
  const underused = new Set(open.flatMap(({ check, id }) => (check === 'underused-endpoint' ? [id] : [])));
  const found = endpoints.map((endpoint) => {
    const measured = signals.get(endpoint.name) ?? nothing;
    const observation = {
      resource: toResource(endpoint, target, rates),
      ...judgeEndpoint(endpoint, measured, policy, now, underused.has(endpoint.name)),
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
  pulses: LoadQuery[];
  perInstance: MetricQuery[];
  loads: LoadQuery[];
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
      return {
        ...noQuestions,
        work: workQueries(endpoint),
        pulses: pulseQueries(endpoint, facts),
        // Of a component that was deleted they alone tell.
        loads: hostsComponents(endpoint) ? loadQueries(endpoint, facts) : [],
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
  ...perInstance,
  ...[...pulses, ...loads].map(({ query }) => query),
];

function toSignals(
  { requests, work, pulses, perInstance, loads }: Questions,
  answers: ReadonlyMap<MetricQuery, Series>,
): EndpointSignals {
  const answerTo = (query: MetricQuery): Series => answers.get(query) ?? unanswered;
  const toLoad = ({ query, ...load }: LoadQuery): Load => ({ ...load, series: answerTo(query) });
  return {
    requests: requests.map(answerTo),
    work: work.map(answerTo),
    pulses: pulses.map(toLoad),
    perInstance: perInstance.map(answerTo),
    loads: loads.map(toLoad),
  };
}
