import { Temporal } from 'temporal-polyfill';

/** Milliseconds between which a zone's clock runs on without a leap; with `end`, which is exclusive, it leaps. */
type Stretch = { start: number; end: number; offset: number };

/**
 * The first instant at which the wall clock of a zone shows a time or a later one. That clock is never turned back:
 * where summer time ends it stands still until the repeated hour is over, and where it begins it leaps. `wall` is what
 * it shows, as milliseconds since the epoch would be in UTC.
 */
export function firstReached(timeZone: string, wall: number): number {
  let stretch = stretchAt(timeZone, wall - widestOffset);
  for (;;) {
    const at = Math.max(stretch.start, wall - stretch.offset);
    if (at < stretch.end) return at;
    stretch = stretchAt(timeZone, stretch.end);
  }
}

/** What the wall clock of a zone shows at an instant, both in milliseconds. */
export const shownAt = (timeZone: string, at: number): number => at + stretchAt(timeZone, at).offset;

/** No zone has ever been further from UTC. */
const widestOffset = 16 * 3_600_000;

/** A handful for each zone: there are two changes a year, and schedules are asked of the weeks around now. */
const known = new Map<string, Stretch[]>();
const mostStretches = 400;

function stretchAt(timeZone: string, at: number): Stretch {
  const found = known.get(timeZone)?.find(({ start, end }) => start <= at && at < end);
  if (found) return found;
  let stretch = lookUp(timeZone, Math.floor(at / blockMs) * blockMs);
  while (stretch.end <= at) stretch = lookUp(timeZone, stretch.end);
  known.set(timeZone, [...(known.get(timeZone) ?? []).slice(1 - mostStretches), stretch]);
  return stretch;
}

/** One that is looked up begins with a month of these: to look for the leap before takes ten times as long. */
const blockMs = 32 * 86_400_000;

/** Temporal is asked once for each stretch: a thousand times the work of the sums above. */
function lookUp(timeZone: string, start: number): Stretch {
  const here = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone);
  return {
    start,
    end: here.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: here.offsetNanoseconds / 1e6,
  };
}
