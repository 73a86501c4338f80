import {
  BedrockClient,
  ListProvisionedModelThroughputsCommand,
  type ProvisionedModelSummary,
} from '@aws-sdk/client-bedrock';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { PricingClient } from '@aws-sdk/client-pricing';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../shared/compute/finding.ts';
import { parseConfig } from '../../shared/config.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import { observeBedrock } from '../../shared/watch/observe-bedrock.ts';
import type { TargetClients } from '../../shared/watch/target-clients.ts';
import { findingOf } from '../support/finding.ts';
import { metric, type Published, publish } from '../support/published.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const now = '2026-11-16T06:05:00Z';
const arn = 'arn:aws:bedrock:eu-west-1:210987654321:provisioned-model/3f2a9c81d0b7';
const haiku = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const profile = 'arn:aws:bedrock:eu-west-1:210987654321:application-inference-profile/x7k2m9p4q1w8';

const bedrock = mockClient(BedrockClient);
const tagging = mockClient(ResourceGroupsTaggingAPIClient);

beforeEach(() => {
  bedrock.reset();
  tagging.reset();
  tagging.on(GetResourcesCommand).resolves({
    ResourceTagMappingList: [
      { ResourceARN: arn, Tags: [{ Key: 'team', Value: 'nlp' }] },
      { ResourceARN: profile, Tags: [{ Key: 'project', Value: 'search' }] },
    ],
  });
});

const summary = (given: Partial<ProvisionedModelSummary> = {}): ProvisionedModelSummary => ({
  provisionedModelName: 'summaries',
  provisionedModelArn: arn,
  modelArn: 'arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0:300k',
  desiredModelArn: 'arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0:300k',
  foundationModelArn: 'arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0:300k',
  modelUnits: 2,
  desiredModelUnits: 2,
  status: 'InService',
  creationTime: new Date('2026-09-01T08:00:00Z'),
  lastModifiedTime: new Date('2026-09-01T08:00:00Z'),
  ...given,
});

type Counts = Record<string, Published['value']>;

const model = (ModelId: string, counts: Counts, failure?: string): Published[] =>
  Object.entries(counts).map(([name, value]) => ({
    ...metric('AWS/Bedrock', name, { ModelId }),
    ...(value !== undefined && { value }),
    ...(failure && { failure }),
  }));

type World = {
  throughputs?: ProvisionedModelSummary[];
  published?: Published[];
  table?: Table;
  open?: Finding[];
};

async function observe({ throughputs = [], published = [], table, open }: World = {}) {
  bedrock.on(ListProvisionedModelThroughputsCommand).resolves({ provisionedModelSummaries: throughputs });
  const world = publish(published);
  return { ...world, ...(await look(table, open)) };
}

const look = (table?: Table, open: Finding[] = []) =>
  observeBedrock({
    clients: {
      bedrock: new BedrockClient({}),
      cloudWatch: new CloudWatchClient({}),
      pricing: new PricingClient({}),
      tagging: new ResourceGroupsTaggingAPIClient({}),
    } as TargetClients,
    table,
    target,
    config: parseConfig({}),
    now,
    open,
  });

const until = (time: string, count: number) => (at: number) => (at < Date.parse(time) ? count : undefined);

describe('provisioned throughput', () => {
  it('that nobody invokes is told with what its units cost, and whose it is', async () => {
    const { table, stop } = await startTable();
    const paid = { region: 'eu-west-1', type: 'amazon.nova-lite-v1:0:300k', use: 'model-unit' as const };
    await storeRates(table, [{ ...paid, hourlyRate: 20 }], '2026-11-15T06:00:00Z');
    const published = model(arn, { Invocations: until('2026-11-13T02:00:00Z', 10) });
    const { observations, complete, gaps } = await observe({ throughputs: [summary()], published, table });
    expect(observations).toMatchObject([
      {
        resource: {
          kind: 'bedrock-throughput',
          account: '210987654321',
          region: 'eu-west-1',
          id: 'summaries',
          name: 'summaries',
          type: 'amazon.nova-lite-v1:0:300k',
          count: 2,
          startedAt: '2026-09-01T08:00:00Z',
          tags: { team: 'nlp' },
        },
        utilization: { state: 'idle', check: 'idle-throughput', confidence: 'high', wastedShare: 1 },
        since: '2026-11-13T02:00:00Z',
        hourlyRate: 40,
      },
    ]);
    expect({ complete, gaps }).toEqual({ complete: ['bedrock-throughput', 'bedrock-model'], gaps: [] });
    await stop();
  });

  it.each([
    ['its ARN', arn],
    ['its id', '3f2a9c81d0b7'],
    ['its name', 'summaries'],
  ])('is found under %s, and is no model of its own', async (_, modelId) => {
    const published = model(modelId, { Invocations: 10, InputTokenCount: 5_000 });
    const { observations } = await observe({ throughputs: [summary()], published });
    expect(observations).toMatchObject([
      { resource: { kind: 'bedrock-throughput' }, utilization: { state: 'busy' } },
    ]);
    expect(observations).toHaveLength(1);
  });

  it('that CloudWatch never heard of is asked for all the same, and has no price without a bill', async () => {
    const { observations, queried } = await observe({ throughputs: [summary()] });
    expect(queried).toEqual(['Invocations 3600']);
    expect(observations).toMatchObject([{ utilization: { state: 'idle', confidence: 'medium' } }]);
    expect(observations[0]?.hourlyRate).toBeUndefined();
  });

  it('is unknown where its query fails, and the others are none the worse', async () => {
    const other = `${arn.slice(0, -1)}8`;
    const throughputs = [summary(), summary({ provisionedModelName: 'titles', provisionedModelArn: other })];
    const published = [
      ...model(arn, { Invocations: 1 }, 'Rate exceeded'),
      ...model(other, { Invocations: 10, InputTokenCount: 5_000 }),
    ];
    const { observations } = await observe({ throughputs, published });
    expect(observations.map(({ resource, utilization }) => [resource.name, utilization.state])).toEqual([
      ['summaries', 'unknown'],
      ['titles', 'busy'],
    ]);
  });
});

