import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type Press, press } from '../alert/press.ts';
import { expiresAfter, type Table, type TransactItem, unlessRefused } from './table.ts';

/** As long as the alerts that they answer. */
const retentionDays = 90;

/** What was signed five minutes ahead of our time is taken for ten. */
const signatureSeconds = 10 * 60;

/** Keeps that a request came, by the fingerprint of its signature; false where it came before. */
export const claimRequest = ({ client, name }: Table, fingerprint: string, nowMs: number): Promise<boolean> =>
  unlessRefused(
    client.send(
      new PutCommand({
        TableName: name,
        Item: {
          pk: `SIGNATURE#${fingerprint}`,
          sk: 'SEEN',
          expiresAt: Math.ceil(nowMs / 1000) + signatureSeconds,
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  );

const stored = z.object({
  press: press.omit({ responseUrl: true }),
  state: z.enum(['begun', 'done', 'refused']),
  why: z.string().exactOptional(),
  pending: z.array(z.string()).exactOptional(),
});

/** What has become of a press: `begun`, and then `done`, or `refused` with the reason. */
type PressRecord = {
  state: z.infer<typeof stored>['state'];
  why?: string;
  /** The keys of what was about to be stopped when it was begun. */
  pending?: readonly string[];
};

/** What is known of a press; undefined where it is a new one. */
export async function getPress({ client, name }: Table, id: string): Promise<PressRecord | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: keyOf(id), ConsistentRead: true }),
  );
  const found = stored.optional().parse(Item);
  return found && toRecord(found);
}

function toRecord({ state, why, pending }: z.infer<typeof stored>): PressRecord {
  return { state, ...(why !== undefined && { why }), ...(pending && { pending }) };
}

/**
 * Keeps who pressed what, and what became of it: in one transaction with what follows from it, or by `putPress`. Refused
 * where it is known what became of it. The address to answer to is no part of it: it is a secret.
 */
export const pressWrite = (
  { name }: Table,
  { responseUrl: _secret, ...given }: Press,
  record: PressRecord,
): { Put: NonNullable<TransactItem['Put']> } => ({
  Put: {
    TableName: name,
    Item: { ...keyOf(given.id), press: given, ...record, expiresAt: expiresAfter(given.at, retentionDays) },
    ConditionExpression: 'attribute_not_exists(pk) OR #state = :begun',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':begun': 'begun' },
  },
});

/** The same by itself; false where it is known what became of it. */
export const putPress = (table: Table, given: Press, record: PressRecord): Promise<boolean> =>
  unlessRefused(table.client.send(new PutCommand(pressWrite(table, given, record).Put)));

const keyOf = (id: string) => ({ pk: `PRESS#${id}`, sk: 'RECORD' });
