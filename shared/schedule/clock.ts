import { Temporal } from 'temporal-polyfill';
import type { IsoTime } from '../period.ts';

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** A time as the wall clock of the zone shows it: `19:00`, `Fri 19:00` on another day, with its date beyond a week. */
export function clockTime(time: IsoTime, timeZone: string, now: IsoTime): string {
  const local = Temporal.Instant.from(time).toZonedDateTimeISO(timeZone);
  const today = Temporal.Instant.from(now).toZonedDateTimeISO(timeZone).toPlainDate();
  const clock = local.toPlainTime().toString({ smallestUnit: 'minute' });
  const distance = Math.abs(today.since(local.toPlainDate(), { largestUnit: 'day' }).days);
  if (distance === 0) return clock;
  return distance < 7 ? `${dayNames[local.dayOfWeek - 1]} ${clock}` : `${local.toPlainDate()} ${clock}`;
}
