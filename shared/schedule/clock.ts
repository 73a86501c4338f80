import { type IsoTime, toDate } from '../period.ts';
import { weekdayOf } from './date-rule.ts';
import { shownAt } from './wall-clock.ts';

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** A time as the wall clock of the zone shows it: `19:00`, `Fri 19:00` on another day, with its date beyond a week. */
export function clockTime(time: IsoTime, timeZone: string, now: IsoTime): string {
  const shown = shownAt(timeZone, Date.parse(time));
  const date = Math.floor(shown / dayMs);
  const distance = Math.abs(date - Math.floor(shownAt(timeZone, Date.parse(now)) / dayMs));
  const minutes = Math.floor((shown - date * dayMs) / minuteMs);
  const clock = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
  if (distance === 0) return clock;
  return distance < 7 ? `${dayNames[weekdayOf(date) - 1]} ${clock}` : `${toDate(date)} ${clock}`;
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : `${value}`);
