import { RDSClient } from '@aws-sdk/client-rds';
import { getDbInstances, startDbInstances, stopDbInstances } from '../../aws/rds.ts';
import { hasScheduleTag } from '../../schedule/gates.ts';
import { schedulableDbInstance } from '../../schedule/kinds/rds-instance.ts';
import { databaseRates } from '../../store/prices.ts';
import { clientFor } from '../client-for.ts';
import { measureDatabases } from '../measure-databases.ts';
import { type Kind, type KindContext, type Listed, nothingListed } from './kind.ts';

/** DB instances of RDS, each by itself; those of a cluster are listed only to say that the cluster decides. */
export const rdsInstances: Kind = {
  kind: 'rds-instance',
  what: 'RDS databases (GetResources, DescribeDBInstances)',
  list,
  refresh: async ({ target }, subjects) => {
    const ids = new Set(subjects.map(({ id }) => id));
    const fresh = await getDbInstances(clientFor(RDSClient, target), target);
    return fresh.filter(({ id }) => ids.has(id)).map(schedulableDbInstance);
  },
  stop: ({ target }, stops, options) => stopDbInstances(clientFor(RDSClient, target), stops, options),
  start: ({ target }, starts, options) => startDbInstances(clientFor(RDSClient, target), starts, options),
};

async function list(context: KindContext): Promise<Listed> {
  const { clients, target, config, now, table, readOnly, taggedArns } = context;
  if ((await taggedArns('rds:db')).length === 0) return nothingListed;
  const databases = await getDbInstances(clientFor(RDSClient, target), target);
  const tagged = databases.filter(({ tags }) => hasScheduleTag(tags, config));
  return {
    subjects: tagged.map(schedulableDbInstance),
    measure: (ids, minutes) =>
      measureDatabases(clients.cloudWatch, ids, { minutes, now, policy: config.idle }),
    rates: () => databaseRates({ pricing: clients.pricing, table, readOnly }, tagged, now),
  };
}
