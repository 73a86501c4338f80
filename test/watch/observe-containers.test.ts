import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, PricingClient } from '@aws-sdk/client-pricing';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { observeContainers } from '../../shared/watch/observe-containers.ts';
import type { TargetClients } from '../../shared/watch/target-clients.ts';
import { instance } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';
import { metric, type Published, publish } from '../support/published.ts';

const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const now = '2026-11-16T06:05:00Z';

const node = instance({
  instanceId: 'i-1',
  instanceType: 'g5.12xlarge',
  tags: { team: 'nlp', 'eks:cluster-name': 'ml' },
});

const pricing = mockClient(PricingClient);

beforeEach(() => {
  pricing.reset();
  pricing.on(GetProductsCommand).resolves({ PriceList: [product(6)] });
});

const product = (usd: number) =>
  JSON.stringify({
    product: { attributes: { usagetype: 'EUW1-BoxUsage:g5.12xlarge' } },
    terms: {
      OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: String(usd) } } } } },
    },
  });

const nodeMetric = (instanceId = 'i-1', type = 'g5.12xlarge'): Published => ({
  ...metric('ContainerInsights', 'node_gpu_utilization', {
    ClusterName: 'ml',
    NodeName: `ip-${instanceId}`,
    InstanceId: instanceId,
    InstanceType: type,
    GpuDevice: 'nvidia0',
  }),
  value: 0,
});

type PodSpec = { requested?: number; use?: Published['value'][]; memory?: number; failure?: string };

/** What Container Insights publishes of a pod: what it requests and, by GPU, how that is used. */
function pod(name: string, { requested = 2, use = [0, 0], memory = 1, failure }: PodSpec = {}): Published[] {
  const workload = { ClusterName: 'ml', Namespace: 'nlp', PodName: name };
  const full = { ...workload, FullPodName: `${name}-7d4f-a` };
  const published = (metricName: string, dimensions: Record<string, string>, value: Published['value']) => ({
    ...metric('ContainerInsights', metricName, dimensions),
    ...(value !== undefined && { value }),
    ...(failure && { failure }),
  });
  return [
    published('pod_gpu_request', workload, requested),
    published('pod_gpu_request', full, requested),
    published('pod_gpu_utilization', workload, use[0]),
    ...use.flatMap((value, index) => {
      const device = { ...full, GpuDevice: `nvidia${index}` };
      return [
        published('pod_gpu_utilization', device, value),
        published('pod_gpu_memory_utilization', device, memory),
      ];
    }),
  ];
}

async function observe(published: Published[], nodes = [node], config: object = {}) {
  const world = publish(published);
  fakeEc2(nodes);
  const clients = {
    cloudWatch: new CloudWatchClient({}),
    ec2: new EC2Client({}),
    pricing: new PricingClient({}),
  } as TargetClients;
  const observed = await observeContainers({ clients, target, config: parseConfig(config), now, open: [] });
  return { ...world, ...observed };
}

describe('the GPUs that pods request', () => {
  it('are told with what they cost at the price of their node, and whose they are', async () => {
    const { observations, complete, gaps } = await observe([...pod('ranker'), nodeMetric()]);
    expect(observations).toMatchObject([
      {
        resource: {
          kind: 'container-gpus',
          account: '210987654321',
          region: 'eu-west-1',
          id: 'ml/nlp/ranker',
          name: 'nlp/ranker',
          type: 'g5.12xlarge',
          count: 2,
          tags: { team: 'nlp' },
          within: ['i-1'],
        },
        utilization: { state: 'idle', check: 'gpu-requested-unused', wastedShare: 1 },
        hourlyRate: 3,
      },
    ]);
    expect({ complete, gaps }).toEqual({ complete: ['container-gpus'], gaps: [] });
  });

  it('are told when they are used too, without asking for their memory', async () => {
    const { observations, queried } = await observe([...pod('ranker', { use: [60, 70] }), nodeMetric()]);
    expect(observations).toMatchObject([{ utilization: { state: 'busy' }, hourlyRate: 3 }]);
    expect(queried.toSorted()).toEqual([
      'pod_gpu_request 300',
      'pod_gpu_utilization 300',
      'pod_gpu_utilization 300',
    ]);
  });

  it('with a loaded model are unused after a day, by hourly maxima', async () => {
    const { observations, queried } = await observe([...pod('served', { memory: 70 }), nodeMetric()]);
    expect(observations).toMatchObject([
      { utilization: { state: 'idle', windowStart: '2026-11-15T06:00:00Z', confidence: 'medium' } },
    ]);
    expect(queried).toContain('pod_gpu_utilization 3600');
  });

  it('with a model that was asked within a day are at work', async () => {
    const asked = (at: number) => (at < Date.parse('2026-11-16T00:00:00Z') ? 40 : 0);
    const { observations } = await observe([...pod('served', { use: [asked, 0], memory: 70 }), nodeMetric()]);
    expect(observations).toMatchObject([
      { utilization: { state: 'busy', lastBusy: '2026-11-15T23:00:00Z' } },
    ]);
  });

  it('are unknown where a query fails, and the other workloads are none the worse', async () => {
    const { observations } = await observe([
      ...pod('failing', { failure: 'Rate exceeded' }),
      ...pod('ranker'),
      nodeMetric(),
    ]);
    expect(observations.map(({ resource, utilization }) => [resource.name, utilization.state])).toEqual([
      ['nlp/failing', 'unknown'],
      ['nlp/ranker', 'idle'],
    ]);
  });

  it('are told without a price where no node is known, and the gap is named', async () => {
    const { observations, gaps } = await observeWithoutNodes();
    expect(observations).toMatchObject([{ resource: { type: 'GPU' }, utilization: { state: 'idle' } }]);
    expect(observations[0]?.hourlyRate).toBeUndefined();
    expect(observations[0]?.resource.within).toBeUndefined();
    expect(gaps).toEqual([{ what: 'the nodes of container clusters, and so their prices', why: 'denied' }]);
  });

  it('have no price where their nodes differ, and the memory of their GPUs tells not which it is', async () => {
    const p4d = instance({ instanceId: 'i-2', instanceType: 'p4d.24xlarge' });
    const bytes = 40_537 * 1_048_576;
    const total = metric('ContainerInsights', 'pod_gpu_memory_total', {
      ClusterName: 'ml',
      Namespace: 'nlp',
      PodName: 'ranker',
    });
    const { observations, queried } = await observe(
      [...pod('ranker'), nodeMetric(), nodeMetric('i-2', 'p4d.24xlarge'), { ...total, value: bytes }],
      [node, p4d],
    );
    expect(queried).toContain('pod_gpu_memory_total 300');
    expect(observations).toMatchObject([{ resource: { type: 'g5.12xlarge or p4d.24xlarge' } }]);
    expect(observations[0]?.hourlyRate).toBeUndefined();
  });

  it('are unknown where a pod tells no request, as the others of its cluster do, and a guess where none does', async () => {
    const unasked = pod('web').filter(({ name }) => name !== 'pod_gpu_request');
    const verdictsOf = async (published: Published[]) =>
      (await observe([...published, nodeMetric()])).observations.map(({ resource, utilization }) => [
        resource.name,
        utilization.state,
        utilization.confidence,
      ]);
    expect(await verdictsOf([...pod('ranker'), ...unasked])).toEqual([
      ['nlp/ranker', 'idle', 'high'],
      ['nlp/web', 'unknown', 'low'],
    ]);
    expect(await verdictsOf(unasked)).toEqual([['nlp/web', 'idle', 'medium']]);
  });

  it('of a pod that requests none are nothing to tell', async () => {
    expect((await observe(pod('web', { requested: 0, use: [] }))).observations).toEqual([]);
  });
});

