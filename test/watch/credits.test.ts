import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addDays, datesOf, type IsoDate } from '../../shared/period.ts';
import type { ScopedCharge } from '../../shared/spend/charge.ts';
import { emptyLedger, observe } from '../../shared/spend/ledger.ts';
import { tellEndedCredits } from '../../shared/watch/credits.ts';
import { startTable } from '../support/table.ts';

let database: Awaited<ReturnType<typeof startTable>>;
beforeEach(async () => {
  database = await startTable();
});
afterEach(() => database.stop());

const closed = '2026-11-13';
const at = '2026-11-16T06:00:00Z';
const service = 'Amazon SageMaker';

/** A month of usage in two accounts, and a credit for the organisation as a whole. */
function ledgerWith(creditOn: (date: IsoDate) => number) {
  const period = { start: '2026-10-10', end: '2026-11-16' };
  const charges = datesOf(period).flatMap((date): ScopedCharge[] => [
    ...['1', '2'].map((account) => ({
      date,
      scope: { account, service },
      category: 'Usage' as const,
      amount: 60,
      currency: 'USD',
    })),
    { date, scope: { service }, category: 'Credit', amount: -creditOn(date), currency: 'USD' },
  ]);
  const groupings = [['account', 'service'], ['service']];
  return observe(emptyLedger, at, charges, period, { groupings });
}

const tell = (creditOn: (date: IsoDate) => number, floor = 25) =>
  tellEndedCredits(database.table, ledgerWith(creditOn), { closed, floor, at });

const titles = async () => {
  const { Items = [] } = await database.table.client.send(
    new QueryCommand({
      TableName: database.table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.map((item) => (item['alert'] as { title: string }).title);
};

describe('a credit that runs out', () => {
  const until = (end: IsoDate) => (date: IsoDate) => (date < end ? 45 : 0);

  it('is told once: usage flat, the net up', async () => {
    expect(await tell(until('2026-11-08'))).toBe(1);
    expect(await tell(until('2026-11-08'))).toBe(0);
    expect(await titles()).toEqual(['Amazon SageMaker: credit ended on 8 Nov, $45.00 a day more to pay']);
  });

  it.each([
    ['goes on', until(addDays(closed, 9)), 25],
    ['is smaller than what is worth telling', until('2026-11-08'), 50],
  ])('is not told where it %s', async (_, creditOn, floor) => {
    expect(await tell(creditOn, floor)).toBe(0);
  });
});
