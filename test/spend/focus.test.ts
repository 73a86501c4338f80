import { describe, expect, it } from 'vitest';
import { type FocusRow, toCharges, toFocusRow, totalOf, totalsBy } from '../../shared/spend/focus.ts';

const cells = {
  BilledCost: '0.00000080000',
  EffectiveCost: '0.00000040000',
  BillingCurrency: 'USD',
  BillingAccountId: '1234567890123',
  ChargeCategory: 'Usage',
  ChargePeriodStart: '2024-09-18 22:00:00',
  ServiceName: 'Amazon Simple Queue Service',
  SubAccountId: '51738928782',
  SubAccountName: 'Atlas Nimbus',
  RegionId: 'us-west-2',
};

const read = (changed: Record<string, string | undefined>) => toFocusRow({ ...cells, ...changed });
const row = (changed: Partial<FocusRow>): FocusRow => ({
  date: '2024-09-18',
  account: 'a',
  service: 's',
  category: 'Usage',
  currency: 'USD',
  billed: 1,
  effective: 1,
  ...changed,
});

describe('a row of a FOCUS export', () => {
  it('keeps both costs with all their decimals', () => {
    expect(toFocusRow(cells)).toEqual({
      row: {
        date: '2024-09-18',
        account: '51738928782',
        accountName: 'Atlas Nimbus',
        service: 'Amazon Simple Queue Service',
        region: 'us-west-2',
        category: 'Usage',
        currency: 'USD',
        billed: 0.0000008,
        effective: 0.0000004,
      },
    });
  });

  it('reads the literal NULL as absent: the account is then the one that is billed', () => {
    const parsed = read({ SubAccountId: 'NULL', SubAccountName: 'NULL', RegionId: 'NULL' });
    expect(parsed).toMatchObject({ row: { account: '1234567890123' } });
    expect(parsed).not.toHaveProperty('row.region');
  });

  it.each([
    ['-2.61370000000', -2.6137],
    ['1e-7', 1e-7],
    ['.5', 0.5],
    ['12', 12],
  ])('reads the amount %s', (BilledCost, billed) => {
    expect(read({ BilledCost })).toMatchObject({ row: { billed } });
  });

  it.each([
    ['2024-09-18T22:00:00Z', '2024-09-18'],
    ['2024-09-18T22:00:00.000Z', '2024-09-18'],
    ['2024-09-18 22:00:00 UTC', '2024-09-18'],
    ['2024-09-18T22:00:00-05:00', '2024-09-19'],
    ['2024-02-29', '2024-02-29'],
  ])('books %s on the UTC day %s', (ChargePeriodStart, date) => {
    expect(read({ ChargePeriodStart })).toMatchObject({ row: { date } });
  });

  it.each([
    ['BilledCost', '1,5', 'is not a number'],
    ['EffectiveCost', 'NaN', 'is not a number'],
    ['EffectiveCost', '0x10', 'is not a number'],
    ['ChargePeriodStart', '2024-02-30 00:00:00', 'is not a date and time'],
    ['ChargePeriodStart', '18.09.2024', 'is not a date and time'],
    ['ChargePeriodStart', '2024-09-18 25:00:00', 'is not a date and time'],
    ['ChargeCategory', 'Surprise', 'is none of Usage, Purchase, Tax, Credit, Adjustment'],
    ['BillingCurrency', 'dollars', 'is no currency such as USD'],
  ])('is refused with %s "%s"', (column, value, message) => {
    expect(read({ [column]: value })).toEqual({ fault: { column, message: `"${value}" ${message}` } });
  });

  it.each(['', 'NULL', undefined])('is refused without a cost (%j)', (BilledCost) => {
    expect(read({ BilledCost })).toEqual({ fault: { column: 'BilledCost', message: 'is empty' } });
  });
});

describe('totals', () => {
  const rows = [
    row({ service: 'a', billed: 10, effective: 8 }),
    row({ service: 'a', billed: -4, effective: -3, category: 'Credit' }),
    row({ service: 'b', billed: 7, effective: 7, region: 'us-east-1' }),
  ];

  it('are the dearest first, with the credits in them', () => {
    expect(totalsBy(rows, ({ service }) => service)).toEqual([
      { name: 'b', billed: 7, effective: 7, credits: { billed: 0, effective: 0 } },
      { name: 'a', billed: 6, effective: 5, credits: { billed: -4, effective: -3 } },
    ]);
  });

  it('have a place for what belongs nowhere', () => {
    expect(totalsBy(rows, ({ region }) => region).map(({ name }) => name)).toEqual(['us-east-1', 'none']);
  });

  it('of the groups add up to the whole', () => {
    expect(totalOf('total', rows)).toMatchObject({ billed: 13, effective: 12 });
  });
});

it('becomes charges of the cost that is asked for', () => {
  const one = [row({ billed: 5, effective: 4 })];
  expect(toCharges(one, 'billed')[0]?.amount).toBe(5);
  expect(toCharges(one, 'effective')[0]?.amount).toBe(4);
});
