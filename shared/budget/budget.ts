import { addDays, datesOf, type IsoDate, type Period } from '../period.ts';
import type { DailyFigure } from '../spend/series.ts';

/** How a budget stands in a calendar month; amounts in the currency of the bill. */
export type BudgetStatus = {
  name: string;
  monthly: number;
  month: Period;
  /** So far, with days that still fill. */
  spent: number;
  /** Days before the newest known one of which nothing is known: what they cost is in no sum but the forecast. */
  gaps: number;
  /** What the month comes to if it goes on like the last week; undefined where no day is complete. */
  forecast?: number;
  /** The first day on which more is spent than the budget has. */
  exceeds?: { on: IsoDate; isForecast: boolean };
};

/** Days whose mean a day to come is taken for: a week has as many weekends as the next. */
const runRateDays = 7;

/** The calendar month that a day is in. */
export function monthAround(date: IsoDate): Period {
  const start = `${date.slice(0, 7)}-01`;
  return { start, end: `${addDays(start, 31).slice(0, 7)}-01` };
}

/**
 * How far a month's budget is used up. Complete days count as they are; what isn't complete, or is to come, counts as a
 * mean one of the last complete days, unless it has cost more already. `days` may begin before the month. Undefined where no day of the month is known.
 */
export function budgetStatus(
  { name, monthly }: { name: string; monthly: number },
  days: readonly DailyFigure[],
  month: Period,
): BudgetStatus | undefined {
  const known = new Map(days.flatMap((day) => (day.amount === undefined ? [] : [[day.date, day] as const])));
  const newest = datesOf(month).findLastIndex((date) => known.has(date));
  if (newest < 0) return undefined;
  const rate = runRate(days.filter(({ date }) => date < month.end));
  const dates = datesOf(month).map((date) => {
    const { amount = 0, closed = false } = known.get(date) ?? {};
    return { date, amount, expected: closed ? amount : Math.max(amount, rate ?? 0) };
  });
  const past = firstAbove(dates, monthly, ({ amount }) => amount);
  const coming = rate === undefined ? undefined : firstAbove(dates, monthly, ({ expected }) => expected);
  const on = past ?? coming;
  return {
    name,
    monthly,
    month,
    spent: sumOf(dates, ({ amount }) => amount),
    gaps: dates.slice(0, newest).filter(({ date }) => !known.has(date)).length,
    ...(rate !== undefined && { forecast: sumOf(dates, ({ expected }) => expected) }),
    ...(on !== undefined && { exceeds: { on, isForecast: past === undefined } }),
  };
}

/** A mean day of the newest complete ones. */
function runRate(days: readonly DailyFigure[]): number | undefined {
  const amounts = days.flatMap(({ amount, closed }) => (closed && amount !== undefined ? [amount] : []));
  const newest = amounts.slice(-runRateDays);
  return newest.length === 0 ? undefined : newest.reduce((sum, amount) => sum + amount, 0) / newest.length;
}

function firstAbove<Day extends { date: IsoDate }>(
  days: readonly Day[],
  limit: number,
  amountOf: (day: Day) => number,
): IsoDate | undefined {
  let sum = 0;
  return days.find((day) => {
    sum += amountOf(day);
    return sum > limit;
  })?.date;
}

const sumOf = <Day>(days: readonly Day[], amountOf: (day: Day) => number): number =>
  days.reduce((sum, day) => sum + amountOf(day), 0);
