import { type Alert, isAnswer, isNews, type News } from '../alert/alert.ts';
import type { Conversation } from '../alert/conversation.ts';
import {
  type AlertPolicy,
  type Destination,
  destinationsOf,
  routeAlert,
  routedAtOtherSeverity,
} from '../alert/destination.ts';
import { isEscalated } from '../alert/escalation.ts';
import { holdOf, hourOf, isHushed } from '../alert/hold.ts';
import { type QueueMessage, RetryLater } from '../lambda.ts';
import { logger } from '../observability.ts';
import { DeliveryError } from '../outlet/delivery-error.ts';
import { addMilliseconds, type IsoTime } from '../period.ts';
import type { ScheduleContext } from '../schedule/schedule.ts';
import { getConversation, noteNews } from '../store/conversations.ts';
import {
  type Attempt,
  BusyError,
  countMessage,
  getDelivery,
  isSettled,
  isTold,
  noteTold,
  type Settled,
  settleDelivery,
} from '../store/deliveries.ts';
import { putFollowUp } from '../store/follow-ups.ts';
import { getMute } from '../store/mutes.ts';
import type { Table } from '../store/table.ts';
import { type End, once } from './deliver-once.ts';
import type { Outlet } from './outlets.ts';
import { type Draw, isForThreadsOnly, isLoud, tellAnswer, tellNews, tellSilently } from './tell-in-thread.ts';

type Escalation = { hours: number; severity: Alert['severity']; to?: readonly string[] | undefined };

/** What telling takes. */
export type Teller = {
  table: Table;
  /** Where alerts go. */
  policy: AlertPolicy & { escalation?: Escalation | undefined };
  /** What times in the configuration refer to. */
  hours: ScheduleContext;
  open: (destination: Destination) => Outlet;
  /** Absent: without charts. */
  draw?: Draw | undefined;
};

/** Of one alert, by destination: how its delivery ended now, or that it had ended before. */
export type Notified = { alertId: string; outlets: Record<string, Settled | 'known'> };

/**
 * Tells one alert in each of its destinations, once: a message that comes twice, a second message for the same alert
 * and a retry find what was delivered. News of a problem that somebody muted or snoozed make no sound; what comes in quiet
 * hours, or too much at a time, waits for a summary. Where one destination fails the others are still served; what it
 * can't take goes to its fallback. While something is left to do it throws a RetryLater, so that the queue brings the
 * message back, and parks it in the end.
 *
 * `now` is when the message reached the function: a delivery has no other time. It decides when something is shown, never
 * what it says.
 *
 * Where Slack is spoken to as a bot, it is asked what it has before anything is shown again. A webhook and SNS can't be
 * asked: a process that dies between their answer and our record of it, or an answer that gets lost, makes a second copy
 * there, which says that it may be one.
 */
export async function notify(teller: Teller, message: QueueMessage<Alert>, now: IsoTime): Promise<Notified> {
  const { table, policy } = teller;
  const { body: alert } = message;
  const destinations = destinationsOf(policy);
  const usual = routeAlert(alert, policy, destinations);
  const routed = [...usual, ...(await alsoToldIn(teller, alert, usual, destinations))];
  if (routed.length === 0) {
    throw new Error('No destination: set alerts.slack, or alerts.email and ALERT_TOPIC_ARN');
  }
  const conversation = await currentConversation(teller, alert);
  const silence = await silenceOf(table, alert, conversation, now);
  const telling: Telling = { teller, alert, conversation, silence, destinations, routed, message, now };
  const results = await Promise.allSettled(routed.map((destination) => attempt(telling, destination)));
  const outlets: Notified['outlets'] = {};
  const failures: Failed[] = [];
  // One after the other: two that fail may have the same fallback, and one may be the fallback of the other.
  for (const [index, destination] of routed.entries()) {
    const result = results[index];
    if (result?.status !== 'rejected') outlets[destination.name] = result?.value ?? 'known';
    else {
      const left = await divert(telling, destination, result.reason);
      if (left.length === 0) outlets[destination.name] = 'diverted';
      failures.push(...left);
    }
  }
  if (failures.length > 0) throw laterFor(alert, failures, message.receiveCount);
  return { alertId: alert.id, outlets };
}

