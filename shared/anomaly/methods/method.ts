import type { Usd } from '../../money.ts';

/** A few round numbers; thresholds are in the method's own unit. */
export type Setting = {
  /** So many deviations above what is expected are anomalous. */
  threshold: number;
  /** Days that the method looks back; with fewer it does with what there is. */
  window: number;
  /** A deviation is believed to be this share of what is expected at least; 0 as the textbooks have it. */
  leastScale: number;
};

/** What a method makes of the newest day by the days before it, in the currency of the series. */
export type Judgement = {
  expected: Usd;
  /** The most that passes as normal. */
  limit(setting: Setting): Usd;
};

/**
 * A way to find anomalies that teams use today, to be compared with ours. Pure and without memory: asked again for the
 * same days it says the same.
 */
export type Method = {
  name: string;
  /** As its source or its best-known implementation has it. */
  textbook: Setting;
  /** What served it best. */
  tuned: Setting;
  /** `amounts` are finite, one a day, oldest first; the last is judged. Undefined where there are too few. */
  judge(amounts: Float64Array): Judgement | undefined;
};

/** A judgement by a multiple of a deviation, which is 0 where the method has seen none. */
export const judgementOf = (expected: Usd, scale: Usd): Judgement => ({
  expected,
  limit: ({ threshold, leastScale }) =>
    expected + threshold * Math.max(scale, leastScale * Math.abs(expected)),
});
