import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstanceTypesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetProductsCommand, type GetProductsCommandInput, PricingClient } from '@aws-sdk/client-pricing';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import {
  DescribeAppCommand,
  type DescribeAppCommandInput,
  DescribeEndpointCommand,
  type DescribeEndpointCommandInput,
  DescribeEndpointConfigCommand,
  type DescribeEndpointConfigCommandInput,
  ListAppsCommand,
  ListEndpointsCommand,
  ListInferenceComponentsCommand,
  ListNotebookInstancesCommand,
  type ProductionVariant,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Finding, reviewFindings, toFinding } from '../../shared/compute/finding.ts';
import { parseConfig } from '../../shared/config.ts';
import { observeSageMaker } from '../../shared/watch/observe-sagemaker.ts';
import type { TargetClients } from '../../shared/watch/target-clients.ts';
import { findingOf } from '../support/finding.ts';
import { metric, type Published, publish } from '../support/published.ts';

const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const now = '2026-11-16T06:05:00Z';
const hourMs = 3_600_000;
const created = new Date('2026-10-01T08:00:00Z');

const sageMaker = mockClient(SageMakerClient);
const pricing = mockClient(PricingClient);
const tagging = mockClient(ResourceGroupsTaggingAPIClient);
const ec2 = mockClient(EC2Client);

const arn = (resource: string) => `arn:aws:sagemaker:eu-west-1:210987654321:${resource}`;

const uses = { 'EUW1-Host:': 1, 'EUW1-Notebk:': 0.9, 'EUW1-Studio:JupyterLab-': 0.8 };

const gpus = (InstanceType: 'g5.12xlarge' | 'g5.xlarge' | 'g4dn.xlarge', Count: number) => ({
  InstanceType,
  VCpuInfo: { DefaultVCpus: Count * 4 },
  GpuInfo: { Gpus: [{ Name: 'A10G', Manufacturer: 'NVIDIA', Count, MemoryInfo: { SizeInMiB: 22_888 } }] },
});

beforeEach(() => {
  for (const mock of [sageMaker, pricing, tagging, ec2]) mock.reset();
  sageMaker.on(ListEndpointsCommand).resolves({ Endpoints: [] });
  sageMaker.on(ListNotebookInstancesCommand).resolves({ NotebookInstances: [] });
  sageMaker.on(ListAppsCommand).resolves({ Apps: [] });
  sageMaker.on(ListInferenceComponentsCommand).resolves({ InferenceComponents: [] });
  tagging.on(GetResourcesCommand).resolves({ ResourceTagMappingList: [] });
  ec2.on(DescribeInstanceTypesCommand).resolves({
    InstanceTypes: [gpus('g5.12xlarge', 4), gpus('g5.xlarge', 1), gpus('g4dn.xlarge', 1)],
  });
  pricing.on(GetProductsCommand).callsFake(({ Filters = [] }: GetProductsCommandInput) => {
    const type = Filters.find(({ Field }) => Field === 'instanceName')?.Value ?? '';
    const products = Object.entries(uses).map(([usage, usd]) =>
      JSON.stringify({
        product: { attributes: { usagetype: `${usage}${type}` } },
        terms: {
          OnDemand: { a: { priceDimensions: { b: { unit: 'Hrs', pricePerUnit: { USD: String(usd) } } } } },
        },
      }),
    );
    return { PriceList: type === 'ml.p9.huge' ? [] : products };
  });
});

type GivenEndpoint = {
  type?: string;
  count?: number;
  isAsync?: boolean;
  components?: readonly string[];
  provisioned?: number;
};

