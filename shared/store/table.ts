import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
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

/** What to read of a partition. `isConsistent`: what another run wrote a second ago is to be seen, at twice the price. */
type Query<Item> = { pk: string; startingWith?: string; item: z.ZodType<Item>; isConsistent?: boolean };

/** The records of a partition, every page of them; throws where one isn't of the shape of `item`. */
export async function queryAll<Item>({ client, name }: Table, query: Query<Item>): Promise<Item[]> {
  const { pk, startingWith, item, isConsistent = false } = query;
  const page = z.object({
    Items: z.array(item).default([]),
    LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
  });
  const items: Item[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const command = new QueryCommand({
      TableName: name,
      KeyConditionExpression:
        startingWith === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :start)',
      ExpressionAttributeValues: { ':pk': pk, ...(startingWith !== undefined && { ':start': startingWith }) },
      ConsistentRead: isConsistent,
      ExclusiveStartKey,
    });
    const { Items, LastEvaluatedKey } = page.parse(await client.send(command));
    items.push(...Items);
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
}
