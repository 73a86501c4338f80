import {
  ListClusterNodesCommand,
  ListClustersCommand,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import { type IsoTime, toTime } from '../period.ts';
import type { Target } from '../target.ts';
import { describeEach, type Fault, faultsOf } from './describe-each.ts';

/** An instance of a HyperPod cluster. */
export type ClusterNode = {
  account: string;
  region: string;
  clusterName: string;
  clusterArn: string;
  instanceGroup: string;
  instanceId: string;
  /** `ml.p5.48xlarge` */
  instanceType: string;
  /** SageMaker's own word: `Running`. */
  status: string;
  launchTime: IsoTime;
  privateDnsName?: string;
};

const clusters = z.object({
  ClusterSummaries: z
    .array(z.object({ ClusterArn: z.string(), ClusterName: z.string(), ClusterStatus: z.string() }))
    .default([]),
  NextToken: z.string().optional(),
});

type Cluster = z.infer<typeof clusters>['ClusterSummaries'][number];

const nodes = z.object({
  ClusterNodeSummaries: z
    .array(
      z.object({
        InstanceGroupName: z.string(),
        InstanceId: z.string(),
        InstanceType: z.string(),
        LaunchTime: z.date(),
        InstanceStatus: z.object({ Status: z.string() }),
        PrivateDnsHostname: z.string().optional(),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/**
 * Every node of every HyperPod cluster of a target, whatever its status; those without an instance yet are left out.
 * Throws where clusters can't be listed. One whose nodes can't be is named as a fault, and tells of none of them.
 */
export async function getClusterNodes(
  client: SageMakerClient,
  target: Target,
): Promise<{ nodes: ClusterNode[]; faults: Fault[] }> {
  const byName = new Map((await listClusters(client)).map((cluster) => [cluster.ClusterName, cluster]));
  const answers = await describeEach(byName.keys(), async (name) => {
    const cluster = byName.get(name);
    return cluster ? await listNodes(client, target, cluster) : [];
  });
  return {
    nodes: [...answers.values()].flatMap((answer) => (answer instanceof Error ? [] : answer)),
    faults: faultsOf(
      answers,
      (count, names) =>
        `the nodes of the HyperPod cluster${count === 1 ? '' : 's'} ${names.join(', ')} (ListClusterNodes)`,
      isGone,
    ),
  };
}

/** Deleted between the listing and the question. */
const isGone = (error: Error): boolean => error.name === 'ResourceNotFound';

async function listClusters(client: SageMakerClient): Promise<Cluster[]> {
  const found: Cluster[] = [];
  let NextToken: string | undefined;
  do {
    const page = clusters.parse(await client.send(new ListClustersCommand({ MaxResults: 100, NextToken })));
    found.push(...page.ClusterSummaries.filter(({ ClusterStatus }) => ClusterStatus !== 'Deleting'));
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

async function listNodes(
  client: SageMakerClient,
  { account, region }: Target,
  { ClusterName, ClusterArn }: Cluster,
): Promise<ClusterNode[]> {
  const found: ClusterNode[] = [];
  let NextToken: string | undefined;
  do {
    const command = new ListClusterNodesCommand({ ClusterName, MaxResults: 100, NextToken });
    const page = nodes.parse(await client.send(command));
    found.push(
      ...page.ClusterNodeSummaries.map((node) => ({
        account,
        region,
        clusterName: ClusterName,
        clusterArn: ClusterArn,
        instanceGroup: node.InstanceGroupName,
        instanceId: node.InstanceId,
        instanceType: node.InstanceType,
        status: node.InstanceStatus.Status,
        launchTime: toTime(node.LaunchTime.getTime()),
        ...(node.PrivateDnsHostname && { privateDnsName: node.PrivateDnsHostname }),
      })),
    );
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}
