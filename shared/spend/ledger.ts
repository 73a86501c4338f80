import {
  addDays,
  addMilliseconds,
  datesOf,
  daysBefore,
  type IsoDate,
  type IsoTime,
  type Period,
} from '../period.ts';
import { type ChargeCategory, currencyOf, type ScopedCharge } from './charge.ts';
import { byAccount, byService, type Grouping, groupingKey, groupingKeyOf, tagKeyOf } from './grouping.ts';
import { type Scope, scopeKey } from './scope.ts';

/**
 * What was read of the bill, and when: each figure with the time at which it was first seen, so that a restated day
 * shows both what it is and what it was. Plain data; as JSON it comes back the same.
 */
export type Ledger = {
  version: 2;
  /** Absent while nothing was charged. */
  currency?: string;
  accountNames: Readonly<Record<string, string>>;
  /** Which days were read when, oldest reading first. A day without figures in a reading cost nothing then. */
  readings: readonly Reading[];
  series: readonly LedgerSeries[];
};

/** One answer of Cost Explorer: everything that some groupings say of the days of a period. */
export type Reading = {
  observed: IsoTime;
  period: Period;
  /** What it speaks of; of any other grouping the days stay as they were. */
  groupings: readonly Grouping[];
  /** The bill's record types that were taken for usage; absent where the bill has none. */
  usageTypes?: readonly string[];
  /** How many requests the answer took, of a part of its days their share; absent where it came out of a file. */
  requests?: number;
};

export type LedgerSeries = {
  /** Its dimensions are the grouping it was read by. */
  scope: Scope;
  category: ChargeCategory;
  /** Each changed figure of a day, oldest observation first. */
  days: Readonly<Record<IsoDate, readonly Observation[]>>;
};

export type Observation = readonly [observed: IsoTime, amount: number];

export const emptyLedger: Ledger = { version: 2, accountNames: {}, readings: [], series: [] };

/** A day keeps filling for one to two days; what is read later counts as complete, and may still be restated. */
const settlingMs = 48 * 3_600_000;

/**
 * The ledger with what was read of the days of `period` at `observed`, by account and service where nothing else is
 * said. Keeps changed figures only; a day that had a figure and has none now is zero. The same observation twice
 * changes nothing. Throws where currencies mix.
 */
export function observe(
  ledger: Ledger,
  observed: IsoTime,
  charges: readonly ScopedCharge[],
  period: Period,
  how: Partial<Omit<Reading, 'observed' | 'period'>> = {},
): Ledger {
  const reading: Reading = { observed, period, groupings: [byAccount], ...how };
  if (wasObserved(ledger, reading)) return ledger;
  const currency = currencyOf([...(ledger.currency ? [{ currency: ledger.currency }] : []), ...charges]);
  const within = charges.filter(({ date }) => date >= period.start && date < period.end);
  const read = Map.groupBy(within, keyOf);
  const spokenOf = new Set(reading.groupings.map(groupingKey));
  const known = new Map(ledger.series.map((series) => [keyOf(series), series]));
  const dates = datesOf(period);
  const keys = [...new Set([...known.keys(), ...read.keys()])].toSorted();
  return {
    version: 2,
    ...(currency && { currency }),
    accountNames: { ...ledger.accountNames, ...namesOf(within) },
    readings: [...ledger.readings, reading].toSorted(byObserved),
    series: keys.flatMap((key) => {
      const charged = read.get(key) ?? [];
      const series = known.get(key);
      if (series && !spokenOf.has(groupingKeyOf(series.scope))) return series;
      const [of = series] = charged;
      if (of === undefined) return [];
      const updated = observeSeries(of, series?.days ?? {}, { observed, charged, dates });
      return Object.keys(updated.days).length > 0 ? updated : [];
    }),
  };
}

/** Whether it was read already, of every day and grouping, at that very time: the same event, delivered twice. */
function wasObserved({ readings }: Ledger, { observed, period, groupings }: Reading): boolean {
  const wanted = groupings.map(groupingKey);
  return readings.some(
    (reading) =>
      reading.observed === observed &&
      reading.period.start <= period.start &&
      reading.period.end >= period.end &&
      wanted.every((key) => reading.groupings.some((grouping) => groupingKey(grouping) === key)),
  );
}

type Observed = { observed: IsoTime; charged: readonly ScopedCharge[]; dates: readonly IsoDate[] };

function observeSeries(
  { scope, category }: LedgerSeries | ScopedCharge,
  known: LedgerSeries['days'],
  { observed, charged, dates }: Observed,
): LedgerSeries {
  const amounts = new Map<IsoDate, number>();
  for (const { date, amount } of charged) amounts.set(date, (amounts.get(date) ?? 0) + amount);
  const changed = dates.flatMap((date) => {
    const amount = amounts.get(date) ?? 0;
    const observations = known[date] ?? [];
    if (isSame(amount, figureAt(observations, observed) ?? 0)) return [];
    const added: Observation = [observed, amount];
    return [[date, [...observations, added].toSorted(byTime)] as const];
  });
  return { scope, category, days: { ...known, ...Object.fromEntries(changed) } };
}

/** Sums of the same lines in another order differ in their last digits. */
const isSame = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));

const byTime = ([a]: Observation, [b]: Observation): number => a.localeCompare(b);

const byObserved = (a: Reading, b: Reading): number => a.observed.localeCompare(b.observed);

