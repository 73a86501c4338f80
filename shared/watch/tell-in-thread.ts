import { type Alert, type AlertChart, isAnswer, type News } from '../alert/alert.ts';
import { sparkLine } from '../alert/chart.ts';
import type { Conversation } from '../alert/conversation.ts';
import { alertId } from '../alert/identity.ts';
import { toSlackMessage, toSlackReply } from '../alert/slack.ts';
import { logger } from '../observability.ts';
import { DeliveryError } from '../outlet/delivery-error.ts';
import { type SlackApi, SlackApiError } from '../outlet/slack-api.ts';
import {
  findMessage,
  isShared,
  type Posted,
  postMessage,
  sharePicture,
  updateMessage,
  uploadPicture,
} from '../outlet/slack-bot.ts';
import type { IsoTime } from '../period.ts';
import { getConversation } from '../store/conversations.ts';
import {
  type Attempt,
  BusyError,
  type Delivery,
  getDelivery,
  keepFile,
  markShown,
} from '../store/deliveries.ts';
import { getAlert } from '../store/outbox.ts';
import type { Table } from '../store/table.ts';
import { once } from './deliver-once.ts';
import { markerOf } from './outlets.ts';

/** Draws a chart under a title, as PNG. */
export type Draw = (chart: AlertChart, title: string) => Promise<Uint8Array>;

/** A channel, and what news of a problem need to share a message there. */
type Channel = {
  table: Table;
  api: SlackApi;
  /** An id, or `#name`. */
  channel: string;
  hasButtons: boolean;
  draw?: Draw | undefined;
};

type Attempted = Omit<Attempt, 'about' | 'part'>;

/**
 * `since`: from when on an earlier attempt may have shown it; `isQuiet`: it is to disturb nobody now; `note`: a line on how
 * it got here.
 */
type Telling = { since: IsoTime | undefined; isQuiet?: boolean | undefined; note?: string | undefined };

/** Whether an alert can only be shown where the problem has a message already: it is no news to anybody else. */
export const isForThreadsOnly = (alert: Alert): boolean =>
  isAnswer(alert) ||
  alert.inThreadOf !== undefined ||
  (alert.step === 'recovered' && (alert.kind === 'utilization' || alert.kind === 'job-failure'));

/**
 * Shows news of a problem in its one message, which is posted if it isn't there yet, and tells what is new as a reply.
 * Whatever order news come in, the message ends up with the newest of them, and each but the opening has its reply.
 */
export async function tellNews(
  channel: Channel,
  alert: News,
  conversation: Conversation | undefined,
  { since, isQuiet, note, ...attempt }: Attempted & Telling,
): Promise<Posted> {
  const { root, isNew } = await postRoot(channel, { alert, conversation, note }, attempt);
  // Its message has just come to the channel: the same once more would be too much.
  const how = { since, isQuiet: isQuiet || isNew, note };
  const reply = alert.step === 'opened' ? root : await postReply(channel, alert, root, how);
  await refreshRoot(channel, alert.subject, root, { ...attempt, since });
  return reply;
}

const rootMarker = (subject: string): string => alertId('problem', subject);

/** The problem's message in the channel; posted now unless it is there, which `isNew` says. */
async function postRoot(
  channel: Channel,
  {
    alert,
    conversation,
    note,
  }: { alert: News; conversation: Conversation | undefined; note?: string | undefined },
  attempted: Attempted,
): Promise<{ root: Posted; isNew: boolean }> {
  const { table, api } = channel;
  const { subject } = alert;
  const attempt: Attempt = { ...attempted, about: subject, part: 'ROOT' };
  const marker = rootMarker(subject);
  const { ref, state } = await once(table, attempt, {
    send: async () => {
      const message = toSlackMessage(alert, { conversation, note, marker, hasButtons: channel.hasButtons });
      return { state: 'sent', ref: await postMessage(api, { channel: channel.channel, message }) };
    },
    find: (since) => findMessage(api, { channel: channel.channel, marker, since }),
  });
  if (ref === undefined) throw new Error(`${subject} has no message in ${attempted.outlet}`);
  const isNewest = conversation?.alertId === alert.id;
  if (state === 'sent' && isNewest) {
    await markShown(table, attempt, { version: conversation.version, edits: 0 });
  }
  if (alert.chart)
    await shareChart(channel, { ...alert, chart: alert.chart }, ref, { ...attempt, part: 'CHART' });
  return { root: ref, isNew: state === 'sent' };
}

/** A reply that says what is new. What got worse shows in the channel, too, unless nothing is to disturb anybody there. */
async function postReply(
  { api }: Channel,
  alert: Alert,
  root: Posted,
  { since, isQuiet = false, note }: Telling,
): Promise<Posted> {
  const marker = markerOf(alert);
  const found =
    since && (await findMessage(api, { channel: root.channel, marker, since, threadTs: root.ts }));
  if (found) return found;
  return postMessage(api, {
    channel: root.channel,
    message: toSlackReply(alert, { marker, note }),
    threadTs: root.ts,
    isBroadcast: isLoud(alert) && !isQuiet,
  });
}

/** Whether everybody in the channel hears of it, and not only those who follow the thread. */
export const isLoud = ({ step }: Alert): boolean => worse.has(step);

