/** The middle value; of an even count the mean of the two middle ones. NaN where there is none. */
export function median(values: readonly number[]): number {
  return medianOf(Float64Array.from(values), values.length);
}

/** What makes the median absolute deviation of normal noise its standard deviation. */
export const normalDeviation = 1.4826;

/**
 * The median of the first `count` values, which come out in another order. Made for the detector, which asks some
 * twenty times a day of each series: nothing is sorted that needn't be.
 */
export function medianOf(values: Float64Array, count: number): number {
  if (count === 0) return Number.NaN;
  if (count <= fewValues) return medianOfFew(values, count);
  const upper = select(values, count, count >> 1);
  if (count % 2 === 1) return upper;
  let lower = Number.NEGATIVE_INFINITY; // selecting left the lower half before it
  for (let index = 0; index < count >> 1; index++) {
    const value = values[index] ?? lower;
    if (value > lower) lower = value;
  }
  return (lower + upper) / 2;
}

/** So many are sorted faster than selected from. */
const fewValues = 24;

function medianOfFew(values: Float64Array, count: number): number {
  for (let index = 1; index < count; index++) {
    const value = values[index] as number;
    let place = index - 1;
    while (place >= 0 && (values[place] as number) > value) {
      values[place + 1] = values[place] as number;
      place--;
    }
    values[place + 1] = value;
  }
  const upper = values[count >> 1] as number;
  return count % 2 === 1 ? upper : ((values[(count >> 1) - 1] as number) + upper) / 2;
}

/** The value that `share` of the first `count` values lie below; they come out in another order. */
export const quantileOf = (values: Float64Array, count: number, share: number): number =>
  count === 0 ? Number.NaN : select(values, count, Math.floor(share * (count - 1)));

/** Hoare's selection: the value of rank `rank`, with nothing larger before it. */
function select(values: Float64Array, count: number, rank: number): number {
  let [low, high] = [0, count - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1] as number;
    let [left, right] = [low - 1, high + 1];
    for (;;) {
      do left++;
      while ((values[left] as number) < pivot);
      do right--;
      while ((values[right] as number) > pivot);
      if (left >= right) break;
      const swapped = values[left] as number;
      values[left] = values[right] as number;
      values[right] = swapped;
    }
    if (rank <= right) high = right;
    else low = right + 1;
  }
  return values[rank] as number;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** 0 where there is none. */
export const largest = (values: readonly number[]): number =>
  values.reduce((maximum, value) => Math.max(maximum, value), 0);

/** A standard deviation that a few outliers don't move: the scaled median distance from zero. */
export const robustDeviation = (residuals: readonly number[]): number =>
  normalDeviation * median(residuals.map(Math.abs));
