import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { RunCost } from '../aws/meter.ts';
import type { Usd } from '../money.ts';
import { addDays, dateOf, type IsoDate, type IsoTime, type Period } from '../period.ts';
import { expiresAfter, queryAll, type Table } from './table.ts';

const pk = 'HEARTBEATS';

/** A month, and the one that it is compared with. */
const retentionDays = 100;

/** Whole numbers add up for ever; of fractions the last digits would be lost on reading. */
const nanoDollars = 1e9;

/** What the runs of a function on a UTC day have come to. */
export type RunDay = {
  name: string;
  date: IsoDate;
  runs: number;
  cost: Usd;
  /** When the last one succeeded; absent where only what they cost is kept. */
  lastSuccess?: IsoTime | undefined;
};

/** Records that a function that runs by a schedule has succeeded, and what that cost: one write a run. */
export const heartbeat = (table: Table, name: string) => (run: RunCost) => recordRun(table, name, run, true);

/** Records what a run cost of a function that only runs when there is something to do. */
export const ownCost = (table: Table, name: string) => (run: RunCost) => recordRun(table, name, run, false);

const recordRun = (
  { client, name: TableName }: Table,
  name: string,
  { at, cost }: RunCost,
  isHeartbeat: boolean,
) =>
  client.send(
    new UpdateCommand({
      TableName,
      Key: { pk, sk: `${dateOf(at)}#${name}` },
      UpdateExpression: `ADD runs :one, nanoDollars :cost SET #name = :name, expiresAt = :expiresAt${isHeartbeat ? ', lastSuccess = :at' : ''}`,
      ExpressionAttributeNames: { '#name': 'name' },
      ExpressionAttributeValues: {
        ':one': 1,
        ':cost': Math.round(cost * nanoDollars),
        ':name': name,
        ':expiresAt': expiresAfter(at, retentionDays),
        ...(isHeartbeat && { ':at': at }),
      },
    }),
  );

const stored = z
  .object({
    sk: z.string(),
    name: z.string(),
    runs: z.number(),
    nanoDollars: z.number(),
    lastSuccess: z.string().optional(),
  })
  .transform(
    ({ sk, nanoDollars: nano, ...day }): RunDay => ({
      ...day,
      date: sk.slice(0, 'YYYY-MM-DD'.length),
      cost: nano / nanoDollars,
    }),
  );

/** The runs of all functions by day, oldest day first, as far back as they are kept. */
export const getRunDays = (table: Table): Promise<RunDay[]> => queryAll(table, { pk, item: stored });

/** When each function succeeded last, by its name, up to `now`; what has no success on record isn't in it. */
export function lastSuccesses(days: readonly RunDay[], now: IsoTime): Map<string, IsoTime> {
  const last = new Map<string, IsoTime>();
  for (const { name, lastSuccess } of days) {
    if (lastSuccess === undefined || Date.parse(lastSuccess) > Date.parse(now)) continue;
    if (Date.parse(lastSuccess) > Date.parse(last.get(name) ?? '1970-01-01T00:00:00Z'))
      last.set(name, lastSuccess);
  }
  return last;
}

/** What the runs of a period cost, and the days of it that any are on record for; undefined where there are none. */
export function costIn(
  days: readonly RunDay[],
  { start, end }: Period,
): { amount: Usd; on: Period } | undefined {
  const within = days.filter(({ date }) => date >= start && date < end);
  const dates = within.map(({ date }) => date).toSorted();
  const [first, last] = [dates[0], dates.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return {
    amount: within.reduce((sum, { cost }) => sum + cost, 0),
    on: { start: first, end: addDays(last, 1) },
  };
}
