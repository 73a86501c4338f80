import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaPath, dateAxis, incidentChart, linePath, scaleOf, within } from '../../cli/spend-chart.ts';

const scale = { top: 200, ticks: [0, 100, 200] };

describe('the scale of a chart', () => {
  it.each([
    [
      [0, 937],
      [0, 250, 500, 750],
    ],
    [
      [3, 4.2],
      [0, 2, 4],
    ],
    [[1_250_000], [0, 500_000, 1_000_000]],
    [[0, 0], [0]],
    [[], [0]],
    [[Number.NaN, -5], [0]],
  ])('has round ticks up to the highest amount: %j', (amounts, ticks) => {
    expect(scaleOf(amounts).ticks).toEqual(ticks);
  });

  it('has room for every amount and at most seven ticks, from billionths to billions', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-9, max: 1e12, noNaN: true }), { minLength: 1 }), (amounts) => {
        const { top, ticks } = scaleOf(amounts);
        expect(top).toBeGreaterThan(Math.max(...amounts));
        expect(ticks.length).toBeLessThanOrEqual(7);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
      }),
    );
  });
});

describe('the line of a series', () => {
  it('goes through the middle of each day', () => {
    expect(linePath([0, 100, 100, 200], scale)).toBe('M0.5 200l1-100 1 0 1-100 ');
  });

  it('is broken where nothing is known, and a day by itself is a dot', () => {
    expect(linePath([Number.NaN, 100, Number.NaN, 200, 200], scale)).toBe('M1.5 100h0M3.5 0l1 0 ');
  });

  it('stays below the top', () => {
    expect(linePath([200, 1e12], scale)).toBe('M0.5 0l1 0 ');
  });

  it('rests on the ground while money comes back', () => {
    expect(linePath([-50, 0], scale)).toBe('M0.5 200l1 0 ');
  });
});

describe('the band of a series', () => {
  it('lies between two lines, without points on a straight way', () => {
    expect(areaPath([0, 0, 0], [100, 100, 200], scale)).toBe('M0.5,100 1.5,100 2.5,0 2.5,200 0.5,200z');
  });

  it('is in pieces where one of the lines is unknown', () => {
    const limit = [100, Number.NaN, 100];
    expect(areaPath([0, 0, 0], limit, scale)).toBe('M0.5,100 0.5,200zM2.5,100 2.5,200z');
  });
});

it('shows of a series the days of a period, unknown where it has none', () => {
  const series = { start: '2026-03-02', amounts: [1, 2, 3] };
  expect([...within(series, { start: '2026-03-01', end: '2026-03-04' })]).toEqual([Number.NaN, 1, 2]);
});

describe('the chart of an incident', () => {
  it('shows the spend, however wide its band and wild what was expected', () => {
    const chart = incidentChart({
      period: { start: '2026-03-01', end: '2026-03-05' },
      actual: Float64Array.of(100, 100, 900, 100),
      expected: Float64Array.of(100, 100, 100, 1e9),
      limit: Float64Array.of(130, 130, 130, 1e12),
      shaded: { start: '2026-03-03', end: '2026-03-04' },
      marks: [],
      currency: 'USD',
      label: 'EC2',
    });
    const amounts = [...chart.markup.matchAll(/top:[\d.]+%">([^<]+)</g)].map(([, text]) => text);
    expect(amounts).toEqual(['$0', '$250', '$500', '$750']);
  });
});

describe('the dates under a chart', () => {
  const texts = (start: string, end: string) =>
    [...dateAxis({ start, end }).markup.matchAll(/>([^<>]+)<\/span>/g)].map(([, text]) => text);

  it.each([
    ['the Mondays of a month', '2026-03-01', '2026-04-01', ['2 Mar', '9 Mar', '16 Mar', '23 Mar']],
    [
      'every second Monday of a quarter',
      '2026-01-05',
      '2026-03-15',
      ['5 Jan', '19 Jan', '2 Feb', '16 Feb', '2 Mar'],
    ],
    ['the months of half a year', '2025-11-16', '2026-05-16', ['Dec', '2026', 'Feb', 'Mar', 'Apr', 'May']],
    [
      'the quarters of two years',
      '2025-01-01',
      '2027-01-01',
      ['2025', 'Apr', 'Jul', 'Oct', '2026', 'Apr', 'Jul', 'Oct'],
    ],
    ['nothing of a day', '2026-03-05', '2026-03-06', []],
  ])('are %s', (_, start, end, expected) => {
    expect(texts(start, end)).toEqual(expected);
  });

  it('are the years of ten years', () => {
    expect(texts('2016-01-01', '2026-01-01')).toEqual(
      Array.from({ length: 10 }, (_, index) => String(2016 + index)),
    );
  });
});
