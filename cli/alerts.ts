import { userInfo } from 'node:os';
import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Alert } from '../shared/alert/alert.ts';
import { snoozeDays } from '../shared/alert/button.ts';
import { type Conversation, isSnoozed } from '../shared/alert/conversation.ts';
import { destinationsOf } from '../shared/alert/destination.ts';
import { toEmail } from '../shared/alert/email.ts';
import { digest, handleOf } from '../shared/alert/identity.ts';
import { createClient } from '../shared/aws/client.ts';
import { definedOf } from '../shared/defined.ts';
import { addDays, clockText, dateOf, type IsoTime } from '../shared/period.ts';
import { listConversations } from '../shared/store/conversations.ts';
import { type Delivery, forgetDelivery, listDeliveries } from '../shared/store/deliveries.ts';
import { flushOutbox, getAlert, replayAlert } from '../shared/store/outbox.ts';
import type { Table } from '../shared/store/table.ts';
import { answerProblem } from '../shared/watch/answer-problem.ts';
import { play, timesOn } from './demo-story.ts';
import { stackTable } from './incidents.ts';
import { InputError } from './input-error.ts';
import { drainQueue } from './local-runtime.ts';
import { type AccountOptions, printJson } from './options.ts';
import { openSession, type Session } from './session.ts';
import {
  type Cell,
  paint,
  print,
  printable,
  relativeTime,
  type Style,
  screenWidth,
  table as tableText,
  wrap,
} from './terminal.ts';

/** What a command takes that works on a stack's alerts. */
export type AlertOptions = AccountOptions & { table?: string; queue?: string };

/** Days for which a problem that is over is listed. */
const recentDays = 14;

/** `alerts`: the problems that people were told of: what is open, and what is over lately; changes nothing. */
export async function alertsCommand(options: AlertOptions & { all?: boolean }): Promise<void> {
  const session = await openSession(options);
  try {
    const known = await conversationsOf(await alertTable(session, options));
    const since = addDays(dateOf(session.now), -recentDays);
    const listed = known.filter(({ isOpen, at }) => options.all || isOpen || at >= since);
    if (options.format === 'json') printJson(listed.map((one) => ({ handle: handleOf(one), ...one })));
    else print(listText(listed, session.now));
  } finally {
    await session.close();
  }
}

/** `alerts show`: all that is known of one problem or alert: as it was told, and what became of it in each destination. */
export async function showAlertCommand(name: string, options: AlertOptions): Promise<void> {
  const session = await openSession(options);
  try {
    const table = await alertTable(session, options);
    const { alert, conversation } = await findAlert(table, name);
    const deliveries = await deliveriesOf(table, alert);
    if (options.format === 'json') printJson({ alert, conversation, deliveries });
    else print(shownText(alert, conversation, deliveries));
  } finally {
    await session.close();
  }
}

type AnswerOptions = AlertOptions & { by?: string; for?: string };

/** `alerts ack`, `alerts snooze`: what the buttons do, for those who have none; everybody reads it in the thread. */
export async function answerCommand(
  button: 'acknowledge' | 'snooze',
  name: string,
  options: AnswerOptions,
): Promise<void> {
  const choice = button === 'snooze' ? toChoice(options.for) : undefined;
  const session = await openSession(options);
  try {
    const table = await alertTable(session, options);
    const { alert } = await findAlert(table, name);
    const by = options.by ?? userInfo().username;
    const at = session.now;
    const id = `cli-${digest([alert.subject, button, choice, by, at].join(' '))}`;
    const press = { id, button, alertId: alert.id, user: { id: by, name: by }, at, ...definedOf({ choice }) };
    const costExplorer = createClient(CostExplorerClient, { region: 'us-east-1' });
    const outcome = await answerProblem({ table, costExplorer }, press, alert);
    if ('refusal' in outcome) throw new Error(outcome.refusal);
    const told = 'alertId' in outcome ? await getAlert(table, outcome.alertId) : undefined;
    const queue = queueUrl(session, options);
    await flushOutbox(table, createClient(SQSClient), queue);
    if (session.sample) await drainQueue(session.sample, queue, 'notify');
    if (options.format === 'json') printJson(outcome);
    else print(`${printable(told?.title ?? alert.title)}\n${wrap(told?.summary ?? '', screenWidth(), '  ')}`);
  } finally {
    await session.close();
  }
}

function toChoice(length: string | undefined): string {
  if (length !== undefined && snoozeDays.has(length)) return length;
  throw new InputError(`for how long? --for ${[...snoozeDays.keys()].join(' or --for ')}`);
}

type ReplayOptions = AlertOptions & { again?: boolean };

/**
 * `alerts replay`: hands an alert to the queue once more. What has it already isn't told twice, unless `--again` wants just
 * that.
 */
export async function replayCommand(name: string, options: ReplayOptions): Promise<void> {
  const session = await openSession(options);
  try {
    const table = await alertTable(session, options);
    const { alert } = await findAlert(table, name);
    const names = [...destinationsOf(session.config.alerts).keys()];
    if (options.again) await Promise.all(names.map((outlet) => forgetDelivery(table, alert, outlet)));
    await replayAlert(table, alert);
    const queue = queueUrl(session, options);
    await flushOutbox(table, createClient(SQSClient), queue);
    if (session.sample) await drainQueue(session.sample, queue, 'notify');
    if (options.format === 'json') printJson({ alertId: alert.id, again: options.again === true });
    else
      print(`${printable(alert.title)}\n  is in the queue again${options.again ? ', to be told anew' : ''}.`);
  } finally {
    await session.close();
  }
}

