import { BedrockClient } from '@aws-sdk/client-bedrock';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import type { Instance } from '../../shared/compute/instance.ts';
import { parseConfig } from '../../shared/config.ts';
import { toTime } from '../../shared/period.ts';
import { getFindings, getPastFindings } from '../../shared/store/findings.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import { toSummary, type UtilizationResult, watchUtilization } from '../../shared/watch/utilization.ts';
import { instance } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { fakeCloudWatch, type MeasuredInstance } from '../support/metrics.ts';
import { startTable } from '../support/table.ts';

const config = parseConfig({});
const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const monday = '2026-11-16T06:15:00Z';

const silent: MeasuredInstance = { gpus: Array(8).fill(0) };
/** GPU 3 works until Friday 17:00. */
const forgotten: MeasuredInstance = {
  gpus: Array.from(
    { length: 8 },
    (_, index) => (at: number) => (index === 3 && at < Date.parse('2026-11-13T17:00:00Z') ? 95 : 0),
  ),
};

const p4dNamed = (instanceId: string, given: Partial<Instance> = {}): Instance =>
  instance({ instanceId, ...given });

/** What is worth comparing of each resource. */
const rows = ({ observations }: UtilizationResult) =>
  observations.map(({ resource, utilization, since, monthToDate }) => ({
    id: resource.id,
    state: utilization.state,
    check: utilization.check,
    reason: utilization.reason,
    since,
    monthToDate,
  }));

