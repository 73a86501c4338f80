import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstChartDay, incidentChart } from '../../shared/alert/incident-chart.ts';
import type { Verdict } from '../../shared/anomaly/verdict.ts';
import { addDays, datesOf, type IsoDate, toDay } from '../../shared/period.ts';
import { incidentOf } from '../support/incident.ts';
import { figuresBetween, seriesOf } from '../support/spend.ts';

/** An account that costs $100 a day, and $900 from the 14th on. */
const series = (
  start: IsoDate,
  through: IsoDate,
  amountOf = (date: IsoDate) => (date < '2026-11-14' ? 100 : 900),
) => seriesOf(figuresBetween(start, through, amountOf));

const verdict = (date: IsoDate, expected: number, limit: number): Verdict => ({
  day: toDay(date),
  state: 'normal',
  expected,
  limit,
  actual: expected,
  span: 1,
  high: false,
  grounds: { of: 'day' },
});

const verdicts = (start: IsoDate, end: IsoDate) =>
  datesOf({ start, end }).map((date) => verdict(date, 99, 131));

const open = incidentOf({
  days: [
    { date: '2026-11-14', expected: 100, limit: 130, actual: 900, closed: true, high: true },
    { date: '2026-11-15', expected: 101, limit: 101, actual: 900, closed: true, high: true },
  ],
});

describe('the chart of an incident', () => {
  it('shows six weeks: what was spent, what was to be expected as it was told, and up to where', () => {
    const chart = incidentChart(
      open,
      series('2026-06-01', '2026-11-15'),
      verdicts('2026-11-01', '2026-11-16'),
    );
    expect(chart).toMatchObject({ currency: 'USD', start: '2026-10-05', since: '2026-11-14' });
    expect(chart).not.toHaveProperty('until');
    expect(chart.actual.slice(-3)).toEqual([100, 900, 900]);
    expect([chart.actual.length, chart.expected.length, chart.limit.length]).toEqual([42, 42, 42]);
    expect(chart.expected.slice(-4)).toEqual([99, 99, 100, 101]); // of its own days what people are told
    expect(chart.limit.slice(-3)).toEqual([131, 131, 131]); // the second was too much only with the first
    expect(chart.expected[0]).toBeNull(); // of which no verdict is there
    expect(chart.limit[0]).toBeNull();
  });

  it('shows what was before it, however long it lasts, and what came after it', () => {
    const since = (start: IsoDate) => incidentOf({ start, days: open.days });
    const of = (incident: ReturnType<typeof since>, first = '2026-06-01') =>
      incidentChart(incident, series(first, '2026-11-20'), []);
    expect(of(since('2026-10-16')).start).toBe('2026-10-02');
    expect(of(since('2026-07-01')).start).toBe('2026-09-12');
    expect(of(since('2026-11-14'), '2026-11-10').start).toBe('2026-11-10');
    const over = of(incidentOf({ status: 'recovered', end: '2026-11-16', days: open.days }));
    expect(over).toMatchObject({ start: '2026-10-10', until: '2026-11-16' });
    expect(over.actual).toHaveLength(42);
  });

  it('leaves out a day that still fills, unless it is part of it', () => {
    const days = [
      ...series('2026-10-01', '2026-11-15').days,
      { date: '2026-11-16', amount: 12, closed: false },
    ];
    expect(incidentChart(open, { currency: 'USD', days }, []).actual.at(-1)).toBe(900);
    const filling = { date: '2026-11-16', expected: 100, limit: 130, actual: 700, closed: false, high: true };
    const rising = incidentOf({ days: [...open.days, filling] });
    expect(incidentChart(rising, { currency: 'USD', days }, []).actual.at(-1)).toBe(12); // as it is known now
  });

  it('is of its own days alone where its series is not there any more', () => {
    expect(incidentChart(open, { currency: 'USD', days: [] }, [])).toEqual({
      currency: 'USD',
      start: '2026-11-14',
      actual: [900, 900],
      expected: [100, 101],
      limit: [130, 101],
      since: '2026-11-14',
    });
  });

  it('takes little room in an alert, and holds what JSON can, whatever was spent', () => {
    const figure = fc.oneof(fc.double(), fc.constant(Number.NaN));
    fc.assert(
      fc.property(
        fc.array(figure, { minLength: 1, maxLength: 200 }),
        figure,
        figure,
        (amounts, expected, limit) => {
          const days = amounts.map((amount, index) => ({
            date: addDays('2026-06-01', index),
            amount: Number.isNaN(amount) ? undefined : amount,
            closed: true,
          }));
          const judged = days.map(({ date }) => verdict(date, expected, limit));
          const chart = incidentChart(open, { currency: 'USD', days }, judged);
          expect(JSON.parse(JSON.stringify(chart))).toEqual(JSON.parse(JSON.stringify(chart)));
          expect(chart.actual.length).toBeLessThanOrEqual(70);
          expect(new Set([chart.actual.length, chart.expected.length, chart.limit.length]).size).toBe(1);
          expect(JSON.stringify(chart).length).toBeLessThan(3000);
          expect(addDays(chart.start, chart.actual.length - 1) >= '2026-11-15').toBe(true);
          expect(chart.start >= firstChartDay('2026-11-16')).toBe(true);
        },
      ),
    );
  });
});
