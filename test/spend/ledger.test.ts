import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, type Period } from '../../shared/period.ts';
import type { ScopedCharge } from '../../shared/spend/charge.ts';
import { byAccount, byService } from '../../shared/spend/grouping.ts';
import {
  closedDaysBefore,
  emptyLedger,
  groupingsOf,
  isClosed,
  joinLedgers,
  type Ledger,
  lastFollowed,
  lastRead,
  latest,
  observe,
  seriesBy,
} from '../../shared/spend/ledger.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import { chargeOf, chargeOn } from '../support/spend.ts';

const period = { start: '2026-11-13', end: '2026-11-16' };
const monday = '2026-11-16T06:00:00Z';
const tuesday = '2026-11-17T06:00:00Z';

const amounts = (ledger: Ledger, asOf?: string) =>
  Object.fromEntries(latest(ledger, asOf).map(({ date, amount }) => [date, amount]));

describe('a ledger', () => {
  const first = observe(emptyLedger, monday, [chargeOf({ amount: 60 })], period);

  it('adds up the charges of a series on a day', () => {
    const charges = [chargeOf({ amount: 60 }), chargeOf({ amount: 0.0000008 })];
    expect(amounts(observe(emptyLedger, monday, charges, period))).toEqual({ '2026-11-14': 60.0000008 });
  });

  it('keeps a restated figure beside what it was', () => {
    const restated = observe(first, tuesday, [chargeOf({ amount: 90 })], period);
    expect(amounts(restated)).toEqual({ '2026-11-14': 90 });
    expect(amounts(restated, monday)).toEqual({ '2026-11-14': 60 });
  });

  it('keeps an unchanged figure once', () => {
    const again = observe(first, tuesday, [chargeOf({ amount: 60 })], period);
    expect(again.series[0]?.days).toEqual({ '2026-11-14': [[monday, 60]] });
  });

  it('knows a day that was read without a figure as zero, one that had a figure before too', () => {
    const gone = observe(first, tuesday, [], period);
    expect(amounts(gone)).toEqual({ '2026-11-14': 0 });
    expect([...lastRead(gone).keys()]).toEqual(['2026-11-13', '2026-11-14', '2026-11-15']);
  });

  it('does not know a day that was never read', () => {
    expect(lastRead(first).has('2026-11-12')).toBe(false);
    expect(lastRead(first, '2026-11-15T06:00:00Z').size).toBe(0);
  });

  it('takes the same observation once', () => {
    expect(observe(first, monday, [chargeOf({ amount: 999 })], period)).toBe(first);
  });

  it('ignores what lies outside the days that were read', () => {
    const charges = [chargeOf({ date: '2026-11-16', amount: 5 })];
    expect(latest(observe(emptyLedger, monday, charges, period))).toEqual([]);
  });

  it('keeps credits, tax and fees apart from usage', () => {
    const charges = [chargeOf({ amount: 60 }), chargeOf({ amount: -60, category: 'Credit' })];
    const ledger = observe(emptyLedger, monday, charges, period);
    expect(latest(ledger).map(({ category, amount }) => [category, amount])).toEqual([
      ['Credit', -60],
      ['Usage', 60],
    ]);
  });

  it('refuses a second currency, however it comes in', () => {
    const euros = [chargeOf({ currency: 'EUR' })];
    expect(() => observe(first, tuesday, euros, period)).toThrow('USD and EUR');
    expect(() => joinLedgers([first, observe(emptyLedger, monday, euros, period)])).toThrow('USD and EUR');
  });

  it('takes yuan as well as dollars', () => {
    const ledger = observe(emptyLedger, monday, [chargeOf({ currency: 'CNY' })], period);
    expect(latest(ledger)[0]?.currency).toBe('CNY');
  });

  it('remembers what people call the accounts', () => {
    const ledger = observe(emptyLedger, monday, [chargeOf({ accountName: 'ml-dev' })], period);
    expect(ledger.accountNames).toEqual({ '210987654321': 'ml-dev' });
  });
});

