import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { IsoTime } from '../period.ts';
import { expiresAfter, type Table } from './table.ts';

/** While it stands nothing is stopped anywhere, because the bill can't be believed. */
export type StopBlock = {
  reason: string;
  /** When the doubt arose. */
  since: IsoTime;
  /** It falls by itself then, unless the doubt is renewed. */
  until: IsoTime;
};

const stored = z.object({ reason: z.string(), since: z.string(), until: z.string() });
const key = { pk: 'SPEND', sk: 'STOP-BLOCK' };

/** The block that stands at `now`; undefined where none does. */
export async function getStopBlock({ client, name }: Table, now: IsoTime): Promise<StopBlock | undefined> {
  const { Item } = await client.send(new GetCommand({ TableName: name, Key: key, ConsistentRead: true }));
  const block = stored.optional().parse(Item);
  return block && block.until > now ? block : undefined;
}

/** Blocks every automatic stop; a later block takes the place of an earlier one. */
export async function putStopBlock({ client, name }: Table, block: StopBlock): Promise<void> {
  const Item = { ...key, ...block, expiresAt: expiresAfter(block.until, 1) };
  await client.send(new PutCommand({ TableName: name, Item }));
}
