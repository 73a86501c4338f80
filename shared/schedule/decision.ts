import { formatDuration } from '../compute/duration.ts';
import { transitionTime } from '../compute/instance.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import { addMilliseconds, type IsoTime, toTime } from '../period.ts';
import { clockTime } from './clock.ts';
import {
  type Candidate,
  type GateCode,
  gates,
  graceMinutesOf,
  idleMinutesOf,
  optIn,
  refusalOf,
  type Scheduled,
  stopGates,
} from './gates.ts';
import { scheduleText } from './schedule.ts';
import { type Span, spanAt } from './window.ts';

/** What is to be done with an instance now, and why. */
export type Decision = {
  action: 'stop' | 'start' | 'warn' | 'keep';
  /** A stable code to group by, e.g. `busy`, `in-hours`, `auto-scaling`, `idle-off-hours`. */
  code: DecisionCode;
  /** A sentence a person understands. */
  reason: string;
  /** When this may change at the earliest, where that is known: a window's start, the end of a grace period. */
  until?: IsoTime;
};

/** The codes of the gates, and those of what the hours, the work and the warnings say. */
export type DecisionCode =
  | GateCode
  | 'in-hours'
  | 'stopped'
  | 'stopped-by-hand'
  | 'already-started'
  | 'window-open'
  | 'refused'
  | 'not-measured'
  | 'utilization-unknown'
  | 'busy'
  | 'stops-blocked'
  | 'held-back'
  | 'observed'
  | 'warned'
  | 'warning-undelivered'
  | 'idle-off-hours'
  | 'always-off-hours';

/** What is remembered of an instance between runs. */
export type InstanceRecord = {
  /** The warning that is out: a stop follows after the grace period, if it was delivered. */
  warning?: { alertId: string; at: IsoTime; observed?: boolean | undefined } | undefined;
  /** A run has claimed its stop then, and has not recorded the outcome yet. */
  stopRequestedAt?: IsoTime | undefined;
  /** We stopped it then. */
  stoppedAt?: IsoTime | undefined;
  /** A run has claimed its start then, and has not recorded the outcome yet. */
  startRequestedAt?: IsoTime | undefined;
  /** We started it then. */
  startedAt?: IsoTime | undefined;
  /** AWS refused to stop or start it then, with that error code. */
  refused?: { code: string; at: IsoTime } | undefined;
  /** What it was kept for when it was measured last, though not at work: no need to look again for a while. */
  measured?: { at: IsoTime; code: 'utilization-unknown' | 'held-back'; reason: string } | undefined;
};

