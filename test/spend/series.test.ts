import { describe, expect, it } from 'vitest';
import type { IsoDate } from '../../shared/period.ts';
import { byUsageType } from '../../shared/spend/grouping.ts';
import { emptyLedger, type Ledger, observe } from '../../shared/spend/ledger.ts';
import { toSeries } from '../../shared/spend/series.ts';
import { chargeOf, chargeOn } from '../support/spend.ts';

const read = { start: '2026-11-13', end: '2026-11-16' };
const observed = '2026-11-16T06:00:00Z';

describe('the series of a ledger', () => {
  it('are usage by account and service, each day zero, known, or unknown', () => {
    const charges = [
      chargeOf({ date: '2026-11-13', amount: 40 }),
      chargeOf({ date: '2026-11-15', amount: 50 }),
      chargeOf({ date: '2026-11-15', amount: -50, category: 'Credit' }),
      chargeOf({ date: '2026-11-15', amount: 7, category: 'Tax', service: 'Tax' }),
    ];
    const ledger = observe(emptyLedger, observed, charges, read);
    expect(toSeries(ledger, { start: '2026-11-12', end: '2026-11-16' })).toEqual([
      {
        scope: { account: '210987654321', service: 'Amazon Elastic Compute Cloud - Compute' },
        currency: 'USD',
        days: [
          { date: '2026-11-12', amount: undefined, closed: false },
          { date: '2026-11-13', amount: 40, closed: true },
          { date: '2026-11-14', amount: 0, closed: false, seen: [Number.NaN, 0] },
          { date: '2026-11-15', amount: 50, closed: false, seen: [50, Number.NaN] },
        ],
      },
    ]);
  });

  const readOn = (ledger: Ledger, day: IsoDate, amounts: Record<IsoDate, number>) =>
    observe(
      ledger,
      `${day}T06:00:00Z`,
      Object.entries(amounts).map(([date, amount]) => chargeOf({ date, amount })),
      { start: '2026-11-10', end: day },
    );
  const reads: [IsoDate, Record<IsoDate, number>][] = [
    ['2026-11-12', { '2026-11-10': 95, '2026-11-11': 70 }],
    ['2026-11-13', { '2026-11-10': 100, '2026-11-11': 98, '2026-11-12': 60 }],
    ['2026-11-15', { '2026-11-10': 100, '2026-11-11': 100, '2026-11-12': 100, '2026-11-13': 90 }],
  ];

  it('know of each day what the first and the second run after it saw, unless there was none', () => {
    const ledger = reads.reduce((before, [day, amounts]) => readOn(before, day, amounts), emptyLedger);
    const [series] = toSeries(ledger, { start: '2026-11-10', end: '2026-11-15' });
    expect(series?.days.map(({ seen }) => seen)).toEqual([
      [Number.NaN, 95],
      [70, 98],
      [60, Number.NaN],
      [Number.NaN, 90],
      [0, Number.NaN],
    ]);
  });

  it('know nothing that was read after the run that asks', () => {
    const ledger = reads.reduce((before, [day, amounts]) => readOn(before, day, amounts), emptyLedger);
    const upTo = reads
      .slice(0, 2)
      .reduce((before, [day, amounts]) => readOn(before, day, amounts), emptyLedger);
    const period = { start: '2026-11-10', end: '2026-11-13' };
    expect(toSeries(ledger, period, '2026-11-13T06:00:00Z')).toEqual(toSeries(upTo, period));
  });

  it('are none where nothing was charged', () => {
    expect(toSeries(observe(emptyLedger, observed, [], read), read)).toEqual([]);
  });

  it('show two accounts apart though their sum stays flat', () => {
    const charges = ['2026-11-13', '2026-11-14'].flatMap((date, index) => [
      chargeOf({ date, account: '111111111111', amount: 100 - 60 * index }),
      chargeOf({ date, account: '222222222222', amount: 100 + 60 * index }),
    ]);
    const ledger = observe(emptyLedger, observed, charges, { start: '2026-11-13', end: '2026-11-15' });
    expect(toSeries(ledger, { start: '2026-11-13', end: '2026-11-15' })).toMatchObject([
      { scope: { account: '222222222222' }, days: [{ amount: 100 }, { amount: 160 }] },
      { scope: { account: '111111111111' }, days: [{ amount: 100 }, { amount: 40 }] },
    ]);
  });

  it('beyond the limit are folded into one, and their sum stays whole', () => {
    const charges = Array.from({ length: 5000 }, (_, index) =>
      chargeOf({ account: String(100_000_000_000 + index), amount: index }),
    );
    const ledger = observe(emptyLedger, observed, charges, read);
    const series = toSeries(ledger, read, undefined, 100);
    expect(series).toHaveLength(100);
    expect(series[0]?.scope['account']).toBe('100000004999');
    expect(series.at(-1)).toMatchObject({ scope: { account: 'other', service: 'other' } });
    const total = series.flatMap(({ days }) => days).reduce((sum, { amount = 0 }) => sum + amount, 0);
    expect(total).toBe((4999 * 5000) / 2);
    const seen = series.flatMap(({ days }) => days[2]?.seen?.[0] ?? []);
    expect(seen).toHaveLength(100); // what is folded knows its first readings too
  });

  it('of a tag that was activated mid-month show neither a drop nor a spike', () => {
    const days = { start: '2026-11-11', end: '2026-11-16' };
    const charges = [
      ...['2026-11-11', '2026-11-12'].map((date) => chargeOn({ team: '' }, 100, { date })),
      ...['2026-11-13', '2026-11-14', '2026-11-15'].flatMap((date) => [
        chargeOn({ team: '' }, 30, { date }),
        chargeOn({ team: 'search' }, 70, { date }),
      ]),
    ];
    const ledger = observe(emptyLedger, observed, charges, days, { groupings: [['team']] });
    const amountsOf = toSeries(ledger, days).map(({ scope, days }) => [
      scope['team'],
      days.map(({ amount }) => amount),
    ]);
    expect(amountsOf).toEqual([
      ['search', [undefined, undefined, 70, 70, 70]],
      ['', [undefined, undefined, 30, 30, 30]],
    ]);
  });

  it('of each grouping add up to the same, the small ones of each folded by themselves', () => {
    const usageTypes = Array.from({ length: 10 }, (_, index) =>
      chargeOn({ service: 'Amazon EC2', usageType: `type ${index}` }, 6),
    );
    const ledger = observe(
      observe(emptyLedger, observed, [chargeOf({ amount: 60 })], read),
      observed,
      usageTypes,
      read,
      { groupings: [byUsageType] },
    );
    const series = toSeries(ledger, read, undefined, 3);
    expect(series.map(({ scope, days }) => [scope, days[1]?.amount])).toEqual([
      [{ account: '210987654321', service: 'Amazon Elastic Compute Cloud - Compute' }, 60],
      [{ service: 'Amazon EC2', usageType: 'type 0' }, 6],
      [{ service: 'Amazon EC2', usageType: 'type 1' }, 6],
      [{ service: 'other', usageType: 'other' }, 48],
    ]);
  });
});
