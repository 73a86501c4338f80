import { addDays, datesOf, type IsoDate, type IsoTime, type Period } from '../period.ts';
import type { Grouping } from './grouping.ts';
import {
  figureAt,
  groupingsOf,
  isClosed,
  type Ledger,
  type LedgerSeries,
  lastFollowed,
  type Observation,
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

function seriesOf(ledger: Ledger, grouping: Grouping, { period, asOf, limit }: Wanted): SpendSeries[] {
  const { currency } = ledger;
  const read = lastFollowed(ledger, asOf, grouping);
  const dates = datesOf(period).map((date) => ({ date, readAt: read.get(date) }));
  if (currency === undefined || dates.every(({ readAt }) => readAt === undefined)) return [];
  const sorted = seriesBy(ledger, grouping)
    .map(({ scope, days }) => ({ scope, amounts: amountsOf(days, dates, asOf), read: days }))
    .toSorted((a, b) => peak(b) - peak(a));
  const own = sorted.length > limit ? sorted.slice(0, limit - 1) : sorted;
  const rest = sorted.slice(own.length);
  const folded = rest.length > 0 ? [{ scope: scopeOfOthers(grouping), amounts: sumOf(rest), read: {} as LedgerSeries['days'] }] : [];
  return [...own, ...folded].map(({ scope, amounts, read }) => ({
    scope,
    currency,
    days: dates.map(({ date, readAt }, index) =>
      readAt === undefined
        ? { date, amount: undefined, closed: false }
        : { date, amount: amounts[index] ?? 0, closed: isClosed(date, readAt), ...seenOf(read[date], date) },
    ),
  }));
}

/** What was read of a day on the first and on the second morning after it, where it was read so early. */
function seenOf(observations: readonly Observation[] = [], date: IsoDate): Pick<DailyFigure, 'seen'> {
  const [earliest] = observations;
  if (earliest === undefined || earliest[0] > endOf(addDays(date, 1))) return {};
  const first = figureAt(observations, endOf(addDays(date, 1))) ?? Number.NaN;
  return { seen: [first, figureAt(observations, endOf(addDays(date, 2))) ?? first] };
}

const endOf = (date: IsoDate): IsoTime => `${date}T23:59:59Z`;

const scopeOfOthers = (grouping: Grouping): Scope =>
  Object.fromEntries(grouping.map((dimension) => [dimension, others]));

type Amounts = { amounts: readonly number[] };

const amountsOf = (
  days: LedgerSeries['days'],
  dates: readonly { date: IsoDate; readAt: IsoTime | undefined }[],
  asOf?: IsoTime,
): number[] =>
  dates.map(({ date, readAt }) => (readAt === undefined ? 0 : (figureAt(days[date] ?? [], asOf) ?? 0)));

const sumOf = (series: readonly Amounts[]): number[] =>
  (series[0]?.amounts ?? []).map((_, index) =>
    series.reduce((sum, { amounts }) => sum + (amounts[index] ?? 0), 0),
  );

/** By their dearest day: what has just begun to cost must not be folded away for having cost nothing before. */
const peak = ({ amounts }: Amounts): number =>
  amounts.reduce((highest, amount) => Math.max(highest, amount), 0);
