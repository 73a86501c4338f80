import { addMilliseconds, type IsoTime } from '../period.ts';
import { clockTime } from './clock.ts';
import type { Decision, DecisionInput } from './decision.ts';
import { idleMinutesOf, type Scheduled } from './gates.ts';
import { scheduleText } from './schedule.ts';
import type { Span } from './window.ts';

/** A decision to be made about what has a schedule, in a span of that schedule. */
export type Case = DecisionInput & Scheduled & { span: Span };

/** Why it is left as it is, or waits. */
export type Because = Omit<Decision, 'action'>;

export const keep = (because: Because): Decision => ({ action: 'keep', ...because });

/** What is due, and waits for what its reason names. */
export const defer = (because: Because): Decision => ({ action: 'defer', ...because });

/** `outside Mon-Fri 08:00-19:00 Europe/Berlin since Fri 19:00` */
export function spanText({ schedule, span, now }: Case): string {
  const side = span.state === 'up' ? 'within' : 'outside';
  const since = span.since === undefined ? '' : ` since ${clockTime(span.since, schedule.timeZone, now)}`;
  return `${side} ${scheduleText(schedule)}${since}`;
}

/** The span's end, as the time at which the answer may change. */
export const untilEnd = ({ until }: Span): Pick<Decision, 'until'> => (until === undefined ? {} : { until });

/** Whether something happened in this span of the schedule, and since it was started. */
export const isOfThisSpan = (time: IsoTime, { subject: { startedAt }, span }: Case): boolean =>
  !(startedAt !== undefined && isBefore(time, startedAt)) &&
  !(span.since !== undefined && isBefore(time, span.since));

/** When it was last at work, as far as anybody has seen. */
export const lastBusyOf = ({ lastBusy, utilization }: DecisionInput): IsoTime | undefined =>
  latest(lastBusy, utilization?.lastBusy);

/** Before then it can't have been idle for a whole window. */
export function idleFromOf(input: Case): IsoTime | undefined {
  const lastBusy = lastBusyOf(input);
  return lastBusy && addMilliseconds(lastBusy, idleMinutesOf(input.schedule, input.policy) * minuteMs);
}

export const minuteMs = 60_000;

/** For so many minutes AWS may still show the state from before a stop, and may date the stop itself. */
export const settleMinutes = 10;

/**
 * So many minutes after the time by which a stop is on record AWS may date it: an event may be 15 minutes old, and the run
 * that it starts takes some more.
 */
export const stopDatedMinutes = 20;

export const minutesBetween = (start: IsoTime, end: IsoTime): number =>
  (Date.parse(end) - Date.parse(start)) / minuteMs;

/** By value, for the same time may be written with and without a fraction of a second. */
export const isBefore = (time: IsoTime, other: IsoTime): boolean => Date.parse(time) < Date.parse(other);

/** The later of two times that may be unknown. */
export function latest(time: IsoTime | undefined, other: IsoTime | undefined): IsoTime | undefined {
  if (time === undefined || other === undefined) return time ?? other;
  return isBefore(time, other) ? other : time;
}
