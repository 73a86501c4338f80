import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMethod, methodNames, methods } from '../../shared/anomaly/methods/find-method.ts';
import type { Method, Setting } from '../../shared/anomaly/methods/method.ts';
import {
  alarmedRuns,
  isFeeDay,
  judgeRuns,
  type Readings,
  unguarded,
} from '../../shared/anomaly/methods/runs.ts';
import { decompose } from '../../shared/anomaly/methods/stl.ts';

const each = methods.map((method) => [method.name, method] as const);

/** A weekday costs 100, a weekend day 60, give or take a little; day 0 is a Thursday. */
const usual = (day: number): number =>
  ((day + 4) % 7 < 1 || (day + 4) % 7 > 5 ? 60 : 100) + ((day * 5) % 9) - 4;

const calm = Array.from({ length: 70 }, (_, day) => usual(day));

/** Read once, on the morning after the day. */
const readOnce = (amounts: readonly number[]): Readings => ({
  days: Int32Array.from(amounts, (_, day) => day),
  observed: Int32Array.from(amounts, (_, day) => day + 1),
  amounts: Float64Array.from(amounts),
});

const alarmsOf = (method: Method, setting: Setting, readings: Readings, guards = unguarded): number[] =>
  alarmedRuns(judgeRuns(method, setting, readings), setting, guards);

/** The newest of the amounts as a method judges it. */
const judgeLast = (method: Method, amounts: readonly number[]) => method.judge(Float64Array.from(amounts));

