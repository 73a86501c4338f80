import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type Alert, alertKinds, isClosing, type News, severities } from '../alert/alert.ts';
import type { Conversation } from '../alert/conversation.ts';
import { expiresAfter, queryAll, type Table, type TransactItem, unlessRefused } from './table.ts';

const pk = 'CONVERSATIONS';

/** As long as the alerts that it is made of. */
const retentionDays = 90;

const said = z.object({ at: z.string(), by: z.string() });
const stored: z.ZodType<Conversation> = z.object({
  subject: z.string(),
  version: z.number(),
  isOpen: z.boolean(),
  openedAt: z.string(),
  at: z.string(),
  alertId: z.string(),
  kind: z.enum(alertKinds),
  severity: z.enum(severities),
  title: z.string(),
  account: z.string().exactOptional(),
  owner: z.string().exactOptional(),
  team: z.string().exactOptional(),
  costPerDay: z.number().exactOptional(),
  acknowledged: said.exactOptional(),
  snoozed: said.extend({ until: z.string(), costPerDay: z.number().exactOptional() }).exactOptional(),
  answered: said
    .extend({
      answer: z.enum(['expected', 'not-an-anomaly']),
      until: z.string(),
      reason: z.string().exactOptional(),
    })
    .exactOptional(),
  escalatedAt: z.string().exactOptional(),
});

/** What is known of a problem by now; undefined where nothing was told of it for so long that it is forgotten. */
export async function getConversation(
  { client, name }: Table,
  subject: string,
): Promise<Conversation | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: { pk, sk: subject }, ConsistentRead: true }),
  );
  return stored.optional().parse(Item);
}

/** Every problem that was told of within 90 days, open or over, in no order. */
export const listConversations = (table: Table): Promise<Conversation[]> =>
  queryAll(table, { pk, item: stored });

/**
 * Keeps the newest news of a problem, in whatever order they come; false where newer ones are known, or the same. What
 * was answered to it stays, unless it was over and has come back.
 */
export function noteNews(table: Table, alert: News): Promise<boolean> {
  const { subject, id, at, kind, severity, title, account, owner, team, costPerDay } = alert;
  const isOpen = !isClosing(alert);
  const facts = { kind, severity, title, account, owner, team, costPerDay };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  const unknown = Object.entries(facts).filter(([, value]) => value === undefined);
  const gone = [...unknown.map(([key]) => `#${key}`), ...(alert.step === 'reopened' ? answers : [])];
  const sets = [
    'subject = :subject',
    'isOpen = :isOpen',
    'alertId = :id',
    '#at = :at',
    '#order = :order',
    'openedAt = if_not_exists(openedAt, :at)',
    'version = if_not_exists(version, :zero) + :one',
    'expiresAt = :expiresAt',
    ...known.map(([key]) => `#${key} = :${key}`),
  ];
  return unlessRefused(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: { pk, sk: subject },
        UpdateExpression: `SET ${sets.join(', ')}${gone.length > 0 ? ` REMOVE ${gone.join(', ')}` : ''}`,
        ConditionExpression: 'attribute_not_exists(#order) OR #order < :order',
        ExpressionAttributeNames: {
          '#at': 'at',
          '#order': 'order',
          ...Object.fromEntries(Object.keys(facts).map((key) => [`#${key}`, key])),
        },
        ExpressionAttributeValues: {
          ':subject': subject,
          ':isOpen': isOpen,
          ':id': id,
          ':at': at,
          ':order': orderOf(alert),
          ':zero': 0,
          ':one': 1,
          ':expiresAt': expiresAfter(at, retentionDays),
          ...Object.fromEntries(known.map(([key, value]) => [`:${key}`, value])),
        },
      }),
    ),
  );
}

const answers = ['acknowledged', 'snoozed', 'answered', 'escalatedAt'];

/** News of the same moment have one order too, in whatever order they come. */
const orderOf = ({ at, id }: Alert): string => `${at}#${id}`;

/** What somebody, or the clock, has to say of an open problem. */
export type ConversationChange = Partial<
  Pick<Conversation, 'acknowledged' | 'answered' | 'escalatedAt'> & {
    /** Null: the snooze is over. */
    snoozed: Conversation['snoozed'] | null;
  }
>;

/**
 * Notes an answer, in one transaction with what follows from it; refused where the problem is over or forgotten, and,
 * for what is said once, where it was said before.
 */
export function answerWrite(table: Table, subject: string, change: ConversationChange): TransactItem {
  const entries = Object.entries(change).filter(([, value]) => value !== undefined && value !== null);
  const gone = Object.entries(change).flatMap(([key, value]) => (value === null ? [key] : []));
  const once = entries.filter(([key]) => key === 'acknowledged' || key === 'escalatedAt');
  return {
    Update: {
      TableName: table.name,
      Key: { pk, sk: subject },
      UpdateExpression: `SET ${['version = version + :one', ...entries.map(([key]) => `${key} = :${key}`)].join(', ')}${gone.length > 0 ? ` REMOVE ${gone.join(', ')}` : ''}`,
      ConditionExpression: [
        'isOpen = :yes',
        ...once.map(([key]) => `attribute_not_exists(${key})`),
        ...gone.map((key) => `attribute_exists(${key})`),
      ].join(' AND '),
      ExpressionAttributeValues: {
        ':one': 1,
        ':yes': true,
        ...Object.fromEntries(entries.map(([key, value]) => [`:${key}`, value])),
      },
    },
  };
}
