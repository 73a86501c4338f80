import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { getSeries } from '../../aws/cloudwatch.ts';
import { type EndpointWithSetup, getEndpointSetups } from '../../aws/sagemaker-endpoints.ts';
import { getMissingModels } from '../../aws/sagemaker-models.ts';
import { createEndpoints, deleteEndpoints } from '../../aws/sagemaker-power.ts';
import { getScaledEndpoints } from '../../aws/sagemaker-scaling.ts';
import { getOwnTags } from '../../aws/sagemaker-tags.ts';
import { getTagsOf } from '../../aws/tags.ts';
import { periodSeconds, type Series } from '../../compute/metric.ts';
import { type Endpoint, endpointRate, endpointType, fleetsOf } from '../../compute/sagemaker/endpoint.ts';
import {
  type LoadQuery,
  loadQueries,
  pulseQueries,
  requestQueries,
  workQueries,
} from '../../compute/sagemaker/endpoint-queries.ts';
import { judgeEndpointRest, restSpan } from '../../compute/sagemaker/endpoint-rest.ts';
import type { Utilization } from '../../compute/utilization.ts';
import { isBefore, latest } from '../../schedule/case.ts';
import {
  deletedEndpoint,
  type EndpointInquiry,
  schedulableEndpoint,
} from '../../schedule/kinds/sagemaker-endpoint.ts';
import type { ScheduleRecord } from '../../schedule/record.ts';
import { type Schedulable, schedulableKey } from '../../schedule/schedulable.ts';
import { clientFor } from '../client-for.ts';
import type { Kind, KindContext, Listed } from './kind.ts';
import { sageMakerFacts, sageMakerRates } from './sagemaker-types.ts';

/** SageMaker endpoints. They are deleted to stop them, and made again of the same configuration to start them. */
export const sageMakerEndpoints: Kind = {
  kind: 'sagemaker-endpoint',
  what: 'SageMaker endpoints (ListEndpoints)',
  list,
  refresh,
  // Whether something scales them, and whether their models are still there, takes calls of its own.
  confirm: refresh,
  stop: ({ target }, stops, options) => deleteEndpoints(clientFor(SageMakerClient, target), stops, options),
  start: ({ target }, starts, options) =>
    createEndpoints(clientFor(SageMakerClient, target), starts, options),
};

const nothing: Listed = { subjects: [], measure: async () => new Map(), rates: async () => new Map() };

const noTags: ReadonlyMap<string, Record<string, string>> = new Map();

async function list(context: KindContext): Promise<Listed> {
  const { target, taggedArns } = context;
  const arns = await taggedArns('sagemaker:endpoint');
  const deleted = deletedByUs(context.records);
  if (arns.length === 0 && deleted.size === 0) return nothing;
  const found = await getEndpointSetups(
    clientFor(SageMakerClient, target),
    ({ name, arn }) => arns.includes(arn) || deleted.has(name),
  );
  const tags =
    arns.length > 0 ? await getTagsOf(clientFor(ResourceGroupsTaggingAPIClient, target), arns) : noTags;
  return {
    subjects: toSubjects(context, found, { tags, deleted }),
    measure: (ids, minutes) =>
      measure(
        context,
        found.flatMap(({ endpoint }) => (ids.includes(endpoint.name) ? [endpoint] : [])),
        minutes,
      ),
    rates: () => ratesOf(context, found),
  };
}

/** What a start of one that isn't there any more gives back, by its name. */
type Deleted = ReadonlyMap<string, NonNullable<ScheduleRecord['restore']>>;

/**
 * Endpoints that were deleted to stop them, or by a run that claimed that and didn't live to record it. One that was
 * there again since, whoever made it, is not among them: who deletes that means it.
 */
function deletedByUs(records: KindContext['records']): Deleted {
  const prefix = schedulableKey({ kind: 'sagemaker-endpoint', id: '' });
  return new Map(
    [...records].flatMap(([key, record]) =>
      key.startsWith(prefix) && record.restore && isDown(record)
        ? [[key.slice(prefix.length), record.restore] as const]
        : [],
    ),
  );
}

function isDown({ stopRequestedAt, stoppedAt, startedAt, seenUpAt }: ScheduleRecord): boolean {
  if (stopRequestedAt !== undefined) return true;
  const up = latest(startedAt, seenUpAt);
  return stoppedAt !== undefined && (up === undefined || isBefore(up, stoppedAt));
}