describe('a ledger of several groupings', () => {
  const team = ['team'];
  const days = { start: '2026-11-10', end: '2026-11-16' };
  const spent = (amount: number, scope: Scope, date: string) => chargeOn(scope, amount, { date });

  it('adds up to the bill: the same dollars by another grouping are not counted again', () => {
    const bill = [chargeOf({ amount: 60 }), chargeOn({ service: 'Tax' }, 7, { category: 'Tax' })];
    const both = observe(
      observe(emptyLedger, monday, bill, period, { groupings: [byAccount, byService] }),
      monday,
      [chargeOn({ team: 'search' }, 40), chargeOn({ team: '' }, 20)],
      period,
      { groupings: [team] },
    );
    expect(latest(both).map(({ amount }) => amount)).toEqual([7, 60]);
    expect(seriesBy(both, team).map(({ scope }) => scope)).toEqual([{ team: '' }, { team: 'search' }]);
    expect(groupingsOf(both)).toEqual([byAccount, team]);
  });

  it('does not take a grouping for zero that another one was read without', () => {
    const both = observe(
      observe(emptyLedger, monday, [chargeOf({ amount: 60 })], period),
      monday,
      [],
      period,
      {
        groupings: [team],
      },
    );
    expect(amounts(both)).toEqual({ '2026-11-14': 60 });
  });

  it('knows by which grouping a day was read', () => {
    const read = observe(emptyLedger, monday, [], period, { groupings: [team] });
    expect([lastRead(read).size, lastRead(read, undefined, team).size]).toEqual([0, 3]);
  });

  it('keeps apart teams whose names differ in case, or hold a dollar sign', () => {
    const charges = ['search', 'Search', 'sear$ch', ''].map((name) => chargeOn({ team: name }, 1));
    const read = observe(emptyLedger, monday, charges, period, { groupings: [team] });
    expect(seriesBy(read, team)).toHaveLength(4);
  });

  it('keeps apart tags whose keys differ in case', () => {
    const charges = [chargeOn({ team: 'search' }, 1), chargeOn({ Team: 'search' }, 2)];
    const read = observe(emptyLedger, monday, charges, period, { groupings: [team, ['Team']] });
    expect([seriesBy(read, team).length, seriesBy(read, ['Team']).length]).toEqual([1, 1]);
  });

  const followed = (charges: ScopedCharge[], asOf?: string) => {
    const ledger = observe(emptyLedger, monday, charges, days, { groupings: [team] });
    return [...lastFollowed(ledger, asOf, team).keys()];
  };

  it('follows a tag from the first day on which it was on the bill: before that whose the spend was is unknown', () => {
    const charges = [
      ...['2026-11-10', '2026-11-11'].map((date) => spent(100, { team: '' }, date)),
      ...['2026-11-12', '2026-11-13', '2026-11-14', '2026-11-15'].flatMap((date) => [
        spent(30, { team: '' }, date),
        spent(70, { team: 'search' }, date),
      ]),
    ];
    expect(followed(charges)).toEqual(['2026-11-12', '2026-11-13', '2026-11-14', '2026-11-15']);
  });

  it('follows it to the last day, so that a tag that was given up is no drop', () => {
    const charges = [
      spent(70, { team: 'search' }, '2026-11-10'),
      spent(70, { team: 'search' }, '2026-11-11'),
      ...['2026-11-12', '2026-11-13'].map((date) => spent(70, { team: '' }, date)),
    ];
    expect(followed(charges)).toEqual(['2026-11-10', '2026-11-11']);
  });

  it('follows no tag that never was on the bill', () => {
    expect(followed([spent(100, { team: '' }, '2026-11-12')])).toEqual([]);
  });

  it('follows everything else on every day that was read', () => {
    expect(lastFollowed(observe(emptyLedger, monday, [], period)).size).toBe(3);
  });
});

describe('a complete day', () => {
  it.each([
    ['read the next morning is not', '2026-11-15T06:00:00Z', false],
    ['read a day later is not', '2026-11-16T06:00:00Z', false],
    ['read 48 hours after its end is', '2026-11-17T00:00:00Z', true],
  ])('%s', (_, readAt, closed) => {
    expect(isClosed('2026-11-14', readAt)).toBe(closed);
  });

  it.each([
    ['2026-11-16T23:59:59Z', '2026-11-07', '2026-11-14'],
    ['2026-11-17T00:00:00Z', '2026-11-08', '2026-11-15'],
  ])('is each of the newest ones at %s', (time, start, end) => {
    expect(closedDaysBefore(time, 7)).toEqual({ start, end });
    expect(isClosed(addDays(end, -1), time)).toBe(true);
    expect(isClosed(end, time)).toBe(false);
  });
});

describe('whatever is read', () => {
  const charges = fc.array(
    fc.record({
      day: fc.nat({ max: 4 }),
      amount: fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((amount) => amount + 0),
    }),
    { maxLength: 12 },
  );
  const readings = fc.array(charges, { minLength: 1, maxLength: 4 });
  const days: Period = { start: '2026-10-30', end: '2026-11-04' };
  const build = (read: readonly { day: number; amount: number }[][]) =>
    read.reduce<Ledger>(
      (ledger, lines, index) =>
        observe(
          ledger,
          `2026-11-0${index + 5}T06:00:00Z`,
          lines.map(({ day, amount }) => chargeOf({ date: addDays(days.start, day), amount })),
          days,
        ),
      emptyLedger,
    );

  it('comes back the same from JSON', () => {
    fc.assert(
      fc.property(readings, (read) => {
        const ledger = build(read);
        expect(JSON.parse(JSON.stringify(ledger))).toEqual(ledger);
      }),
    );
  });

  it('shows the newest reading, and adds up to it', () => {
    fc.assert(
      fc.property(readings, (read) => {
        const sum = (values: readonly { amount: number }[]) =>
          values.reduce((total, { amount }) => total + amount, 0);
        const newest = read.at(-1) ?? [];
        const size = newest.reduce((total, { amount }) => total + Math.abs(amount), 1);
        expect(Math.abs(sum(latest(build(read))) - sum(newest))).toBeLessThan(1e-9 * size);
      }),
    );
  });
});
