import { type Judgement, judgementOf, type Method } from './method.ts';
import { mean, median } from './sample.ts';

const week = 7;
/** How fast level, trend and season follow. Fixed, as in monitoring: what is fitted every day follows the leak. */
const alpha = 0.2;
const beta = 0.01;
const gamma = 0.2;
/** How fast the mean squared error of the forecasts is forgotten. */
const delta = 0.05;

/**
 * The interval of a one-step Holt-Winters forecast, trend and weekly season additive on the logarithm, where it served
 * spend best (P. Winters, Management Science 6, 1960; as an alarm: J. Brutlag, Aberrant Behavior Detection in Time
 * Series for Network Monitoring, LISA 2000, whose limits are two to three deviations).
 */
export const holtWinters: Method = {
  name: 'holt-winters',
  textbook: { threshold: 3, window: 12 * week, leastScale: 0 },
  tuned: { threshold: 4, window: 12 * week, leastScale: 0.03 },
  judge(amounts) {
    const days = amounts.length - 1;
    if (days < 3 * week) return undefined;
    const before = amounts.subarray(0, days);
    const active = before.filter((amount) => amount > 0);
    if (active.length === 0) return judgementOf(0, 0);
    const offset = 0.02 * median(active); // so that a day without cost has a logarithm
    const { level, deviation } = forecast(before.map((amount) => Math.log(Math.max(0, amount) + offset)));
    return intervalOf(level, deviation, offset);
  },
};

const intervalOf = (level: number, deviation: number, offset: number): Judgement => ({
  expected: Math.exp(level) - offset,
  limit: ({ threshold, leastScale }) =>
    Math.exp(level + threshold * Math.max(deviation, leastScale)) - offset,
});

/** The next value, and the root of the mean squared error of the forecasts so far. At least two weeks. */
function forecast(values: Float64Array): { level: number; deviation: number } {
  let level = mean(values.subarray(0, week));
  let trend = (mean(values.subarray(week, 2 * week)) - level) / week;
  const season = values.slice(0, week).map((value) => value - level);
  let squares = 0;
  let weight = 0;
  for (let day = week; day < values.length; day++) {
    const value = values[day] ?? 0;
    const usual = season[day % week] ?? 0;
    const error = value - level - trend - usual;
    squares = (1 - delta) * squares + delta * error * error;
    weight = (1 - delta) * weight + delta;
    const before = level;
    level = alpha * (value - usual) + (1 - alpha) * (level + trend);
    trend = beta * (level - before) + (1 - beta) * trend;
    season[day % week] = gamma * (value - level) + (1 - gamma) * usual;
  }
  return {
    level: level + trend + (season[values.length % week] ?? 0),
    deviation: Math.sqrt(squares / weight),
  };
}
