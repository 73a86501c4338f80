import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetStatus, monthAround } from '../../shared/budget/budget.ts';
import { figures } from '../support/spend.ts';

const november = { start: '2026-11-01', end: '2026-12-01' };
const budget = { name: 'all', monthly: 3000 };

/** Complete days of $100 through the 10th. */
const tenDays = figures(Array(10).fill(100), '2026-11-10');

describe('a month', () => {
  it.each([
    ['2026-11-16', '2026-11-01', '2026-12-01'],
    ['2026-12-31', '2026-12-01', '2027-01-01'],
    ['2028-02-29', '2028-02-01', '2028-03-01'],
  ])('around %s begins on %s and ends before %s', (date, start, end) => {
    expect(monthAround(date)).toEqual({ start, end });
  });
});

describe('a budget', () => {
  it('is forecast by the mean of the last week', () => {
    expect(budgetStatus(budget, tenDays, november)).toEqual({
      ...budget,
      month: november,
      spent: 1000,
      gaps: 0,
      forecast: 3000,
    });
  });

  it('says on which day it will be exceeded', () => {
    expect(budgetStatus({ ...budget, monthly: 2450 }, tenDays, november)).toMatchObject({
      spent: 1000,
      exceeds: { on: '2026-11-25', isForecast: true },
    });
  });

  it('says since when it is exceeded', () => {
    expect(budgetStatus({ ...budget, monthly: 750 }, tenDays, november)?.exceeds).toEqual({
      on: '2026-11-08',
      isForecast: false,
    });
  });

  it('takes a day that still fills for a mean one, unless it has cost more already', () => {
    const [filling] = figures([20], '2026-11-11').map((day) => ({ ...day, closed: false }));
    const dear = { date: '2026-11-12', amount: 400, closed: false };
    const status = budgetStatus(budget, [...tenDays, ...(filling ? [filling] : []), dear], november);
    expect(status).toMatchObject({ spent: 1420, gaps: 0, forecast: 1000 + 100 + 400 + 18 * 100 });
  });

  it('is forecast by the days before the month too on its first days', () => {
    const days = figures([...Array(6).fill(50), 120], '2026-11-01');
    expect(budgetStatus(budget, days, november)).toMatchObject({ spent: 120, forecast: 120 + 29 * 60 });
  });

  it('is unknown while no day of the month is, and says how many others are', () => {
    expect(budgetStatus(budget, [], november)).toBeUndefined();
    expect(budgetStatus(budget, figures([1, undefined], '2026-11-01'), november)).toBeUndefined();
    expect(budgetStatus(budget, figures([100, 100], '2026-11-10'), november)).toEqual({
      ...budget,
      month: november,
      spent: 200,
      gaps: 8,
      forecast: 3000,
    });
  });

  it('has no forecast while no day is complete', () => {
    const status = budgetStatus(budget, [{ date: '2026-11-01', amount: 5, closed: false }], november);
    expect(status).toEqual({ ...budget, month: november, spent: 5, gaps: 0 });
  });

  it('is forecast as what it was once the month is over', () => {
    const status = budgetStatus(budget, figures(Array(40).fill(10), '2026-12-10'), november);
    expect(status).toMatchObject({ spent: 300, forecast: 300 });
    expect(status).not.toHaveProperty('exceeds');
  });

  it('is never forecast to come to less than was spent, and is exceeded if and only if it says when', () => {
    const days = fc.array(
      fc.record({ amount: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(days, fc.integer({ min: 1, max: 100_000 }), (given, monthly) => {
        const known = figures(
          given.map(({ amount }) => amount),
          '2026-11-20',
        );
        const status = budgetStatus({ name: 'a', monthly }, known, november);
        if (status === undefined) return;
        const { spent, forecast = spent, exceeds } = status;
        expect(forecast).toBeGreaterThanOrEqual(spent - 1e-6);
        expect(exceeds !== undefined).toBe(Math.max(spent, forecast) > monthly);
      }),
    );
  });
});
