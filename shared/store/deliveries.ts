import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { Alert } from '../alert/alert.ts';
import type { Hold } from '../alert/hold.ts';
import type { IsoTime } from '../period.ts';
import { expiresAfter, queryAll, type Table, transact, unlessRefused } from './table.ts';

/** One attempt to show something in a destination, by one delivery of one message of the queue. */
export type Attempt = {
  /** The id of the alert; of the one message that all news of a problem share: the problem's subject. */
  about: string;
  part: 'DELIVERY' | 'ROOT' | 'CHART' | 'COPY';
  /** The destination's name. */
  outlet: string;
  /** The time of the alert: what is known of its delivery is kept for as long as the alert. */
  alertAt: IsoTime;
  messageId: string;
  receiveCount: number;
  /** When the message reached the function. */
  now: IsoTime;
};

/** Where a message stands in Slack. */
const ref = z.object({ channel: z.string(), ts: z.string() });
export type Ref = z.infer<typeof ref>;

const settledStates = ['sent', 'held', 'diverted', 'silent'] as const;

/** How a delivery ended: shown, held back for a summary, told in another destination, or not to be told. */
export type Settled = (typeof settledStates)[number];

const delivery = z.object({
  sk: z.string(),
  state: z.enum(['sending', 'failed', 'unknown', ...settledStates]),
  messageId: z.string(),
  receiveCount: z.number(),
  /** When it was tried first. */
  since: z.string(),
  failures: z.number().default(0),
  ref: ref.exactOptional(),
  isHeard: z.boolean().default(true),
  /** Of the message that all news of a problem share: the version of the problem that it shows. */
  shown: z.number().exactOptional(),
  /** How often that was noted. */
  edits: z.number().default(0),
  /** Of a picture: its id in Slack, once it is there. */
  fileId: z.string().exactOptional(),
  lastError: z.string().exactOptional(),
  why: z.string().exactOptional(),
});

/** A delivery as it is known. */
export type Delivery = z.infer<typeof delivery>;

/** What an attempt may go on with. */
export type Claim =
  | { isDone: true; state: Settled; ref?: Ref }
  | {
      isDone: false;
      /** Nothing was tried before. */
      isFirst: boolean;
      /** Attempts so far that an outlet refused. */
      failures: number;
      /** Since when an earlier attempt may have succeeded without anybody knowing; absent where none may. */
      unsettledSince?: IsoTime;
    };

/** As long as the alert itself is known. */
const retentionDays = 90;

/** Another attempt may be at it just now: to be tried again once that must be over. */
export class BusyError extends Error {
  override name = 'BusyError';
}

/**
 * Claims a delivery before it is made; done where it has ended already. Throws a BusyError where another attempt may be
 * at it just now, so that the queue brings the message back later.
 *
 * There is no clock in it. The queue hides a message for longer than the function may run, so that an earlier
 * attempt is dead when the same message comes again, and also when another message, which found it at work, comes
 * again and finds it unchanged. So a message that met a BusyError must stay hidden for that long, too.
 */
export async function claimDelivery(table: Table, attempt: Attempt): Promise<Claim> {
  const { messageId, receiveCount, now } = attempt;
  const before = await tryClaim(table, attempt, {
    UpdateExpression:
      'SET #state = :sending, messageId = :message, receiveCount = :count, waiting = :none, expiresAt = :expiresAt, since = if_not_exists(since, :now), attempts = if_not_exists(attempts, :zero) + :one',
    ConditionExpression:
      'attribute_not_exists(pk) OR #state IN (:failed, :unknown) OR (#state = :sending AND ((messageId = :message AND receiveCount < :count) OR waiting.#message < :count))',
    ExpressionAttributeNames: { '#state': 'state', '#message': messageId },
    ExpressionAttributeValues: {
      ':sending': 'sending',
      ':failed': 'failed',
      ':unknown': 'unknown',
      ':message': messageId,
      ':count': receiveCount,
      ':none': {},
      ':zero': 0,
      ':one': 1,
      ':now': now,
      ':expiresAt': expiresAfter(attempt.alertAt, retentionDays),
    },
  });
  if (before !== undefined) return toClaim(before);
  const holder = await getDelivery(table, attempt);
  if (holder && isSettled(holder.state)) {
    return { isDone: true, state: holder.state, ...(holder.ref && { ref: holder.ref }) };
  }
  if (holder?.state === 'sending') await waitFor(table, attempt, holder);
  throw new BusyError(`${attempt.about} is being sent to ${attempt.outlet} by another delivery: again later`);
}

/** Whether a delivery has ended: nobody makes it again. */
export const isSettled = (state: Delivery['state']): state is Settled =>
  (settledStates as readonly string[]).includes(state);

/** What was there before a claim; a refused one is undefined. */
async function tryClaim(
  { client, name }: Table,
  attempt: Attempt,
  change: Change,
): Promise<object | undefined> {
  let before: object | undefined;
  const command = new UpdateCommand({
    TableName: name,
    Key: keyOf(attempt),
    ReturnValues: 'ALL_OLD',
    ...change,
  });
  const claimed = await unlessRefused(
    client.send(command).then(({ Attributes }) => {
      before = Attributes ?? {};
    }),
  );
  return claimed ? before : undefined;
}

