import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { IsoTime } from '../period.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, unlessRefused } from './table.ts';

/** Longer than any idle window: older work tells nothing. */
const retentionDays = 15;

/** When an instance was last seen at work, and by which evidence. */
export type Work = { lastBusy: IsoTime; reason?: string | undefined };

const stored = z.object({ sk: z.string(), lastBusy: z.string(), reason: z.string().optional() });

/** When each instance of a target was last seen at work, by instance id: whichever watch measured it. */
export async function getWork(table: Table, target: Target): Promise<Map<string, Work>> {
  const items = await queryAll(table, { pk: partition(target), item: stored });
  return new Map(items.map(({ sk, ...work }) => [sk, work]));
}

/** Keeps when instances were last seen at work; where a newer time is kept, that one stays. */
export async function putWork(
  { client, name }: Table,
  target: Target,
  work: ReadonlyMap<string, Work>,
  at: IsoTime,
): Promise<void> {
  for (const batch of inBatches([...work], 25)) {
    await Promise.all(
      batch.map(([sk, { lastBusy, reason }]) => {
        const Item = {
          pk: partition(target),
          sk,
          lastBusy,
          reason,
          expiresAt: expiresAfter(at, retentionDays),
        };
        const put = new PutCommand({
          TableName: name,
          Item,
          ConditionExpression: 'attribute_not_exists(pk) OR lastBusy < :lastBusy',
          ExpressionAttributeValues: { ':lastBusy': lastBusy },
        });
        return unlessRefused(client.send(put));
      }),
    );
  }
}

const partition = ({ account, region }: Target): string => `WORK#${account}#${region}`;
