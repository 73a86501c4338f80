import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import { checks } from '../compute/check.ts';
import type { Underuse, UnderuseRecord } from '../compute/underuse.ts';
import type { IsoTime } from '../period.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table } from './table.ts';

/** As long as the finding that rests on it: until then nobody may be able to tell more. */
const flawDays = 90;

/** An instance without a flaw that nobody has judged for so long is gone, or does nothing at all. */
const retentionDays = 15;

const stored: z.ZodType<UnderuseRecord & { sk: string }> = z.object({
  sk: z.string(),
  type: z.string(),
  typeSince: z.string().optional(),
  dueAt: z.string(),
  judgedAt: z.string().optional(),
  underuse: z
    .custom<Underuse>((value) => typeof value === 'object' && value !== null && 'check' in value)
    .optional(),
  rival: z.enum(checks).optional(),
});

/**
 * What is known of each instance of a target, by instance id. A record of another version of this code is none: the
 * next run judges again.
 */
export async function getUnderuse(table: Table, target: Target): Promise<Map<string, UnderuseRecord>> {
  const items = await queryAll(table, { pk: partition(target), item: z.unknown() });
  const read = items.flatMap((item) => stored.safeParse(item).data ?? []);
  return new Map(read.map(({ sk, ...record }) => [sk, record]));
}

/** Keeps what is known by `now`. Harmless when repeated. */
export async function putUnderuse(
  { client, name }: Table,
  target: Target,
  records: ReadonlyMap<string, UnderuseRecord>,
  now: IsoTime,
): Promise<void> {
  for (const batch of inBatches([...records], 25)) {
    await Promise.all(
      batch.map(([sk, record]) => {
        const expiresAt = expiresAfter(now, record.underuse ? flawDays : retentionDays);
        const Item = { pk: partition(target), sk, ...record, expiresAt };
        return client.send(new PutCommand({ TableName: name, Item }));
      }),
    );
  }
}

const partition = ({ account, region }: Target): string => `UNDERUSE#${account}#${region}`;
