import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { getThroughputs } from '../aws/bedrock.ts';
import { getSeries, listMetrics } from '../aws/cloudwatch.ts';
import { getTags } from '../aws/tags.ts';
import {
  bedrockNamespace,
  byQuantity,
  type ModelMetrics,
  type ModelUse,
  mapModels,
  quantities,
  toUse,
  unlisted,
} from '../compute/bedrock.ts';
import { judgeModel, modelWindow } from '../compute/bedrock-model.ts';
import {
  judgeThroughput,
  type Throughput,
  type ThroughputPolicy,
  throughputWindow,
} from '../compute/bedrock-throughput.ts';
import type { Observation } from '../compute/finding.ts';
import { hourSeconds } from '../compute/hours.ts';
import type { Window } from '../compute/metric.ts';
import type { ResourceKind } from '../compute/resource.ts';
import { ratesOf } from '../store/prices.ts';
import type { Gap, Observer, Watched } from './observe.ts';

/**
 * Provisioned throughput against the tokens it is sent, and the models that are called on demand. $0.01 per 1,000
 * metrics: 3 to 5 a model and hour, about $0.03 a month; a throughput that was never invoked asks for one.
 */
export const observeBedrock: Observer = async (watched) => {
  const { clients } = watched;
  const [throughputs, models] = await Promise.all([
    attempt('the provisioned throughput of Bedrock', () => getThroughputs(clients.bedrock)),
    attempt(`the CloudWatch namespace ${bedrockNamespace}`, () => getModels(clients.cloudWatch)),
  ]);
  const provisioned = throughputs.found ?? [];
  const onDemand = (models.found ?? []).filter(({ modelId }) => !isProvisioned(modelId, provisioned));
  const tags = await readTags(watched, provisioned, onDemand);
  const observations = [
    ...(await observeThroughputs(watched, provisioned, models.found, tags.found)),
    ...(await observeModels(watched, onDemand, tags.found)),
  ];
  const complete: ResourceKind[] = [
    ...(throughputs.found ? (['bedrock-throughput'] as const) : []),
    ...(models.found ? (['bedrock-model'] as const) : []),
  ];
  return { observations, complete, gaps: [...throughputs.gaps, ...models.gaps, ...tags.gaps] };
};

type Attempt<Found> = { found?: Found; gaps: Gap[] };

/** What can't be read is a gap, and the rest goes on; a region that has no Bedrock has nothing to read. */
async function attempt<Found>(what: string, read: () => Promise<Found>): Promise<Attempt<Found>> {
  try {
    return { found: await read(), gaps: [] };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOTFOUND') return { gaps: [] };
    return { gaps: [{ what, why: error instanceof Error ? error.message : String(error) }] };
  }
}

/** With those that were last called days ago: a weekly job is a model in use. */
const getModels = async (client: CloudWatchClient): Promise<ModelMetrics[]> =>
  mapModels(await listMetrics(client, { namespace: bedrockNamespace, withSilent: true }));

/** What callers may name a throughput by. */
const idsOf = ({ arn, name }: Throughput): string[] => [arn, arn.slice(arn.lastIndexOf('/') + 1), name];

const isProvisioned = (modelId: string, throughputs: readonly Throughput[]): boolean =>
  modelId.includes(':provisioned-model/') ||
  throughputs.some((throughput) => idsOf(throughput).includes(modelId));

type Tags = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** Only what has an ARN can be tagged. */
async function readTags(
  { clients }: Watched,
  throughputs: readonly Throughput[],
  models: readonly ModelMetrics[],
): Promise<Attempt<Tags>> {
  const isTagged = throughputs.length > 0 || models.some(({ modelId }) => modelId.startsWith('arn:'));
  if (!isTagged) return { gaps: [] };
  return attempt('the tags of Bedrock, and so whose its resources are', () =>
    getTags(clients.tagging, ['bedrock']),
  );
}

