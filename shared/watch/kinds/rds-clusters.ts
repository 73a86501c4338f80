import { RDSClient } from '@aws-sdk/client-rds';
import { getDbClusters, getDbInstances, startDbClusters, stopDbClusters } from '../../aws/rds.ts';
import { judgeMembers, sumOfRates } from '../../compute/members.ts';
import type { DbCluster } from '../../compute/rds.ts';
import { windowBefore } from '../../compute/utilization.ts';
import { hasScheduleTag } from '../../schedule/gates.ts';
import { type ClusterCandidate, schedulableDbCluster } from '../../schedule/kinds/rds-cluster.ts';
import { databaseRates } from '../../store/prices.ts';
import type { Target } from '../../target.ts';
import { clientFor } from '../client-for.ts';
import { measureDatabases } from '../measure-databases.ts';
import { type Kind, type KindContext, type Listed, nothingListed } from './kind.ts';

/** Aurora clusters, all of their instances together. */
export const rdsClusters: Kind = {
  kind: 'rds-cluster',
  what: 'RDS clusters (GetResources, DescribeDBClusters, DescribeDBInstances)',
  list,
  refresh: async ({ target }, subjects) => {
    const ids = new Set(subjects.map(({ id }) => id));
    const fresh = await candidatesOf(target, ({ id }) => ids.has(id));
    return fresh.map(schedulableDbCluster);
  },
  stop: ({ target }, stops, options) => stopDbClusters(clientFor(RDSClient, target), stops, options),
  start: ({ target }, starts, options) => startDbClusters(clientFor(RDSClient, target), starts, options),
};

async function list(context: KindContext): Promise<Listed> {
  const { clients, target, config, now, table, readOnly, taggedArns } = context;
  if ((await taggedArns('rds:cluster')).length === 0) return nothingListed;
  const found = await candidatesOf(target, ({ tags }) => hasScheduleTag(tags, config));
  const membersOf = (id: string) => found.find(({ cluster }) => cluster.id === id)?.cluster.members ?? [];
  return {
    subjects: found.map(schedulableDbCluster),
    measure: async (ids, minutes) => {
      const asked = { minutes, now, policy: config.idle };
      const measured = await measureDatabases(clients.cloudWatch, ids.flatMap(membersOf), asked);
      const window = windowBefore(now, minutes);
      return new Map(
        ids.map((id) => {
          const members = membersOf(id).map((name) => ({ name, utilization: measured.get(name) }));
          return [id, judgeMembers(members, window)];
        }),
      );
    },
    rates: async () => {
      const members = found.flatMap(({ members: instances }) => instances);
      const rates = await databaseRates({ pricing: clients.pricing, table, readOnly }, members, now);
      return sumOfRates(
        found.map(({ cluster }) => ({ id: cluster.id, members: cluster.members })),
        rates,
      );
    },
  };
}

/** The clusters that are meant, with their members as RDS describes them now. */
async function candidatesOf(
  target: Target,
  isMeant: (cluster: DbCluster) => boolean,
): Promise<ClusterCandidate[]> {
  const client = clientFor(RDSClient, target);
  const clusters = (await getDbClusters(client, target)).filter(isMeant);
  const instances = clusters.length > 0 ? await getDbInstances(client, target) : [];
  return clusters.map((cluster) => ({
    cluster,
    members: instances.filter(({ clusterId }) => clusterId === cluster.id),
  }));
}
