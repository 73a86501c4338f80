import { judgementOf, type Method } from './method.ts';
import { median, medianOfSorted } from './sample.ts';
import { decompose } from './stl.ts';

/** At most this share of the days can be anomalous, and one test in twenty may err: the defaults of the R package. */
const maximumShare = 0.1;
const significance = 0.05;

/**
 * Seasonal hybrid ESD: the generalised ESD test with median and MAD, on what is left without the STL season and the
 * median (J. Hochenbaum, O. Vallis, A. Kejariwal, Automatic Anomaly Detection in the Cloud Via Statistical Learning,
 * 2017; B. Rosner, Technometrics 25, 1983). One-sided; the scale is the distance that is just significant.
 */
export const seasonalHybridEsd: Method = {
  name: 's-h-esd',
  textbook: { threshold: 1, window: 8 * 7, leastScale: 0 },
  tuned: { threshold: 1.5, window: 8 * 7, leastScale: 0.1 },
  judge(amounts) {
    if (amounts.length <= 21) return undefined;
    const { seasonal } = decompose(amounts);
    const centre = median(amounts);
    const rest = amounts.map((amount, index) => amount - (seasonal[index] ?? 0) - centre);
    const amount = amounts.at(-1) ?? 0;
    const left = rest.at(-1) ?? 0;
    return judgementOf(amount - left, significantDistance(rest.toSorted(), left));
  },
};

/**
 * The distance from the others at which a value would just be an outlier. A value is one where its own test or that of
 * a smaller one is significant, so the most favourable of them counts; Infinity where too many are larger.
 */
function significantDistance(sorted: Float64Array, value: number): number {
  const tests = Math.floor(maximumShare * sorted.length);
  let least = Number.POSITIVE_INFINITY;
  for (let test = 0; test < tests; test++) {
    const rest = sorted.subarray(0, sorted.length - test);
    const largest = rest.at(-1) ?? 0;
    if (largest > value) continue;
    const centre = medianOfSorted(rest);
    const spread = 1.4826 * median(rest.map((one) => Math.abs(one - centre)));
    // How many times its critical distance the largest is away, which for the value itself gives the scale.
    const times = (largest - centre) / (spread * criticalValue(sorted.length, test + 1));
    if (times > 0) least = Math.min(least, value / times);
  }
  return Math.max(0, least);
}

/** Rosner's critical value of the `test`-th test (1 is the first) among so many values. */
function criticalValue(values: number, test: number): number {
  const freedom = values - test - 1;
  const t = tQuantile(1 - significance / (values - test + 1), freedom);
  return ((values - test) * t) / Math.sqrt((freedom + t * t) * (values - test + 1));
}

/** Student's t by its expansion around the normal quantile (Abramowitz and Stegun, 26.7.5): for 10 and more. */
function tQuantile(probability: number, freedom: number): number {
  const z = normalQuantile(probability);
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return z + first / freedom + second / freedom ** 2;
}

/** Above one half; to three digits (Abramowitz and Stegun, 26.2.23). */
function normalQuantile(probability: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - probability));
  const numerator = 2.515517 + 0.802853 * t + 0.010328 * t * t;
  return t - numerator / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}