function givenEndpoints(endpoints: Record<string, GivenEndpoint>) {
  sageMaker.on(ListEndpointsCommand).resolves({
    Endpoints: Object.keys(endpoints).map((EndpointName) => ({
      EndpointName,
      EndpointArn: arn(`endpoint/${EndpointName}`),
      EndpointStatus: 'InService',
      CreationTime: created,
      LastModifiedTime: created,
    })),
  });
  sageMaker
    .on(DescribeEndpointCommand)
    .callsFake(({ EndpointName: name = '' }: DescribeEndpointCommandInput) => {
      const { count = 1, isAsync = false, provisioned } = endpoints[name] ?? {};
      const serverless = { MemorySizeInMB: 2048, MaxConcurrency: 10, ProvisionedConcurrency: provisioned };
      return {
        EndpointName: name,
        EndpointConfigName: name,
        EndpointStatus: 'InService',
        ProductionVariants: [
          {
            VariantName: 'AllTraffic',
            ...(provisioned === undefined
              ? { CurrentInstanceCount: count }
              : { CurrentServerlessConfig: serverless }),
          },
        ],
        ...(isAsync && { AsyncInferenceConfig: { OutputConfig: {} } }),
      };
    });
  sageMaker
    .on(DescribeEndpointConfigCommand)
    .callsFake(({ EndpointConfigName: name = '' }: DescribeEndpointConfigCommandInput) => {
      const { type = 'ml.g5.xlarge', components, provisioned } = endpoints[name] ?? {};
      const variant = {
        VariantName: 'AllTraffic',
        ...(components === undefined && { ModelName: name }),
        ...(provisioned === undefined && { InstanceType: type as ProductionVariant['InstanceType'] }),
      };
      return { ProductionVariants: [variant] };
    });
  sageMaker.on(ListInferenceComponentsCommand).resolves({
    InferenceComponents: Object.entries(endpoints).flatMap(([EndpointName, { components = [] }]) =>
      components.map((InferenceComponentName) => ({
        InferenceComponentName,
        InferenceComponentArn: arn(`inference-component/${InferenceComponentName}`),
        EndpointName,
        EndpointArn: arn(`endpoint/${EndpointName}`),
        VariantName: 'AllTraffic',
        CreationTime: created,
        LastModifiedTime: created,
      })),
    ),
  });
}

type Value = Published['value'];

const ofVariant = (namespace: string, name: string, endpoint: string, value: Value): Published => ({
  ...metric(namespace, name, { EndpointName: endpoint, VariantName: 'AllTraffic' }),
  ...(value !== undefined && { value }),
});

const invocations = (endpoint: string, value: Value) =>
  ofVariant('AWS/SageMaker', 'Invocations', endpoint, value);
const cpu = (endpoint: string, value: Value = 3) =>
  ofVariant('/aws/sagemaker/Endpoints', 'CPUUtilization', endpoint, value);
const gpu = (endpoint: string, value: Value) =>
  ofVariant('/aws/sagemaker/Endpoints', 'GPUUtilization', endpoint, value);

/** What CloudWatch makes of a sample every five minutes. */
const sampled =
  (sampleAt: (at: number) => number): Value =>
  (at, { statistic, seconds }) => {
    const samples = Array.from({ length: seconds / 300 }, (_, index) => sampleAt(at + index * 300_000));
    if (statistic === 'Maximum') return Math.max(...samples);
    if (statistic === 'Minimum') return Math.min(...samples);
    return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  };

async function observe(published: Published[] = [], config: object = {}, open: readonly Finding[] = []) {
  const world = publish(published);
  const observed = await lookAtAll(config, open);
  return { ...world, ...observed };
}

/** What is seen of the services as they are faked by then. */
function lookAtAll(config: object = {}, open: readonly Finding[] = []) {
  const clients = {
    cloudWatch: new CloudWatchClient({}),
    ec2: new EC2Client({}),
    pricing: new PricingClient({}),
    sageMaker: new SageMakerClient({}),
    tagging: new ResourceGroupsTaggingAPIClient({}),
  } as TargetClients;
  return observeSageMaker({ clients, target, config: parseConfig(config), now, open });
}

const allKinds = ['sagemaker-endpoint', 'sagemaker-notebook', 'sagemaker-app'];

