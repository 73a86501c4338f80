import { addDays, dateOf, datesOf, type IsoDate, type IsoTime, type Period } from '../period.ts';
import type { Grouping } from './grouping.ts';
import {
  figureAt,
  groupingsOf,
  isClosed,
  type Ledger,
  type LedgerSeries,
  lastFollowed,
  readingsBy,
  seriesBy,
} from './ledger.ts';
import type { Scope } from './scope.ts';

/** What a day cost, as far as it is known. */
export type DailyFigure = {
  date: IsoDate;
  /** Undefined: never read, which is not zero. */
  amount: number | undefined;
  /** Read late enough to be complete; an open figure can only be too low. */
  closed: boolean;
  /** What was read of it on the first and on the second run that saw it, NaN where that is not known. */
  seen?: readonly [first: number, second: number];
};

/** The usage of one scope, day by day, without a gap, oldest first. */
export type SpendSeries = {
  scope: Scope;
  currency: string;
  days: readonly DailyFigure[];
};

/** Stands for the values of the series that are too small to be followed each by itself. */
export const others = 'other';

/**
 * The usage in a ledger, by each grouping in which it was read the largest first, as it was known at `asOf`. Credits,
 * refunds, tax and fees are no usage. Beyond `limit` series of a grouping the smaller ones are one series, so that the
 * sum stays whole.
 */
export const toSeries = (ledger: Ledger, period: Period, asOf?: IsoTime, limit = 5_000): SpendSeries[] =>
  groupingsOf(ledger).flatMap((grouping) => seriesOf(ledger, grouping, { period, asOf, limit }));

type Wanted = { period: Period; asOf: IsoTime | undefined; limit: number };

/** When a day was read. */
type ReadDay = {
  date: IsoDate;
  /** The last time; undefined: never. */
  readAt: IsoTime | undefined;
  /** The ends of the two days after it, on which it still fills; undefined where it wasn't read then. */
  early: readonly [IsoTime | undefined, IsoTime | undefined];
};

function seriesOf(ledger: Ledger, grouping: Grouping, { period, asOf, limit }: Wanted): SpendSeries[] {
  const { currency } = ledger;
  const dates = readDays(ledger, grouping, period, asOf);
  if (currency === undefined || dates.every(({ readAt }) => readAt === undefined)) return [];
  const sorted = seriesBy(ledger, grouping)
    .map((series) => ({ series, peak: peakOf(series, dates, asOf) }))
    .toSorted((a, b) => b.peak - a.peak)
    .map(({ series }) => series);
  const own = sorted.length > limit ? sorted.slice(0, limit - 1) : sorted;
  const rest = sorted.slice(own.length);
  const all = own.map((series) => ({ scope: series.scope, parts: [series] }));
  if (rest.length > 0) all.push({ scope: scopeOfOthers(grouping), parts: rest });
  return all.map(({ scope, parts }) => ({
    scope,
    currency,
    days: dates.map((day) => dailyFigure(parts, day, asOf)),
  }));
}

function readDays(ledger: Ledger, grouping: Grouping, period: Period, asOf?: IsoTime): ReadDay[] {
  const read = lastFollowed(ledger, asOf, grouping);
  const early = earlyReadings(ledger, grouping, asOf);
  return datesOf(period).map((date) => {
    const on = (age: number) => {
      const day = addDays(date, age);
      return early.get(date)?.has(day) === true ? `${day}T23:59:59Z` : undefined;
    };
    return { date, readAt: read.get(date), early: [on(1), on(2)] };
  });
}

/** On which of the two days after it each day was read: what it showed then says how incomplete it was. */
function earlyReadings(ledger: Ledger, grouping: Grouping, asOf?: IsoTime): Map<IsoDate, Set<IsoDate>> {
  const early = new Map<IsoDate, Set<IsoDate>>();
  for (const { observed, period } of readingsBy(ledger, grouping)) {
    if (asOf !== undefined && observed > asOf) continue;
    const on = dateOf(observed);
    for (const date of [addDays(on, -1), addDays(on, -2)]) {
      if (date >= period.start && date < period.end) early.set(date, (early.get(date) ?? new Set()).add(on));
    }
  }
  return early;
}

/** What series cost together on a day. */
function dailyFigure(
  parts: readonly LedgerSeries[],
  { date, readAt, early }: ReadDay,
  asOf?: IsoTime,
): DailyFigure {
  if (readAt === undefined) return { date, amount: undefined, closed: false };
  const spentBy = (time?: IsoTime): number =>
    parts.reduce((sum, { days }) => sum + (figureAt(days[date] ?? [], time) ?? 0), 0);
  const seenBy = (time: IsoTime | undefined): number => (time === undefined ? Number.NaN : spentBy(time));
  const isSeen = early.some((time) => time !== undefined);
  return {
    date,
    amount: spentBy(asOf),
    closed: isClosed(date, readAt),
    ...(isSeen && { seen: [seenBy(early[0]), seenBy(early[1])] as const }),
  };
}

const scopeOfOthers = (grouping: Grouping): Scope =>
  Object.fromEntries(grouping.map((dimension) => [dimension, others]));

/** By their dearest day: what has just begun to cost must not be folded away for having cost nothing before. */
const peakOf = ({ days }: LedgerSeries, dates: readonly ReadDay[], asOf?: IsoTime): number =>
  dates.reduce(
    (highest, { date, readAt }) =>
      readAt === undefined ? highest : Math.max(highest, figureAt(days[date] ?? [], asOf) ?? 0),
    0,
  );