describe('models on demand', () => {
  it('are told with their tokens, for the project of the profile that is called', async () => {
    const published = [
      ...model(haiku, { Invocations: 250, InputTokenCount: 2_000_000, OutputTokenCount: 10 }),
      ...model(profile, { Invocations: 10, InputTokenCount: 500 }),
    ];
    const { observations, queried } = await observe({ published });
    expect(observations).toMatchObject([
      {
        resource: { kind: 'bedrock-model', id: profile, name: 'x7k2m9p4q1w8', tags: { project: 'search' } },
        utilization: { state: 'busy' },
      },
      {
        resource: { kind: 'bedrock-model', id: haiku, name: haiku, type: haiku, count: 1, tags: {} },
        utilization: { state: 'busy', check: 'uncached-prompts', confidence: 'low' },
      },
    ]);
    expect(observations[1]?.hourlyRate).toBeUndefined();
    expect(queried).toHaveLength(5);
  });

  it('that cache their prompts are at work', async () => {
    const counts = { Invocations: 250, InputTokenCount: 200_000, CacheReadInputTokenCount: 1_800_000 };
    const { observations } = await observe({ published: model(haiku, counts) });
    expect(observations).toMatchObject([
      {
        utilization: {
          state: 'busy',
          reason: expect.stringContaining('90 % of it read from the cache'),
        },
      },
    ]);
    expect(observations[0]?.utilization.check).toBeUndefined();
  });

  it('stay told while their prompts are but a little fewer', async () => {
    const published = model(haiku, { Invocations: 25, InputTokenCount: 190_000 }); // 4.6 million a day
    const open = [findingOf({ kind: 'bedrock-model', id: haiku, check: 'uncached-prompts' })];
    const checkOf = async (found: Finding[]) =>
      (await observe({ published, open: found })).observations[0]?.utilization.check;
    expect(await checkOf([])).toBeUndefined();
    expect(await checkOf(open)).toBe('uncached-prompts');
  });

  it('that were not called for a week are nothing to tell, and their tags nothing to ask', async () => {
    const published = model(haiku, { Invocations: until('2026-11-08T00:00:00Z', 5) });
    expect((await observe({ published })).observations).toEqual([]);
    expect(tagging).not.toHaveReceivedCommand(GetResourcesCommand);
  });
});

describe('what can not be read', () => {
  it('is a gap: the throughputs', async () => {
    const world = publish(model(haiku, { Invocations: 250, InputTokenCount: 20 }));
    bedrock.on(ListProvisionedModelThroughputsCommand).rejects(new Error('denied'));
    const { observations, complete, gaps } = await look();
    expect(observations.map(({ resource }) => resource.id)).toEqual([haiku]);
    expect(complete).toEqual(['bedrock-model']);
    expect(gaps).toEqual([{ what: 'the provisioned throughput of Bedrock', why: 'denied' }]);
    expect(world.queried).toHaveLength(2);
  });

  it('is a gap: the metrics, without which a throughput is unknown', async () => {
    bedrock.on(ListProvisionedModelThroughputsCommand).resolves({ provisionedModelSummaries: [summary()] });
    publish([]).cloudWatch.on(ListMetricsCommand).rejects(new Error('denied'));
    const { observations, complete, gaps } = await look();
    expect(observations).toMatchObject([
      { utilization: { state: 'unknown', reason: 'its metrics could not be listed' } },
    ]);
    expect(complete).toEqual(['bedrock-throughput']);
    expect(gaps).toEqual([{ what: 'the CloudWatch namespace AWS/Bedrock', why: 'denied' }]);
  });

  it('is a gap: the tags, without which nobody is named', async () => {
    tagging.on(GetResourcesCommand).rejects(new Error('denied'));
    const { observations, gaps } = await observe({ throughputs: [summary()] });
    expect(observations).toMatchObject([{ resource: { tags: {} }, utilization: { state: 'idle' } }]);
    expect(gaps).toEqual([{ what: 'the tags of Bedrock, and so whose its resources are', why: 'denied' }]);
  });

  it('is none in a region that has no Bedrock, where nothing is taken for gone', async () => {
    const unreachable = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    bedrock.on(ListProvisionedModelThroughputsCommand).rejects(unreachable);
    publish([]);
    expect(await look()).toEqual({ observations: [], complete: ['bedrock-model'], gaps: [] });
  });
});

it('asks nothing but the two lists where there is no Bedrock in use', async () => {
  const { observations, complete, gaps, queried } = await observe();
  expect({ observations, complete, gaps, queried }).toEqual({
    observations: [],
    complete: ['bedrock-throughput', 'bedrock-model'],
    gaps: [],
    queried: [],
  });
});
