import { addMilliseconds, type IsoTime } from '../period.ts';
import { isBefore, minuteMs } from './case.ts';
import type { Decision } from './decision.ts';

/** However far away the next change is: a target is looked at so often, for not every change comes with an event. */
const fullSweepMinutes = 30;

/**
 * When a target has to be looked at again, by what was decided of each thing in it: at the earliest time at which one of
 * the decisions may change by itself, and after a full sweep's time at the latest. What is due but not done yet, and what
 * was just changed, is looked at with the next run.
 */
export function nextVisit(decisions: readonly Decision[], now: IsoTime): IsoTime {
  const latest = addMilliseconds(now, fullSweepMinutes * minuteMs);
  return decisions.reduce((soonest, decision) => {
    const due = dueTime(decision, now);
    return due !== undefined && isBefore(due, soonest) ? due : soonest;
  }, latest);
}

/** Undefined where only people, or an event, change it. */
function dueTime({ action, code, until }: Decision, now: IsoTime): IsoTime | undefined {
  if (until !== undefined) return isBefore(until, now) ? now : until;
  if (action !== 'keep') return now;
  // Busy without an end: its idle window has passed, and CloudWatch is some minutes behind.
  return code === 'busy' ? now : undefined;
}

/** What is remembered of the last visit to a target. */
export type Visit = {
  /** The time of the event that it was made for. */
  visitedAt: IsoTime;
  /** When something there may change next. */
  dueAt: IsoTime;
  /** An event told of a change there then. */
  pulledAt?: IsoTime | undefined;
  /** Instances that were running, and stops that are announced or due; of these the ones of instances. */
  running: number;
  pending: number;
  pendingInstances: number;
};

/** Whether a target has to be looked at, at `time`; one that never was, has to. */
export function isVisitDue(visit: Visit | undefined, time: IsoTime): boolean {
  if (visit === undefined || !isBefore(time, visit.dueAt)) return true;
  if (visit.pulledAt !== undefined && isBefore(visit.visitedAt, visit.pulledAt)) return true;
  return !isBefore(time, addMilliseconds(visit.visitedAt, fullSweepMinutes * minuteMs));
}
