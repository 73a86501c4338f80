import { describe, expect, it } from 'vitest';
import type { DbCluster, DbInstance } from '../../shared/compute/rds.ts';
import { schedulableDbCluster } from '../../shared/schedule/kinds/rds-cluster.ts';
import { schedulableDbInstance } from '../../shared/schedule/kinds/rds-instance.ts';
import { dbInstance as database } from '../support/rds.ts';

const cluster = (given: Partial<DbCluster> = {}): DbCluster => ({
  account: '210987654321',
  region: 'eu-west-1',
  id: 'eval',
  arn: 'arn:aws:rds:eu-west-1:210987654321:cluster:eval',
  engine: 'aurora-postgresql',
  engineMode: 'provisioned',
  status: 'available',
  replicas: [],
  members: ['eval-1'],
  tags: {},
  ...given,
});

describe('a DB instance', () => {
  it.each(['mariadb', 'mysql', 'postgres', 'oracle-ee', 'oracle-se2-cdb', 'sqlserver-ex', 'db2-se'])(
    'of the engine %s may be stopped',
    (engine) => {
      expect(schedulableDbInstance(database({ engine })).refusal).toBeUndefined();
    },
  );

  it.each<[string, Partial<DbInstance>, string, string]>([
    ['a member of a cluster', { clusterId: 'eval' }, 'cluster-member', '"eval"'],
    ['a read replica', { replicaOf: 'labels' }, 'read-replica', 'a read replica of "labels"'],
    ['with read replicas', { replicas: ['a', 'b', 'c'] }, 'read-replica', '"a" and 2 more'],
    [
      'of SQL Server with Multi-AZ',
      { engine: 'sqlserver-se', multiAz: true },
      'sql-server-multi-az',
      'Multi-AZ',
    ],
    ['of RDS Custom', { engine: 'custom-oracle-ee' }, 'rds-custom', 'RDS Custom'],
    ['of Neptune', { engine: 'neptune' }, 'unsupported-engine', 'neptune'],
    ['of an engine that nobody knows', { engine: 'newsql' }, 'unsupported-engine', 'newsql'],
    ['that is backed up', { status: 'backing-up' }, 'pending', 'backing-up'],
    ['whose storage is optimised', { status: 'storage-optimization' }, 'pending', 'storage-optimization'],
    ['in a status that is new', { status: 'pondering' }, 'pending', 'pondering'],
  ])('%s is left alone', (_, given, code, part) => {
    const { refusal } = schedulableDbInstance(database(given));
    expect(refusal?.code).toBe(code);
    expect(refusal?.reason).toContain(part);
  });

  it('of another engine than SQL Server may have Multi-AZ', () => {
    expect(schedulableDbInstance(database({ multiAz: true })).refusal).toBeUndefined();
  });

  it('is refused for what lasts before what passes', () => {
    const { refusal } = schedulableDbInstance(database({ status: 'rebooting', replicaOf: 'labels' }));
    expect(refusal?.code).toBe('read-replica');
  });

  it.each([
    ['available', 'running'],
    ['starting', 'starting'],
    ['stopping', 'stopping'],
    ['stopped', 'stopped'],
    ['deleting', 'gone'],
    ['modifying', 'running'],
  ])('that is %s is %s', (status, state) => {
    expect(schedulableDbInstance(database({ status })).state).toBe(state);
  });
});

describe('a DB cluster', () => {
  const member = (given: Partial<DbInstance> = {}) => database({ id: 'eval-1', clusterId: 'eval', ...given });
  const refusalOf = (given: Partial<DbCluster>, members = [member()]) =>
    schedulableDbCluster({ cluster: cluster(given), members }).refusal;

  it('of Aurora may be stopped, Serverless v2 among them', () => {
    expect(refusalOf({})).toBeUndefined();
    expect(
      refusalOf({ engine: 'aurora-mysql' }, [member({ instanceClass: 'db.serverless' })]),
    ).toBeUndefined();
  });

  it.each<[string, Partial<DbCluster>, string]>([
    ['with two readable standbys', { engine: 'mysql' }, 'multi-az-cluster'],
    ['of DocumentDB', { engine: 'docdb' }, 'unsupported-engine'],
    ['of Aurora Serverless v1', { engineMode: 'serverless' }, 'aurora-serverless-v1'],
    ['with parallel query', { engineMode: 'parallelquery' }, 'unsupported-engine-mode'],
    ['with several masters', { engineMode: 'multimaster' }, 'unsupported-engine-mode'],
    ['in a global database', { globalClusterId: 'world' }, 'global-database'],
    ['in the mode of global databases', { engineMode: 'global' }, 'global-database'],
    ['that is a replica', { replicaOf: 'arn:aws:rds:us-east-1:210987654321:cluster:main' }, 'read-replica'],
    ['with a replica', { replicas: ['arn:aws:rds:us-east-1:210987654321:cluster:copy'] }, 'read-replica'],
    ['without instances', { members: [] }, 'no-members'],
    ['that is upgraded', { status: 'upgrading' }, 'pending'],
  ])('%s is left alone', (_, given, code) => {
    expect(refusalOf(given)).toMatchObject({ code, reason: expect.stringMatching(/\w+ \w+/) });
  });

  it('waits for a member that is not available, and names it', () => {
    expect(refusalOf({}, [member({ status: 'configuring-log-exports' })])).toMatchObject({
      code: 'pending',
      reason: expect.stringContaining('eval-1 is configuring-log-exports'),
    });
  });

  it('that is stopped may be started, whatever its members are called', () => {
    const stopped = [member({ status: 'stopped' })];
    expect(refusalOf({ status: 'stopped' }, stopped)).toBeUndefined();
  });

  it('has the classes of its members for a type', () => {
    const members = [member(), member({ id: 'eval-2', instanceClass: 'db.r6g.xlarge' }), member()];
    expect(schedulableDbCluster({ cluster: cluster(), members }).type).toBe('db.r6g.large, db.r6g.xlarge');
  });
});
