import type { Usd } from '../money.ts';
import { daysBetween, type IsoDate } from '../period.ts';
import type { DailyFigure } from '../spend/series.ts';
import { largest, median, robustDeviation } from './statistics.ts';

/** A day whose cost is known for good, by its distance from the day that is judged. */
export type KnownDay = { daysAgo: number; amount: Usd };

/** How a series usually runs: fitted to known days once, asked for any day near them. */
export type Baseline = {
  /** The logarithm of the recent level, without the weekday's share. */
  level: number;
  /** By how much each weekday lies above or below its week, in logarithms; index 0 is the judged day's weekday. */
  rhythm: readonly number[];
  /** Robust deviation of a day from its expectation, in logarithms. */
  scale: number;
  /** Added to each amount before its logarithm is taken, in dollars. */
  offset: Usd;
};

const weeks = 8;
const levelDays = 10;
/** Weeks after which a weekday's offset is taken as it is; with fewer a part of it. */
const trustedWeeks = 4;
/** Noise below this share is not believed: what was flat so far may well move by a few percent. */
const smallestScale = 0.04;

/** The closed and known days of a gapless history, oldest first. */
export const knownDays = (history: readonly DailyFigure[]): KnownDay[] =>
  history.flatMap(({ amount, closed }, index) =>
    closed && amount !== undefined ? [{ daysAgo: history.length - index, amount }] : [],
  );

/** The days of the last eight weeks: what the baseline is made of. */
export const recentDays = (days: readonly KnownDay[]): KnownDay[] =>
  days.filter(({ daysAgo }) => daysAgo <= 7 * weeks);

/**
 * Fits a series' level, weekly rhythm and noise. All are medians, so that one forgotten cluster doesn't hide the
 * next, and the level follows a step within days. Works on logarithms, in which rhythm and noise are shares of the
 * spend; `small` (dollars) is what a change is measured against where the spend is near zero.
 */
export function fitBaseline(days: readonly KnownDay[], small: Usd): Baseline {
  const offset = small + 0.02 * Math.max(0, median(days.map(({ amount }) => amount)));
  const logs = days.map(({ amount }) => Math.log(Math.max(0, amount) + offset));
  const weekdays = days.map(({ daysAgo }) => weekdayOf(daysAgo));
  const rhythm = weekdayRhythm(logs, weekdays);
  const flat = logs.map((log, index) => log - (rhythm[weekdays[index] ?? 0] ?? 0));
  // Seven offsets were fitted to these very days, and took their share of the noise: the more, the fewer days.
  const fitted = Math.sqrt(days.length / Math.max(1, days.length - 7));
  const scale = Math.max(smallestScale, fitted * robustDeviation(steps(flat)));
  return { level: median(flat.slice(-levelDays)), rhythm, scale, offset };
}

/** What a day should cost, or with `deviations` the most that the series' own noise explains. */
export function expectedSpend(
  { level, rhythm, scale, offset }: Baseline,
  daysAgo: number,
  deviations = 0,
): Usd {
  const log = level + (rhythm[weekdayOf(daysAgo)] ?? 0) + deviations * scale;
  return Math.max(0, Math.exp(log) - offset);
}

/** Weekdays counted back from the judged day; only equality matters. */
export const weekdayOf = (daysAgo: number): number => daysAgo % 7;

/** By how much each weekday lies above or below the days around it, in logarithms. */
function weekdayRhythm(logs: readonly number[], weekdays: readonly number[]): number[] {
  const offsets = logs.map((log, index) => log - median(logs.slice(Math.max(0, index - 3), index + 4)));
  return Array.from({ length: 7 }, (_, weekday) => {
    const own = offsets.filter((_, index) => weekdays[index] === weekday);
    return own.length === 0 ? 0 : median(own) * Math.min(1, own.length / trustedWeeks);
  });
}

/** How far each day was from the level of the days before it. */
const steps = (flat: readonly number[]): number[] =>
  flat.slice(levelDays).map((log, index) => log - median(flat.slice(index, index + levelDays)));

/** What this day of the month cost above its neighbours, in the last three months; 0 where it never stood out. */
export function monthlyFee(days: readonly KnownDay[], date: IsoDate, small: Usd): Usd {
  const byAge = new Map(days.map(({ daysAgo, amount }) => [daysAgo, amount]));
  const fees = [1, 2, 3].map((months) => {
    const then = daysBetween(sameDayOfMonth(date, months), date);
    const around = [-3, -2, -1, 1, 2, 3].flatMap((days) => byAge.get(then + days) ?? []);
    const usual = around.length > 0 ? median(around) : 0;
    const amount = byAge.get(then) ?? 0;
    return amount > 1.2 * usual + small ? amount - usual : 0;
  });
  return largest(fees);
}

/** The same day some months earlier; the last one of that month where it is shorter. */
function sameDayOfMonth(date: IsoDate, monthsBack: number): IsoDate {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const lastDay = new Date(Date.UTC(year, month - monthsBack, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 - monthsBack, Math.min(day, lastDay))).toISOString().slice(0, 10);
}
