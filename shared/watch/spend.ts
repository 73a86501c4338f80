import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { causeText } from '../alert/cause-text.ts';
import { incidentAlert } from '../alert/incident-alert.ts';
import { placeName } from '../alert/spend-place.ts';
import { awsAnomalyOf, type KnownAwsAnomaly } from '../anomaly/aws-anomaly.ts';
import { isImplausible } from '../anomaly/implausible.ts';
import { type Change, type Incident, markTold } from '../anomaly/incident.ts';
import type { RootCause } from '../anomaly/root-cause.ts';
import type { CountRequest } from '../aws/cost-explorer.ts';
import type { Config } from '../config.ts';
import { formatMoney } from '../money.ts';
import { addDays, addMilliseconds, dateOf, type IsoDate, type IsoTime, type Period } from '../period.ts';
import type { ChargeCategory } from '../spend/charge.ts';
import { type Ledger, latest, usageTypesOf } from '../spend/ledger.ts';
import type { LeftOut } from '../spend/plan.ts';
import type { Scope } from '../spend/scope.ts';
import { toSeries } from '../spend/series.ts';
import type { SpendWatch } from '../spend/spend-watch.ts';
import { getAwsAnomalies } from '../store/aws-anomalies.ts';
import { getFeedback } from '../store/feedback.ts';
import { getIncidents, putIncident, type StoredIncident, tellIncident } from '../store/incidents.ts';
import type { LedgerStore } from '../store/spend-ledger.ts';
import {
  countSpendRequest,
  getJudgedThrough,
  putJudgedThrough,
  putMonthToDate,
} from '../store/spend-state.ts';
import { getSpendWatches } from '../store/spend-watches.ts';
import { putStopBlock } from '../store/stop-block.ts';
import type { Table } from '../store/table.ts';
import { namesOf } from './account-names.ts';
import { tellEndedCredits } from './credits.ts';
import { explainIncidents } from './explain-incident.ts';
import { type JudgedIncident, judgeSpend, noted, type SeriesSummary } from './judge-spend.ts';
import { refreshRates } from './rates.ts';
import { isLate, lastClosedDay, readSpend, spendWindow } from './read-spend.ts';

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
  /** The cause in a few sentences. */
  because?: string | undefined;
};

