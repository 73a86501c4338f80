import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaPath, linePath, scaleOf } from '../../shared/alert/plot.ts';

const room = { height: 200, dayWidth: 1 };
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
    expect(linePath([0, 100, 100, 200], scale, room)).toBe('M0.5 200l1-100 1 0 1-100 ');
  });

  it('is broken where nothing is known, and a day by itself is a dot', () => {
    expect(linePath([Number.NaN, 100, Number.NaN, 200, 200], scale, room)).toBe('M1.5 100h0M3.5 0l1 0 ');
  });

  it('stays below the top', () => {
    expect(linePath([200, 1e12], scale, room)).toBe('M0.5 0l1 0 ');
  });

  it('rests on the ground while money comes back', () => {
    expect(linePath([-50, 0], scale, room)).toBe('M0.5 200l1 0 ');
  });
});

describe('the band of a series', () => {
  it('lies between two lines, without points on a straight way', () => {
    expect(areaPath([0, 0, 0], [100, 100, 200], scale, room)).toBe('M0.5,100 1.5,100 2.5,0 2.5,200 0.5,200z');
  });

  it('is in pieces where one of the lines is unknown', () => {
    const limit = [100, Number.NaN, 100];
    expect(areaPath([0, 0, 0], limit, scale, room)).toBe('M0.5,100 0.5,200zM2.5,100 2.5,200z');
  });
});
