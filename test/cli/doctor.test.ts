import { BedrockClient, ListProvisionedModelThroughputsCommand } from '@aws-sdk/client-bedrock';
import {
  CloudWatchClient,
  ListMetricsCommand,
  type ListMetricsCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { DescribeInstancesCommand, DescribeInstanceTypesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import {
  ListClusterNodesCommand,
  ListClustersCommand,
  ListEndpointsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agentConfig } from '../../cli/agent-config.ts';
import { checkDeviceMetrics } from '../../cli/device-metrics.ts';
import { checkTargets } from '../../cli/doctor.ts';
import type { Finding } from '../../cli/doctor-finding.ts';
import { checkServices } from '../../cli/service-access.ts';
import type { Session } from '../../cli/session.ts';
import { parseConfig } from '../../shared/config.ts';
import type { Target } from '../../shared/target.ts';
import { watchdog } from '../support/run.ts';

const ec2 = mockClient(EC2Client);
const cloudWatch = mockClient(CloudWatchClient);
const sageMaker = mockClient(SageMakerClient);
const bedrock = mockClient(BedrockClient);
const tagging = mockClient(ResourceGroupsTaggingAPIClient);
const target = { account: '123456789012', region: 'eu-west-1' };
const here = '123456789012, eu-west-1';

type Host = { id: string; type?: string; host?: string; launched?: string };

/** An account with these running instances. */
function given(...hosts: Host[]) {
  ec2.on(DescribeInstancesCommand).resolves({
    Reservations: hosts.map(({ id, type = 'g5.12xlarge', host, launched = '2026-11-13T16:20:00Z' }) => ({
      ReservationId: 'r-1',
      Instances: [
        {
          InstanceId: id,
          InstanceType: type as 'g5.12xlarge',
          State: { Name: 'running' },
          LaunchTime: new Date(launched),
          RootDeviceType: 'ebs',
          PrivateDnsName: host,
        },
      ],
    })),
  });
}

type Listed = [name: string, dimensions: Record<string, string>];

/** What each namespace lists. */
function listing(metrics: Record<string, readonly Listed[]>) {
  cloudWatch.on(ListMetricsCommand).callsFake(({ Namespace = '' }: ListMetricsCommandInput) => ({
    Metrics: (metrics[Namespace] ?? []).map(([MetricName, dimensions]) => ({
      Namespace,
      MetricName,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    })),
  }));
}

const agent = (id: string, count: number, names = ['utilization_gpu', 'memory_used']): Listed[] =>
  Array.from({ length: count }, (_, index) =>
    names.map((name): Listed => [`nvidia_smi_${name}`, { InstanceId: id, index: String(index) }]),
  ).flat();

const session = (targets: readonly Target[]): Session => ({
  config: parseConfig({}),
  home: target,
  targets,
  now: '2026-11-16T18:25:00Z',
  close: async () => {},
});

const check = (targets: readonly Target[] = [target]): Promise<Finding[]> =>
  checkDeviceMetrics(session(targets));

/** A HyperPod cluster with these nodes. */
function givenNodes(...ids: string[]) {
  const ClusterArn = 'arn:aws:sagemaker:eu-west-1:123456789012:cluster/research';
  const cluster = {
    ClusterArn,
    ClusterName: 'research',
    ClusterStatus: 'InService' as const,
    CreationTime: new Date('2026-11-01T00:00:00Z'),
  };
  sageMaker.on(ListClustersCommand).resolves({ ClusterSummaries: [cluster] });
  sageMaker.on(ListClusterNodesCommand).resolves({
    ClusterNodeSummaries: ids.map((InstanceId) => ({
      InstanceGroupName: 'workers',
      InstanceId,
      InstanceType: 'ml.g5.12xlarge',
      LaunchTime: new Date('2026-11-13T16:20:00Z'),
      InstanceStatus: { Status: 'Running' },
    })),
  });
}

const details = (findings: readonly Finding[]) => findings.map(({ detail }) => detail);

beforeEach(() => {
  ec2.reset();
  cloudWatch.reset();
  for (const mock of [sageMaker, bedrock, tagging]) mock.reset();
  sageMaker.onAnyCommand().resolves({});
  bedrock.onAnyCommand().resolves({});
  tagging.onAnyCommand().resolves({});
  listing({});
  ec2.on(DescribeInstanceTypesCommand).resolves({
    InstanceTypes: [
      {
        InstanceType: 'g5.12xlarge',
        VCpuInfo: { DefaultVCpus: 48 },
        GpuInfo: { Gpus: [{ Name: 'A10G', Count: 4, MemoryInfo: { SizeInMiB: 24_576 } }] },
      },
      {
        InstanceType: 'trn1.2xlarge',
        VCpuInfo: { DefaultVCpus: 8 },
        NeuronInfo: { NeuronDevices: [{ Name: 'Trainium', Count: 1, CoreInfo: { Count: 2 } }] },
      },
      { InstanceType: 'm5.xlarge', VCpuInfo: { DefaultVCpus: 4 } },
    ],
  });
});

describe('the targets of the doctor', () => {
  it.each([
    ['0 of 0 instances running', []],
    ['1 of 1 instance running', [{ id: 'i-1' }]],
    ['2 of 2 instances running', [{ id: 'i-1' }, { id: 'i-2' }]],
  ])('have %s', async (told, hosts) => {
    given(...hosts);
    expect(details(await checkTargets(session([target])))).toEqual([`${here}: ${told}`]);
  });
});

describe('the look at GPU metrics', () => {
  it('is content with an instance whose devices all report', async () => {
    given({ id: 'i-whole' }, { id: 'i-web', type: 'm5.xlarge' });
    listing({ CWAgent: agent('i-whole', 4) });
    expect(await check()).toEqual([
      {
        check: 'GPU metrics',
        status: 'ok',
        detail: `${here}: 1 of 1 accelerator instance reporting all devices`,
      },
    ]);
  });

  it.each([
    ['nothing', [], 'no GPU reports anything', 'CloudWatch agent'],
    ['some devices', agent('i-1', 3), 'only 3 of 4 GPUs report their utilisation', 'restart its agent'],
    [
      'the memory of some devices',
      [...agent('i-1', 3), ...agent('i-1', 4, ['utilization_gpu'])],
      'only 3 of 4 GPUs report their memory',
      'look at the device that stays away',
    ],
    ['no memory', agent('i-1', 4, ['utilization_gpu']), 'no GPU reports its memory', 'add memory_used'],
    ['memory alone', agent('i-1', 4, ['memory_used']), 'no GPU reports its utilisation', 'DCGM exporter'],
  ])('names an instance that reports %s, and what to do', async (_, metrics, detail, fix) => {
    given({ id: 'i-1' });
    listing({ CWAgent: metrics });
    const findings = await check();
    expect(details(findings)[0]).toContain('0 of 1 accelerator instance ');
    expect(findings[1]).toMatchObject({ status: 'warn', fix: expect.stringContaining(fix) });
    expect(findings[1]?.detail).toContain(`i-1 (i-1, g5.12xlarge): ${detail}`);
  });

  it('shows the configuration that mends it once, however many instances it is for', async () => {
    given({ id: 'i-1' }, { id: 'i-2' });
    const findings = await check([target, { ...target, region: 'us-east-1' }]);
    expect(findings.filter(({ status }) => status === 'warn')).toHaveLength(5);
    expect(findings.flatMap(({ config }) => config ?? [])).toEqual([agentConfig]);
  });

  it('shows no configuration where the agent has it, and lacks a device', async () => {
    given({ id: 'i-1' });
    listing({ CWAgent: agent('i-1', 3) });
    expect((await check()).flatMap(({ config }) => config ?? [])).toEqual([]);
  });

  it('looks at the nodes of HyperPod clusters too', async () => {
    given({ id: 'i-1' });
    givenNodes('i-node', 'i-mute');
    listing({ CWAgent: [...agent('i-1', 4), ...agent('i-node', 4)] });
    const findings = await check();
    expect(details(findings)).toEqual([
      `${here}: 2 of 3 accelerator instances reporting all devices`,
      `${here}: research/workers (i-mute, ml.g5.12xlarge): no GPU reports anything`,
      'how GPUs report: the configuration of the CloudWatch agent',
    ]);
    expect(findings[1]?.fix).toContain('lifecycle script');
  });

  it('says that clusters may not be listed, and looks at the instances', async () => {
    given({ id: 'i-1' });
    sageMaker.on(ListClustersCommand).rejects(new Error('No permission for sagemaker:ListClusters'));
    listing({ CWAgent: agent('i-1', 4) });
    expect(details(await check())).toEqual([
      `${here}: HyperPod clusters can't be read: No permission for sagemaker:ListClusters`,
      `${here}: 1 of 1 accelerator instance reporting all devices`,
    ]);
  });

  it('tells what makes NeuronCores report', async () => {
    given({ id: 'i-1', type: 'trn1.2xlarge' });
    const findings = await check();
    expect(details(findings)[1]).toContain('no NeuronCore reports anything');
    expect(findings.at(-1)?.fix).toContain('neuron-monitor');
    expect(findings.every(({ config }) => config === undefined)).toBe(true);
  });

  it('names hosts that could not be told from each other, a few of many', async () => {
    given({ id: 'i-1', host: 'ip-1.internal' }, { id: 'i-2', host: 'ip-1.internal' });
    const onHost = (host: string): Listed => ['nvidia_smi_utilization_gpu', { host, index: '0' }];
    const strangers = Array.from({ length: 7 }, (_, index) => onHost(`box-${index}`));
    listing({ CWAgent: [...strangers, onHost('ip-1')] });
    expect(details(await check())).toEqual(
      expect.arrayContaining([
        `${here}: metrics without an instance id in CWAgent: no instance has this name: box-0, box-1, box-2, box-3, box-4 and 2 more`,
        `${here}: metrics without an instance id in CWAgent: 2 instances have this name: ip-1`,
      ]),
    );
  });

  it('names a namespace that it may not read, and reads the others', async () => {
    given({ id: 'i-1' });
    listing({ CWAgent: agent('i-1', 4) });
    cloudWatch.on(ListMetricsCommand, { Namespace: 'GPUMonitoring' }).rejects(new Error('No permission'));
    const [unread, instances] = await check();
    expect(unread).toMatchObject({
      status: 'warn',
      detail: `${here}: the namespace GPUMonitoring can't be read: No permission`,
    });
    expect(instances?.status).toBe('ok');
  });

  it('waits for an instance that has just been started', async () => {
    given({ id: 'i-1', launched: '2026-11-16T18:00:00Z' });
    expect(details(await check())).toEqual(['no accelerator instance runs that should report']);
    expect(cloudWatch).not.toHaveReceivedCommand(ListMetricsCommand);
  });

  it('goes on where one account can not be read', async () => {
    ec2.on(DescribeInstancesCommand).rejectsOnce(new Error('no such role')).resolves({ Reservations: [] });
    const findings = await check([target, { ...target, region: 'us-east-1' }]);
    expect(findings).toMatchObject([{ status: 'fail', detail: `${here}: no such role` }]);
  });
});

describe('the look at the other services', () => {
  it('is one small call each', async () => {
    expect(await checkServices(session([target]))).toEqual([
      { check: 'services', status: 'ok', detail: `${here}: SageMaker, Bedrock, tags can be read` },
    ]);
    expect(sageMaker).toHaveReceivedCommandWith(ListEndpointsCommand, { MaxResults: 1 });
    expect(bedrock).toHaveReceivedCommandWith(ListProvisionedModelThroughputsCommand, { maxResults: 1 });
    expect(tagging).toHaveReceivedCommandWith(GetResourcesCommand, { ResourcesPerPage: 1 });
  });

  it('names the action that a role lacks, and goes on', async () => {
    // As createClient's clients tell it.
    const denied = 'No permission for sagemaker:ListEndpoints: see docs/permissions.md (not authorized)';
    sageMaker.on(ListEndpointsCommand).rejects(new Error(denied));
    const [able, lacking] = await checkServices(session([target]));
    expect(able?.detail).toBe(`${here}: Bedrock, tags can be read`);
    expect(lacking).toMatchObject({
      status: 'warn',
      missing: 'sagemaker:ListEndpoints',
      fix: expect.stringMatching(/^allow sagemaker:ListEndpoints .*; until then endpoints, .* not watched$/),
    });
  });

  it('tells what else is wrong with one, target by target', async () => {
    bedrock
      .on(ListProvisionedModelThroughputsCommand)
      .rejectsOnce(new Error('getaddrinfo ENOTFOUND'))
      .resolves({});
    const findings = await checkServices(session([target, { ...target, region: 'us-east-1' }]));
    expect(findings.filter(({ status }) => status === 'warn')).toEqual([
      expect.objectContaining({ detail: `${here}: Bedrock: getaddrinfo ENOTFOUND` }),
    ]);
    expect(findings.filter(({ missing }) => missing !== undefined)).toEqual([]);
  });
});

describe('doctor', () => {
  let findings: Finding[];
  let text: string;
  beforeAll(async () => {
    const [json, plain] = await Promise.all([
      watchdog(['doctor', '--sample', '--format', 'json']),
      watchdog(['doctor', '--sample'], { env: { COLUMNS: '80' } }),
    ]);
    findings = JSON.parse(json.stdout);
    text = plain.stdout;
  }, 120_000);

  it('finds what keeps the sample account in the dark', () => {
    const metrics = findings.filter(({ check }) => check === 'GPU metrics').map(({ detail }) => detail);
    expect(metrics.join('\n')).toContain(
      'tts-notebook (i-0d4e7b1c93fa26513, g5.xlarge): no GPU reports anything',
    );
    expect(metrics.join('\n')).toContain('only 3 of 4 GPUs report their utilisation');
    expect(metrics.join('\n')).toContain('no GPU reports its utilisation, as with MIG devices');
  });

  it('is no wider than the screen', () => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('says of each target which services can be read', () => {
    expect(findings.filter(({ check, status }) => check === 'services' && status === 'ok')).toHaveLength(6);
  });

  it('prints the configuration of the agent as it goes into a file', () => {
    const [, config = ''] = /\n\n(\{\n[\s\S]*?\n\})\n/.exec(text) ?? [];
    expect(JSON.parse(config)).toEqual(agentConfig);
    expect(JSON.parse(config).metrics.append_dimensions.InstanceId).toMatch(/^\$\{aws:InstanceId\}$/);
  });
});
