import type { Usd } from '../money.ts';
import { addDays, earlier, type IsoTime, later } from '../period.ts';
import { type OffPeriod, resourceKey, type TimeSpan } from './off-period.ts';

/** What is known of an account and region: our stops, and by `resourceKey` when something ran again or was gone. */
export type SavingsFacts = {
  periods: readonly OffPeriod[];
  ends: ReadonlyMap<string, readonly IsoTime[]>;
};

/** A period, and when it counts; `isOpen`: nothing has ended it yet. */
export type CountedPeriod = OffPeriod & { counted: readonly TimeSpan[]; isOpen: boolean };

/**
 * When each period counts: outside its windows, since it was seen off, until the earliest evidence of its end; without
 * one until it was seen off last. Periods of one resource end where the next begins, so that no hour counts twice. What
 * the facts came to doesn't depend on the order in which they arrived.
 */
export function countPeriods({ periods, ends }: SavingsFacts): CountedPeriod[] {
  const byResource = Map.groupBy(periods, resourceKey);
  return [...byResource].flatMap(([key, own]) => {
    const inOrder = own.toSorted((a, b) => Date.parse(a.stoppedAt) - Date.parse(b.stoppedAt));
    return inOrder.map((period, index): CountedPeriod => {
      const end = endOf(period, ends.get(key) ?? [], inOrder[index + 1]);
      return { ...period, counted: countedSpans(period, end), isOpen: end === undefined };
    });
  });
}

function endOf(
  { stoppedAt }: OffPeriod,
  ends: readonly IsoTime[],
  next: OffPeriod | undefined,
): IsoTime | undefined {
  // It ran before it could be stopped again.
  const known = [...ends, ...(next ? [next.startedAt ?? next.stoppedAt, next.stoppedAt] : [])];
  const after = known.filter((time) => Date.parse(time) > Date.parse(stoppedAt));
  return after.length === 0 ? undefined : after.reduce(earlier);
}

function countedSpans({ stoppedAt, offSince, seenAt, offHours }: OffPeriod, end?: IsoTime): TimeSpan[] {
  const from = later(offSince, stoppedAt);
  const until = end ?? seenAt;
  return offHours.flatMap((span) => overlapOf(span, { from, until }) ?? []);
}

function overlapOf(one: TimeSpan, other: TimeSpan): TimeSpan | undefined {
  const both = { from: later(one.from, other.from), until: earlier(one.until, other.until) };
  return hoursOf(both) > 0 ? both : undefined;
}

/** Elapsed hours: those of a day on which a clock is turned are 23 or 25. */
const hoursOf = ({ from, until }: TimeSpan): number => (Date.parse(until) - Date.parse(from)) / 3_600_000;

/** Dollars that a stop saved: at the rate of its hours, less what they were billed for all the same. */
type Dollars = {
  gross: Usd;
  /** Never more than the gross: what a resource costs when off is no loss that the stop made. */
  stillBilled: Usd;
  net: Usd;
};

/** What a period saved in a span of time; dollars are absent where either of the two prices is unknown. */
export function savedIn(period: CountedPeriod, span: TimeSpan): { hours: number; dollars?: Dollars } {
  const spans = period.counted.flatMap((counted) => overlapOf(counted, span) ?? []);
  const hours = spans.reduce((sum, each) => sum + hoursOf(each), 0);
  const { hourlyRate, stillBilledHourlyRate } = period;
  if (hourlyRate === undefined || stillBilledHourlyRate === undefined) return { hours };
  const still = Math.min(hourlyRate, stillBilledHourlyRate);
  const [gross, stillBilled] = [hours * hourlyRate, hours * still];
  return { hours, dollars: { gross, stillBilled, net: hours * (hourlyRate - still) } };
}

/** What savings are told by. */
export type SavingsGroup = 'team' | 'schedule' | 'owner' | 'resource';

/** What the stops of one team, schedule, owner or resource saved. */
export type Savings = Dollars & {
  /** Absent where nothing is tagged so. */
  group?: string | undefined;
  /** What people call it; of a resource its name. */
  name?: string | undefined;
  resources: number;
  periods: number;
  /** Of those how many go on. */
  open: number;
  hours: number;
  /** The part of the hours whose dollars are unknown, and in none of the sums. */
  unpricedHours: number;
  /** The part of the hours whose rate is the price list's, which knows no discount: the bill has none of theirs. */
  listPricedHours: number;
};

/** What was saved in a span of time, the most first. Periods that have no hour in it are left out. */
export function savingsBy(periods: readonly CountedPeriod[], by: SavingsGroup, span: TimeSpan): Savings[] {
  const inSpan = periods
    .map((period) => ({ period, saved: savedIn(period, span) }))
    .filter(({ saved }) => saved.hours > 0);
  return [...Map.groupBy(inSpan, ({ period }) => groupOf(period, by))]
    .map(([group, own]) => ({
      group,
      ...(by === 'resource' && { name: own.at(-1)?.period.name }),
      ...sumUp(own),
    }))
    .toSorted((a, b) => b.net - a.net || b.hours - a.hours);
}

/** All of it in one. */
export const savingsIn = (periods: readonly CountedPeriod[], span: TimeSpan): Savings =>
  sumUp(
    periods
      .map((period) => ({ period, saved: savedIn(period, span) }))
      .filter(({ saved }) => saved.hours > 0),
  );

function groupOf(period: CountedPeriod, by: SavingsGroup): string | undefined {
  return by === 'resource' ? placeOf(period) : period[by];
}

const placeOf = (period: CountedPeriod): string =>
  [period.account, period.region, period.kind, period.id].join('/');

type Saved = { period: CountedPeriod; saved: ReturnType<typeof savedIn> };

const sumUp = (all: readonly Saved[]): Savings => ({
  resources: new Set(all.map(({ period }) => placeOf(period))).size,
  periods: all.length,
  open: all.filter(({ period }) => period.isOpen).length,
  hours: sumOf(all, ({ saved }) => saved.hours),
  gross: sumOf(all, ({ saved }) => saved.dollars?.gross ?? 0),
  stillBilled: sumOf(all, ({ saved }) => saved.dollars?.stillBilled ?? 0),
  net: sumOf(all, ({ saved }) => saved.dollars?.net ?? 0),
  unpricedHours: sumOf(all, ({ saved }) => (saved.dollars ? 0 : saved.hours)),
  listPricedHours: sumOf(all, ({ period, saved }) =>
    saved.dollars && period.rateSource !== 'bill' ? saved.hours : 0,
  ),
});

const sumOf = <Item>(items: readonly Item[], partOf: (item: Item) => number): number =>
  items.reduce((sum, item) => sum + partOf(item), 0);

/** A billing month, `2026-11`: UTC, as the bill's. */
export type Month = string;

/** The month in which a time falls. */
export const monthOf = (time: IsoTime): Month => time.slice(0, 7);

/** From the first moment of a month to the first of the next. */
export function monthSpan(month: Month): TimeSpan {
  const start = `${month}-01`;
  const next = monthOf(addDays(start, 31));
  return { from: `${start}T00:00:00Z`, until: `${next}-01T00:00:00Z` };
}
