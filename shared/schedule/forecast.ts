import type { Utilization } from '../compute/utilization.ts';
import { addMilliseconds, earlier, type IsoTime, later } from '../period.ts';
import { minuteMs } from './case.ts';
import { type Decision, type DecisionInput, decide, isStop } from './decision.ts';
import { idleMinutesOf } from './gates.ts';
import { nextVisit } from './next-visit.ts';

/** Something that would be done to one thing, and when. */
export type ForecastStep = {
  at: IsoTime;
  action: Decision['action'];
  code: Decision['code'];
  reason: string;
};

/** What a time to come would bring one thing, if it goes on as it does now. */
export type Forecast = {
  /** Warnings, stops and starts, in their order. */
  steps: ForecastStep[];
  /** For how long it would be down by a stop of that time: what is down already saves nothing more. */
  hoursOff: number;
};

/** Runs come so often. */
const runMinutes = 5;

/**
 * What the evaluator itself would do from `input.now` until `until`, run by run. It takes each warning for delivered, each
 * call for made at once, and the work for unchanged: what is idle now stays so, what is busy or unknown stays busy or
 * unknown; what is down now counts as idle once it is up, and what was just started once it can be measured.
 */
export function forecast(input: DecisionInput, until: IsoTime): Forecast {
  const steps: ForecastStep[] = [];
  const isNew = isUnknownForItsAge(input);
  let current = input;
  let hoursOff = 0;
  for (let at = input.now; at < until; ) {
    const seen = isNew && isUpForIdleWindow(input, at) ? { ...current, utilization: assumedIdle } : current;
    current = { ...current, now: at, utilization: assumedAt(seen, at), warningDelivered: true };
    const decision = decide(current);
    if (decision.action !== 'keep' && decision.action !== 'defer') {
      const { action, code, reason } = decision;
      steps.push({ at, action, code, reason });
      current = after(current, decision, at);
    }
    const next = laterRun(at, nextVisit([decision], at));
    if (current.subject.state === 'stopped' && steps.some(isStop)) {
      hoursOff += (Date.parse(earlier(next, until)) - Date.parse(at)) / 3_600_000;
    }
    at = next;
  }
  return { steps, hoursOff };
}

/** The next run at or after a time, and never the same one again. */
const laterRun = (at: IsoTime, due: IsoTime): IsoTime =>
  later(addMilliseconds(at, runMinutes * minuteMs), due);

/** Nobody can tell of what was started within the time that is looked at; only later would that be a reason to keep it. */
const isUnknownForItsAge = ({ utilization, subject: { startedAt } }: DecisionInput): boolean =>
  utilization?.state === 'unknown' &&
  startedAt !== undefined &&
  Date.parse(utilization.windowStart) < Date.parse(startedAt);

const isUpForIdleWindow = (
  { subject: { startedAt = '' }, parsed, policy }: DecisionInput,
  at: IsoTime,
): boolean => Date.parse(startedAt) + idleMinutesFor(parsed, policy) * minuteMs <= Date.parse(at);

const idleMinutesFor = (parsed: DecisionInput['parsed'], policy: DecisionInput['policy']): number =>
  parsed?.kind === 'schedule' ? idleMinutesOf(parsed.schedule, policy) : policy.stop.idle;

/** The measurement of now, as if it had been made then; what is down now has none, and is taken for idle. */
function assumedAt(
  { utilization, subject, parsed, policy }: DecisionInput,
  at: IsoTime,
): Utilization | undefined {
  if (utilization === undefined && subject.state === 'running' && subject.startedAt !== undefined) {
    return undefined;
  }
  const minutes = idleMinutesFor(parsed, policy);
  const known = utilization ?? assumedIdle;
  const lastBusy = known.state === 'busy' || known.state === 'underused' ? { lastBusy: at } : {};
  const { lastBusy: _, ...rest } = known;
  return { ...rest, ...lastBusy, windowStart: addMilliseconds(at, -minutes * minuteMs), windowEnd: at };
}

const assumedIdle: Utilization = {
  state: 'idle',
  reason: 'taken for idle',
  windowStart: '',
  windowEnd: '',
  coverage: 1,
  confidence: 'high',
};

/** What is known of it once a decision is carried out. */
function after(input: DecisionInput, decision: Decision, at: IsoTime): DecisionInput {
  const { subject, record } = input;
  if (decision.action === 'warn') {
    return { ...input, record: { ...record, warning: { alertId: 'forecast', at } } };
  }
  const { warning: _, stopNow: __, measured: ___, refused: ____, ...rest } = record;
  if (isStop(decision)) {
    const down = { ...subject, state: 'stopped' as const, stoppedAt: at };
    return { ...input, subject: down, record: { ...rest, stoppedAt: at } };
  }
  const up = { ...subject, state: 'running' as const, startedAt: at, stoppedAt: undefined };
  return { ...input, subject: up, lastBusy: undefined, record: { ...rest, startedAt: at } };
}
