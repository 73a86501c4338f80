import type { DbInstance } from '../../compute/rds.ts';
import type { Refusal } from '../refusal.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';

type Rule = (database: DbInstance) => Refusal | undefined;

/** StopDBInstance does not apply to members of a cluster (RDS API reference): StopDBCluster stops all of them. */
const clusterMember: Rule = ({ clusterId }) =>
  clusterId === undefined
    ? undefined
    : {
        code: 'cluster-member',
        reason: `a member of the DB cluster "${clusterId}", whose own tag decides for all of its members`,
      };

/** StopDBInstance does not apply to RDS Custom (RDS API reference). */
const custom: Rule = ({ engine }) =>
  engine.startsWith('custom-')
    ? { code: 'rds-custom', reason: 'RDS Custom databases can not be stopped through the API' }
    : undefined;

/** Those that the user guide names; Neptune and DocumentDB answer in RDS's listing too, and are none of them. */
const engines = /^(mariadb|mysql|postgres|oracle-.+|sqlserver-.+|db2-.+)$/;

const engine: Rule = (database) =>
  engines.test(database.engine)
    ? undefined
    : {
        code: 'unsupported-engine',
        reason: `nothing is known of how a database of the engine ${database.engine} is stopped`,
      };

/** Neither a read replica nor what has one can be stopped (RDS user guide: limitations of stopping a DB instance). */
const replica: Rule = ({ replicaOf, replicas: [first, ...others] }) => {
  if (replicaOf !== undefined) {
    return {
      code: 'read-replica',
      reason: `a read replica of "${replicaOf}", which RDS does not let be stopped`,
    };
  }
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return {
    code: 'read-replica',
    reason: `it has the read replica "${first}"${more}: RDS does not let it be stopped`,
  };
};

/** RDS user guide: a DB instance for SQL Server can't be stopped in a Multi-AZ configuration. */
const sqlServer: Rule = (database) =>
  database.engine.startsWith('sqlserver-') && database.multiAz
    ? {
        code: 'sql-server-multi-az',
        reason: 'RDS does not let an SQL Server database with Multi-AZ be stopped',
      }
    : undefined;

const lastingRules: readonly Rule[] = [clusterMember, custom, engine, replica, sqlServer];

/** Only what is available is stopped, and only what is stopped is started; what RDS is at work on waits. */
export function unsettled(status: string): Refusal | undefined {
  return states[status] === undefined
    ? {
        code: 'pending',
        reason: `its status is ${status}, and only "available" can be stopped: looked at again with the next run`,
      }
    : undefined;
}

/** RDS user guide: viewing DB instance status. Every other status is one of something that is up, or is no good. */
const states: Readonly<Record<string, PowerState>> = {
  available: 'running',
  starting: 'starting',
  stopping: 'stopping',
  stopped: 'stopped',
  deleting: 'gone',
};

export const databaseState = (status: string): PowerState => states[status] ?? 'running';

/** A DB instance as a schedule sees it. RDS tells neither since when it is up nor when it went down. */
export function schedulableDbInstance(database: DbInstance): Schedulable {
  const { account, region, id, instanceClass, status, tags } = database;
  return {
    kind: 'rds-instance',
    account,
    region,
    id,
    name: tags['Name'] ?? id,
    type: instanceClass,
    tags,
    state: databaseState(status),
    refusal:
      lastingRules.map((rule) => rule(database)).find((refusal) => refusal !== undefined) ??
      unsettled(status),
  };
}
