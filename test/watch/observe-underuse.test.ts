import { BedrockClient } from '@aws-sdk/client-bedrock';
import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstanceTypesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { type Filter, GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Instance, InstanceTypeFacts } from '../../shared/compute/instance.ts';
import type { DeviceMetrics } from '../../shared/compute/metric.ts';
import { underuseChecks } from '../../shared/compute/underuse.ts';
import { parseConfig } from '../../shared/config.ts';
import { type IsoTime, toTime } from '../../shared/period.ts';
import { getFindings, getPastFindings } from '../../shared/store/findings.ts';
import { storeRates } from '../../shared/store/prices.ts';
import type { Table } from '../../shared/store/table.ts';
import { getUnderuse } from '../../shared/store/underuse.ts';
import type { FleetMember } from '../../shared/watch/fleet.ts';
import type { Watched } from '../../shared/watch/observe.ts';
import { observeUnderuse } from '../../shared/watch/observe-underuse.ts';
import { watchUtilization } from '../../shared/watch/utilization.ts';
import { instance } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { fakeCloudWatch, type MeasuredInstance } from '../support/metrics.ts';
import { startTable } from '../support/table.ts';

const config = parseConfig({});
const target = { account: '210987654321', region: 'eu-west-1' };
const monday = '2026-11-16T10:15:00Z';
const hourMs = 3_600_000;
const hoursAfter = (time: IsoTime, hours: number): IsoTime => toTime(Date.parse(time) + hours * hourMs);

const g5 = instance({
  instanceId: 'i-g5',
  instanceType: 'g5.12xlarge',
  launchTime: '2026-10-01T08:00:00Z',
});

/** Four GPUs that are hardly used, and whose memory no smaller type has. */
const dull: MeasuredInstance = { gpus: Array(4).fill(14), cpu: 30, memoryMib: 30_000 };
const keen: MeasuredInstance = { gpus: Array(4).fill(90), cpu: 30, memoryMib: 30_000 };

let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
  for (const Client of [SageMakerClient, BedrockClient, ResourceGroupsTaggingAPIClient]) {
    mockClient(Client as typeof SageMakerClient)
      .onAnyCommand()
      .resolves({});
  }
  listPrices(() => '5.67');
});
afterEach(() => stop());

/** A price list that tells dollars an hour by the filters it is asked with. */
function listPrices(priceOf: (asked: Record<string, string>) => string): void {
  mockClient(PricingClient)
    .on(GetProductsCommand)
    .callsFake(({ Filters = [] }: { Filters?: Filter[] }) => {
      const USD = priceOf(Object.fromEntries(Filters.map(({ Field, Value }) => [Field, Value])));
      const priceDimensions = { b: { unit: 'Hrs', pricePerUnit: { USD } } };
      const product = { product: { attributes: {} }, terms: { OnDemand: { a: { priceDimensions } } } };
      return { PriceList: [JSON.stringify(product)] };
    });
}

const clients = () => ({
  ec2: new EC2Client({}),
  cloudWatch: new CloudWatchClient({}),
  pricing: new PricingClient({}),
  sageMaker: new SageMakerClient({}),
  bedrock: new BedrockClient({}),
  tagging: new ResourceGroupsTaggingAPIClient({}),
});

