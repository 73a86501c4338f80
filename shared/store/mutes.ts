import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { IsoTime } from '../period.ts';
import { expiresAfter, type Table, type TransactItem } from './table.ts';

const pk = 'MUTES';

const mute = z.object({
  pattern: z.string(),
  at: z.string(),
  until: z.string(),
  by: z.string(),
  reason: z.string().exactOptional(),
});

/** That alerts of a pattern are expected until a time, who said so, and why. */
export type Mute = z.infer<typeof mute>;

/** Mutes a pattern; the newest word on it counts. */
export const muteWrite = ({ name }: Table, given: Mute): TransactItem => ({
  Put: {
    TableName: name,
    Item: { pk, sk: given.pattern, ...given, expiresAt: expiresAfter(given.until, 1) },
  },
});

/** What mutes a pattern at a time; undefined where nothing does. */
export async function getMute(
  { client, name }: Table,
  pattern: string,
  now: IsoTime,
): Promise<Mute | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: { pk, sk: pattern }, ConsistentRead: true }),
  );
  const found = mute.optional().parse(Item);
  return found && Date.parse(now) < Date.parse(found.until) ? found : undefined;
}