/**
 * What has heard of a problem while it was worse, or less bad, or unanswered, or another one was down, hears also what
 * becomes of it.
 */
async function alsoToldIn(
  { table, policy }: Teller,
  alert: Alert,
  usual: readonly Destination[],
  destinations: ReadonlyMap<string, Destination>,
): Promise<Destination[]> {
  if (alert.step === undefined || alert.step === 'opened' || alert.to !== undefined) return [];
  const names = [...(policy.escalation?.to ?? []), ...usual.flatMap(({ fallback }) => fallback ?? [])];
  const others = new Set([
    ...routedAtOtherSeverity(alert, policy, destinations),
    ...names.flatMap((name) => destinations.get(name) ?? []),
  ]);
  const found: Destination[] = [];
  for (const destination of others) {
    if (usual.includes(destination)) continue;
    if (await isTold(table, alert.subject, destination.name)) found.push(destination);
  }
  return found;
}

/** What is known of the problem once this news, or this answer, is: noted first, so that all see the same. */
async function currentConversation(
  { table, policy }: Teller,
  alert: Alert,
): Promise<Conversation | undefined> {
  if (alert.step === undefined) return undefined;
  // What is told again says nothing new of the problem.
  if (isNews(alert) && !repeating.has(alert.step)) {
    await noteNews(table, alert);
    await followUp(table, alert, policy.escalation);
  }
  const conversation = await getConversation(table, alert.subject);
  if (alert.step === 'snoozed' && conversation?.snoozed) {
    await putFollowUp(table, { due: conversation.snoozed.until, what: 'remind', about: alert.subject });
  }
  return conversation;
}

const repeating: ReadonlySet<News['step']> = new Set(['escalated', 'reminded']);

/** It is looked at again at the time by which somebody should have acknowledged it. */
async function followUp(table: Table, alert: News, escalation: Escalation | undefined): Promise<void> {
  if (escalation === undefined || !isEscalated(alert, escalation)) return;
  const due = addMilliseconds(alert.at, escalation.hours * 3_600_000);
  await putFollowUp(table, { due, what: 'escalate', about: alert.subject });
}

/** Why an alert is to make no sound, if it isn't: somebody put it off, or said that its like is expected. */
async function silenceOf(
  table: Table,
  alert: Alert,
  conversation: Conversation | undefined,
  now: IsoTime,
): Promise<string | undefined> {
  if (isHushed(alert, conversation, now)) return `snoozed until ${conversation?.snoozed?.until}`;
  if (alert.pattern === undefined || !mutable.has(alert.step)) return undefined;
  const mute = await getMute(table, alert.pattern, now);
  return mute && `expected until ${mute.until}, says ${mute.by}`;
}

/** What is over, and what somebody has answered, is shown where the problem has a message. */
const mutable: ReadonlySet<Alert['step']> = new Set([
  undefined,
  'opened',
  'grown',
  'reminded',
  'escalated',
  'reopened',
]);

/** An alert on its way. */
type Telling = {
  teller: Teller;
  alert: Alert;
  conversation: Conversation | undefined;
  /** Why it makes no sound; undefined where it does. */
  silence: string | undefined;
  destinations: ReadonlyMap<string, Destination>;
  /** Those that it goes to. */
  routed: readonly Destination[];
  message: QueueMessage<Alert>;
  now: IsoTime;
};

