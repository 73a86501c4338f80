import { judgementOf, type Method } from './method.ts';
import { mean } from './sample.ts';

/**
 * Today above a multiple of the mean of the last days: the rule of thumb of every first cost alarm, as in "spend is 50 %
 * above the trailing week" (J.R. Storment, M. Fuller, Cloud FinOps, 2nd ed., 2023, on anomaly thresholds).
 */
export const seedRule: Method = {
  name: 'seed',
  textbook: { threshold: 0.5, window: 7, leastScale: 0 },
  tuned: { threshold: 0.5, window: 8 * 7, leastScale: 0 },
  judge(amounts) {
    if (amounts.length <= 7) return undefined;
    const expected = mean(amounts.subarray(0, -1));
    return judgementOf(expected, Math.max(0, expected));
  },
};
