import { describe, expect, it } from 'vitest';
import { coverageOf, hoursBefore, hoursOf, lastWorkOf } from '../../shared/compute/hours.ts';

const at = (clock: string): number => Date.parse(`2026-11-16T${clock}:00Z`);

describe('hours before a point in time', () => {
  it.each([
    ['2026-11-16T06:05:00Z', 60, '2026-11-16T05:00:00Z', '2026-11-16T07:00:00Z'],
    ['2026-11-16T06:00:00Z', 60, '2026-11-16T05:00:00Z', '2026-11-16T06:00:00Z'],
    ['2026-11-16T06:59:59Z', 90, '2026-11-16T05:00:00Z', '2026-11-16T07:00:00Z'],
    ['2026-11-16T06:05:00Z', 1440, '2026-11-15T06:00:00Z', '2026-11-16T07:00:00Z'],
  ])('at %s, %i minutes, go from %s to %s', (now, minutes, start, end) => {
    expect(hoursBefore(now, minutes)).toEqual({ start, end });
  });
});

describe('the hours of a series', () => {
  const now = '2026-11-16T06:05:00Z';
  const window = hoursBefore(now, 180); // 03:00 to 07:00

  it('hold the larger of two values, and none that can be no value', () => {
    const points = [
      { at: at('04:00'), value: 2 },
      { at: at('04:30'), value: 7 },
      { at: at('05:00'), value: Number.NaN },
      { at: at('05:00'), value: -1 },
      { at: at('02:00'), value: 9 },
      { at: at('07:00'), value: 9 },
    ];
    expect([...hoursOf({ points }, window)]).toEqual([[at('04:00'), 7]]);
  });

  it('cover a window by those that are over: the one that goes on may have no data yet', () => {
    const points = ['03:00', '04:00', '05:00'].map((clock) => ({ at: at(clock), value: 0 }));
    expect(coverageOf({ points }, window, now)).toBe(1);
    expect(coverageOf({ points: [...points, { at: at('06:00'), value: 0 }] }, window, now)).toBe(1);
    expect(coverageOf({ points: points.slice(0, 2) }, window, now)).toBeCloseTo(2 / 3);
    expect(coverageOf({ points: [] }, window, now)).toBe(0);
  });

  it('tell when work was over at the earliest, the one that goes on too', () => {
    const points = [
      { at: at('03:00'), value: 1 },
      { at: at('05:00'), value: 0 },
    ];
    expect(lastWorkOf({ points }, window)).toBe(at('04:00'));
    expect(lastWorkOf({ points: [...points, { at: at('06:00'), value: 3 }] }, window)).toBe(at('07:00'));
    expect(lastWorkOf({ points: [] }, window)).toBeUndefined();
  });
});
