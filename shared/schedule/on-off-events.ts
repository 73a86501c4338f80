import { weekdayOf } from './date-rule.ts';
import { ScheduleFault } from './fault.ts';
import { type Holidays, isHoliday } from './holidays.ts';
import type { Window } from './schedule.ts';

/** Something that is done at an hour of some days, Monday 1 to Sunday 7. */
export type HourlyEvent = { days: readonly number[]; hour: number };

/**
 * The windows of what is switched on at some hours and off at others: each lasts from one until the first time after
 * that it is switched off. On a skipped date neither is done, so a window that would end on one lasts until the next
 * time. Throws a ScheduleFault where both are due in the same hour.
 */
export function windowsBetween(
  on: readonly HourlyEvent[],
  off: readonly HourlyEvent[],
  skipped: Holidays | undefined,
): Window[] {
  const offHours = new Set(off.flatMap(hoursOfWeek));
  const windows = on.flatMap(hoursOfWeek).map((hour): Window => {
    if (offHours.has(hour)) throw new ScheduleFault('it is switched on and off in the same hour');
    const start = (hour % 24) * 60;
    return { days: [Math.floor(hour / 24) + 1], start, end: start + hoursUntil(offHours, hour) * 60 };
  });
  return [...weekly(windows), ...prolonged(windows, offHours, skipped)];
}

/** Switched on, and never off: it may always run, and is started when it is due. */
export const windowsFrom = (on: readonly HourlyEvent[]): Window[] => [
  { days: [1, 2, 3, 4, 5, 6, 7], start: 0, end: 1440, passive: true },
  ...on.map(({ days, hour }) => ({ days, start: hour * 60, end: 1440 })),
];

/** Hours since the beginning of Monday. */
const hoursOfWeek = ({ days, hour }: HourlyEvent): number[] => days.map((day) => (day - 1) * 24 + hour);

const week = 7 * 24;

/** From an hour of the week to the next of these, 1 to 168. */
const hoursUntil = (hours: ReadonlySet<number>, from: number): number =>
  [...hours].reduce((least, hour) => Math.min(least, ((hour - from - 1 + week) % week) + 1), week);

/** The same hours on several days are one window. */
const weekly = (windows: readonly Window[]): Window[] =>
  [...Map.groupBy(windows, ({ start, end }) => `${start}-${end}`).values()].flatMap((same) => {
    const [first] = same;
    return first ? [{ ...first, days: same.flatMap(({ days }) => days).toSorted() }] : [];
  });

/** Windows that would end on a skipped date, on the one date on which they start. */
function prolonged(
  windows: readonly Window[],
  offHours: ReadonlySet<number>,
  skipped: Holidays | undefined,
): Window[] {
  return datesOf(skipped).flatMap((date) =>
    windows.flatMap(({ days, start, end }): Window[] => {
      const from = date - Math.floor(end / 1440);
      if (!skipped || !days.includes(weekdayOf(from)) || isHoliday(skipped, from)) return [];
      return [{ days, rule: { date: from }, start, end: nextEnd(from, end, offHours, skipped) }];
    }),
  );
}

const datesOf = (skipped: Holidays | undefined): number[] =>
  skipped?.spans.flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index),
  ) ?? [];

/** Minutes after the midnight of `from` at which it is switched off next that is not on a skipped date. */
function nextEnd(from: number, end: number, offHours: ReadonlySet<number>, skipped: Holidays): number {
  let next = end;
  while (isHoliday(skipped, from + Math.floor(next / 1440))) {
    const weekday = weekdayOf(from + Math.floor(next / 1440));
    next += hoursUntil(offHours, (weekday - 1) * 24 + (next % 1440) / 60) * 60;
  }
  return next;
}
