import { judgementOf, type Method } from './method.ts';

const week = 7;

/**
 * A straight trend and a weekday each, by least squares, with a prediction interval from the residuals: what Prophet
 * comes to on daily data without holidays and changepoints (S. Taylor, B. Letham, Forecasting at Scale, The American
 * Statistician 72, 2018). The textbook limit is its interval of 95 %.
 */
export const weekdayRegression: Method = {
  name: 'weekday-regression',
  textbook: { threshold: 1.96, window: 8 * week, leastScale: 0 },
  tuned: { threshold: 5, window: 8 * week, leastScale: 0 },
  judge(amounts) {
    const days = amounts.length - 1;
    if (days < 3 * week) return undefined;
    const weekdays = meansByWeekday(amounts, days);
    let [spread, common, squares] = [0, 0, 0];
    for (let day = 0; day < days; day++) {
      const { time = 0, amount = 0 } = weekdays[day % week] ?? {};
      const late = day - time;
      const above = (amounts[day] ?? 0) - amount;
      spread += late * late;
      common += late * above;
      squares += above * above;
    }
    const slope = common / spread;
    const { time = 0, amount = 0, count = 1 } = weekdays[days % week] ?? {};
    const late = days - time;
    const variance = Math.max(0, squares - slope * common) / (days - week - 1);
    return judgementOf(amount + slope * late, Math.sqrt(variance * (1 + 1 / count + (late * late) / spread)));
  },
};

type WeekdayMean = { time: number; amount: number; count: number };

/** The mean day and the mean amount of each weekday: taking them off leaves the trend's slope as the only unknown. */
function meansByWeekday(amounts: Float64Array, days: number): WeekdayMean[] {
  return Array.from({ length: week }, (_, weekday) => {
    let [time, amount, count] = [0, 0, 0];
    for (let day = weekday; day < days; day += week) {
      time += day;
      amount += amounts[day] ?? 0;
      count += 1;
    }
    return { time: time / count, amount: amount / count, count };
  });
}
