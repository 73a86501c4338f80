import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  type RDSClient,
  StartDBClusterCommand,
  StartDBInstanceCommand,
  StopDBClusterCommand,
  StopDBInstanceCommand,
} from '@aws-sdk/client-rds';
import { z } from 'zod';
import type { DbCluster, DbInstance } from '../compute/rds.ts';
import type { ClearedStart, ClearedStop } from '../schedule/clearance.ts';
import type { Target } from '../target.ts';
import { changeEach, paceOf } from './change-each.ts';
import type { PowerOptions, PowerOutcome } from './power.ts';
import { untilThrottled } from './throttling.ts';

const tagList = z.array(z.object({ Key: z.string(), Value: z.string().default('') })).default([]);
const names = z.array(z.string()).default([]);

const instance = z.object({
  DBInstanceIdentifier: z.string(),
  DBInstanceArn: z.string(),
  DBInstanceClass: z.string(),
  Engine: z.string(),
  DBInstanceStatus: z.string(),
  MultiAZ: z.boolean().default(false),
  LicenseModel: z.string().optional(),
  StorageType: z.string().optional(),
  DBClusterIdentifier: z.string().optional(),
  ReadReplicaSourceDBInstanceIdentifier: z.string().optional(),
  ReadReplicaSourceDBClusterIdentifier: z.string().optional(),
  ReadReplicaDBInstanceIdentifiers: names,
  ReadReplicaDBClusterIdentifiers: names,
  TagList: tagList,
});

const cluster = z.object({
  DBClusterIdentifier: z.string(),
  DBClusterArn: z.string(),
  Engine: z.string(),
  EngineMode: z.string().default('provisioned'), // absent for Multi-AZ DB clusters, which have no other
  Status: z.string(),
  GlobalClusterIdentifier: z.string().optional(),
  ReplicationSourceIdentifier: z.string().optional(),
  ReadReplicaIdentifiers: names,
  DBClusterMembers: z.array(z.object({ DBInstanceIdentifier: z.string() })).default([]),
  TagList: tagList,
});

const instancePage = z.object({ DBInstances: z.array(instance).default([]), Marker: z.string().optional() });
const clusterPage = z.object({ DBClusters: z.array(cluster).default([]), Marker: z.string().optional() });

/** All DB instances of a target, those of clusters included; all pages, free of charge. */
export async function getDbInstances(client: RDSClient, target: Target): Promise<DbInstance[]> {
  const found: z.infer<typeof instance>[] = [];
  let Marker: string | undefined;
  do {
    const command = new DescribeDBInstancesCommand({ MaxRecords: 100, Marker });
    const page = instancePage.parse(await client.send(command));
    found.push(...page.DBInstances);
    Marker = page.Marker;
  } while (Marker);
  return found.map((one) => toInstance(one, target));
}

/** All DB clusters of a target, whatever their engine; all pages, free of charge. */
export async function getDbClusters(client: RDSClient, target: Target): Promise<DbCluster[]> {
  const found: z.infer<typeof cluster>[] = [];
  let Marker: string | undefined;
  do {
    const command = new DescribeDBClustersCommand({ MaxRecords: 100, Marker });
    const page = clusterPage.parse(await client.send(command));
    found.push(...page.DBClusters);
    Marker = page.Marker;
  } while (Marker);
  return found.map((one) => toCluster(one, target));
}

const toInstance = (one: z.infer<typeof instance>, { account, region }: Target): DbInstance => ({
  account,
  region,
  id: one.DBInstanceIdentifier,
  arn: one.DBInstanceArn,
  instanceClass: one.DBInstanceClass,
  engine: one.Engine,
  status: one.DBInstanceStatus,
  multiAz: one.MultiAZ,
  licenseModel: one.LicenseModel,
  storageType: one.StorageType,
  clusterId: one.DBClusterIdentifier,
  replicaOf: one.ReadReplicaSourceDBInstanceIdentifier ?? one.ReadReplicaSourceDBClusterIdentifier,
  replicas: [...one.ReadReplicaDBInstanceIdentifiers, ...one.ReadReplicaDBClusterIdentifiers],
  tags: toTags(one.TagList),
});

const toCluster = (one: z.infer<typeof cluster>, { account, region }: Target): DbCluster => ({
  account,
  region,
  id: one.DBClusterIdentifier,
  arn: one.DBClusterArn,
  engine: one.Engine,
  engineMode: one.EngineMode,
  status: one.Status,
  // Empty where it belongs to none.
  globalClusterId: one.GlobalClusterIdentifier || undefined,
  replicaOf: one.ReplicationSourceIdentifier || undefined,
  replicas: one.ReadReplicaIdentifiers,
  members: one.DBClusterMembers.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier),
  tags: toTags(one.TagList),
});

const toTags = (list: z.infer<typeof tagList>): Record<string, string> =>
  Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));

