import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import type { Instance, InstanceTypeFacts } from '../../shared/compute/instance.ts';
import { parseConfig } from '../../shared/config.ts';
import { getFindings } from '../../shared/store/findings.ts';
import type { Table } from '../../shared/store/table.ts';
import { measureUtilization, watchUtilization } from '../../shared/watch/utilization.ts';
import { instance, m5, p4d } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { fakeCloudWatch, type MeasuredInstance } from '../support/metrics.ts';
import { startTable } from '../support/table.ts';

const config = parseConfig({});
const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const monday = '2026-11-16T06:15:00Z';
const client = new CloudWatchClient({});

const silent: MeasuredInstance = { gpus: Array(8).fill(0) };
/** GPU 3 works until Friday 17:00. */
const forgotten: MeasuredInstance = {
  gpus: Array.from(
    { length: 8 },
    (_, index) => (at: number) => (index === 3 && at < Date.parse('2026-11-13T17:00:00Z') ? 95 : 0),
  ),
};
const busy: MeasuredInstance = { gpus: [0, 0, 0, 80, 0, 0, 0, 0] };

const p4dNamed = (instanceId: string, given: Partial<Instance> = {}): Instance =>
  instance({ instanceId, ...given });

describe('measuring', () => {
  const facts = new Map<string, InstanceTypeFacts>([
    ['p4d.24xlarge', p4d],
    ['m5.xlarge', m5],
  ]);
  const measure = (...instances: Instance[]) =>
    measureUtilization(client, instances, facts, { ...config.idle, window: 45 }, monday);

  it('asks for the least: of a busy instance its GPUs, of an idle one what could make it busy', async () => {
    const { queried } = fakeCloudWatch({ 'i-busy': busy, 'i-idle': silent });
    const verdicts = await measure(p4dNamed('i-busy'), p4dNamed('i-idle'));
    expect(verdicts.get('i-busy')?.state).toBe('busy');
    expect(verdicts.get('i-idle')).toMatchObject({
      state: 'idle',
      reason: '8 of 8 GPUs at 0 % for 45 min, 3.1 GiB of memory held, 100 % coverage',
    });
    expect(queried.filter((name) => name.startsWith('i-busy'))).toHaveLength(8);
    expect(queried.filter((name) => name.startsWith('i-idle'))).toHaveLength(19);
  });

  it.each<[string, MeasuredInstance, string, string[]]>([
    [
      'its first GPU, where that works',
      { gpus: Array(8).fill(90) },
      'GPU 0 up to 90 % in the last 45 min',
      ['nvidia_smi_utilization_gpu 0'],
    ],
    [
      'the memory of the first, where that holds a model',
      { gpus: [0, 0, 0, 0, 0, 0, 0, 0], memoryMib: 30_000 },
      'loaded, not computing: GPU 0 held 29.3 GiB, though no GPU was above 0 %',
      [
        ...Array.from(Array(8).keys(), (index) => `nvidia_smi_utilization_gpu ${index}`),
        'nvidia_smi_memory_used 0',
      ],
    ],
    [
      'no network, where the CPU works',
      { gpus: [0, 0, 0, 0, 0, 0, 0, 0], cpu: 60 },
      'CPU up to 60 % in the last 45 min, though no GPU was above 0 %',
      [
        ...Array.from(Array(8).keys(), (index) => `nvidia_smi_utilization_gpu ${index}`),
        ...Array.from(Array(8).keys(), (index) => `nvidia_smi_memory_used ${index}`),
        'CPUUtilization',
      ],
    ],
    [
      'nothing more, where the first GPU is silent for want of data',
      { gpus: Array(8).fill(() => undefined), cpu: 60 },
      'GPU 0 reported nothing in the last 45 min',
      ['nvidia_smi_utilization_gpu 0'],
    ],
    ['nothing, where a GPU is missing', { gpus: Array(7).fill(0), cpu: 60 }, '7 of 8 GPUs reporting', []],
    [
      'nothing, where no GPU reports',
      { cpu: 60 },
      'no GPU metric with its instance id in CloudWatch, and a quiet CPU says nothing of a GPU',
      [],
    ],
  ])('asks of an instance %s', async (_, given, reason, metrics) => {
    const { queried } = fakeCloudWatch({ 'i-1': given });
    const verdicts = await measure(p4dNamed('i-1'));
    expect(verdicts.get('i-1')?.reason).toBe(reason);
    expect(queried).toEqual(metrics.map((name) => `i-1 ${name}`));
  });

  it('asks nothing of instances that stopped, or started within the window', async () => {
    const { queried } = fakeCloudWatch({ 'i-new': silent, 'i-stopped': silent });
    const verdicts = await measure(
      p4dNamed('i-new', { launchTime: '2026-11-16T06:00:00Z' }),
      p4dNamed('i-stopped', { state: 'stopped' }),
    );
    expect([...verdicts.values()].map(({ state }) => state)).toEqual(['unknown', 'unknown']);
    expect(queried).toEqual([]);
  });

  it('looks for GPU metrics only where there are GPUs', async () => {
    const { cloudWatch, queried } = fakeCloudWatch({ 'i-cpu': { cpu: 2 } });
    const verdicts = await measure(p4dNamed('i-cpu', { instanceType: 'm5.xlarge' }));
    expect(verdicts.get('i-cpu')?.state).toBe('idle');
    expect(queried).toEqual(['i-cpu CPUUtilization', 'i-cpu NetworkIn', 'i-cpu NetworkOut']);
    expect(cloudWatch).not.toHaveReceivedCommand(ListMetricsCommand);
  });

  it('reads traffic as bytes a second of each period', async () => {
    fakeCloudWatch({ 'i-quiet': { network: 15_000_000 }, 'i-loud': { network: 15_000_300 } });
    const verdicts = await measure(
      p4dNamed('i-quiet', { instanceType: 'm5.xlarge' }),
      p4dNamed('i-loud', { instanceType: 'm5.xlarge' }),
    );
    expect(verdicts.get('i-quiet')?.state).toBe('idle');
    expect(verdicts.get('i-loud')?.state).toBe('busy');
  });

  it('knows nothing of the instances of a call that failed, and all of the others', async () => {
    const { cloudWatch } = fakeCloudWatch({});
    const fleet = Array.from({ length: 600 }, (_, index) =>
      p4dNamed(`i-${index}`, { instanceType: 'm5.xlarge' }),
    );
    let calls = 0;
    cloudWatch.on(GetMetricDataCommand).callsFake(({ MetricDataQueries = [], StartTime }) => {
      calls += 1;
      if (calls === 1) throw new Error('Rate exceeded');
      const times = Array.from({ length: 9 }, (_, index) => new Date(Number(StartTime) + index * 300_000));
      return {
        MetricDataResults: MetricDataQueries.map(({ Id = '' }) => ({
          Id,
          StatusCode: 'Complete',
          Timestamps: times,
          Values: times.map(() => 1),
        })),
      };
    });
    const verdicts = await measure(...fleet);
    // The first call asks for the CPU of 500 of them.
    expect([...verdicts.values()].map(({ state }) => state)).toEqual([
      ...Array(500).fill('unknown'),
      ...Array(100).fill('idle'),
    ]);
    expect(verdicts.get('i-499')?.reason).toBe('CPU could not be read: Rate exceeded');
  });

  it('takes one GPU under two sets of dimensions for one', async () => {
    const { cloudWatch } = fakeCloudWatch({ 'i-1': { gpus: [0] } });
    const dimensions = [
      { Name: 'InstanceId', Value: 'i-1' },
      { Name: 'index', Value: '0' },
    ];
    cloudWatch.on(ListMetricsCommand).callsFake(({ MetricName }) => ({
      Metrics: [
        { Namespace: 'CWAgent', MetricName, Dimensions: dimensions },
        { Namespace: 'CWAgent', MetricName, Dimensions: [...dimensions, { Name: 'arch', Value: 'Ampere' }] },
      ],
    }));
    const one: InstanceTypeFacts = {
      instanceType: 'g5.2xlarge',
      accelerators: { kind: 'gpu', name: 'NVIDIA A10G', count: 1, memoryMib: 24_576 },
      instanceStoreGb: 450,
      vcpus: 8,
    };
    const verdicts = await measureUtilization(
      client,
      [p4dNamed('i-1', { instanceType: 'g5.2xlarge' })],
      new Map([['g5.2xlarge', one]]),
      { ...config.idle, window: 45 },
      monday,
    );
    expect(verdicts.get('i-1')?.reason).toMatch(/^1 of 1 GPU at 0 %/);
  });
});

