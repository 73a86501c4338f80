import type { ChargeCategory } from './charge.ts';
import type { Scope } from './scope.ts';

/**
 * Every figure of one series, with when it was read: parallel arrays, ordered by day and then by observation. Days are
 * counted from 1970-01-01 in UTC, so that a hundred thousand series fit into memory.
 */
export type SpendHistory = {
  scope: Scope;
  category: ChargeCategory;
  days: Int32Array;
  /** The day on whose morning the figure was read: one day after the day itself at the earliest. */
  observed: Int32Array;
  /** In the currency of the record, unrounded; negative where money came back. */
  amounts: Float64Array;
};

/** What is known of the spend, from a file or from Cost Explorer. */
export type SpendRecord = {
  /** ISO 4217; there is one only, since amounts in two don't add up. */
  currency: string;
  /** The names of the dimensions, in the source's order. */
  dimensions: readonly string[];
  /** Whether it says when figures were read; without it every day counts as complete when it is first seen. */
  bitemporal: boolean;
  /** One for each scope and category. */
  histories: readonly SpendHistory[];
};
