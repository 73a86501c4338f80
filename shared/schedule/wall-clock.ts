import { Temporal } from 'temporal-polyfill';

/** Milliseconds between which a zone's clock runs on without a leap; `end` is exclusive. */
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
  const stretches = known.get(timeZone) ?? [];
  const found = stretches.find(({ start, end }) => start <= at && at < end);
  if (found) return found;
  const stretch = lookUp(timeZone, at);
  known.set(timeZone, [...stretches.slice(-mostStretches + 1), stretch]);
  return stretch;
}

/** Temporal is asked once for each stretch: a thousand times the work of the sum above. */
function lookUp(timeZone: string, at: number): Stretch {
  const local = (time: number) => Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
  const here = local(at);
  return {
    // A change at this very instant is the one it begins with.
    start: local(at + 1).getTimeZoneTransition('previous')?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    end: here.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: here.offsetNanoseconds / 1e6,
  };
}
