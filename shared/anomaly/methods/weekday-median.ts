import { judgementOf, type Method } from './method.ts';
import { median, medianDeviation } from './sample.ts';

const week = 7;

/**
 * The modified z-score over the same weekday of the last weeks: distance from the median in median absolute deviations,
 * with its customary limit of 3.5 (B. Iglewicz, D. Hoaglin, How to Detect and Handle Outliers, 1993).
 */
export const weekdayMedian: Method = {
  name: 'weekday-median',
  textbook: { threshold: 3.5, window: 8 * week, leastScale: 0 },
  tuned: { threshold: 6, window: 8 * week, leastScale: 0.05 },
  judge(amounts) {
    const today = amounts.length - 1;
    const same = Float64Array.from(
      { length: Math.floor(today / week) },
      (_, index) => amounts[today - week * (index + 1)] ?? 0,
    );
    if (same.length < 3) return undefined;
    const expected = median(same);
    return judgementOf(expected, medianDeviation(same, expected));
  },
};
