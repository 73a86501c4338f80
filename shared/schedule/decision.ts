import type { Utilization } from '../compute/utilization.ts';
import type { IsoTime } from '../period.ts';
import { type Case, defer, isBefore, keep, latest, spanText, untilEnd } from './case.ts';
import { type Candidate, gates, optIn, refusalOf, type Scheduled } from './gates.ts';
import type { ScheduleRecord } from './record.ts';
import type { Refusal, RefusalCode } from './refusal.ts';
import type { Schedulable } from './schedulable.ts';
import { decideStart } from './start-decision.ts';
import { decideStop } from './stop-decision.ts';
import { spanAt } from './window.ts';

/** What is to be done with something now, and why. */
export type Decision = {
  /** `defer`: what is due waits, for what the reason names. */
  action: 'stop' | 'hibernate' | 'start' | 'warn' | 'keep' | 'defer';
  /** A stable code to group by, e.g. `busy`, `in-hours`, `auto-scaling`, `idle-off-hours`. */
  code: DecisionCode;
  /** A sentence a person understands. */
  reason: string;
  /** When this may change at the earliest, where that is known: a window's start, the end of a grace period. */
  until?: IsoTime;
};

/** The codes of the gates, and those of what the hours, the work and the warnings say. */
export type DecisionCode =
  | RefusalCode
  | 'in-hours'
  | 'stopped'
  | 'stopped-by-hand'
  | 'already-started'
  | 'window-open'
  | 'start-refused'
  | 'refused'
  | 'not-measured'
  | 'utilization-unknown'
  | 'busy'
  | 'stops-blocked'
  | 'held-back'
  | 'observed'
  | 'warned'
  | 'warning-undelivered'
  | 'asked-to-stop'
  | 'idle-off-hours'
  | 'always-off-hours';

/** All that a decision rests on. */
export type DecisionInput = Candidate & {
  record: ScheduleRecord;
  /** Last seen at work then, by whichever watch: no need to look again before the idle window has passed since. */
  lastBusy?: IsoTime | undefined;
  /** Whether the warning that is out has reached somebody; undefined where that is unknown, or none is out. */
  warningDelivered: boolean | undefined;
  /** Over the idle window before `now`; undefined where it has not been measured. */
  utilization: Utilization | undefined;
  /** Forbids every stop, and so makes measuring pointless; absent where nothing does. */
  block?: { reason: string; until: IsoTime } | undefined;
};

/**
 * What to do with one thing now, whatever its kind. Whatever is unknown keeps it as it is. Only what passed every gate,
 * outside its hours, idle or `always`, warned of it and past its grace period, is stopped.
 */
export function decide(input: DecisionInput): Decision {
  const optedIn = optIn(input);
  return 'refusal' in optedIn
    ? keep(optedIn.refusal)
    : decideScheduled({ ...input, subject: asRemembered(input), schedule: optedIn.schedule });
}

/** What takes it down, in either way. */
export const isStop = ({ action }: Pick<Decision, 'action'>): boolean =>
  action === 'stop' || action === 'hibernate';

/**
 * Whether an answer needs its utilisation, which costs money: true only where every other gate is open and what was
 * seen of it lately doesn't hold any more.
 */
export const needsUtilization = (input: DecisionInput): boolean =>
  decide({ ...input, utilization: undefined }).code === 'not-measured';

/** Where AWS doesn't say since when it is up or down, it is since our doing, or since a run saw it so first. */
function asRemembered({ subject, record }: DecisionInput): Schedulable {
  const startedAt = subject.startedAt ?? latest(record.startedAt, record.seenUpAt);
  const { seenDownAt } = record;
  const isDown = subject.state === 'stopped' && subject.stoppedAt === undefined && seenDownAt !== undefined;
  const isLast = isDown && ![startedAt, record.stoppedAt].some((at) => at && isBefore(seenDownAt, at));
  return {
    ...subject,
    ...(startedAt !== undefined && { startedAt }),
    ...(isLast && { stoppedAt: seenDownAt }),
  };
}

function decideScheduled(input: DecisionInput & Scheduled): Decision {
  const refusal = refusalOf(input, gates);
  if (refusal) return refused(refusal);
  const current = { ...input, span: spanAt(input.schedule, input.now) };
  const inHours = current.span.state === 'up';
  if (input.subject.state === 'stopped') return inHours ? decideStart(current) : keep(isStopped(current));
  return inHours ? keep(isInHours(current)) : decideStop(current);
}

/** What is starting is looked at again; every other refusal lasts. */
const refused = (refusal: Refusal): Decision => (refusal.code === 'pending' ? defer(refusal) : keep(refusal));

const isInHours = (input: Case): Omit<Decision, 'action'> => ({
  code: 'in-hours',
  reason: spanText(input),
  ...untilEnd(input.span),
});

const isStopped = (input: Case): Omit<Decision, 'action'> => ({
  code: 'stopped',
  reason: `it is stopped, and ${spanText(input)}`,
  ...untilEnd(input.span),
});