const worse: ReadonlySet<Alert['step']> = new Set(['grown', 'escalated', 'reopened', 'reminded']);

/**
 * Brings the message up to what is known by now; the same again changes nothing that anybody sees. `since`: an earlier
 * attempt may have died over it, and what it wrote may have arrived after what others wrote.
 */
async function refreshRoot(
  channel: Channel,
  subject: string,
  root: Posted,
  { outlet, since }: Pick<Attempt, 'outlet'> & { since: IsoTime | undefined },
): Promise<void> {
  const { table, api } = channel;
  const key = { about: subject, part: 'ROOT', outlet } as const;
  let isStale = since !== undefined;
  do {
    const shown = await getDelivery(table, key);
    const conversation = await getConversation(table, subject);
    if (shown === undefined || conversation === undefined) return;
    if (!isStale && (shown.shown ?? 0) >= conversation.version) return;
    const newest = await getAlert(table, conversation.alertId);
    if (newest === undefined) return;
    const message = toSlackMessage(newest, {
      conversation,
      marker: rootMarker(subject),
      hasButtons: channel.hasButtons,
    });
    await updateMessage(api, root, message).catch(afterwards);
    const { version } = conversation;
    // Whose change came last nobody knows where two were made at the same time: the newest is written again.
    isStale = !(await markShown(table, key, { version, edits: shown.edits }));
  } while (isStale);
}

/** What Slack never lets us change again: deleted, too old for the workspace's rules, or of an app that was replaced. */
const unchangeable: ReadonlySet<string | undefined> = new Set([
  'message_not_found',
  'edit_window_closed',
  'cant_update_message',
]);

/** What fails after a reply was shown hasn't undone that. A message that can't be changed any more stays as it is. */
function afterwards(error: unknown): void {
  if (error instanceof SlackApiError && unchangeable.has(error.code)) {
    logger.warn('message stays as it is', { problem: error.message });
    return;
  }
  if (!(error instanceof DeliveryError)) throw error;
  const { message, isLasting, pauseMs } = error;
  throw new DeliveryError(message, { isLasting, pauseMs });
}

/** Answers stand in the thread of what they answer, wherever that has a message; returns whether it has one here. */
export async function tellAnswer(
  channel: Channel,
  alert: Alert,
  attempt: Attempted,
  since: IsoTime | undefined,
): Promise<Posted | undefined> {
  const { table } = channel;
  const { outlet } = attempt;
  const about = alert.inThreadOf ?? alert.subject;
  const part = alert.inThreadOf === undefined ? 'ROOT' : 'DELIVERY';
  const answered = await getDelivery(table, { about, part, outlet });
  if (answered?.ref === undefined) {
    if (mayAppear(answered, attempt)) throw new BusyError(`${about} is on its way to ${outlet}: again later`);
    return undefined;
  }
  const reply = await postReply(channel, alert, answered.ref, { since });
  if (part === 'ROOT') await refreshRoot(channel, alert.subject, answered.ref, { outlet, since });
  return reply;
}

/** Where it is shown and not yet known to be: somebody has answered what they saw. Whatever died over it comes again once. */
const mayAppear = (
  answered: Delivery | undefined,
  { receiveCount }: Pick<Attempt, 'receiveCount'>,
): boolean => (answered?.state === 'sending' || answered?.state === 'unknown') && receiveCount < maxWaits;

/** More than one message that dies takes to come again. */
const maxWaits = 6;

/** Brings the message of a problem up to date where it has one, without a word in its thread. */
export async function tellSilently(
  channel: Channel,
  alert: Alert,
  { outlet }: Pick<Attempt, 'outlet'>,
  since: IsoTime | undefined,
): Promise<Posted | undefined> {
  const root = await getDelivery(channel.table, {
    about: alert.subject,
    part: 'ROOT',
    outlet,
  });
  if (root?.ref) await refreshRoot(channel, alert.subject, root.ref, { outlet, since });
  return root?.ref;
}

type Charted = Pick<Alert, 'id' | 'title'> & { chart: AlertChart };

/** A picture adds to a message and never holds it up: what can't be drawn or shared is left out, with a line in the log. */
async function shareChart(channel: Channel, alert: Charted, root: Posted, attempt: Attempt): Promise<void> {
  const { table, api, draw } = channel;
  if (draw === undefined) return;
  const title = `Daily spend: ${alert.title}`;
  try {
    await once(table, attempt, {
      send: async () => {
        const fileId = await uploadPicture(api, {
          name: 'spend.png',
          title,
          alt: `${title}: ${sparkLine(alert.chart)}`.slice(0, 900),
          bytes: await draw(alert.chart, alert.title),
        });
        await keepFile(table, attempt, fileId);
        await sharePicture(api, root, { fileId, title });
        return { state: 'sent', ref: root };
      },
      find: async () => {
        const known = await getDelivery(table, attempt);
        const isThere = known?.fileId !== undefined && (await isShared(api, root, known.fileId));
        return isThere ? root : undefined;
      },
    });
  } catch (error) {
    logger.warn('chart left out', { alertId: alert.id, problem: String(error) });
  }
}
