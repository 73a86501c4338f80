import type { SESv2Client } from '@aws-sdk/client-sesv2';
import type { Alert } from '../alert/alert.ts';
import { digestAlert, digestId } from '../alert/digest.ts';
import { type DueDigest, dueDigests, lastDue, weekdayOf } from '../alert/digest-due.ts';
import { toEmail } from '../alert/email.ts';
import { scheduledFunctions, staleHeartbeats } from '../alert/heartbeat.ts';
import { toHtmlMail } from '../alert/html-mail.ts';
import { selfTestAlert } from '../alert/self-test.ts';
import { isMuted } from '../anomaly/feedback.ts';
import type { Incident } from '../anomaly/incident.ts';
import { sendMail } from '../aws/ses.ts';
import { inBatches } from '../batches.ts';
import type { Finding } from '../compute/finding.ts';
import { type Config, destinationNamesOf } from '../config.ts';
import type { IsoTime } from '../period.ts';
import { emptyLedger, joinLedgers, type Ledger } from '../spend/ledger.ts';
import { toSeries } from '../spend/series.ts';
import { getFeedback } from '../store/feedback.ts';
import { getFindings, getPastFindings } from '../store/findings.ts';
import { getRunDays, lastSuccesses } from '../store/heartbeats.ts';
import { getIncidents } from '../store/incidents.ts';
import { getAlert, recordAlert } from '../store/outbox.ts';
import { type LedgerStore, loadMonths, type StoredMonths } from '../store/spend-ledger.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';
import { namesOf } from './account-names.ts';
import { composeDigest, type Known, windowOf } from './compose-digest.ts';
import { once } from './deliver-once.ts';
import { readSavingsIn } from './savings.ts';

/** Where everything lies that a digest is made of: it asks no other service, and Cost Explorer least of all. */
export type DigestStores = { table: Table; ledger: LedgerStore };

/** Records what is due by now, the test message first: what keeps a digest from being made isn't to keep it back. */
export async function recordDue(
  stores: DigestStores,
  config: Config,
  targets: readonly Target[],
  time: IsoTime,
): Promise<string[]> {
  const tests = await recordSelfTest(stores.table, config, time);
  return [...tests, ...(await recordDigests(stores, config, targets, time))];
}

/**
 * Records the digests that are due, each once: for the whole, and for each team that has a route of its own. A run that
 * was missed, or came to nothing, is made up for by the next one within a day.
 */
async function recordDigests(
  stores: DigestStores,
  config: Config,
  targets: readonly Target[],
  time: IsoTime,
): Promise<string[]> {
  const { digests } = config.alerts;
  const audiences = audiencesOf(config.alerts);
  const recorded: string[] = [];
  for (const due of dueDigests(digests, config.timeZone, time)) {
    const missing = await missingOf(stores.table, due, audiences);
    if (missing.length === 0) continue;
    const known = await readKnown(stores, config, targets, due, time);
    for (const { team, to } of missing) {
      const alert = digestAlert(composeDigest(known, config, due, time, team), to);
      if (await recordAlert(stores.table, alert)) recorded.push(alert.id);
    }
  }
  return recorded;
}

/** Who gets a digest; without a team it is the one for the whole. */
type Audience = { team?: string; to?: readonly string[] | undefined };

/**
 * The whole, and the teams whose route would take a digest: one for certain kinds or severities alone, or for a part of
 * what a team has, isn't for all that it spends.
 */
function audiencesOf({ digests, routes }: Pick<Config['alerts'], 'digests' | 'routes'>): Audience[] {
  const teams = new Map<string, { team: string; to: Set<string> }>();
  for (const { team, owner, account, kind, severity, to } of digests.teams ? routes : []) {
    const takes =
      [kind ?? 'digest'].flat().includes('digest') && [severity ?? 'info'].flat().includes('info');
    if (team === undefined || owner !== undefined || account !== undefined || !takes) continue;
    for (const name of [team].flat()) {
      const key = name.toLowerCase(); // as routes read it
      const known = teams.get(key);
      teams.set(key, { team: known?.team ?? name, to: new Set([...(known?.to ?? []), ...to]) });
    }
  }
  return [{ to: digests.to }, ...[...teams.values()].map(({ team, to }) => ({ team, to: [...to] }))];
}

async function missingOf(table: Table, due: DueDigest, audiences: readonly Audience[]): Promise<Audience[]> {
  const known = await Promise.all(
    audiences.map(({ team }) => getAlert(table, digestId(due.cadence, due.period.start, team))),
  );
  return audiences.filter((_, index) => known[index] === undefined);
}

