import { formatMoney, type Usd } from '../money.ts';
import { addDays, type IsoDate } from '../period.ts';
import type { DailyFigure } from '../spend/series.ts';
import {
  expectedSpend,
  fitBaseline,
  type KnownDay,
  knownDays,
  monthlyFee,
  recentDays,
  weekdayOf,
} from './expected-spend.ts';
import type { Policy } from './policy.ts';
import { largest, median, sum } from './statistics.ts';

/** What is said of one day of one series. Amounts are dollars, or the currency of the series. */
export type Verdict = {
  date: IsoDate;
  /** `held`: high, but on a day on which fees fall due; the next day tells. `unknown`: can't be judged. */
  state: 'normal' | 'anomalous' | 'held' | 'unknown';
  /** Absent where it can't be judged. */
  expected?: Usd;
  /** The most that still passes as normal. */
  limit?: Usd;
  /** Absent where the day was never read. */
  actual?: Usd;
  /** Read late enough to be complete. */
  closed: boolean;
  /** What it was judged by; `new`: too little spend so far for more than the floor. */
  test?: 'day' | 'sustained' | 'new';
  /** The days before this one that are part of what is told, oldest first. */
  earlier?: readonly JudgedDay[];
  /** One sentence. */
  reason: string;
};

export type JudgedDay = { date: IsoDate; expected: Usd; actual: Usd };

const week = 7;
/** Days read before a day can be judged: three of each weekday. */
const minimumHistory = 3 * week;
/** Days with spend before a series has a normal of its own. */
const minimumActiveDays = 7;

/**
 * Judges a day by the days before it, and by nothing else. `history` is without gaps, oldest first, and ends on the
 * day before; days of an incident that isn't the new normal stand in it as unknown. A figure that isn't closed can
 * only be too low: it may be anomalous already, and is never evidence that all is well.
 */
export function judgeDay(history: readonly DailyFigure[], figure: DailyFigure, policy: Policy): Verdict {
  const { date, amount, closed } = figure;
  if (amount === undefined) return { date, state: 'unknown', closed, reason: 'The day was never read.' };
  const days = knownDays(history);
  if (days.length < minimumHistory) {
    const reason = `Too little history to judge: ${days.length} of ${minimumHistory} days.`;
    return { date, state: 'unknown', actual: amount, closed, reason };
  }
  const judgement = isYoung(days)
    ? judgeYoung(days, amount, policy)
    : judgeDayAlone(days, date, amount, policy);
  return { date, actual: amount, closed, ...onFeeDay(date, judgement) };
}

type Judgement = Omit<Verdict, 'date' | 'actual' | 'closed'>;

/** Fees, subscriptions and yearly plans fall due on the 1st: what is high on that day alone is no leak. */
function onFeeDay(date: IsoDate, judgement: Judgement): Judgement {
  if (judgement.state !== 'anomalous' || judgement.test === 'sustained' || !date.endsWith('-01'))
    return judgement;
  return { ...judgement, state: 'held', reason: `${judgement.reason} Held: fees fall due on the 1st.` };
}

/** Whether there is too little spend behind it to say what is usual. */
function isYoung(days: readonly KnownDay[]): boolean {
  const first = days.findIndex(({ amount }) => amount > 0);
  if (first === -1 || days.length - first < minimumHistory) return true;
  return days.filter(({ amount }) => amount > 0).length < minimumActiveDays;
}

/** Without a normal of its own only the floor speaks, above twice what the series has cost before. */
function judgeYoung(days: readonly KnownDay[], amount: Usd, { floor, currency }: Policy): Judgement {
  const active = days.map((day) => day.amount).filter((spend) => spend > 0);
  const expected = active.length < minimumActiveDays ? 0 : median(active);
  const highest = largest(active);
  const limit = 2 * highest + floor;
  if (amount <= limit)
    return { state: 'normal', expected, limit, test: 'new', reason: 'New, and below the floor.' };
  const before =
    highest > 0 ? `never cost more than ${formatMoney(highest, currency)} a day` : 'cost nothing so far';
  const reason = `New: ${formatMoney(amount, currency)} on a day, where it ${before}.`;
  return { state: 'anomalous', expected, limit, test: 'new', reason };
}

