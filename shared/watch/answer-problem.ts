import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import type { Alert } from '../alert/alert.ts';
import { type Answer, answerAlert } from '../alert/answer-alert.ts';
import { snoozeDays } from '../alert/button.ts';
import { type Conversation, isAnswered } from '../alert/conversation.ts';
import type { Press } from '../alert/press.ts';
import { escaped } from '../alert/slack-text.ts';
import { allowedBy, type Feedback, toFeedback, validDays } from '../anomaly/feedback.ts';
import type { Incident } from '../anomaly/incident.ts';
import { tellAnomalyFeedback } from '../aws/anomaly-feedback.ts';
import { definedOf } from '../defined.ts';
import { addMilliseconds, clockText } from '../period.ts';
import { answerWrite, type ConversationChange, getConversation } from '../store/conversations.ts';
import { feedbackWrite } from '../store/feedback.ts';
import { getIncidents } from '../store/incidents.ts';
import { muteWrite } from '../store/mutes.ts';
import { recordAlert } from '../store/outbox.ts';
import { getPress, pressWrite } from '../store/presses.ts';
import type { Table, TransactItem } from '../store/table.ts';

/** What became of a press: told in an alert, refused with a reason for the user, or carried out by another delivery. */
export type PressOutcome = { alertId: string } | { refusal: string } | { known: true };

type Services = { table: Table; costExplorer: CostExplorerClient };

const dayMs = 86_400_000;

/**
 * Keeps what somebody answered to a problem, and the alert that says so, in one transaction; refused where the problem is
 * over, or somebody else was faster.
 */
export async function answerProblem(
  { table, costExplorer }: Services,
  press: Press,
  alert: Alert,
): Promise<PressOutcome> {
  const conversation = await getConversation(table, alert.subject);
  const objection = objectionTo(press, conversation);
  if (objection !== undefined || conversation === undefined) return { refusal: objection ?? forgotten };
  const found = await answerTo({ table, costExplorer }, press, alert, conversation);
  if ('refusal' in found) return found;
  const { answer, change, writes } = found;
  const told = answerAlert({ alert, title: conversation.title, answer, press });
  const isTold = await recordAlert(table, told, [
    pressWrite(table, press, { state: 'done' }),
    answerWrite(table, alert.subject, change),
    ...writes,
  ]);
  return isTold ? { alertId: told.id } : whatWasFaster(table, press, alert);
}

/** Something has changed since it was read: this press was carried out, the problem is over, or another answer is later. */
async function whatWasFaster(table: Table, press: Press, { subject }: Alert): Promise<PressOutcome> {
  const known = await getPress(table, press.id);
  if (known && known.state !== 'begun') return { known: true };
  const objection = objectionTo(press, await getConversation(table, subject));
  return { refusal: objection ?? 'A later answer to it is kept already.' };
}

const forgotten = 'Nothing is known of this problem any more: it was told too long ago.';

/** Why a problem as it stands takes no such answer. */
function objectionTo({ button, at }: Press, conversation: Conversation | undefined): string | undefined {
  if (conversation === undefined) return forgotten;
  const { isOpen, acknowledged, answered } = conversation;
  if (!isOpen) return `This was over on ${clockText(conversation.at)}.`;
  if (answered && isAnswered(conversation, at)) {
    const what = answered.answer === 'expected' ? 'that it is expected' : 'that it is no anomaly';
    return `${whoIs(answered.by)} has said ${what}; that holds until ${clockText(answered.until)}.`;
  }
  return button === 'acknowledge' && acknowledged
    ? `${whoIs(acknowledged.by)} has acknowledged it already, on ${clockText(acknowledged.at)}.`
    : undefined;
}

const whoIs = (by: string): string => (/^[UW][A-Z0-9]{2,}$/.test(by) ? `<@${by}>` : escaped(by));

/** What to tell of an answer, what it changes of the conversation, and what else is kept with it. */
type Found = { answer: Answer; change: ConversationChange; writes: readonly TransactItem[] };

