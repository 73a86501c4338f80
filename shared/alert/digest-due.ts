import { monthAround } from '../budget/budget.ts';
import { addDays, dateOf, daysBefore, type IsoDate, type IsoTime, type Period, toTime } from '../period.ts';
import { firstReached, shownAt } from '../schedule/wall-clock.ts';
import { closedDaysBefore } from '../spend/ledger.ts';

export const cadences = ['daily', 'weekly', 'monthly'] as const;

export type Cadence = (typeof cadences)[number];

/** Which digests there are, and when. `weekday` as in a schedule tag: `Mon`. */
export type DigestPolicy = Readonly<Record<Cadence, boolean>> & { hour: number; weekday: string };

/** A digest, the days that it is about, and those that it compares them with. */
export type DueDigest = { cadence: Cadence; dueAt: IsoTime; period: Period; before: Period };

/**
 * When digests were due last, by the clock of a zone: today from the hour on, else yesterday. So a run that was missed
 * is made up for by the next one. An hour that summer time skips is the first one after it; one that comes twice is the
 * first.
 */
export function lastDue(hour: number, timeZone: string, time: IsoTime): { dueAt: IsoTime; date: IsoDate } {
  const now = Date.parse(time);
  const today = dateOf(toTime(shownAt(timeZone, now)));
  const reached = (date: IsoDate) => firstReached(timeZone, Date.parse(date) + hour * 3_600_000);
  const date = reached(today) <= now ? today : addDays(today, -1);
  return { dueAt: toTime(reached(date)), date };
}

/** The digests of the last day on which any were due. What each is about doesn't depend on how late the run is. */
export function dueDigests(policy: DigestPolicy, timeZone: string, time: IsoTime): DueDigest[] {
  const { dueAt, date } = lastDue(policy.hour, timeZone, time);
  const isDue: Readonly<Record<Cadence, boolean>> = {
    daily: true,
    weekly: weekdayOf(date) === policy.weekday,
    monthly: date.endsWith(monthlyDay),
  };
  return cadences
    .filter((cadence) => policy[cadence] && isDue[cadence])
    .map((cadence) => toDue(cadence, dueAt));
}

/** Its last day takes two days to be complete. */
const monthlyDay = '-03';

export const weekdayOf = (date: IsoDate): string =>
  ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][new Date(date).getUTCDay()] ?? '';

/**
 * The newest days that a digest of that time can be about: yesterday, compared with the week before it; the last seven
 * complete days, with those before; the last calendar month, with the one before.
 */
export function toDue(cadence: Cadence, dueAt: IsoTime): DueDigest {
  const period = periods[cadence](dueAt);
  const before =
    cadence === 'monthly'
      ? monthAround(addDays(period.start, -1))
      : { start: addDays(period.start, -7), end: period.start };
  return { cadence, dueAt, period, before };
}

const periods: Readonly<Record<Cadence, (dueAt: IsoTime) => Period>> = {
  daily: (dueAt) => daysBefore(dueAt, 1),
  weekly: (dueAt) => closedDaysBefore(dueAt, 7),
  monthly: (dueAt) => monthAround(addDays(`${dueAt.slice(0, 7)}-01`, -1)),
};
