import { datesOf, type IsoDate, type IsoTime, type Period } from '../period.ts';
import type { Charge } from './charge.ts';
import { isClosed, type Ledger, lastRead, latest } from './ledger.ts';

/** What a day cost, as far as it is known. */
export type DailyFigure = {
  date: IsoDate;
  /** Undefined: never read, which is not zero. */
  amount: number | undefined;
  /** Read late enough to be complete; an open figure can only be too low. */
  closed: boolean;
};

/** The usage of one service in one account, day by day, without a gap, oldest first. */
export type SpendSeries = {
  account: string;
  service: string;
  currency: string;
  days: readonly DailyFigure[];
};

/** Stands for the account and the service of the series that are too small to be followed each by itself. */
export const others = 'other';

/**
 * The usage in a ledger by account and service, the largest first, as it was known at `asOf`. Credits, refunds, tax
 * and fees are no usage. Beyond `limit` series the smaller ones are one series, so that the sum stays whole.
 */
export function toSeries(ledger: Ledger, period: Period, asOf?: IsoTime, limit = 5_000): SpendSeries[] {
  const { currency } = ledger;
  if (currency === undefined) return [];
  const usage = latest(ledger, asOf).filter(
    ({ category, date }) => category === 'Usage' && date >= period.start && date < period.end,
  );
  const read = lastRead(ledger, asOf);
  const dates = datesOf(period).map((date) => ({ date, readAt: read.get(date) }));
  const groups = [...Map.groupBy(usage, keyOf).values()].toSorted((a, b) => peak(b) - peak(a));
  const own = groups.length > limit ? groups.slice(0, limit - 1) : groups;
  const rest = groups.slice(own.length).flat();
  const folded = rest.map((charge) => ({ ...charge, account: others, service: others }));
  return [...own, ...(folded.length > 0 ? [folded] : [])].flatMap((charges) => {
    const [first] = charges;
    if (first === undefined) return [];
    const { account, service } = first;
    return [{ account, service, currency, days: toFigures(charges, dates) }];
  });
}

const keyOf = ({ account, service }: Charge): string => JSON.stringify([account, service]);

/** By their dearest day: what has just begun to cost must not be folded away for having cost nothing before. */
const peak = (charges: readonly Charge[]): number =>
  charges.reduce((highest, { amount }) => Math.max(highest, amount), 0);

function toFigures(
  charges: readonly Charge[],
  dates: readonly { date: IsoDate; readAt: IsoTime | undefined }[],
): DailyFigure[] {
  const amounts = new Map<IsoDate, number>();
  for (const { date, amount } of charges) amounts.set(date, (amounts.get(date) ?? 0) + amount);
  return dates.map(({ date, readAt }) =>
    readAt === undefined
      ? { date, amount: undefined, closed: false }
      : { date, amount: amounts.get(date) ?? 0, closed: isClosed(date, readAt) },
  );
}
