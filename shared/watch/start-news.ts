import { fallenStartAlert, lateStartAlert, missedStartAlert } from '../alert/start-alert.ts';
import { minutesBetween } from '../schedule/case.ts';
import type { DecisionInput } from '../schedule/decision.ts';
import { type Schedulable, schedulableKey } from '../schedule/schedulable.ts';
import { hasMissedWindow, startNews } from '../schedule/start-backoff.ts';
import { type Span, spanAt } from '../schedule/window.ts';
import { recordAlert } from '../store/outbox.ts';
import { missedWindowWrite } from '../store/schedule-records.ts';
import type { Pass, Switched } from './change-power.ts';
import type { Planned } from './plan-schedules.ts';

/** The span of its schedule in which something is decided on; one without a schedule has no end. */
export const spanOf = ({ parsed, now }: DecisionInput): Span =>
  parsed?.kind === 'schedule' ? spanAt(parsed.schedule, now) : { state: 'up' };

/** Tells whoever heard that a start was refused how it ended: it came up after all, or its window is over. */
export async function tellStartNews(pass: Pass, started: readonly Switched[]): Promise<void> {
  const isUp = (subject: Schedulable) =>
    started.some(({ kind, id, outcome }) => outcome === 'done' && kind === subject.kind && id === subject.id);
  for (const planned of pass.plan.planned) {
    if (hasFallen(planned)) await tellFallen(pass, planned);
    if (planned.stored?.startRefused === undefined) continue;
    if (isUp(planned.subject)) await tellLateStart(pass, planned);
    else if (hasMissedWindow(planned.stored.startRefused, spanOf(planned.input)))
      await tellMissed(pass, planned);
  }
}

/**
 * EC2 dates a stop that somebody has asked it for. What is down without one, soon after our start, did not come up: a
 * volume that could not be decrypted, say. Of the other kinds none is dated, and so nobody knows.
 */
function hasFallen({ subject, decision, stored, input: { now } }: Planned): boolean {
  if (subject.kind !== 'ec2-instance' || decision.code !== 'already-started') return false;
  if (subject.stoppedAt !== undefined || stored?.startedAt === undefined) return false;
  return minutesBetween(stored.startedAt, now) <= soonMinutes;
}

/** A visit comes every half an hour; much later somebody may have shut it down from within, which EC2 doesn't date. */
const soonMinutes = 40;

async function tellFallen({ clients, target, time }: Pass, planned: Planned): Promise<void> {
  const { subject, stored, owner } = planned;
  if (stored?.startedAt === undefined) return;
  const alert = fallenStartAlert({ subject, startedAt: stored.startedAt, owner, target, at: time });
  await recordAlert(clients.table, alert);
}

async function tellLateStart({ clients, target, time }: Pass, planned: Planned): Promise<void> {
  const { subject, stored, owner, input } = planned;
  const refusals = stored?.startRefused;
  if (refusals === undefined || startNews(refusals, 'done', spanOf(input)) === undefined) return;
  await recordAlert(clients.table, lateStartAlert({ subject, refusals, owner, target, at: time }));
}

async function tellMissed({ clients, target, time }: Pass, planned: Planned): Promise<void> {
  const { subject, stored, owner } = planned;
  if (stored?.startRefused === undefined) return;
  const alert = missedStartAlert({ subject, refusals: stored.startRefused, owner, target, at: time });
  const forget = missedWindowWrite(clients.table, target, schedulableKey(subject), time, stored);
  await recordAlert(clients.table, alert, [forget]);
}
