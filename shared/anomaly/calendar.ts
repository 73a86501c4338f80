import type { Usd } from '../money.ts';
import { addDays, type IsoDate, type Period, toDay } from '../period.ts';
import { areCompatible, type Scope } from '../spend/scope.ts';
import { type Allowance, noAllowance } from './allowance.ts';
import { type Feedback, feedbackEvents } from './feedback.ts';

/** Days on which a part of the spend may exceed what is expected of it. */
export type PlannedEvent = {
  name: string;
  start: IsoDate;
  /** Exclusive. */
  end: IsoDate;
  scope: Scope;
  /** By how much, as a share of the expected: 0.4 is +40 %. */
  upTo: number;
  /** Dollars a day on top of that: what has cost nothing so far has no share to speak of. */
  excess?: Usd;
  /** A season of users, which what doesn't follow them has no part in. */
  isSeason?: boolean;
};

/** A plan as people write it: `to` is its last day, `upTo` is `40%` or 0.4, and every further key names a dimension. */
export type Plan = {
  readonly name: string;
  readonly from: IsoDate;
  readonly to: IsoDate;
  readonly upTo: string | number;
  readonly [dimension: string]: string | number | undefined;
};

/** How far spend rises in a season by itself: much more than twice the expected is a leak in a shop's best week too. */
export const seasonUpTo = 1.25;

/** The days of each known season that begins in a year. */
const seasonDays = {
  'black-friday': (year: number): Period => {
    const thanksgiving = fourthThursdayOfNovember(year);
    return { start: addDays(thanksgiving, -7), end: addDays(thanksgiving, 6) };
  },
  christmas: (year: number): Period => ({ start: `${year}-12-20`, end: `${year + 1}-01-03` }),
};

export type Season = keyof typeof seasonDays;

function fourthThursdayOfNovember(year: number): IsoDate {
  const earliest = `${year}-11-22`;
  const thursday = 4;
  return addDays(earliest, (thursday - new Date(earliest).getUTCDay() + 7) % 7);
}

/** The seasons that have a day in common with a period, in the order of the names; they concern all of the spend. */
export function seasonsBetween(names: readonly Season[], { start, end }: Period): PlannedEvent[] {
  const first = yearOf(start) - 1; // a season may begin in the year before
  const years = Array.from({ length: yearOf(end) - first + 1 }, (_, index) => first + index);
  return names
    .flatMap((name) =>
      years.map((year) => ({ name, ...seasonDays[name](year), scope: {}, upTo: seasonUpTo, isSeason: true })),
    )
    .filter((season) => season.start < end && season.end > start);
}

const yearOf = (date: IsoDate): number => Number(date.slice(0, 4));

/** Plans as entries of the calendar. */
export const plannedEvents = (plans: readonly Plan[]): PlannedEvent[] =>
  plans.map(({ name, from, to, upTo, ...dimensions }) => ({
    name,
    start: from,
    end: addDays(to, 1),
    scope: scopeOf(dimensions),
    upTo: shareOf(upTo),
  }));

/** `40%` and `0.4` are both 0.4. */
const shareOf = (upTo: Plan['upTo']): number =>
  typeof upTo === 'number' ? upTo : Number.parseFloat(upTo) / 100;

/** What the dimensions that an entry names have in common. */
export const scopeOf = (dimensions: Readonly<Record<string, string | number | undefined>>): Scope =>
  Object.fromEntries(
    Object.entries(dimensions).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );

/** All that is known to come or was said to be fine: seasons, plans, and feedback in force. */
export const calendarOf = (
  { seasons, planned }: { seasons: readonly Season[]; planned: readonly Plan[] },
  feedback: readonly Feedback[],
  period: Period,
): readonly PlannedEvent[] => [
  ...seasonsBetween(seasons, period),
  ...plannedEvents(planned),
  ...feedbackEvents(feedback),
];

/**
 * By which factor the expected may be exceeded, by day since 1970-01-01; at least 1, and 1 on every day without an
 * event. An event counts for each series that can have spend in common with it: those within its scope, and those
 * around or across it, the total first, whose sums carry what it costs. For these the factor is more than they need,
 * which hides little: what leaks elsewhere shows in the series of its own. Of several events the largest counts.
 */
const factors = (calendar: readonly PlannedEvent[], scope: Scope): ((day: number) => number) =>
  timeline(
    spansOf(calendar, scope, ({ upTo }) => upTo),
    1,
    (shares) => 1 + Math.max(0, ...shares),
  );

/** How many dollars above that are allowed on a day. Those of several events add up, as they do on the bill. */
const allowedExcess = (calendar: readonly PlannedEvent[], scope: Scope): ((day: number) => Usd) =>
  timeline(
    spansOf(calendar, scope, ({ excess = 0 }) => excess),
    0,
    (amounts) => amounts.reduce((sum, amount) => sum + amount, 0),
  );

/** Days from `start` until before `end`, on which something has a value. */
type Span = { start: number; end: number; value: number };

/** The events that concern a scope and say something of what is asked; what is 0 says nothing. */
const spansOf = (
  calendar: readonly PlannedEvent[],
  scope: Scope,
  quantityOf: (event: PlannedEvent) => number,
): Span[] =>
  calendar.flatMap((event) => {
    const value = quantityOf(event);
    if (value === 0 || !areCompatible(event.scope, scope)) return [];
    return [{ start: toDay(event.start), end: toDay(event.end), value }];
  });

/** What spans come to on each day, asked in O(log n): between two neighbouring bounds it is the same. */
function timeline(
  spans: readonly Span[],
  none: number,
  combine: (values: readonly number[]) => number,
): (day: number) => number {
  if (spans.length === 0) return () => none;
  const bounds = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].toSorted((a, b) => a - b);
  const values = bounds.map((bound) =>
    combine(spans.filter(({ start, end }) => start <= bound && bound < end).map(({ value }) => value)),
  );
  return (day) => values[lastUpTo(bounds, day)] ?? none;
}

/** The index of the last of sorted numbers that isn't above `limit`; -1 where all are. */
function lastUpTo(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Number.POSITIVE_INFINITY) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What is allowed for on each day of a scope, by day number: plans and answers, and seasons apart from them. */
export function allowanceOf(calendar: readonly PlannedEvent[], scope: Scope): (day: number) => Allowance {
  const { true: seasons = [], false: plans = [] } = Object.groupBy(calendar, ({ isSeason = false }) =>
    isSeason ? 'true' : 'false',
  );
  const [factorOn, seasonOn] = [factors(plans, scope), factors(seasons, scope)];
  const excessOn = allowedExcess(calendar, scope);
  return (day) => {
    const [factor, excess, season] = [factorOn(day), excessOn(day), seasonOn(day)];
    return factor === 1 && excess === 0 && season === 1 ? noAllowance : { factor, excess, season };
  };
}
