import { CloudWatchClient, type MetricDatum } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../shared/aws/client.ts';
import { discoverDeviceMetrics, getSeries } from '../../shared/aws/cloudwatch.ts';
import { getInstances, getInstanceTypeFacts } from '../../shared/aws/ec2.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import type { DeviceMetrics, Metric } from '../../shared/compute/metric.ts';
import { deviceMetricNames, mapDeviceMetrics } from '../../shared/compute/metric-source.ts';
import { windowBefore } from '../../shared/compute/utilization.ts';
import { parseConfig } from '../../shared/config.ts';
import { addMilliseconds } from '../../shared/period.ts';
import type { Target } from '../../shared/target.ts';
import { instance } from '../support/compute.ts';
import {
  emptyEmulator,
  evening,
  everyFiveMinutes,
  gpuData,
  launch,
  mlDevIreland,
  mlDevVirginia,
  mlProd,
  putMetrics,
} from './emulator.ts';

const clientOf = (target: Target) => createClient(CloudWatchClient, scopeFor(target));
const byName = (a: string, b: string) => (a < b ? -1 : 1);

/** The largest value of each metric within the last hour. */
async function largest(target: Target, metrics: readonly Metric[]): Promise<(number | undefined)[]> {
  const queries = metrics.map((metric) => ({ metric, statistic: 'Maximum' as const }));
  const series = await getSeries(clientOf(target), queries, windowBefore(evening, 45), 300);
  return series.map(({ points }) => points.map(({ value }) => value).toSorted((a, b) => b - a)[0]);
}

describe('a namespace of several pages', () => {
  const hosts = Array.from({ length: 65 }, (_, index) => `i-${String(index).padStart(17, '0')}`);
  const gpus = Array.from({ length: 8 }, (_, index) => index);
  const [busy = '', idle = ''] = hosts;

  beforeAll(async () => {
    await emptyEmulator();
    // 65 hosts of eight GPUs each: 520 metrics of each kind, more than a page and more than a call takes.
    const yesterday = addMilliseconds(evening, -86_400_000);
    const others = hosts.flatMap((host) =>
      gpus.flatMap((gpu) => gpuData(host, gpu, 50, { end: yesterday, hours: 1 / 12 })),
    );
    await putMetrics(mlDevIreland, 'CWAgent', [...others, ...gpuData(busy, 3, 97), ...gpuData(idle, 0, 0)]);
  });

  it('is asked for the names of device metrics, and each is read to its last page', async () => {
    resetMeter();
    const { listed, failures } = await discoverDeviceMetrics(clientOf(mlDevIreland), ['CWAgent']);
    expect(failures).toEqual([]);
    // The emulator lists a metric once for each of its points.
    expect(new Set(listed.map((metric) => JSON.stringify(metric))).size).toBe(2 * 520);
    // Its first page, each name, and a second page of the two that are there.
    expect(readMeter().calls['CloudWatch:ListMetrics']).toBe(1 + deviceMetricNames.length + 2);
  });

  it('reads back what was written, more series than one call takes', async () => {
    const { listed } = await discoverDeviceMetrics(clientOf(mlDevIreland), ['CWAgent']);
    const { devices } = mapDeviceMetrics(
      listed,
      hosts.map((instanceId) => instance({ instanceId })),
      new Map(),
    );
    const asked = [...devices].flatMap(([host, own]) =>
      own.flatMap(({ index, utilization }) => utilization.map((metric) => ({ host, index, metric }))),
    );
    expect(asked).toHaveLength(520);
    resetMeter();
    const values = await largest(
      mlDevIreland,
      asked.map(({ metric }) => metric),
    );
    const reported = asked.flatMap(({ host, index }, position) => {
      const value = values[position];
      return value === undefined ? [] : [{ host, index, value }];
    });
    expect(reported).toEqual([
      { host: busy, index: '3', value: 97 },
      { host: idle, index: '0', value: 0 },
    ]);
    expect(readMeter().calls['CloudWatch:GetMetricData']).toBe(2);
  });
});

