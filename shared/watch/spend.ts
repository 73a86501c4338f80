import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { incidentAlert } from '../alert/incident-alert.ts';
import { isImplausible } from '../anomaly/implausible.ts';
import { type Change, type Incident, markTold } from '../anomaly/incident.ts';
import { findRootCause, type RootCause } from '../anomaly/root-cause.ts';
import {
  type CountRequest,
  getCharges,
  getInstanceUsage,
  getOwnerBreakdown,
  getUsageBreakdown,
} from '../aws/cost-explorer.ts';
import type { Config } from '../config.ts';
import { formatMoney } from '../money.ts';
import { logger } from '../observability.ts';
import {
  addDays,
  addMilliseconds,
  dateOf,
  datesOf,
  daysBefore,
  daysBetween,
  type IsoDate,
  type IsoTime,
  type Period,
} from '../period.ts';
import type { ChargeCategory } from '../spend/charge.ts';
import { isClosed, type Ledger, lastRead, latest, usageTypesOf } from '../spend/ledger.ts';
import { ratesPaid } from '../spend/rate.ts';
import type { Scope } from '../spend/scope.ts';
import { others, toSeries } from '../spend/series.ts';
import { getIncidents, putIncident, type StoredIncident, tellIncident } from '../store/incidents.ts';
import { ratesReadAt, storeRates } from '../store/prices.ts';
import { type LedgerStore, loadLedger, recordReading } from '../store/spend-ledger.ts';
import { countSpendRequest, getJudgedThrough, putJudgedThrough } from '../store/spend-state.ts';
import { putStopBlock } from '../store/stop-block.ts';
import type { Table } from '../store/table.ts';
import { type JudgedIncident, judgeSpend, type SeriesSummary } from './judge-spend.ts';

export type SpendClients = {
  /** Cost Explorer has one endpoint, in us-east-1. */
  costExplorer: CostExplorerClient;
  ledger: LedgerStore;
  table: Table;
};

/** One incident, as a table or a program shows it; amounts in the currency of the bill. */
export type IncidentSummary = {
  id: string;
  scope: Scope;
  accountName?: string | undefined;
  status: Incident['status'];
  change?: Change | undefined;
  start: IsoDate;
  end?: IsoDate | undefined;
  impact: number;
  excessPerDay: number;
  excessPerMonth: number;
  reason: string;
  cause?: RootCause | undefined;
};

export type SpendResult = {
  /** The days judged by this run. */
  period: Period;
  /** Cost Explorer requests made, $0.01 each. */
  requests: number;
  /** Absent while nothing was charged. */
  currency?: string | undefined;
  /** The newest complete day, and its usage by service, the dearest first; absent where none is complete. */
  day?: { date: IsoDate; total: number; services: { service: string; amount: number }[] } | undefined;
  /** This month's charges so far by category, through yesterday: credits, tax and fees apart from usage. */
  monthToDate: Partial<Record<ChargeCategory, number>>;
  series: SeriesSummary[];
  /** Incidents that are new or have changed, the dearest first. */
  incidents: IncidentSummary[];
  opened: number;
  grown: number;
  recovered: number;
  accepted: number;
};

/** Days of history that are looked at: eight weeks of rhythm, three months of fees, and room for an incident. */
const lookbackDays = 120;
/** Complete days that every run judges: a first run as if it had been there, the next ones as restated since. */
const judgedDays = 14;

/**
 * One pass over the spend: reads what is new, judges it and what was restated, explains and tells what has happened.
 * The same event again asks Cost Explorer nothing but what an incident comes from that it couldn't be told before,
 * and tells nothing twice; a pass that was skipped is made up for by the next one.
 */
export async function watchSpend(clients: SpendClients, config: Config, time: IsoTime): Promise<SpendResult> {
  const { table } = clients;
  const requests = requestCounter(table, config, time);
  const ledger = await readSpend(clients, config, time, requests.count);
  const window = daysBefore(time, lookbackDays);
  const closed = lastClosedDay(ledger, window, time);
  const stored = await getIncidents(table);
  const known = [...stored.values()].map(({ incident }) => incident);
  const from = isLate(ledger, time)
    ? window.end
    : judgeFrom(await getJudgedThrough(table), closed ?? window.end, known);
  const judged = judgeSpend(toSeries(ledger, window, time), { known, from, config, at: time });

  const names = namesOf(config, ledger);
  const unexplained = toExplain(judged.incidents);
  const usageTypes = usageTypesOf(ledger);
  const settled: JudgedIncident[] = [];
  for (const { incident, change } of judged.incidents) {
    const explained = unexplained.has(incident.id)
      ? await explain(clients, config, incident, usageTypes, requests.count)
      : incident;
    const accountName = nameOf(incident, names);
    const isTold = await settle(table, explained, stored.get(incident.id), { change, at: time, accountName });
    settled.push({ incident: explained, change: isTold ? change : undefined });
  }
  await blockStopsOnDoubt(table, settled, time);
  if (closed !== undefined) await putJudgedThrough(table, closed);
  await refreshPrices(clients, time, requests.count);

  const count = (wanted: Change) => settled.filter(({ change }) => change === wanted).length;
  return {
    period: { start: from, end: window.end },
    requests: requests.made(),
    currency: ledger.currency,
    day: closed === undefined ? undefined : dayTotals(ledger, closed, time),
    monthToDate: monthToDate(ledger, time),
    series: judged.series.map((one) => ({ ...one, accountName: nameOf(one, names) })),
    incidents: settled.map((one) => toSummary(one, names)),
    opened: count('opened'),
    grown: count('grown'),
    recovered: count('recovered'),
    accepted: count('accepted'),
  };
}