describe('the endpoints of a target', () => {
  it('are told with their price and their tags, the idle ones with what is wasted', async () => {
    givenEndpoints({ ranker: { count: 2 } });
    tagging.on(GetResourcesCommand).resolves({
      ResourceTagMappingList: [
        { ResourceARN: arn('endpoint/ranker'), Tags: [{ Key: 'team', Value: 'search' }] },
      ],
    });
    const { observations, complete, gaps } = await observe([invocations('ranker', 0), cpu('ranker')]);
    expect(observations).toMatchObject([
      {
        resource: {
          kind: 'sagemaker-endpoint',
          account: '210987654321',
          region: 'eu-west-1',
          id: 'ranker',
          name: 'ranker',
          type: 'ml.g5.xlarge',
          count: 2,
          startedAt: '2026-10-01T08:00:00Z',
          tags: { team: 'search' },
        },
        since: '2026-11-02T06:00:00Z',
        utilization: { state: 'idle', check: 'idle-endpoint', confidence: 'high', wastedShare: 1 },
        hourlyRate: 2,
      },
    ]);
    expect({ complete, gaps }).toEqual({ complete: allKinds, gaps: [] });
  });

  it('are asked for two metrics where they are called, three where they are not', async () => {
    givenEndpoints({ busy: {}, idle: {}, silent: {}, free: { count: 0 } });
    const { observations, queried } = await observe([
      invocations('busy', 100),
      gpu('busy', 60),
      invocations('idle', 0),
      cpu('idle'),
      cpu('silent'),
    ]);
    expect(observations.map(({ resource, utilization }) => [resource.id, utilization.state])).toEqual([
      ['busy', 'busy'],
      ['idle', 'idle'],
      ['silent', 'idle'],
      ['free', 'idle'],
    ]);
    expect(queried).toEqual([
      ...['Invocations 3600', 'Invocations 3600', 'Invocations 3600'],
      'GPUUtilization 3600',
      ...['ConcurrentRequestsPerModel 3600', 'CPUUtilization 3600'],
      ...['ConcurrentRequestsPerModel 3600', 'CPUUtilization 3600'],
    ]);
    expect(observations[3]).toMatchObject({ hourlyRate: 0, utilization: { state: 'idle' } });
    expect(observations[3]?.utilization.check).toBeUndefined();
  });

  it('are told with what one of several instances serves', async () => {
    givenEndpoints({ ranker: { count: 2 } });
    const perInstance = ofVariant('AWS/SageMaker', 'InvocationsPerInstance', 'ranker', 50);
    const { observations, queried } = await observe([
      invocations('ranker', 100),
      perInstance,
      gpu('ranker', 60),
    ]);
    expect(observations[0]?.utilization.reason).toMatch(
      /^2,500 invocations in 24 h \(1,250 per instance\), GPU/,
    );
    expect(queried).toEqual(['Invocations 3600', 'InvocationsPerInstance 3600', 'GPUUtilization 3600']);
  });

  it('are not idle without a metric that tells that they are up', async () => {
    givenEndpoints({ ranker: {} });
    const { observations } = await observe([]);
    expect(observations).toMatchObject([{ utilization: { state: 'unknown', confidence: 'low' } }]);
  });

  it('have as many GPUs as EC2 tells of their type: 80 % on four are a fifth', async () => {
    givenEndpoints({ ranker: { type: 'ml.g5.12xlarge' } });
    const { observations } = await observe([invocations('ranker', 100), gpu('ranker', 80)]);
    expect(observations).toMatchObject([
      { utilization: { state: 'underused', check: 'underused-endpoint' }, hourlyRate: 1 },
    ]);
    expect(observations[0]?.utilization.wastedShare).toBeCloseTo(0.8);
  });

  it('of a type that EC2 does not know are busy or idle, and never underused', async () => {
    givenEndpoints({ called: { type: 'ml.p9.huge' }, idle: { type: 'ml.p9.huge' } });
    const { observations } = await observe([
      invocations('called', 100),
      gpu('called', 1),
      invocations('idle', 0),
      cpu('idle'),
    ]);
    expect(observations).toMatchObject([
      { utilization: { state: 'busy' } },
      { utilization: { check: 'idle-endpoint' } },
    ]);
    expect(observations.map(({ hourlyRate }) => hourlyRate)).toEqual([undefined, undefined]);
  });

  it('that are asynchronous are judged by what was processed and what waits', async () => {
    givenEndpoints({ idle: { isAsync: true }, waiting: { isAsync: true }, working: { isAsync: true } });
    const processed = (endpoint: string, value: Value) =>
      ofVariant('AWS/SageMaker', 'InvocationsProcessed', endpoint, value);
    const backlog = (EndpointName: string, value: number): Published => ({
      ...metric('AWS/SageMaker', 'ApproximateBacklogSize', { EndpointName }),
      value,
    });
    const { observations } = await observe([
      ...[cpu('idle'), backlog('idle', 0)],
      ...[cpu('waiting'), backlog('waiting', 4)],
      ...[cpu('working'), processed('working', 2)],
    ]);
    expect(observations).toMatchObject([
      { utilization: { check: 'idle-endpoint', confidence: 'medium' } },
      { utilization: { state: 'busy' } },
      { utilization: { state: 'busy', reason: '50 requests in 24 h' } },
    ]);
  });

  it('that host inference components are called through them', async () => {
    givenEndpoints({ pool: { components: ['llama', 'mistral'] } });
    const component = (InferenceComponentName: string, value: number): Published => ({
      ...metric('AWS/SageMaker', 'Invocations', { InferenceComponentName }),
      value,
    });
    const busy = await observe([component('llama', 0), component('mistral', 3), cpu('pool')]);
    expect(busy.observations).toMatchObject([{ utilization: { state: 'busy' } }]);
    const idle = await observe([
      ...[component('llama', 0), component('mistral', 0)],
      ...[cpu('pool'), gpu('pool', 0)],
    ]);
    expect(idle.observations).toMatchObject([{ utilization: { check: 'idle-endpoint' } }]);
    expect(idle.queried).toEqual([
      ...['Invocations 3600', 'Invocations 3600'],
      ...['ConcurrentRequestsPerCopy 3600', 'ConcurrentRequestsPerCopy 3600'],
      ...['CPUUtilization 3600', 'GPUUtilization 3600'],
    ]);
  });

  it('that host inference components may have an open connection to one', async () => {
    givenEndpoints({ pool: { components: ['llama'] } });
    const component = (name: string, value: number): Published => ({
      ...metric('AWS/SageMaker', name, { InferenceComponentName: 'llama' }),
      value,
    });
    const { observations } = await observe([
      component('Invocations', 0),
      component('ConcurrentRequestsPerCopy', 1),
      cpu('pool'),
    ]);
    expect(observations).toMatchObject([{ utilization: { state: 'busy' } }]);
  });

  it('are measured against all the vCPUs that their type has', async () => {
    givenEndpoints({ working: {}, waiting: {}, unknown: { type: 'ml.p9.huge' } });
    const { observations } = await observe([
      ...['working', 'waiting', 'unknown'].map((name) => invocations(name, 0)),
      ...[cpu('working', 380), cpu('waiting', 60), cpu('unknown', 60)],
    ]);
    expect(observations.map(({ utilization: { state, reason } }) => [state, reason.split(',')[0]])).toEqual([
      ['unknown', 'CPU at 95 % or more for half of the last 24 h'],
      ['idle', 'no invocation for at least 14 days'],
      ['unknown', 'CPU at 60 % or more for half of the last 24 h'],
    ]);
  });

  it('stay underused until they are used clearly more', async () => {
    givenEndpoints({ ranker: {} });
    const published = [invocations('ranker', 100), gpu('ranker', 33)];
    const open = findingOf({ kind: 'sagemaker-endpoint', id: 'ranker', check: 'underused-endpoint' });
    const checkOf = async (found: readonly Finding[]) =>
      (await observe(published, {}, found)).observations[0]?.utilization.check;
    expect(await checkOf([])).toBeUndefined();
    expect(await checkOf([open])).toBe('underused-endpoint');
  });

  it('that keep concurrency ready are judged by its use', async () => {
    givenEndpoints({ ready: { provisioned: 5 } });
    const concurrency = ofVariant(
      'AWS/SageMaker',
      'ServerlessProvisionedConcurrencyUtilization',
      'ready',
      0.04,
    );
    const { observations } = await observe([invocations('ready', 10), concurrency]);
    expect(observations).toMatchObject([
      { resource: { type: 'serverless', count: 0 }, utilization: { check: 'underused-endpoint' } },
    ]);
    expect(observations[0]?.hourlyRate).toBeUndefined();
  });

  it('leave the others be where a metric of one fails', async () => {
    givenEndpoints({ broken: {}, ranker: {} });
    const { observations } = await observe([
      { ...invocations('broken', 0), failure: 'Throttled' },
      invocations('ranker', 0),
      cpu('ranker'),
    ]);
    expect(observations).toMatchObject([
      { utilization: { state: 'unknown' } },
      { utilization: { state: 'idle', check: 'idle-endpoint' } },
    ]);
    expect(observations[0]?.utilization.reason).toContain('Throttled');
  });

  it('are judged by the window and the thresholds that are configured', async () => {
    givenEndpoints({ ranker: {} });
    const lastCall = Date.parse(now) - 30 * hourMs;
    const calls = invocations('ranker', (at) => (at > lastCall ? 0 : 5));
    const published = [calls, gpu('ranker', 20), cpu('ranker')];
    const byDefault = await observe(published);
    expect(byDefault.observations).toMatchObject([{ utilization: { check: 'idle-endpoint' } }]);
    const patient = { utilization: { endpoints: { window: 2880 }, underuse: { percent: 10 } } };
    expect((await observe(published, patient)).observations).toMatchObject([
      { utilization: { state: 'busy' } },
    ]);
  });

  it('are told without the use of their GPUs where EC2 answers nothing', async () => {
    // A type of its own: what EC2 said of the others is remembered.
    givenEndpoints({ ranker: { type: 'ml.p9.other' } });
    ec2.on(DescribeInstanceTypesCommand).rejects(new Error('No permission for ec2:DescribeInstanceTypes'));
    const { observations, complete, gaps } = await observe([invocations('ranker', 3)]);
    expect(observations).toMatchObject([{ utilization: { state: 'busy' } }]);
    expect(complete).toEqual(allKinds);
    expect(gaps).toEqual([
      {
        what: 'the GPUs of endpoints (DescribeInstanceTypes)',
        why: 'No permission for ec2:DescribeInstanceTypes',
      },
    ]);
  });
});