const earlier = delivery.partial();

function toClaim(before: object): Claim {
  const { state, since, failures = 0 } = earlier.parse(before);
  const mayBeThere = state === 'sending' || state === 'unknown';
  return {
    isDone: false,
    isFirst: state === undefined,
    failures,
    ...(mayBeThere && since !== undefined && { unsettledSince: since }),
  };
}

/** Remembers when this message first found that attempt at work; nothing where it has ended since. */
const waitFor = (table: Table, attempt: Attempt, holder: Delivery): Promise<boolean> =>
  update(table, attempt, {
    UpdateExpression: 'SET waiting.#message = if_not_exists(waiting.#message, :mine)',
    ConditionExpression: '#state = :sending AND messageId = :holder AND receiveCount = :count',
    ExpressionAttributeNames: { '#state': 'state', '#message': attempt.messageId },
    ExpressionAttributeValues: {
      ':sending': 'sending',
      ':holder': holder.messageId,
      ':count': holder.receiveCount,
      ':mine': attempt.receiveCount,
    },
  });

/** How it ended: `isHeard` is false where nobody is there to read it, `ref` says where it stands, `why` why it doesn't. */
type End = { state: Settled; isHeard?: boolean; ref?: Ref | undefined; why?: string };

/** Records how a delivery ended: nobody makes it again. */
export async function settleDelivery(table: Table, attempt: Attempt, end: End): Promise<void> {
  const { state, isHeard = true, ref: stands, why } = end;
  await update(table, attempt, {
    UpdateExpression: `SET #state = :state, isHeard = :heard${stands ? ', #ref = :ref' : ''}${why ? ', why = :why' : ''} REMOVE lastError`,
    ExpressionAttributeNames: { '#state': 'state', ...(stands && { '#ref': 'ref' }) },
    ExpressionAttributeValues: {
      ':state': state,
      ':heard': isHeard,
      ...(stands && { ':ref': stands }),
      ...(why && { ':why': why }),
    },
  });
}

/** What went wrong: `isUnsent` where it is certain that nothing is shown, `counts` where it was no mere pause. */
type Refusal = { error: unknown; isUnsent: boolean; counts: boolean };

/** Gives the claim back after a failure, for any later attempt; what others have done meanwhile stays. */
export async function releaseDelivery(table: Table, attempt: Attempt, refusal: Refusal): Promise<void> {
  const { error, isUnsent, counts } = refusal;
  await update(table, attempt, {
    UpdateExpression:
      'SET #state = :state, lastError = :error, failures = if_not_exists(failures, :zero) + :counts',
    ConditionExpression: '#state = :sending AND messageId = :message AND receiveCount = :count',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':state': isUnsent ? 'failed' : 'unknown',
      ':sending': 'sending',
      ':message': attempt.messageId,
      ':count': attempt.receiveCount,
      ':zero': 0,
      ':counts': counts ? 1 : 0,
      ':error': String(error).slice(0, 500),
    },
  });
}

/** Holds an alert back for the summary at the end of a hold, and ends its delivery, both or none. */
export const holdDelivery = (table: Table, attempt: Attempt, { reason, until }: Hold): Promise<boolean> =>
  transact(table, [
    {
      Update: {
        TableName: table.name,
        Key: keyOf(attempt),
        UpdateExpression: 'SET #state = :held, why = :reason',
        ConditionExpression: '#state = :sending AND messageId = :message AND receiveCount = :count',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':held': 'held',
          ':sending': 'sending',
          ':reason': reason,
          ':message': attempt.messageId,
          ':count': attempt.receiveCount,
        },
      },
    },
    {
      Put: {
        TableName: table.name,
        Item: {
          pk: heldIn(attempt.outlet, until),
          sk: attempt.about,
          alertId: attempt.about,
          reason,
          expiresAt: expiresAfter(until, retentionDays),
        },
      },
    },
  ]);

const held = z.object({ alertId: z.string(), reason: z.enum(['quiet hours', 'too many']) });

/** What is held back for a destination until a time: nothing more comes to it once that is over. */
export const getHeld = (table: Table, outlet: string, until: IsoTime): Promise<z.infer<typeof held>[]> =>
  queryAll(table, { pk: heldIn(outlet, until), item: held, isConsistent: true });

/** Forgets that an alert is held back: the summary that names it is recorded. */
export async function forgetHeld(
  { client, name }: Table,
  outlet: string,
  until: IsoTime,
  alertId: string,
): Promise<void> {
  await client.send(new DeleteCommand({ TableName: name, Key: { pk: heldIn(outlet, until), sk: alertId } }));
}

const heldIn = (outlet: string, until: IsoTime): string => `HELD#${outlet}#${until}`;

