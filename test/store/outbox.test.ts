import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flushOutbox, recordAlert } from '../../shared/store/outbox.ts';
import type { Table, TransactItem } from '../../shared/store/table.ts';
import { alertOf } from '../support/alert.ts';
import { crashPoints } from '../support/crash.ts';
import { fakeQueue } from '../support/queue.ts';
import { startTable } from '../support/table.ts';

const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-alerts';
const sqs = new SQSClient({});
let table: Table;
let stop: () => Promise<void>;
let queue: ReturnType<typeof fakeQueue>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
  queue = fakeQueue();
});
afterEach(async () => {
  queue.sqs.restore();
  await stop();
});

const incident = (version: number): TransactItem => ({
  Put: {
    TableName: table.name,
    Item: { pk: 'INCIDENTS', sk: 'p4d', version },
    ConditionExpression: 'attribute_not_exists(pk) OR version = :before',
    ExpressionAttributeValues: { ':before': version - 1 },
  },
});

const stored = async (pk: string, sk: string) =>
  (await table.client.send(new GetCommand({ TableName: table.name, Key: { pk, sk } }))).Item;

const waiting = async () =>
  (
    await table.client.send(
      new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': 'OUTBOX' },
      }),
    )
  ).Items?.map(({ sk }) => sk as string);

describe('recording an alert', () => {
  it('records the alert, for 90 days, together with what it tells of', async () => {
    expect(await recordAlert(table, alertOf(), [incident(1)])).toBe(true);
    expect(await stored('ALERT#incident/p4d/opened', 'RECORD')).toMatchObject({
      alert: alertOf(),
      expiresAt: 1_802_584_800, // 2027-02-14T06:00:00Z
    });
    expect(await stored('INCIDENTS', 'p4d')).toMatchObject({ version: 1 });
    expect(await waiting()).toEqual(['incident/p4d/opened']);
  });

  it('does nothing for the same change again, also after it was handed to the queue', async () => {
    await recordAlert(table, alertOf(), [incident(1)]);
    await flushOutbox(table, sqs, queueUrl);
    expect(await recordAlert(table, alertOf({ title: 'another run' }), [incident(2)])).toBe(false);
    expect(await stored('INCIDENTS', 'p4d')).toMatchObject({ version: 1 });
    expect(await waiting()).toEqual([]);
  });

  it('records no alert where another run has moved the incident on', async () => {
    await recordAlert(table, alertOf(), [incident(1)]);
    expect(await recordAlert(table, alertOf({ id: 'incident/p4d/grown' }), [incident(3)])).toBe(false);
    expect(await stored('ALERT#incident/p4d/grown', 'RECORD')).toBeUndefined();
  });

  it('lets one of two concurrent runs record the change', async () => {
    const outcomes = await Promise.all([
      recordAlert(table, alertOf(), [incident(1)]),
      recordAlert(table, alertOf(), [incident(1)]),
    ]);
    expect(outcomes.toSorted()).toEqual([false, true]);
    expect(await waiting()).toEqual(['incident/p4d/opened']);
  });

  it('cuts an alert that no queue would take', async () => {
    const items = Array.from({ length: 900 }, (_, index) => `i-${index} ${'€'.repeat(400)}`);
    await recordAlert(table, alertOf({ items }));
    expect(await flushOutbox(table, sqs, queueUrl)).toBe(1);
    const [body] = queue.bodies() as { items: string[] }[];
    expect(body?.items).toHaveLength(41);
    expect(body?.items.at(-1)).toBe('and 860 more');
  });
});

