import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { DescribeTrainingJobCommand } from '@aws-sdk/client-sagemaker';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import failedEvent from '../../events/sagemaker-training-job-failed.json' with { type: 'json' };
import type { Alert } from '../../shared/alert/alert.ts';
import { attribute } from '../../shared/allocation/owner.ts';
import { reviewFindings, toFinding } from '../../shared/compute/finding.ts';
import { parseConfig } from '../../shared/config.ts';
import { addMilliseconds, type IsoTime } from '../../shared/period.ts';
import { getFindings } from '../../shared/store/findings.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import { jobEvent, watchJob } from '../../shared/watch/jobs.ts';
import { observeJobs } from '../../shared/watch/observe-jobs.ts';
import { targetClients } from '../../shared/watch/target-clients.ts';
import { tellFinding } from '../../shared/watch/tell-finding.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { ended } from '../support/jobs.ts';
import { fakeSageMaker, type KeptJob } from '../support/sagemaker-jobs.ts';
import { startTable } from '../support/table.ts';

const config = parseConfig({});
const target = { account: '210987654321', region: 'eu-west-1' };
const first = 'ranker-hpo-20261115';
let table: Table;
let stop: () => Promise<void>;

/** Failed after three hours at $8 an hour. */
const failed = (given: Partial<KeptJob> = {}): KeptJob =>
  ended({
    name: first,
    status: 'Failed',
    phase: 'Failed',
    createdAt: '2026-11-15T22:00:00Z',
    startedAt: '2026-11-15T22:10:00Z',
    endedAt: '2026-11-16T01:10:00Z',
    billableSeconds: 10_800,
    clusters: [{ type: 'ml.g5.12xlarge', count: 1 }],
    failureReason: `AlgorithmError: ${'CUDA out of memory. '.repeat(30)}\nTraceback`,
    ...given,
  });

beforeEach(async () => {
  ({ table, stop } = await startTable());
  fakeEc2([]);
  mockClient(PricingClient).on(GetProductsCommand).resolves({ PriceList: [] });
  const cloudWatch = mockClient(CloudWatchClient);
  cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [] });
  cloudWatch.on(ListMetricsCommand).resolves({ Metrics: [] });
  tagging({ owner: 'lena' });
  const rates = (['training', 'processing'] as const).map((use) => ({
    region: target.region,
    type: 'ml.g5.12xlarge',
    use,
    hourlyRate: 8,
  }));
  await storeRates(table, rates, '2026-11-15T00:00:00Z');
});
afterEach(() => stop());

const tagging = (tags: Record<string, string>) => {
  const pairs = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const mock = mockClient(ResourceGroupsTaggingAPIClient);
  mock.on(GetResourcesCommand).callsFake(({ ResourceARNList = [] }: { ResourceARNList?: string[] }) => ({
    ResourceTagMappingList: ResourceARNList.map((ResourceARN) => ({ ResourceARN, Tags: pairs })),
  }));
  return mock;
};

const eventOf = (name: string, given: object = {}, time = '2026-11-16T01:10:20Z') => ({
  ...failedEvent,
  time,
  detail: { ...failedEvent.detail, TrainingJobName: name, ...given },
});

const tell = (event: unknown) =>
  watchJob({ table, config, targets: [target], clientsFor: targetClients }, jobEvent.parse(event));

/** What the hourly pass makes of the jobs: whether it told anybody. */
async function pass(now: IsoTime): Promise<boolean[]> {
  const open = await getFindings(table, target);
  const look = { clients: targetClients(target), table, target, config, now, open };
  const { observations, complete } = await observeJobs(look);
  const { opened, closed } = reviewFindings(open, observations, complete, now);
  expect(closed).toEqual([]);
  return Promise.all(
    opened.map((flaw) => {
      const finding = toFinding(flaw, attribute(flaw.resource.tags, config.tags), now);
      return tellFinding(look, table, { finding, flaw, isOpen: false });
    }),
  );
}

const alerts = async (): Promise<Alert[]> => {
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.map(({ alert }) => alert as Alert);
};

