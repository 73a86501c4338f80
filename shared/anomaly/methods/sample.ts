/** Of no values NaN, as for the median. */
export function mean(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}

/** The standard deviation of a sample around a value that was estimated from it. */
export function deviation(values: Float64Array, around: number): number {
  let squares = 0;
  for (const value of values) squares += (value - around) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

export const median = (values: Float64Array): number => medianOfSorted(values.toSorted());

export function medianOfSorted(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median absolute deviation, scaled so that it is the standard deviation of normal noise. */
export const medianDeviation = (values: Float64Array, around: number): number =>
  1.4826 * median(values.map((value) => Math.abs(value - around)));