/** All that a decision rests on. */
export type DecisionInput = Candidate & {
  record: InstanceRecord;
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
 * What to do with one instance now. Whatever is unknown keeps it as it is. Only an instance that passed every gate,
 * outside its hours, idle or `always`, warned of it and past its grace period, is stopped.
 */
export function decide(input: DecisionInput): Decision {
  const optedIn = optIn(input);
  return 'refusal' in optedIn
    ? keep(optedIn.refusal)
    : decideScheduled({ ...input, schedule: optedIn.schedule });
}

/**
 * Whether an answer needs the instance's utilisation, which costs money: true only where every other gate is open and
 * what was seen of it lately doesn't hold any more.
 */
export const needsUtilization = (input: DecisionInput): boolean =>
  decide({ ...input, utilization: undefined }).code === 'not-measured';

/** A decision to be made about an instance that has a schedule, in a span of that schedule. */
type Case = DecisionInput & Scheduled;
type CaseInSpan = Case & { span: Span };

function decideScheduled(input: Case): Decision {
  const refusal = refusalOf(input, gates);
  if (refusal) return keep(refusal);
  const current = { ...input, span: spanAt(input.schedule, input.now) };
  const inHours = current.span.state === 'up';
  if (input.instance.state === 'stopped') return inHours ? decideStart(current) : keep(isStopped(current));
  return inHours ? keep(isInHours(current)) : decideStop(current);
}

const keep = (because: Omit<Decision, 'action'>): Decision => ({ action: 'keep', ...because });

const isInHours = (input: CaseInSpan): Omit<Decision, 'action'> => ({
  code: 'in-hours',
  reason: spanText(input),
  ...untilEnd(input.span),
});

const isStopped = (input: CaseInSpan): Omit<Decision, 'action'> => ({
  code: 'stopped',
  reason: `it is stopped, and ${spanText(input)}`,
  ...untilEnd(input.span),
});

/** `outside Mon-Fri 08:00-19:00 Europe/Berlin since Fri 19:00` */
function spanText({ schedule, span, now }: CaseInSpan): string {
  const side = span.state === 'up' ? 'within' : 'outside';
  const since = span.since === undefined ? '' : ` since ${clockTime(span.since, schedule.timeZone, now)}`;
  return `${side} ${scheduleText(schedule)}${since}`;
}

const untilEnd = ({ until }: Span): Pick<Decision, 'until'> => (until === undefined ? {} : { until });

function decideStop(input: CaseInSpan): Decision {
  const because = refusalOf(input, stopGates) ?? isStopping(input) ?? isRefused(input);
  if (because) return keep(because);
  const { schedule } = input;
  return schedule.always
    ? warnThenStop(input, 'always-off-hours', 'stopped even when busy')
    : decideIdle(input);
}

/** EC2 may still show it running for a while after we stopped it: the same event twice makes one stop. */
function isStopping({ record, instance, now }: CaseInSpan): Omit<Decision, 'action'> | undefined {
  const { stoppedAt } = record;
  if (stoppedAt === undefined || isBefore(stoppedAt, instance.launchTime)) return undefined;
  return minutesBetween(stoppedAt, now) < settleMinutes
    ? { code: 'stopping', reason: 'it was stopped a moment ago' }
    : undefined;
}

/** What AWS refused is not asked for again until its hours have come and gone: nobody is warned of it every hour. */
function isRefused(input: CaseInSpan): Omit<Decision, 'action'> | undefined {
  const { record, schedule, now } = input;
  if (!record.refused || !isOfThisSpan(record.refused.at, input)) return undefined;
  const at = clockTime(record.refused.at, schedule.timeZone, now);
  const reason = `${spanText(input)}, but AWS refused to stop it at ${at}: ${record.refused.code}`;
  return { code: 'refused', reason, ...untilEnd(input.span) };
}

/** Whether something happened in this off-hours span and to this launch. */
const isOfThisSpan = (time: IsoTime, { instance, span }: CaseInSpan): boolean =>
  !isBefore(time, instance.launchTime) && !(span.since !== undefined && isBefore(time, span.since));

const settleMinutes = 10;

function decideIdle(input: CaseInSpan): Decision {
  const { utilization, schedule, policy, now } = input;
  const idleMinutes = idleMinutesOf(schedule, policy);
  const lastBusy = lastBusyOf(input);
  const idleFrom = idleFromOf(input);
  if (utilization && isAtWork(utilization)) return busy(input, utilization.reason, idleFrom);
  if (lastBusy && idleFrom && isBefore(now, idleFrom)) {
    const at = clockTime(lastBusy, schedule.timeZone, now);
    return busy(input, `at work at ${at}, less than ${formatDuration(idleMinutes * minuteMs)} ago`, idleFrom);
  }
  if (utilization === undefined) return decideUnmeasured(input, lastBusy);
  const doubt =
    utilization.state === 'idle'
      ? (windowDoubt(input, utilization) ?? confidenceDoubt(utilization))
      : utilization.reason;
  if (doubt)
    return keep({
      code: 'utilization-unknown',
      reason: `${spanText(input)}, but unknown is never idle: ${doubt}`,
    });
  return warnThenStop(input, 'idle-off-hours', utilization.reason);
}

/** What does little is at work all the same. */
const isAtWork = ({ state }: Utilization): boolean => state === 'busy' || state === 'underused';

/** When it was last at work, as far as anybody has seen. */
const lastBusyOf = ({ lastBusy, utilization }: DecisionInput): IsoTime | undefined =>
  latest(lastBusy, utilization?.lastBusy);

/** Before then it can't have been idle for a whole window. */
function idleFromOf(input: CaseInSpan): IsoTime | undefined {
  const lastBusy = lastBusyOf(input);
  return lastBusy && addMilliseconds(lastBusy, idleMinutesOf(input.schedule, input.policy) * minuteMs);
}

const busy = (input: CaseInSpan, evidence: string, until: IsoTime | undefined): Decision =>
  keep({
    code: 'busy',
    reason: `${spanText(input)}, but busy: ${evidence}`,
    ...(until !== undefined && isBefore(input.now, until) && { until }),
  });

/** What needs no look at its metrics: they couldn't change it, or hold for a while; else that there was none. */
const decideUnmeasured = (input: CaseInSpan, lastBusy: IsoTime | undefined): Decision =>
  stillBusy(input, lastBusy) ??
  pendingWarning(input, spanText(input)) ??
  observed(input) ??
  blocked(input, spanText(input)) ??
  remembered(input) ??
  notMeasured(input);

/** CloudWatch is some minutes late: until then the window would hold the same work again. */
function stillBusy(input: CaseInSpan, lastBusy: IsoTime | undefined): Decision | undefined {
  const { schedule, policy, now } = input;
  const idleMinutes = idleMinutesOf(schedule, policy);
  if (lastBusy === undefined || isBefore(lastBusy, windowBefore(now, idleMinutes).start)) return undefined;
  const at = clockTime(lastBusy, schedule.timeZone, now);
  const since = formatDuration(idleMinutes * minuteMs);
  return busy(input, `at work at ${at}, and CloudWatch doesn't tell of ${since} since then yet`, undefined);
}

/** Told once that it would be stopped, and that is all that happens while only observing. */
function observed(input: CaseInSpan): Decision | undefined {
  if (!standingWarning(input)?.observed) return undefined;
  const reason = `${spanText(input)}; observe mode: its stop would be due, unless it got busy since it was warned`;
  return keep({ code: 'observed', reason, ...untilEnd(input.span) });
}

/** Where nothing may be stopped, nobody is warned of a stop either, and what is due waits. */
function blocked(input: CaseInSpan, reason: string): Decision | undefined {
  const { block } = input;
  if (block === undefined) return undefined;
  return keep({
    code: standingWarning(input) ? 'held-back' : 'stops-blocked',
    reason: `${reason}; nothing is stopped now: ${block.reason}`,
    until: block.until,
  });
}

/** What a measurement of this span and launch has found, for as long as it holds. */
function remembered(input: CaseInSpan): Decision | undefined {
  const { record, schedule, now } = input;
  if (record.measured === undefined || !isOfThisSpan(record.measured.at, input)) return undefined;
  const { at, code, reason } = record.measured;
  const until = addMilliseconds(at, recheckMinutes * minuteMs);
  if (!isBefore(now, until)) return undefined;
  return keep({ code, reason: `${reason} (as of ${clockTime(at, schedule.timeZone, now)})`, until });
}

/**
 * How long an unknown, and a stop that the breaker held back, are taken for unchanged. Asking each run would cost six
 * times as much, and what ends either is mended by people.
 */
const recheckMinutes = 30;

const notMeasured = (input: CaseInSpan): Decision =>
  keep({ code: 'not-measured', reason: `${spanText(input)}; its utilisation has not been measured` });

/** What rests on an indirect sign alone is told to people, and stops nothing. */
const confidenceDoubt = ({ confidence, reason }: Utilization): string | undefined =>
  confidence === 'low' ? `${reason}, which is not enough to stop it` : undefined;

/** Why a measurement is not about the idle window before now; the newest metric period may still be filling. */
function windowDoubt({ schedule, policy, now }: CaseInSpan, measured: Utilization): string | undefined {
  const idleMinutes = idleMinutesOf(schedule, policy);
  const length = minutesBetween(measured.windowStart, measured.windowEnd);
  if (!(length >= idleMinutes)) {
    return `measured over ${formatDuration(length * minuteMs)} of ${formatDuration(idleMinutes * minuteMs)}`;
  }
  return minutesBetween(measured.windowEnd, now) <= staleMinutes ? undefined : 'the measurement is old';
}

const staleMinutes = 20;

/** Warns first, and stops when the warning was delivered and the grace period is over. */
function warnThenStop(
  input: CaseInSpan,
  code: 'idle-off-hours' | 'always-off-hours',
  evidence: string,
): Decision {
  const { schedule, policy, now } = input;
  const reason = `${spanText(input)}; ${evidence}`;
  const pending = pendingWarning(input, reason);
  if (pending) return pending;
  const held = blocked(input, reason);
  if (held) return held;
  if (standingWarning(input)) return { action: 'stop', code, reason };
  return {
    action: 'warn',
    code,
    reason,
    until: addMilliseconds(now, graceMinutesOf(schedule, policy) * minuteMs),
  };
}

/** What a warning that is out makes of it before a stop may follow; undefined where there is none, or it may. */
function pendingWarning(input: CaseInSpan, reason: string): Decision | undefined {
  const { schedule, policy, warningDelivered, now } = input;
  const warning = standingWarning(input);
  if (warning === undefined) return undefined;
  const until = addMilliseconds(warning.at, graceMinutesOf(schedule, policy) * minuteMs);
  // Even without a grace period the stop is the next run's: nobody is stopped by the event that warned them.
  if (isBefore(now, until) || !isBefore(warning.at, now)) {
    const stop = clockTime(until, schedule.timeZone, now);
    return keep({ code: 'warned', reason: `${reason}; warned, to be stopped from ${stop} on`, until });
  }
  if (warningDelivered === true) return undefined;
  return keep({ code: 'warning-undelivered', reason: `${reason}; the warning has not reached anybody` });
}

/** The warning of this off-hours span and this launch. An older one was about something else. */
function standingWarning(input: CaseInSpan): InstanceRecord['warning'] {
  const { warning } = input.record;
  return warning && isOfThisSpan(warning.at, input) && !isDisproved(warning, input) ? warning : undefined;
}

/**
 * Whether work that was seen since shows that it wasn't idle when it was warned. One that is stopped even when busy was
 * warned of that; in observe mode nothing follows from a warning, and nobody is told twice.
 */
function isDisproved({ at, observed }: NonNullable<InstanceRecord['warning']>, input: CaseInSpan): boolean {
  const idleFrom = idleFromOf(input);
  return idleFrom !== undefined && isBefore(at, idleFrom) && !observed && !input.schedule.always;
}

/** For a stopped instance within its hours. Who stopped it in this window by hand meant it. */
function decideStart(input: CaseInSpan): Decision {
  const { schedule, record, span, now } = input;
  const opened = span.opened ?? span.since ?? toTime(0); // one that never opened has always been open
  if (!schedule.start || span.passive) {
    return keep({
      code: 'stopped',
      reason: `it is stopped, and its schedule does not start it`,
      ...untilEnd(span),
    });
  }
  if (record.startedAt !== undefined && !isBefore(record.startedAt, opened)) {
    const started = clockTime(record.startedAt, schedule.timeZone, now);
    return keep({
      code: 'already-started',
      reason: `started at ${started} in this window, and stopped since`,
    });
  }
  const byHand = stoppedByHand(input, opened);
  if (byHand) return keep({ code: 'stopped-by-hand', reason: byHand, ...untilEnd(span) });
  return { action: 'start', code: 'window-open', reason: `${spanText(input)}, and its schedule starts it` };
}

/** Why it is not ours to start, in a sentence; undefined where it is. */
function stoppedByHand({ instance, record, schedule, now }: CaseInSpan, opened: IsoTime): string | undefined {
  const { stoppedAt } = record;
  const isOurs = stoppedAt !== undefined && !isBefore(stoppedAt, instance.launchTime);
  const at = transitionTime(instance.stateTransitionReason);
  if (at === undefined) {
    return isOurs ? undefined : 'nothing tells when and by whom it was stopped';
  }
  // EC2 dates a stop a little after it was asked for.
  if (isBefore(at, opened) || (isOurs && minutesBetween(stoppedAt, at) < settleMinutes)) return undefined;
  return `stopped by hand at ${clockTime(at, schedule.timeZone, now)} in this window`;
}

const minuteMs = 60_000;

const minutesBetween = (start: IsoTime, end: IsoTime): number =>
  (Date.parse(end) - Date.parse(start)) / minuteMs;

// By value, for the same time may be written with and without a fraction of a second.
const isBefore = (time: IsoTime, other: IsoTime): boolean => Date.parse(time) < Date.parse(other);

/** The later of two times that may be unknown. */
function latest(time: IsoTime | undefined, other: IsoTime | undefined): IsoTime | undefined {
  if (time === undefined || other === undefined) return time ?? other;
  return isBefore(time, other) ? other : time;
}