describe('the notebook instances of a target', () => {
  const given = (...names: string[]) =>
    sageMaker.on(ListNotebookInstancesCommand).resolves({
      NotebookInstances: names.map((NotebookInstanceName) => ({
        NotebookInstanceName,
        NotebookInstanceArn: arn(`notebook-instance/${NotebookInstanceName}`),
        NotebookInstanceStatus: 'InService',
        InstanceType: 'ml.g4dn.xlarge',
        LastModifiedTime: new Date('2026-11-11T06:05:00Z'),
      })),
    });

  const agent = (name: string, dimensions: Record<string, string>, value: Value): Published => ({
    ...metric('CWAgent', name, dimensions),
    ...(value !== undefined && { value }),
  });

  it('are judged by what an agent reports, in whatever namespace', async () => {
    given('explore', 'train', 'bare');
    const { observations, queried, gaps } = await observe([
      agent('cpu_usage_active', { NotebookInstanceName: 'explore', cpu: 'cpu-total' }, 1),
      agent('nvidia_smi_utilization_gpu', { NotebookInstanceName: 'explore', index: '0' }, 0),
      {
        ...metric('SageMakerNotebookInstances', 'cpu_usage_idle', {
          notebook_instance_name: 'train',
          cpu: 'cpu-total',
        }),
        value: 22,
      },
    ]);
    expect(observations).toMatchObject([
      {
        resource: { kind: 'sagemaker-notebook', id: 'explore', type: 'ml.g4dn.xlarge', count: 1 },
        utilization: { state: 'idle', check: 'idle-notebook' },
        hourlyRate: 0.9,
      },
      { utilization: { state: 'busy', reason: 'CPU up to 78 % in the last 12 h' } },
      { utilization: { state: 'unknown' }, hourlyRate: 0.9 },
    ]);
    expect(queried.slice(0, 3)).toEqual([
      'cpu_usage_active 300',
      'nvidia_smi_utilization_gpu 300',
      'cpu_usage_idle 300',
    ]);
    expect(gaps).toEqual([]);
  });

  it('are told since when they are idle, which is asked once', async () => {
    given('explore');
    const lastWork = Date.parse('2026-11-14T10:00:00Z');
    const published = [
      agent('cpu_usage_active', { NotebookInstanceName: 'explore' }, 1),
      agent('nvidia_smi_utilization_gpu', { NotebookInstanceName: 'explore', index: '0' }, (at) =>
        at > lastWork ? 0 : 90,
      ),
    ];
    const first = await observe(published);
    expect(first.observations).toMatchObject([{ since: '2026-11-14T11:00:00Z' }]);
    expect(first.queried).toHaveLength(4);
    const open = findingOf({ kind: 'sagemaker-notebook', id: 'explore', check: 'idle-notebook' });
    const second = await observe(published, {}, [open]);
    expect(second.observations).toMatchObject([{ utilization: { check: 'idle-notebook' } }]);
    expect(second.queried).toHaveLength(2);
  });

  it.each([
    ['cpu_usage_active', (work: number) => work],
    ['cpu_usage_idle', (work: number) => 100 - work],
  ])('have worked where a burst of minutes is lost in the mean of its hour, by %s', async (name, told) => {
    given('explore');
    const idleFrom = Date.parse('2026-11-15T18:00:00Z');
    const isBurst = (at: number) => at < idleFrom && new Date(at).getUTCMinutes() === 20;
    const { observations } = await observe([
      agent(
        name,
        { NotebookInstanceName: 'explore' },
        sampled((at) => told(isBurst(at) ? 48 : 1)),
      ),
      agent('nvidia_smi_utilization_gpu', { NotebookInstanceName: 'explore', index: '0' }, 0),
    ]);
    expect(observations).toMatchObject([
      { since: '2026-11-15T18:00:00Z', utilization: { check: 'idle-notebook' } },
    ]);
  });

  it('that are in maintenance are there, unknown, so that what was found before neither ends nor begins', async () => {
    given('explore');
    sageMaker.on(ListNotebookInstancesCommand).resolves({
      NotebookInstances: [
        {
          NotebookInstanceName: 'explore',
          NotebookInstanceArn: arn('notebook-instance/explore'),
          NotebookInstanceStatus: 'InMaintenance',
          InstanceType: 'ml.g4dn.xlarge',
          LastModifiedTime: new Date('2026-11-16T05:00:00Z'),
        },
      ],
    });
    const { observations } = await observe();
    const open = findingOf({ kind: 'sagemaker-notebook', id: 'explore', check: 'idle-notebook' });
    expect(observations).toMatchObject([{ utilization: { state: 'unknown' } }]);
    expect(
      reviewFindings([open], observations, ['sagemaker-notebook'], '2026-11-16T12:00:00Z'),
    ).toMatchObject({
      opened: [],
      confirmed: [],
      closed: [],
    });
  });

  it('are unknown, and there, where nobody may look for metrics', async () => {
    given('explore');
    const { cloudWatch } = publish([]);
    cloudWatch.on(ListMetricsCommand).rejects(new Error('No permission for cloudwatch:ListMetrics'));
    const { observations, gaps } = await lookAtAll();
    expect(observations).toMatchObject([{ utilization: { state: 'unknown' } }]);
    expect(gaps).toEqual([
      {
        what: 'the metrics of notebook instances (ListMetrics)',
        why: 'No permission for cloudwatch:ListMetrics',
      },
    ]);
  });
});

