import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { IsoTime } from '../period.ts';
import type { Visit } from '../schedule/next-visit.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, unlessRefused } from './table.ts';

const pk = 'VISITS';

/** A target that nobody visited for so long is watched no more. */
const retentionDays = 7;

type Place = Pick<Target, 'account' | 'region'>;

/** What tells a target from the others. */
export const visitKey = ({ account, region }: Place): string => `${account}#${region}`;

const stored = z.object({
  sk: z.string(),
  visitedAt: z.string().default(''),
  dueAt: z.string().default(''),
  pulledAt: z.string().optional(),
  running: z.number().default(0),
  pending: z.number().default(0),
  pendingInstances: z.number().default(0),
});

/** The last visit to each target, by `visitKey`; a target that was pulled forward and never visited isn't among them. */
export async function getVisits(table: Table): Promise<Map<string, Visit>> {
  const items = await queryAll(table, { pk, item: stored });
  return new Map(items.flatMap(({ sk, ...visit }) => (visit.visitedAt === '' ? [] : [[sk, visit]])));
}

/** Keeps a visit; where one for a later event is kept already, that one stays. An event's pull stays in any case. */
export const putVisit = (
  { client, name }: Table,
  target: Place,
  { visitedAt, dueAt, running, pending, pendingInstances }: Visit,
): Promise<boolean> =>
  unlessRefused(
    client.send(
      new UpdateCommand({
        TableName: name,
        Key: { pk, sk: visitKey(target) },
        UpdateExpression:
          'SET visitedAt = :at, dueAt = :due, running = :running, pending = :pending, pendingInstances = :instances, expiresAt = :expiresAt',
        ConditionExpression: 'attribute_not_exists(visitedAt) OR visitedAt <= :at',
        ExpressionAttributeValues: {
          ':at': visitedAt,
          ':due': dueAt,
          ':running': running,
          ':pending': pending,
          ':instances': pendingInstances,
          ':expiresAt': expiresAfter(visitedAt, retentionDays),
        },
      }),
    ),
  );

/** Lets the next run visit a target, because something changed there; an earlier change doesn't take a later one's place. */
export const pullForward = ({ client, name }: Table, target: Place, at: IsoTime): Promise<boolean> =>
  unlessRefused(
    client.send(
      new UpdateCommand({
        TableName: name,
        Key: { pk, sk: visitKey(target) },
        UpdateExpression: 'SET pulledAt = :at, expiresAt = if_not_exists(expiresAt, :expiresAt)',
        ConditionExpression: 'attribute_not_exists(pulledAt) OR pulledAt < :at',
        ExpressionAttributeValues: { ':at': at, ':expiresAt': expiresAfter(at, retentionDays) },
      }),
    ),
  );