async function attempt(
  telling: Telling,
  destination: Destination,
  note?: string,
): Promise<Settled | 'known'> {
  const { teller, alert } = telling;
  const outlet = teller.open(destination);
  const isInThread = outlet.bot !== undefined && (alert.step !== undefined || alert.inThreadOf !== undefined);
  const { find } = outlet;
  const { state } = await once(teller.table, attemptOf(telling, destination.name), {
    send: ({ isFirst, unsettledSince }) => {
      const how = { outlet, destination, isFirst, since: unsettledSince, note };
      return isInThread ? showInThread(telling, how) : show(telling, how);
    },
    find: isInThread || find === undefined ? undefined : (since) => find(alert, since),
    isHeard: alert.kind === 'stop-warning' ? outlet.isHeard : undefined,
  });
  return state;
}

type How = {
  outlet: Outlet;
  destination: Destination;
  isFirst: boolean;
  /** Since when an earlier attempt may have shown it. */
  since: IsoTime | undefined;
  /** Why it is told here, where it was meant for another destination. */
  note?: string | undefined;
};

const maybeCopy = 'This may be a second copy: whether the first one arrived is not known.';
const threadsOnly = 'shown only in the thread of what it is about';

/** As a message of its own. */
async function show(telling: Telling, { outlet, note, ...how }: How): Promise<End> {
  const { alert, silence } = telling;
  if (silence !== undefined) return { state: 'silent', why: silence };
  if (isForThreadsOnly(alert)) return { state: 'silent', why: threadsOnly };
  const hold = await holdFor(telling, how);
  if (hold) return hold;
  await remember(telling, { ...how, note });
  const copy = how.since !== undefined && outlet.find === undefined ? maybeCopy : undefined;
  return { state: 'sent', ref: await outlet.show(alert, note ?? copy) };
}

/** Notes where a problem is told, where what comes of it may be routed elsewhere. */
async function remember(
  { teller, alert }: Telling,
  { destination: { name }, note }: Pick<How, 'destination' | 'note'>,
): Promise<void> {
  const bySeverity = teller.policy.routes.some(({ severity }) => severity !== undefined);
  const isElsewhere = bySeverity || alert.to !== undefined || note !== undefined;
  if (isNews(alert) && isElsewhere) await noteTold(teller.table, alert, name);
}

/** In the message that all news of the problem share, or below it. */
async function showInThread(telling: Telling, { outlet, since, ...how }: How): Promise<End> {
  const { teller, alert, conversation, silence } = telling;
  const { table, draw } = teller;
  if (outlet.bot === undefined) return { state: 'silent', why: threadsOnly };
  const channel = { table, draw, ...outlet.bot };
  const { about: _, part: __, ...attempted } = attemptOf(telling, how.destination.name);
  if (isAnswer(alert) || alert.inThreadOf !== undefined) {
    const ref = await tellAnswer(channel, alert, attempted, since);
    return ref ? { state: 'sent', ref } : { state: 'silent', why: threadsOnly };
  }
  if (silence !== undefined || isForThreadsOnly(alert)) {
    await tellSilently(channel, alert, attempted, since);
    return { state: 'silent', why: silence ?? threadsOnly };
  }
  const isThere = await hasMessage(telling, how.destination);
  const hold = isThere && !isLoud(alert) ? undefined : await holdFor(telling, how);
  if (hold && !isThere) return hold;
  await remember(telling, how);
  const isQuiet = hold !== undefined;
  return {
    state: 'sent',
    ref: await tellNews(channel, alert as News, conversation, {
      ...attempted,
      since,
      isQuiet,
      note: how.note,
    }),
  };
}

/**
 * Whether a problem has its message in a destination: what comes of it goes there, and not into a summary; also where that
 * isn't known for sure.
 */
async function hasMessage({ teller, alert }: Telling, { name }: Destination): Promise<boolean> {
  const root = await getDelivery(teller.table, { about: alert.subject, part: 'ROOT', outlet: name });
  return root !== undefined && root.state !== 'failed';
}

