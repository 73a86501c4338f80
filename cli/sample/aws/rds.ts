import type {
  AddTagsToResourceCommandInput,
  DBCluster,
  DBInstance,
  DescribeDBClustersCommandInput,
  DescribeDBClustersCommandOutput,
  DescribeDBInstancesCommandInput,
  DescribeDBInstancesCommandOutput,
  RemoveTagsFromResourceCommandInput,
  StartDBClusterCommandInput,
  StartDBInstanceCommandInput,
  StopDBClusterCommandInput,
  StopDBInstanceCommandInput,
} from '@aws-sdk/client-rds';
import type { ClusterSpec, DatabaseSpec } from '../database-spec.ts';
import { type Sampled, startAt, statusAt, stopAt } from '../databases.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import { pageOf } from './page.ts';

export const rds = {
  DescribeDBInstances: describeInstances,
  DescribeDBClusters: describeClusters,
  StopDBInstance: stopInstance,
  StartDBInstance: startInstance,
  StopDBCluster: stopCluster,
  StartDBCluster: startCluster,
  AddTagsToResource: addTags,
  RemoveTagsFromResource: removeTags,
};

type Database = Sampled<DatabaseSpec>;
type Cluster = Sampled<ClusterSpec>;

const databaseArn = ({ account, region, spec }: Sampled<{ id: string }>, type: 'db' | 'cluster'): string =>
  `arn:aws:rds:${region}:${account}:${type}:${spec.id}`;

/** What of the caller's account and region has been created by now. */
const here = <Spec>(all: readonly Sampled<Spec>[], { sample, account, region }: Caller): Sampled<Spec>[] =>
  all.filter(
    (one) => one.account === account && one.region === region && statusAt(one, sample.now) !== undefined,
  );

const instancesOf = (caller: Caller): Database[] => here(caller.sample.databases.instances, caller);
const clustersOf = (caller: Caller): Cluster[] => here(caller.sample.databases.clusters, caller);

/** Everything here that has tags, for the tagging API. */
export const taggedDatabases = (caller: Caller) => [
  ...instancesOf(caller).map((one) => ({ arn: databaseArn(one, 'db'), tags: one.tags })),
  ...clustersOf(caller).map((one) => ({ arn: databaseArn(one, 'cluster'), tags: one.tags })),
];

function describeInstances(
  { DBInstanceIdentifier: id, MaxRecords = 100, Marker }: DescribeDBInstancesCommandInput,
  caller: Caller,
): Reply<DescribeDBInstancesCommandOutput> {
  const wanted = id === undefined ? instancesOf(caller) : [instanceNamed(caller, id)];
  const { page, next } = pageOf(wanted, Marker, checkedSize(MaxRecords));
  return { DBInstances: page.map((one) => toInstance(one, caller)), ...(next && { Marker: next }) };
}

function describeClusters(
  { DBClusterIdentifier: id, MaxRecords = 100, Marker }: DescribeDBClustersCommandInput,
  caller: Caller,
): Reply<DescribeDBClustersCommandOutput> {
  const wanted = id === undefined ? clustersOf(caller) : [clusterNamed(caller, id)];
  const { page, next } = pageOf(wanted, Marker, checkedSize(MaxRecords));
  return { DBClusters: page.map((one) => toCluster(one, caller)), ...(next && { Marker: next }) };
}

function checkedSize(records: number): number {
  if (records < 20 || records > 100) {
    throw awsError(
      'InvalidParameterValue',
      `Invalid value ${records} for MaxRecords. Must be between 20 and 100`,
    );
  }
  return records;
}

function toInstance(one: Database, caller: Caller): DBInstance {
  const { spec } = one;
  const replicas = instancesOf(caller).filter((other) => other.spec.replicaOf === spec.id);
  return {
    DBInstanceIdentifier: spec.id,
    DBInstanceArn: databaseArn(one, 'db'),
    DBInstanceClass: spec.class,
    Engine: spec.engine,
    DBInstanceStatus: statusOf(one, caller),
    InstanceCreateTime: new Date(spec.created),
    MultiAZ: spec.multiAz,
    ...(spec.cluster && { DBClusterIdentifier: spec.cluster }),
    ...(spec.replicaOf && { ReadReplicaSourceDBInstanceIdentifier: spec.replicaOf }),
    ReadReplicaDBInstanceIdentifiers: replicas.map((replica) => replica.spec.id),
    StorageType: spec.cluster ? 'aurora' : 'gp3',
    TagList: toTagList(one.tags),
  };
}