/** Those that are there, and those that only the records know; whose tags nobody knows carries none. */
function toSubjects(
  context: KindContext,
  found: readonly EndpointWithSetup[],
  known: { tags: ReadonlyMap<string, Record<string, string>>; deleted: Deleted; inquiries?: Inquiries },
): Schedulable[] {
  const { account, region } = context.target;
  const { tags, deleted, inquiries } = known;
  const there = found.map(({ endpoint, setup }) => {
    const restore = deleted.get(endpoint.name);
    if (endpoint.status === 'Deleting' && restore) {
      return deletedEndpoint(context.target, endpoint.name, restore, 'stopping');
    }
    return schedulableEndpoint({
      account,
      region,
      endpoint,
      setup,
      type: endpointType(endpoint, new Map()),
      tags: tags.get(endpoint.arn) ?? {},
      inquiry: inquiries?.get(endpoint.name),
      policy: context.config,
    });
  });
  const names = new Set(found.map(({ endpoint }) => endpoint.name));
  const gone = [...deleted].filter(([name]) => !names.has(name));
  return [...there, ...gone.map(([name, restore]) => deletedEndpoint(context.target, name, restore))];
}

async function refresh(context: KindContext, subjects: readonly Schedulable[]): Promise<Schedulable[]> {
  const client = clientFor(SageMakerClient, context.target);
  const names = new Set(subjects.map(({ id }) => id));
  const found = await getEndpointSetups(client, ({ name }) => names.has(name));
  const tags = await getOwnTags(
    client,
    found.map(({ endpoint: { arn } }) => arn),
  );
  const deleted = new Map([...deletedByUs(context.records)].filter(([name]) => names.has(name)));
  return toSubjects(context, found, { tags, deleted, inquiries: await inquire(context, found) });
}

type Inquiries = ReadonlyMap<string, EndpointInquiry>;

async function inquire({ target }: KindContext, found: readonly EndpointWithSetup[]): Promise<Inquiries> {
  if (found.length === 0) return new Map();
  const scaled = await getScaledEndpoints(clientFor(ApplicationAutoScalingClient, target)).catch(
    (error: Error) => error,
  );
  const missing = await getMissingModels(
    clientFor(SageMakerClient, target),
    found.flatMap(({ setup }) => setup.models),
  );
  return new Map(
    found.map(({ endpoint: { name }, setup }) => [
      name,
      { scaling: scalingOf(name, scaled), missingModel: missingOf(setup.models, missing) },
    ]),
  );
}

function scalingOf(name: string, scaled: ReadonlySet<string> | Error): EndpointInquiry['scaling'] {
  if (scaled instanceof Error) return { fault: scaled.message };
  return scaled.has(name.toLowerCase()) ? 'registered' : 'none';
}

function missingOf(
  models: readonly string[],
  missing: ReadonlyMap<string, 'gone' | Error>,
): EndpointInquiry['missingModel'] {
  const name = models.find((model) => missing.has(model));
  const fault = name === undefined ? undefined : missing.get(name);
  return fault instanceof Error ? { fault: fault.message } : name;
}

const unanswered: Series = { points: [], failure: 'CloudWatch did not answer for it' };

/** $0.01 per 1,000 metrics: of each variant its requests, what waits, and what its hosts do. */
async function measure(
  context: KindContext,
  endpoints: readonly Endpoint[],
  minutes: number,
): Promise<Map<string, Utilization>> {
  const { clients, config, now } = context;
  const types = endpoints.flatMap(fleetsOf).flatMap(({ instanceType }) => instanceType ?? []);
  const facts = types.length > 0 ? await sageMakerFacts(context, types) : new Map();
  const questions = endpoints.map((endpoint) => ({
    endpoint,
    requests: requestQueries(endpoint),
    work: workQueries(endpoint),
    pulses: pulseQueries(endpoint, facts),
    loads: loadQueries(endpoint, facts),
  }));
  const queries = questions.flatMap(({ requests, work, pulses, loads }) => [
    ...requests,
    ...work,
    ...[...pulses, ...loads].map(({ query }) => query),
  ]);
  const policy = { ...config.idle, window: minutes };
  const series = await getSeries(clients.cloudWatch, queries, restSpan(now, policy), periodSeconds);
  const answers = new Map(queries.map((query, index) => [query, series[index] ?? unanswered]));
  const answerTo = (query: (typeof queries)[number]): Series => answers.get(query) ?? unanswered;
  const toLoad = ({ query, ...load }: LoadQuery) => ({ ...load, series: answerTo(query) });
  return new Map(
    questions.map(({ endpoint, requests, work, pulses, loads }) => [
      endpoint.name,
      judgeEndpointRest(
        endpoint,
        {
          requests: requests.map(answerTo),
          work: work.map(answerTo),
          pulses: pulses.map(toLoad),
          loads: loads.map(toLoad),
          perInstance: [],
        },
        policy,
        now,
      ),
    ]),
  );
}

async function ratesOf(context: KindContext, found: readonly EndpointWithSetup[]) {
  const types = found
    .flatMap(({ endpoint }) => fleetsOf(endpoint))
    .flatMap(({ instanceType }) => instanceType ?? []);
  const rates = await sageMakerRates(context, types, 'hosting');
  return new Map(
    found.flatMap(({ endpoint }) => {
      const rate = endpointRate(endpoint, rates);
      return rate === undefined ? [] : [[endpoint.name, rate] as const];
    }),
  );
}
