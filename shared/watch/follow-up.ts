import type { Alert } from '../alert/alert.ts';
import { isAnswered, isSnoozed } from '../alert/conversation.ts';
import { escalationAlert, heldSummary, reminderAlert } from '../alert/follow-up-alert.ts';
import { inBatches } from '../batches.ts';
import type { Config } from '../config.ts';
import { addMilliseconds, dateOf, type IsoTime } from '../period.ts';
import { answerWrite, getConversation } from '../store/conversations.ts';
import { forgetHeld, getHeld } from '../store/deliveries.ts';
import { getFeedback } from '../store/feedback.ts';
import { dueFollowUps, endFollowUp, endFollowUpWrite, type FollowUp } from '../store/follow-ups.ts';
import { getMute } from '../store/mutes.ts';
import { getAlert, recordAlert } from '../store/outbox.ts';
import type { Table } from '../store/table.ts';

/** How many problems were told again, and how many summaries of what was held back. */
export type FollowedUp = { escalated: number; reminded: number; released: number };

/** Longer than a delivery may take that decided to hold something back just before: ms. */
const settling = 120_000;

/**
 * Looks at what is due: problems that nobody acknowledged in their time, snoozes that ended, and what was held back until
 * now. Each is recorded with the end of its follow-up, so that it comes once however often this runs.
 */
export async function followUpAlerts(
  table: Table,
  policy: Config['alerts'],
  time: IsoTime,
): Promise<FollowedUp> {
  const done: FollowedUp = { escalated: 0, reminded: 0, released: 0 };
  for (const due of await dueFollowUps(table, addMilliseconds(time, -settling))) {
    if (due.what === 'escalate' && (await escalate(table, policy, due, time))) done.escalated += 1;
    if (due.what === 'remind' && (await remind(table, due, time))) done.reminded += 1;
    if (due.what === 'release' && (await release(table, due))) done.released += 1;
  }
  return done;
}

/** Tells a problem again that is open, and of which nobody has said anything. */
async function escalate(
  table: Table,
  policy: Config['alerts'],
  due: FollowUp,
  at: IsoTime,
): Promise<boolean> {
  const conversation = await getConversation(table, due.about);
  const isUnanswered =
    conversation?.isOpen &&
    !conversation.acknowledged &&
    !isAnswered(conversation, at) &&
    !conversation.escalatedAt &&
    !isSnoozed(conversation, at);
  const newest = isUnanswered ? await getAlert(table, conversation.alertId) : undefined;
  if (newest === undefined || policy.escalation === undefined || (await isFine(table, newest, at))) {
    await endFollowUp(table, due);
    return false;
  }
  const { hours, to } = policy.escalation;
  return recordAlert(table, escalationAlert(newest, { hours, to, at }), [
    answerWrite(table, due.about, { escalatedAt: at }),
    endFollowUpWrite(table, due),
  ]);
}

/** Whether somebody has said so of it on the command line, or of its like: that stands in no conversation. */
async function isFine(table: Table, { pattern, incidentId }: Alert, at: IsoTime): Promise<boolean> {
  if (pattern !== undefined && (await getMute(table, pattern, at)) !== undefined) return true;
  if (incidentId === undefined) return false;
  const said = await getFeedback(table);
  return said.some((one) => one.incidentId === incidentId && dateOf(at) < one.until);
}

/** Tells that a problem is still there, unless it was snoozed again. */
async function remind(table: Table, due: FollowUp, at: IsoTime): Promise<boolean> {
  const conversation = await getConversation(table, due.about);
  const snoozed = conversation?.isOpen && !isAnswered(conversation, at) ? conversation.snoozed : undefined;
  const newest =
    conversation && snoozed?.until === due.due ? await getAlert(table, conversation.alertId) : undefined;
  if (newest === undefined || snoozed === undefined) {
    await endFollowUp(table, due);
    return false;
  }
  return recordAlert(table, reminderAlert(newest, snoozed, at), [
    answerWrite(table, due.about, { snoozed: null }),
    endFollowUpWrite(table, due),
  ]);
}

const atOnce = 25;

/**
 * Tells in one summary what was held back for a destination. Nothing is added to it any more, so that the summary of a run
 * that died before it had forgotten everything is the same.
 */
async function release(table: Table, due: FollowUp): Promise<boolean> {
  const { about: destination, due: until } = due;
  const held = await getHeld(table, destination, until);
  let isNew = false;
  if (held.length > 0) {
    const alerts = [];
    for (const some of inBatches(held, atOnce)) {
      alerts.push(...(await Promise.all(some.map(({ alertId }) => getAlert(table, alertId)))));
    }
    const known = alerts.filter((alert) => alert !== undefined);
    const reason = held.every((one) => one.reason === 'too many') ? 'too many' : 'quiet hours';
    if (known.length > 0)
      isNew = await recordAlert(table, heldSummary(known, { destination, reason, until }));
  }
  for (const some of inBatches(held, atOnce)) {
    await Promise.all(some.map(({ alertId }) => forgetHeld(table, destination, until, alertId)));
  }
  await endFollowUp(table, due);
  return isNew;
}
