import {
  type Answer,
  allowedBy,
  answers,
  type Feedback,
  type Said,
  toFeedback,
} from '../shared/anomaly/feedback.ts';
import type { Incident } from '../shared/anomaly/incident.ts';
import { formatMoney } from '../shared/money.ts';
import { addDays, dateOf, type IsoDate, type IsoTime } from '../shared/period.ts';
import { putFeedback } from '../shared/store/feedback.ts';
import { getIncidents } from '../shared/store/incidents.ts';
import { type IncidentOptions, incidentTable, throughOf } from './incidents.ts';
import { InputError } from './input-error.ts';
import { printJson } from './options.ts';
import { openSession } from './session.ts';
import { print, wrap } from './terminal.ts';

type FeedbackOptions = IncidentOptions & { until?: IsoTime; by?: string; reason?: string; days?: number };

/** `feedback`: keeps what somebody says of an incident, and says what that means. */
export async function feedbackCommand(id: string, answer: string, options: FeedbackOptions): Promise<void> {
  const said = toSaid(answer, options);
  const session = await openSession(options);
  try {
    checkEnd(said, dateOf(session.now));
    const table = await incidentTable(session, options);
    const stored = await getIncidents(table);
    const leaks = [...stored.values()]
      .map((one) => one.incident)
      .filter(({ partOf }) => partOf === undefined);
    const incident = findIncident(leaks, id);
    checkOpen(said, incident);
    const { by, reason } = options;
    const feedback = toFeedback(incident, { ...said, at: session.now, by, reason });
    if (!(await putFeedback(table, feedback))) {
      throw new Error(`A later answer to "${incident.id}" is kept already`);
    }
    if (options.format === 'json') printJson({ ...feedback, through: throughOf(feedback) });
    else print(feedbackText(incident, feedback));
  } finally {
    await session.close();
  }
}

function toSaid(text: string, { until, days }: FeedbackOptions): Said {
  const answer = answers.find((one) => one === text);
  if (answer === undefined) {
    throw new InputError(`"${text}" is no answer: expected one of ${answers.join(', ')}`);
  }
  if (answer === 'planned') {
    if (days !== undefined) throw new InputError('--days: planned has its last day from --until');
    if (until === undefined) throw new InputError('planned until when? --until DATE names the last day');
    return { answer, through: dateOf(until) };
  }
  if (until !== undefined)
    throw new InputError(`--until belongs to planned; ${answer} holds for --days, or a time of its own`);
  return { answer, days };
}

/** A plan may hold for a year: what is forgotten must not be muted for ever. */
const longestPlan = 366;

function checkEnd(said: Said, today: IsoDate): void {
  if (said.answer !== 'planned') return;
  const { through } = said;
  if (through < today) throw new InputError(`--until ${through} is over already: it is ${today}`);
  if (through > addDays(today, longestPlan)) {
    throw new InputError(`--until ${through} is more than a year ahead`);
  }
}

function checkOpen({ answer }: Said, { id, end }: Incident): void {
  if (answer !== 'expected' || end === undefined) return;
  throw new InputError(`"${id}" is over since ${end}; not-an-anomaly spares you its like`);
}

/** The incident with that id, or the only one whose id contains the text. */
function findIncident(incidents: readonly Incident[], text: string): Incident {
  const exact = incidents.find(({ id }) => id === text);
  if (exact) return exact;
  const [first, ...others] = incidents.filter(({ id }) => text !== '' && id.includes(text));
  if (first === undefined) throw new InputError(`no incident "${text}": watchdog incidents lists them`);
  if (others.length > 0) {
    const ids = [first, ...others].map(({ id }) => `\n  ${id}`).join('');
    throw new InputError(`"${text}" is part of ${others.length + 1} ids:${ids}`);
  }
  return first;
}

const meanings: Readonly<Record<Answer, (through: IsoDate) => string>> = {
  expected: (through) => `It is muted while it lasts, through ${through} at the longest.`,
  'not-an-anomaly': (through) => `Nothing of this size is told there through ${through}.`,
  planned: (through) => `It is muted through ${through}, and told again if it goes on after that.`,
};

function feedbackText({ id, currency }: Incident, feedback: Feedback): string {
  const { answer } = feedback;
  const limit = `${formatMoney(allowedBy(feedback), currency)} a day above the expected`;
  return `${id}: ${answer}.\n${wrap(`${meanings[answer](throughOf(feedback))} What exceeds ${limit} is told all the same.`, 100, '  ')}`;
}