export type SpendResult = {
  /** The days judged by this run. */
  period: Period;
  /** Cost Explorer requests made, $0.01 each. */
  requests: number;
  /** What the configuration asks for and wasn't read, with the reason. */
  leftOut: LeftOut[];
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
  const { ledger, leftOut } = await readSpend(clients, config, time, requests.count);
  const window = spendWindow(time);
  const closed = lastClosedDay(ledger, window, time);
  const stored = await getIncidents(table);
  const known = [...stored.values()].map(({ incident }) => incident);
  const from = judgeFrom(await getJudgedThrough(table), closed ?? window.end);
  const feedback = await getFeedback(table);
  const watches = await getSpendWatches(table, time);
  const judged = judgeSpend(toSeries(ledger, window, time), {
    known,
    from,
    config,
    at: time,
    feedback,
    watches,
  });
  // What a later run has found since then is no longer what this one would make of it.
  const isOld = isLate(ledger, time);
  const news = isOld ? [] : judged.incidents;

  const names = namesOf(config, ledger);
  const awsAnomalies = news.some(({ change }) => change !== undefined) ? await getAwsAnomalies(table) : [];
  const explained = await explainIncidents(clients, news, {
    config,
    usageTypes: usageTypesOf(ledger),
    count: requests.count,
    time,
  });
  const settled: JudgedIncident[] = [];
  for (const judgedOne of news) {
    const incident = explained.get(judgedOne.incident.id) ?? judgedOne.incident;
    const leak = { ...judgedOne, incident };
    if (isKept(leak, stored)) continue;
    const isTold = await settle(table, leak, stored, { at: time, names, watches, awsAnomalies });
    settled.push({ ...leak, change: isTold ? leak.change : undefined });
  }
  await blockStopsOnDoubt(table, settled, names, time);
  if (closed !== undefined && !isOld) {
    await tellEndedCredits(table, ledger, { closed, floor: config.spend.floor, at: time });
  }
  if (closed !== undefined) await putJudgedThrough(table, closed);
  if (!isOld) await keepMonthToDate(table, ledger, time);
  await refreshRates(clients, usageTypesOf(ledger), time, requests.count);

  const count = (wanted: Change) => settled.filter(({ change }) => change === wanted).length;
  return {
    period: { start: from, end: window.end },
    requests: requests.made(),
    leftOut,
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

/**
 * From which day on something is news: what no run has judged for good, and as many complete days before the newest
 * one as may well be restated.
 */
function judgeFrom(judgedThrough: IsoDate | undefined, closed: IsoDate): IsoDate {
  const restated = addDays(closed, 1 - judgedDays);
  const next = judgedThrough === undefined ? restated : addDays(judgedThrough, 1);
  return next < restated ? next : restated;
}

/** Whether a leak is as it was kept before: nothing of it has changed, and nothing more is known of its cause. */
const isKept = (
  { incident, change, record, parts }: JudgedIncident,
  stored: ReadonlyMap<string, StoredIncident>,
): boolean =>
  change === undefined &&
  parts.length === 0 &&
  record === stored.get(record.id)?.incident &&
  (incident.cause === undefined || incident.cause === record.cause);

type Settling = {
  at: IsoTime;
  names: Readonly<Record<string, string>>;
  watches: ReadonlyMap<string, SpendWatch>;
  awsAnomalies: readonly KnownAwsAnomaly[];
};

/** Keeps a leak, with its alert where there is something to tell; false where another run did so before. */
async function settle(
  table: Table,
  { incident, change, record, parts, folded, chart }: JudgedIncident,
  stored: ReadonlyMap<string, StoredIncident>,
  { at, names, watches, awsAnomalies }: Settling,
): Promise<boolean> {
  for (const part of parts) await putIncident(table, part, stored.get(part.id)?.version);
  const version = stored.get(record.id)?.version;
  if (change === undefined) return putIncident(table, noted(record, incident), version);
  const awsAnomaly = awsAnomalyOf(incident, [incident.scope, ...folded], awsAnomalies);
  const alert = incidentAlert(incident, { change, at, names, watches, awsAnomaly, chart });
  return tellIncident(table, noted(record, markTold(incident, change, at)), alert, version);
}

const twoDaysMs = 48 * 3_600_000;

/** A bill that can't be believed is no reason to stop anything; renewed by each run while the doubt lasts. */
async function blockStopsOnDoubt(
  table: Table,
  settled: readonly { incident: Incident }[],
  names: Readonly<Record<string, string>>,
  time: IsoTime,
): Promise<void> {
  const doubted = settled.find(({ incident }) => isImplausible(incident))?.incident;
  if (doubted === undefined) return;
  const { scope, currency, excessPerDay, start } = doubted;
  await putStopBlock(table, {
    reason: `The bill can't be believed: ${placeName(scope, names)} is ${formatMoney(excessPerDay, currency)} a day above expected since ${start}, at unchanged usage. Nothing is stopped until that is settled.`,
    since: time,
    until: addMilliseconds(time, twoDaysMs),
  });
}

const nameOf = ({ scope }: { scope: Scope }, names: Readonly<Record<string, string>>): string | undefined =>
  names[scope['account'] ?? ''];

function dayTotals(ledger: Ledger, date: IsoDate, time: IsoTime): NonNullable<SpendResult['day']> {
  const charges = latest(ledger, time).filter(
    (charge) => charge.date === date && charge.category === 'Usage',
  );
  const services = [...Map.groupBy(charges, ({ scope }) => scope['service'] ?? '')]
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

/** What relays say of an account beside a budget of AWS's. */
async function keepMonthToDate(table: Table, ledger: Ledger, time: IsoTime): Promise<void> {
  if (ledger.currency === undefined) return;
  const through = addDays(dateOf(time), -1);
  const month = through.slice(0, 7);
  const used = latest(ledger, time).filter(
    ({ date, category }) => category === 'Usage' && date.startsWith(month),
  );
  const byAccount = Map.groupBy(used, ({ scope }) => scope['account'] ?? '');
  const usage = Object.fromEntries([...byAccount].map(([account, own]) => [account, total(own)]));
  await putMonthToDate(table, { month, through, currency: ledger.currency, usage });
}

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
    because: cause && causeText(cause, { currency: incident.currency, scope, names }),
  };
}
