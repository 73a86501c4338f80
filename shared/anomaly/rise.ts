import type { Usd } from '../money.ts';
import { addDays, datesOf, type IsoDate } from '../period.ts';
import type { Incident } from './incident.ts';

/** The days of an incident that say most about it, and those before it that they are compared with. */
export type Compared = { before: readonly IsoDate[]; after: readonly IsoDate[] };

/** What a mean day came to before and after something rose; in dollars or in units. */
export type Rise = { before: number; after: number };

/** How much of which side of a `Rise` each day counts for. */
export type Weights = ReadonlyMap<IsoDate, { side: keyof Rise; weight: number }>;

/** Two of each weekday. */
const daysBeforeIt = 14;

/** The part of a day in which a leak began, and days on which it was calm, would make it look smaller than it is. */
export function comparedDays({ start, days }: Pick<Incident, 'start' | 'days'>): Compared {
  const high = days.filter((day) => day.high);
  const excess = ({ actual, expected }: { actual: Usd; expected: Usd }) => actual - expected;
  const [first, second] = high;
  const isPart = first && second && excess(second) > excess(first);
  const after = (isPart ? high.slice(1) : high).map(({ date }) => date);
  return {
    before: datesOf({ start: addDays(start, -daysBeforeIt), end: start }),
    after: after.length > 0 ? after : [start],
  };
}

/** Each day against the same weekdays before it, where there are any: a Saturday is not measured by a Tuesday. */
export function weightsOf({ before, after }: Compared): Weights {
  const weights = new Map<IsoDate, { side: keyof Rise; weight: number }>();
  for (const date of after) {
    weights.set(date, { side: 'after', weight: 1 / after.length });
    const alike = before.filter((earlier) => weekdayOf(earlier) === weekdayOf(date));
    const peers = alike.length > 0 ? alike : before;
    for (const peer of peers) {
      const known = weights.get(peer)?.weight ?? 0;
      weights.set(peer, { side: 'before', weight: known + 1 / after.length / peers.length });
    }
  }
  return weights;
}

const weekdayOf = (date: IsoDate): number => new Date(date).getUTCDay();

/** The mean day before and after of figures by date; a day without a figure cost nothing. */
export function riseOf(figures: Iterable<{ date: IsoDate; value: number }>, weights: Weights): Rise {
  const rise = { before: 0, after: 0 };
  for (const { date, value } of figures) {
    const counted = weights.get(date);
    if (counted !== undefined) rise[counted.side] += counted.weight * value;
  }
  return rise;
}

/** Its height; negative where it fell. */
export const heightOf = ({ before, after }: Rise): number => after - before;
