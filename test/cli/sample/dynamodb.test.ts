import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Table, TransactItem } from '../../../shared/store/table.ts';
import { startTable } from '../../support/table.ts';

describe('the local DynamoDB', () => {
  let table: Table;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ table, stop } = await startTable());
  });
  afterAll(() => stop());

  const write = (...TransactItems: TransactItem[]) =>
    table.client.send(new TransactWriteCommand({ TransactItems }));
  const read = async (pk: string, sk: string) =>
    (await table.client.send(new GetCommand({ TableName: table.name, Key: { pk, sk } }))).Item;
  const put = (pk: string, sk: string, more = {}, ConditionExpression?: string): TransactItem => ({
    Put: {
      TableName: table.name,
      Item: { pk, sk, ...more },
      ...(ConditionExpression && { ConditionExpression }),
    },
  });

  it('writes all items of a transaction', async () => {
    await write(put('a', '1', { n: 1 }), put('a', '2', { n: 2 }));
    const query = {
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'a' },
    };
    expect((await table.client.send(new QueryCommand(query))).Items).toEqual([
      { pk: 'a', sk: '1', n: 1 },
      { pk: 'a', sk: '2', n: 2 },
    ]);
  });

  it('writes nothing where one condition fails, and says which', async () => {
    await table.client.send(new PutCommand({ TableName: table.name, Item: { pk: 'b', sk: 'taken', n: 1 } }));
    const change: TransactItem = {
      Update: {
        TableName: table.name,
        Key: { pk: 'b', sk: 'taken' },
        UpdateExpression: 'SET n = :n',
        ExpressionAttributeValues: { ':n': 2 },
      },
    };
    await table.client.send(new PutCommand({ TableName: table.name, Item: { pk: 'b', sk: 'other' } }));
    await expect(
      write(change, put('b', 'new'), put('b', 'other', {}, 'attribute_not_exists(pk)')),
    ).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    });
    expect(await read('b', 'taken')).toEqual({ pk: 'b', sk: 'taken', n: 1 });
    expect(await read('b', 'new')).toBeUndefined();
  });

  it('checks a condition without touching the item', async () => {
    await table.client.send(new PutCommand({ TableName: table.name, Item: { pk: 'c', sk: 'seen', n: 7 } }));
    const check = (sk: string, ConditionExpression: string): TransactItem => ({
      ConditionCheck: { TableName: table.name, Key: { pk: 'c', sk }, ConditionExpression },
    });
    await write(
      check('seen', 'attribute_exists(pk)'),
      check('absent', 'attribute_not_exists(pk)'),
      put('c', 'new'),
    );
    expect([await read('c', 'seen'), await read('c', 'absent')]).toEqual([
      { pk: 'c', sk: 'seen', n: 7 },
      undefined,
    ]);
    await expect(write(check('absent', 'attribute_exists(pk)'), put('c', 'late'))).rejects.toThrow(
      '[ConditionalCheckFailed, None]',
    );
  });

  it('lets one of ten transactions at the same moment win', async () => {
    const tries = Array.from({ length: 10 }, (_, n) =>
      write(put('d', 'winner', { n }, 'attribute_not_exists(pk)'), put('d', `alert-${n}`)),
    );
    const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    const query = {
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'd' },
    };
    expect((await table.client.send(new QueryCommand(query))).Count).toBe(2);
  });

  it('takes the same request twice as one', async () => {
    const command = {
      TransactItems: [put('e', '1', {}, 'attribute_not_exists(pk)')],
      ClientRequestToken: 'again',
    };
    await table.client.send(new TransactWriteCommand(command));
    expect(await table.client.send(new TransactWriteCommand(command))).toBeDefined();
  });

  it('refuses two writes to one item in a transaction', async () => {
    await expect(write(put('f', '1'), put('f', '1'))).rejects.toThrow('multiple operations on one item');
  });
});