/** Everything that the digests of one period are made of, read once. */
export async function readKnown(
  { table, ledger: store }: DigestStores,
  config: Config,
  targets: readonly Target[],
  due: DueDigest,
  time: IsoTime,
): Promise<Known> {
  const window = windowOf(due);
  const ledger = inOneCurrency(await loadMonths(store, window));
  const span = { from: `${due.period.start}T00:00:00Z`, until: `${due.period.end}T00:00:00Z` };
  const runs = await getRunDays(table);
  return {
    series: toSeries(ledger, window, time),
    currency: ledger.currency,
    incidents: await getTold(table),
    findings: await findingsSince(table, targets, span.from),
    saved: await readSavingsIn(table, targets, span),
    runs,
    stale: staleHeartbeats(lastSuccesses(runs, time), time, watching),
    names: namesOf(config, ledger),
  };
}

/** All but the one that sends digests, which runs right now. */
const watching = scheduledFunctions.filter((name) => name !== 'send-digests');

/** An account that is billed in another currency since has two; the newest is what is spent now. */
function inOneCurrency(months: StoredMonths): Ledger {
  const newestFirst = [...months].toSorted(([a], [b]) => (a < b ? 1 : -1)).map(([, { ledger }]) => ledger);
  const currency = newestFirst.find((ledger) => ledger.currency !== undefined)?.currency;
  const own = newestFirst.filter((ledger) => [undefined, currency].includes(ledger.currency)).toReversed();
  return own.length === 0 ? emptyLedger : joinLedgers(own);
}

/** The incidents that nobody has said to be fine. */
async function getTold(table: Table): Promise<Incident[]> {
  const [stored, feedback] = [await getIncidents(table), await getFeedback(table)];
  const said = new Map(feedback.map((one) => [one.incidentId, one]));
  return [...stored.values()]
    .map(({ incident }) => incident)
    .filter((incident) => !isMuted(incident, said.get(incident.id)));
}

/** Targets whose findings are read at the same time. */
const concurrentTargets = 25;

async function findingsSince(table: Table, targets: readonly Target[], since: IsoTime): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const batch of inBatches(targets, concurrentTargets)) {
    const pages = await Promise.all(
      batch.flatMap((target) => [getFindings(table, target), getPastFindings(table, target, since)]),
    );
    found.push(...pages.flat());
  }
  return found;
}

/** Records the weekly test message to every destination where it is asked for and due; its id, where it is news. */
async function recordSelfTest(table: Table, { alerts, timeZone }: Config, time: IsoTime): Promise<string[]> {
  const { date } = lastDue(alerts.digests.hour, timeZone, time);
  const to = destinationNamesOf(alerts);
  const isDue = alerts.selfTest === 'weekly' && weekdayOf(date) === alerts.digests.weekday;
  if (!isDue || to.length === 0) return [];
  const successes = lastSuccesses(await getRunDays(table), time);
  const alert = selfTestAlert({ date, at: time, to, lastSuccesses: successes });
  return (await recordAlert(table, alert)) ? [alert.id] : [];
}

/** The outlet's name in the record of a delivery. */
const outlet = 'ses';

/**
 * Sends the digests for the whole as HTML, each once, where the configuration asks for it; their ids. One that SES
 * didn't take is tried again by each run of the day. An attempt that died is taken over by a later event alone, never
 * by the same one again: by then it is dead.
 */
export async function mailDigests(
  { table, ses }: { table: Table; ses: SESv2Client },
  { alerts: { digests }, timeZone }: Config,
  time: IsoTime,
): Promise<string[]> {
  if (digests.html === undefined) return [];
  const sent: string[] = [];
  for (const { cadence, period } of dueDigests(digests, timeZone, time)) {
    const alert = await getAlert(table, digestId(cadence, period.start));
    if (alert && (await mailOnce({ table, ses }, digests.html, alert, time))) sent.push(alert.id);
  }
  return sent;
}

async function mailOnce(
  { table, ses }: { table: Table; ses: SESv2Client },
  addresses: NonNullable<Config['alerts']['digests']['html']>,
  alert: Alert,
  time: IsoTime,
): Promise<boolean> {
  const attempt = {
    about: alert.id,
    part: 'COPY',
    outlet,
    alertAt: alert.at,
    messageId: outlet,
    receiveCount: Date.parse(time),
    now: time,
  } as const;
  const { state } = await once(table, attempt, {
    send: async () => {
      const { body: text } = toEmail(alert);
      await sendMail(ses, { ...addresses, subject: alert.title, html: toHtmlMail(alert), text });
      return { state: 'sent' };
    },
  });
  return state === 'sent';
}
