import { CloudWatchClient, type Metric as Listed, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { getSeries } from '../../../shared/aws/cloudwatch.ts';
import { scopeFor } from '../../../shared/aws/sts.ts';
import type { Metric, Statistic, Window } from '../../../shared/compute/metric.ts';

const ids = { platform: '123456789012', dev: '210987654321', prod: '345678901234' } as const;

let sample: SampleAccount;
beforeAll(async () => {
  sample = await openSampleAccount({ now: '2026-11-16T12:00:00Z' });
});
afterAll(() => sample.close());

function cloudWatch(account: keyof typeof ids, region: string): CloudWatchClient {
  const roleArn = `arn:aws:iam::${ids[account]}:role/ai-cost-watchdog-target`;
  return account === 'platform'
    ? createClient(CloudWatchClient, { region })
    : createClient(CloudWatchClient, scopeFor({ account: ids[account], region, roleArn }));
}

const metric = (namespace: string, name: string, dimensions: Record<string, string>): Metric => ({
  namespace,
  name,
  dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
});

const morning: Window = { start: '2026-11-16T08:00:00Z', end: '2026-11-16T11:00:00Z' };

async function valuesOf(
  client: CloudWatchClient,
  asked: Metric,
  { statistic = 'Average', window = morning, period = 300 }: Partial<Asked> = {},
): Promise<number[]> {
  const [series] = await getSeries(client, [{ metric: asked, statistic }], window, period);
  return series?.points.map(({ value }) => value) ?? [];
}
type Asked = { statistic: Statistic; window: Window; period: number };

const listed = async (client: CloudWatchClient, Namespace: string, MetricName: string): Promise<Listed[]> =>
  (await client.send(new ListMetricsCommand({ Namespace, MetricName, RecentlyActive: 'PT3H' }))).Metrics ??
  [];

const dimensionOf = ({ Dimensions = [] }: Listed, name: string) =>
  Dimensions.find(({ Name }) => Name === name)?.Value;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("SageMaker's metrics in the sample account", () => {
  it('count the invocations of a variant, one sample each', async () => {
    const client = cloudWatch('prod', 'us-east-1');
    const dimensions = { EndpointName: 'demand-9-live', VariantName: 'AllTraffic' };
    const invocations = metric('AWS/SageMaker', 'Invocations', dimensions);
    const hourly = { period: 3600 };
    const sums = await valuesOf(client, invocations, { ...hourly, statistic: 'Sum' });
    expect(sums).toHaveLength(3);
    expect(mean(sums)).toBeCloseTo(410 * 60, -3);
    expect(await valuesOf(client, invocations, { ...hourly, statistic: 'SampleCount' })).toEqual(sums);
    expect(await valuesOf(client, invocations, { ...hourly, statistic: 'Maximum' })).toEqual([1, 1, 1]);
  });

  it('say nothing of invocations where there are none, though the instances are there', async () => {
    const client = cloudWatch('prod', 'eu-west-1');
    const dimensions = { EndpointName: 'asr-4-live', VariantName: 'AllTraffic' };
    expect(await valuesOf(client, metric('AWS/SageMaker', 'Invocations', dimensions))).toEqual([]);
    const window = { start: '2026-11-04T08:00:00Z', end: '2026-11-04T10:00:00Z' };
    const ending = await valuesOf(client, metric('AWS/SageMaker', 'Invocations', dimensions), { window });
    expect(ending).toHaveLength(12);
    const cpu = await valuesOf(client, metric('/aws/sagemaker/Endpoints', 'CPUUtilization', dimensions));
    expect(cpu).toHaveLength(36);
    const recent = await listed(client, 'AWS/SageMaker', 'Invocations');
    expect(recent.map((each) => dimensionOf(each, 'EndpointName'))).not.toContain('asr-4-live');
  });

  it('count by component where models share an endpoint', async () => {
    const recent = await listed(cloudWatch('prod', 'eu-west-1'), 'AWS/SageMaker', 'Invocations');
    expect(recent.flatMap((each) => dimensionOf(each, 'InferenceComponentName') ?? [])).toEqual([
      'summarize-2',
      'classify-5',
    ]);
    expect(recent.map((each) => dimensionOf(each, 'EndpointName'))).not.toContain('assist-shared-live');
  });

  it('add up the GPUs of a host, and its vCPUs', async () => {
    const client = cloudWatch('prod', 'eu-west-1');
    const dimensions = { EndpointName: 'vision-api-live', VariantName: 'AllTraffic' };
    const gpu = await valuesOf(client, metric('/aws/sagemaker/Endpoints', 'GPUUtilization', dimensions));
    const cpu = await valuesOf(client, metric('/aws/sagemaker/Endpoints', 'CPUUtilization', dimensions));
    expect(mean(gpu)).toBeCloseTo(40, 0); // 10 % of each of four
    expect(mean(cpu) / 48).toBeCloseTo(8, 0);
  });

  it('name the hosts of a job by number, of a batch transform by their instance', async () => {
    const dev = cloudWatch('dev', 'eu-west-1');
    const hosts = await listed(dev, '/aws/sagemaker/TrainingJobs', 'GPUUtilization');
    expect(hosts.map((each) => dimensionOf(each, 'Host')).toSorted()).toEqual([
      'defect-det-12-20261116/algo-1',
      'reranker-v4-long-20261113/algo-1',
      'tile-pretrain-20261116/algo-1',
    ]);
    const transform = cloudWatch('prod', 'eu-west-1');
    const [host] = await listed(transform, '/aws/sagemaker/TransformJobs', 'CPUUtilization');
    expect(host && dimensionOf(host, 'Host')).toMatch(/^catalog-embeddings-20261116\/i-[0-9a-f]{17}$/);
  });

  it('fall silent with a job that hangs', async () => {
    const gpu = metric('/aws/sagemaker/TrainingJobs', 'GPUUtilization', {
      Host: 'tile-pretrain-20261116/algo-1',
    });
    const window = { start: '2026-11-16T06:00:00Z', end: '2026-11-16T08:00:00Z' };
    const values = await valuesOf(cloudWatch('dev', 'eu-west-1'), gpu, { window });
    expect(values.slice(0, 10).every((value) => value > 60)).toBe(true);
    expect(values.slice(10).every((value) => value === 0)).toBe(true);
  });
});

describe("Container Insights' metrics in the sample account", () => {
  let client: CloudWatchClient;
  beforeAll(() => {
    client = cloudWatch('platform', 'us-east-1');
  });

  it('tell of each GPU of a node, in bytes and percent, and of all together', async () => {
    const metrics = await listed(client, 'ContainerInsights', 'node_gpu_utilization');
    const node = metrics.filter((each) => dimensionOf(each, 'InstanceId') === 'i-0b7d2f90c3e14a702');
    expect(node.map((each) => dimensionOf(each, 'GpuDevice'))).toEqual([
      ...Array.from({ length: 8 }, (_, index) => `nvidia${index}`),
      undefined,
    ]);
    const hyperPod = metrics.filter((each) => dimensionOf(each, 'ClusterName') === 'research');
    expect(hyperPod).toHaveLength(4);
  });

  it('tell of a pod what it requests, and that the GPUs that it holds do nothing', async () => {
    const requests = await listed(client, 'ContainerInsights', 'pod_gpu_request');
    const full = requests.filter((each) => dimensionOf(each, 'FullPodName'));
    expect(full.map((each) => dimensionOf(each, 'PodName'))).toEqual(['reranker-eval', 'annotation-ui']);
    const pod = { ClusterName: 'ml-cluster', Namespace: 'vision', PodName: 'annotation-ui' };
    const asked = await valuesOf(client, metric('ContainerInsights', 'pod_gpu_request', pod));
    expect(new Set(asked)).toEqual(new Set([2]));
    const used = await valuesOf(client, metric('ContainerInsights', 'pod_gpu_utilization', pod));
    expect(used).toHaveLength(36);
    expect(Math.max(...used)).toBe(0);
  });
});

describe("other agents' metrics in the sample account", () => {
  it('name the device as gpumon does', async () => {
    const client = cloudWatch('platform', 'eu-west-1');
    const [usage] = await listed(client, 'GPUMonitoring', 'GPU Usage');
    expect(usage?.Dimensions?.map(({ Name }) => Name)).toEqual([
      'InstanceId',
      'ImageId',
      'InstanceType',
      'GPUNumber',
    ]);
  });

  it('know two instances by one host name, of which one says its id', async () => {
    const metrics = await listed(
      cloudWatch('platform', 'eu-west-1'),
      'CWAgent',
      'nvidia_smi_utilization_gpu',
    );
    const same = metrics.filter(
      (each) => dimensionOf(each, 'host') === 'ip-10-0-4-12.eu-west-1.compute.internal',
    );
    expect(same.map((each) => dimensionOf(each, 'InstanceId')).toSorted()).toEqual([
      'i-0b7d2f90c3e14a60d',
      undefined,
    ]);
  });

  it('tell what NeuronCores do, and the bytes that each holds', async () => {
    const client = cloudWatch('platform', 'us-east-1');
    const cores = await listed(client, 'CWAgent', 'neuroncore_memory_usage_total');
    expect(cores.map((each) => [dimensionOf(each, 'NeuronDevice'), dimensionOf(each, 'NeuronCore')])).toEqual(
      [
        ['0', '0'],
        ['0', '1'],
      ],
    );
  });

  it('tell of a notebook instance only where the agent runs', async () => {
    const cpu = await listed(cloudWatch('dev', 'eu-west-1'), 'CWAgent', 'cpu_usage_active');
    expect(cpu.map((each) => dimensionOf(each, 'NotebookInstanceName'))).toEqual(['asr-notebook']);
  });

  it('rise and fall within minutes where a GPU waits for its data', async () => {
    const client = cloudWatch('platform', 'eu-west-1');
    const metrics = await listed(client, 'CWAgent', 'nvidia_smi_utilization_gpu');
    const [starved] = metrics.filter((each) => dimensionOf(each, 'InstanceId') === 'i-0b7d2f90c3e14a601');
    const gpu: Metric = {
      namespace: 'CWAgent',
      name: 'nvidia_smi_utilization_gpu',
      dimensions: (starved?.Dimensions ?? []).map(({ Name = '', Value = '' }) => ({
        name: Name,
        value: Value,
      })),
    };
    const [largest, least, average] = await Promise.all(
      (['Maximum', 'Minimum', 'Average'] as const).map((statistic) => valuesOf(client, gpu, { statistic })),
    );
    expect(Math.min(...(largest ?? []))).toBeGreaterThan(75);
    expect(Math.max(...(least ?? []))).toBeLessThan(6);
    expect(mean(average ?? [])).toBeCloseTo(47.5, -1);
  });

  it('are kept for 15 days by the minute, and for 63 by five', async () => {
    const client = cloudWatch('platform', 'eu-west-1');
    const cpu = metric('CWAgent', 'nvidia_smi_utilization_gpu', {});
    const [standby] = (await listed(client, 'CWAgent', cpu.name)).filter(
      (each) => dimensionOf(each, 'InstanceId') === 'i-0b7d2f90c3e14a607',
    );
    const dimensions = (standby?.Dimensions ?? []).map(({ Name = '', Value = '' }) => ({
      name: Name,
      value: Value,
    }));
    const window = { start: '2026-10-20T00:00:00Z', end: '2026-10-20T01:00:00Z' };
    const asked = { ...cpu, dimensions };
    expect(await valuesOf(client, asked, { window, period: 60 })).toEqual([]);
    expect(await valuesOf(client, asked, { window, period: 300 })).toHaveLength(12);
    expect(await valuesOf(client, asked, { window, period: 3600 })).toHaveLength(1);
  });
});

describe("Bedrock's metrics in the sample account", () => {
  it('count tokens and calls by model, and what comes from the cache apart', async () => {
    const client = cloudWatch('dev', 'us-east-1');
    const of = (name: string) => metric('AWS/Bedrock', name, { ModelId: 'amazon.nova-lite-v1:0' });
    const sums = { statistic: 'Sum', period: 3600 } as const;
    const [input = 0] = await valuesOf(client, of('InputTokenCount'), sums);
    const [cached = 0] = await valuesOf(client, of('CacheReadInputTokenCount'), sums);
    expect(input).toBeCloseTo(5600 * 60, -4);
    expect(cached / (input + cached)).toBeGreaterThan(0.85);
    const [calls] = await valuesOf(client, of('Invocations'), sums);
    const counted = { statistic: 'SampleCount', period: 3600 } as const;
    expect(await valuesOf(client, of('InputTokenCount'), counted)).toContain(calls);
  });

  it('have no cache metric where nothing was ever cached', async () => {
    const client = cloudWatch('prod', 'us-east-1');
    expect(await listed(client, 'AWS/Bedrock', 'CacheReadInputTokenCount')).toEqual([]);
    const models = await listed(client, 'AWS/Bedrock', 'InputTokenCount');
    expect(models.map((each) => dimensionOf(each, 'ModelId'))).toContain('amazon.nova-pro-v1:0');
  });

  it('know a model unit by its ARN, and say nothing of one that nobody calls', async () => {
    const models = await listed(cloudWatch('platform', 'us-east-1'), 'AWS/Bedrock', 'Invocations');
    expect(models).toHaveLength(2);
    for (const model of models) {
      expect(dimensionOf(model, 'ModelId')).toMatch(
        /^arn:aws:bedrock:us-east-1:123456789012:provisioned-model\//,
      );
    }
  });
});
