import { median } from './sample.ts';

const period = 7;
/** The trend's span in days: three periods, where the paper asks for 1.5 at least. */
const span = 21;
/** Passes that weigh outliers down; the paper calls 5 of them safe. */
const robustPasses = 5;

/** A series as the sum of its parts, and what is left of it. */
export type Decomposition = { trend: Float64Array; seasonal: Float64Array; remainder: Float64Array };

/**
 * Seasonal and trend decomposition by loess with a periodic weekly season, robust to outliers (R. B. Cleveland, W. S.
 * Cleveland, J. E. McRae, I. Terpenning, STL, Journal of Official Statistics 6, 1990). Where the season is periodic
 * each weekday has one value, the low-pass filter of it is its mean, and one inner pass does. At least 21 days.
 */
export function decompose(amounts: Float64Array): Decomposition {
  const days = amounts.length;
  const weights = new Float64Array(days).fill(1);
  const seasonal = new Float64Array(days);
  const trend = new Float64Array(days);
  const remainder = new Float64Array(days);
  for (let pass = 0; pass <= robustPasses; pass++) {
    fitSeason(seasonal, amounts, trend, weights);
    subtract(remainder, amounts, seasonal);
    smooth(trend, remainder, weights);
    subtract(remainder, remainder, trend);
    if (pass < robustPasses) weighDown(weights, remainder);
  }
  return { trend, seasonal, remainder };
}

function subtract(into: Float64Array, values: Float64Array, others: Float64Array): void {
  for (let index = 0; index < into.length; index++) into[index] = (values[index] ?? 0) - (others[index] ?? 0);
}

/** The weighted mean of each weekday without the trend, around 0 over the week. */
function fitSeason(
  seasonal: Float64Array,
  amounts: Float64Array,
  trend: Float64Array,
  weights: Float64Array,
): void {
  const sums = new Float64Array(period);
  const totals = new Float64Array(period);
  for (let index = 0; index < amounts.length; index++) {
    // A weekday all of whose days were outliers still has a mean.
    const weight = Math.max(1e-6, weights[index] ?? 0);
    const weekday = index % period;
    sums[weekday] = (sums[weekday] ?? 0) + weight * ((amounts[index] ?? 0) - (trend[index] ?? 0));
    totals[weekday] = (totals[weekday] ?? 0) + weight;
  }
  const means = sums.map((sum, weekday) => sum / (totals[weekday] ?? 1));
  const centre = means.reduce((sum, value) => sum + value, 0) / period;
  for (let index = 0; index < seasonal.length; index++)
    seasonal[index] = (means[index % period] ?? 0) - centre;
}

/** Loess: at each day the line through its nearest days, the nearer and the less outlying the heavier. */
function smooth(into: Float64Array, values: Float64Array, weights: Float64Array): void {
  const last = Math.max(0, values.length - span);
  for (let index = 0; index < into.length; index++) {
    const first = Math.min(last, Math.max(0, index - (span >> 1)));
    into[index] = lineAt(values, weights, first, index - first) ?? values[index] ?? 0;
  }
}

/** Tricube weights by where in its span the smoothed day lies: `span` of them for each place. */
const tricube = Float64Array.from({ length: span * span }, (_, index) => {
  const centre = Math.floor(index / span);
  const reach = Math.max(centre, span - 1 - centre) + 1;
  return (1 - (Math.abs((index % span) - centre) / reach) ** 3) ** 3;
});

/** The weighted least squares line over a span, at one of its days. Undefined where all of them are outliers. */
function lineAt(
  values: Float64Array,
  weights: Float64Array,
  first: number,
  centre: number,
): number | undefined {
  let total = 0;
  let x = 0;
  let y = 0;
  let xx = 0;
  let xy = 0;
  for (let at = 0; at < span; at++) {
    const weight = (tricube[centre * span + at] ?? 0) * (weights[first + at] ?? 0);
    const value = weight * (values[first + at] ?? 0);
    const distance = at - centre;
    total += weight;
    x += weight * distance;
    y += value;
    xx += weight * distance * distance;
    xy += value * distance;
  }
  if (total < 1e-9) return undefined;
  const spread = xx - (x * x) / total;
  const slope = spread > 1e-9 * total ? (xy - (x * y) / total) / spread : 0;
  return (y - slope * x) / total;
}

/** Bisquare weights: none from six median remainders on. */
function weighDown(weights: Float64Array, remainder: Float64Array): void {
  const limit = 6 * median(remainder.map(Math.abs));
  for (let index = 0; index < weights.length; index++) {
    const distance = Math.abs(remainder[index] ?? 0);
    weights[index] = limit === 0 ? Number(distance === 0) : Math.max(0, 1 - (distance / limit) ** 2) ** 2;
  }
}
