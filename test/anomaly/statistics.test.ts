import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, medianOf, sum, upperQuantileOf } from '../../shared/anomaly/statistics.ts';

const several = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
  minLength: 1,
  maxLength: 90,
});
const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);

describe('the median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
    [[], Number.NaN],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('is the middle of the sorted values, however many there are', () => {
    fc.assert(
      fc.property(several, (values) => {
        const [lower = 0, upper = 0] = [
          sorted(values)[(values.length - 1) >> 1],
          sorted(values)[values.length >> 1],
        ];
        const expected = values.length % 2 === 1 ? upper : (lower + upper) / 2;
        const found = medianOf(Float64Array.from(values), values.length);
        expect(found + 0).toBe(expected + 0); // of -0 and 0 either may be the middle one
      }),
    );
  });

  it('looks at the first values only', () => {
    expect(medianOf(Float64Array.of(1, 2, 3, 1000, 2000), 3)).toBe(2);
  });
});

describe('an upper quantile', () => {
  it('is the value of its rank among the sorted ones, once their median is known', () => {
    fc.assert(
      fc.property(several, fc.double({ min: 0.75, max: 1, noNaN: true }), (values, share) => {
        const own = Float64Array.from(values);
        medianOf(own, own.length);
        const rank = Math.max(Math.floor(share * (own.length - 1)), 0);
        expect(upperQuantileOf(own, own.length, share) + 0).toBe((sorted(values)[rank] ?? 0) + 0);
      }),
    );
  });

  it('of nothing is unknown', () => {
    expect(upperQuantileOf(new Float64Array(3), 0, 0.9)).toBeNaN();
  });
});

describe('a sum', () => {
  it.each([
    [[], 0],
    [[1, 2, 3.5], 6.5],
  ])('of %j is %d', (values, expected) => {
    expect(sum(values)).toBe(expected);
  });
});
