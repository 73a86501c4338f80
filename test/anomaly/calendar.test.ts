import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allowanceOf,
  calendarOf,
  type PlannedEvent,
  plannedEvents,
  seasonsBetween,
} from '../../shared/anomaly/calendar.ts';
import { parseConfig } from '../../shared/config.ts';
import { addDays, toDay } from '../../shared/period.ts';
import type { Scope } from '../../shared/spend/scope.ts';

const all = { start: '2000-01-01', end: '2040-01-01' };

const event = (given: Partial<PlannedEvent> = {}): PlannedEvent => ({
  name: 'migration',
  start: '2026-12-03',
  end: '2026-12-10',
  scope: { account: '210987654321' },
  upTo: 0.4,
  ...given,
});

describe('known seasons', () => {
  it.each([
    [2018, '2018-11-15', '2018-11-28'], // the 22nd, the earliest Thanksgiving
    [2019, '2019-11-21', '2019-12-04'], // the 28th, the latest
    [2024, '2024-11-21', '2024-12-04'],
    [2026, '2026-11-19', '2026-12-02'],
  ])(
    'have Black Friday of %i from a week before Thanksgiving through five days after it',
    (year, start, end) => {
      const period = { start: `${year}-01-01`, end: `${year + 1}-01-01` };
      expect(seasonsBetween(['black-friday'], period)).toEqual([
        { name: 'black-friday', start, end, scope: {}, upTo: 1.25, isSeason: true },
      ]);
    },
  );

  it('have Christmas from 20 December through 2 January', () => {
    const seasonOn = allowanceOf(seasonsBetween(['christmas'], all), {});
    const days = Array.from({ length: 16 }, (_, index) => toDay('2026-12-19') + index);
    expect(days.map((day) => seasonOn(day).season)).toEqual([1, ...Array(14).fill(2.25), 1]);
  });

  it('are no plan: they concern what follows its users only', () => {
    const { factor, excess } = allowanceOf(seasonsBetween(['christmas'], all), {})(toDay('2026-12-24'));
    expect([factor, excess]).toEqual([1, 0]);
  });

  it('are found in a period that begins in the middle of one, and not in one that begins after it', () => {
    expect(seasonsBetween(['christmas'], { start: '2027-01-02', end: '2027-02-01' })).toHaveLength(1);
    expect(seasonsBetween(['christmas'], { start: '2027-01-03', end: '2027-02-01' })).toEqual([]);
    expect(seasonsBetween(['christmas'], { start: '2027-02-01', end: '2027-12-20' })).toEqual([]);
  });

  it('come every year of a long period', () => {
    const found = seasonsBetween(['black-friday', 'christmas'], { start: '2024-06-01', end: '2027-06-01' });
    expect(found.map(({ start }) => start)).toEqual([
      '2024-11-21',
      '2025-11-20',
      '2026-11-19',
      '2024-12-20',
      '2025-12-20',
      '2026-12-20',
    ]);
  });

  it('are none where the configuration names none', () => {
    expect(seasonsBetween([], all)).toEqual([]);
  });
});

const factorOn = (calendar: readonly PlannedEvent[], scope: Scope, date: string): number =>
  allowanceOf(calendar, scope)(toDay(date)).factor;

const allowancesFrom = (calendar: readonly PlannedEvent[], from: string, days: number): number[] =>
  Array.from({ length: days }, (_, index) => factorOn(calendar, {}, addDays(from, index)));

describe('planned events', () => {
  const planned = (entry: object) => parseConfig({ spend: { planned: [entry] } }).spend.planned;
  const entry = { name: 'migration', from: '2026-12-03', to: '2026-12-09', upTo: '40%' };

  it('last through the day that people name as the last one', () => {
    expect(plannedEvents(planned(entry))).toEqual([event({ scope: {} })]);
    const calendar = plannedEvents(planned(entry));
    expect(allowancesFrom(calendar, '2026-12-02', 9)).toEqual([1, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1]);
  });

  it.each([
    ['40%', 0.4],
    ['+40 %', 0.4],
    ['2500%', 25],
    [0.4, 0.4],
    [2, 2],
    ['0%', 0],
  ])('allow %s as the share %d', (upTo, share) => {
    expect(plannedEvents(planned({ ...entry, upTo }))[0]?.upTo).toBe(share);
  });

  it('concern the part of the spend that every further key names', () => {
    const [first] = plannedEvents(planned({ ...entry, account: '210987654321', team: 'research' }));
    expect(first?.scope).toEqual({ account: '210987654321', team: 'research' });
  });
});

