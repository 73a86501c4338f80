import { Temporal } from 'temporal-polyfill';
import { type IsoTime, toTime } from '../period.ts';

/**
 * The time to which the value of a keep-until tag protects, exclusive. A bare date protects to the end of that day;
 * without a zone or offset it is the wall clock of `timeZone`. Undefined where it can't be read.
 */
export function parseKeepUntil(value: string, timeZone: string): IsoTime | undefined {
  const text = value
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim();
  try {
    return toTime(toInstant(text, timeZone).epochMilliseconds);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Of all that ISO 8601 and Temporal allow, the forms that people write: one that is read differently stops something. */
const dateTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/i;

function toInstant(text: string, timeZone: string): Temporal.Instant {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    return Temporal.PlainDate.from(text).add({ days: 1 }).toZonedDateTime(timeZone).toInstant();
  }
  if (!dateTime.test(text)) throw new RangeError('neither a date nor a date-time');
  if (text.endsWith(']')) return Temporal.ZonedDateTime.from(text).toInstant();
  if (/(z|[+-]\d{2}(:?\d{2})?)$/i.test(timeOf(text))) return Temporal.Instant.from(text);
  // Where the hour repeats the later one protects for longer.
  return Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone, { disambiguation: 'later' }).toInstant();
}

/** What follows the date: the hyphens of the date are no offset. */
const timeOf = (text: string): string => text.slice('2026-11-20'.length);
