import type { DbCluster, DbInstance } from '../../compute/rds.ts';
import type { Refusal } from '../refusal.ts';
import type { Schedulable } from '../schedulable.ts';
import { databaseState, unsettled } from './rds-instance.ts';

/** A cluster, and its members as RDS describes them. */
export type ClusterCandidate = { cluster: DbCluster; members: readonly DbInstance[] };

type Rule = (candidate: ClusterCandidate) => Refusal | undefined;

/** StopDBCluster only applies to Aurora (RDS API reference); Multi-AZ DB clusters can't be stopped (their limitations). */
const aurora: Rule = ({ cluster: { engine } }) => {
  if (engine.startsWith('aurora')) return undefined;
  return engine === 'mysql' || engine === 'postgres'
    ? { code: 'multi-az-cluster', reason: 'RDS does not let a Multi-AZ DB cluster be stopped' }
    : {
        code: 'unsupported-engine',
        reason: `nothing is known of how a cluster of the engine ${engine} is stopped`,
      };
};

/** Aurora user guide and the runbook AWS-StartStopAuroraCluster: neither Serverless v1, parallel query nor multi-master. */
const engineMode: Rule = ({ cluster: { engineMode: mode } }) => {
  if (mode === 'provisioned') return undefined; // Serverless v2 as well
  return mode === 'serverless'
    ? {
        code: 'aurora-serverless-v1',
        reason: 'Aurora Serverless v1 pauses by itself, and can not be stopped',
      }
    : {
        code: 'unsupported-engine-mode',
        reason: `Aurora does not let a cluster in the mode "${mode}" be stopped`,
      };
};

/** Aurora lets only the sole cluster of a global database be stopped: whether it is that one is not asked. */
const globalDatabase: Rule = ({ cluster: { globalClusterId, engineMode: mode } }) =>
  globalClusterId === undefined && mode !== 'global'
    ? undefined
    : {
        code: 'global-database',
        reason: `it belongs to the global database "${globalClusterId ?? 'unknown'}"`,
      };

/** Aurora user guide: not with a cross-Region read replica, at either end. */
const replica: Rule = ({ cluster: { replicaOf, replicas } }) =>
  replicaOf === undefined && replicas.length === 0
    ? undefined
    : {
        code: 'read-replica',
        reason:
          replicaOf === undefined
            ? `it has the read replica "${replicas[0]}"`
            : `it is a read replica of "${replicaOf}"`,
      };

/** Without instances there is nothing that an hour costs. */
const members: Rule = ({ cluster }) =>
  cluster.members.length === 0 ? { code: 'no-members', reason: 'it has no instances to stop' } : undefined;

const lastingRules: readonly Rule[] = [aurora, globalDatabase, engineMode, replica, members];

/** RDS stops a cluster whose members are all available, and no other. */
const pending: Rule = ({ cluster, members: instances }) => {
  const own = unsettled(cluster.status);
  if (own !== undefined || cluster.status !== 'available') return own;
  const late = instances.find(({ status }) => status !== 'available');
  return (
    late && {
      code: 'pending',
      reason: `its member ${late.id} is ${late.status}, not available: looked at again with the next run`,
    }
  );
};

/** A cluster as a schedule sees it, all of its members together. */
export function schedulableDbCluster(candidate: ClusterCandidate): Schedulable {
  const { cluster, members: instances } = candidate;
  const { account, region, id, status, tags } = cluster;
  const classes = new Set(instances.map(({ instanceClass }) => instanceClass));
  return {
    kind: 'rds-cluster',
    account,
    region,
    id,
    name: tags['Name'] ?? id,
    type: [...classes].toSorted().join(', '),
    tags,
    state: databaseState(status),
    refusal: [...lastingRules, pending]
      .map((rule) => rule(candidate))
      .find((refusal) => refusal !== undefined),
  };
}
