import type { Alert } from '../alert/alert.ts';
import { type AwsAlert, type RelayedEvent, toAwsAlerts } from '../alert/aws-alert.ts';
import { type OurView, withOurView } from '../alert/aws-anomaly-view.ts';
import { dayName } from '../alert/day.ts';
import type { AccountNames } from '../alert/spend-place.ts';
import { type AwsAnomaly, coveringIncident, incidentsWithin } from '../anomaly/aws-anomaly.ts';
import type { Incident } from '../anomaly/incident.ts';
import { type Suspect, suspectsOf } from '../anomaly/suspects.ts';
import type { Finding } from '../compute/finding.ts';
import type { Config } from '../config.ts';
import { formatMoney } from '../money.ts';
import { addDays, type IsoTime } from '../period.ts';
import { pricedBy } from '../spend/rate.ts';
import type { Scope } from '../spend/scope.ts';
import { watchAfter } from '../spend/spend-watch.ts';
import { noteAwsAnomaly, toldAnomalyWrite } from '../store/aws-anomalies.ts';
import { getFindings } from '../store/findings.ts';
import { getIncidents } from '../store/incidents.ts';
import { getLaunches } from '../store/launches.ts';
import { recordAlert } from '../store/outbox.ts';
import { getJudgedThrough, getMonthToDate } from '../store/spend-state.ts';
import { getSpendWatch, spendWatchWrite } from '../store/spend-watches.ts';
import { expiresAfter, type Table, type TransactItem } from '../store/table.ts';

/** Ids of the alerts that are new, and of those that were told before; and what an incident of ours has told already. */
export type Relayed = {
  recorded: string[];
  known: string[];
  covered: { anomalyId: string; incidentId: string }[];
};

type Dependencies = { table: Table; config: Config };

/** Records what AWS tells of its own accord as our alerts: each once, however and however often AWS tells it. */
export async function relayAwsAlerts({ table, config }: Dependencies, event: RelayedEvent): Promise<Relayed> {
  const relayed: Relayed = { recorded: [], known: [], covered: [] };
  for (const awsAlert of toAwsAlerts(event, namesOf(config))) {
    const { id, at } = awsAlert.alert;
    const covering = awsAlert.anomaly && (await coveringOf(table, awsAlert.anomaly, at));
    if (covering) relayed.covered.push(covering);
    else relayed[(await record(table, awsAlert)) ? 'recorded' : 'known'].push(id);
  }
  return relayed;
}

const namesOf = ({ targets }: Config): AccountNames =>
  Object.fromEntries(targets.accounts.flatMap(({ id, name }) => (name ? [[id, name]] : [])));

/** The incident of ours that has told an anomaly; it is remembered with that, and not told again. */
async function coveringOf(
  table: Table,
  anomaly: AwsAnomaly,
  at: IsoTime,
): Promise<Relayed['covered'][number] | undefined> {
  const covering = coveringIncident(anomaly, await incidentsOf(table), at);
  if (covering === undefined) return undefined;
  await noteAwsAnomaly(table, anomaly, at);
  return { anomalyId: anomaly.anomalyId, incidentId: covering.id };
}

const incidentsOf = async (table: Table): Promise<Incident[]> =>
  [...(await getIncidents(table)).values()].map(({ incident }) => incident);

async function record(table: Table, { alert, anomaly, watch }: AwsAlert): Promise<boolean> {
  if (anomaly) return recordAnomaly(table, { alert, anomaly });
  if (alert.kind === 'aws-budget') return recordAlert(table, await withOurMonth(table, alert));
  if (watch === undefined) return recordAlert(table, alert);
  const known = await getSpendWatch(table, watch);
  const after = watchAfter(known, watch);
  const step = watch.isClosed ? 'recovered' : known === undefined ? 'opened' : 'reminded';
  return recordAlert(table, { ...alert, step }, after ? [spendWatchWrite(table, after)] : []);
}

/** A budget has its own filters: what the whole account has used so far stands beside it. */
async function withOurMonth(table: Table, alert: Alert): Promise<Alert> {
  const { month, through, currency, usage } = (await getMonthToDate(table)) ?? {};
  const used = usage?.[alert.account ?? ''];
  if (used === undefined || through === undefined || month !== alert.at.slice(0, 7)) return alert;
  const value = `${formatMoney(used, currency)} of usage in the whole account this month, through ${dayName(through)}`;
  return { ...alert, facts: [...alert.facts, { label: 'Our own figures', value }] };
}

/** Told first, or once more because it has grown. */
async function recordAnomaly(
  table: Table,
  { alert, anomaly }: Required<Pick<AwsAlert, 'alert' | 'anomaly'>>,
): Promise<boolean> {
  const told = withOurView(alert, anomaly, await viewOf(table, anomaly, alert.at), alert.at);
  const { impact } = anomaly;
  const note = toldAnomalyWrite(table, anomaly, alert.at);
  const isFirst = await recordAlert(table, { ...told, step: 'opened' }, [
    growthWrite(table, told, impact, { ConditionExpression: 'attribute_not_exists(pk)' }),
    note,
  ]);
  // Unless the amount has at least doubled since it was last told, in whatever order AWS delivers.
  return (
    isFirst ||
    recordAlert(table, { ...told, step: 'grown' }, [
      growthWrite(table, told, impact, {
        ConditionExpression: 'amount <= :half',
        ExpressionAttributeValues: { ':half': impact / 2 },
      }),
      note,
    ])
  );
}

function growthWrite(
  { name }: Table,
  { subject, at }: Alert,
  amount: number,
  condition: Pick<NonNullable<TransactItem['Put']>, 'ConditionExpression' | 'ExpressionAttributeValues'>,
): TransactItem {
  const Item = { pk: `ALERT#${subject}`, sk: 'GROWTH', amount, expiresAt: expiresAfter(at, 90) };
  return { Put: { TableName: name, Item, ...condition } };
}

/**
 * What is cheap to read of its place and days: the table has incidents with their days, launches and findings. The
 * ledger has every day of every series, and would have to be read whole for it.
 */
async function viewOf(table: Table, anomaly: AwsAnomaly, at: IsoTime): Promise<OurView> {
  const [place] = anomaly.places;
  const [incidents, judgedThrough, suspects, finding] = await Promise.all([
    incidentsOf(table),
    getJudgedThrough(table),
    place ? suspectsAt(table, place, anomaly) : [],
    place && findingAt(table, place),
  ]);
  return { incidents: incidentsWithin(anomaly, incidents, at), judgedThrough, suspects, finding };
}

async function suspectsAt(table: Table, place: Scope, { start }: AwsAnomaly): Promise<Suspect[]> {
  const { account, region, usageType } = place;
  if (!account || !region || !usageType || start === undefined) return [];
  const around = { start: addDays(start, -1), end: addDays(start, 2) };
  return suspectsOf(await getLaunches(table, { account, region }, around), usageType, start);
}

/** The most wasteful of what is of the type that AWS names. */
async function findingAt(
  table: Table,
  { account, region, usageType = '' }: Scope,
): Promise<Finding | undefined> {
  const type = pricedBy(usageType)?.type;
  if (!account || !region || type === undefined) return undefined;
  const found = (await getFindings(table, { account, region })).filter((finding) => finding.type === type);
  return found.toSorted((a, b) => (b.wastedHourlyRate ?? 0) - (a.wastedHourlyRate ?? 0))[0];
}
