import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { IsoTime } from '../period.ts';
import { type SpendWatch, standingWatches } from '../spend/spend-watch.ts';
import { expiresAfter, queryAll, type Table, type TransactItem } from './table.ts';

const pk = 'SPEND-WATCHES';

/** How long the end of a watch is known, so that what comes late doesn't open it again. */
const retentionDays = 30;

const text = z.string();
const stored: z.ZodType<SpendWatch> = z.object({
  account: text,
  cause: text,
  since: text,
  until: text,
  reason: text,
  alertId: text,
  at: text,
  isClosed: z.boolean(),
});

/** The watches that stand at `now`, by account: of all accounts, or of one. */
export async function getSpendWatches(
  table: Table,
  now: IsoTime,
  account?: string,
): Promise<Map<string, SpendWatch>> {
  const own = account === undefined ? {} : { startingWith: `${account}#` };
  return standingWatches(await queryAll(table, { pk, ...own, item: stored }), now);
}

/** What is known of a watch, also where it is over; undefined where its cause is new. */
export async function getSpendWatch(
  { client, name }: Table,
  watch: Pick<SpendWatch, 'account' | 'cause'>,
): Promise<SpendWatch | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: { pk, sk: sortKey(watch) }, ConsistentRead: true }),
  );
  return stored.optional().parse(Item);
}

/** Keeps a watch, for a transaction with the alert that tells of it. */
export const spendWatchWrite = ({ name }: Table, watch: SpendWatch): TransactItem => ({
  Put: {
    TableName: name,
    Item: { pk, sk: sortKey(watch), ...watch, expiresAt: expiresAfter(watch.until, retentionDays) },
  },
});

const sortKey = ({ account, cause }: Pick<SpendWatch, 'account' | 'cause'>): string => `${account}#${cause}`;
