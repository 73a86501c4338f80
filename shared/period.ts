/** A billing day: a UTC date, `YYYY-MM-DD`. */
export type IsoDate = string;

/** A point in time, ISO 8601 in UTC, `2026-11-16T06:00:00Z`. */
export type IsoTime = string;

/** A span of whole UTC days; `end` is exclusive, as in Cost Explorer. */
export type Period = { start: IsoDate; end: IsoDate };

const day = 86_400_000; // every UTC day has as many milliseconds

/** Of a mean month of a mean year. */
export const daysPerMonth = 365.25 / 12;

/** The UTC date on which `time` falls. */
export const dateOf = (time: IsoTime): IsoDate => dateAt(Date.parse(time));

/** `days` after `date`; negative counts go back. */
export const addDays = (date: IsoDate, days: number): IsoDate => dateAt(Date.parse(date) + days * day);

/** Whole days from `start` to `end`; negative where `end` is earlier. */
export const daysBetween = (start: IsoDate, end: IsoDate): number =>
  Math.round((Date.parse(end) - Date.parse(start)) / day);

/** The whole days before the day of `time`. */
export function daysBefore(time: IsoTime, days: number): Period {
  const end = dateOf(time);
  return { start: addDays(end, -days), end };
}

/** Each date of a period, oldest first. */
export const datesOf = ({ start, end }: Period): IsoDate[] =>
  Array.from({ length: Math.max(0, daysBetween(start, end)) }, (_, index) => addDays(start, index));

/** `time` moved by so many milliseconds. */
export const addMilliseconds = (time: IsoTime, milliseconds: number): IsoTime =>
  toTime(Date.parse(time) + milliseconds);

/** The earlier of two times, however each is written. */
export const earlier = (one: IsoTime, other: IsoTime): IsoTime =>
  Date.parse(one) < Date.parse(other) ? one : other;

/** The later of two times, however each is written. */
export const later = (one: IsoTime, other: IsoTime): IsoTime =>
  Date.parse(one) > Date.parse(other) ? one : other;

/** As people read it: `2026-11-13 17:00 UTC` */
export const clockText = (time: IsoTime): string => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;

/** Milliseconds since the epoch as an ISO time without a fraction of a second. */
export const toTime = (milliseconds: number): IsoTime =>
  new Date(Math.floor(milliseconds / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/** The number of a date, in days since 1970-01-01. */
export const toDay = (date: IsoDate): number => Date.parse(date) / day;

/** The date of a number of days since 1970-01-01. */
export const toDate = (days: number): IsoDate => dateAt(days * day);

const dateAt = (milliseconds: number): IsoDate => new Date(milliseconds).toISOString().slice(0, 10);
