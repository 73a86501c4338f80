import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { getCharges } from '../shared/aws/cost-explorer.ts';
import { daysBetween, type Period } from '../shared/period.ts';
import { currencyOf, type ScopedCharge } from '../shared/spend/charge.ts';
import type { SpendHistory, SpendRecord } from '../shared/spend/history.ts';
import { scopeKey } from '../shared/spend/scope.ts';
import { InputError } from './input-error.ts';

/**
 * What Cost Explorer says now of the days of a period, by account and service: no more than 13 months back, and what
 * was said of a day earlier is gone, so that every day counts as final. Throws an InputError where nothing was charged.
 */
export async function fetchSpend(
  costExplorer: CostExplorerClient,
  period: Period,
  onProgress: (text: string) => void = () => {},
): Promise<SpendRecord> {
  let requests = 0;
  const { charges } = await getCharges(costExplorer, period, async () => {
    requests += 1;
    onProgress(`reading Cost Explorer: request ${requests}, $${(requests / 100).toFixed(2)}`);
  });
  const currency = currencyOf(charges);
  if (currency === undefined) {
    throw new InputError(`nothing was charged from ${period.start} to before ${period.end}`);
  }
  const histories = Map.groupBy(charges, ({ scope, category }) => `${scopeKey(scope)} ${category}`);
  return {
    currency,
    dimensions: ['account', 'service'],
    bitemporal: false,
    histories: [...histories].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, own]) => toHistory(own)),
  };
}

/** The days of charges of one scope and category; several of one day add up. */
function toHistory(charges: readonly ScopedCharge[]): SpendHistory[] {
  const [first] = charges;
  if (first === undefined) return [];
  const amounts = new Map<number, number>();
  for (const { date, amount } of charges) {
    const day = daysBetween('1970-01-01', date);
    amounts.set(day, (amounts.get(day) ?? 0) + amount);
  }
  const sorted = [...amounts].toSorted(([a], [b]) => a - b);
  return [
    {
      scope: first.scope,
      category: first.category,
      days: Int32Array.from(sorted, ([day]) => day),
      observed: Int32Array.from(sorted, ([day]) => day + 1),
      amounts: Float64Array.from(sorted, ([, amount]) => amount),
    },
  ];
}
