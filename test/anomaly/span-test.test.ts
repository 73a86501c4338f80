import { describe, expect, it } from 'vitest';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { judgeLast, learn, type Terms, turnsOf } from '../support/detector.ts';
import { figures, figuresBetween, isWeekend } from '../support/spend.ts';

const noisy = (index: number) => 200 * (1 + 0.05 * Math.sin(index * 2.4));
const through = '2026-11-12';
const days = (count: number, amountOf: (index: number) => number) =>
  figures(
    Array.from({ length: count }, (_, index) => amountOf(index)),
    through,
  );

/** The verdict that opened the first incident, and its date. */
function firstFound(series: readonly DailyFigure[], terms: Terms = {}) {
  const { days: learnt } = learn(series, terms);
  return learnt.find(({ turn }) => turn === 'opens');
}

describe('days that are told together, which none of them shows alone', () => {
  it('are two a fifth above the weeks before', () => {
    const found = firstFound(days(72, (index) => (index < 70 ? noisy(index) : 248)));
    expect(found).toMatchObject({ date: '2026-11-12', verdict: { test: 'span', span: 2, high: true } });
    expect(found?.verdict.expectedDays).toHaveLength(2);
    expect(found?.verdict.expectedDays?.at(-1)).toBe(found?.verdict.expected);
  });

  it('are a week, by what each of them should have cost', () => {
    const found = firstFound(days(77, (index) => (index < 70 ? noisy(index) : 232)));
    expect(found).toMatchObject({ verdict: { test: 'span', span: 7 } });
    expect(found?.verdict.expectedDays?.map(Math.round)).toEqual(Array(7).fill(expect.closeTo(200, -1)));
  });

  it('are those of a ramp that climbs by three percent a day', () => {
    const found = firstFound(days(85, (index) => 200 + Math.max(0, index - 59) * 6));
    expect(found).toMatchObject({ date: '2026-10-25', verdict: { test: 'span', span: 7 } });
  });

  it('are those of storage that begins to grow faster than it always did', () => {
    const stored = (index: number) => 300 * (1 + 0.002 * index) * (1 + 0.015 * Math.max(0, index - 119));
    const found = firstFound(days(140, stored));
    expect(found).toMatchObject({ date: '2026-11-05', verdict: { test: 'span', span: 7 } });
  });

  it('are not told on the 1st, when the rise may be a fee, but on the 2nd', () => {
    const found = firstFound(
      figuresBetween('2026-05-05', '2026-08-05', (date) => (date >= '2026-07-31' ? 1230 : 1000)),
    );
    expect(found).toMatchObject({ date: '2026-08-02', verdict: { span: 2 } });
  });
});

describe('days that are not told together', () => {
  const quiet: [string, readonly DailyFigure[]][] = [
    ['grow steadily by the same sum', days(300, (index) => 100 + 2 * index)],
    ['grow steadily by the same share', days(300, (index) => 300 * 1.004 ** index)],
    ['are a tenth dearer for two days, and over', days(72, (index) => (index < 70 ? noisy(index) : 220))],
    ['rise by a share that comes to few dollars', days(90, (index) => (index < 70 ? 20 : 23))],
    ['come every fourth week', days(150, (index) => (index % 28 < 3 ? 118 : 100))],
  ];
  it.each(quiet)('%s', (_, series) => {
    expect(turnsOf(learn(series))).toEqual([]);
  });

  it('end with a day that is as usual again', () => {
    const series = days(73, (index) => (index < 70 || index === 72 ? noisy(index) : 248));
    expect(judgeLast(series)).toMatchObject({ state: 'normal', test: 'day' });
  });

  it('hold a fee that was due on one of them', () => {
    const fees = figuresBetween('2026-07-05', '2026-11-04', (date) => (date.endsWith('-03') ? 400 : 100));
    expect(turnsOf(learn(fees))).toEqual([]);
  });
});

describe('storage that is billed by the GB-month', () => {
  const eager = { policy: toPolicy('eager', 25) };
  const daysIn = (date: string) => new Date(Date.UTC(+date.slice(0, 4), +date.slice(5, 7), 0)).getUTCDate();
  const stored = (date: string) => 40_000 / daysIn(date);

  it('costs more a day in February, which is no rise', () => {
    const learnt = learn(figuresBetween('2025-10-05', '2026-03-20', stored), eager);
    expect(turnsOf(learnt)).toEqual([]);
  });

  it.each([
    ['the same rise comes in another month', (date: string) => (date >= '2026-05-10' ? 31 / 28 : 1) * 1290],
    [
      'its weekends cost less: then it is no storage',
      (date: string) => (isWeekend(date) ? 0.9 : 1) * stored(date),
    ],
  ])('is a rise where %s', (_, amountOn) => {
    const found = firstFound(figuresBetween('2025-10-05', '2026-05-25', amountOn), eager);
    expect(found?.verdict).toMatchObject({ test: 'span', span: 7 });
  });

  it('is a rise where it grew as well', () => {
    const growing = (date: string) => (date >= '2026-02-01' ? 1.12 : 1) * stored(date);
    const found = firstFound(figuresBetween('2025-10-05', '2026-02-20', growing));
    expect(found?.verdict).toMatchObject({ test: 'span', span: 7 });
  });
});