function toCluster(one: Cluster, caller: Caller): DBCluster {
  const { spec } = one;
  return {
    DBClusterIdentifier: spec.id,
    DBClusterArn: databaseArn(one, 'cluster'),
    Engine: spec.engine,
    EngineMode: spec.engineMode,
    Status: statusAt(one, caller.sample.now) ?? 'creating',
    ClusterCreateTime: new Date(spec.created),
    ...(spec.globalCluster && { GlobalClusterIdentifier: spec.globalCluster }),
    ReadReplicaIdentifiers: [],
    DBClusterMembers: instancesOf(caller)
      .filter((member) => member.spec.cluster === spec.id)
      .map((member, index) => ({ DBInstanceIdentifier: member.spec.id, IsClusterWriter: index === 0 })),
    TagList: toTagList(one.tags),
  };
}

function statusOf(one: Database, { sample }: Caller): string {
  const status = statusAt(one, sample.now) ?? 'creating';
  return status === 'available' ? one.spec.status : status;
}

const toTagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

function stopInstance({ DBInstanceIdentifier: id = '' }: StopDBInstanceCommandInput, caller: Caller) {
  const one = instanceNamed(caller, id);
  const { DBClusterIdentifier, ReadReplicaSourceDBInstanceIdentifier, ReadReplicaDBInstanceIdentifiers } =
    toInstance(one, caller);
  if (DBClusterIdentifier) {
    throw awsError('InvalidParameterCombination', `The instance ${id} is a member of a DB cluster.`);
  }
  if (ReadReplicaSourceDBInstanceIdentifier || (ReadReplicaDBInstanceIdentifiers ?? []).length > 0) {
    throw awsError('InvalidParameterCombination', `Cannot stop or start the instance ${id} with replicas.`);
  }
  refuseUnless('available', statusOf(one, caller), id, 'InvalidDBInstanceStateFault');
  stopAt(one, caller.sample.now);
  return { DBInstance: toInstance(one, caller) };
}

function startInstance({ DBInstanceIdentifier: id = '' }: StartDBInstanceCommandInput, caller: Caller) {
  const one = instanceNamed(caller, id);
  refuseUnless('stopped', statusOf(one, caller), id, 'InvalidDBInstanceStateFault');
  startAt(one, caller.sample.now);
  return { DBInstance: toInstance(one, caller) };
}

function stopCluster({ DBClusterIdentifier: id = '' }: StopDBClusterCommandInput, caller: Caller) {
  const one = clusterNamed(caller, id);
  if (one.spec.globalCluster) {
    throw awsError('InvalidDBClusterStateFault', `The cluster ${id} belongs to a global database.`);
  }
  refuseUnless('available', statusAt(one, caller.sample.now), id, 'InvalidDBClusterStateFault');
  stopAt(one, caller.sample.now);
  return { DBCluster: toCluster(one, caller) };
}

function startCluster({ DBClusterIdentifier: id = '' }: StartDBClusterCommandInput, caller: Caller) {
  const one = clusterNamed(caller, id);
  refuseUnless('stopped', statusAt(one, caller.sample.now), id, 'InvalidDBClusterStateFault');
  startAt(one, caller.sample.now);
  return { DBCluster: toCluster(one, caller) };
}

function refuseUnless(wanted: string, status: string | undefined, id: string, code: string): void {
  if (status !== wanted) throw awsError(code, `${id} is in the state ${status}, and not ${wanted}.`);
}

function instanceNamed(caller: Caller, id: string): Database {
  const one = instancesOf(caller).find(({ spec }) => spec.id === id);
  if (!one) throw awsError('DBInstanceNotFoundFault', `DBInstance ${id} not found.`, 404);
  return one;
}

function clusterNamed(caller: Caller, id: string): Cluster {
  const one = clustersOf(caller).find(({ spec }) => spec.id === id);
  if (!one) throw awsError('DBClusterNotFoundFault', `DBCluster ${id} not found.`, 404);
  return one;
}

function addTags({ ResourceName, Tags = [] }: AddTagsToResourceCommandInput, caller: Caller): object {
  const tags = tagsOf(ResourceName, caller);
  for (const { Key = '', Value = '' } of Tags) tags[Key] = Value;
  return {};
}

function removeTags(
  { ResourceName, TagKeys = [] }: RemoveTagsFromResourceCommandInput,
  caller: Caller,
): object {
  const tags = tagsOf(ResourceName, caller);
  for (const key of TagKeys) delete tags[key];
  return {};
}

function tagsOf(arn: string | undefined, caller: Caller): Record<string, string> {
  const found = taggedDatabases(caller).find((one) => one.arn === arn);
  if (!found) throw awsError('DBInstanceNotFoundFault', `${arn} not found.`, 404);
  return found.tags;
}
