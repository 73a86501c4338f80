import type { Usd } from '../money.ts';
import { addDays, dateOf, type IsoDate, type IsoTime } from '../period.ts';
import type { Scope } from '../spend/scope.ts';
import type { PlannedEvent } from './calendar.ts';
import type { Change, Incident } from './incident.ts';

/**
 * What somebody said of an incident. `expected`: its level is fine while it lasts. `not-an-anomaly`: nothing of this
 * size is worth telling there. `planned`: fine until a date, and news if it goes on after it.
 */
export const answers = ['expected', 'not-an-anomaly', 'planned'] as const;
export type Answer = (typeof answers)[number];

/** An answer, with what it vouches for, so that it holds whatever becomes of the incident. */
export type Feedback = {
  incidentId: string;
  answer: Answer;
  scope: Scope;
  at: IsoTime;
  /** The first day for which it no longer holds. */
  until: IsoDate;
  /** Dollars a day above the expected that the incident had reached. */
  excess: Usd;
  /** Whoever said so. */
  by?: string;
  /** Why, in their words. */
  reason?: string;
};

/** Days for which an answer holds that names none. */
export const validDays = { expected: 30, 'not-an-anomaly': 90 };
/** The same leak is a little dearer on one day than on another. */
const leeway = 1.25;

/** An answer as it is given; `through`: the last day of what is planned; `days`: how many it holds, if not as usual. */
export type Said =
  | { answer: Exclude<Answer, 'planned'>; days?: number | undefined }
  | { answer: 'planned'; through: IsoDate };

/** What an answer to an incident means from now on. */
export function toFeedback(
  incident: Incident,
  said: Said & { at: IsoTime; by?: string | undefined; reason?: string | undefined },
): Feedback {
  const { answer, at, by, reason } = said;
  return {
    incidentId: incident.id,
    answer,
    scope: incident.scope,
    at,
    until:
      said.answer === 'planned'
        ? addDays(said.through, 1)
        : addDays(dateOf(at), said.days ?? validDays[said.answer]),
    excess: Math.max(
      incident.excessPerDay,
      ...incident.days.map(({ actual, expected }) => actual - expected),
    ),
    ...(by !== undefined && { by }),
    ...(reason !== undefined && { reason }),
  };
}

/** The most that an answer allows above the expected, in dollars a day. */
export const allowedBy = ({ excess }: Feedback): Usd => leeway * excess;

/** What is left of the answers where incidents have ended: what was expected of one says nothing of the next. */
export function inForce(feedback: readonly Feedback[], incidents: readonly Incident[]): Feedback[] {
  const ends = new Map(incidents.map(({ id, end }) => [id, end]));
  return feedback.map((one) => {
    const end = one.answer === 'expected' ? ends.get(one.incidentId) : undefined;
    return end === undefined || end >= one.until ? one : { ...one, until: end };
  });
}

/** Answers as entries of the calendar, from the day they were given: what was judged before stays as it was told. */
export const feedbackEvents = (feedback: readonly Feedback[]): PlannedEvent[] =>
  feedback
    .map((one) => ({
      name: `${one.answer}: ${one.incidentId}`,
      start: dateOf(one.at),
      end: one.until,
      scope: one.scope,
      upTo: 0,
      excess: allowedBy(one),
    }))
    .filter(({ start, end }) => start < end);

/** The incident as it is followed after what was said of it: what is planned doesn't become normal by lasting. */
export function asPlanned(incident: Incident, feedback: Feedback | undefined): Incident {
  return feedback?.answer === 'planned' ? { ...incident, plannedUntil: feedback.until } : incident;
}

/** Whether an incident is not to be told of, whatever has become of it. One that exceeds what was said to be fine is. */
export function isMuted(incident: Incident, feedback: Feedback | undefined): boolean {
  if (feedback === undefined) return false;
  return lastDayOf(incident) < feedback.until && incident.excessPerDay <= allowedBy(feedback);
}

/** The newest day that is known to be part of it. */
const lastDayOf = ({ start, end, days }: Incident): IsoDate =>
  end === undefined ? (days.at(-1)?.date ?? start) : addDays(end, -1);

/**
 * What is told of an incident after what was said of it: nothing while that holds. Once it doesn't, what had grown
 * meanwhile is no news, but that it goes on after a plan is, though it hasn't grown.
 */
export function heeding<Judged extends { incident: Incident; change?: Change | undefined }>(
  judged: Judged,
  feedback: Feedback | undefined,
): Judged {
  const { incident, change } = judged;
  if (isMuted(incident, feedback)) return { ...judged, change: undefined };
  if (feedback === undefined || !isFirstWordAfter(incident, feedback)) return judged;
  const goesOn = incident.days.some(({ date, high }) => date >= feedback.until && high);
  if (!goesOn) return change === 'grown' ? { ...judged, change: undefined } : judged;
  if (feedback.answer !== 'planned') return judged;
  const reason = `${incident.reason} It was planned through ${addDays(feedback.until, -1)}, and goes on.`;
  return { ...judged, incident: { ...incident, reason }, change: 'grown' };
}

/** Whether an incident is still open after the last day of an answer, and nobody was told so far. */
const isFirstWordAfter = (incident: Incident, { until }: Feedback): boolean =>
  incident.status === 'open' &&
  lastDayOf(incident) >= until &&
  incident.told !== undefined &&
  dateOf(incident.told.at) <= until;
