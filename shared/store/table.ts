import { setTimeout as wait } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { createClient } from '../aws/client.ts';

/** The one table. Its keys are `pk` and `sk`, both strings; `expiresAt` is the TTL in epoch seconds. */
export type Table = { client: DynamoDBDocumentClient; name: string };

/** One write of a transaction, as the document client takes it. */
export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

export const openTable = (name: string): Table => ({
  client: DynamoDBDocumentClient.from(createClient(DynamoDBClient), {
    marshallOptions: { removeUndefinedValues: true },
  }),
  name,
});

/** The TTL of a record that is of no use `days` after `time`, in epoch seconds. */
export const expiresAfter = (time: string, days: number): number =>
  Math.floor(Date.parse(time) / 1000) + days * 86_400;

/**
 * What to read of a partition: all of it, the sort keys that start so, those from one on, or those up to one. `isConsistent`: what
 * another run wrote a second ago is to be seen, at twice the price.
 */
type Query<Item> = {
  pk: string;
  startingWith?: string;
  from?: string;
  upTo?: string;
  item: z.ZodType<Item>;
  isConsistent?: boolean;
};

/** The records of a partition, every page of them; throws where one isn't of the shape of `item`. */
export async function queryAll<Item>({ client, name }: Table, query: Query<Item>): Promise<Item[]> {
  const { pk, item, isConsistent = false } = query;
  const page = z.object({
    Items: z.array(item).default([]),
    LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
  });
  const sort = sortOf(query);
  const items: Item[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const command = new QueryCommand({
      TableName: name,
      KeyConditionExpression: ['pk = :pk', ...sort.conditions].join(' AND '),
      ExpressionAttributeValues: { ':pk': pk, ...sort.values },
      ConsistentRead: isConsistent,
      ExclusiveStartKey,
    });
    const { Items, LastEvaluatedKey } = page.parse(await client.send(command));
    items.push(...Items);
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
}

function sortOf({ startingWith, from, upTo }: Pick<Query<unknown>, 'startingWith' | 'from' | 'upTo'>) {
  if (startingWith !== undefined)
    return { conditions: ['begins_with(sk, :start)'], values: { ':start': startingWith } };
  if (upTo !== undefined) return { conditions: ['sk <= :upTo'], values: { ':upTo': upTo } };
  return from === undefined
    ? { conditions: [], values: {} }
    : { conditions: ['sk >= :from'], values: { ':from': from } };
}

/** Whether a write was made; false where its condition didn't hold. */
export async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Makes all of the writes, or none; false where a condition doesn't hold. Throws where the table can't say. */
export const transact = ({ client }: Table, TransactItems: readonly TransactItem[]): Promise<boolean> =>
  tryTransaction(client, new TransactWriteCommand({ TransactItems: [...TransactItems] }));

/** Milliseconds before another try where two transactions met on one item. */
const conflictPauses = [50, 150, 400];

async function tryTransaction(
  client: Table['client'],
  command: TransactWriteCommand,
  [pause, ...later]: readonly number[] = conflictPauses,
): Promise<boolean> {
  try {
    await client.send(command);
    return true;
  } catch (error) {
    if (isRefused(error)) return false;
    if (pause === undefined || !isPassing(error)) throw error;
    await wait(pause * (1 + Math.random()));
    return tryTransaction(client, command, later);
  }
}

/** Why each write of a cancelled transaction failed; empty for any other error. */
const reasonsOf = (error: unknown): string[] =>
  error instanceof TransactionCanceledException
    ? (error.CancellationReasons ?? []).flatMap(({ Code }) => (Code && Code !== 'None' ? [Code] : []))
    : [];

function isRefused(error: unknown): boolean {
  const reasons = reasonsOf(error);
  return reasons.length > 0 && reasons.every((reason) => reason === 'ConditionalCheckFailed');
}

const passing = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

const isPassing = (error: unknown): boolean => reasonsOf(error).some((reason) => passing.has(reason));
