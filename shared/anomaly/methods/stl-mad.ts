import { judgementOf, type Method } from './method.ts';
import { medianDeviation } from './sample.ts';
import { decompose } from './stl.ts';

/**
 * What a robust STL decomposition leaves of the day, in median absolute deviations of what it leaves of the others: the
 * outlier rule of R's forecast package and its kin (R. Hyndman, G. Athanasopoulos, Forecasting: Principles and
 * Practice, 3rd ed., 2021, 13.9), with a limit of three.
 */
export const stlMad: Method = {
  name: 'stl-mad',
  textbook: { threshold: 3, window: 8 * 7, leastScale: 0 },
  tuned: { threshold: 15, window: 8 * 7, leastScale: 0.03 },
  judge(amounts) {
    if (amounts.length <= 21) return undefined;
    const { remainder } = decompose(amounts);
    const amount = amounts.at(-1) ?? 0;
    const left = remainder.at(-1) ?? 0;
    return judgementOf(amount - left, medianDeviation(remainder.subarray(0, -1), 0));
  },
};