describe('the watch', () => {
  let table: Table;
  let stop: () => Promise<void>;
  /** What the last pass asked for. */
  let queried: string[];
  let averaged: string[];

  beforeEach(async () => {
    ({ table, stop } = await startTable());
    const price = {
      product: { attributes: {} },
      terms: { OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: '32' } } } } } },
    };
    for (const Client of [SageMakerClient, BedrockClient, ResourceGroupsTaggingAPIClient]) {
      mockClient(Client as typeof SageMakerClient)
        .onAnyCommand()
        .resolves({});
    }
    mockClient(PricingClient)
      .on(GetProductsCommand)
      .resolves({ PriceList: [JSON.stringify(price)] });
  });
  afterEach(() => stop());

  const clients = () => ({
    ec2: new EC2Client({}),
    cloudWatch: new CloudWatchClient({}),
    pricing: new PricingClient({}),
    sageMaker: new SageMakerClient({}),
    bedrock: new BedrockClient({}),
    tagging: new ResourceGroupsTaggingAPIClient({}),
  });

  const watch = (
    world: Record<string, MeasuredInstance>,
    { instances = Object.keys(world).map((id) => p4dNamed(id)), at = monday } = {},
  ) => {
    fakeEc2(instances);
    ({ queried, averaged } = fakeCloudWatch(world));
    return watchUtilization({ ...clients(), table }, target, config, at);
  };

  const alerts = async (): Promise<Alert[]> => {
    const command = new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    });
    return ((await table.client.send(command)).Items ?? []).map(({ alert }) => alert as Alert);
  };

  const steps = async () => (await alerts()).map(({ step }) => step).toSorted();

  it('tells an accelerator that was forgotten on Friday: since when, and what it has cost', async () => {
    const tags = { Name: 'reranker-train', owner: 'jonas', team: 'search' };
    const result = await watch({ 'i-p4d': forgotten }, { instances: [p4dNamed('i-p4d', { tags })] });
    expect(rows(result)).toEqual([
      {
        id: 'i-p4d',
        state: 'idle',
        check: 'idle-accelerator',
        reason: '8 of 8 GPUs at 0 % for 3 h, 3.1 of 320 GiB of memory held, 100 % coverage',
        since: '2026-11-13T17:00:00Z',
        monthToDate: 32 * 61.25,
      },
    ]);
    expect(result).toMatchObject({ opened: 1, confirmed: 0, closed: 0, told: 1, gaps: [] });
    expect(result.waste).toEqual([
      { owner: 'jonas', monthToDate: 32 * 61.25, hourly: 32, findings: 1, unpriced: 0 },
    ]);
    expect(await alerts()).toMatchObject([{ kind: 'utilization', owner: 'jonas' }]);
  });

  it('tells it once, however often it is seen, and changes nothing when the same event comes again', async () => {
    await watch({ 'i-p4d': forgotten });
    const before = await getFindings(table, target);
    expect(await watch({ 'i-p4d': forgotten })).toMatchObject({ opened: 0, closed: 0 });
    expect(await getFindings(table, target)).toEqual(before);
    const later = await watch({ 'i-p4d': forgotten }, { at: '2026-11-16T07:15:00Z' });
    expect(rows(later)).toMatchObject([{ since: '2026-11-13T17:00:00Z', monthToDate: 32 * 62.25 }]);
    expect(await alerts()).toHaveLength(1);
  });

  it('tells it once when two runs see it at the same time', async () => {
    await Promise.all([watch({ 'i-p4d': forgotten }), watch({ 'i-p4d': forgotten })]);
    expect(await alerts()).toHaveLength(1);
  });

  it('tells the next episode as a new one, after there was work in between', async () => {
    await watch({ 'i-p4d': forgotten });
    const worked = {
      'i-p4d': { gpus: Array(8).fill((at: number) => (at < Date.parse('2026-11-16T09:00:00Z') ? 70 : 0)) },
    };
    expect(await watch(worked, { at: '2026-11-16T09:15:00Z' })).toMatchObject({ closed: 1 });
    const again = await watch(worked, { at: '2026-11-16T15:15:00Z' });
    expect(again).toMatchObject({ opened: 1 });
    expect(rows(again)).toMatchObject([{ since: '2026-11-16T09:00:00Z' }]);
    expect(await getPastFindings(table, target, monday)).toMatchObject([
      { since: '2026-11-13T17:00:00Z', closedAt: '2026-11-16T06:10:00Z' }, // when the work began that was seen at 09:15
    ]);
    expect(await steps()).toEqual(['opened', 'recovered']); // it comes and goes: nobody hears of it each time
    const dayLater = await watch(worked, { at: '2026-11-17T16:15:00Z' });
    expect(dayLater).toMatchObject({ opened: 0, told: 1 });
    expect(await steps()).toEqual(['opened', 'opened', 'recovered']);
  });

  const works = { 'i-p4d': { gpus: Array(8).fill(70) } };

  it('says that it is over, once, and what it came to', async () => {
    await watch({ 'i-p4d': forgotten });
    const [opened] = await alerts();
    expect(await watch(works, { at: '2026-11-16T09:15:00Z' })).toMatchObject({ closed: 1, told: 0 });
    expect(await watch(works, { at: '2026-11-16T09:15:00Z' })).toMatchObject({ closed: 0 });
    const recovered = (await alerts()).filter(({ step }) => step === 'recovered');
    expect(recovered).toMatchObject([
      {
        subject: opened?.subject,
        severity: 'info',
        title: expect.stringMatching(/ works again: \$1,9\d\d\.\d\d wasted since 13 Nov$/),
      },
    ]);
    expect(await getFindings(table, target)).toEqual([]);
    expect(await getPastFindings(table, target, monday)).toHaveLength(1);
  });

  it('says nothing of the end of what nobody was told of', async () => {
    const quiet = parseConfig({ utilization: { floor: 1e9 } });
    const pass = (world: Record<string, MeasuredInstance>, at: string) => {
      fakeEc2([p4dNamed('i-p4d')]);
      fakeCloudWatch(world);
      return watchUtilization({ ...clients(), table }, target, quiet, at);
    };
    expect(await pass({ 'i-p4d': forgotten }, monday)).toMatchObject({ opened: 1, told: 0 });
    expect(await pass(works, '2026-11-16T09:15:00Z')).toMatchObject({ closed: 1 });
    expect(await alerts()).toEqual([]);
  });

  it('says nothing of an end that a newer run knows better', async () => {
    await watch({ 'i-p4d': forgotten }, { at: '2026-11-16T12:15:00Z' });
    await watch(works, { at: '2026-11-16T09:15:00Z' }); // comes late
    expect(await steps()).toEqual(['opened']);
    expect(await getFindings(table, target)).toHaveLength(1);
  });

  it('closes an episode that was over before and was found again, and tells of neither twice', async () => {
    await watch({ 'i-p4d': forgotten });
    const gone = { instances: [], at: '2026-11-16T06:45:00Z' };
    expect(await watch({}, gone)).toMatchObject({ closed: 1 });
    expect(await watch({ 'i-p4d': forgotten }, { at: '2026-11-16T07:15:00Z' })).toMatchObject({ opened: 1 });
    expect(await watch({}, { ...gone, at: '2026-11-16T07:45:00Z' })).toMatchObject({ closed: 1 });
    expect(await getFindings(table, target)).toEqual([]);
    expect(await steps()).toEqual(['opened', 'recovered']);
  });

  it('looks at an open finding again when a whole window has passed, by its GPUs alone', async () => {
    await watch({ 'i-p4d': forgotten });
    for (const at of ['2026-11-16T07:15:00Z', '2026-11-16T08:15:00Z']) {
      const resting = await watch({ 'i-p4d': forgotten }, { at });
      expect(resting).toMatchObject({ confirmed: 0, closed: 0 });
      expect(rows(resting)).toMatchObject([{ state: 'idle' }]);
      expect(await getFindings(table, target)).toMatchObject([{ seenAt: monday }]);
      expect(queried).toEqual([]);
    }
    const due = await watch({ 'i-p4d': forgotten }, { at: '2026-11-16T09:14:30Z' });
    expect(rows(due)).toMatchObject([{ reason: expect.stringMatching(/^8 of 8 GPUs at 0 % for 3 h/) }]);
    expect(await getFindings(table, target)).toMatchObject([{ seenAt: '2026-11-16T09:14:30Z' }]);
    expect(queried).toHaveLength(8);
  });

  it('sees the work of a time in which no pass ran', async () => {
    await watch({ 'i-p4d': forgotten });
    const [from, to] = [Date.parse('2026-11-16T07:00:00Z'), Date.parse('2026-11-16T08:00:00Z')];
    const worked = { gpus: Array(8).fill((at: number) => (at >= from && at < to ? 70 : 0)) };
    expect(await watch({ 'i-p4d': worked }, { at: '2026-11-16T20:15:00Z' })).toMatchObject({ closed: 1 });
  });

  it('closes a finding by any GPU that works, the first and others missing', async () => {
    await watch({ 'i-p4d': forgotten });
    const worked = { gpus: [() => undefined, () => undefined, 0, 0, 80, 0, 0] };
    expect(await watch({ 'i-p4d': worked }, { at: '2026-11-16T09:15:00Z' })).toMatchObject({ closed: 1 });
  });

  it('leaves an episode open that only its CPU interrupts, and asks nothing of that', async () => {
    await watch({ 'i-p4d': forgotten });
    const compiling = await watch({ 'i-p4d': { ...forgotten, cpu: 90 } }, { at: '2026-11-16T09:15:00Z' });
    expect(compiling).toMatchObject({ closed: 0 });
    expect(rows(compiling)).toMatchObject([{ since: '2026-11-13T17:00:00Z' }]);
    expect(queried.filter((name) => name.includes('CPUUtilization'))).toEqual([]);
    expect(await alerts()).toHaveLength(1);
  });

  it('asks nothing of an instance while the window holds work that was seen before', async () => {
    const until = (time: string) => ({
      gpus: Array(8).fill((at: number) => (at < Date.parse(time) ? 80 : 0)),
    });
    const training = { 'i-p4d': until('2026-11-16T06:00:00Z') }; // the last point at work is of 05:55
    expect(rows(await watch(training))).toMatchObject([{ state: 'busy' }]);
    expect(queried).toHaveLength(8); // all of them: one that works doesn't say that the others do
    const resting = await watch(training, { at: '2026-11-16T09:00:00Z' });
    expect(rows(resting)).toMatchObject([
      {
        state: 'busy',
        reason: '8 of 8 GPUs at work in the last 3 h: GPU 0 up to 80 %, seen until 2026-11-16 05:55 UTC',
      },
    ]);
    expect(queried).toEqual([]);
    expect(await watch(training, { at: '2026-11-16T09:05:00Z' })).toMatchObject({ opened: 1 });
  });

  it('asks anew of an instance that was started again since it worked', async () => {
    await watch({ 'i-p4d': { gpus: Array(8).fill(80) } });
    const instances = [p4dNamed('i-p4d', { launchTime: '2026-11-16T06:20:00Z' })];
    const again = await watch({ 'i-p4d': silent }, { instances, at: '2026-11-16T07:15:00Z' });
    expect(rows(again)).toMatchObject([{ state: 'unknown' }]);
  });

  it('closes what was stopped', async () => {
    await watch({ 'i-p4d': forgotten });
    const stopped = [p4dNamed('i-p4d', { state: 'stopped' })];
    expect(await watch({}, { instances: stopped, at: '2026-11-16T07:15:00Z' })).toMatchObject({ closed: 1 });
    expect(await getFindings(table, target)).toEqual([]);
  });

  it('lists what it can not judge, and tells nobody of it', async () => {
    const instances = [
      p4dNamed('i-mute'),
      p4dNamed('i-trn', { instanceType: 'trn1.32xlarge' }),
      p4dNamed('i-cpu', { instanceType: 'm5.xlarge' }),
      p4dNamed('i-odd', { instanceType: 'q9.large' }),
    ];
    const result = await watch({ 'i-mute': {} }, { instances });
    expect(rows(result).map(({ id, state }) => [id, state])).toEqual([
      ['i-mute', 'unknown'],
      ['i-trn', 'unknown'],
      ['i-odd', 'unknown'],
    ]);
    expect(await alerts()).toEqual([]);
  });

  it('leaves an open finding as it is while nothing is known', async () => {
    await watch({ 'i-p4d': forgotten });
    const mute = await watch({ 'i-p4d': {} }, { at: '2026-11-16T07:15:00Z' });
    expect(mute).toMatchObject({ opened: 0, confirmed: 0, closed: 0 });
    expect(await getFindings(table, target)).toHaveLength(1);
  });

  it('lists the most wasteful first, and one of unknown price without a price', async () => {
    const instances = [
      p4dNamed('i-spot', { lifecycle: 'spot', spotInstanceRequestId: 'sir-1' }),
      p4dNamed('i-new', { launchTime: '2026-11-15T20:00:00Z' }),
      p4dNamed('i-old'),
    ];
    const result = await watch({ 'i-spot': silent, 'i-new': silent, 'i-old': silent }, { instances });
    expect(rows(result).map(({ id, monthToDate }) => [id, monthToDate])).toEqual([
      ['i-new', 32 * 10.25],
      ['i-old', 32 * (61 + 55 / 60)],
      ['i-spot', undefined],
    ]);
  });

  it('names what could not be read, leaves its findings open, and sees the rest', async () => {
    await watch({ 'i-p4d': forgotten });
    fakeEc2([]).onAnyCommand().rejects(new Error('Request limit exceeded'));
    const result = await watchUtilization({ ...clients(), table }, target, config, '2026-11-16T07:15:00Z');
    expect(result).toMatchObject({
      closed: 0,
      gaps: [{ what: 'accelerator instances', why: 'Request limit exceeded' }],
    });
    expect(await getFindings(table, target)).toHaveLength(1);
  });

  it('fails as a whole, and so is tried again, where nothing at all could be read', async () => {
    fakeEc2([]).onAnyCommand().rejects(new Error('Access denied'));
    for (const Client of [SageMakerClient, BedrockClient, ResourceGroupsTaggingAPIClient, CloudWatchClient]) {
      mockClient(Client as typeof SageMakerClient)
        .onAnyCommand()
        .rejects(new Error('Access denied'));
    }
    const watching = watchUtilization({ ...clients(), table }, target, config, monday);
    await expect(watching).rejects.toThrow('Access denied');
  });

  it('tells a device that works alone, for as long as it does, and nobody of it twice', async () => {
    const alone = { 'i-p4d': { gpus: [90, 0, 0, 0, 0, 0, 0, 0], cpu: 30 } };
    expect(rows(await watch(alone))[0]).toMatchObject({
      check: 'not-distributed',
      reason: 'GPU 0 up to 90 %, the other 7 of 8 GPUs at 0 % for 3 h, 100 % coverage',
    });
    const resting = await watch(alone, { at: '2026-11-16T07:15:00Z' });
    expect(resting).toMatchObject({ confirmed: 0, closed: 0, opened: 0 });
    expect(queried).toEqual([]);
    expect(await watch(alone, { at: '2026-11-16T09:15:00Z' })).toMatchObject({ confirmed: 1, opened: 0 });
    expect(await alerts()).toHaveLength(1);
    const shared = { 'i-p4d': { gpus: Array(8).fill(90), cpu: 30 } };
    expect(await watch(shared, { at: '2026-11-16T12:15:00Z' })).toMatchObject({ closed: 1 });
  });

  it('judges once a day how well what works is used, and keeps a verdict through the night it is stopped', async () => {
    const starving = { 'i-g5': { gpus: Array(4).fill(14), cpu: 30, memoryMib: 30_000 } };
    const member = p4dNamed('i-g5', { instanceType: 'g5.12xlarge', launchTime: '2026-10-01T08:00:00Z' });
    const instances = [member];
    const first = await watch(starving, { instances });
    expect(rows(first)).toMatchObject([{ check: 'underused-accelerator' }, { state: 'busy' }]);
    expect(averaged).toHaveLength(5);
    await watch(starving, { instances, at: '2026-11-16T07:15:00Z' });
    expect(averaged).toEqual([]);
    const stopped = [{ ...member, state: 'stopped' as const }];
    expect(await watch({}, { instances: stopped, at: '2026-11-16T20:15:00Z' })).toMatchObject({ closed: 0 });
    const next = [{ ...member, launchTime: '2026-11-17T06:00:00Z' }];
    const morning = await watch(starving, { instances: next, at: '2026-11-17T10:15:00Z' });
    expect(morning).toMatchObject({ opened: 0, closed: 0 });
    expect(await alerts()).toHaveLength(1);
  });

  it('keeps and tells nothing for who only looks, who sees the same', async () => {
    fakeEc2([p4dNamed('i-p4d')]);
    fakeCloudWatch({ 'i-p4d': forgotten });
    const readOnly = { readOnly: true };
    const looked = await watchUtilization({ ...clients(), table }, target, config, monday, readOnly);
    expect(rows(looked)).toMatchObject([{ since: '2026-11-13T17:00:00Z', monthToDate: 32 * 61.25 }]);
    expect(await getFindings(table, target)).toEqual([]);
    expect(await alerts()).toEqual([]);
  });

  it('tells nobody of what wastes less than the floor, and lists it', async () => {
    fakeEc2([p4dNamed('i-p4d')]);
    fakeCloudWatch({ 'i-p4d': forgotten });
    const frugal = parseConfig({ utilization: { floor: 50_000 } });
    const result = await watchUtilization({ ...clients(), table }, target, frugal, monday);
    expect(result).toMatchObject({ opened: 1, told: 0 });
    expect(await alerts()).toEqual([]);
    expect(await getFindings(table, target)).toHaveLength(1);
  });

  it('says of a pass how much of what it saw', async () => {
    expect(
      toSummary(await watch({ 'i-p4d': forgotten, 'i-busy': { gpus: Array(8).fill(90) } })),
    ).toMatchObject({
      resources: 2,
      states: { idle: 1, busy: 1 },
      wastedThisMonth: 32 * 61.25,
    });
  });

  it('tells a box that is idle every night once a week, however often that comes', async () => {
    const byDay = (at: number) => (new Date(at).getUTCHours() < 10 ? 70 : 0);
    const box = { 'i-box': { gpus: Array(8).fill(byDay) } };
    const told: string[] = [];
    for (let hour = 0; hour < 9 * 24; hour += 1) {
      const at = toTime(Date.parse('2026-11-16T00:15:00Z') + hour * 3_600_000);
      if ((await watch(box, { at })).told > 0) told.push(at);
    }
    expect(told).toEqual(['2026-11-16T13:15:00Z', '2026-11-23T13:15:00Z']);
    const past = await getPastFindings(table, target, '2026-11-16T00:00:00Z');
    expect(past.slice(0, 2).map(({ since, closedAt }) => [since, closedAt])).toEqual([
      ['2026-11-16T10:00:00Z', '2026-11-17T00:00:00Z'],
      ['2026-11-17T10:00:00Z', '2026-11-18T00:00:00Z'],
    ]);
  });

  it('tells what opened below the floor when it has grown above it, once', async () => {
    const prices = (usd: string) =>
      mockClient(PricingClient)
        .on(GetProductsCommand)
        .resolves({
          PriceList: [
            JSON.stringify({
              product: { attributes: {} },
              terms: {
                OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: usd } } } } },
              },
            }),
          ],
        });
    const spot = { lifecycle: 'spot', spotInstanceRequestId: 'sir-1' } as const;
    const instances = [p4dNamed('i-p4d', spot)];
    const rate = (hourlyRate: number, at: string) =>
      storeRates(table, [{ region: 'eu-west-1', type: 'p4d.24xlarge', use: 'spot', hourlyRate }], at);
    prices('32');
    await rate(0.01, '2026-11-16T06:00:00Z');
    expect(await watch({ 'i-p4d': forgotten }, { instances })).toMatchObject({ opened: 1, told: 0 });
    await rate(12, '2026-11-16T08:00:00Z');
    expect(await watch({ 'i-p4d': forgotten }, { instances, at: '2026-11-16T09:15:00Z' })).toMatchObject({
      confirmed: 1,
      told: 1,
    });
    expect(await watch({ 'i-p4d': forgotten }, { instances, at: '2026-11-16T12:15:00Z' })).toMatchObject({
      told: 0,
    });
    expect(await alerts()).toHaveLength(1);
  });

  it('ends what was stopped when it was stopped', async () => {
    await watch({ 'i-p4d': forgotten });
    const stateTransitionReason = 'User initiated (2026-11-16 06:40:00 GMT)';
    const stopped = [p4dNamed('i-p4d', { state: 'stopped', stateTransitionReason })];
    await watch({}, { instances: stopped, at: '2026-11-16T07:15:00Z' });
    expect(await getPastFindings(table, target, monday)).toMatchObject([
      { closedAt: '2026-11-16T06:40:00Z' },
    ]);
  });

  it('keeps a skew that it can not see whole, and its evidence', async () => {
    const alone = { gpus: [90, 0, 0, 0, 0, 0, 0, 0], cpu: 30 };
    await watch({ 'i-p4d': alone });
    const partly = { gpus: [90, 0, 0, 0, 0, () => undefined, 0, 0], cpu: 30 };
    const seen = await watch({ 'i-p4d': partly }, { at: '2026-11-16T09:15:00Z' });
    expect(seen).toMatchObject({ closed: 0 });
    expect(rows(seen)[0]).toMatchObject({ check: 'not-distributed' });
  });

  it('keeps the evidence of an idle episode, which is not measured again whole', async () => {
    const holding = { gpus: Array(8).fill(0), memoryMib: 30_000 };
    await watch({ 'i-p4d': holding });
    const [before] = await getFindings(table, target);
    await watch({ 'i-p4d': holding }, { at: '2026-11-16T09:15:00Z' });
    const [after] = await getFindings(table, target);
    expect(after).toMatchObject({ reason: before?.reason, confidence: before?.confidence });
    expect(after?.reason).toContain('234.4 of 320 GiB of memory held');
  });
});
