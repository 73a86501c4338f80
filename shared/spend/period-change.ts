import { datesOf, daysBetween, type IsoDate, type Period } from '../period.ts';
import type { Scope } from './scope.ts';
import type { DailyFigure, SpendSeries } from './series.ts';

/** What spend came to in a period, as far as its days are known. */
export type PeriodSpend = {
  period: Period;
  /** Of the days that were read. */
  total: number;
  /** Days that were read; of the others nobody knows what they cost. */
  known: number;
  /** Of those how many may still rise. */
  filling: number;
};

/** What series of one grouping cost together day by day; a day is known once any of them was read on it. */
export function daysIn(
  series: readonly SpendSeries[],
  period: Period,
  isCounted: (scope: Scope) => boolean = () => true,
): DailyFigure[] {
  const byDate = new Map<IsoDate, { amount: number; closed: boolean }>();
  for (const { scope, days } of series) {
    const counts = isCounted(scope);
    for (const { date, amount, closed } of days) {
      if (amount === undefined || date < period.start || date >= period.end) continue;
      const so = byDate.get(date) ?? { amount: 0, closed: true };
      byDate.set(date, { amount: so.amount + (counts ? amount : 0), closed: so.closed && closed });
    }
  }
  return datesOf(period).map((date) => {
    const day = byDate.get(date);
    return { date, amount: day?.amount, closed: day?.closed ?? false };
  });
}

/** The sum of those days that lie in a period. */
export function spendIn(days: readonly DailyFigure[], period: Period): PeriodSpend {
  const known = days.filter(
    ({ date, amount }) => amount !== undefined && date >= period.start && date < period.end,
  );
  return {
    period,
    total: known.reduce((sum, { amount = 0 }) => sum + amount, 0),
    known: known.length,
    filling: known.filter(({ closed }) => !closed).length,
  };
}

/** On a mean day, so that periods of other lengths compare; undefined where no day is known. */
export const perDay = ({ total, known }: PeriodSpend): number | undefined =>
  known === 0 ? undefined : total / known;

/** By which share a mean day has changed, 0.18 is 18 % more; undefined where there is nothing to compare with. */
export function changeSince(before: PeriodSpend, now: PeriodSpend): number | undefined {
  const [was, is] = [perDay(before), perDay(now)];
  return was === undefined || is === undefined || was <= 0 ? undefined : is / was - 1;
}

/** A part of the spend that costs more or less than before. */
export type Mover = {
  scope: Scope;
  before: PeriodSpend;
  now: PeriodSpend;
  /** What the period costs more, or less, than as many days before. */
  difference: number;
  /** `new`: nothing was spent on it before; `ended`: nothing is any more. */
  kind: 'new' | 'ended' | 'risen' | 'fallen';
  /** Of what is new or has ended the day, where it was charged on one alone: a contract's fee, not something that ran. */
  onlyOn?: IsoDate;
};

/** What has moved by at least so much a day, the most first. */
export function movers(
  series: readonly SpendSeries[],
  [before, now]: readonly [before: Period, now: Period],
  leastPerDay: number,
): Mover[] {
  const length = daysBetween(now.start, now.end);
  return series
    .flatMap(({ scope, days }): Mover[] => {
      const [was, is] = [spendIn(days, before), spendIn(days, now)];
      const [wasPerDay, isPerDay] = [perDay(was), perDay(is)];
      if (wasPerDay === undefined || isPerDay === undefined) return [];
      const change = isPerDay - wasPerDay;
      if (change === 0 || Math.abs(change) < leastPerDay) return [];
      const kind = kindOf(was, is);
      const charged = kind === 'new' ? chargedOn(days, now) : kind === 'ended' ? chargedOn(days, before) : [];
      const [onlyOn] = charged.length === 1 ? charged : [];
      return [{ scope, before: was, now: is, difference: change * length, kind, ...(onlyOn && { onlyOn }) }];
    })
    .toSorted((a, b) => Math.abs(b.difference) - Math.abs(a.difference));
}

const chargedOn = (days: readonly DailyFigure[], { start, end }: Period): IsoDate[] =>
  days.flatMap(({ date, amount = 0 }) => (amount !== 0 && date >= start && date < end ? [date] : []));

function kindOf({ total: was }: PeriodSpend, { total: is }: PeriodSpend): Mover['kind'] {
  if (was === 0) return 'new';
  if (is === 0) return 'ended';
  return is > was ? 'risen' : 'fallen';
}
