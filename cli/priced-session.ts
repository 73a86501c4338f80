import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { createClient } from '../shared/aws/client.ts';
import { getCharges } from '../shared/aws/cost-explorer.ts';
import type { IsoTime } from '../shared/period.ts';
import { closedDaysBefore } from '../shared/spend/ledger.ts';
import type { Table } from '../shared/store/table.ts';
import { refreshRates } from '../shared/watch/rates.ts';
import type { AccountOptions } from './options.ts';
import { openSession, type Session } from './session.ts';

/**
 * A session for whoever asks what things cost: the sample's stack has read its bill before, as one does that is deployed
 * for a week.
 */
export async function openPricedSession(options: AccountOptions): Promise<Session> {
  const session = await openSession(options);
  const { sample, table, now } = session;
  if (sample && table) await readRates(table, now);
  return session;
}

/** What an hour really cost; where the bill can't be read, the price list's prices go on. */
async function readRates(table: Table, now: IsoTime): Promise<void> {
  const costExplorer = createClient(CostExplorerClient, { region: 'us-east-1' });
  const isFree = async () => {};
  const { usageTypes } = await getCharges(costExplorer, closedDaysBefore(now, 1), isFree);
  await refreshRates({ costExplorer, table }, usageTypes, now, isFree);
}