/** A role that may list pods, and not the nodes. */
async function observeWithoutNodes() {
  const world = publish(pod('ranker'));
  world.cloudWatch
    .on(ListMetricsCommand, { MetricName: 'node_gpu_utilization' })
    .rejects(new Error('denied'));
  fakeEc2([]);
  const clients = { cloudWatch: new CloudWatchClient({}), ec2: new EC2Client({}) } as TargetClients;
  return observeContainers({ clients, target, config: parseConfig({}), now, open: [] });
}

describe('a target', () => {
  it('without containers has nothing to tell, and asks EC2 nothing', async () => {
    const { observations, complete, gaps, queried } = await observe([]);
    expect({ observations, complete, gaps }).toEqual({
      observations: [],
      complete: ['container-gpus'],
      gaps: [],
    });
    expect(queried).toEqual([]);
  });

  it('whose namespace may not be read has a gap, and what was open stays open', async () => {
    const world = publish([]);
    world.cloudWatch.on(ListMetricsCommand, { Namespace: 'ContainerInsights' }).rejects(new Error('denied'));
    const clients = { cloudWatch: new CloudWatchClient({}) } as TargetClients;
    expect(await observeContainers({ clients, target, config: parseConfig({}), now, open: [] })).toEqual({
      observations: [],
      complete: [],
      gaps: [{ what: 'the CloudWatch namespace ContainerInsights', why: 'denied' }],
    });
  });

  it('is asked for no namespace that the configuration leaves out', async () => {
    const { cloudWatch } = await observe(pod('ranker'), [], { utilization: { namespaces: ['CWAgent'] } });
    expect(cloudWatch).not.toHaveReceivedCommand(ListMetricsCommand);
  });
});

describe('the GPUs of ECS tasks', () => {
  const task = (name: string, dimensions: Record<string, string>, value: number): Published => ({
    ...metric('ECS/ContainerInsights', name, {
      ClusterName: 'web',
      ServiceName: 'ranker',
      TaskId: 't1',
      ...dimensions,
    }),
    value,
  });
  const limit = metric('ECS/ContainerInsights', 'InstanceGPULimit', {
    ClusterName: 'web',
    EC2InstanceId: 'i-1',
  });

  it('are counted and priced where each is told', async () => {
    const gpus = ['GPU-1', 'GPU-2'].flatMap((AcceleratedDevice) => [
      task('TaskGPUUtilization', { AcceleratedDevice }, 0),
      task('TaskGPUMemoryUtilization', { AcceleratedDevice }, 0),
    ]);
    expect((await observe([...gpus, limit])).observations).toMatchObject([
      {
        resource: { id: 'web/service/ranker', count: 2, type: 'g5.12xlarge' },
        utilization: { check: 'gpu-requested-unused', confidence: 'medium' },
        hourlyRate: 3,
      },
    ]);
  });

  it('have no price where nothing tells how many they are', async () => {
    const whole = [task('TaskGPUUtilization', {}, 0), task('TaskGPUMemoryUtilization', {}, 0)];
    const { observations } = await observe([...whole, limit]);
    expect(observations).toMatchObject([{ utilization: { check: 'gpu-requested-unused' } }]);
    expect(observations[0]?.hourlyRate).toBeUndefined();
  });
});
