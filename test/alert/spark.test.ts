import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawSeries, sparkLine } from '../../shared/alert/spark.ts';
import type { Point } from '../../shared/compute/metric.ts';

const minutes = 60_000;
const start = Date.parse('2026-11-16T03:00:00Z');

/** A point every five minutes from the start on; undefined is one that is missing. */
const points = (...values: readonly (number | undefined)[]): Point[] =>
  values.flatMap((value, index) => (value === undefined ? [] : [{ at: start + index * 5 * minutes, value }]));

const canvas = (periods: number, width = periods) => ({
  start,
  end: start + periods * 5 * minutes,
  width,
  max: 100,
});

describe('a spark line', () => {
  it('draws a bar for each period, as high as its value', () => {
    expect(sparkLine(points(0, 14, 29, 43, 57, 71, 86, 100), canvas(8))).toBe('▁▂▃▄▅▆▇█');
  });

  it('shows what was not reported as a dot, and not as nothing done', () => {
    expect(sparkLine(points(0, undefined, undefined, 100), canvas(4))).toBe('▁··█');
    expect(sparkLine([], canvas(3))).toBe('···');
  });

  it('keeps the largest value where several share a column: one burst is no silence', () => {
    expect(sparkLine(points(0, 0, 100, 0, 0, 0), canvas(6, 2))).toBe('█▁');
  });

  it('draws a period over all of its columns', () => {
    expect(sparkLine(points(0, 100, undefined), canvas(3, 9))).toBe('▁▁▁███···');
    expect(sparkLine([{ at: start, value: 100 }], { ...canvas(24, 4), period: 60 * minutes })).toBe('██··');
  });

  it('takes values above the maximum for the maximum, below nothing for nothing', () => {
    expect(sparkLine(points(400, -5), canvas(2))).toBe('█▁');
    expect(sparkLine(points(0, 0), { ...canvas(2), max: 0 })).toBe('▁▁');
  });

  it('takes what is no number for a gap', () => {
    expect(sparkLine(points(Number.NaN, Number.POSITIVE_INFINITY, 100), canvas(3))).toBe('··█');
  });

  it('draws only what lies within', () => {
    const early = { at: start - 5 * minutes, value: 100 };
    const late = { at: start + 10 * minutes, value: 100 };
    expect(sparkLine([early, ...points(0, 0), late], canvas(2))).toBe('▁▁');
  });

  it('is as wide as asked for, of bars and dots alone, whatever the points and their order', () => {
    const point = fc.record({
      at: fc.integer({ min: start - 60 * minutes, max: start + 240 * minutes }),
      value: fc.double(),
    });
    fc.assert(
      fc.property(fc.array(point), fc.nat(200), fc.nat(40), (all, width, periods) => {
        const line = sparkLine(all, canvas(periods, width));
        expect(line).toMatch(/^[▁-█·]*$/u);
        expect(line).toHaveLength(width);
        expect(sparkLine(all.toReversed(), canvas(periods, width))).toBe(line);
      }),
    );
  });
});

describe('a series drawn over several lines', () => {
  it('stands on the last of them', () => {
    expect(drawSeries(points(0, 40, 100, undefined), { ...canvas(4), height: 2 })).toEqual(['  █ ', '▁▇█·']);
  });
});
