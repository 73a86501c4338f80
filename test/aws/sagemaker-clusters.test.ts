import {
  ListClusterNodesCommand,
  type ListClusterNodesCommandInput,
  ListClustersCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getClusterNodes } from '../../shared/aws/sagemaker-clusters.ts';

const sageMaker = mockClient(SageMakerClient);
const client = new SageMakerClient({});
const target = { account: '210987654321', region: 'eu-west-1' };

beforeEach(() => sageMaker.reset());

const arn = (name: string) => `arn:aws:sagemaker:eu-west-1:210987654321:cluster/${name}`;

const cluster = (ClusterName: string, ClusterStatus: 'InService' | 'Deleting' = 'InService') => ({
  ClusterName,
  ClusterArn: arn(ClusterName),
  ClusterStatus,
  CreationTime: new Date('2026-10-01T08:00:00Z'),
});

const node = (InstanceId: string, more: { PrivateDnsHostname?: string } = {}) => ({
  InstanceGroupName: 'workers',
  InstanceId,
  InstanceType: 'ml.p5.48xlarge' as const,
  LaunchTime: new Date('2026-11-01T08:30:15.500Z'),
  InstanceStatus: { Status: 'Running' as const, Message: '' },
  ...more,
});

describe('the nodes of HyperPod clusters', () => {
  it('are those of every page of every cluster', async () => {
    sageMaker
      .on(ListClustersCommand)
      .resolvesOnce({ ClusterSummaries: [cluster('pretrain')], NextToken: 'more' })
      .resolvesOnce({ ClusterSummaries: [cluster('finetune')] });
    sageMaker
      .on(ListClusterNodesCommand)
      .callsFake(({ ClusterName = '', NextToken }: ListClusterNodesCommandInput) =>
        NextToken === undefined
          ? { ClusterNodeSummaries: [node(`i-${ClusterName}-1`)], NextToken: 'more' }
          : { ClusterNodeSummaries: [node(`i-${ClusterName}-2`)] },
      );
    const { nodes } = await getClusterNodes(client, target);
    expect(nodes.map(({ clusterName, instanceId }) => [clusterName, instanceId])).toEqual([
      ['pretrain', 'i-pretrain-1'],
      ['pretrain', 'i-pretrain-2'],
      ['finetune', 'i-finetune-1'],
      ['finetune', 'i-finetune-2'],
    ]);
  });

  it('carry what their price and their metrics go by', async () => {
    sageMaker.on(ListClustersCommand).resolves({ ClusterSummaries: [cluster('pretrain')] });
    sageMaker.on(ListClusterNodesCommand).resolves({
      ClusterNodeSummaries: [node('i-1', { PrivateDnsHostname: 'ip-10-1-0-7.eu-west-1.compute.internal' })],
    });
    expect((await getClusterNodes(client, target)).nodes).toEqual([
      {
        account: '210987654321',
        region: 'eu-west-1',
        clusterName: 'pretrain',
        clusterArn: arn('pretrain'),
        instanceGroup: 'workers',
        instanceId: 'i-1',
        instanceType: 'ml.p5.48xlarge',
        status: 'Running',
        launchTime: '2026-11-01T08:30:15Z',
        privateDnsName: 'ip-10-1-0-7.eu-west-1.compute.internal',
      },
    ]);
  });

  it('are not asked for of a cluster that is being deleted', async () => {
    sageMaker.on(ListClustersCommand).resolves({ ClusterSummaries: [cluster('old', 'Deleting')] });
    expect(await getClusterNodes(client, target)).toEqual({ nodes: [], faults: [] });
    expect(sageMaker).not.toHaveReceivedCommand(ListClusterNodesCommand);
  });

  it('are those of the other clusters where those of one cannot be listed, of which no part is told', async () => {
    const both = [cluster('pretrain'), cluster('finetune')];
    sageMaker.on(ListClustersCommand).resolves({ ClusterSummaries: both });
    sageMaker
      .on(ListClusterNodesCommand)
      .callsFake(async ({ ClusterName, NextToken }: ListClusterNodesCommandInput) => {
        if (NextToken !== undefined) throw new Error('Rate exceeded');
        const isFirst = ClusterName === 'pretrain';
        return { ClusterNodeSummaries: [node(`i-${ClusterName}`)], ...(isFirst && { NextToken: 'more' }) };
      });
    const { nodes, faults } = await getClusterNodes(client, target);
    expect(nodes.map(({ instanceId }) => instanceId)).toEqual(['i-finetune']);
    expect(faults).toEqual([
      { what: 'the nodes of the HyperPod cluster pretrain (ListClusterNodes)', why: 'Rate exceeded' },
    ]);
  });

  it('are none of a cluster that was deleted in the meantime', async () => {
    sageMaker.on(ListClustersCommand).resolves({ ClusterSummaries: [cluster('old')] });
    const gone = Object.assign(new Error('Cluster not found'), { name: 'ResourceNotFound' });
    sageMaker.on(ListClusterNodesCommand).rejects(gone);
    expect(await getClusterNodes(client, target)).toEqual({ nodes: [], faults: [] });
  });

  it('throw where the clusters cannot be listed', async () => {
    sageMaker.on(ListClustersCommand).rejects(new Error('No permission for sagemaker:ListClusters'));
    await expect(getClusterNodes(client, target)).rejects.toThrow('sagemaker:ListClusters');
  });
});
