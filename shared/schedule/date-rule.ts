/** Which dates a window starts on; of all that is given each must hold. */
export type DateRule = {
  /** This date alone, in days since 1970-01-01. */
  date?: number;
  /** January 1 to December 12. */
  months?: readonly number[];
  /** One of these days of the month. */
  monthDays?: readonly MonthDay[];
  /** One of these, or of the window's own days. */
  weekdays?: readonly NthWeekday[];
};

/** A day of the month, its last one, or the day from Monday to Friday of that month that is nearest to one. */
export type MonthDay = number | 'last' | { nearestTo: number };

/** A weekday, Monday 1 to Sunday 7, that comes so many times in its month by then, or for the last time. */
export type NthWeekday = { day: number; nth: number | 'last' };

/** Monday 1 to Sunday 7, of a local date in days since 1970-01-01, which was a Thursday. */
export const weekdayOf = (date: number): number => ((((date + 3) % 7) + 7) % 7) + 1;

/** Whether a window with these days and this rule starts on a local date, in days since 1970-01-01. */
export function startsOn(days: readonly number[], rule: DateRule | undefined, date: number): boolean {
  const weekday = weekdayOf(date);
  if (rule === undefined) return days.includes(weekday);
  if (rule.date !== undefined && rule.date !== date) return false;
  const { month, day, last } = monthOf(date);
  const isNth = ({ day: named, nth }: NthWeekday): boolean =>
    named === weekday && (nth === 'last' ? day + 7 > last : Math.ceil(day / 7) === nth);
  return (
    (days.includes(weekday) || (rule.weekdays?.some(isNth) ?? false)) &&
    (rule.months?.includes(month) ?? true) &&
    (rule.monthDays?.some((each) => dayOf(each, date - day, last) === day) ?? true)
  );
}

/** The month of a date, January 1, the day in it, and how many days it has. */
function monthOf(date: number): { month: number; day: number; last: number } {
  const utc = new Date(date * dayMs);
  const last = new Date(Date.UTC(utc.getUTCFullYear(), utc.getUTCMonth() + 1, 0)).getUTCDate();
  return { month: utc.getUTCMonth() + 1, day: utc.getUTCDate(), last };
}

const dayMs = 86_400_000;

/** Which day of a month that is; `before` is the date before its first day. Undefined where it has no such day. */
function dayOf(day: MonthDay, before: number, last: number): number | undefined {
  if (day === 'last') return last;
  if (typeof day === 'number') return day <= last ? day : undefined;
  return day.nearestTo <= last ? workdayNear(day.nearestTo, before, last) : undefined;
}

/** Saturday's is the Friday before, Sunday's the Monday after, unless that is in another month. */
function workdayNear(day: number, before: number, last: number): number {
  const weekday = weekdayOf(before + day);
  if (weekday === 6) return day > 1 ? day - 1 : day + 2;
  if (weekday === 7) return day < last ? day + 1 : day - 2;
  return day;
}