describe('the allowance of a series', () => {
  const calendar = [event({ scope: { account: '210987654321', service: 'Amazon EC2' } })];
  const on = (scope: Record<string, string>) => factorOn(calendar, scope, '2026-12-05');

  it('is that of the event for what lies within its scope', () => {
    expect(on({ account: '210987654321', service: 'Amazon EC2' })).toBe(1.4);
    expect(on({ account: '210987654321', service: 'Amazon EC2', usageType: 'BoxUsage:p4d' })).toBe(1.4);
  });

  it('is that of the event for every sum that carries it: the total, the account, the service everywhere', () => {
    expect(on({})).toBe(1.4);
    expect(on({ account: '210987654321' })).toBe(1.4);
    expect(on({ service: 'Amazon EC2' })).toBe(1.4);
    expect(on({ team: 'research' })).toBe(1.4);
  });

  it('is none for another account, or another service of the same account', () => {
    expect(on({ account: '123456789012' })).toBe(1);
    expect(on({ account: '123456789012', service: 'Amazon EC2' })).toBe(1);
    expect(on({ account: '210987654321', service: 'Amazon S3' })).toBe(1);
  });

  it('is that of the largest of several events at once, not their product', () => {
    const both = [
      event({ start: '2026-12-01', end: '2026-12-06' }),
      event({ start: '2026-12-04', end: '2026-12-08', upTo: 1 }),
    ];
    expect(allowancesFrom(both, '2026-11-30', 9)).toEqual([1, 1.4, 1.4, 1.4, 2, 2, 2, 2, 1]);
  });

  it('is the same as if every event were looked at', () => {
    const day = fc.integer({ min: 0, max: 60 });
    const events = fc.array(
      fc.record({ from: day, length: fc.integer({ min: 0, max: 20 }), upTo: fc.integer({ min: 0, max: 9 }) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(events, day, (given, asked) => {
        const dated = given.map(({ from, length, upTo }) =>
          event({ start: addDays('2026-11-01', from), end: addDays('2026-11-01', from + length), upTo }),
        );
        const date = addDays('2026-11-01', asked);
        const shares = given
          .filter(({ from, length }) => from <= asked && asked < from + length)
          .map(({ upTo }) => upTo);
        const expected = 1 + Math.max(0, ...shares);
        expect(factorOn(dated, {}, date)).toBe(expected);
      }),
    );
  });
});

describe('the dollars that are allowed', () => {
  const day = toDay('2026-12-05');
  const excessOn = (calendar: readonly PlannedEvent[], scope: Scope) => (on: number) =>
    allowanceOf(calendar, scope)(on).excess;

  it('add up over the events of a day, in the sums too that carry them', () => {
    const calendar = [
      event({ upTo: 0, excess: 100 }),
      event({ upTo: 0, excess: 20, scope: { account: '123456789012' } }),
      event({ upTo: 0.4 }),
    ];
    expect(excessOn(calendar, {})(day)).toBe(120);
    expect(excessOn(calendar, { account: '210987654321' })(day)).toBe(100);
    expect(excessOn(calendar, { account: '345678901234' })(day)).toBe(0);
    expect(excessOn(calendar, {})(day + 5)).toBe(0);
    expect(factorOn(calendar, { account: '123456789012' }, '2026-12-05')).toBe(1);
  });
});

describe('the calendar', () => {
  it('has the seasons, the plans and what was said of incidents', () => {
    const { spend } = parseConfig({
      spend: { planned: [{ name: 'migration', from: '2026-12-03', to: '2026-12-09', upTo: '40%' }] },
    });
    const feedback = {
      incidentId: '210987654321/Amazon EC2/2026-11-14',
      answer: 'expected' as const,
      scope: { account: '210987654321', service: 'Amazon EC2' },
      at: '2026-11-16T10:00:00Z',
      until: '2026-12-16',
      excess: 800,
    };
    const calendar = calendarOf(spend, [feedback], { start: '2026-08-01', end: '2026-12-01' });
    expect(calendar.map(({ name, start, end }) => [name, start, end])).toEqual([
      ['black-friday', '2026-11-19', '2026-12-02'],
      ['migration', '2026-12-03', '2026-12-10'],
      ['expected: 210987654321/Amazon EC2/2026-11-14', '2026-11-16', '2026-12-16'],
    ]);
  });
});
