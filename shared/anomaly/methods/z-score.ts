import { judgementOf, type Method } from './method.ts';
import { deviation, mean } from './sample.ts';

/**
 * Standard deviations above the mean of the last days: Shewhart's control chart, whose limit is three of them (W. A.
 * Shewhart, Economic Control of Quality of Manufactured Product, 1931).
 */
export const zScore: Method = {
  name: 'z-score',
  textbook: { threshold: 3, window: 30, leastScale: 0 },
  tuned: { threshold: 5, window: 60, leastScale: 0 },
  judge(amounts) {
    if (amounts.length <= 14) return undefined;
    const before = amounts.subarray(0, -1);
    const expected = mean(before);
    return judgementOf(expected, deviation(before, expected));
  },
};
