import {
  AutoScalingClient,
  CreateOrUpdateTagsCommand,
  DeleteTagsCommand,
  DescribeAutoScalingGroupsCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  AddTagsToResourceCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  RDSClient,
  RemoveTagsFromResourceCommand,
  StartDBInstanceCommand,
  StopDBInstanceCommand,
} from '@aws-sdk/client-rds';
import type { WorldDocument } from '../../cli/sample/world.ts';
import { createClient } from '../../shared/aws/client.ts';
import { clientFor } from '../../shared/watch/client-for.ts';
import { machine, officeHours, openEvening, target } from './evening.ts';

type Databases = NonNullable<WorldDocument['databases']>[string][string];
type DatabaseDocument = NonNullable<Databases['instances']>[number];
type ClusterDocument = NonNullable<Databases['clusters']>[number];
type GroupDocument = NonNullable<WorldDocument['scalingGroups']>[string][string][number];

/** The office opens in Berlin. */
export const morning = '2026-11-17T07:05:00Z';

const starting = { owner: 'mei', 'auto-stop': `${officeHours}; start` };

/** A dev database that nobody is connected to. */
export const database = (id: string, given: Partial<DatabaseDocument> = {}): DatabaseDocument => ({
  id,
  class: 'db.r6g.large',
  created: '2026-03-02T08:00:00Z',
  ...given,
  tags: given.cluster === undefined ? { ...starting, ...given.tags } : {},
});

export const cluster = (id: string, given: Partial<ClusterDocument> = {}): ClusterDocument => ({
  id,
  created: '2026-03-02T08:00:00Z',
  ...given,
  tags: { ...starting, ...given.tags },
});

/** A dev group, whose members are the machines that carry its name. */
export const group = (name: string, given: Partial<GroupDocument> = {}): GroupDocument => ({
  name,
  min: 1,
  max: 4,
  desired: 2,
  ...given,
  tags: { ...starting, ...given.tags },
});

export const memberOf = (name: string, number: number, given: Parameters<typeof machine>[1] = {}) =>
  machine(number, { ...given, tags: { 'auto-stop': 'off', 'aws:autoscaling:groupName': name } });

type Things = {
  machines?: ReturnType<typeof machine>[];
  databases?: DatabaseDocument[];
  clusters?: ClusterDocument[];
  groups?: GroupDocument[];
};

/** An evening of databases, clusters and Auto Scaling groups, with a hand on each of their calls. */
export async function openDataEvening(things: Things, settings: object = {}) {
  const { machines = [], databases = [], clusters = [], groups = [] } = things;
  const here = <Item>(item: Item) => ({ 'ml-dev': { 'eu-west-1': item } });
  const world = await openEvening(machines, settings, {
    scalingGroups: here(groups),
    databases: here({ instances: databases, clusters }),
    databaseClasses: { 'db.r6g.large': { 'eu-west-1': 0.25 } },
  });
  world.watchClient(clientFor(RDSClient, target));
  world.watchClient(clientFor(AutoScalingClient, target));
  const [rds, autoScaling] = [createClient(RDSClient), createClient(AutoScalingClient)];
  const arnOf = (id: string) =>
    `arn:aws:rds:${target.region}:${target.account}:${clusters.some((one) => one.id === id) ? 'cluster' : 'db'}:${id}`;
  const groupTag = (name: string, Key: string, Value?: string) => ({
    Tags: [{ ResourceId: name, ResourceType: 'auto-scaling-group', Key, ...(Value && { Value }) }],
  });
  return {
    ...world,
    statusOf: async (id: string) => {
      const answer = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
      return answer.DBInstances?.[0]?.DBInstanceStatus;
    },
    clusterStatusOf: async (id: string) => {
      const answer = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }));
      return answer.DBClusters?.[0]?.Status;
    },
    /** `min/desired/max` and how many members there are. */
    sizesOf: async (name: string) => {
      const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] });
      const [found] = (await autoScaling.send(command)).AutoScalingGroups ?? [];
      return `${found?.MinSize}/${found?.DesiredCapacity}/${found?.MaxSize}, ${found?.Instances?.length} members`;
    },
    scale: (name: string, sizes: { MinSize?: number; DesiredCapacity?: number; MaxSize?: number }) =>
      autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name, ...sizes })),
    startByHand: (id: string) => rds.send(new StartDBInstanceCommand({ DBInstanceIdentifier: id })),
    stopByHand: (id: string) => rds.send(new StopDBInstanceCommand({ DBInstanceIdentifier: id })),
    tagDatabase: (id: string, Key: string, Value: string) =>
      rds.send(new AddTagsToResourceCommand({ ResourceName: arnOf(id), Tags: [{ Key, Value }] })),
    untagDatabase: (id: string, key: string) =>
      rds.send(new RemoveTagsFromResourceCommand({ ResourceName: arnOf(id), TagKeys: [key] })),
    tagGroup: (name: string, key: string, value: string) =>
      autoScaling.send(new CreateOrUpdateTagsCommand(groupTag(name, key, value))),
    untagGroup: (name: string, key: string) => autoScaling.send(new DeleteTagsCommand(groupTag(name, key))),
  };
}

export type DataEvening = Awaited<ReturnType<typeof openDataEvening>>;
