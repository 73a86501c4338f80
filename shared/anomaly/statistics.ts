/** The middle value; of an even count the mean of the two middle ones. NaN where there is none. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort(); // needs no comparator, and this is called for every day
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** What makes the median absolute deviation of normal noise its standard deviation. */
const normal = 1.4826;

/** A standard deviation that a few outliers don't move: the scaled median distance from zero. */
export const robustDeviation = (residuals: readonly number[]): number =>
  normal * median(residuals.map(Math.abs));

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** 0 where there is none. */
export const largest = (values: readonly number[]): number =>
  values.reduce((maximum, value) => Math.max(maximum, value), 0);
