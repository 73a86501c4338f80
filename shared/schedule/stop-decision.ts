import { formatDuration } from '../compute/duration.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import { addMilliseconds, type IsoTime } from '../period.ts';
import {
  type Because,
  type Case,
  defer,
  idleFromOf,
  isBefore,
  isOfThisSpan,
  keep,
  lastBusyOf,
  minuteMs,
  minutesBetween,
  settleMinutes,
  spanText,
  untilEnd,
} from './case.ts';
import { clockTime } from './clock.ts';
import type { Decision } from './decision.ts';
import { graceMinutesOf, idleMinutesOf, lastStopGates, refusalOf, stopGates } from './gates.ts';
import type { ScheduleRecord } from './record.ts';

/** For what is up outside its hours. */
export function decideStop(input: Case): Decision {
  const because = refusalOf(input, stopGates) ?? isStopping(input) ?? isRefused(input);
  if (because) return keep(because);
  const asked = askedToStop(input);
  if (asked) return asked;
  return input.schedule.always
    ? warnThenStop(input, 'always-off-hours', 'stopped even when busy')
    : decideIdle(input);
}

/** Whoever was warned, and won't wait for the grace period, knows better than its metrics whether it is needed. */
function askedToStop(input: Case): Decision | undefined {
  const { stopNow } = input.record;
  if (stopNow === undefined || !isOfThisSpan(stopNow.at, input)) return undefined;
  if (minutesBetween(stopNow.at, input.now) > wishMinutes) return undefined;
  const at = clockTime(stopNow.at, input.schedule.timeZone, input.now);
  return stopBy(
    input,
    'asked-to-stop',
    `${spanText(input)}; ${stopNow.by} asked at ${at} for it to be stopped`,
  );
}

/** Whoever asked knew how it was then: what could not be stopped meanwhile is judged by its metrics again. */
const wishMinutes = 30;

/** AWS may still show it running for a while after we stopped it: the same event twice makes one stop. */
function isStopping({ record, subject: { startedAt }, now }: Case): Because | undefined {
  const { stoppedAt } = record;
  if (stoppedAt === undefined || (startedAt !== undefined && isBefore(stoppedAt, startedAt)))
    return undefined;
  return minutesBetween(stoppedAt, now) < settleMinutes
    ? { code: 'stopping', reason: 'it was stopped a moment ago' }
    : undefined;
}

/** What AWS refused is not asked for again until its hours have come and gone: nobody is warned of it every hour. */
function isRefused(input: Case): Because | undefined {
  const { record, schedule, now } = input;
  if (!record.refused || !isOfThisSpan(record.refused.at, input)) return undefined;
  const at = clockTime(record.refused.at, schedule.timeZone, now);
  const reason = `${spanText(input)}, but AWS refused to stop it at ${at}: ${record.refused.code}`;
  return { code: 'refused', reason, ...untilEnd(input.span) };
}

