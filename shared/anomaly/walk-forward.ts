import { dateOf, type IsoDate, type IsoTime, toDay } from '../period.ts';
import type { DailyFigure, SpendSeries } from '../spend/series.ts';
import { noAllowance } from './allowance.ts';
import { excessesOf, type FillingDay, followDay, lookAhead, newFollower, type Terms } from './follow.ts';
import { type Incident, reconcile } from './incident.ts';
import type { Policy } from './policy.ts';
import type { Verdict } from './verdict.ts';

/** What came of judging the days of a series: every verdict, and the incidents that are new or have changed. */
export type Walk = { verdicts: readonly Verdict[]; incidents: readonly Incident[] };

/** How a series is judged in a run. */
export type Task = {
  policy: Policy;
  allowanceOn?: Terms['allowanceOn'];
  /** What began and ended before it is no news. */
  from: IsoDate;
  at: IsoTime;
};

/**
 * Judges the days of a series one by one, each by what lies before it. `known` are the incidents of the series so far.
 * The same figures give the same incidents, restated ones update, open or end them; a run that was skipped is made up
 * for by the next one.
 */
export function walkForward(series: SpendSeries, known: readonly Incident[], task: Task): Walk {
  const follower = newFollower();
  const terms: Terms = {
    policy: task.policy,
    allowanceOn: task.allowanceOn ?? (() => noAllowance),
    isPlanned: plannedBy(known),
  };
  const from = toDay(task.from);
  const first = toDay(series.days[0]?.date ?? task.from);
  const filling = fillingFrom(series.days);
  const verdicts: Verdict[] = [];
  for (const [index, figure] of series.days.slice(0, filling).entries()) {
    const verdict = followDay(follower, toFigure(figure, first + index), terms);
    if (verdict.day >= from) verdicts.push(verdict);
  }
  const today = toDay(dateOf(task.at));
  const ahead = lookAhead(follower, toFilling(series.days.slice(filling), first + filling, today), terms);
  verdicts.push(...ahead.verdicts);
  const incidents = reconcile(known, excessesOf(follower, ahead), {
    scope: series.scope,
    currency: series.currency,
    amountOn: (day) => series.days[day - first]?.amount,
    closedThrough: first + filling - 1,
    from,
    at: task.at,
  });
  const unchanged = new Set(known);
  return { verdicts, incidents: incidents.filter((incident) => !unchanged.has(incident)) };
}

/** The days of incidents that somebody said to be planned, from their first one until the plan ends. */
function plannedBy(known: readonly Incident[]): (day: number) => boolean {
  const plans = known.flatMap(({ start, plannedUntil }) =>
    plannedUntil === undefined ? [] : [{ start: toDay(start), end: toDay(plannedUntil) }],
  );
  return (day) => plans.some(({ start, end }) => day >= start && day < end);
}

/** Where the days begin that still fill: after the newest complete one. */
const fillingFrom = (days: readonly DailyFigure[]): number => days.findLastIndex(({ closed }) => closed) + 1;

const toFigure = ({ amount = Number.NaN, closed, seen }: DailyFigure, day: number) => ({
  day,
  amount: closed ? amount : Number.NaN,
  seen,
});

/** A day is read for the first time on the day after it, and for the second on the next. */
const toFilling = (days: readonly DailyFigure[], first: number, today: number): FillingDay[] =>
  days.flatMap(({ amount }, index): FillingDay[] => {
    const day = first + index;
    return amount === undefined ? [] : [{ day, amount, age: today - day <= 1 ? 0 : 1 }];
  });
