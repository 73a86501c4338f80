import { describe, expect, it } from 'vitest';
import {
  detectorLength,
  newDetector,
  restoreDetector,
  weekdayOf,
} from '../../shared/anomaly/detector-state.ts';
import { toDay } from '../../shared/period.ts';
import { learn } from '../support/detector.ts';
import { figures } from '../support/spend.ts';

describe('what is remembered of a series', () => {
  it('is so many numbers, whatever its age', () => {
    expect(newDetector()).toHaveLength(detectorLength);
    expect(learn(figures(Array(400).fill(100), '2026-11-12')).state).toHaveLength(detectorLength);
  });

  it('fits in four kilobytes', () => {
    expect(newDetector().byteLength).toBeLessThan(4096);
  });
});

describe('a state that was stored', () => {
  const { state } = learn(figures(Array(60).fill(100), '2026-11-12'));

  it('is taken up again', () => {
    expect(restoreDetector(Float32Array.from(state))).toEqual(state);
  });

  it('is refused where its version is another one', () => {
    const other = Float32Array.from(state);
    other[0] = (other[0] ?? 0) + 1;
    expect(restoreDetector(other)).toBeUndefined();
  });

  it.each([
    ['cut short', state.slice(0, -1)],
    ['too long', Float32Array.from([...state, 0])],
    ['empty', new Float32Array()],
  ])('is refused where it is %s', (_, numbers) => {
    expect(restoreDetector(numbers)).toBeUndefined();
  });
});

describe('the number of a weekday', () => {
  it('is the same every week, before 1970 too', () => {
    const wednesday = weekdayOf(toDay('2026-11-18'));
    expect(weekdayOf(toDay('2026-11-19'), 1)).toBe(wednesday);
    expect(weekdayOf(toDay('2026-11-25'), 7)).toBe(wednesday);
    expect(weekdayOf(toDay('1969-11-19'))).toBe(wednesday);
  });
});