function decideIdle(input: Case): Decision {
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

const busy = (input: Case, evidence: string, until: IsoTime | undefined): Decision =>
  keep({
    code: 'busy',
    reason: `${spanText(input)}, but busy: ${evidence}`,
    ...(until !== undefined && isBefore(input.now, until) && { until }),
  });

/** What needs no look at its metrics: they couldn't change it, or hold for a while; else that there was none. */
const decideUnmeasured = (input: Case, lastBusy: IsoTime | undefined): Decision =>
  stillBusy(input, lastBusy) ??
  pendingWarning(input, spanText(input)) ??
  observed(input) ??
  blocked(input, spanText(input)) ??
  remembered(input) ??
  notMeasured(input);

/** CloudWatch is some minutes late: until then the window would hold the same work again. */
function stillBusy(input: Case, lastBusy: IsoTime | undefined): Decision | undefined {
  const { schedule, policy, now } = input;
  const idleMinutes = idleMinutesOf(schedule, policy);
  if (lastBusy === undefined || isBefore(lastBusy, windowBefore(now, idleMinutes).start)) return undefined;
  const at = clockTime(lastBusy, schedule.timeZone, now);
  const since = formatDuration(idleMinutes * minuteMs);
  return busy(input, `at work at ${at}, and CloudWatch doesn't tell of ${since} since then yet`, undefined);
}

/** Told once that it would be stopped, and that is all that happens while only observing. */
function observed(input: Case): Decision | undefined {
  if (!standingWarning(input)?.observed) return undefined;
  const reason = `${spanText(input)}; observe mode: its stop would be due, unless it got busy since it was warned`;
  return keep({ code: 'observed', reason, ...untilEnd(input.span) });
}

/** Where nothing may be stopped, nobody is warned of a stop either, and what is due waits. */
function blocked(input: Case, reason: string): Decision | undefined {
  const { block } = input;
  if (block === undefined) return undefined;
  return defer({
    code: standingWarning(input) ? 'held-back' : 'stops-blocked',
    reason: `${reason}; nothing is stopped now: ${block.reason}`,
    until: block.until,
  });
}

/** What a measurement of this span and launch has found, for as long as it holds. */
function remembered(input: Case): Decision | undefined {
  const { record, schedule, now } = input;
  if (record.measured === undefined || !isOfThisSpan(record.measured.at, input)) return undefined;
  const { at, code, reason } = record.measured;
  const until = addMilliseconds(at, recheckMinutes * minuteMs);
  if (!isBefore(now, until)) return undefined;
  const because = { code, reason: `${reason} (as of ${clockTime(at, schedule.timeZone, now)})`, until };
  return code === 'held-back' ? defer(because) : keep(because);
}

/**
 * How long an unknown, and a stop that the breaker held back, are taken for unchanged. Asking each run would cost six
 * times as much, and what ends either is mended by people.
 */
const recheckMinutes = 30;

const notMeasured = (input: Case): Decision =>
  keep({ code: 'not-measured', reason: `${spanText(input)}; its utilisation has not been measured` });

/** What rests on an indirect sign alone is told to people, and stops nothing. */
const confidenceDoubt = ({ confidence, reason }: Utilization): string | undefined =>
  confidence === 'low' ? `${reason}, which is not enough to stop it` : undefined;

/** Why a measurement is not about the idle window before now; the newest metric period may still be filling. */
function windowDoubt({ schedule, policy, now }: Case, measured: Utilization): string | undefined {
  const idleMinutes = idleMinutesOf(schedule, policy);
  const length = minutesBetween(measured.windowStart, measured.windowEnd);
  if (!(length >= idleMinutes)) {
    return `measured over ${formatDuration(length * minuteMs)} of ${formatDuration(idleMinutes * minuteMs)}`;
  }
  return minutesBetween(measured.windowEnd, now) <= staleMinutes ? undefined : 'the measurement is old';
}

const staleMinutes = 20;

/** Warns first, and stops when the warning was delivered and the grace period is over. */
function warnThenStop(input: Case, code: StopCode, evidence: string): Decision {
  const { schedule, policy, now } = input;
  const reason = `${spanText(input)}; ${evidence}`;
  const pending = pendingWarning(input, reason);
  if (pending) return pending;
  const held = blocked(input, reason);
  if (held) return held;
  const forbidden = isForbidden(input, reason);
  if (forbidden) return keep(forbidden);
  const seen = observed(input);
  if (seen) return seen;
  if (standingWarning(input)) return stopBy(input, code, reason);
  return {
    action: 'warn',
    code,
    reason,
    until: addMilliseconds(now, graceMinutesOf(schedule, policy) * minuteMs),
  };
}

/** What is asked last: what it forbids is idle all the same, and worth saying so. */
function isForbidden(input: Case, reason: string): Because | undefined {
  const refusal = refusalOf(input, lastStopGates);
  return refusal && { ...refusal, reason: `${reason}; ${refusal.reason}` };
}

/** The stop itself, by hibernation where its tag wishes for that and it can. */
function stopBy(input: Case, code: StopCode, reason: string): Decision {
  const forbidden = isForbidden(input, reason);
  if (forbidden) return keep(forbidden);
  const { hibernate } = input.schedule;
  // Where nothing may take the place of a hibernation, EC2 itself says that it can't.
  const { kind, hibernates } = input.subject;
  const isAlone = kind === 'ec2-instance' && !(input.policy.stop.hibernateFallback ?? true);
  const isAsked = hibernate && (hibernates || isAlone);
  const action = isAsked ? 'hibernate' : 'stop';
  return { action, code, reason };
}

type StopCode = 'idle-off-hours' | 'always-off-hours' | 'asked-to-stop';

/** What a warning that is out makes of it before a stop may follow; undefined where there is none, or it may. */
function pendingWarning(input: Case, reason: string): Decision | undefined {
  const { schedule, policy, warningDelivered, now } = input;
  const warning = standingWarning(input);
  if (warning === undefined) return undefined;
  const until = addMilliseconds(warning.at, graceMinutesOf(schedule, policy) * minuteMs);
  // Even without a grace period the stop is the next run's: nobody is stopped by the event that warned them.
  if (isBefore(now, until) || !isBefore(warning.at, now)) {
    const stop = clockTime(until, schedule.timeZone, now);
    return defer({ code: 'warned', reason: `${reason}; warned, to be stopped from ${stop} on`, until });
  }
  if (warningDelivered === true) return undefined;
  return defer({ code: 'warning-undelivered', reason: `${reason}; the warning has not reached anybody` });
}

/** The warning of this off-hours span and this launch. An older one was about something else. */
function standingWarning(input: Case): ScheduleRecord['warning'] {
  const { warning } = input.record;
  return warning && isOfThisSpan(warning.at, input) && !isDisproved(warning, input) ? warning : undefined;
}

/**
 * Whether work that was seen since shows that it wasn't idle when it was warned. One that is stopped even when busy was
 * warned of that; in observe mode nothing follows from a warning, and nobody is told twice.
 */
function isDisproved({ at, observed }: NonNullable<ScheduleRecord['warning']>, input: Case): boolean {
  const idleFrom = idleFromOf(input);
  return idleFrom !== undefined && isBefore(at, idleFrom) && !observed && !input.schedule.always;
}