describe.each(each)('%s', (_, method) => {
  it.each(['textbook', 'tuned'] as const)('finds a day at five times its usual cost (%s)', (setting) =>
    expect(alarmsOf(method, method[setting], readOnce([...calm, 500]))).toContain(70),
  );

  it('says nothing of a usual day when tuned', () =>
    expect(alarmsOf(method, method.tuned, readOnce([...calm, usual(70), usual(71)]))).toEqual([]));

  it('says nothing of a day that costs less', () =>
    expect(alarmsOf(method, method.textbook, readOnce([...calm, 0]))).not.toContain(70));

  it('says nothing while there is too little to compare with', () =>
    expect(alarmsOf(method, method.textbook, readOnce([100, 101, 99, 100, 100, 5000]))).toEqual([]));

  it('says nothing of a series that costs nothing', () =>
    expect(alarmsOf(method, method.textbook, readOnce(Array(60).fill(0)))).toEqual([]));

  it('finds the first cost of a series that cost nothing', () =>
    expect(alarmsOf(method, method.tuned, readOnce([...Array(60).fill(0), 50]))).toEqual([60]));

  it('gives finite figures for what comes back', () => {
    const judgement = judgeLast(method, [...calm.slice(0, 56), -40, 60]);
    expect(judgement?.expected).toSatisfy(Number.isFinite);
  });

  const spend = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 30, maxLength: 60 });

  it('never sees the future', () => {
    fc.assert(
      fc.property(spend, fc.nat({ max: 20 }), (amounts, cut) => {
        const part = amounts.slice(0, amounts.length - cut);
        const whole = alarmsOf(method, method.textbook, readOnce(amounts));
        expect(whole.filter((day) => day < part.length)).toEqual(
          alarmsOf(method, method.textbook, readOnce(part)),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('judges by shares: in another currency it expects as much', () => {
    // Powers of two scale without rounding.
    fc.assert(
      fc.property(spend, fc.integer({ min: -8, max: 8 }), (amounts, power) => {
        const judgement = judgeLast(method, amounts);
        const scaled = judgeLast(
          method,
          amounts.map((amount) => amount * 2 ** power),
        );
        const close = (a = 0, b = 0) => Math.abs(a * 2 ** power - b) <= 1e-6 * 2 ** power * 1000;
        expect(close(judgement?.expected, scaled?.expected)).toBe(true);
        const [limit, other] = [judgement?.limit(method.tuned), scaled?.limit(method.tuned)];
        expect(
          limit === other || close(Math.min(limit ?? 0, 1e4), Math.min(other ?? 0, 1e4 * 2 ** power)),
        ).toBe(true);
      }),
      // At the edge of a window's rounding a method may fall on either side; these sets don't lie on it.
      { seed: 1, numRuns: 50 },
    );
  });
});

describe('a run', () => {
  const [seed] = methods;
  if (seed === undefined) throw new Error('no methods');
  const setting: Setting = { threshold: 0.5, window: 7, leastScale: 0 };

  /** Day 10 is read on three mornings; the others once. */
  const filling = (...read: readonly number[]): Readings => ({
    days: Int32Array.of(...Array.from({ length: 10 }, (_, day) => day), ...read.map(() => 10), 11),
    observed: Int32Array.of(
      ...Array.from({ length: 10 }, (_, day) => day + 1),
      ...read.map((_, index) => 11 + index),
      12,
    ),
    amounts: Float64Array.of(...Array(10).fill(100), ...read, 100),
  });

  it('judges the newest day by its part of a figure', () =>
    expect(alarmsOf(seed, setting, filling(160, 220))).toEqual([10, 11]));

  it('judges the day before again when it is nearly complete', () =>
    expect(alarmsOf(seed, setting, filling(140, 190))).toEqual([11]));

  it('leaves older days alone', () => expect(alarmsOf(seed, setting, filling(140, 149, 190))).toEqual([]));

  it('counts a day of which nothing was read as one that cost nothing', () => {
    const gap: Readings = {
      days: Int32Array.of(0, 1, 2, 3, 4, 5, 6, 9),
      observed: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 10),
      amounts: Float64Array.of(70, 70, 70, 70, 70, 70, 70, 70),
    };
    expect(judgeRuns(seed, setting, gap)).toMatchObject([{ run: 9, day: 9, expected: 50, amount: 70 }]);
  });

  it('is silent below the floor, and where it is muted', () => {
    const readings = readOnce([...Array(10).fill(4), 8]);
    const muted = { floor: 0, isMuted: (day: number) => day === 10 };
    expect(alarmsOf(seed, setting, readings)).toEqual([10]);
    expect(alarmsOf(seed, setting, readings, { floor: 4, isMuted: () => false })).toEqual([]);
    expect(alarmsOf(seed, setting, readings, muted)).toEqual([]);
  });
});

describe('what each method is', () => {
  it('a threshold of 3.5 deviations from the median of the same weekday', () => {
    const mondays = [90, 100, 110, 100, 120, 100, 95, 105];
    const amounts = [...mondays.flatMap((monday) => [monday, 1, 1, 1, 1, 1, 1]), 500];
    const judgement = judgeLast(findMethod('weekday-median') as Method, amounts);
    expect(judgement?.expected).toBe(100);
    expect(judgement?.limit({ threshold: 3.5, window: 56, leastScale: 0 })).toBeCloseTo(
      100 + 3.5 * 1.4826 * 5,
      9,
    );
  });

  it('a mean and standard deviations above it', () => {
    const judgement = judgeLast(findMethod('z-score') as Method, [...Array(10).fill([90, 110]).flat(), 300]);
    expect(judgement?.expected).toBe(100);
    expect(judgement?.limit({ threshold: 3, window: 30, leastScale: 0 })).toBeCloseTo(
      100 + 3 * Math.sqrt(2000 / 19),
      9,
    );
  });

  it('a straight line and a weekday each, continued', () => {
    const line = (day: number) => 50 + 2 * day + (day % 7 === 3 ? 40 : 0);
    const amounts = Array.from({ length: 46 }, (_, day) => line(day));
    expect(judgeLast(findMethod('weekday-regression') as Method, amounts)?.expected).toBeCloseTo(line(45), 9);
  });

  it('a level, a trend and a week, continued', () => {
    const growing = (day: number) => 1.01 ** day * (day % 7 === 3 ? 200 : 100);
    const amounts = Array.from({ length: 200 }, (_, day) => growing(day));
    const expected = judgeLast(findMethod('holt-winters') as Method, amounts)?.expected ?? 0;
    expect(expected / growing(199)).toBeCloseTo(1, 1);
  });

  it('a decomposition into trend, week and rest that an outlier does not bend', () => {
    const regular = (day: number) => 100 + day + (day % 7 === 2 ? 30 : -5) + ((day * 5) % 9) - 4;
    const amounts = Float64Array.from({ length: 63 }, (_, day) => (day === 40 ? 900 : regular(day)));
    const { trend, seasonal, remainder } = decompose(amounts);
    expect(Math.abs((remainder[40] ?? 0) - (900 - regular(40)))).toBeLessThan(10);
    expect(Math.abs((seasonal[2] ?? 0) - 30)).toBeLessThan(4);
    expect(Math.abs((trend[30] ?? 0) - 130)).toBeLessThan(4);
    const sum = (day: number) => (trend[day] ?? 0) + (seasonal[day] ?? 0) + (remainder[day] ?? 0);
    for (const [day, amount] of amounts.entries()) expect(sum(day)).toBeCloseTo(amount, 9);
  });
});

it('has a name for each, and nothing for others', () => {
  expect(methodNames).toEqual([
    'seed',
    'z-score',
    'weekday-median',
    'stl-mad',
    's-h-esd',
    'weekday-regression',
    'holt-winters',
  ]);
  expect(findMethod('prophet')).toBeUndefined();
});

it.each([
  ['2026-03-01', true],
  ['2026-03-04', true],
  ['2026-03-05', false],
  ['2026-02-28', false],
])('%s is a day on which fees fall due: %s', (date, due) =>
  expect(isFeeDay(Date.parse(date) / 86_400_000)).toBe(due),
);