function judgeDayAlone(days: readonly KnownDay[], date: IsoDate, amount: Usd, policy: Policy): Judgement {
  const recent = recentDays(days);
  const small = smallAmount(policy);
  const baseline = fitBaseline(recent, small);
  const fee = monthlyFee(days, date, small);
  const expected = expectedSpend(baseline, 0) + fee;
  // Deviation, ratio, dollars and what was seen before: a day above the highest of them is above them all.
  const limit = Math.max(
    expectedSpend(baseline, 0, policy.deviations) + fee,
    expected * policy.ratio,
    expected + policy.floor,
    highestUsual(recent),
  );
  if (amount > limit) {
    const reason = `${formatMoney(amount, policy.currency)} on a day that should cost ${formatMoney(expected, policy.currency)}, and for which up to ${formatMoney(limit, policy.currency)} would be usual.`;
    return { state: 'anomalous', expected, limit, test: 'day', reason };
  }
  const usual: Judgement = {
    state: 'normal',
    expected,
    limit,
    test: 'day',
    reason: 'Within what is usual for the day.',
  };
  return judgeWeek(days, date, amount, policy) ?? usual;
}

/** What a change is measured against where the spend is near zero. */
const smallAmount = ({ floor }: Policy): Usd => Math.max(1e-6, floor / 5);

/** A tenth above the dearest of such days in eight weeks; for a series that often rests half above any day. */
function highestUsual(recent: readonly KnownDay[]): Usd {
  const maximum = largest(recent.map(({ amount }) => amount));
  const resting = recent.filter(({ amount }) => amount < 0.02 * maximum);
  if (resting.length > recent.length / 4) return 1.5 * maximum;
  return 1.1 * largest(recent.filter(({ daysAgo }) => weekdayOf(daysAgo) === 0).map(({ amount }) => amount));
}

/**
 * What no day alone would show: a week above all the weeks before it, on nearly every day, by more than the series
 * grows anyway.
 */
function judgeWeek(
  days: readonly KnownDay[],
  date: IsoDate,
  amount: Usd,
  policy: Policy,
): Judgement | undefined {
  const lately = [...days.filter(({ daysAgo }) => daysAgo < week), { daysAgo: 0, amount }];
  const before = recentDays(days).filter(({ daysAgo }) => daysAgo >= week);
  if (lately.length < week || before.length < 4 * week) return undefined;
  const actual = sum(lately.map((day) => day.amount));
  const weeksBefore = weeklySums(before);
  if (actual < 1.05 * largest(weeksBefore)) return undefined; // spares most series the fit

  const baseline = fitBaseline(before, smallAmount(policy));
  const growth = growthOf(weeksBefore);
  const expectedOf = ({ daysAgo }: KnownDay) => growth * expectedSpend(baseline, daysAgo);
  const expected = sum(lately.map(expectedOf));
  const excess = actual - expected;
  const daysAbove = (deviations: number) =>
    lately.filter((day) => day.amount > expectedSpend(baseline, day.daysAgo, deviations)).length;
  if (excess < 3 * policy.floor || excess < 0.12 * expected) return undefined;
  // Where a week is hardly dearer, a few dollars on cheap weekend days, a large share of little, don't make it so.
  const dearDays = lately.filter((day) => day.amount - expectedOf(day) >= policy.floor).length;
  if (excess < 0.15 * expected && dearDays < 5) return undefined;
  if (daysAbove(0.1 * policy.deviations) < 6 || daysAbove(0.5 * policy.deviations) < 4) return undefined;

  const today = expectedOf({ daysAgo: 0, amount });
  return {
    state: 'anomalous',
    expected: today,
    limit: Math.max(today, amount - excess / week),
    test: 'sustained',
    earlier: lately
      .slice(0, -1)
      .map((day) => ({ date: addDays(date, -day.daysAgo), expected: expectedOf(day), actual: day.amount })),
    reason: `${formatMoney(actual, policy.currency)} in a week that should cost ${formatMoney(expected, policy.currency)}, above every week of the last two months.`,
  };
}

/** The sums of the weeks before the judged one, newest first; a week with unknown days counts by its known ones. */
const weeklySums = (before: readonly KnownDay[]): Usd[] =>
  Array.from({ length: 7 }, (_, index) => {
    const own = before.filter(({ daysAgo }) => Math.floor(daysAgo / week) === index + 1);
    return own.length < 5 ? 0 : (sum(own.map(({ amount }) => amount)) * week) / own.length;
  }).filter((amount) => amount > 0);

/** By how much two weeks exceed the two before them: what grows by as much again is organic. From 1 to 1.5. */
function growthOf(weeksBefore: readonly Usd[]): number {
  if (weeksBefore.length < 4) return 1;
  return Math.max(1, Math.min(1.5, median(weeksBefore.slice(0, 2)) / median(weeksBefore.slice(2, 4))));
}