async function observeThroughputs(
  watched: Watched,
  throughputs: readonly Throughput[],
  models: readonly ModelMetrics[] | undefined,
  tags: Tags | undefined,
): Promise<Observation[]> {
  const { clients, table, target, now, open, readOnly = false } = watched;
  const policy = policyOf(watched);
  const listed = throughputs.map((throughput) =>
    models?.filter(({ modelId }) => idsOf(throughput).includes(modelId)),
  );
  const asked = throughputs.map(({ arn }, index) => {
    const found = listed[index];
    return found?.length === 0 ? [unlisted(arn)] : (found ?? []);
  });
  const uses = await readUses(clients.cloudWatch, asked, throughputWindow(now, policy));
  const priced = throughputs.map(({ model }) => ({
    region: target.region,
    type: model,
    use: 'model-unit' as const,
  }));
  const rates = await ratesOf({ table, pricing: clients.pricing, readOnly }, priced, now);
  return throughputs.map((throughput, index): Observation => {
    const use = listed[index] && uses[index];
    const known = use && { use, isListed: (listed[index]?.length ?? 0) > 0 };
    const wasUnderused = open.some(
      ({ check, id }) => check === 'underused-throughput' && id === throughput.name,
    );
    const { utilization, since } = judgeThroughput(throughput, known, policy, now, wasUnderused);
    const rate = rates[index];
    return {
      resource: toResource(watched, throughput, tags?.get(throughput.arn) ?? {}),
      utilization,
      since,
      hourlyRate: rate === undefined ? undefined : rate * throughput.units,
    };
  });
}

const policyOf = ({ config: { utilization } }: Watched): ThroughputPolicy => ({
  idleMinutes: utilization.endpoints.window,
  underuse: utilization.underuse,
});

const toResource = (
  { target }: Watched,
  { name, model, units, createdAt }: Throughput,
  tags: Readonly<Record<string, string>>,
): Observation['resource'] => ({
  kind: 'bedrock-throughput',
  account: target.account,
  region: target.region,
  id: name,
  name,
  type: model,
  count: units,
  startedAt: createdAt,
  tags,
});

/** The models that were called in a week. Tokens have no price by the hour. */
async function observeModels(
  { clients, target, config, now, open }: Watched,
  models: readonly ModelMetrics[],
  tags: Tags | undefined,
): Promise<Observation[]> {
  const asked = models.map((model) => [model]);
  const uses = await readUses(clients.cloudWatch, asked, modelWindow(now));
  return models.flatMap(({ modelId }, index): Observation[] => {
    const use = uses[index];
    const isOpen = open.some(({ check, id }) => check === 'uncached-prompts' && id === modelId);
    const verdict = use && judgeModel(modelId, use, config.utilization.tokens, now, isOpen);
    if (verdict === undefined) return [];
    const resource = {
      kind: 'bedrock-model' as const,
      account: target.account,
      region: target.region,
      id: modelId,
      name: modelId.slice(modelId.lastIndexOf('/') + 1),
      type: modelId,
      count: 1,
      tags: tags?.get(modelId) ?? {},
    };
    return [{ resource, ...verdict }];
  });
}

/** What was counted hour by hour, of each group of models together. */
async function readUses(
  client: CloudWatchClient,
  groups: readonly (readonly ModelMetrics[])[],
  window: Window,
): Promise<ModelUse[]> {
  const asked = groups.flatMap((models, group) =>
    quantities.flatMap((quantity) =>
      models.flatMap(({ metrics }) => metrics[quantity].map((metric) => ({ group, quantity, metric }))),
    ),
  );
  const queries = asked.map(({ metric }) => ({ metric, statistic: 'Sum' as const }));
  const series = await getSeries(client, queries, window, hourSeconds);
  const byGroup = Map.groupBy(
    asked.map((question, index) => ({ ...question, series: series[index] ?? { points: [] } })),
    ({ group }) => group,
  );
  return groups.map((_, group) => {
    const found = byGroup.get(group) ?? [];
    const readings = byQuantity((wanted) =>
      found.filter(({ quantity }) => quantity === wanted).map(({ series }) => series),
    );
    return toUse(readings, window);
  });
}