describe('the Studio apps of a target', () => {
  const lab = { DomainId: 'd-1', SpaceName: 'recsys', AppType: 'JupyterLab', AppName: 'default' } as const;
  const kernel = (AppName: string) =>
    ({ DomainId: 'd-1', UserProfileName: 'ana', AppType: 'KernelGateway', AppName }) as const;
  const running = {
    Status: 'InService',
    CreationTime: new Date('2026-11-06T06:05:00Z'),
    ResourceSpec: { InstanceType: 'ml.g5.xlarge' },
  } as const;

  beforeEach(() => {
    sageMaker.on(DescribeAppCommand).callsFake((input: DescribeAppCommandInput) => ({
      AppArn: arn(`app/d-1/${input.SpaceName ?? input.UserProfileName}/${input.AppType}/${input.AppName}`),
      LastHealthCheckTimestamp: new Date('2026-11-16T06:04:00Z'),
      LastUserActivityTimestamp: new Date('2026-11-13T02:05:00Z'),
    }));
  });

  it('are told with their price and the tags of their space and domain', async () => {
    sageMaker.on(ListAppsCommand).resolves({ Apps: [{ ...lab, ...running }] });
    const tags = (resource: string, team: string, more: { Key: string; Value: string }[] = []) => ({
      ResourceARN: arn(resource),
      Tags: [{ Key: 'team', Value: team }, ...more],
    });
    tagging.on(GetResourcesCommand).resolves({
      ResourceTagMappingList: [
        tags('domain/d-1', 'platform', [{ Key: 'project', Value: 'studio' }]),
        tags('space/d-1/recsys', 'recsys'),
        tags('space/d-1/other', 'other'),
      ],
    });
    const { observations } = await observe();
    expect(tagging).toHaveReceivedCommandWith(GetResourcesCommand, {
      ResourceARNList: [arn('app/d-1/recsys/JupyterLab/default'), arn('space/d-1/recsys'), arn('domain/d-1')],
    });
    expect(observations).toMatchObject([
      {
        resource: {
          kind: 'sagemaker-app',
          id: 'd-1/space/recsys/JupyterLab/default',
          name: 'recsys JupyterLab',
          type: 'ml.g5.xlarge',
          startedAt: '2026-11-06T06:05:00Z',
          tags: { team: 'recsys', project: 'studio' },
        },
        since: '2026-11-13T02:05:00Z',
        utilization: { check: 'idle-studio-app', confidence: 'medium' },
        hourlyRate: 0.8,
      },
    ]);
  });

  it('that were made again under their name stay found from run to run, and waste nothing before', async () => {
    sageMaker.on(ListAppsCommand).resolves({
      Apps: [{ ...lab, ...running, CreationTime: new Date('2026-11-15T06:05:00Z') }],
    });
    const first = await observe();
    const [flaw] = reviewFindings([], first.observations, first.complete, now).opened;
    const found = flaw ? [toFinding(flaw, {}, now)] : [];
    expect(found).toMatchObject([{ check: 'idle-studio-app', since: '2026-11-15T06:05:00Z' }]);
    const second = await observe([], {}, found);
    const { opened, confirmed, closed } = reviewFindings(found, second.observations, second.complete, now);
    expect(confirmed.map(({ finding }) => finding)).toEqual(found);
    expect({ opened, closed }).toEqual({ opened: [], closed: [] });
  });

  it('share the price of an instance where they share it', async () => {
    sageMaker.on(ListAppsCommand).resolves({
      Apps: [
        { ...kernel('one'), ...running },
        { ...kernel('two'), ...running },
      ],
    });
    const { observations } = await observe();
    expect(observations).toMatchObject([
      { hourlyRate: 0.4, utilization: { check: 'idle-studio-app' } },
      { hourlyRate: 0.4, utilization: { check: 'idle-studio-app' } },
    ]);
  });

  it('waste nothing beside one that is used on the same instance', async () => {
    sageMaker.on(ListAppsCommand).resolves({
      Apps: [
        { ...kernel('one'), ...running },
        { ...kernel('two'), ...running },
      ],
    });
    sageMaker.on(DescribeAppCommand, { ...kernel('two') }).resolves({
      AppArn: arn('app/d-1/ana/KernelGateway/two'),
      LastHealthCheckTimestamp: new Date('2026-11-16T06:04:00Z'),
      LastUserActivityTimestamp: new Date('2026-11-16T05:05:00Z'),
    });
    const { observations } = await observe();
    expect(observations.map(({ utilization }) => [utilization.state, utilization.check])).toEqual([
      ['busy', undefined],
      ['busy', undefined],
    ]);
  });
});

