import { describe, expect, it } from 'vitest';
import { byImpact, leakedByDay, medianDelay, monthFigures, usageByDay } from '../../cli/backtest-figures.ts';
import { daysBetween } from '../../shared/period.ts';
import type { ChargeCategory } from '../../shared/spend/charge.ts';
import { backtestIncident, backtestResult, backtestSeries } from '../support/backtest.ts';

const first = daysBetween('1970-01-01', '2026-03-01');
const history = (
  figures: readonly (readonly [day: number, observed: number, amount: number])[],
  category: ChargeCategory = 'Usage',
) => ({
  scope: {},
  category,
  days: Int32Array.from(figures, ([day]) => first + day),
  observed: Int32Array.from(figures, ([, observed]) => first + observed),
  amounts: Float64Array.from(figures, ([, , amount]) => amount),
});

const sum = (amounts: Float64Array): number => amounts.reduce((total, amount) => total + amount, 0);

describe('usage by day', () => {
  it('adds up the newest figure of each series, without credits and tax', () => {
    const record = {
      currency: 'USD',
      dimensions: [],
      bitemporal: true,
      histories: [
        history([
          [0, 1, 7],
          [0, 2, 10],
          [1, 2, 20],
        ]),
        history([
          [1, 2, 5],
          [3, 4, 1],
        ]),
        history([[0, 1, -100]], 'Credit'),
      ],
    };
    expect([...usageByDay(record, { start: '2026-03-01', end: '2026-03-04' })]).toEqual([10, 25, 0]);
  });
});

describe('what leaked on each day', () => {
  it('is the impact of the incident on its days, by how far they lie above the expected', () => {
    const result = backtestResult();
    const leaked = leakedByDay(result);
    const from = daysBetween(result.period.start, '2026-03-06');
    expect([...leaked.subarray(from - 1, from + 6)]).toEqual([0, 800, 800, 800, 800, 800, 0]);
    expect(sum(leaked)).toBe(4_000);
  });

  it('is spread evenly where the series of an incident was not kept', () => {
    expect(sum(leakedByDay(backtestResult({ walks: [] })))).toBe(4_000);
  });

  it('goes on until the last day of an incident that goes on', () => {
    const incidents = [backtestIncident({ end: null, status: 'open' })];
    const leaked = leakedByDay(backtestResult({ incidents, walks: [] }));
    expect(leaked.at(-1)).toBeCloseTo(4_000 / 117, 9);
  });
});

describe('a month', () => {
  it('has its usage, what leaked in it and its alerts, of which good news is none', () => {
    const result = backtestResult();
    const [series = backtestSeries()] = result.walks;
    const months = monthFigures(result, series.actual, leakedByDay(result));
    expect(months.map(({ month }) => month)).toEqual([
      '2026-01',
      '2026-02',
      '2026-03',
      '2026-04',
      '2026-05',
      '2026-06',
    ]);
    expect(months[1]).toEqual({ month: '2026-02', usage: 2_800, leaked: 0, alerts: 0 });
    expect(months[2]).toEqual({ month: '2026-03', usage: 7_100, leaked: 4_000, alerts: 1 });
  });
});

describe('the delay of an alert', () => {
  const told = (detected: string) => backtestIncident({ detected });

  it('is that of the middle incident', () => {
    expect(medianDelay([told('2026-03-20'), told('2026-03-07'), told('2026-03-09')])).toBe(3);
  });

  it('is unknown without an incident', () => {
    expect(medianDelay([])).toBeUndefined();
  });
});

it('lists the dearest incident first, of equal ones the earlier', () => {
  const incidents = [
    backtestIncident({ id: 'small', impact: 10 }),
    backtestIncident({ id: 'late', impact: 99, detected: '2026-05-01' }),
    backtestIncident({ id: 'early', impact: 99, detected: '2026-04-01' }),
  ];
  expect(incidents.toSorted(byImpact).map(({ id }) => id)).toEqual(['early', 'late', 'small']);
});
