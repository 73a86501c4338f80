import { Temporal } from 'temporal-polyfill';
import { hourMs } from '../compute/hours.ts';
import type { IsoDate } from '../period.ts';

/** Hours of a week, counted from Monday 00:00 on the wall clock. */
export const hoursPerWeek = 168;

/** An hour of the past on the wall clock of a zone. */
export type LocalHour = {
  /** The local date on which it begins. */
  date: IsoDate;
  /** The hours of the week that it touches: two where the zone is off by a part of an hour. */
  slots: readonly number[];
};

/** The hour that begins at `at`, in milliseconds since the epoch, as the clock of the zone shows it. */
export function localHour(timeZone: string, at: number): LocalHour {
  const known = knownHours(timeZone);
  const cached = known.get(at);
  if (cached) return cached;
  const first = clockOf(timeZone, at);
  const last = clockOf(timeZone, at + hourMs - 1);
  const hour = {
    date: first.toPlainDate().toString(),
    slots: [...new Set([first, last].map(slotOf))],
  };
  known.set(at, hour);
  return hour;
}

const clockOf = (timeZone: string, at: number): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);

const slotOf = ({ dayOfWeek, hour }: Temporal.ZonedDateTime): number => (dayOfWeek - 1) * 24 + hour;

// A fleet's instances have the same hours in a few zones.
const caches = new Map<string, Map<number, LocalHour>>();
const cachedHours = 20_000;

function knownHours(timeZone: string): Map<number, LocalHour> {
  const known = caches.get(timeZone) ?? new Map<number, LocalHour>();
  if (known.size >= cachedHours) known.clear();
  caches.set(timeZone, known);
  return known;
}
