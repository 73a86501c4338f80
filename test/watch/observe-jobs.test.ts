import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import {
  GetResourcesCommand,
  type GetResourcesCommandInput,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import {
  DescribeProcessingJobCommand,
  DescribeTrainingJobCommand,
  ListProcessingJobsCommand,
  ListTrainingJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  confirmedBy,
  type Finding,
  type Flaw,
  reviewFindings,
  toFinding,
  wastedBetween,
} from '../../shared/compute/finding.ts';
import { type JobKind, toResource } from '../../shared/compute/sagemaker/job.ts';
import { parseConfig } from '../../shared/config.ts';
import { addMilliseconds, type IsoTime } from '../../shared/period.ts';
import { getJobs } from '../../shared/store/jobs.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import type { Observed, Watched } from '../../shared/watch/observe.ts';
import { observeJobs } from '../../shared/watch/observe-jobs.ts';
import { targetClients } from '../../shared/watch/target-clients.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { ended, job } from '../support/jobs.ts';
import { fakeSageMaker, type KeptJob } from '../support/sagemaker-jobs.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
const monday = '2026-11-16T06:15:00Z';
const hourLater = '2026-11-16T07:15:00Z';
const one = [{ type: 'ml.g5.2xlarge', count: 1 }];
const waitingSince = (time: IsoTime): KeptJob =>
  job({ phase: 'Starting', phaseSince: time, createdAt: time, startedAt: undefined, clusters: one });

type Course = number | ((at: number) => number | undefined);

describe('the watch over SageMaker jobs', () => {
  let table: Table;
  let stop: () => Promise<void>;
  let cloudWatch: ReturnType<typeof fakeCloudWatch>;
  let tagging: ReturnType<typeof fakeTagging>;

  beforeEach(async () => {
    ({ table, stop } = await startTable());
    fakeEc2([]);
    mockClient(PricingClient).on(GetProductsCommand).resolves({ PriceList: [] });
    cloudWatch = fakeCloudWatch({});
    tagging = fakeTagging({});
    const rates = (['training', 'processing', 'transform'] as const).map((use) => ({
      region: target.region,
      type: 'ml.g5.2xlarge',
      use,
      hourlyRate: 2,
    }));
    const large = { region: target.region, type: 'ml.g5.12xlarge', use: 'training' as const, hourlyRate: 8 };
    await storeRates(table, [...rates, large], monday);
  });
  afterEach(() => stop());

  const look = (now = monday, given: Partial<Watched> = {}): Promise<Observed> => {
    const config = parseConfig({});
    return observeJobs({ clients: targetClients(target), table, target, config, now, open: [], ...given });
  };

  const verdicts = ({ observations }: Observed) =>
    observations.map(({ resource, utilization: { state, check } }) => [resource.id, state, check]);

  const everyKind = [
    'sagemaker-training-job',
    'sagemaker-processing-job',
    'sagemaker-transform-job',
    'sagemaker-warm-pool',
  ];

  it('sees nothing, and knows that, where there is nothing', async () => {
    fakeSageMaker([]);
    expect(await look()).toEqual({ observations: [], complete: everyKind, gaps: [] });
    expect(cloudWatch.queried).toEqual([]);
  });

  it('asks one metric of a job at work, whatever its size, and calls it busy', async () => {
    fakeSageMaker([job({ clusters: [{ type: 'ml.g5.2xlarge', count: 24 }] })]);
    cloudWatch = fakeCloudWatch({ 'reranker-2026-11-15/algo-1 GPUUtilization': 88 });
    tagging = fakeTagging({ 'reranker-2026-11-15': { team: 'search' } });
    const { observations } = await look();
    expect(observations).toEqual([
      {
        resource: {
          kind: 'sagemaker-training-job',
          account: '210987654321',
          region: 'eu-west-1',
          id: 'reranker-2026-11-15',
          name: 'reranker-2026-11-15',
          type: 'ml.g5.2xlarge',
          count: 24,
          startedAt: '2026-11-15T18:00:00Z',
          runningSince: '2026-11-15T18:00:00Z',
          tags: { team: 'search' },
        },
        utilization: {
          state: 'busy',
          reason: 'GPUs of algo-1 up to 88 % in the last 3 h',
          windowStart: '2026-11-16T03:10:00Z',
          windowEnd: '2026-11-16T06:10:00Z',
          coverage: 1,
          confidence: 'high',
          lastBusy: '2026-11-16T06:05:00Z',
        },
        hourlyRate: 48,
      },
    ]);
    expect(cloudWatch.queried).toEqual(['reranker-2026-11-15/algo-1 GPUUtilization Maximum 300']);
  });

  it('calls one idle that has done nothing for five hours, and asks three metrics an instance', async () => {
    fakeSageMaker([job({ clusters: [{ type: 'ml.g5.12xlarge', count: 2 }] })]);
    const until =
      (time: string, value: number): Course =>
      (at) =>
        at < Date.parse(time) ? value : 1;
    cloudWatch = fakeCloudWatch({
      'reranker-2026-11-15/algo-1 GPUUtilization': until('2026-11-16T01:00:00Z', 390),
      'reranker-2026-11-15/algo-2 GPUUtilization': until('2026-11-16T00:00:00Z', 390),
      'reranker-2026-11-15/algo-1 CPUUtilization': 20,
      'reranker-2026-11-15/algo-2 CPUUtilization': 20,
    });
    const { observations } = await look();
    expect(observations).toMatchObject([
      {
        since: '2026-11-16T01:00:00Z',
        hourlyRate: 16,
        utilization: {
          state: 'idle',
          check: 'job-idle',
          wastedShare: 1,
          reason:
            'GPUs at most 0.3 %, CPU at most 0.4 % on all of 2 instances of ml.g5.12xlarge for 3 h, 100 % coverage',
        },
      },
    ]);
    expect(cloudWatch.queried).toHaveLength(6);
  });

  it('calls 30 % of 400 % on four GPUs underused after a day', async () => {
    const clusters = [{ type: 'ml.g5.12xlarge', count: 1 }];
    fakeSageMaker([job({ clusters, createdAt: '2026-11-14T05:00:00Z', startedAt: '2026-11-14T05:05:00Z' })]);
    cloudWatch = fakeCloudWatch({ 'reranker-2026-11-15/algo-1 GPUUtilization': 30 });
    expect((await look()).observations).toMatchObject([
      {
        since: '2026-11-14T06:00:00Z',
        utilization: { check: 'underused-accelerator', wastedShare: 0.925, lastBusy: '2026-11-16T06:05:00Z' },
      },
    ]);
  });

  it('asks no metric of a job that waits, and tells it after an hour', async () => {
    fakeSageMaker([waitingSince('2026-11-16T03:15:00Z')]);
    expect((await look()).observations).toMatchObject([
      {
        since: '2026-11-16T03:15:00Z',
        hourlyRate: 2,
        isUnpaid: true,
        utilization: { check: 'job-stuck-starting', reason: expect.stringContaining('Starting for 3 h,') },
      },
    ]);
    expect(cloudWatch.queried).toEqual([]);
  });

  it('tells a job over the limit of its team, and whether it works beside it only where it does not', async () => {
    const long = { createdAt: '2026-11-14T05:00:00Z', startedAt: '2026-11-14T06:15:00Z', clusters: one };
    fakeSageMaker([
      job({ name: 'works', ...long }),
      job({ name: 'idles', ...long }),
      job({ name: 'mute', ...long }),
    ]);
    cloudWatch = fakeCloudWatch({
      'works/algo-1 GPUUtilization': 90,
      'idles/algo-1 GPUUtilization': 0,
      'idles/algo-1 CPUUtilization': 0,
    });
    tagging = fakeTagging({ works: { team: 'vision' }, idles: { team: 'vision' }, mute: { team: 'vision' } });
    const config = parseConfig({ utilization: { jobs: { teams: { vision: 24 } } } });
    const observed = await look(monday, { config });
    expect(verdicts(observed)).toEqual([
      ['works', 'busy', 'job-over-limit'],
      ['idles', 'idle', 'job-idle'],
      ['idles', 'idle', 'job-over-limit'],
      ['mute', 'unknown', undefined],
      ['mute', 'unknown', 'job-over-limit'],
    ]);
    expect(observed.observations.map(({ utilization }) => utilization.wastedShare)).toEqual([
      undefined,
      1,
      undefined,
      undefined,
      undefined,
    ]);
    expect(observed.observations[0]).toMatchObject({ since: '2026-11-15T06:15:00Z' });
  });

  it('tells a failure with its loss for a day and a half, describes it once, and then no more', async () => {
    const sageMaker = fakeSageMaker([
      ended({ status: 'Failed', clusters: [{ type: 'ml.g5.2xlarge', count: 2 }] }),
    ]);
    const [first, second] = [await look(), await look(hourLater)];
    expect(first.observations).toMatchObject([
      {
        since: '2026-11-16T04:00:00Z',
        loss: 40,
        utilization: { state: 'ended', check: 'job-failed-late' },
      },
    ]);
    expect(first.observations[0]).not.toHaveProperty('hourlyRate');
    expect(second.observations).toEqual(first.observations);
    expect((await look('2026-11-17T15:59:00Z')).observations).toHaveLength(1);
    expect(await look('2026-11-17T16:15:00Z')).toEqual({ observations: [], complete: everyKind, gaps: [] });
    expect(sageMaker).toHaveReceivedCommandTimes(DescribeTrainingJobCommand, 1);
  });

  it('tells one crash loop of three failures that each cost little', async () => {
    const hyperParameters = { epochs: '3' };
    const failed = (hour: string): KeptJob => ({
      ...ended({ name: `job-${hour}`, status: 'Failed', billableSeconds: 14_400, clusters: one }),
      endedAt: `2026-11-16T${hour}:00:00Z`,
      hyperParameters,
    });
    fakeSageMaker([failed('03'), failed('04'), failed('05')]);
    const { observations } = await look();
    expect(observations).toMatchObject([{ resource: { id: 'job-03', ran: { times: 3 } }, loss: 24 }]);
    expect(observations[0]?.utilization.reason).toContain('failed 3 times alike in 2 h, last as job-05');
  });

  it('tells a duplicate while it runs, and what it wastes once', async () => {
    const hyperParameters = { seed: '17', epochs: '3' };
    const first = {
      ...ended({ name: 'first', createdAt: '2026-11-14T11:00:00Z', clusters: one }),
      hyperParameters,
    };
    const again = (name: string): KeptJob => ({
      ...job({ name, clusters: one }),
      hyperParameters: { epochs: '3', seed: '17' },
    });
    fakeSageMaker([
      first,
      again('idles'),
      again('works'),
      { ...again('other'), hyperParameters: { seed: '18', epochs: '3' } },
    ]);
    cloudWatch = fakeCloudWatch({
      'idles/algo-1 GPUUtilization': 0,
      'idles/algo-1 CPUUtilization': 0,
      'works/algo-1 GPUUtilization': 90,
      'other/algo-1 GPUUtilization': 90,
    });
    const observed = await look();
    expect(verdicts(observed)).toEqual([
      ['idles', 'idle', 'job-idle'],
      ['works', 'busy', undefined],
      ['other', 'busy', undefined],
      ['idles', 'busy', 'job-duplicate'],
    ]);
    expect(observed.observations.map(({ utilization, loss }) => [utilization.wastedShare, loss])).toEqual([
      [1, undefined],
      [undefined, undefined],
      [undefined, undefined],
      [undefined, 24.5], // what `works` has cost
    ]);
  });

  it('tells one job that repeats another at its price, and says no more of whether it works', async () => {
    const hyperParameters = { seed: '17' };
    const first = { ...ended({ name: 'first', createdAt: '2026-11-14T11:00:00Z', clusters: one }) };
    fakeSageMaker([
      { ...first, hyperParameters },
      { ...job({ name: 'again', clusters: one }), hyperParameters },
    ]);
    cloudWatch = fakeCloudWatch({ 'again/algo-1 GPUUtilization': 90 });
    const observed = await look();
    expect(verdicts(observed)).toEqual([['again', 'busy', 'job-duplicate']]);
    expect(observed.observations[0]).toMatchObject({
      since: '2026-11-15T18:00:00Z',
      hourlyRate: 2,
      atStake: 24.5,
      utilization: { wastedShare: 1 },
    });
    expect(observed.observations[0]?.loss).toBeUndefined();
  });

  it('says of one that repeats another and has not started that nothing is paid for yet', async () => {
    const hyperParameters = { seed: '17' };
    const first = ended({ name: 'first', createdAt: '2026-11-14T11:00:00Z', clusters: one });
    const again = job({ name: 'again', phase: 'Starting', startedAt: undefined, clusters: one });
    fakeSageMaker([
      { ...first, hyperParameters },
      { ...again, hyperParameters },
    ]);
    const told = (await look()).observations.filter(
      ({ utilization: { check } }) => check === 'job-duplicate',
    );
    expect(told).toMatchObject([{ resource: { id: 'again' }, hourlyRate: 2, isUnpaid: true }]);
  });

  /** What is open after a run, as the pass keeps it. */
  const findingsOf = (open: readonly Finding[], { observations, complete }: Observed, now: IsoTime) => {
    const { opened, confirmed } = reviewFindings(open, observations, complete, now);
    return [
      ...confirmed.map(({ finding, flaw }) => confirmedBy(finding, flaw, {}, now)),
      ...opened.map((flaw) => toFinding(flaw, {}, now)),
    ];
  };

  it('wastes nothing of the hours in which a job waited and nobody paid', async () => {
    const rate = { region: target.region, type: 'ml.p4d.24xlarge', use: 'training' as const, hourlyRate: 50 };
    await storeRates(table, [rate], monday);
    const waiting: KeptJob = job({
      phase: 'Pending',
      phaseSince: '2026-11-15T10:15:00Z',
      createdAt: '2026-11-15T10:15:00Z',
      startedAt: undefined,
      clusters: [{ type: 'ml.p4d.24xlarge', count: 1 }],
    });
    fakeSageMaker([waiting]);
    const open = findingsOf([], await look('2026-11-16T05:15:00Z'), '2026-11-16T05:15:00Z');
    expect(open).toMatchObject([{ check: 'job-stuck-starting', since: '2026-11-15T10:15:00Z' }]);
    const [unpaid] = open;
    expect(unpaid && wastedBetween(unpaid, '2026-11-01T00:00:00Z', monday)).toBeUndefined();

    const began = '2026-11-16T06:15:00Z';
    const later = '2026-11-16T06:21:00Z';
    fakeSageMaker([{ ...waiting, phase: 'Downloading', phaseSince: began, startedAt: began }]);
    const [paid, ...others] = findingsOf(open, await look(later, { open }), later);
    expect(others).toEqual([]);
    expect(paid).toMatchObject({ check: 'job-stuck-starting', since: began, atStake: expect.closeTo(5) });
    expect(paid?.isUnpaid).toBeUndefined();
    expect(paid && wastedBetween(paid, '2026-11-01T00:00:00Z', later)).toBeCloseTo(5);
  });

  it('keeps a crash loop one finding for longer than its jobs are kept, and counts its losses by month', async () => {
    const hyperParameters = { epochs: '3' };
    const night = (index: number): string => addMilliseconds('2026-10-07T04:00:00Z', index * 24 * 3_600_000);
    const jobs = Array.from({ length: 41 }, (_, index) => ({
      ...ended({ name: `night-${index}`, status: 'Failed', billableSeconds: 36_000, clusters: one }),
      createdAt: night(index),
      startedAt: night(index),
      endedAt: night(index),
      hyperParameters,
    }));
    let open: Finding[] = [];
    for (const index of jobs.keys()) {
      const now = addMilliseconds(night(index), 3_600_000);
      fakeSageMaker(jobs.slice(0, index + 1));
      open = findingsOf(open, await look(now, { open }), now);
      expect(open.map(({ id, openedAt }) => [id, openedAt])).toEqual([['night-0', '2026-10-07T05:00:00Z']]);
    }
    const [loop] = open;
    expect(loop).toMatchObject({ since: '2026-10-07T04:00:00Z', loss: 41 * 20 });
    expect(loop && wastedBetween(loop, '2026-11-01T00:00:00Z', monday)).toBe(16 * 20);
  });

  it('says when a job ended of which something was open', async () => {
    fakeSageMaker([ended({ clusters: one })]);
    const open = [toFinding(idleFlaw(), {}, '2026-11-16T03:15:00Z')];
    const observed = await look(monday, { open });
    expect(observed.observations).toMatchObject([
      { utilization: { state: 'ended' }, endedAt: '2026-11-16T04:00:00Z' },
    ]);
    expect(reviewFindings(open, observed.observations, observed.complete, monday).closed).toMatchObject([
      { closedAt: '2026-11-16T04:00:00Z' },
    ]);
  });

  it('counts what was missed of a kind since that kind was read, and of no other', async () => {
    const failed = (kind: JobKind): KeptJob =>
      ended({
        kind,
        name: kind,
        status: 'Failed',
        clusters: one,
        billableSeconds: 40_000,
        endedAt: '2026-11-16T06:30:00Z',
      });
    const jobs = [failed('training'), failed('processing')];
    await look();
    const sageMaker = fakeSageMaker(jobs);
    sageMaker.on(ListProcessingJobsCommand).rejects(new Error('Rate exceeded'));
    expect(verdicts(await look(hourLater))).toEqual([['training', 'ended', 'job-failed-late']]);
    expect(verdicts(await look('2026-11-18T05:15:00Z'))).toEqual([]);
    fakeSageMaker(jobs);
    expect(verdicts(await look('2026-11-18T06:15:00Z'))).toEqual([
      ['processing', 'ended', 'job-failed-late'],
    ]);
  });

  it('goes on from here where there were too many to look through', async () => {
    const sageMaker = fakeSageMaker([job({ clusters: one })]);
    const endless = { TrainingJobSummaries: [], NextToken: 'more' };
    sageMaker.on(ListTrainingJobsCommand, { StatusEquals: 'InProgress' }).resolves(endless);
    const { complete, gaps } = await look();
    expect(complete).toContain('sagemaker-training-job');
    expect(gaps.map(({ why }) => why)).toEqual([
      'there are more than 10,000 to look through: the oldest were left out',
    ]);
    expect((await getJobs(table, target, monday)).readAt.training).toBe(monday);
    expect((await look(hourLater)).gaps).toEqual([]);

    const later = '2026-11-16T08:15:00Z';
    sageMaker.on(ListTrainingJobsCommand).resolves(endless);
    const cut = await look(later);
    expect(cut.complete).toContain('sagemaker-training-job');
    expect(cut.gaps.map(({ why }) => why)).toEqual(gaps.map(({ why }) => why));
    expect((await getJobs(table, target, monday)).readAt.training).toBe(later);
  });

  it('tells a warm pool that waits, at its price', async () => {
    const pool = { status: 'Available', retainedSeconds: 1800, keepAliveSeconds: 3600 };
    fakeSageMaker([{ ...ended({ endedAt: '2026-11-16T05:45:00Z', clusters: one }), pool }]);
    const { observations } = await look();
    expect(observations).toMatchObject([
      {
        resource: { kind: 'sagemaker-warm-pool', count: 1 },
        since: '2026-11-16T05:45:00Z',
        hourlyRate: 2,
        atStake: 2,
        utilization: {
          check: 'idle-warm-pool',
          wastedShare: 1,
          reason: expect.stringContaining('for 30 min more'),
        },
      },
    ]);
  });

  it('tells of a job only what any team would be told of, while nobody knows its team', async () => {
    const startedAt = '2026-11-12T06:15:00Z'; // four days ago
    fakeSageMaker([job({ createdAt: startedAt, startedAt, clusters: one })]);
    cloudWatch = fakeCloudWatch({ 'reranker-2026-11-15/algo-1 GPUUtilization': 90 });
    const denied = () =>
      mockClient(ResourceGroupsTaggingAPIClient).on(GetResourcesCommand).rejects(new Error('Rate exceeded'));
    const limits = (teams: Record<string, number>) => parseConfig({ utilization: { jobs: { teams } } });
    denied();
    const lenient = await look(monday, { config: limits({ vision: 24, foundation: 336 }) });
    expect(verdicts(lenient)).toEqual([['reranker-2026-11-15', 'busy', undefined]]);
    expect(lenient.observations).toMatchObject([{ tagsUnread: true }]);
    expect(verdicts(await look(monday, { config: limits({ vision: 24 }) }))).toEqual([
      ['reranker-2026-11-15', 'busy', 'job-over-limit'],
    ]);
  });

  it('keeps what was told of the limit of a team while nobody knows the team', async () => {
    const config = parseConfig({ utilization: { jobs: { teams: { vision: 10 } } } });
    fakeSageMaker([job({ clusters: one })]);
    cloudWatch = fakeCloudWatch({ 'reranker-2026-11-15/algo-1 GPUUtilization': 90 });
    tagging = fakeTagging({ 'reranker-2026-11-15': { team: 'vision' } });
    const open = findingsOf([], await look(monday, { config }), monday);
    expect(open).toMatchObject([{ check: 'job-over-limit', since: '2026-11-16T04:00:00Z' }]);
    mockClient(ResourceGroupsTaggingAPIClient).on(GetResourcesCommand).rejects(new Error('Rate exceeded'));
    expect(findingsOf(open, await look(hourLater, { config, open }), hourLater)).toMatchObject([
      { check: 'job-over-limit', since: '2026-11-16T04:00:00Z', openedAt: monday },
    ]);
  });

  it('finds the hosts of a transform job in CloudWatch, where alone they are', async () => {
    fakeSageMaker([
      job({ kind: 'transform', name: 'embed', clusters: one }),
      job({ kind: 'transform', name: 'embed-2', clusters: [{ type: 'ml.g5.2xlarge', count: 2 }] }),
    ]);
    cloudWatch = fakeCloudWatch({
      'embed/i-1 GPUUtilization': 70,
      'embed/i-1 CPUUtilization': 70,
      'embed-2/i-2 GPUUtilization': 0,
      'embed-2/i-2 CPUUtilization': 0,
    });
    expect((await look()).observations.map(({ utilization: { reason } }) => reason)).toEqual([
      'GPUs of i-1 up to 70 % in the last 3 h',
      '1 of 2 instances reporting their GPUs',
    ]);
  });

  it('finds the end of a job that it has seen running, and what ended while nobody looked', async () => {
    const jobs: KeptJob[] = [
      job({ createdAt: '2026-10-20T05:00:00Z', startedAt: '2026-10-20T05:05:00Z', clusters: one }),
    ];
    cloudWatch = fakeCloudWatch({ 'reranker-2026-11-15/algo-1 GPUUtilization': 90 });
    fakeSageMaker(jobs);
    expect(verdicts(await look())).toEqual([['reranker-2026-11-15', 'busy', 'job-over-limit']]);

    const failed = {
      status: 'Failed',
      clusters: one,
      endedAt: '2026-11-16T20:00:00Z',
      billableSeconds: 40_000,
    };
    jobs.splice(
      0,
      1,
      ended({ ...failed, createdAt: '2026-10-20T05:00:00Z' }),
      ended({ ...failed, name: 'unseen' }),
    );
    const sageMaker = fakeSageMaker(jobs);
    const observed = await look('2026-11-19T06:15:00Z');
    expect(verdicts(observed)).toEqual([
      ['reranker-2026-11-15', 'ended', 'job-failed-late'],
      ['unseen', 'ended', 'job-failed-late'],
    ]);
    expect(sageMaker).toHaveReceivedNthCommandWith(ListTrainingJobsCommand, 1, {
      LastModifiedTimeAfter: new Date('2026-11-16T03:15:00Z'),
    });
  });

  it('keeps nothing where it only looks, and needs nothing to be kept', async () => {
    fakeSageMaker([ended({ status: 'Failed', clusters: one, billableSeconds: 40_000 })]);
    expect((await look(monday, { readOnly: true })).observations).toHaveLength(1);
    expect(await getJobs(table, target, monday)).toEqual({ jobs: [], readAt: {}, past: [] });
    const { observations } = await look(monday, { table: undefined });
    expect(observations).toMatchObject([
      { utilization: { reason: expect.stringContaining('at a price that is unknown') } },
    ]);
    expect(observations[0]?.loss).toBeUndefined();
  });

  it('keeps the other kinds where one may not be listed, and says which', async () => {
    const sageMaker = fakeSageMaker([
      job({ kind: 'processing', name: 'tokenize', clusters: [{ type: 'ml.m5.xlarge', count: 1 }] }),
    ]);
    sageMaker.on(ListTrainingJobsCommand).rejects(new Error('No permission for sagemaker:ListTrainingJobs'));
    cloudWatch = fakeCloudWatch({ 'tokenize/algo-1 CPUUtilization': 300 });
    const observed = await look();
    expect(verdicts(observed)).toEqual([['tokenize', 'busy', undefined]]);
    expect(observed.complete).toEqual(['sagemaker-processing-job', 'sagemaker-transform-job']);
    expect(observed.gaps).toEqual([
      { what: 'SageMaker training jobs', why: 'No permission for sagemaker:ListTrainingJobs' },
      { what: 'SageMaker warm pools', why: 'No permission for sagemaker:ListTrainingJobs' },
    ]);
  });

  it('says nothing of a job that it knows to have run, where it may be over by now', async () => {
    fakeSageMaker([waitingSince('2026-11-16T05:50:00Z')]);
    expect(verdicts(await look())).toEqual([['reranker-2026-11-15', 'busy', undefined]]);
    mockClient(SageMakerClient).rejects(new Error('Rate exceeded'));
    const { observations, complete } = await look(hourLater);
    expect([observations, complete]).toEqual([[], []]);
  });

  it('reads again what it could not read, and does not call the kind complete before', async () => {
    const sageMaker = fakeSageMaker([
      ended({ kind: 'processing', name: 'a', status: 'Failed', clusters: one, billableSeconds: undefined }),
      job({ kind: 'processing', name: 'b', clusters: one }),
    ]);
    const denied = new Error('No permission for sagemaker:DescribeProcessingJob');
    sageMaker.on(DescribeProcessingJobCommand, { ProcessingJobName: 'a' }).rejects(denied);
    const observed = await look();
    expect(verdicts(observed)).toEqual([['b', 'unknown', undefined]]);
    expect(observed.gaps).toHaveLength(1);
    expect(observed.gaps[0]?.why).toBe(
      'not all of 2 could be described: No permission for sagemaker:DescribeProcessingJob',
    );
    expect(observed.complete).not.toContain('sagemaker-processing-job');

    fakeSageMaker([
      ended({ kind: 'processing', name: 'a', status: 'Failed', clusters: one, billableSeconds: undefined }),
    ]);
    expect(verdicts(await look(hourLater))).toContainEqual(['a', 'ended', 'job-failed-late']);
  });

  it('calls what cannot be measured unknown, and goes on', async () => {
    fakeSageMaker([
      job({ name: 'a', clusters: one }),
      job({ name: 'b', phase: 'Starting', phaseSince: '2026-11-16T03:15:00Z', clusters: one }),
    ]);
    mockClient(CloudWatchClient)
      .on(GetMetricDataCommand)
      .rejects(new Error('No permission for cloudwatch:GetMetricData'));
    expect(verdicts(await look())).toEqual([
      ['b', 'idle', 'job-stuck-starting'],
      ['a', 'unknown', undefined],
    ]);
  });

  it('is not kept from its verdicts by tags, instance types and hosts that may not be read', async () => {
    fakeSageMaker([
      ended({ status: 'Failed', clusters: one, billableSeconds: 40_000 }),
      job({ name: 'a', clusters: [{ type: 'ml.x9.large', count: 1 }] }),
      job({ kind: 'transform', name: 't', clusters: one }),
    ]);
    mockClient(ResourceGroupsTaggingAPIClient).on(GetResourcesCommand).rejects(new Error('no tags'));
    mockClient(EC2Client).rejects(new Error('no types'));
    cloudWatch.mock.on(ListMetricsCommand).rejects(new Error('no hosts'));
    const observed = await look();
    expect(verdicts(observed)).toEqual([
      ['a', 'unknown', undefined],
      ['t', 'unknown', undefined],
      ['reranker-2026-11-15', 'ended', 'job-failed-late'],
    ]);
    expect(observed.gaps.map(({ why }) => why)).toEqual(['no types', 'no hosts', 'no tags']);
  });

  it('reads a thousand jobs in seconds, and what is more than that in the next run', async () => {
    const many = Array.from({ length: 1200 }, (_, index) => ended({ name: `job-${index}`, clusters: one }));
    const sageMaker = fakeSageMaker(many);
    const first = await look();
    expect(first.gaps).toEqual([
      {
        what: 'SageMaker training jobs',
        why: '200 of 1200 are left for the next run, the newest came first',
      },
    ]);
    expect(first.complete).not.toContain('sagemaker-training-job');
    expect((await look(hourLater)).gaps).toEqual([]);
    expect(sageMaker).toHaveReceivedCommandTimes(DescribeTrainingJobCommand, 1200);
  });

  it('asks for the tags of what it tells alone', async () => {
    fakeSageMaker([
      ...Array.from({ length: 5 }, (_, index) => ended({ name: `fine-${index}`, clusters: one })),
      job({ clusters: one }),
    ]);
    await look();
    expect(tagging.asked).toEqual([job().arn]);
  });
});

/** A CloudWatch in which hosts report by these courses, `<job>/<host> <metric>`; `queried` is all that was asked for. */
function fakeCloudWatch(courses: Record<string, Course>) {
  const mock = mockClient(CloudWatchClient);
  const queried: string[] = [];
  mock.on(ListMetricsCommand).callsFake(({ Namespace, MetricName }) => ({
    Metrics: Object.keys(courses)
      .map((key) => key.split(' '))
      .filter(([, name]) => name === MetricName)
      .map(([Value]) => ({ Namespace, MetricName, Dimensions: [{ Name: 'Host', Value }] })),
  }));
  mock.on(GetMetricDataCommand).callsFake((input: GetMetricDataCommandInput) => ({
    MetricDataResults: (input.MetricDataQueries ?? []).map(({ Id, MetricStat }) => {
      const { Metric, Period = 300, Stat } = MetricStat ?? {};
      const key = `${Metric?.Dimensions?.[0]?.Value} ${Metric?.MetricName}`;
      queried.push(`${key} ${Stat} ${Period}`);
      const points = pointsOf(courses[key], Number(input.StartTime), Number(input.EndTime), Period * 1000);
      return {
        Id,
        StatusCode: 'Complete' as const,
        Timestamps: points.map(({ at }) => new Date(at)),
        Values: points.map(({ value }) => value),
      };
    }),
  }));
  return { mock, queried };
}

const pointsOf = (course: Course | undefined, start: number, end: number, period: number) =>
  Array.from({ length: Math.ceil((end - start) / period) }, (_, index) => start + index * period).flatMap(
    (at) => {
      const value = typeof course === 'function' ? course(at) : course;
      return value === undefined ? [] : [{ at, value }];
    },
  );

/** The tags of jobs by their names; `asked` are the ARNs that were asked for. */
function fakeTagging(tags: Record<string, Record<string, string>>) {
  const asked: string[] = [];
  mockClient(ResourceGroupsTaggingAPIClient)
    .on(GetResourcesCommand)
    .callsFake(({ ResourceARNList = [] }: GetResourcesCommandInput) => {
      asked.push(...ResourceARNList);
      return {
        ResourceTagMappingList: ResourceARNList.flatMap((ResourceARN) => {
          const found = tags[ResourceARN.split('/')[1] ?? ''];
          return found
            ? [{ ResourceARN, Tags: Object.entries(found).map(([Key, Value]) => ({ Key, Value })) }]
            : [];
        }),
      };
    });
  return { asked };
}

/** A job that was told to do nothing. */
const idleFlaw = (): Flaw => ({
  resource: toResource(job({ clusters: one }), target, {}, () => 2),
  utilization: {
    state: 'idle',
    check: 'job-idle',
    reason: 'GPUs at most 0 %',
    windowStart: '2026-11-16T00:10:00Z',
    windowEnd: '2026-11-16T03:10:00Z',
    coverage: 1,
    confidence: 'high',
    wastedShare: 1,
  },
  hourlyRate: 2,
});
