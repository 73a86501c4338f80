import { definedOf } from '../defined.ts';
import { formatMoney, type Usd } from '../money.ts';
import { addDays, clockText, dateOf, type IsoDate, type IsoTime } from '../period.ts';
import type { Alert, AnswerAlert } from './alert.ts';
import { watchdogCommand } from './command.ts';
import { alertId } from './identity.ts';
import type { Press } from './press.ts';

/** What somebody answered to a problem, with what it vouches for. */
export type Answer =
  | { step: 'acknowledged' }
  | { step: 'snoozed'; days: number; until: IsoTime; costPerDay?: Usd | undefined }
  | {
      step: 'expected' | 'not-an-anomaly';
      until: IsoTime;
      reason?: string | undefined;
      /** Of an incident: the first day on which it no longer holds, and the most that is allowed above the expected. */
      incident?: { id: string; until: IsoDate; allowed: Usd; currency: string } | undefined;
      /** The alerts that are alike, and are muted. */
      pattern?: string | undefined;
      /** Whether AWS was told, and why it refused to be. */
      aws?: { refusal?: string | undefined } | undefined;
    };

type Problem = {
  alert: Alert;
  /** The newest title of the problem. */
  title: string;
  answer: Answer;
  press: Pick<Press, 'id' | 'user' | 'at'>;
};

/** Says who has answered what to a problem, what follows from it, and how to take it back: once for each press. */
export function answerAlert({ alert, title, answer, press }: Problem): AnswerAlert {
  const { subject, kind, account, region, owner, team } = alert;
  const { id, user, at } = press;
  return {
    id: alertId(subject, answer.step, id),
    subject,
    kind,
    severity: 'info',
    step: answer.step,
    at,
    title: `${headline(answer)}: ${title}`,
    summary: consequence(answer),
    facts: [
      { label: 'Answered by', value: `${user.name} (${user.id})` },
      ...('reason' in answer && answer.reason !== undefined
        ? [{ label: 'Reason', value: answer.reason }]
        : []),
      ...('incident' in answer && answer.incident ? [{ label: 'Incident', value: answer.incident.id }] : []),
    ],
    items: [],
    action: takingBack(answer, at),
    links: [],
    ...definedOf({ account, region, owner, team }),
    by: user.id,
  };
}

function headline(answer: Answer): string {
  switch (answer.step) {
    case 'acknowledged':
      return 'Acknowledged';
    case 'snoozed':
      return `Snoozed for ${daysText(answer.days)}`;
    case 'expected':
      return 'Expected';
    case 'not-an-anomaly':
      return 'Not an anomaly';
  }
}

function consequence(answer: Answer): string {
  switch (answer.step) {
    case 'acknowledged':
      return 'Somebody looks after it: nobody else is called for want of an answer. That it grows or is over is told as ever: nothing is muted.';
    case 'snoozed':
      return `It is told again on ${clockText(answer.until)}${doubled(answer.costPerDay)}.`;
    default:
      return [...incidentText(answer), ...patternText(answer), ...awsText(answer)].join(' ');
  }
}

const doubled = (costPerDay: Usd | undefined): string =>
  costPerDay === undefined ? '' : `, or when it costs ${formatMoney(2 * costPerDay)} a day, twice as much`;

type Verdict = Extract<Answer, { incident?: unknown }>;

function incidentText({ step, incident }: Verdict): string[] {
  if (incident === undefined) return [];
  const through = addDays(incident.until, -1);
  const muted =
    step === 'expected'
      ? `It is muted while it lasts, through ${through} at the longest.`
      : `Nothing of this size is told there through ${through}.`;
  const limit = `${formatMoney(incident.allowed, incident.currency)} a day above the expected`;
  return [muted, `What exceeds ${limit} is told all the same.`];
}

const patternText = ({ pattern, until }: Verdict): string[] =>
  pattern === undefined ? [] : [`Alerts like this one are muted until ${clockText(until)}.`];

function awsText({ step, aws }: Verdict): string[] {
  if (aws === undefined) return [];
  if (aws.refusal !== undefined) return [`Cost Anomaly Detection was not told: ${aws.refusal}`];
  const what = step === 'expected' ? 'it was planned' : 'it is no anomaly';
  return [`Cost Anomaly Detection was told that ${what}, and learns from it.`];
}

function takingBack(answer: Answer, at: IsoTime): string {
  switch (answer.step) {
    case 'acknowledged':
      return '';
    case 'snoozed':
      return answer.days > 1
        ? 'To hear of it sooner, press Snooze once more: 1 day counts from then, and the last word holds.'
        : 'It ends by itself. A longer Snooze takes its place.';
    default:
      return [...incidentTakingBack(answer, at), ...awsTakingBack(answer)].join('\n') || 'It ends by itself.';
  }
}

function incidentTakingBack({ incident }: Verdict, at: IsoTime): string[] {
  if (incident === undefined) return [];
  const today = dateOf(at);
  const command = watchdogCommand('feedback', incident.id, 'planned', '--until', today);
  return [
    'To take it back, say that it was planned until today: if it goes on, it is told again.',
    command ?? `watchdog feedback with the id of the incident, planned, and --until ${today}`,
  ];
}

const awsTakingBack = ({ aws }: Verdict): string[] =>
  aws === undefined || aws.refusal !== undefined
    ? []
    : ['What AWS was told can be changed in its console, in the details of the anomaly.'];

/** `1 day`, `7 days` */
const daysText = (days: number): string => (days === 1 ? '1 day' : `${days} days`);
