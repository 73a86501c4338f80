import type { Alert } from '../alert/alert.ts';
import { incidentAlert } from '../alert/incident-alert.ts';
import type { Config } from '../config.ts';
import { addDays, type IsoTime, type Period } from '../period.ts';
import { byAccountAndService, currencyOf } from '../spend/charge.ts';
import {
  type FocusCost,
  type FocusRow,
  type FocusTotal,
  toCharges,
  totalOf,
  totalsBy,
} from '../spend/focus.ts';
import { emptyLedger, observe } from '../spend/ledger.ts';
import type { Scope } from '../spend/scope.ts';
import { toSeries } from '../spend/series.ts';
import { judgeSpend, type SeriesSummary } from './judge-spend.ts';
import { type IncidentSummary, toSummary } from './spend.ts';

export type SpendFileResult = {
  /** The days that the file covers. */
  period: Period;
  currency: string;
  /** Which of the file's two costs was judged. */
  judgedBy: FocusCost;
  /** The whole file; what the services, the accounts, the regions and the categories each add up to. */
  total: FocusTotal;
  services: FocusTotal[];
  accounts: (FocusTotal & { accountName?: string | undefined })[];
  regions: FocusTotal[];
  /** Credits, tax and fees apart from usage. */
  categories: FocusTotal[];
  /** The series of usage by account and service, the dearest first. */
  series: SeriesSummary[];
  incidents: IncidentSummary[];
  /** What people would have been told. */
  alerts: Alert[];
};

/** A day counts as complete when it was read that many days after: a file is taken as final. */
const settledDays = 3;

/**
 * The same watch over a file instead of an account, without memory: every day is judged by the days before it, from
 * the first one on. Throws where the file has no rows, or two currencies.
 */
export function watchSpendFile(
  rows: readonly FocusRow[],
  config: Config,
  cost: FocusCost = 'effective',
): SpendFileResult {
  const currency = currencyOf(rows);
  if (currency === undefined) throw new Error('There is no spend to watch');
  const period = periodOf(rows);
  const at: IsoTime = `${addDays(period.end, settledDays)}T00:00:00Z`;
  const ledger = observe(emptyLedger, at, toCharges(rows, cost).map(byAccountAndService), period);
  const judged = judgeSpend(toSeries(ledger, period), { known: [], from: period.start, config, at });
  const names = ledger.accountNames;
  const nameOf = ({ scope }: { scope: Scope }) => names[scope['account'] ?? ''];
  return {
    period,
    currency,
    judgedBy: cost,
    total: totalOf('total', rows),
    services: totalsBy(rows, ({ service }) => service),
    accounts: totalsBy(rows, ({ account }) => account).map((one) => ({
      ...one,
      accountName: names[one.name],
    })),
    regions: totalsBy(rows, ({ region }) => region),
    categories: totalsBy(rows, ({ category }) => category),
    series: judged.series.map((one) => ({ ...one, accountName: nameOf(one) })),
    incidents: judged.incidents.map((one) => toSummary(one, names)),
    alerts: judged.incidents.flatMap(({ incident, change, chart }) =>
      change ? [incidentAlert(incident, { change, at, names, chart })] : [],
    ),
  };
}

function periodOf(rows: readonly FocusRow[]): Period {
  let [start, last] = ['9999-12-31', '0000-01-01'];
  for (const { date } of rows) {
    if (date < start) start = date;
    if (date > last) last = date;
  }
  return { start, end: addDays(last, 1) };
}