describe('what a role may not read', () => {
  it('is named, and the others go on', async () => {
    sageMaker.on(ListNotebookInstancesCommand).rejects(new Error('No permission for notebooks'));
    sageMaker.on(ListAppsCommand).rejects(new Error('No permission for apps'));
    tagging.on(GetResourcesCommand).rejects(new Error('No permission for tags'));
    givenEndpoints({ ranker: {} });
    const { observations, complete, gaps } = await observe([invocations('ranker', 0), cpu('ranker')]);
    expect(observations).toMatchObject([{ resource: { id: 'ranker', tags: {} } }]);
    expect(complete).toEqual(['sagemaker-endpoint']);
    expect(gaps).toEqual([
      {
        what: 'SageMaker notebook instances (ListNotebookInstances)',
        why: 'No permission for notebooks',
      },
      { what: 'SageMaker Studio apps (ListApps)', why: 'No permission for apps' },
      { what: 'the tags of SageMaker resources (GetResources)', why: 'No permission for tags' },
    ]);
  });

  it('costs nothing to find out where there is nothing', async () => {
    const { observations, complete, gaps, queried } = await observe();
    expect({ observations, complete, gaps, queried }).toEqual({
      observations: [],
      complete: allKinds,
      gaps: [],
      queried: [],
    });
    expect(pricing).not.toHaveReceivedCommand(GetProductsCommand);
    expect(tagging).not.toHaveReceivedCommand(GetResourcesCommand);
  });
});

describe('two hundred endpoints', () => {
  it('take a few calls of CloudWatch, and four metrics each at most', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `endpoint-${index}`);
    givenEndpoints(Object.fromEntries(names.map((name) => [name, {}])));
    const { observations, queried, cloudWatch } = await observe(names.map((name) => cpu(name)));
    expect(observations).toHaveLength(200);
    expect(queried.length).toBeLessThanOrEqual(800);
    expect(cloudWatch.calls().length).toBeLessThanOrEqual(6);
  });
});
