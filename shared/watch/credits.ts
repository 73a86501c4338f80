import { creditAlert } from '../alert/credit-alert.ts';
import { creditEnded } from '../anomaly/credit.ts';
import { sum } from '../anomaly/statistics.ts';
import { addDays, datesOf, type IsoDate, type IsoTime } from '../period.ts';
import type { ScopedCharge } from '../spend/charge.ts';
import { type Ledger, latest } from '../spend/ledger.ts';
import { recordAlert } from '../store/outbox.ts';
import type { Table } from '../store/table.ts';

/** Complete days that are looked at: three weeks of credit and a week without. */
const watchedDays = 28;

/** Tells each credit of at least `floor` dollars a day that has ended by the newest complete day; how many are news. */
export async function tellEndedCredits(
  table: Table,
  ledger: Ledger,
  { closed, floor, at }: { closed: IsoDate; floor: number; at: IsoTime },
): Promise<number> {
  const { currency } = ledger;
  if (currency === undefined) return 0;
  const dates = datesOf({ start: addDays(closed, 1 - watchedDays), end: addDays(closed, 1) });
  const ofService = Map.groupBy(latest(ledger, at), ({ scope }) => scope['service'] ?? '');
  let news = 0;
  for (const [service, charges] of ofService) {
    const ended = creditEnded(dailyOf(charges, 'Usage', dates), dailyOf(charges, 'Credit', dates));
    if (ended === undefined || ended.perDay < floor) continue;
    if (await recordAlert(table, creditAlert(ended, { service, currency, at }))) news += 1;
  }
  return news;
}

function dailyOf(
  charges: readonly ScopedCharge[],
  category: ScopedCharge['category'],
  dates: readonly IsoDate[],
): { date: IsoDate; amount: number }[] {
  const byDate = Map.groupBy(
    charges.filter((charge) => charge.category === category),
    ({ date }) => date,
  );
  return dates.map((date) => ({ date, amount: sum((byDate.get(date) ?? []).map(({ amount }) => amount)) }));
}
