import type { SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type Alert, alertSchema, shortened } from '../alert/alert.ts';
import { sendMessages } from '../aws/sqs.ts';
import { expiresAfter, type Table, type TransactItem, transact } from './table.ts';

/** How long a repeat of the same change is known as a repeat. */
const retentionDays = 90;

/**
 * Records an alert and what it tells of in one transaction; false where this change, or another one that the
 * conditions of `alongside` rule out, was recorded before. Throws where the table can't say.
 */
export async function recordAlert(
  table: Table,
  told: Alert,
  alongside: readonly TransactItem[] = [],
): Promise<boolean> {
  const alert = shortened(told);
  const record = {
    pk: `ALERT#${alert.id}`,
    sk: 'RECORD',
    alert,
    expiresAt: expiresAfter(alert.at, retentionDays),
  };
  const TableName = table.name;
  return transact(table, [
    { Put: { TableName, Item: record, ConditionExpression: 'attribute_not_exists(pk)' } },
    { Put: { TableName, Item: { pk: 'OUTBOX', sk: alert.id, alert } } },
    ...alongside,
  ]);
}

/** Puts an alert that was recorded before into the outbox once more: what has it already doesn't get it again. */
export async function replayAlert({ client, name }: Table, alert: Alert): Promise<void> {
  const Item = { pk: 'OUTBOX', sk: alert.id, alert };
  await client.send(new PutCommand({ TableName: name, Item }));
}

/** An alert as it was recorded; undefined where there is none, or it is older than 90 days. */
export async function getAlert({ client, name }: Table, id: string): Promise<Alert | undefined> {
  const { Item } = await client.send(
    new GetCommand({ TableName: name, Key: { pk: `ALERT#${id}`, sk: 'RECORD' }, ConsistentRead: true }),
  );
  return z.object({ alert: alertSchema }).optional().parse(Item)?.alert;
}

const page = z.object({
  Items: z.array(z.object({ sk: z.string(), alert: z.looseObject({}) })).default([]),
  LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Hands every recorded alert that is still waiting to the queue, then forgets it; returns how many. What the queue
 * doesn't take goes on waiting, and is named in the error at the end. A crash between the two hands an alert over
 * again: `notify` knows what it has delivered.
 */
export async function flushOutbox(table: Table, sqs: SQSClient, queueUrl: string): Promise<number> {
  const left: string[] = [];
  let sent = 0;
  let start: Record<string, unknown> | undefined;
  do {
    const { Items, LastEvaluatedKey } = await readPage(table, start);
    const messages = Items.map(({ sk, alert }) => ({ id: sk, body: JSON.stringify(alert) }));
    const { failed } = await sendMessages(sqs, queueUrl, messages);
    const taken = Items.filter(({ sk }) => !failed.includes(sk));
    await Promise.all(taken.map(({ sk }) => forget(table, sk)));
    left.push(...failed);
    sent += taken.length;
    start = LastEvaluatedKey;
  } while (start);
  if (left.length > 0)
    throw new Error(`The alert queue did not take ${left.join(', ')}: kept for the next run`);
  return sent;
}

/**
 * What a pass comes to, and how many alerts were handed over after it; also where it failed, since it may have recorded
 * some before. Throws what the pass threw, or what kept the alerts from the queue.
 */
export async function thenFlush<Result>(
  pass: Promise<Result>,
  table: Table,
  sqs: SQSClient,
  queueUrl: string,
): Promise<{ result: Result; alerts: number }> {
  const flush = () => flushOutbox(table, sqs, queueUrl);
  const alerts = await pass.then(flush, flush);
  return { result: await pass, alerts };
}

const readPage = async ({ client, name }: Table, ExclusiveStartKey: Record<string, unknown> | undefined) =>
  page.parse(
    await client.send(
      new QueryCommand({
        TableName: name,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': 'OUTBOX' },
        ConsistentRead: true, // what this run recorded a moment ago is to go out with it
        ExclusiveStartKey,
        Limit: 100,
      }),
    ),
  );

const forget = ({ client, name }: Table, alertId: string) =>
  client.send(new DeleteCommand({ TableName: name, Key: { pk: 'OUTBOX', sk: alertId } }));