describe('the watch', () => {
  let table: Table;
  let stop: () => Promise<void>;
  /** What the last pass asked for. */
  let queried: string[];

  beforeEach(async () => {
    ({ table, stop } = await startTable());
    const price = {
      terms: { OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: '32' } } } } } },
    };
    mockClient(PricingClient)
      .on(GetProductsCommand)
      .resolves({ PriceList: [JSON.stringify(price)] });
  });
  afterEach(() => stop());

  const watch = (
    world: Record<string, MeasuredInstance>,
    { instances = Object.keys(world).map((id) => p4dNamed(id)), at = monday } = {},
  ) => {
    fakeEc2(instances);
    ({ queried } = fakeCloudWatch(world));
    const clients = { ec2: new EC2Client({}), cloudWatch: client, pricing: new PricingClient({}), table };
    return watchUtilization(clients, target, config, at);
  };

  const alerts = async (): Promise<Alert[]> => {
    const command = new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    });
    return ((await table.client.send(command)).Items ?? []).map(({ alert }) => alert as Alert);
  };

  it('tells an accelerator that was forgotten on Friday: since when, and what it has cost', async () => {
    const tags = { Name: 'reranker-train', owner: 'jonas', team: 'search' };
    const result = await watch({ 'i-p4d': forgotten }, { instances: [p4dNamed('i-p4d', { tags })] });
    expect(result).toEqual({
      account: '210987654321',
      region: 'eu-west-1',
      opened: 1,
      confirmed: 0,
      closed: 0,
      instances: [
        {
          account: '210987654321',
          accountName: 'ml-dev',
          region: 'eu-west-1',
          instanceId: 'i-p4d',
          name: 'reranker-train',
          instanceType: 'p4d.24xlarge',
          owner: 'jonas',
          team: 'search',
          state: 'idle',
          reason: '8 of 8 GPUs at 0 % for 3 h, 3.1 GiB of memory held, 100 % coverage',
          coverage: 1,
          idleSince: '2026-11-13T17:00:00Z',
          hourlyRate: 32,
          monthlyRunRate: 23_360,
          wastedSoFar: 32 * 61.25,
        },
      ],
    });
    expect(await alerts()).toMatchObject([{ kind: 'idle-accelerator', owner: 'jonas' }]);
  });

  it('tells it once, however often it is seen, and changes nothing when the same event comes again', async () => {
    await watch({ 'i-p4d': forgotten });
    const before = await getFindings(table, target);
    expect(await watch({ 'i-p4d': forgotten })).toMatchObject({ opened: 0, closed: 0 });
    expect(await getFindings(table, target)).toEqual(before);
    const later = await watch({ 'i-p4d': forgotten }, { at: '2026-11-16T07:15:00Z' });
    expect(later.instances).toMatchObject([{ idleSince: '2026-11-13T17:00:00Z', wastedSoFar: 32 * 62.25 }]);
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
    expect(await watch(worked, { at: '2026-11-16T15:15:00Z' })).toMatchObject({
      opened: 1,
      instances: [{ idleSince: '2026-11-16T09:00:00Z' }],
    });
    expect(await alerts()).toHaveLength(2);
  });

  it('looks at an open finding again when a whole window has passed, by its GPUs alone', async () => {
    await watch({ 'i-p4d': forgotten });
    for (const at of ['2026-11-16T07:15:00Z', '2026-11-16T08:15:00Z']) {
      const resting = await watch({ 'i-p4d': forgotten }, { at });
      expect(resting).toMatchObject({ confirmed: 0, closed: 0, instances: [{ state: 'idle' }] });
      expect(queried).toEqual([]);
    }
    const due = await watch({ 'i-p4d': forgotten }, { at: '2026-11-16T09:14:30Z' });
    expect(due).toMatchObject({
      confirmed: 1,
      instances: [{ reason: '8 of 8 GPUs at 0 % for 3 h, 100 % coverage' }],
    });
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
    expect(compiling).toMatchObject({ closed: 0, instances: [{ idleSince: '2026-11-13T17:00:00Z' }] });
    expect(queried.filter((name) => name.includes('CPUUtilization'))).toEqual([]);
    expect(await alerts()).toHaveLength(1);
  });

  it('asks nothing of an instance while the window holds work that was seen before', async () => {
    const until = (time: string) => ({
      gpus: Array(8).fill((at: number) => (at < Date.parse(time) ? 80 : 0)),
    });
    const training = { 'i-p4d': until('2026-11-16T06:00:00Z') }; // the last point at work is of 05:55
    expect(await watch(training)).toMatchObject({ instances: [{ state: 'busy' }] });
    expect(queried).toHaveLength(1);
    const resting = await watch(training, { at: '2026-11-16T09:00:00Z' });
    expect(resting.instances).toMatchObject([{ state: 'busy', reason: 'at work at 2026-11-16T05:55:00Z' }]);
    expect(queried).toEqual([]);
    expect(await watch(training, { at: '2026-11-16T09:05:00Z' })).toMatchObject({ opened: 1 });
  });

  it('asks anew of an instance that was started again since it worked', async () => {
    await watch({ 'i-p4d': { gpus: Array(8).fill(80) } });
    const instances = [p4dNamed('i-p4d', { launchTime: '2026-11-16T06:20:00Z' })];
    const again = await watch({ 'i-p4d': silent }, { instances, at: '2026-11-16T07:15:00Z' });
    expect(again.instances).toMatchObject([{ state: 'unknown' }]);
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
    expect(result.instances.map(({ instanceId, state }) => [instanceId, state])).toEqual([
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
    expect(result.instances.map(({ instanceId, wastedSoFar }) => [instanceId, wastedSoFar])).toEqual([
      ['i-old', 32 * (61 + 55 / 60)],
      ['i-new', 32 * 10.25],
      ['i-spot', undefined],
    ]);
  });

  it('fails as a whole, and so is tried again, where the instances can not be listed', async () => {
    await watch({ 'i-p4d': forgotten });
    const ec2 = fakeEc2([]);
    ec2.onAnyCommand().rejects(new Error('Request limit exceeded'));
    const clients = { ec2: new EC2Client({}), cloudWatch: client, pricing: new PricingClient({}), table };
    await expect(watchUtilization(clients, target, config, monday)).rejects.toThrow('Request limit exceeded');
    expect(await getFindings(table, target)).toHaveLength(1);
  });
});