function requestCounter(table: Table, config: Config, time: IsoTime) {
  let made = 0;
  const count: CountRequest = async () => {
    await countSpendRequest(table, time, config.spend.dailyRequestCap);
    made += 1;
  };
  return { count, made: () => made };
}

/** The ledger with what Cost Explorer says now; where an event comes again, as it was then. */
async function readSpend(
  { costExplorer, ledger: store }: SpendClients,
  config: Config,
  time: IsoTime,
  count: CountRequest,
): Promise<Ledger> {
  const window = daysBefore(time, lookbackDays);
  const before = await loadLedger(store, window);
  // What is read now is not what was known then: an older event is answered from what was read until then. A run that
  // crashed before it had written the newest day has read nothing.
  if ((lastRead(before).get(addDays(window.end, -1)) ?? '') >= time) return before;
  const period = periodToRead(before, time, config.spend.historyDays);
  const { charges, usageTypes } = await getCharges(costExplorer, period, count);
  await recordReading(store, time, charges, period, usageTypes);
  return loadLedger(store, window);
}

/**
 * From the first day of the previous month on, because a bill is restated until its invoice; from further back where
 * days were never read; on the first run the whole history.
 */
function periodToRead(ledger: Ledger, time: IsoTime, historyDays: number): Period {
  const read = lastRead(ledger);
  const { start, end } = daysBefore(time, Math.min(lookbackDays, historyDays));
  if (!datesOf({ start, end }).some((date) => read.has(date))) return daysBefore(time, historyDays);
  const missing = datesOf({ start, end }).find((date) => !read.has(date)) ?? end;
  const previousMonth = `${addDays(`${end.slice(0, 7)}-01`, -1).slice(0, 7)}-01`;
  return { start: missing < previousMonth ? missing : previousMonth, end };
}

function lastClosedDay(ledger: Ledger, window: Period, time: IsoTime): IsoDate | undefined {
  const read = lastRead(ledger, time);
  return datesOf(window).findLast((date) => {
    const readAt = read.get(date);
    return readAt !== undefined && isClosed(date, readAt);
  });
}

/** What is known by now was judged by the run that read it; an older event judges nothing again. */
const isLate = ({ readings }: Ledger, time: IsoTime): boolean =>
  readings.some(({ observed }) => observed > time);

/**
 * From which day on to judge: what no run has judged for good, the days on which something goes on, and as many
 * complete days before the newest one as may well be restated.
 */
function judgeFrom(judgedThrough: IsoDate | undefined, closed: IsoDate, known: readonly Incident[]): IsoDate {
  const open = known.filter(({ status }) => status === 'open').map(({ start }) => start);
  const next = judgedThrough === undefined ? [] : [addDays(judgedThrough, 1)];
  const restated = addDays(closed, 1 - judgedDays);
  return [...open, ...next, restated].toSorted()[0] ?? restated;
}

/** Incidents explained in one run: two Cost Explorer requests each. */
const explainedPerRun = 5;

/** The incidents to explain, by id: new ones, then those whose cause no run could read so far; the dearest first. */
function toExplain(incidents: readonly JudgedIncident[]): Set<string> {
  const lacking = incidents.filter(
    ({ incident: { scope, status, cause } }) =>
      scope['account'] !== others && status === 'open' && cause === undefined,
  );
  const isNew = ({ change }: JudgedIncident) => change === 'opened';
  const inOrder = [...lacking.filter(isNew), ...lacking.filter((one) => !isNew(one))];
  return new Set(inOrder.slice(0, explainedPerRun).map(({ incident }) => incident.id));
}

/** Days before an incident that it is compared with. */
const comparedDays = 14;