/** What was known of a day at a time; undefined where nothing was. */
export const figureAt = (observations: readonly Observation[], asOf?: IsoTime): number | undefined =>
  observations.findLast(([observed]) => asOf === undefined || observed <= asOf)?.[1];

/**
 * The bill as it was last read, or as it was known at `asOf`: one charge a day, scope and category, each dollar once.
 * Other groupings say the same again, and are not part of it.
 */
export function latest(ledger: Ledger, asOf?: IsoTime): ScopedCharge[] {
  const { currency } = ledger;
  if (currency === undefined) return [];
  return ledger.series.flatMap(({ scope, category, days }) =>
    ofTheBill.has(groupingKeyOf(scope))
      ? Object.entries(days).flatMap(([date, observations]) => {
          const amount = figureAt(observations, asOf);
          return amount === undefined ? [] : [{ date, scope, category, amount, currency }];
        })
      : [],
  );
}

const ofTheBill: ReadonlySet<string> = new Set([byAccount, byService].map(groupingKey));

/** When each day was last read by a grouping, up to `asOf`. A day that isn't in it was never read, and is unknown. */
export function lastRead(ledger: Ledger, asOf?: IsoTime, grouping = byAccount): Map<IsoDate, IsoTime> {
  const times = new Map<IsoDate, IsoTime>();
  for (const { observed, period } of readingsBy(ledger, grouping)) {
    if (asOf !== undefined && observed > asOf) continue;
    for (const date of datesOf(period)) times.set(date, observed);
  }
  return times;
}

/** The readings that speak of a grouping, oldest first. */
export function readingsBy({ readings }: Ledger, grouping: Grouping): Reading[] {
  const key = groupingKey(grouping);
  return readings.filter(({ groupings }) => groupings.some((one) => groupingKey(one) === key));
}

/**
 * The same for what a day can be judged by: spend follows a tag from the first day on which any value of it was on the
 * bill to the last one. Before it was activated, and after it was given up, whose the spend was is unknown, not
 * nobody's: else a team would seem to have begun, and untagged spend to have ended, on the same day.
 */
export function lastFollowed(ledger: Ledger, asOf?: IsoTime, grouping = byAccount): Map<IsoDate, IsoTime> {
  const read = lastRead(ledger, asOf, grouping);
  const tag = grouping.find((dimension) => tagKeyOf(dimension) !== undefined);
  if (tag === undefined) return read;
  const tagged = taggedDays(seriesBy(ledger, grouping), tag, asOf).toSorted();
  const [first = '', last = ''] = [tagged[0], tagged.at(-1)];
  return new Map([...read].filter(([date]) => date >= first && date <= last));
}

const taggedDays = (series: readonly LedgerSeries[], tag: string, asOf?: IsoTime): IsoDate[] =>
  series
    .filter(({ scope }) => scope[tag] !== '')
    .flatMap(({ days }) =>
      Object.entries(days).flatMap(([date, observations]) =>
        (figureAt(observations, asOf) ?? 0) === 0 ? [] : [date],
      ),
    );

/** The usage that was read by a grouping. */
export function seriesBy({ series }: Ledger, grouping: Grouping): LedgerSeries[] {
  const key = groupingKey(grouping);
  return series.filter(({ scope, category }) => category === 'Usage' && groupingKeyOf(scope) === key);
}

/** The groupings by which usage was read, the one that has every dollar first. */
export function groupingsOf({ readings }: Ledger): Grouping[] {
  const all = new Map(
    [byAccount, ...readings.flatMap(({ groupings }) => groupings)].map((one) => [groupingKey(one), one]),
  );
  all.delete(groupingKey(byService));
  return [...all.values()];
}

/** Every record type that was taken for usage. */
export const usageTypesOf = ({ readings }: Ledger): string[] => [
  ...new Set(readings.flatMap(({ usageTypes = [] }) => usageTypes)),
];

/** Whether what was read of a day at that time can be taken as complete. */
export const isClosed = (date: IsoDate, readAt: IsoTime): boolean =>
  readAt >= addMilliseconds(`${addDays(date, 1)}T00:00:00Z`, settlingMs);

/** The newest whole days that can be taken as complete when they are read at that time. */
export const closedDaysBefore = (time: IsoTime, days: number): Period =>
  daysBefore(addMilliseconds(time, -settlingMs), days);

/** One ledger of several that cover different days. Throws where currencies mix. */
export function joinLedgers(ledgers: readonly Ledger[]): Ledger {
  const currency = currencyOf(ledgers.flatMap(({ currency }) => (currency ? [{ currency }] : [])));
  const groups = Map.groupBy(
    ledgers.flatMap(({ series }) => series),
    keyOf,
  );
  return {
    version: 2,
    ...(currency && { currency }),
    accountNames: Object.assign({}, ...ledgers.map(({ accountNames }) => accountNames)),
    readings: ledgers.flatMap(({ readings }) => readings).toSorted(byObserved),
    series: [...groups.values()].flatMap((parts) =>
      parts[0] ? [{ ...parts[0], days: Object.assign({}, ...parts.map(({ days }) => days)) }] : [],
    ),
  };
}

const keyOf = ({ scope, category }: Pick<LedgerSeries, 'scope' | 'category'>) => category + scopeKey(scope);

const namesOf = (charges: readonly ScopedCharge[]): Record<string, string> =>
  Object.fromEntries(
    charges.flatMap(({ scope: { account }, accountName }) =>
      account !== undefined && accountName ? [[account, accountName]] : [],
    ),
  );
