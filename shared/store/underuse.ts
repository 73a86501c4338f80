import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { Underuse } from '../compute/underuse.ts';
import type { IsoTime } from '../period.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table } from './table.ts';

/** What was found out about how well an instance is used; without `underuse` it is well used, or nobody can tell. */
export type UnderuseRecord = { judgedAt: IsoTime; underuse?: Underuse | undefined };

/** An instance that nobody has judged for so long is gone, or does nothing at all. */
const retentionDays = 15;

/** A verdict of another version of this code is none: the next run judges again. */
const stored = z.object({
  sk: z.string(),
  judgedAt: z.string(),
  underuse: z
    .custom<Underuse>((value) => typeof value === 'object' && value !== null && 'check' in value)
    .optional()
    .catch(undefined),
});

/** The last verdict of each instance of a target, by instance id. */
export async function getUnderuse(table: Table, target: Target): Promise<Map<string, UnderuseRecord>> {
  const items = await queryAll(table, { pk: partition(target), item: stored });
  return new Map(items.map(({ sk, ...record }) => [sk, record]));
}

/** Keeps the newest verdicts. Harmless when repeated. */
export async function putUnderuse(
  { client, name }: Table,
  target: Target,
  records: ReadonlyMap<string, UnderuseRecord>,
): Promise<void> {
  for (const batch of inBatches([...records], 25)) {
    await Promise.all(
      batch.map(([sk, record]) => {
        const expiresAt = expiresAfter(record.judgedAt, retentionDays);
        const Item = { pk: partition(target), sk, ...record, expiresAt };
        return client.send(new PutCommand({ TableName: name, Item }));
      }),
    );
  }
}

const partition = ({ account, region }: Target): string => `UNDERUSE#${account}#${region}`;
