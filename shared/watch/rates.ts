import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { type CountRequest, getInstanceUsage } from '../aws/cost-explorer.ts';
import { logger } from '../observability.ts';
import { dateOf, daysBetween, type IsoTime } from '../period.ts';
import { closedDaysBefore } from '../spend/ledger.ts';
import { ratesPaid } from '../spend/rate.ts';
import { ratesReadAt, storeRates } from '../store/prices.ts';
import type { Table } from '../store/table.ts';

const ratesDays = 7;

/**
 * Once a week reads what an hour really cost, of days that are full; `usageTypes` are the bill's record types that are
 * usage. Without it the price list's prices go on, and so they do where it can't be read.
 */
export async function refreshRates(
  { costExplorer, table }: { costExplorer: CostExplorerClient; table: Table },
  usageTypes: readonly string[],
  time: IsoTime,
  count: CountRequest,
): Promise<void> {
  const readAt = await ratesReadAt(table);
  if (readAt !== undefined && daysBetween(dateOf(readAt), dateOf(time)) < ratesDays) return;
  // A bill without usage is asked again by the next run, which costs nothing.
  if (usageTypes.length === 0) return;
  try {
    const lines = await getInstanceUsage(costExplorer, closedDaysBefore(time, ratesDays), usageTypes, count);
    await storeRates(table, ratesPaid(lines), time);
  } catch (error) {
    logger.warn('prices not refreshed', { error: error as Error });
  }
}
