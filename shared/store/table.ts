import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
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