/** Errors that speak of the one database; every other speaks of the call. */
const ofOne: ReadonlySet<string> = new Set([
  'DBSubnetGroupDoesNotCoverEnoughAZs',
  'DBSubnetGroupNotFoundFault',
  'InsufficientDBInstanceCapacityFault',
  'InsufficientStorageClusterCapacityFault',
  'InvalidDBClusterStateFault',
  'InvalidDBInstanceStateFault',
  'InvalidParameterCombination',
  'InvalidParameterValue',
  'InvalidSubnet',
  'InvalidVPCNetworkStateFault',
  'KMSKeyNotAccessibleFault',
  'StorageQuotaExceededFault',
]);

/** What is not there any more is nothing to stop or start. */
const gone: ReadonlySet<string> = new Set(['DBClusterNotFoundFault', 'DBInstanceNotFoundFault']);

const down: readonly string[] = ['stopping', 'stopped'];
const up: readonly string[] = ['starting', 'available'];
const settled: ReadonlySet<string> = new Set(['available', 'stopped', 'failed', '']);

type Item = { id: string };
type StatusOf = (client: RDSClient, item: Item) => Promise<string | undefined>;

/** What changes one of them, how its status is read, and which of them tell that it is on its way, or there. */
type Change = {
  api: string;
  send: (item: Item) => Promise<unknown>;
  statusOf: StatusOf;
  reached: readonly string[];
};

/** After an error a fresh describe says whether it took effect all the same. */
async function changeDatabases(
  client: RDSClient,
  cleared: readonly (ClearedStop | ClearedStart)[],
  { api, send, statusOf, reached }: Change,
  options: PowerOptions = {},
): Promise<PowerOutcome[]> {
  const [first] = cleared;
  if (!first) return []; // one client is one account in one region
  return changeEach(
    cleared.map(({ subject: { id } }) => ({ id })),
    {
      send,
      ofOne,
      gone,
      outcomeOf: async (item) => {
        const status = (await statusOf(client, item)) ?? '';
        if (reached.includes(status)) return { outcome: 'done' };
        // On its way, or at a backup: the next run asks again.
        return settled.has(status) ? undefined : { outcome: 'left', code: 'InvalidState', message: status };
      },
    },
    paceOf(api, first.subject, options),
  );
}

const instanceStatus: StatusOf = async (client, { id }) => {
  const answer = await client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
  return instancePage.parse(answer).DBInstances[0]?.DBInstanceStatus;
};

const clusterStatus: StatusOf = async (client, { id }) => {
  const answer = await client.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }));
  return clusterPage.parse(answer).DBClusters[0]?.Status;
};

type Stops = (
  client: RDSClient,
  stops: readonly ClearedStop[],
  options?: PowerOptions,
) => Promise<PowerOutcome[]>;

type Starts = (
  client: RDSClient,
  starts: readonly ClearedStart[],
  options?: PowerOptions,
) => Promise<PowerOutcome[]>;

/** Stops DB instances that the last gate has cleared; the only caller of StopDBInstance. AWS starts them after 7 days. */
export const stopDbInstances: Stops = (client, stops, options) => {
  const api = 'StopDBInstance';
  const send = ({ id }: Item) =>
    client.send(untilThrottled(new StopDBInstanceCommand({ DBInstanceIdentifier: id }), ofOne));
  return changeDatabases(client, stops, { api, send, statusOf: instanceStatus, reached: down }, options);
};

/** Starts DB instances that the last gate has cleared; the only caller of StartDBInstance. */
export const startDbInstances: Starts = (client, starts, options) => {
  const api = 'StartDBInstance';
  const send = ({ id }: Item) =>
    client.send(untilThrottled(new StartDBInstanceCommand({ DBInstanceIdentifier: id }), ofOne));
  return changeDatabases(client, starts, { api, send, statusOf: instanceStatus, reached: up }, options);
};

/** Stops DB clusters that the last gate has cleared; the only caller of StopDBCluster. AWS starts them after 7 days. */
export const stopDbClusters: Stops = (client, stops, options) => {
  const api = 'StopDBCluster';
  const send = ({ id }: Item) =>
    client.send(untilThrottled(new StopDBClusterCommand({ DBClusterIdentifier: id }), ofOne));
  return changeDatabases(client, stops, { api, send, statusOf: clusterStatus, reached: down }, options);
};

/** Starts DB clusters that the last gate has cleared; the only caller of StartDBCluster. */
export const startDbClusters: Starts = (client, starts, options) => {
  const api = 'StartDBCluster';
  const send = ({ id }: Item) =>
    client.send(untilThrottled(new StartDBClusterCommand({ DBClusterIdentifier: id }), ofOne));
  return changeDatabases(client, starts, { api, send, statusOf: clusterStatus, reached: up }, options);
};
