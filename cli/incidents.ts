import { allowedBy, type Feedback, isMuted } from '../shared/anomaly/feedback.ts';
import type { Incident } from '../shared/anomaly/incident.ts';
import { formatMoney } from '../shared/money.ts';
import { addDays, dateOf, type IsoDate, type IsoTime } from '../shared/period.ts';
import { getFeedback } from '../shared/store/feedback.ts';
import { getIncidents } from '../shared/store/incidents.ts';
import { openTable, type Table } from '../shared/store/table.ts';
import { InputError } from './input-error.ts';
import { readEvent, runFunction, sampleEventFile } from './local-runtime.ts';
import { type AccountOptions, printJson } from './options.ts';
import { openSession, type Session } from './session.ts';
import { paint, print, printable, type Style } from './terminal.ts';

/** What a command takes that works on a stack's incidents. */
export type IncidentOptions = AccountOptions & { table?: string };

/** Days for which an incident that is over is listed. */
const recentDays = 30;

/** `incidents`: what is open, and what ended lately; changes nothing. */
export async function incidentsCommand(options: IncidentOptions): Promise<void> {
  const session = await openSession(options);
  try {
    const listed = await listIncidents(await incidentTable(session, options), session.now);
    if (options.format === 'json') printJson(listed.map(toEntry));
    else print(incidentsText(listed));
  } finally {
    await session.close();
  }
}

/** The table that remembers incidents. The sample account's is empty until its bill of the day has been read. */
export async function incidentTable(session: Session, { table }: IncidentOptions): Promise<Table> {
  if (session.sample) await readSampleBill(session.now);
  return stackTable(session, table);
}

/** The stack's table, by its name where one is given. Throws an InputError where nobody names it. */
export function stackTable(session: Pick<Session, 'table'>, name?: string): Table {
  const found = name === undefined ? session.table : openTable(name);
  if (found === undefined) {
    throw new InputError(
      'no table: name it with --table, or in TABLE_NAME; it is the output TableName of the stack (or try --sample)',
    );
  }
  return found;
}

async function readSampleBill(time: IsoTime): Promise<void> {
  process.env['POWERTOOLS_LOG_LEVEL'] ??= 'ERROR'; // the run's log line is no part of the answer
  const event = (await readEvent(sampleEventFile('watch-spend.json'))) as object;
  await runFunction('watch-spend', { ...event, time }, time);
}

/** An incident, and what was said of it. */
export type Listed = { incident: Incident; feedback?: Feedback | undefined };

/** What is open, the dearest first, then what ended lately, the newest first; each leak once. */
export async function listIncidents(table: Table, now: IsoTime): Promise<Listed[]> {
  const stored = await getIncidents(table);
  const feedback = new Map((await getFeedback(table)).map((one) => [one.incidentId, one]));
  const since = addDays(dateOf(now), -recentDays);
  return [...stored.values()]
    .map(({ incident }) => ({ incident, feedback: feedback.get(incident.id) }))
    .filter(({ incident: { end, partOf } }) => partOf === undefined && (end === undefined || end >= since))
    .toSorted((a, b) => byUrgency(a.incident, b.incident));
}

const byUrgency = (a: Incident, b: Incident): number =>
  Number(a.end !== undefined) - Number(b.end !== undefined) ||
  (b.end ?? '').localeCompare(a.end ?? '') ||
  b.excessPerDay - a.excessPerDay ||
  a.id.localeCompare(b.id);

const toEntry = ({ incident, feedback }: Listed) => ({
  id: incident.id,
  scope: incident.scope,
  status: statusOf({ incident, feedback }),
  start: incident.start,
  end: incident.end ?? null,
  impact: incident.impact,
  excessPerDay: incident.excessPerDay,
  currency: incident.currency,
  reason: incident.reason,
  feedback: feedback && { answer: feedback.answer, through: throughOf(feedback), by: feedback.by },
});

/** The last day for which an answer holds. */
export const throughOf = ({ until }: Feedback): IsoDate => addDays(until, -1);

const styles: Readonly<Record<Incident['status'], Style>> = {
  open: 'red',
  recovered: 'green',
  accepted: 'dim',
  muted: 'dim',
};

/** What is open, and was said to be fine, is muted. */
const statusOf = ({ incident, feedback }: Listed): Incident['status'] =>
  incident.status === 'open' && isMuted(incident, feedback) ? 'muted' : incident.status;

/** The incidents as people read them: each id in a line of its own, to be copied whole. */
export function incidentsText(listed: readonly Listed[]): string {
  if (listed.length === 0) return `No incident is open, and none ended in the last ${recentDays} days.`;
  const answer = 'watchdog feedback "<id>" expected | not-an-anomaly | planned --until DATE';
  return [...listed.map(incidentText), `  ${paint('dim', `To answer one: ${answer}`)}`].join('\n\n');
}

function incidentText({ incident, feedback }: Listed): string {
  const status = statusOf({ incident, feedback });
  const { id, start, end, excessPerDay, impact, currency } = incident;
  const money = (amount: number) => formatMoney(amount, currency);
  const span = end === undefined ? `since ${start}` : `${start} through ${addDays(end, -1)}`;
  const rate = end === undefined ? `${money(excessPerDay)} a day above expected, ` : '';
  const lines = [
    paint('bold', printable(id)),
    `${paint(styles[status], status)} ${span}: ${rate}${money(impact)} ${end === undefined ? 'so far' : 'above expected'}`,
    ...answerText({ incident, feedback }),
  ];
  return lines.map((line, index) => `${index === 0 ? '  ' : '    '}${line}`).join('\n');
}

/** `expected through 2026-12-15 (dana)` */
function answerText({ incident, feedback }: Listed): string[] {
  if (feedback === undefined) return [];
  const by = feedback.by === undefined ? '' : ` (${printable(feedback.by)})`;
  const exceeds = incident.status === 'open' && incident.excessPerDay > allowedBy(feedback);
  return [
    `${feedback.answer} through ${throughOf(feedback)}${by}${exceeds ? ', and told, for it goes beyond that' : ''}`,
  ];
}