describe('an instance that is used far too little', () => {
  /** What the last pass asked for to tell how well something is used. */
  let averaged: string[];

  const watch = (
    given: MeasuredInstance,
    { at = monday, instances = [g5], broken }: { at?: IsoTime; instances?: Instance[]; broken?: Broken } = {},
  ) => {
    fakeEc2(instances);
    const faked = fakeCloudWatch({ 'i-g5': given });
    averaged = faked.averaged;
    const denied = new Error('Rate exceeded');
    if (broken === 'listing') faked.cloudWatch.on(ListMetricsCommand).rejects(denied);
    if (broken === 'reading') faked.cloudWatch.on(GetMetricDataCommand).rejects(denied);
    return watchUtilization({ ...clients(), table }, target, config, at);
  };
  type Broken = 'listing' | 'reading';

  const isUnderuse = ({ check }: { check: string }) => underuseChecks.some((one) => one === check);
  /** The episodes of underuse: those open, and those that are over. */
  const episodes = async () => {
    const open = (await getFindings(table, target)).filter(isUnderuse);
    const past = (await getPastFindings(table, target, '2026-11-01T00:00:00Z')).filter(isUnderuse);
    return [...open, ...past].map(({ check, closedAt }) => (closedAt ? `${check}, over` : check));
  };

  it.each<[string, Broken]>([
    ['CloudWatch is throttled', 'reading'],
    ['its metrics may not be listed', 'listing'],
  ])('stays so while %s, and is judged by the next run', async (_, broken) => {
    await watch(dull);
    expect(await watch(dull, { at: hoursAfter(monday, 24), broken })).toMatchObject({ opened: 0, closed: 0 });
    expect(await watch(dull, { at: hoursAfter(monday, 25) })).toMatchObject({ opened: 0, closed: 0 });
    expect(averaged).toHaveLength(5);
    expect(await getFindings(table, target)).toMatchObject([{ seenAt: hoursAfter(monday, 25) }]);
    expect(await episodes()).toEqual(['underused-accelerator']);
  });

  it('is asked nothing while its metrics are not listed', async () => {
    await watch(dull);
    await watch(dull, { at: hoursAfter(monday, 23) }); // seen at work, and taken to be for hours
    await watch(dull, { at: hoursAfter(monday, 24), broken: 'listing' });
    expect(averaged).toEqual([]);
    await watch({ ...dull, gpus: [14, 14, 14] }, { at: hoursAfter(monday, 25) });
    expect(averaged).toEqual([]);
    expect(await episodes()).toEqual(['underused-accelerator']);
  });

  it('is asked again no sooner than it can have run for long enough', async () => {
    const launched = Date.parse(monday) - 20 * hourMs;
    const young = { ...g5, launchTime: toTime(launched) };
    const since = (value: number) => (at: number) => (at < launched ? undefined : value);
    const world = { gpus: Array(4).fill(since(14)), cpu: since(30), memoryMib: since(30_000) };
    const asked: number[] = [];
    for (let hour = 0; hour < 6; hour += 1) {
      await watch(world, { at: hoursAfter(monday, hour), instances: [young] });
      if (averaged.length > 0) asked.push(hour);
    }
    expect(asked).toEqual([0, 5]);
    expect(await episodes()).toEqual(['underused-accelerator']);
  });

  /** Passes every hour for so many days; how often somebody was told of underuse. */
  const watchDays = async (days: number, given: MeasuredInstance, instanceAt: (at: Date) => Instance) => {
    for (let hour = 0; hour < days * 24; hour += 1) {
      const at = hoursAfter(monday, hour);
      await watch(given, { at, instances: [instanceAt(new Date(at))] });
    }
    return episodes();
  };

  it('is told once, though it is stopped every night, up at eight and at work from half past nine', async () => {
    const hourOf = (at: Date) => at.getUTCHours() + at.getUTCMinutes() / 60;
    const isUp = (at: Date) => hourOf(at) >= 8 && hourOf(at) < 20;
    const course = (value: number) => (time: number) => (isUp(new Date(time)) ? value : undefined);
    const work = (time: number) =>
      isUp(new Date(time)) ? (hourOf(new Date(time)) >= 9.5 ? 14 : 0) : undefined;
    const nightly = { gpus: Array(4).fill(work), cpu: course(30), memoryMib: course(30_000) };
    const seen = await watchDays(4, nightly, (at) => {
      const launchTime = `${toTime(at.getTime() - 8 * hourMs).slice(0, 10)}T08:00:00Z`;
      return { ...g5, launchTime, state: isUp(at) ? 'running' : 'stopped' };
    });
    expect(seen).toEqual(['underused-accelerator']);
  });

  it('is told once, though it is silent every night', async () => {
    const byDay = (time: number) => (new Date(time).getUTCHours() >= 8 ? 14 : 0);
    const seen = await watchDays(4, { gpus: Array(4).fill(byDay), cpu: 1, memoryMib: 400 }, () => g5);
    expect(seen).toEqual(['small-batch']);
    expect((await getPastFindings(table, target, monday)).map(({ check }) => check)).toContain(
      'idle-accelerator',
    );
  });

  it('is one episode, at 29.9 % on one day and at 30.1 % on the next', async () => {
    for (let day = 0; day < 6; day += 1) {
      const level = day % 2 === 0 ? 29.9 : 30.1;
      await watch({ ...dull, gpus: Array(4).fill(level) }, { at: hoursAfter(monday, day * 24) });
    }
    expect(await episodes()).toEqual(['underused-accelerator']);
  });

  it.each(['stopping', 'stopped', 'pending'] as const)('stays so while it is %s', async (state) => {
    await watch(dull);
    const seen = await watch(dull, { at: hoursAfter(monday, 1), instances: [{ ...g5, state }] });
    expect(seen).toMatchObject({ opened: 0, closed: 0 });
    expect(seen.observations).toMatchObject([{ utilization: { check: 'underused-accelerator' } }]);
  });

  it('stays so when it works on a part of its devices, which is told as well', async () => {
    await watch(dull);
    const skewed = { ...dull, gpus: [14, 0, 0, 0] };
    expect(await watch(skewed, { at: hoursAfter(monday, 4) })).toMatchObject({ opened: 1, closed: 0 });
  });

  it('is well used again once it is used', async () => {
    await watch(dull);
    expect(await watch(keen, { at: hoursAfter(monday, 12) })).toMatchObject({ closed: 0 }); // judged once a day
    expect(await watch(keen, { at: hoursAfter(monday, 24) })).toMatchObject({ closed: 1 });
    expect(await episodes()).toEqual(['underused-accelerator, over']);
  });

  it('is over when it is terminated', async () => {
    await watch(dull);
    expect(await watch(dull, { at: hoursAfter(monday, 1), instances: [] })).toMatchObject({ closed: 1 });
  });

  it('is over as a warm standby, and one is never asked about', async () => {
    await watch(dull);
    const standby = { ...g5, tags: { workload: 'Serving' } };
    expect(await watch(dull, { at: hoursAfter(monday, 24), instances: [standby] })).toMatchObject({
      closed: 1,
    });
    expect(averaged).toEqual([]);
  });

  it('is another thing as another type, and judged by what it does since', async () => {
    await watch(dull);
    const change = hoursAfter(monday, 2);
    const resized = { ...g5, instanceType: 'g5.2xlarge', launchTime: change };
    const since = (at: number) => (at < Date.parse(change) ? 90 : 20);
    const world = { gpus: [since], cpu: 30, memoryMib: 30_000 };
    const changed = await watch(world, { at: hoursAfter(change, 1), instances: [resized] });
    expect(changed).toMatchObject({ closed: 1 });
    expect(changed.observations.map(({ utilization }) => utilization.check)).toEqual([undefined]);
    for (let hour = 4; hour < 26; hour += 1) {
      const early = await watch(world, { at: hoursAfter(change, hour), instances: [resized] });
      if (hour < 24) expect(early).toMatchObject({ opened: 0 });
    }
    expect(await getFindings(table, target)).toMatchObject([
      { type: 'g5.2xlarge', reason: expect.stringMatching(/^its GPU at most 20 % for 95 % of 24 h/) },
    ]);
  });

  it('is judged anew where an earlier release kept it in another way', async () => {
    const Item = { pk: 'UNDERUSE#210987654321#eu-west-1', sk: 'i-g5', judgedAt: monday };
    await table.client.send(new PutCommand({ TableName: table.name, Item }));
    await watch(dull);
    expect(await episodes()).toEqual(['underused-accelerator']);
  });
});