/** The alert queue: the output AlertQueueUrl of the stack. */
export function queueUrl({ sample }: Session, { queue }: AlertOptions): string {
  const url = queue ?? sample?.env['ALERT_QUEUE_URL'] ?? process.env['ALERT_QUEUE_URL'];
  if (!url) {
    throw new InputError(
      'no queue: name it with --queue, or in ALERT_QUEUE_URL; it is the output AlertQueueUrl of the stack (or try --sample)',
    );
  }
  return url;
}

/** The table that knows alerts. The sample account has told nobody anything until its day was played. */
export async function alertTable(session: Session, { table }: AlertOptions): Promise<Table> {
  if (session.sample) {
    await play({ ...session, sample: session.sample }, timesOn(dateOf(session.now)));
    session.sample.setNow(session.now);
  }
  return stackTable(session, table);
}

/** What is open first, the worst before the others, then what is over, the newest first. */
async function conversationsOf(table: Table): Promise<Conversation[]> {
  const known = await listConversations(table);
  return known.toSorted(
    (a, b) =>
      Number(b.isOpen) - Number(a.isOpen) ||
      (a.isOpen ? rank[a.severity] - rank[b.severity] : 0) ||
      b.at.localeCompare(a.at),
  );
}

const rank: Readonly<Record<Alert['severity'], number>> = { critical: 0, warning: 1, info: 2 };

/** The problem of a handle or subject, with the newest news of it, or the alert of an id. */
export async function findAlert(
  table: Table,
  name: string,
): Promise<{ alert: Alert; conversation?: Conversation }> {
  const known = await listConversations(table);
  const found = known.filter((one) => one.subject === name || handleOf(one) === name);
  const [conversation] = found;
  if (found.length > 1) throw new InputError(`"${name}" names ${found.length} problems: give its subject`);
  const alert = await getAlert(table, conversation?.alertId ?? name);
  if (alert === undefined) {
    throw new InputError(`no problem and no alert "${name}": watchdog alerts lists them`);
  }
  return { alert, ...(conversation && { conversation }) };
}

const severityStyle: Readonly<Record<Alert['severity'], Style>> = {
  critical: 'red',
  warning: 'yellow',
  info: 'dim',
};

function listText(listed: readonly Conversation[], now: IsoTime): string {
  if (listed.length === 0) return 'No problem was told of lately.';
  const rows = listed.map((one): Cell[] => [
    handleOf(one),
    one.isOpen
      ? { text: one.severity, style: severityStyle[one.severity] }
      : { text: 'over', style: 'green' },
    relativeTime(one.openedAt, now),
    one.owner ?? one.team ?? '-',
    standing(one, now),
    one.title,
  ]);
  return tableText(['id', 'severity', 'since', 'owner', 'standing', 'what'], rows);
}

/** What people have said of it last. */
function standing(one: Conversation, now: IsoTime): string {
  const { acknowledged, snoozed, answered, escalatedAt } = one;
  if (!one.isOpen) return '';
  if (answered) return `${answered.answer}, ${answered.by}`;
  if (snoozed && isSnoozed(one, now)) return `snoozed, ${snoozed.by}`;
  if (acknowledged) return `acknowledged, ${acknowledged.by}`;
  return escalatedAt ? 'told again' : '-';
}

type Told = Pick<Delivery, 'state' | 'why' | 'lastError' | 'since' | 'failures'> & { destination: string };

async function deliveriesOf(table: Table, alert: Alert): Promise<Told[]> {
  const known = await listDeliveries(table, alert.id);
  return known
    .filter(({ sk }) => sk.startsWith('DELIVERY#'))
    .map(({ sk, state, why, lastError, since, failures }) => ({
      destination: sk.slice('DELIVERY#'.length),
      state,
      since,
      failures,
      ...(why !== undefined && { why }),
      ...(lastError !== undefined && { lastError }),
    }));
}

function shownText(
  alert: Alert,
  conversation: Conversation | undefined,
  deliveries: readonly Told[],
): string {
  const { subject, body } = toEmail(alert);
  const rows = deliveries.map(({ destination, state, why, lastError, since, failures }): Cell[] => [
    destination,
    { text: state, style: state === 'sent' ? 'green' : 'yellow' },
    clockText(since),
    [why, lastError, failures > 0 ? `${failures} refused` : undefined]
      .filter((part) => part !== undefined)
      .join('; '),
  ]);
  return [
    paint('bold', printable(subject)),
    body
      .split('\n')
      .map((line) => `  ${printable(line)}`.trimEnd())
      .join('\n'),
    ...(conversation ? [`  ${paint('bold', 'Standing')}  ${standingText(conversation)}\n`] : []),
    rows.length === 0 ? '  Nobody has been told so far.' : tableText(['told in', 'state', 'since', ''], rows),
  ].join('\n');
}

function standingText({ isOpen, at, acknowledged, snoozed, answered, escalatedAt }: Conversation): string {
  const said = [
    isOpen ? 'open' : `over since ${clockText(at)}`,
    ...(acknowledged ? [`acknowledged by ${acknowledged.by} at ${clockText(acknowledged.at)}`] : []),
    ...(snoozed ? [`snoozed by ${snoozed.by} until ${clockText(snoozed.until)}`] : []),
    ...(answered ? [`${answered.answer}, says ${answered.by}, until ${clockText(answered.until)}`] : []),
    ...(escalatedAt ? [`told again at ${clockText(escalatedAt)}`] : []),
  ];
  return printable(said.join('; '));
}
