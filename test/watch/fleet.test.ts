import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import {
  DescribeInstanceTypesCommand,
  DescribeSpotInstanceRequestsCommand,
  EC2Client,
  type InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import { PricingClient } from '@aws-sdk/client-pricing';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { ListClusterNodesCommand, ListClustersCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import { parseConfig } from '../../shared/config.ts';
import { getFleet } from '../../shared/watch/fleet.ts';
import type { TargetClients } from '../../shared/watch/target-clients.ts';
import { instance } from '../support/compute.ts';
import { fakeEc2 } from '../support/ec2.ts';

const target = { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' };
const now = '2026-11-16T06:15:00Z';

const sageMaker = mockClient(SageMakerClient);
const pricing = mockClient(PricingClient);
const tagging = mockClient(ResourceGroupsTaggingAPIClient);

beforeEach(() => {
  for (const mock of [sageMaker, pricing, tagging]) mock.reset();
  sageMaker.on(ListClustersCommand).resolves({});
  pricing.onAnyCommand().resolves({});
  tagging.onAnyCommand().resolves({});
});

const clients = {
  ec2: new EC2Client({}),
  cloudWatch: new CloudWatchClient({}),
  pricing: new PricingClient({}),
  sageMaker: new SageMakerClient({}),
  tagging: new ResourceGroupsTaggingAPIClient({}),
} as Partial<TargetClients> as TargetClients;

const look = () => getFleet({ clients, target, config: parseConfig({}), now, open: [] });

const stops = async (): Promise<unknown[]> => {
  const { members } = await look();
  return members.map(({ resource: { id, stop } }) => [id, stop]);
};

const spot = (instanceId: string): Instance =>
  instance({ instanceId, lifecycle: 'spot', spotInstanceRequestId: `sir-${instanceId}` });

const gpuType = (InstanceType: 'p4d.24xlarge' | 'g6.2xlarge'): InstanceTypeInfo => ({
  InstanceType,
  VCpuInfo: { DefaultVCpus: 8 },
  GpuInfo: { Gpus: [{ Name: 'L4', Manufacturer: 'NVIDIA', Count: 1, MemoryInfo: { SizeInMiB: 22_888 } }] },
});

describe('the fleet', () => {
  it('knows of each instance what stands against stopping it', async () => {
    const ec2 = fakeEc2([
      instance({ instanceId: 'i-free' }),
      instance({ instanceId: 'i-group', tags: { 'aws:autoscaling:groupName': 'gpus' } }),
      instance({ instanceId: 'i-live', tags: { stage: 'live' } }),
      instance({ instanceId: 'i-kept', tags: { 'auto-stop:keep-until': '2026-11-20' } }),
      instance({ instanceId: 'i-disks', instanceType: 'g6.2xlarge' }),
      instance({ instanceId: 'i-root', rootDeviceType: 'instance-store' }),
    ]);
    ec2.on(DescribeInstanceTypesCommand).resolves({
      InstanceTypes: [
        gpuType('p4d.24xlarge'),
        { ...gpuType('g6.2xlarge'), InstanceStorageInfo: { TotalSizeInGB: 450 } },
      ],
    });
    expect(await stops()).toEqual([
      ['i-free', {}],
      ['i-group', { refusal: { code: 'auto-scaling', reason: expect.stringContaining('"gpus"') } }],
      ['i-live', { refusal: { code: 'protected-environment', reason: expect.stringContaining('"live"') } }],
      ['i-kept', { keptUntil: '2026-11-21T00:00:00Z' }],
      ['i-disks', { lostGb: 450 }],
      ['i-root', { refusal: { code: 'instance-store-root', reason: expect.any(String) } }],
    ]);
    expect(ec2).not.toHaveReceivedCommand(DescribeSpotInstanceRequestsCommand);
  });

  it('asks once for the requests of all spot instances', async () => {
    const ec2 = fakeEc2([spot('i-once'), spot('i-again')]);
    ec2.on(DescribeSpotInstanceRequestsCommand).resolves({
      SpotInstanceRequests: [
        { SpotInstanceRequestId: 'sir-i-once', Type: 'one-time' },
        { SpotInstanceRequestId: 'sir-i-again', Type: 'persistent' },
      ],
    });
    expect(await stops()).toMatchObject([
      ['i-once', { refusal: { code: 'spot-one-time' } }],
      ['i-again', {}],
    ]);
    expect(ec2).toHaveReceivedCommandTimes(DescribeSpotInstanceRequestsCommand, 1);
  });

  it('takes a request that may not be read for a refusal, names the gap, and goes on', async () => {
    const ec2 = fakeEc2([spot('i-spot'), instance({ instanceId: 'i-other' })]);
    ec2.on(DescribeSpotInstanceRequestsCommand).rejects(new Error('No permission'));
    const { members, gaps } = await look();
    expect(gaps).toEqual([{ what: 'spot requests', why: 'No permission' }]);
    expect(members.map(({ resource }) => resource.stop?.refusal?.code)).toEqual(['spot-unknown', undefined]);
  });

  it('does not know all nodes of HyperPod where those of one cluster cannot be listed', async () => {
    fakeEc2([]);
    sageMaker.on(ListClustersCommand).resolves({
      ClusterSummaries: ['research', 'pretrain'].map((ClusterName) => ({
        ClusterArn: `arn:aws:sagemaker:eu-west-1:210987654321:cluster/${ClusterName}`,
        ClusterName,
        ClusterStatus: 'InService',
        CreationTime: new Date(now),
      })),
    });
    sageMaker.on(ListClusterNodesCommand).resolves({ ClusterNodeSummaries: [] });
    sageMaker.on(ListClusterNodesCommand, { ClusterName: 'research' }).rejects(new Error('Rate exceeded'));
    const { complete, gaps } = await look();
    expect(complete).toEqual(['ec2-instance']);
    expect(gaps).toEqual([
      { what: 'the nodes of the HyperPod cluster research (ListClusterNodes)', why: 'Rate exceeded' },
    ]);
  });

  it('leaves the nodes of HyperPod to SageMaker', async () => {
    fakeEc2([]);
    const ClusterArn = 'arn:aws:sagemaker:eu-west-1:210987654321:cluster/abc';
    sageMaker.on(ListClustersCommand).resolves({
      ClusterSummaries: [
        { ClusterArn, ClusterName: 'research', ClusterStatus: 'InService', CreationTime: new Date(now) },
      ],
    });
    sageMaker.on(ListClusterNodesCommand).resolves({
      ClusterNodeSummaries: [
        {
          InstanceGroupName: 'workers',
          InstanceId: 'i-06c3b1f4a9d72e801',
          InstanceType: 'ml.p4d.24xlarge',
          LaunchTime: new Date('2026-11-01T08:00:00Z'),
          InstanceStatus: { Status: 'Running' },
        },
      ],
    });
    expect(await stops()).toEqual([['i-06c3b1f4a9d72e801', undefined]]);
  });
});