function answerTo(
  services: Services,
  press: Press,
  alert: Alert,
  { costPerDay }: Conversation,
): Promise<Found | { refusal: string }> | Found | { refusal: string } {
  const { button, at, user, choice = '' } = press;
  const said = { at, by: user.id };
  if (button === 'acknowledge') {
    return { answer: { step: 'acknowledged' }, change: { acknowledged: said }, writes: [] };
  }
  if (button === 'snooze') {
    const days = snoozeDays.get(choice);
    if (days === undefined) return { refusal: 'It can be snoozed for 1 or 7 days.' };
    const until = addMilliseconds(at, days * dayMs);
    return {
      answer: { step: 'snoozed', days, until, costPerDay },
      change: { snoozed: { ...said, until, ...(costPerDay !== undefined && { costPerDay }) } },
      writes: [],
    };
  }
  return verdictOn(services, press, alert);
}

/** It is expected, or no anomaly: what that means for the incident, for AWS's own anomaly, and for what is alike. */
async function verdictOn(
  { table, costExplorer }: Services,
  press: Press,
  alert: Alert,
): Promise<Found | { refusal: string }> {
  const step = press.button === 'expected' ? 'expected' : 'not-an-anomaly';
  const own = await ownVerdict(table, press, alert, step);
  if ('refusal' in own) return own;
  const { anomalyId } = alert;
  const aws = anomalyId === undefined ? undefined : await tellAws(costExplorer, anomalyId, step);
  if (aws?.refusal !== undefined && own.writes.length === 0) {
    return { refusal: `Cost Anomaly Detection did not take it: ${escaped(aws.refusal)}` };
  }
  const { at, user, reason } = press;
  const { writes, until, ...meaning } = own;
  return {
    answer: { step, until, reason, aws, ...meaning },
    change: { answered: { at, by: user.id, answer: step, until, ...definedOf({ reason }) } },
    writes,
  };
}

type Step = 'expected' | 'not-an-anomaly';
type OwnVerdict = Pick<Extract<Answer, { incident?: unknown }>, 'until' | 'incident' | 'pattern'> & {
  writes: readonly TransactItem[];
};

/** What it means for what the watchdog itself tells: of an incident by feedback, of anything else by muting what is alike. */
async function ownVerdict(
  table: Table,
  press: Press,
  { incidentId, pattern }: Alert,
  step: Step,
): Promise<OwnVerdict | { refusal: string }> {
  const { at, user, reason, days = validDays[step] } = press;
  if (incidentId !== undefined) {
    const incident = await findIncident(table, incidentId);
    if (incident === undefined) return { refusal: forgotten };
    if (incident.end !== undefined && step === 'expected') {
      return { refusal: `This is over since ${incident.end}: "Not an anomaly" spares you its like.` };
    }
    const feedback = toFeedback(incident, { answer: step, days, at, by: user.name, reason });
    return {
      until: `${feedback.until}T00:00:00Z`,
      incident: scopeOf(incident, feedback),
      writes: [feedbackWrite(table, feedback)],
    };
  }
  const until = addMilliseconds(at, days * dayMs);
  if (step === 'not-an-anomaly' || pattern === undefined) return { until, writes: [] };
  return {
    until,
    pattern,
    writes: [muteWrite(table, { pattern, at, until, by: user.id, ...definedOf({ reason }) })],
  };
}

const findIncident = async (table: Table, id: string): Promise<Incident | undefined> =>
  (await getIncidents(table)).get(id)?.incident;

const scopeOf = ({ id, currency }: Incident, feedback: Feedback) => ({
  id,
  currency,
  until: feedback.until,
  allowed: allowedBy(feedback),
});

/** Before anything is recorded: told once more after a crash it says the same. */
const tellAws = async (
  client: CostExplorerClient,
  anomalyId: string,
  step: Step,
): Promise<{ refusal: string | undefined }> => ({
  refusal: await tellAnomalyFeedback(client, anomalyId, step === 'expected' ? 'PLANNED_ACTIVITY' : 'NO'),
});
