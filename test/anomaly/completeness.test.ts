import { describe, expect, it } from 'vitest';
import { noAllowance } from '../../shared/anomaly/allowance.ts';
import { correctedFor, learnCompleteness } from '../../shared/anomaly/completeness.ts';
import { judgeDay, learnDay } from '../../shared/anomaly/detector.ts';
import { newDetector } from '../../shared/anomaly/detector-state.ts';
import { toDay } from '../../shared/period.ts';
import { policy } from '../support/detector.ts';

/** Learns the same readings of days of 100 dollars again and again. */
function shown(days: number, ...seen: readonly [number, number][]) {
  const state = newDetector();
  for (let day = 0; day < days; day++) learnCompleteness(state, 100, seen[day % seen.length] ?? [100, 100]);
  return state;
}

describe('how complete a first reading is', () => {
  it('is unknown for two weeks: then figures are taken as they are', () => {
    expect(correctedFor(shown(13, [70, 95]), 70, 0)).toEqual({ amount: 70, uncertainty: 0 });
  });

  it('is learnt, for the first and the second reading apart', () => {
    const state = shown(60, [70, 95]);
    expect(correctedFor(state, 70, 0).amount).toBeCloseTo(100, 1);
    expect(correctedFor(state, 95, 1).amount).toBeCloseTo(100, 1);
  });

  it('is the less certain the more it varies, and then corrected for less', () => {
    const steady = correctedFor(shown(60, [75, 97]), 75, 0);
    const varying = correctedFor(shown(60, [60, 97], [90, 97]), 75, 0);
    expect(steady.uncertainty).toBeCloseTo(0, 3);
    expect(varying.uncertainty).toBeGreaterThan(0.1);
    expect(varying.amount).toBeLessThan(steady.amount - 5);
  });

  it('follows what it is now', () => {
    const state = shown(60, [70, 95]);
    for (let day = 0; day < 200; day++) learnCompleteness(state, 100, [90, 99]);
    expect(correctedFor(state, 90, 0).amount).toBeCloseTo(100, 0);
  });

  it('is never more than all of it', () => {
    expect(correctedFor(shown(60, [110, 105]), 70, 0).amount).toBe(70);
  });

  it.each([
    ['were never read so early', 100, [Number.NaN, Number.NaN]],
    ['cost nothing', 0, [0, 0]],
    ['gave money back', -50, [-50, -50]],
    ['were restated to far less', 100, [200, 200]],
  ] as const)('isn’t learnt from days that %s', (_, amount, seen) => {
    const state = shown(60, [70, 95]);
    for (let day = 0; day < 20; day++) learnCompleteness(state, amount, seen);
    expect(correctedFor(state, 70, 0).amount).toBeCloseTo(100, 1);
  });
});

describe('a day that still fills', () => {
  const state = newDetector();
  for (let index = 0; index < 60; index++) {
    learnDay(state, { day: toDay('2026-09-01') + index, amount: 200, seen: [140, 196] }, policy);
  }
  const judge = (amount: number, age: 0 | 1) =>
    judgeDay(state, { day: toDay('2026-10-31'), amount }, policy, noAllowance, age).state;

  it('is told where it is already too much for how little of it is there', () => {
    expect(judge(200, 0)).toBe('anomalous');
    expect(judge(200, 1)).toBe('normal');
  });

  it('is usual at what usually is there', () => {
    expect(judge(140, 0)).toBe('normal');
    expect(judge(196, 1)).toBe('normal');
  });
});
