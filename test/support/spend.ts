import { addDays, datesOf, type IsoDate } from '../../shared/period.ts';
import { byAccountAndService, type Charge, type ScopedCharge } from '../../shared/spend/charge.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import type { DailyFigure, SpendSeries } from '../../shared/spend/series.ts';

/** Complete figures of the days up to `through`, from an amount for each, oldest first. */
export const figures = (amounts: readonly (number | undefined)[], through: IsoDate): DailyFigure[] =>
  amounts.map((amount, index) => ({
    date: addDays(through, index + 1 - amounts.length),
    amount,
    closed: true,
  }));

/** Complete figures from `start` through `through`, by what `amountOf` says of a date. */
export const figuresBetween = (
  start: IsoDate,
  through: IsoDate,
  amountOf: (date: IsoDate) => number,
): DailyFigure[] =>
  datesOf({ start, end: addDays(through, 1) }).map((date) => ({
    date,
    amount: amountOf(date),
    closed: true,
  }));

export const seriesOf = (
  days: readonly DailyFigure[],
  service = 'Amazon Elastic Compute Cloud - Compute',
): SpendSeries => ({ scope: { account: '210987654321', service }, currency: 'USD', days });

/** 0 is Sunday. */
export const weekday = (date: IsoDate): number => new Date(date).getUTCDay();

export const isWeekend = (date: IsoDate): boolean => [0, 6].includes(weekday(date));

/** What EC2 cost in one account. */
export const chargeOf = (charge: Partial<Charge>): ScopedCharge =>
  byAccountAndService({
    date: '2026-11-14',
    account: '210987654321',
    service: 'Amazon Elastic Compute Cloud - Compute',
    category: 'Usage',
    amount: 100,
    currency: 'USD',
    ...charge,
  });

/** The same of a part of the spend, or of no part in particular. */
export const chargeOn = (
  scope: Scope,
  amount: number,
  charge: Partial<Omit<ScopedCharge, 'scope' | 'amount'>> = {},
): ScopedCharge => ({
  date: '2026-11-14',
  scope,
  category: 'Usage',
  amount,
  currency: 'USD',
  ...charge,
});

/** What Cost Explorer answers to a question by one or two keys: one group a line, `[date, [key, key], amount]`. */
export const costPage = (
  lines: readonly (readonly [IsoDate, readonly string[], number])[],
  { currency = 'USD', token, quantity }: { currency?: string; token?: string; quantity?: number } = {},
) => ({
  ResultsByTime: [...Map.groupBy(lines, ([date]) => date)].map(([date, own]) => ({
    TimePeriod: { Start: date, End: addDays(date, 1) },
    Total: {},
    Groups: own.map(([, keys, amount]) => ({
      Keys: [...keys],
      Metrics: {
        NetAmortizedCost: { Amount: amount.toFixed(10), Unit: currency },
        UnblendedCost: { Amount: amount.toFixed(10), Unit: currency },
        ...(quantity !== undefined && { UsageQuantity: { Amount: String(quantity), Unit: 'Hrs' } }),
      },
    })),
    Estimated: true,
  })),
  DimensionValueAttributes: [{ Value: '210987654321', Attributes: { description: 'ml-dev' } }],
  ...(token !== undefined && { NextPageToken: token }),
});
