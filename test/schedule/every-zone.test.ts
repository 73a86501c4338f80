import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toTime } from '../../shared/period.ts';
import type { DateRule, MonthDay } from '../../shared/schedule/date-rule.ts';
import { toHolidays } from '../../shared/schedule/holidays.ts';
import type { Schedule, Window } from '../../shared/schedule/schedule.ts';
import { transitions } from '../../shared/schedule/window.ts';

// What the evaluator says of two years in every zone, beside a clock that is read each minute. The reference shares
// nothing with it: the zone's offsets come from Intl, its dates are strings, and it counts days where the other reckons.

const minuteMs = 60_000;
const dayMs = 86_400_000;
const from = Date.parse('2025-01-01');
const to = Date.parse('2027-01-01');
/** Before `from`, so that the clock has shown what it repeats, and windows of the days before are open. */
const lead = 3 * dayMs;

/** Minutes by which the local clock of a zone is ahead of UTC. */
function offsetsOf(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    ...({ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const),
  });
  return (at) => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = part;
    return Math.round((Date.UTC(year, month - 1, day, hour, minute) - at) / minuteMs);
  };
}

/** From which minute on which offset holds; each day is looked at, and the minute of a change is halved down to. */
function changesOf(timeZone: string): { at: number; offset: number }[] {
  const offsetAt = offsetsOf(timeZone);
  const changes = [{ at: from - lead, offset: offsetAt(from - lead) }];
  for (let day = from - lead; day <= to; day += dayMs) {
    const [before, after] = [changes.at(-1)?.offset, offsetAt(day + dayMs)];
    if (before === after) continue;
    let [low, high] = [day, day + dayMs];
    while (high - low > minuteMs) {
      const middle = low + Math.floor((high - low) / minuteMs / 2) * minuteMs;
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    changes.push({ at: high, offset: after });
  }
  return changes;
}

const isoOf = (date: number): string => new Date(date * dayMs).toISOString().slice(0, 10);
const weekdayOf = (iso: string): number => new Date(iso).getUTCDay() || 7;

/** The dates of each month, by `YYYY-MM`. */
const months = Map.groupBy(
  Array.from({ length: (to - from) / dayMs + 100 }, (_, index) => isoOf(from / dayMs - 50 + index)),
  (iso) => iso.slice(0, 7),
);
const monthOf = (iso: string): string[] => months.get(iso.slice(0, 7)) ?? [];

function isMonthDay(iso: string, day: MonthDay): boolean {
  const month = monthOf(iso);
  if (day === 'last') return month.at(-1) === iso;
  if (typeof day === 'number') return month[day - 1] === iso;
  const wanted = month[day.nearestTo - 1];
  if (wanted === undefined) return false;
  // The working day at the least distance; of two as near to a Saturday or a Sunday there is none.
  const workdays = month.filter((each) => weekdayOf(each) <= 5);
  const distance = (each: string) => Math.abs(Date.parse(each) - Date.parse(wanted));
  return workdays.toSorted((one, other) => distance(one) - distance(other))[0] === iso;
}

function isOn(iso: string, { days, rule = {} }: Window): boolean {
  const { monthDays, weekdays = [] } = rule;
  const same = monthOf(iso).filter((each) => weekdayOf(each) === weekdayOf(iso));
  const isNth = weekdays.some(
    ({ day, nth }) =>
      day === weekdayOf(iso) && (nth === 'last' ? same.at(-1) === iso : same[nth - 1] === iso),
  );
  return (
    (days.includes(weekdayOf(iso)) || isNth) &&
    (rule.months === undefined || rule.months.includes(Number(iso.slice(5, 7)))) &&
    (monthDays === undefined || monthDays.some((day) => isMonthDay(iso, day)))
  );
}

type Drawn = { windows: Window[]; oneOff: string[]; yearly: string[] };

/** Which minutes of the local days are open, by windows that start on them or on the day before. */
function openMinutes({ windows, oneOff, yearly }: Drawn, first: number, days: number): Uint8Array {
  const open = new Uint8Array((days + 2) * 1440);
  for (let index = 0; index < days; index += 1) {
    const iso = isoOf(first + index);
    if (oneOff.includes(iso) || yearly.includes(iso.slice(5))) continue;
    for (const window of windows.filter((each) => isOn(iso, each))) {
      open.fill(1, index * 1440 + window.start, index * 1440 + window.end);
    }
  }
  return open;
}

/** The changes that a clock on the wall shows, read each minute; it is never turned back. */
function readClock(drawn: Drawn, timeZone: string) {
  const first = from / dayMs - 5;
  const open = openMinutes(drawn, first, (to - from) / dayMs + 8);
  const read: { at: number; isOpen: boolean }[] = [];
  let shown = Number.NEGATIVE_INFINITY;
  const changes = changesOf(timeZone);
  for (const [index, { at: start, offset }] of changes.entries()) {
    const end = Math.min(changes[index + 1]?.at ?? to, to);
    for (let at = start; at < end; at += minuteMs) {
      shown = Math.max(shown, at / minuteMs + offset);
      const isOpen = open[shown - first * 1440] === 1;
      if (isOpen !== read.at(-1)?.isOpen) read.push({ at, isOpen });
    }
  }
  const stateOf = (isOpen = false) => (isOpen ? ('up' as const) : ('down' as const));
  return {
    initial: stateOf(read.findLast(({ at }) => at < from)?.isOpen),
    transitions: read
      .filter(({ at }) => at >= from)
      .map(({ at, isOpen }) => ({ at: toTime(at), state: stateOf(isOpen) })),
  };
}

const dayOfMonth = fc.integer({ min: 1, max: 31 });
const weekday = fc.integer({ min: 1, max: 7 });
const some = <Value>(values: fc.Arbitrary<Value>) => fc.uniqueArray(values, { minLength: 1, maxLength: 4 });

const rule: fc.Arbitrary<DateRule> = fc.record(
  {
    months: some(fc.integer({ min: 1, max: 12 })),
    monthDays: some(fc.oneof(dayOfMonth, fc.constant('last' as const), fc.record({ nearestTo: dayOfMonth }))),
    weekdays: some(
      fc.record({
        day: weekday,
        nth: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('last' as const)),
      }),
    ),
  },
  { requiredKeys: [] },
);