/** What keeps it from being shown now, with the summary that is to come of it; undefined where nothing does. */
async function holdFor(
  { teller: { table, hours }, alert, now }: Telling,
  { destination, isFirst }: Pick<How, 'destination' | 'isFirst'>,
): Promise<Extract<End, { state: 'held' }> | undefined> {
  const { name } = destination;
  const sent = isFirst ? await countMessage(table, name, hourOf(now)) : 0;
  const hold = holdOf(alert, destination, { now, hours, sent });
  if (hold === undefined) return undefined;
  await putFollowUp(table, { due: hold.until, what: 'release', about: name });
  return { state: 'held', hold };
}

/** Refusals after which another destination tells it: an outage may be over in a minute. */
const patience = 3;

/** A destination that didn't take an alert, and why. */
type Failed = { name: string; error: unknown };

/**
 * Tells in its fallback what a destination didn't take; returns what is still to be done where nobody has it now. Once it
 * is told there it counts as told: it doesn't come twice, late. Where the alert goes to the fallback anyway, it must have
 * arrived: of two that are down neither takes over for the other.
 */
async function divert(telling: Telling, destination: Destination, error: unknown): Promise<Failed[]> {
  const { teller, alert, routed } = telling;
  const problem = messageOf(error);
  const failed: Failed = { name: destination.name, error };
  const fallback = await fallbackFor(telling, destination, error);
  if (fallback === undefined) return [failed];
  try {
    const note = `Meant for ${destination.name}, which could not take it: ${problem}`;
    const isTold = routed.includes(fallback)
      ? await isToldIn(telling, fallback)
      : await attempt(telling, fallback, note);
    if (isTold === false) return [failed];
    const end = { state: 'diverted', why: `to ${fallback.name}: ${problem}` } as const;
    await settleDelivery(teller.table, attemptOf(telling, destination.name), end);
  } catch (also) {
    return [failed, { name: fallback.name, error: also }];
  }
  logger.error('destination failed', {
    destination: destination.name,
    problem,
    alertId: alert.id,
    toldIn: fallback.name,
  });
  return [];
}

/** Who takes over: nobody for what may pass in a minute, and nobody who isn't heard. */
async function fallbackFor(
  telling: Telling,
  destination: Destination,
  error: unknown,
): Promise<Destination | undefined> {
  const { teller, destinations } = telling;
  const fallback = destinations.get(destination.fallback ?? '');
  if (fallback === undefined || !(error instanceof DeliveryError)) return undefined;
  const known = await getDelivery(teller.table, attemptOf(telling, destination.name));
  if (!error.isLasting && (known?.failures ?? 0) < patience) return undefined;
  const isHeard =
    (await teller
      .open(fallback)
      .isHeard?.()
      .catch(() => false)) ?? true;
  return isHeard ? fallback : undefined;
}

const isToldIn = async (telling: Telling, { name }: Destination): Promise<boolean> => {
  const known = await getDelivery(telling.teller.table, attemptOf(telling, name));
  return known !== undefined && isSettled(known.state);
};

const attemptOf = ({ alert, message, now }: Telling, outlet: string): Attempt => ({
  about: alert.id,
  part: 'DELIVERY',
  outlet,
  alertAt: alert.at,
  messageId: message.messageId,
  receiveCount: message.receiveCount,
  now,
});

/** Seconds for which a message is hidden that another delivery is at: longer than the function may run. */
const busySeconds = 90;
const firstPause = 15; // s
const longestPause = 900; // s

/** All that failed, and when to try again: exponentially later, no two at the same time, and not before Slack wants it. */
function laterFor(alert: Alert, failures: readonly Failed[], receiveCount: number): RetryLater {
  const usual = Math.min(longestPause, firstPause * 2 ** (receiveCount - 1)) * (0.5 + Math.random() / 2);
  const pauses = failures.map(({ error }) => {
    if (error instanceof BusyError) return busySeconds;
    const asked = error instanceof DeliveryError ? error.pauseMs : undefined;
    return asked === undefined ? usual : asked / 1000 + Math.random();
  });
  const problems = failures.map(({ name, error }) => `${name}: ${messageOf(error)}`).join('; ');
  return new RetryLater(`${alert.id} was not delivered: ${problems}`, Math.ceil(Math.max(...pauses)));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
