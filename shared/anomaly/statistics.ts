/** The middle value; of an even count the mean of the two middle ones. NaN where there is none. */
export function median(values: readonly number[]): number {
  return medianOf(Float64Array.from(values), values.length);
}

/**
 * What makes the median absolute deviation of normal noise its standard deviation: 1 / the normal's third quartile
 * (Hampel, The influence curve and its role in robust estimation, 1974).
 */
export const normalDeviation = 1.4826;

/**
 * The median of the first `count` values, which come out in another order. Made for the detector, which asks some
 * twenty times a day of each series: nothing is sorted that needn't be.
 */
export function medianOf(values: Float64Array, count: number): number {
  if (count === 0) return Number.NaN;
  if (count <= fewValues) return medianOfFew(values, count);
  const upper = select(values, 0, count - 1, count >> 1);
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

/**
 * The value that `share` of the first `count` values lie below, for a share of three quarters or more: to be asked
 * for right after `medianOf`, which left the larger half behind the smaller one.
 */
export const upperQuantileOf = (values: Float64Array, count: number, share: number): number =>
  count === 0 ? Number.NaN : select(values, count >> 1, count - 1, Math.floor(share * (count - 1)));

/**
 * The value of rank `rank`, which lies between `first` and `last`; nothing larger is left before it, and nothing
 * smaller behind it. Hoare's selection (Algorithm 65: Find, 1961).
 */
function select(values: Float64Array, first: number, last: number, rank: number): number {
  let [low, high] = [first, last];
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