/** Anywhere, and often in the small hours, where clocks are changed. */
const minute = fc.oneof(
  fc.integer({ min: 0, max: 1439 }),
  fc.integer({ min: 0, max: 16 }).map((n) => n * 15),
);

const window: fc.Arbitrary<Window> = fc
  .record({
    days: fc.uniqueArray(weekday, { minLength: 1 }),
    start: minute,
    length: fc.oneof(fc.integer({ min: 1, max: 1440 }), fc.integer({ min: 1, max: 90 })),
    rule: fc.option(rule, { nil: undefined, freq: 2 }),
  })
  .map(({ days, start, length, rule: drawn }) => ({
    days,
    start,
    end: start + length,
    ...(drawn && { rule: drawn }),
  }));

const date = fc
  .integer({ min: Math.floor(from / dayMs) - 5, max: Math.floor(to / dayMs) + 1 })
  .map((day) => isoOf(day));

const drawing: fc.Arbitrary<Drawn> = fc.record({
  windows: fc.array(window, { minLength: 1, maxLength: 3 }),
  oneOff: fc.uniqueArray(date, { maxLength: 20 }),
  yearly: fc.uniqueArray(
    date.map((iso) => iso.slice(5)),
    { maxLength: 5 },
  ),
});

const toSchedule = ({ windows, oneOff, yearly }: Drawn, timeZone: string): Schedule => ({
  hours: 'as drawn',
  windows,
  timeZone,
  always: false,
  start: false,
  hibernate: false,
  holidays: toHolidays('drawn', { dates: [...oneOff, ...yearly] }),
});

it('the changes of two years agree with a clock that is read each minute, in every zone', {
  timeout: 180_000,
}, () => {
  const zones = Intl.supportedValuesOf('timeZone');
  expect(zones.length).toBeGreaterThan(400);
  const { seed = Date.now() } = fc.readConfigureGlobal() ?? {};
  for (const [index, timeZone] of zones.entries()) {
    fc.assert(
      fc.property(drawing, (drawn) => {
        expect(transitions(toSchedule(drawn, timeZone), toTime(from), toTime(to))).toEqual(
          readClock(drawn, timeZone),
        );
      }),
      { numRuns: 1, seed: seed + index, endOnFailure: true },
    );
  }
});
