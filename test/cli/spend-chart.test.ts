import { describe, expect, it } from 'vitest';
import { dateAxis, incidentChart, within } from '../../cli/spend-chart.ts';

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
