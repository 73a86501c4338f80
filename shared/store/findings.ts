import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { IdleFinding } from '../compute/finding.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, type TransactItem } from './table.ts';

/** A finding that no run has seen for so long is of a target that is no longer watched. */
const retentionDays = 90;

const stored = z.object({
  account: z.string(),
  region: z.string(),
  instanceId: z.string(),
  idleSince: z.string(),
  openedAt: z.string(),
  seenAt: z.string(),
  reason: z.string(),
  hourlyRate: z.number().optional(),
});

/** The open findings of a target. */
export const getFindings = (table: Table, target: Target): Promise<IdleFinding[]> =>
  // What a run opened a second ago isn't opened again.
  queryAll(table, { pk: partition(target), item: stored, isConsistent: true });

/** Opens a finding where none is open, for a transaction with the alert that tells of it. */
export const openingWrite = (
  { name }: Table,
  finding: IdleFinding,
): { Put: NonNullable<TransactItem['Put']> } => ({
  Put: {
    TableName: name,
    Item: { ...keyOf(finding), ...finding, expiresAt: expiresAfter(finding.seenAt, retentionDays) },
    ConditionExpression: 'attribute_not_exists(pk)',
  },
});

/** Opens a finding whose alert has been told before; false where one is open. */
export const openFinding = ({ client, name }: Table, finding: IdleFinding): Promise<boolean> =>
  unlessRefused(client.send(new PutCommand(openingWrite({ client, name }, finding).Put)));

/** Keeps the newest evidence; false where the finding was closed, or a newer run has been there. */
export const confirmFinding = ({ client, name }: Table, finding: IdleFinding): Promise<boolean> =>
  unlessRefused(
    client.send(
      new PutCommand({
        ...openingWrite({ client, name }, finding).Put,
        ConditionExpression: sameEpisode,
        ExpressionAttributeValues: { ':idleSince': finding.idleSince, ':seenAt': finding.seenAt },
      }),
    ),
  );

/** Forgets a finding that is over at `at`; false where a newer run has seen it, or has opened the next. */
export const closeFinding = ({ client, name }: Table, finding: IdleFinding, at: string): Promise<boolean> =>
  unlessRefused(
    client.send(
      new DeleteCommand({
        TableName: name,
        Key: keyOf(finding),
        ConditionExpression: sameEpisode,
        ExpressionAttributeValues: { ':idleSince': finding.idleSince, ':seenAt': at },
      }),
    ),
  );

/** An event that comes late, or again, changes nothing that a newer run knows better. */
const sameEpisode = 'idleSince = :idleSince AND seenAt <= :seenAt';

async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

const partition = ({ account, region }: Pick<Target, 'account' | 'region'>): string =>
  `FINDINGS#${account}#${region}`;

const keyOf = (finding: IdleFinding) => ({ pk: partition(finding), sk: finding.instanceId });
