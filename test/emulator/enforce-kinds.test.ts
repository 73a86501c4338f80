import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateDBClusterCommand, CreateDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { beforeAll, describe, expect, it } from 'vitest';
import { getScalingGroups } from '../../shared/aws/auto-scaling.ts';
import { createClient } from '../../shared/aws/client.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { getDbClusters, getDbInstances } from '../../shared/aws/rds.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { parseConfig } from '../../shared/config.ts';
import { addMilliseconds, type IsoTime } from '../../shared/period.ts';
import type { Table } from '../../shared/store/table.ts';
import {
  createQueue,
  createTable,
  createTopic,
  emptyEmulator,
  evening,
  everyFiveMinutes,
  mlDevIreland,
  putMetrics,
  quietHostData,
} from './emulator.ts';
import { deliverByMail, enforceAt } from './enforcing.ts';

const config = parseConfig({ enforce: true });
const tag = { Key: 'auto-stop', Value: 'Mon-Sun 08:00-19:00 UTC; start' };
const later = addMilliseconds(evening, 30 * 60_000);
const nextMorning = addMilliseconds(evening, 11 * 60 * 60_000);

let table: Table;
let queue: Awaited<ReturnType<typeof createQueue>>;
let topic: Awaited<ReturnType<typeof createTopic>>;
let rds: RDSClient;
let autoScaling: AutoScalingClient;

const quietDatabase = (id: string, connections = 0) =>
  putMetrics(
    mlDevIreland,
    'AWS/RDS',
    everyFiveMinutes(
      { DatabaseConnections: connections, CPUUtilization: 2.5 },
      { DBInstanceIdentifier: id },
      { end: later, hours: 2 },
    ),
  );

async function createDatabase(id: string, more: { Engine?: string; DBClusterIdentifier?: string } = {}) {
  const isMember = more.DBClusterIdentifier !== undefined;
  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: id,
      DBInstanceClass: 'db.r6g.large',
      Engine: 'postgres',
      ...(!isMember && {
        AllocatedStorage: 20,
        MasterUsername: 'dev',
        MasterUserPassword: 'not-a-secret',
        Tags: [tag],
      }),
      ...more,
    }),
  );
  await quietDatabase(id, id === 'busy' ? 2 : 0);
}

beforeAll(async () => {
  await emptyEmulator();
  table = await createTable('watchdog');
  queue = await createQueue('alerts');
  topic = await createTopic('alerts');
  rds = createClient(RDSClient, scopeFor(mlDevIreland));
  autoScaling = createClient(AutoScalingClient, scopeFor(mlDevIreland));
  await createDatabase('idle');
  await createDatabase('busy');
  await rds.send(
    new CreateDBClusterCommand({
      DBClusterIdentifier: 'eval',
      Engine: 'aurora-postgresql',
      MasterUsername: 'dev',
      MasterUserPassword: 'not-a-secret',
      Tags: [tag],
    }),
  );
  await createDatabase('eval-1', { Engine: 'aurora-postgresql', DBClusterIdentifier: 'eval' });
  await autoScaling.send(
    new CreateLaunchConfigurationCommand({
      LaunchConfigurationName: 'runner',
      ImageId: 'ami-760aaa0f',
      InstanceType: 'm5.large',
    }),
  );
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'runners',
      LaunchConfigurationName: 'runner',
      MinSize: 1,
      DesiredCapacity: 2,
      MaxSize: 3,
      AvailabilityZones: ['eu-west-1a'],
      Tags: [{ ...tag, ResourceId: 'runners', ResourceType: 'auto-scaling-group', PropagateAtLaunch: true }],
    }),
  );
  const [group] = await groups();
  for (const { instanceId } of group?.members ?? []) {
    await putMetrics(mlDevIreland, 'AWS/EC2', quietHostData(instanceId, { end: later, hours: 2 }));
  }
});

const groups = () => getScalingGroups(autoScaling, mlDevIreland, { tagKey: 'auto-stop' });

const run = (time: IsoTime) => enforceAt(table, mlDevIreland, config, time);

const deliver = () => deliverByMail(table, config, queue, topic);

/** The status of each database and cluster, and the sizes of the group. */
async function states(): Promise<Record<string, string>> {
  const [instances, clusters, [group]] = await Promise.all([
    getDbInstances(rds, mlDevIreland),
    getDbClusters(rds, mlDevIreland),
    groups(),
  ]);
  return {
    ...Object.fromEntries([...instances, ...clusters].map(({ id, status }) => [id, status])),
    runners: `${group?.min}/${group?.desired}/${group?.max}`,
  };
}

const keys = ['auto-scaling-group#runners', 'rds-cluster#eval', 'rds-instance#idle'];

// One evening in its order: each test goes on from where the one before it ended.
describe('an evening of databases and groups, from the warning to the next morning', () => {
  it('finds what carries the tag, with its members', async () => {
    expect(await states()).toMatchObject({
      idle: 'available',
      busy: 'available',
      eval: 'available',
      runners: '1/2/3',
    });
    expect((await getDbClusters(rds, mlDevIreland)).map(({ members }) => members)).toEqual([['eval-1']]);
    expect((await groups())[0]?.members).toHaveLength(2);
  });

  it('warns of the idle ones, and changes nothing yet', async () => {
    resetMeter();
    const { warned, kept } = await run(evening);
    expect(warned.toSorted()).toEqual(keys);
    expect(kept).toMatchObject({ busy: 1, 'auto-scaling': 2 });
    const changing = Object.keys(readMeter().calls).filter((call) =>
      /^(RDS|AutoScaling):(?!Describe)/.test(call),
    );
    expect(changing).toEqual([]);
    await deliver();
  });

  it('stops them, each by its own call, and not the one in use', async () => {
    resetMeter();
    const { stopped } = await run(later);
    expect(stopped.map(({ kind, id, outcome }) => `${kind}#${id} ${outcome}`).toSorted()).toEqual(
      keys.map((key) => `${key} done`),
    );
    expect(readMeter().calls).toMatchObject({
      'RDS:StopDBInstance': 1,
      'RDS:StopDBCluster': 1,
      'AutoScaling:UpdateAutoScalingGroup': 1,
    });
    expect(await states()).toMatchObject({
      idle: 'stopped',
      busy: 'available',
      eval: 'stopped',
      runners: '0/0/3',
    });
    await deliver();
  });

  it('starts in the morning what it stopped, with the sizes from before', async () => {
    const { started } = await run(nextMorning);
    expect(started.filter(({ outcome }) => outcome === 'done')).toHaveLength(3);
    expect(await states()).toMatchObject({ idle: 'available', eval: 'available', runners: '1/2/3' });
  });
});
