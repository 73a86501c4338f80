import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dateOf, type IsoDate, type IsoTime } from '../period.ts';
import { expiresAfter, type Table } from './table.ts';

const pk = 'SPEND';

/** Through which day all series have been judged for good; undefined before the first run. */
export async function getJudgedThrough({ client, name }: Table): Promise<IsoDate | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: { pk, sk: 'STATE' }, ConsistentRead: true }),
  );
  return z.object({ judgedThrough: z.iso.date() }).optional().parse(Item)?.judgedThrough;
}

/** Never goes back: a late run of an earlier day leaves it as it is. */
export async function putJudgedThrough({ client, name }: Table, judgedThrough: IsoDate): Promise<void> {
  try {
    await client.send(
      new PutCommand({
        TableName: name,
        Item: { pk, sk: 'STATE', judgedThrough },
        ConditionExpression: 'attribute_not_exists(pk) OR judgedThrough < :day',
        ExpressionAttributeValues: { ':day': judgedThrough },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/** What was used in a month so far, by account; amounts in the currency of the bill. */
export type MonthToDate = {
  /** `2026-11` */
  month: string;
  /** The last day that is in it, as far as the bill has filled. */
  through: IsoDate;
  currency: string;
  usage: Readonly<Record<string, number>>;
};

const monthToDate: z.ZodType<MonthToDate> = z.object({
  month: z.string(),
  through: z.string(),
  currency: z.string(),
  usage: z.record(z.string(), z.number()),
});

/** As the last run has kept it: what would else take the whole ledger to know. Undefined before the first. */
export async function getMonthToDate({ client, name }: Table): Promise<MonthToDate | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: name, Key: { pk, sk: 'MONTH-TO-DATE' } }));
  return monthToDate.optional().parse(Item);
}

/** Kept in place of what an earlier run knew. */
export async function putMonthToDate({ client, name }: Table, known: MonthToDate): Promise<void> {
  const Item = { pk, sk: 'MONTH-TO-DATE', ...known };
  await client.send(new PutCommand({ TableName: name, Item }));
}

/** The day's Cost Explorer requests are used up: what is asked for now would cost more than was agreed. */
class RequestCapError extends Error {
  override name = 'RequestCapError';
}

/** Takes one of the day's Cost Explorer requests; throws a RequestCapError where `cap` of them are gone. */
export async function countSpendRequest({ client, name }: Table, time: IsoTime, cap: number): Promise<void> {
  try {
    await client.send(
      new UpdateCommand({
        TableName: name,
        Key: { pk, sk: `REQUESTS#${dateOf(time)}` },
        UpdateExpression: 'ADD requests :one SET expiresAt = :expiresAt',
        ConditionExpression: 'attribute_not_exists(requests) OR requests < :cap',
        ExpressionAttributeValues: { ':one': 1, ':cap': cap, ':expiresAt': expiresAfter(time, 40) },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new RequestCapError(
      `All ${cap} Cost Explorer requests of ${dateOf(time)} are used up ($0.01 each): raise spend.dailyRequestCap if that is too few`,
      { cause: error },
    );
  }
}
