import { addDays, addMilliseconds, datesOf, type IsoDate, type IsoTime, type Period } from '../period.ts';
import { allAccounts, type Charge, type ChargeCategory, currencyOf } from './charge.ts';

/**
 * What was read of the bill, and when: each figure with the time at which it was first seen, so that a restated day
 * shows both what it is and what it was. Plain data; as JSON it comes back the same.
 */
export type Ledger = {
  version: 1;
  /** Absent while nothing was charged. */
  currency?: string;
  accountNames: Readonly<Record<string, string>>;
  /** Which days were read when, oldest reading first. A day without figures in a reading cost nothing then. */
  readings: readonly Reading[];
  series: readonly LedgerSeries[];
};

type Reading = {
  observed: IsoTime;
  period: Period;
  /** The bill's record types that were taken for usage; absent where the bill has none. */
  usageTypes?: readonly string[];
};

export type LedgerSeries = {
  account: string;
  service: string;
  category: ChargeCategory;
  /** Each changed figure of a day, oldest observation first. */
  days: Readonly<Record<IsoDate, readonly Observation[]>>;
};

export type Observation = readonly [observed: IsoTime, amount: number];

export const emptyLedger: Ledger = { version: 1, accountNames: {}, readings: [], series: [] };

/** A day keeps filling for one to two days; what is read later counts as complete, and may still be restated. */
const settlingMs = 48 * 3_600_000;

/**
 * The ledger with what was read of the days of `period` at `observed`. Keeps changed figures only; a day that had
 * a figure and has none now is zero. The same observation twice changes nothing. Throws where currencies mix.
 */
export function observe(
  ledger: Ledger,
  observed: IsoTime,
  charges: readonly Charge[],
  period: Period,
  usageTypes?: readonly string[],
): Ledger {
  if (wasObserved(ledger, observed, period)) return ledger;
  const currency = currencyOf([...(ledger.currency ? [{ currency: ledger.currency }] : []), ...charges]);
  const within = charges.filter(({ date }) => date >= period.start && date < period.end);
  const read = Map.groupBy(within, keyOf);
  const known = new Map(ledger.series.map((series) => [keyOf(series), series]));
  const dates = datesOf(period);
  const keys = [...new Set([...known.keys(), ...read.keys()])].toSorted();
  return {
    version: 1,
    ...(currency && { currency }),
    accountNames: { ...ledger.accountNames, ...namesOf(within) },
    readings: [...ledger.readings, { observed, period, ...(usageTypes && { usageTypes }) }].toSorted((a, b) =>
      a.observed.localeCompare(b.observed),
    ),
    series: keys.flatMap((key) => {
      const charged = read.get(key) ?? [];
      const series = known.get(key) ?? charged[0];
      return series ? observeSeries(series, observed, charged, dates) : [];
    }),
  };
}

/** Whether every day of the period was read at that very time: the same event, delivered twice. */
const wasObserved = (ledger: Ledger, observed: IsoTime, { start, end }: Period): boolean =>
  ledger.readings.some(
    (reading) => reading.observed === observed && reading.period.start <= start && reading.period.end >= end,
  );

function observeSeries(
  series: LedgerSeries | Charge,
  observed: IsoTime,
  charges: readonly Charge[],
  dates: readonly IsoDate[],
): LedgerSeries {
  const { account, service, category } = series;
  const amounts = new Map<IsoDate, number>();
  for (const { date, amount } of charges) amounts.set(date, (amounts.get(date) ?? 0) + amount);
  const known = 'days' in series ? series.days : {};
  const changed = dates.flatMap((date) => {
    const amount = amounts.get(date) ?? 0;
    const observations = known[date] ?? [];
    if (isSame(amount, figureAt(observations, observed) ?? 0)) return [];
    const added: Observation = [observed, amount];
    return [[date, [...observations, added].toSorted(byTime)] as const];
  });
  return { account, service, category, days: { ...known, ...Object.fromEntries(changed) } };
}

/** Sums of the same lines in another order differ in their last digits. */
const isSame = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b));

const byTime = ([a]: Observation, [b]: Observation): number => a.localeCompare(b);

/** What was known of a day at a time; undefined where nothing was. */
export const figureAt = (observations: readonly Observation[], asOf?: IsoTime): number | undefined =>
  observations.findLast(([observed]) => asOf === undefined || observed <= asOf)?.[1];

/** The newest figures, or those that were known at `asOf`: one charge a day, account, service and category. */
export function latest(ledger: Ledger, asOf?: IsoTime): Charge[] {
  const { currency } = ledger;
  if (currency === undefined) return [];
  return ledger.series.flatMap(({ account, service, category, days }) =>
    Object.entries(days).flatMap(([date, observations]) => {
      const amount = figureAt(observations, asOf);
      return amount === undefined ? [] : [{ date, account, service, category, amount, currency }];
    }),
  );
}

/** When each day was last read, up to `asOf`. A day that isn't in it was never read, and is unknown. */
export function lastRead(ledger: Ledger, asOf?: IsoTime): Map<IsoDate, IsoTime> {
  const times = new Map<IsoDate, IsoTime>();
  for (const { observed, period } of ledger.readings) {
    if (asOf !== undefined && observed > asOf) continue;
    for (const date of datesOf(period)) times.set(date, observed);
  }
  return times;
}

/** Every record type that was taken for usage. */
export const usageTypesOf = ({ readings }: Ledger): string[] => [
  ...new Set(readings.flatMap(({ usageTypes = [] }) => usageTypes)),
];

/** Whether what was read of a day at that time can be taken as complete. */
export const isClosed = (date: IsoDate, readAt: IsoTime): boolean =>
  readAt >= addMilliseconds(`${addDays(date, 1)}T00:00:00Z`, settlingMs);

/** One ledger of several that cover different days. Throws where currencies mix. */
export function joinLedgers(ledgers: readonly Ledger[]): Ledger {
  const currency = currencyOf(ledgers.flatMap(({ currency }) => (currency ? [{ currency }] : [])));
  const groups = Map.groupBy(
    ledgers.flatMap(({ series }) => series),
    keyOf,
  );
  return {
    version: 1,
    ...(currency && { currency }),
    accountNames: Object.assign({}, ...ledgers.map(({ accountNames }) => accountNames)),
    readings: ledgers
      .flatMap(({ readings }) => readings)
      .toSorted((a, b) => a.observed.localeCompare(b.observed)),
    series: [...groups.values()].flatMap((parts) =>
      parts[0] ? [{ ...parts[0], days: Object.assign({}, ...parts.map(({ days }) => days)) }] : [],
    ),
  };
}

const keyOf = ({ account, service, category }: Pick<LedgerSeries, 'account' | 'service' | 'category'>) =>
  JSON.stringify([account, service, category]);

const namesOf = (charges: readonly Charge[]): Record<string, string> =>
  Object.fromEntries(
    charges.flatMap(({ account, accountName }) =>
      accountName && account !== allAccounts ? [[account, accountName]] : [],
    ),
  );