describe('a job that failed', () => {
  it('is told with what it cost, whose it is, and the first line of why', async () => {
    fakeSageMaker([failed()]);
    expect(await tell(failedEvent)).toEqual({ job: first, loss: 24, alerted: true });
    const [alert] = await alerts();
    expect(alert).toMatchObject({
      kind: 'job-failure',
      severity: 'warning',
      title: `Training job ${first} (ml.g5.12xlarge) failed after 3 h: $24.00 lost`,
      owner: 'lena', // of the event's tags
      team: 'search',
      action: expect.stringContaining('checkpoints'),
    });
    expect(alert?.summary).not.toContain('Traceback');
    expect(alert?.summary.length).toBeLessThan(500);
  });

  it('is told once, by the event or by the hourly pass, whichever comes first', async () => {
    fakeSageMaker([failed()]);
    expect(await tell(failedEvent)).toMatchObject({ alerted: true });
    expect(await pass('2026-11-16T01:15:00Z')).toEqual([]); // it confirms what is open
    expect(await alerts()).toHaveLength(1);
  });

  it('is told once where the pass comes first', async () => {
    fakeSageMaker([failed()]);
    expect(await pass('2026-11-16T01:15:00Z')).toEqual([true]);
    expect(await tell(failedEvent)).toMatchObject({ alerted: false });
    expect(await alerts()).toMatchObject([{ kind: 'job-failure' }]);
  });

  it('is told once by several events of the same change', async () => {
    fakeSageMaker([failed()]);
    const told = await Promise.all([tell(failedEvent), tell(failedEvent), tell(failedEvent)]);
    expect(told.filter((one) => 'alerted' in one && one.alerted)).toHaveLength(1);
  });

  it('again and again alike is one failure', async () => {
    const alike = { hyperParameters: { lr: '1' } };
    const jobs = [0, 1, 2].map((hours) =>
      failed({
        ...alike,
        name: `loop-${hours}`,
        endedAt: addMilliseconds('2026-11-16T01:00:00Z', hours * 3_600_000),
      }),
    );
    fakeSageMaker(jobs);
    for (const { name, endedAt } of jobs) await tell(eventOf(name, {}, endedAt));
    expect(await alerts()).toMatchObject([{ title: expect.stringContaining('loop-0') }]);
  });

  it('alike is told once they come to what is worth telling, by the owner of the first', async () => {
    const alike = { hyperParameters: { lr: '1' }, billableSeconds: 5400 }; // $12
    const [one, other] = [
      failed({ ...alike, name: 'a' }),
      failed({ ...alike, name: 'b', endedAt: '2026-11-16T03:00:00Z' }),
    ];
    fakeSageMaker([one, other]);
    tagging({ owner: 'mei' });
    expect(await tell(eventOf('a'))).toEqual({ job: 'a', loss: undefined, alerted: false });
    expect(await tell(eventOf('b', {}, '2026-11-16T03:00:10Z'))).toEqual({
      job: 'b',
      loss: 24,
      alerted: true,
    });
    expect(await alerts()).toMatchObject([{ owner: 'mei' }]);
  });

  it('asks for its tags where the event has none', async () => {
    fakeSageMaker([failed()]);
    const asked = tagging({ owner: 'lena', team: 'search' });
    await tell(eventOf(first, { Tags: {} }));
    expect(asked.commandCalls(GetResourcesCommand)).toHaveLength(1);
    expect(await alerts()).toMatchObject([{ owner: 'lena', team: 'search' }]);
  });

  it('for less than is worth telling is not told', async () => {
    fakeSageMaker([failed({ billableSeconds: 600 })]);
    expect(await tell(failedEvent)).toMatchObject({ alerted: false });
  });

  it('because SageMaker stopped it at its limit is told; one that somebody stopped is not', async () => {
    fakeSageMaker([failed({ status: 'Stopped', phase: 'MaxRuntimeExceeded' })]);
    const stopped = { TrainingJobStatus: 'Stopped', SecondaryStatus: 'Stopped' };
    expect(await tell(eventOf(first, stopped))).toEqual({ ignored: `${first} is Stopped` });
    const limited = { ...stopped, SecondaryStatus: 'MaxRuntimeExceeded' };
    expect(await tell(eventOf(first, limited))).toMatchObject({ alerted: true });
  });

  it('that processed is told, too', async () => {
    fakeSageMaker([failed({ kind: 'processing', name: 'embed' })]);
    const event = {
      ...failedEvent,
      'detail-type': 'SageMaker Processing Job State Change',
      detail: { ProcessingJobName: 'embed', ProcessingJobStatus: 'Failed' },
    };
    expect(await tell(event)).toMatchObject({ job: 'embed', loss: 24, alerted: true });
  });

  it('comes again where SageMaker does not say yet that it is over', async () => {
    fakeSageMaker([failed({ status: 'InProgress', phase: 'Training', endedAt: undefined })]);
    await expect(tell(failedEvent)).rejects.toThrow(`SageMaker doesn't say (yet) that ${first} is over`);
  });

  it('is left alone where it is gone, or in an account that nobody watches', async () => {
    const sageMaker = fakeSageMaker([]);
    expect(await tell(failedEvent)).toEqual({ ignored: `${first} is not there any more` });
    const elsewhere = { ...failedEvent, account: '345678901234' };
    expect(await tell(elsewhere)).toEqual({ ignored: '345678901234, eu-west-1 is not watched' });
    expect(sageMaker.commandCalls(DescribeTrainingJobCommand)).toHaveLength(1);
  });

  it('is asked nothing of where it has not failed', async () => {
    const sageMaker = fakeSageMaker([]);
    expect(
      await tell(eventOf(first, { TrainingJobStatus: 'Completed', SecondaryStatus: 'Completed' })),
    ).toEqual({
      ignored: `${first} is Completed`,
    });
    expect(sageMaker.calls()).toEqual([]);
  });
});
