import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it } from 'vitest';
import type { Instance, InstanceTypeFacts } from '../../shared/compute/instance.ts';
import { parseConfig } from '../../shared/config.ts';
import { findSources, measureUtilization } from '../../shared/watch/measure.ts';
import { instance, m5, p4d } from '../support/compute.ts';
import { fakeCloudWatch, type MeasuredInstance } from '../support/metrics.ts';

const config = parseConfig({});
const monday = '2026-11-16T06:15:00Z';
const client = new CloudWatchClient({});

const silent: MeasuredInstance = { gpus: Array(8).fill(0) };
const busy: MeasuredInstance = { gpus: [0, 0, 0, 80, 0, 0, 0, 0] };

const p4dNamed = (instanceId: string, given: Partial<Instance> = {}): Instance =>
  instance({ instanceId, ...given });

describe('measuring', () => {
  const facts = new Map<string, InstanceTypeFacts>([
    ['p4d.24xlarge', p4d],
    ['m5.xlarge', m5],
  ]);
  const measure = (...instances: Instance[]) =>
    measureUtilization(client, instances, facts, config, { minutes: 45, now: monday, neighbours: instances });

  it('asks for the least: of a busy instance its GPUs, of an idle one what could make it busy', async () => {
    const { queried } = fakeCloudWatch({ 'i-busy': busy, 'i-idle': silent });
    const verdicts = await measure(p4dNamed('i-busy'), p4dNamed('i-idle'));
    expect(verdicts.get('i-busy')?.state).toBe('busy');
    expect(verdicts.get('i-idle')).toMatchObject({
      state: 'idle',
      reason: '8 of 8 GPUs at 0 % for 45 min, 3.1 of 320 GiB of memory held, 100 % coverage',
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
      'the memory of the first, and what that did on the day before, where that holds a model',
      {
        gpus: Array(8).fill((at: number) => (at < Date.parse('2026-11-15T20:00:00Z') ? 50 : 0)),
        memoryMib: 30_000,
      },
      'loaded, not computing: GPU 0 held 29.3 GiB, though no GPU was above 0 %',
      [
        ...Array.from(Array(8).keys(), (index) => `nvidia_smi_utilization_gpu ${index}`),
        'nvidia_smi_memory_used 0',
        'nvidia_smi_utilization_gpu 0',
      ],
    ],
    [
      'all that could make it busy, where a model has been held for a day of silence',
      { gpus: Array(8).fill(0), memoryMib: 30_000 },
      '8 of 8 GPUs at 0 % for 24 h, 234.4 of 320 GiB of memory held, 100 % coverage',
      [
        ...Array.from(Array(8).keys(), (index) => `nvidia_smi_utilization_gpu ${index}`),
        'nvidia_smi_memory_used 0',
        ...Array.from(Array(8).keys(), (index) => `nvidia_smi_utilization_gpu ${index}`),
        ...Array.from(Array(7).keys(), (index) => `nvidia_smi_memory_used ${index + 1}`),
        'CPUUtilization',
        'NetworkIn',
        'NetworkOut',
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
      'no GPU metric of it in CloudWatch, and a quiet CPU says nothing of a GPU',
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
    cloudWatch.on(ListMetricsCommand).callsFake(({ MetricName = 'nvidia_smi_utilization_gpu' }) => ({
      Metrics: [
        { Namespace: 'CWAgent', MetricName, Dimensions: dimensions },
        { Namespace: 'CWAgent', MetricName, Dimensions: [...dimensions, { Name: 'arch', Value: 'Ampere' }] },
      ],
    }));
    const one: InstanceTypeFacts = {
      instanceType: 'g5.2xlarge',
      accelerators: { kind: 'gpu', name: 'NVIDIA A10G', count: 1, cores: 1, memoryMib: 24_576 },
      instanceStoreGb: 450,
      vcpus: 8,
    };
    const verdicts = await measureUtilization(
      client,
      [p4dNamed('i-1', { instanceType: 'g5.2xlarge' })],
      new Map([['g5.2xlarge', one]]),
      config,
      { minutes: 45, now: monday, neighbours: [] },
    );
    expect(verdicts.get('i-1')?.reason).toMatch(/^1 of 1 GPU at 0 %/);
  });

  it('takes a metric that names no instance for nothing before a stop', async () => {
    const { cloudWatch } = fakeCloudWatch({ 'i-1': { gpus: [0] } });
    cloudWatch.on(ListMetricsCommand).callsFake(({ MetricName = 'nvidia_smi_utilization_gpu' }) => ({
      Metrics: [
        {
          Namespace: 'CWAgent',
          MetricName,
          Dimensions: [
            { Name: 'host', Value: 'ip-10-0-0-7' },
            { Name: 'index', Value: '0' },
          ],
        },
      ],
    }));
    const one = p4dNamed('i-1', { privateDnsName: 'ip-10-0-0-7.eu-west-1.compute.internal' });
    expect((await measure(one)).get('i-1')?.reason).toMatch(/^no GPU metric of it in CloudWatch/);
  });

  it('maps it by its host for those who look, where no neighbour has the same name', async () => {
    const host = [
      { name: 'host', value: 'ip-10-0-0-7' },
      { name: 'index', value: '0' },
    ];
    const one = p4dNamed('i-1', { privateDnsName: 'ip-10-0-0-7.eu-west-1.compute.internal' });
    const twin = { ...one, instanceId: 'i-2' };
    const { cloudWatch } = fakeCloudWatch({});
    cloudWatch.on(ListMetricsCommand).callsFake(({ MetricName = 'nvidia_smi_utilization_gpu' }) => ({
      Metrics: [
        {
          Namespace: 'CWAgent',
          MetricName,
          Dimensions: host.map(({ name, value }) => ({ Name: name, Value: value })),
        },
      ],
    }));
    const among = async (neighbours: Instance[]) =>
      (await findSources(client, [one], { facts, namespaces: ['CWAgent'], neighbours })).devices.get('i-1');
    expect(await among([one])).toMatchObject([{ index: '0' }]);
    expect(await among([one, twin])).toBeUndefined();
  });
});
