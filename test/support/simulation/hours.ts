/** The hours of a schedule as a person means them, in the words of no parser. */
export type Hours = {
  zone: string;
  /** Monday 1 to Sunday 7; minutes after local midnight, `to` beyond 1440 on the next day. */
  windows: readonly { days: readonly number[]; from: number; to: number }[];
};

/** From `from` to `to`, exclusive, epoch milliseconds. */
export type Span = { from: number; to: number };

const minute = 60_000;
const day = 1440 * minute;

/**
 * When something with these hours may run between two days, by the platform's own calendar (Intl) and not by the code
 * under test: each boundary is the first moment at which the wall clock shows it or has passed it.
 */
export function openSpans({ zone, windows }: Hours, from: number, to: number): Span[] {
  const offsets = offsetsOf(zone, from - 9 * day, to + 3 * day);
  const spans: Span[] = [];
  for (let local = Math.floor(from / day) * day - 8 * day; local < to + 2 * day; local += day) {
    const weekday = ((new Date(local).getUTCDay() + 6) % 7) + 1;
    for (const window of windows) {
      if (!window.days.includes(weekday)) continue;
      const first = firstShowing(local + window.from * minute, offsets);
      const last = firstShowing(local + window.to * minute, offsets);
      if (first < last) spans.push({ from: first, to: last });
    }
  }
  return merged(spans);
}

type Offsets = { from: number; offset: number }[];

/** From when on the zone is how far from UTC: looked up every quarter of an hour where it differs within a day. */
function offsetsOf(zone: string, from: number, to: number): Offsets {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsetAt = (at: number): number => {
    const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - at;
  };
  const start = Math.floor(from / day) * day;
  const offsets: Offsets = [{ from: start, offset: offsetAt(start) }];
  for (let at = start; at < to; at += day) {
    if (offsetAt(at) === offsetAt(at + day)) continue;
    for (let quarter = at; quarter <= at + day; quarter += 15 * minute) {
      const offset = offsetAt(quarter);
      if (offset !== offsets.at(-1)?.offset) offsets.push({ from: quarter, offset });
    }
  }
  return offsets;
}

function firstShowing(local: number, offsets: Offsets): number {
  for (const [index, { from, offset }] of offsets.entries()) {
    const end = offsets[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    const at = Math.max(local - offset, from);
    if (at < end) return at;
  }
  throw new Error('beyond the calendar');
}

function merged(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.from - other.from)) {
    const last = joined.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else joined.push({ ...span });
  }
  return joined;
}

/** Whether it is open at that time, since when it is or is not, and until when; 0 and infinity beyond what was asked. */
export function spanAround(spans: readonly Span[], at: number): { open: boolean } & Span {
  let since = 0;
  for (const { from, to } of spans) {
    if (at < from) return { open: false, from: since, to: from };
    if (at < to) return { open: true, from, to };
    since = to;
  }
  return { open: false, from: since, to: Number.POSITIVE_INFINITY };
}