describe('a table that is busy or broken', () => {
  const cancelled = (...codes: string[]) =>
    new TransactionCanceledException({
      message: 'cancelled',
      $metadata: {},
      CancellationReasons: codes.map((Code) => ({ Code })),
    });

  it.each([
    { codes: ['TransactionConflict', 'None'] },
    { codes: ['ConditionalCheckFailed', 'TransactionConflict'] },
    { codes: ['None', 'ThrottlingError'] },
  ])('tries again after $codes', async ({ codes }) => {
    const client = mockClient(table.client);
    client
      .on(TransactWriteCommand)
      .rejectsOnce(cancelled(...codes))
      .resolves({});
    expect(await recordAlert(table, alertOf())).toBe(true);
    expect(client).toHaveReceivedCommandTimes(TransactWriteCommand, 2);
    client.restore();
  });

  it('gives up after four tries, and says so by throwing', async () => {
    const client = mockClient(table.client);
    client.on(TransactWriteCommand).rejects(cancelled('TransactionConflict'));
    await expect(recordAlert(table, alertOf())).rejects.toThrow('cancelled');
    expect(client).toHaveReceivedCommandTimes(TransactWriteCommand, 4);
    client.restore();
  });

  it.each([cancelled('ValidationError', 'ConditionalCheckFailed'), new Error('no network')])(
    'throws at once for anything else: %s',
    async (error) => {
      const client = mockClient(table.client);
      client.on(TransactWriteCommand).rejects(error);
      await expect(recordAlert(table, alertOf())).rejects.toThrow(error.message);
      expect(client).toHaveReceivedCommandTimes(TransactWriteCommand, 1);
      client.restore();
    },
  );
});

describe('handing alerts to the queue', () => {
  it('hands over each waiting alert as JSON, and forgets it', async () => {
    await recordAlert(table, alertOf());
    expect(await flushOutbox(table, sqs, queueUrl)).toBe(1);
    expect(queue.bodies()).toEqual([alertOf()]);
    expect(await flushOutbox(table, sqs, queueUrl)).toBe(0);
  });

  it('makes no call where nothing waits', async () => {
    expect(await flushOutbox(table, sqs, queueUrl)).toBe(0);
    expect(queue.sqs).not.toHaveReceivedCommand(SendMessageBatchCommand);
  });

  it('reads every page: 120 alerts in batches of ten', async () => {
    for (let index = 0; index < 120; index += 1) await recordAlert(table, alertOf({ id: `launch/${index}` }));
    expect(await flushOutbox(table, sqs, queueUrl)).toBe(120);
    expect(queue.sqs).toHaveReceivedCommandTimes(SendMessageBatchCommand, 12);
    expect(await waiting()).toEqual([]);
  });

  it('keeps the alerts that the queue refused, names them, and sends them with the next run', async () => {
    for (const id of ['a', 'b', 'c']) await recordAlert(table, alertOf({ id }));
    queue.sqs
      .on(SendMessageBatchCommand)
      .resolvesOnce({
        Successful: [],
        Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }],
      })
      .resolves({ Successful: [], Failed: [] });
    await expect(flushOutbox(table, sqs, queueUrl)).rejects.toThrow('The alert queue did not take b');
    expect(await waiting()).toEqual(['b']);
    expect(await flushOutbox(table, sqs, queueUrl)).toBe(1);
  });

  it('keeps everything where the queue cannot be reached', async () => {
    await recordAlert(table, alertOf());
    queue.sqs.on(SendMessageBatchCommand).rejectsOnce('no network');
    await expect(flushOutbox(table, sqs, queueUrl)).rejects.toThrow('no network');
    expect(await waiting()).toEqual(['incident/p4d/opened']);
  });

  it('hands on a record that this version does not understand, for the queue to judge', async () => {
    const Item = { pk: 'OUTBOX', sk: 'old', alert: { id: 'old', shape: 'of last year' } };
    await table.client.send(new PutCommand({ TableName: table.name, Item }));
    expect(await flushOutbox(table, sqs, queueUrl)).toBe(1);
    expect(queue.bodies()).toEqual([{ id: 'old', shape: 'of last year' }]);
  });
});

it('loses no alert wherever the run is killed, and hands over at most one copy more', async () => {
  let killed = true;
  for (let steps = 0; killed; steps += 1) {
    const points = crashPoints();
    const local = await startTable();
    const held = fakeQueue(points.around);
    points.watch(local.table.client);
    const run = async () => {
      await recordAlert(local.table, alertOf());
      await flushOutbox(local.table, sqs, queueUrl);
    };
    points.killAt(steps);
    await run().catch(() => undefined);
    killed = points.wasKilled();
    points.restart();
    await run();
    const ids = held.held.map(({ body }) => (JSON.parse(body) as { id: string }).id);
    expect(new Set(ids), `killed at step ${steps}`).toEqual(new Set(['incident/p4d/opened']));
    expect(ids.length).toBeLessThanOrEqual(2);
    held.sqs.restore();
    await local.stop();
  }
});