describe('the agents of one account', () => {
  const target = mlDevVirginia;
  const namespaces = [...parseConfig({}).utilization.namespaces, 'Research/DCGM'];
  const hour = { hours: 1 };
  const data = (values: Record<string, number>, dimensions: Record<string, string>): MetricDatum[] =>
    everyFiveMinutes(values, dimensions, hour);

  let ids: { agent: string; host: string; eks: string; dcgm: string; gpumon: string; neuron: string };
  let found: Awaited<ReturnType<typeof discover>>;

  async function discover() {
    const ec2 = createClient(EC2Client, scopeFor(target));
    const instances = await getInstances(ec2, target, { states: ['running'] });
    const facts = await getInstanceTypeFacts(
      ec2,
      instances.map(({ instanceType }) => instanceType),
    );
    const { listed, failures } = await discoverDeviceMetrics(clientOf(target), namespaces);
    return { ...mapDeviceMetrics(listed, instances, facts), failures };
  }

  beforeAll(async () => {
    await emptyEmulator();
    ids = {
      agent: await launch(target, 'g4dn.12xlarge'),
      host: await launch(target, 'g4dn.xlarge'),
      eks: await launch(target, 'g4dn.12xlarge'),
      dcgm: await launch(target, 'g4dn.xlarge'),
      gpumon: await launch(target, 'g4dn.xlarge'),
      neuron: await launch(target, 'inf2.xlarge'),
    };
    const instances = await getInstances(createClient(EC2Client, scopeFor(target)), target);
    const nameOf = (id: string) =>
      instances.find(({ instanceId }) => instanceId === id)?.privateDnsName ?? '';
    const smi = { nvidia_smi_utilization_gpu: 71, nvidia_smi_memory_used: 9000, nvidia_smi_power_draw: 66 };
    await putMetrics(target, 'CWAgent', [
      ...['0', '1'].flatMap((index) =>
        data(smi, { InstanceId: ids.agent, index, name: 'T4', arch: 'Turing' }),
      ),
      // After an update the agent adds the image; and the sum over all GPUs has no index.
      ...data(smi, { InstanceId: ids.agent, index: '0', name: 'T4', arch: 'Turing', ImageId: 'ami-1' }),
      ...data(smi, { InstanceId: ids.agent }),
      ...data(smi, { index: '0', name: 'T4', host: nameOf(ids.host).split('.')[0] ?? '' }),
      ...data(smi, { index: '0', name: 'T4', host: 'workstation' }),
      ...data({ mem_used_percent: 12 }, { InstanceId: ids.agent }),
    ]);
    const node = { ClusterName: 'ml', InstanceId: ids.eks, NodeName: nameOf(ids.eks) };
    const eks = { node_gpu_utilization: 42, node_gpu_memory_used: 3 * 1024 ** 3, node_gpu_power_draw: 50 };
    await putMetrics(target, 'ContainerInsights', [
      ...data(eks, { ClusterName: 'ml' }),
      ...data(eks, node),
      ...data(eks, { ...node, InstanceType: 'g4dn.12xlarge', GpuDevice: 'nvidia3' }),
      ...['core0', 'core1'].flatMap((NeuronCore) =>
        data(
          { node_neuroncore_utilization: 8, node_neuroncore_memory_usage_total: 512 * 1024 ** 2 },
          { ClusterName: 'ml', InstanceId: ids.neuron, NeuronDevice: 'device0', NeuronCore },
        ),
      ),
    ]);
    await putMetrics(target, 'Research/DCGM', [
      ...data(
        { DCGM_FI_PROF_GR_ENGINE_ACTIVE: 0.25, DCGM_FI_DEV_FB_USED: 700 },
        { Hostname: nameOf(ids.dcgm), gpu: '0', UUID: 'GPU-5f3a' },
      ),
    ]);
    await putMetrics(target, 'GPUMonitoring', [
      ...data({ 'GPU Usage': 3, 'Memory Usage': 1 }, { InstanceId: ids.gpumon, GPUNumber: 'GPU0' }),
    ]);
    found = await discover();
  });

  it('are all found, device by device, and a stranger is named', () => {
    const devices = [...found.devices].map(([id, own]) => [id, own.map(({ index }) => index)] as const);
    expect(devices.toSorted(([a], [b]) => byName(a, b))).toEqual(
      [
        [ids.agent, ['0', '1']],
        [ids.host, ['0']],
        [ids.eks, ['3']],
        [ids.dcgm, ['0']],
        [ids.gpumon, ['0']],
        [ids.neuron, ['0', '1']],
      ].toSorted(([a], [b]) => byName(String(a), String(b))),
    );
    expect(found.unmapped).toEqual([
      { namespace: 'CWAgent', host: 'workstation', why: 'no instance has this name' },
    ]);
    expect(found.failures).toEqual([]);
  });

  it('tell utilisation in percent, memory in MiB and power in watts, whatever they count in', async () => {
    const told = async (id: string) => {
      const device = found.devices.get(id)?.[0] as DeviceMetrics;
      const { utilization, memoryUsed, power } = device;
      return [
        await largest(target, utilization),
        await largest(target, memoryUsed),
        await largest(target, power),
      ];
    };
    expect(await told(ids.agent)).toEqual([
      [71, 71],
      [9000, 9000],
      [66, 66],
    ]);
    expect(await told(ids.host)).toEqual([[71], [9000], [66]]);
    expect(await told(ids.eks)).toEqual([[42], [3072], [50]]);
    expect(await told(ids.dcgm)).toEqual([[25], [700], []]);
    expect(await told(ids.gpumon)).toEqual([[3], [], []]);
    expect(await told(ids.neuron)).toEqual([[8], [512], []]);
  });

  it('are none of another account', async () => {
    const { listed } = await discoverDeviceMetrics(clientOf(mlProd), namespaces);
    expect(listed).toEqual([]);
  });
});
