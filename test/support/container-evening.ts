import {
  DescribeServicesCommand,
  ECSClient,
  TagResourceCommand as EcsTagResourceCommand,
  UntagResourceCommand as EcsUntagResourceCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  DescribeNodegroupCommand,
  EKSClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateNodegroupConfigCommand,
} from '@aws-sdk/client-eks';
import { nodegroupArn } from '../../cli/sample/aws/eks.ts';
import type { WorldDocument } from '../../cli/sample/world.ts';
import { clientFor } from '../../shared/watch/client-for.ts';
import { machine, officeHours, openEvening, target } from './evening.ts';

type InstanceDocument = Parameters<typeof openEvening>[0][number];
type ServiceDocument = NonNullable<NonNullable<WorldDocument['ecs']>[string][string]['services']>[number];
type NodegroupDocument = NonNullable<NonNullable<WorldDocument['eks']>[string][string]['nodegroups']>[number];

/** A dev service with three tasks behind a load balancer that nobody has called since the morning. */
export const service = (given: Partial<ServiceDocument> = {}): ServiceDocument => ({
  cluster: 'lab',
  name: 'api',
  created: '2026-11-16T07:00:00Z',
  desired: 3,
  cpu: 0.7,
  requests: 0,
  ...given,
  tags: { owner: 'mei', 'auto-stop': `${officeHours}; start`, ...given.tags },
});

/** A dev node group of one to five nodes. */
export const nodegroup = (given: Partial<NodegroupDocument> = {}): NodegroupDocument => ({
  cluster: 'lab',
  name: 'workers',
  created: '2026-11-02T07:00:00Z',
  min: 1,
  max: 5,
  ...given,
  tags: { owner: 'mei', 'auto-stop': `${officeHours}; start`, ...given.tags },
});

/** A node of it, quiet since the morning; it is not opted in itself. */
export const node = (number: number, given: Partial<InstanceDocument> = {}): InstanceDocument => {
  const { tags: _, ...quiet } = machine(number, given);
  return {
    ...quiet,
    tags: { 'eks:cluster-name': 'lab', 'eks:nodegroup-name': 'workers', ...given.tags },
  };
};

type Containers = {
  services?: ServiceDocument[];
  nodegroups?: NodegroupDocument[];
  nodes?: InstanceDocument[];
};

/** An evening of ECS services and EKS node groups, and the hands of somebody who works with them. */
export async function openContainerEvening(
  { services = [], nodegroups = [], nodes = [] }: Containers,
  settings: object = {},
) {
  const night = await openEvening(nodes, settings, {
    ecs: { 'ml-dev': { 'eu-west-1': { services } } },
    eks: { 'ml-dev': { 'eu-west-1': { nodegroups } } },
  });
  const [ecs, eks] = [clientFor(ECSClient, target), clientFor(EKSClient, target)];
  for (const client of [ecs, eks]) night.watchClient(client);
  const serviceArn = (name: string) => `arn:aws:ecs:${target.region}:${target.account}:service/lab/${name}`;
  const groupNames = { clusterName: 'lab', nodegroupName: 'workers' };
  return {
    ...night,
    countOf: async (name = 'api'): Promise<number | undefined> => {
      const { services: [found] = [] } = await ecs.send(
        new DescribeServicesCommand({ cluster: 'lab', services: [name] }),
      );
      return found?.desiredCount;
    },
    setCount: (desiredCount: number, name = 'api') =>
      ecs.send(new UpdateServiceCommand({ cluster: 'lab', service: name, desiredCount })),
    tagService: (key: string, value: string, name = 'api') =>
      ecs.send(new EcsTagResourceCommand({ resourceArn: serviceArn(name), tags: [{ key, value }] })),
    untagService: (key: string, name = 'api') =>
      ecs.send(new EcsUntagResourceCommand({ resourceArn: serviceArn(name), tagKeys: [key] })),
    sizesOf: async () => (await eks.send(new DescribeNodegroupCommand(groupNames))).nodegroup?.scalingConfig,
    setSizes: (minSize: number, desiredSize: number) =>
      eks.send(new UpdateNodegroupConfigCommand({ ...groupNames, scalingConfig: { minSize, desiredSize } })),
    tagNodegroup: (key: string, value: string) =>
      eks.send(
        new TagResourceCommand({
          resourceArn: nodegroupArn(target, { cluster: 'lab', name: 'workers' }),
          tags: { [key]: value },
        }),
      ),
    untagNodegroup: (key: string) =>
      eks.send(
        new UntagResourceCommand({
          resourceArn: nodegroupArn(target, { cluster: 'lab', name: 'workers' }),
          tagKeys: [key],
        }),
      ),
  };
}

export type ContainerEvening = Awaited<ReturnType<typeof openContainerEvening>>;