/** The incident with its cause. One whose cause can't be read is told without it: late is worse than vague. */
async function explain(
  { costExplorer }: SpendClients,
  { tags }: Config,
  incident: Incident,
  usageTypes: readonly string[],
  count: CountRequest,
): Promise<Incident> {
  const { scope, start, currency } = incident;
  const { account, service } = scope;
  if (account === undefined || service === undefined) return incident;
  const usageOf = { account, service, usageTypes };
  const end = addDays(incident.days.at(-1)?.date ?? start, 1);
  const period = { start: addDays(start, -comparedDays), end };
  const keys = { team: tags.team[0] ?? 'team', owner: tags.owner[0] ?? 'owner' };
  try {
    const usage = await getUsageBreakdown(costExplorer, usageOf, period, count);
    const owners = await getOwnerBreakdown(costExplorer, usageOf, keys, period, count);
    const cause = findRootCause(usage, owners, start, currency);
    return cause ? { ...incident, cause } : incident;
  } catch (error) {
    logger.warn('incident not explained', { scope, error: error as Error });
    return incident;
  }
}

/** Keeps an incident, with its alert where there is something to tell; false where another run did so before. */
function settle(
  table: Table,
  incident: Incident,
  stored: StoredIncident | undefined,
  { change, at, accountName }: { change: Change | undefined; at: IsoTime; accountName: string | undefined },
): Promise<boolean> {
  if (change === undefined) return putIncident(table, incident, stored?.version);
  const alert = incidentAlert(incident, { change, at, accountName });
  return tellIncident(table, markTold(incident, change, at), alert, stored?.version);
}

const twoDaysMs = 48 * 3_600_000;

/** A bill that can't be believed is no reason to stop anything; renewed by each run while the doubt lasts. */
async function blockStopsOnDoubt(
  table: Table,
  settled: readonly { incident: Incident }[],
  time: IsoTime,
): Promise<void> {
  const doubted = settled.find(({ incident }) => isImplausible(incident))?.incident;
  if (doubted === undefined) return;
  const { scope, currency, excessPerDay, start } = doubted;
  await putStopBlock(table, {
    reason: `The bill can't be believed: ${Object.values(scope).toReversed().join(' in ') || 'all spend'} is ${formatMoney(excessPerDay, currency)} a day above expected since ${start}, at unchanged usage. Nothing is stopped until that is settled.`,
    since: time,
    until: addMilliseconds(time, twoDaysMs),
  });
}

const ratesDays = 7;

/** Once a week reads what instances really cost. Without it the price list's prices go on. */
async function refreshPrices(
  { costExplorer, table }: SpendClients,
  time: IsoTime,
  count: CountRequest,
): Promise<void> {
  const readAt = await ratesReadAt(table);
  if (readAt !== undefined && daysBetween(dateOf(readAt), dateOf(time)) < ratesDays) return;
  try {
    const lines = await getInstanceUsage(costExplorer, daysBefore(time, ratesDays), count);
    await storeRates(table, ratesPaid(lines), time);
  } catch (error) {
    logger.warn('prices not refreshed', { error: error as Error });
  }
}

/** What people call the accounts: as the configuration says, else as the organisation does. */
const namesOf = ({ targets }: Config, { accountNames }: Ledger): Readonly<Record<string, string>> => ({
  ...accountNames,
  ...Object.fromEntries(targets.accounts.flatMap(({ id, name }) => (name ? [[id, name]] : []))),
});

const nameOf = ({ scope }: { scope: Scope }, names: Readonly<Record<string, string>>): string | undefined =>
  names[scope['account'] ?? ''];

function dayTotals(ledger: Ledger, date: IsoDate, time: IsoTime): NonNullable<SpendResult['day']> {
  const charges = latest(ledger, time).filter(
    (charge) => charge.date === date && charge.category === 'Usage',
  );
  const services = [...Map.groupBy(charges, ({ service }) => service)]
    .map(([service, own]) => ({ service, amount: total(own) }))
    .toSorted((a, b) => b.amount - a.amount);
  return { date, total: total(charges), services };
}

function monthToDate(ledger: Ledger, time: IsoTime): Partial<Record<ChargeCategory, number>> {
  const month = addDays(dateOf(time), -1).slice(0, 7);
  const charges = latest(ledger, time).filter(({ date }) => date.startsWith(month));
  return Object.fromEntries(
    [...Map.groupBy(charges, ({ category }) => category)].map(([category, own]) => [category, total(own)]),
  );
}

const total = (charges: readonly { amount: number }[]): number =>
  charges.reduce((sum, { amount }) => sum + amount, 0);

/** An incident as the result of a pass shows it. */
export function toSummary(
  { incident, change }: { incident: Incident; change?: Change | undefined },
  names: Readonly<Record<string, string>>,
): IncidentSummary {
  const { id, scope, status, start, end, impact, excessPerDay, reason, cause } = incident;
  return {
    id,
    scope,
    accountName: names[scope['account'] ?? ''],
    status,
    change,
    start,
    end,
    impact,
    excessPerDay,
    excessPerMonth: excessPerDay * 30,
    reason,
    cause,
  };
}