/** Counts a message that a destination is about to get in an hour (`2026-11-16T06`); returns how many were before it. */
export async function countMessage({ client, name }: Table, outlet: string, hour: string): Promise<number> {
  const { Attributes } = await client.send(
    new UpdateCommand({
      TableName: name,
      Key: { pk: `SENT#${outlet}`, sk: hour },
      UpdateExpression: 'SET expiresAt = :expiresAt ADD messages :one',
      ExpressionAttributeValues: { ':one': 1, ':expiresAt': expiresAfter(`${hour}:00:00Z`, 1) },
      ReturnValues: 'UPDATED_OLD',
    }),
  );
  return z.object({ messages: z.number().default(0) }).parse(Attributes ?? {}).messages;
}

/** Notes that news of a problem are told in a destination, for as long as they are known. */
export async function noteTold(
  { client, name }: Table,
  { subject, at }: { subject: string; at: IsoTime },
  outlet: string,
): Promise<void> {
  const Item = { ...toldIn(subject, outlet), expiresAt: expiresAfter(at, retentionDays) };
  await client.send(new PutCommand({ TableName: name, Item }));
}

/** Whether news of a problem were told in a destination. */
export async function isTold({ client, name }: Table, subject: string, outlet: string): Promise<boolean> {
  const Key = toldIn(subject, outlet);
  const { Item } = await client.send(new GetCommand({ TableName: name, Key, ConsistentRead: true }));
  return Item !== undefined;
}

const toldIn = (subject: string, outlet: string) => ({ pk: `ALERT#${subject}`, sk: `TOLD#${outlet}` });

/** Whether any outlet that somebody reads has taken the alert. */
export async function wasDelivered(table: Table, alertId: string): Promise<boolean> {
  const known = await listDeliveries(table, alertId);
  return known.some(({ sk, state, isHeard }) => !sk.startsWith('CHART#') && state === 'sent' && isHeard);
}

/** What became of an alert, or of the message that all news of a subject share, in each destination. */
export const listDeliveries = async (table: Table, about: string): Promise<Delivery[]> => {
  const items = await queryAll(table, { pk: `ALERT#${about}`, item: z.unknown(), isConsistent: true });
  return items.flatMap((item) => delivery.safeParse(item).data ?? []);
};

/** A delivery as it is known; undefined where nobody has tried it. */
export async function getDelivery(
  { client, name }: Table,
  attempt: Pick<Attempt, 'about' | 'part' | 'outlet'>,
): Promise<Delivery | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: keyOf(attempt), ConsistentRead: true }),
  );
  return delivery.optional().parse(Item);
}

/**
 * Forgets that a destination has an alert: it is shown there again. The opening of a problem is the message that all news
 * of it share, with its chart: it is posted anew, and what comes of it is told there.
 */
export async function forgetDelivery(
  { client, name }: Table,
  { id, subject, step }: Pick<Alert, 'id' | 'subject' | 'step'>,
  outlet: string,
): Promise<void> {
  const keys = [
    keyOf({ about: id, part: 'DELIVERY', outlet }),
    ...(step === 'opened'
      ? [keyOf({ about: subject, part: 'ROOT', outlet }), keyOf({ about: subject, part: 'CHART', outlet })]
      : []),
  ];
  for (const Key of keys) await client.send(new DeleteCommand({ TableName: name, Key }));
}

/**
 * Notes which version of a problem its message shows. `edits`: how often that had been noted before the message was
 * changed; false where somebody else has changed it meanwhile, so that either change may be the one that is to be seen.
 */
export const markShown = (
  table: Table,
  root: Pick<Attempt, 'about' | 'part' | 'outlet'>,
  { version, edits }: { version: number; edits: number },
): Promise<boolean> =>
  update(table, root, {
    UpdateExpression: 'SET shown = :version, edits = :next',
    ConditionExpression:
      edits === 0
        ? 'attribute_exists(pk) AND (attribute_not_exists(edits) OR edits = :edits)'
        : 'edits = :edits',
    ExpressionAttributeValues: { ':version': version, ':edits': edits, ':next': edits + 1 },
  });

/** Keeps what a picture is called in Slack before it is shown, so that it isn't shown twice. */
export const keepFile = (table: Table, attempt: Attempt, fileId: string): Promise<boolean> =>
  update(table, attempt, {
    UpdateExpression: 'SET fileId = :file',
    ExpressionAttributeValues: { ':file': fileId },
  });

type Change = Omit<UpdateCommandInput, 'TableName' | 'Key'>;

/** False where the condition doesn't hold. */
const update = (
  { client, name }: Table,
  attempt: Pick<Attempt, 'about' | 'part' | 'outlet'>,
  change: Change,
): Promise<boolean> =>
  unlessRefused(client.send(new UpdateCommand({ TableName: name, Key: keyOf(attempt), ...change })));

const keyOf = ({ about, part, outlet }: Pick<Attempt, 'about' | 'part' | 'outlet'>) => ({
  pk: `ALERT#${about}`,
  sk: `${part}#${outlet}`,
});
