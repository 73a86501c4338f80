import { GetCommand, QueryCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { Alert } from '../alert/alert.ts';
import { expiresAfter, type Table, unlessRefused } from './table.ts';

/** One attempt to tell an alert through one outlet, by one delivery of one message. */
export type Attempt = { alert: Alert; outlet: string; messageId: string; receiveCount: number };

const delivery = z.object({
  state: z.enum(['sending', 'sent', 'failed']),
  messageId: z.string(),
  receiveCount: z.number(),
});

/** As long as the alert itself is known. */
const retentionDays = 90;

/**
 * Claims a delivery before it is made: true where this attempt is to make it, false where it was made already.
 * Throws where another attempt may be at it just now, so that the queue brings the message back later.
 *
 * There is no clock in it. The queue hides a message for longer than the function may run, so that an earlier
 * attempt is dead when the same message comes again, and also when another message, which found it at work, comes
 * again and finds it unchanged.
 */
export async function claimDelivery(table: Table, attempt: Attempt): Promise<boolean> {
  const { alert, messageId, receiveCount } = attempt;
  const claimed = await update(table, attempt, {
    UpdateExpression:
      'SET #state = :sending, messageId = :message, receiveCount = :count, waiting = :none, expiresAt = :expiresAt, attempts = if_not_exists(attempts, :zero) + :one',
    ConditionExpression:
      'attribute_not_exists(pk) OR #state = :failed OR (#state = :sending AND ((messageId = :message AND receiveCount < :count) OR waiting.#message < :count))',
    ExpressionAttributeNames: { '#state': 'state', '#message': messageId },
    ExpressionAttributeValues: {
      ':sending': 'sending',
      ':failed': 'failed',
      ':message': messageId,
      ':count': receiveCount,
      ':none': {},
      ':zero': 0,
      ':one': 1,
      ':expiresAt': expiresAfter(alert.at, retentionDays),
    },
  });
  if (claimed) return true;
  const holder = await readDelivery(table, attempt);
  if (holder?.state === 'sent') return false;
  if (holder?.state === 'sending') await waitFor(table, attempt, holder);
  throw new Error(`${alert.id} is being sent to ${attempt.outlet} by another delivery: again later`);
}

/** Remembers when this message first found that attempt at work; nothing where it has ended since. */
const waitFor = (table: Table, attempt: Attempt, holder: z.infer<typeof delivery>): Promise<boolean> =>
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

/** Records that the outlet has taken the alert, and whether anybody is there to read it: nobody sends it there again. */
export async function completeDelivery(table: Table, attempt: Attempt, isHeard = true): Promise<void> {
  await update(table, attempt, {
    UpdateExpression: 'SET #state = :sent, isHeard = :heard REMOVE lastError',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':sent': 'sent', ':heard': isHeard },
  });
}

/** Gives the claim back after a failure, for any later attempt; what others have done meanwhile stays. */
export async function releaseDelivery(table: Table, attempt: Attempt, error: unknown): Promise<void> {
  await update(table, attempt, {
    UpdateExpression: 'SET #state = :failed, lastError = :error',
    ConditionExpression: '#state = :sending AND messageId = :message AND receiveCount = :count',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':failed': 'failed',
      ':sending': 'sending',
      ':message': attempt.messageId,
      ':count': attempt.receiveCount,
      ':error': String(error).slice(0, 500),
    },
  });
}

const deliveries = z.array(z.object({ state: z.string(), isHeard: z.boolean().default(true) })).default([]);

/** Whether any outlet that somebody reads has taken the alert. */
export async function wasDelivered({ client, name }: Table, alertId: string): Promise<boolean> {
  const { Items } = await client.send(
    new QueryCommand({
      TableName: name,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :delivery)',
      ExpressionAttributeValues: { ':pk': `ALERT#${alertId}`, ':delivery': 'DELIVERY#' },
      ConsistentRead: true,
    }),
  );
  return deliveries.parse(Items).some(({ state, isHeard }) => state === 'sent' && isHeard);
}

async function readDelivery({ client, name }: Table, attempt: Attempt) {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: keyOf(attempt), ConsistentRead: true }),
  );
  return delivery.optional().parse(Item);
}

/** False where the condition doesn't hold. */
const update = (
  { client, name }: Table,
  attempt: Attempt,
  change: Omit<UpdateCommandInput, 'TableName' | 'Key'>,
): Promise<boolean> =>
  unlessRefused(client.send(new UpdateCommand({ TableName: name, Key: keyOf(attempt), ...change })));

const keyOf = ({ alert, outlet }: Attempt) => ({ pk: `ALERT#${alert.id}`, sk: `DELIVERY#${outlet}` });