describe('underuse among many', () => {
  const devicesOf = (id: string, count: number): DeviceMetrics[] =>
    Array.from({ length: count }, (_, index) => ({
      index: String(index),
      utilization: [metricOf('nvidia_smi_utilization_gpu', id, index)],
      memoryUsed: [metricOf('nvidia_smi_memory_used', id, index)],
      power: [],
    }));
  const metricOf = (name: string, id: string, index: number) => ({
    namespace: 'CWAgent',
    name,
    dimensions: [
      { name: 'InstanceId', value: id },
      { name: 'index', value: String(index) },
    ],
  });

  const factsOf = (instanceType: string, count: number): InstanceTypeFacts => ({
    instanceType,
    accelerators: { kind: 'gpu', name: 'NVIDIA A100', count, cores: 1, memoryMib: 40_960 },
    instanceStoreGb: 0,
    vcpus: count * 12,
  });

  const memberOf = (one: Instance, hourlyRate?: number): FleetMember => ({
    instance: one,
    hourlyRate,
    resource: {
      kind: 'ec2-instance',
      account: one.account,
      region: one.region,
      id: one.instanceId,
      name: one.instanceId,
      type: one.instanceType,
      count: 1,
      startedAt: one.launchTime,
      tags: one.tags,
    },
  });

  const watched = (given: Partial<Watched> = {}): Watched => ({
    clients: clients(),
    table,
    target,
    config,
    now: monday,
    open: [],
    ...given,
  });

  const observe = (members: readonly FleetMember[], given: Partial<Watched> = {}, isSliced = false) => {
    const types = new Set(members.map(({ instance: { instanceType } }) => instanceType));
    const counts: Record<string, number> = { 'p4d.24xlarge': 8, 'g5.12xlarge': 4, 'g5.2xlarge': 1 };
    const facts = new Map([...types].map((type) => [type, factsOf(type, counts[type] ?? 1)]));
    const devices = new Map(
      members.map(({ instance: { instanceId, instanceType } }) => [
        instanceId,
        devicesOf(instanceId, counts[instanceType] ?? 1).map((device) => ({ ...device, isSliced })),
      ]),
    );
    const known = { facts, sources: { devices, gaps: [] } };
    return observeUnderuse(watched(given), { fleet: members, working: members }, known);
  };

  const fleetOf = (count: number, instanceType: string) =>
    Array.from({ length: count }, (_, index) => memberOf({ ...g5, instanceId: `i-${index}`, instanceType }));

  it('is asked about in one run as far as a thousand GPUs, the rest in the next', async () => {
    const many = fleetOf(223, 'p4d.24xlarge'); // 11 at a time have 99 metrics
    const { averaged } = fakeCloudWatch({});
    await observe(many);
    expect(averaged).toHaveLength(20 * 99);
    await observe(many, { now: hoursAfter(monday, 1) });
    expect(averaged).toHaveLength(223 * 9);
  });

  it('is asked about all at once where nothing is remembered', async () => {
    const { averaged } = fakeCloudWatch({});
    await observe(fleetOf(223, 'p4d.24xlarge'), { table: undefined });
    expect(averaged).toHaveLength(223 * 9);
  });

  it('is remembered by nobody who only looks', async () => {
    fakeCloudWatch({ 'i-g5': dull });
    fakeEc2([]);
    expect(await observe([memberOf(g5)], { readOnly: true })).toHaveLength(1);
    expect(await getUnderuse(table, target)).toEqual(new Map());
  });

  it('is nothing to say of devices that are cut into slices', async () => {
    const { averaged } = fakeCloudWatch({ 'i-g5': dull });
    expect(await observe([memberOf(g5)], {}, true)).toEqual([]);
    expect(averaged).toEqual([]);
  });

  /** Fits one GPU of the same kind. */
  const small: MeasuredInstance = { gpus: Array(4).fill(10), cpu: 5, memoryMib: 400 };

  it('leads to no type while EC2 tells none, and to one as soon as it does', async () => {
    fakeCloudWatch({ 'i-g5': small });
    const elsewhere = { region: 'eu-south-2', account: target.account };
    const given = { target: elsewhere };
    fakeEc2([]).on(DescribeInstanceTypesCommand).rejects(new Error('Request limit exceeded'));
    expect(await observe([memberOf(g5)], given)).toEqual([]);
    fakeEc2([]);
    const later = await observe([memberOf(g5)], { ...given, now: hoursAfter(monday, 1) });
    expect(later).toMatchObject([{ utilization: { check: 'oversized' }, proposal: { type: 'g5.2xlarge' } }]);
  });

  it('leads to a type at the price of its own platform', async () => {
    fakeCloudWatch({ 'i-g5': small });
    fakeEc2([]);
    listPrices(({ operatingSystem }) => (operatingSystem === 'Windows' ? '2.5' : '1.2'));
    const [linux] = await observe([memberOf(g5, 5.67)]);
    expect(linux?.proposal).toEqual({ type: 'g5.2xlarge', hourlyRate: 1.2 });
    const windows = memberOf({ ...g5, platform: 'windows' }, 7.8);
    const [other] = await observe([windows], { table: undefined });
    expect(other).toMatchObject({
      proposal: { type: 'g5.2xlarge', hourlyRate: 2.5 },
      utilization: { wastedShare: expect.closeTo(1 - 2.5 / 7.8, 6) },
    });
  });

  it('leads to a type at the price of spot, where it is bought so, or at none', async () => {
    fakeCloudWatch({ 'i-g5': small });
    fakeEc2([]);
    const spot = memberOf({ ...g5, lifecycle: 'spot' }, 2);
    const [unpriced] = await observe([spot], { table: undefined });
    expect(unpriced).toMatchObject({
      proposal: { type: 'g5.2xlarge', hourlyRate: undefined },
      utilization: { wastedShare: expect.closeTo(0.9, 6) },
    });
    const paid = { region: 'eu-west-1', type: 'g5.2xlarge', use: 'spot', hourlyRate: 0.4 } as const;
    await storeRates(table, [paid], monday);
    const [priced] = await observe([spot]);
    expect(priced?.proposal).toEqual({ type: 'g5.2xlarge', hourlyRate: 0.4 });
  });
});
