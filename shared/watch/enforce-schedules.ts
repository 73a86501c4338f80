import { breakerAlert, scheduleProblemAlert, stopWarningAlert, unseenAlert } from '../alert/stop-alert.ts';
import { inBatches } from '../batches.ts';
import type { Utilization } from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import { logger } from '../observability.ts';
import type { IsoTime } from '../period.ts';
import { type Breaker, breaker, sweepBreaker } from '../schedule/breaker.ts';
import { isBefore } from '../schedule/case.ts';
import { correctedTag } from '../schedule/correction.ts';
import { type DecisionCode, isStop } from '../schedule/decision.ts';
import { nextVisit } from '../schedule/next-visit.ts';
import type { ScheduleRecord } from '../schedule/record.ts';
import { type Schedulable, schedulableKey } from '../schedule/schedulable.ts';
import { scheduleKeyOf } from '../schedule/schedule-tag.ts';
import { isStale } from '../schedule/stale-event.ts';
import { recordAlert } from '../store/outbox.ts';
import { applyWrite, type RecordChange, recordWrite, warningWrite } from '../store/schedule-records.ts';
import { getStopBlock } from '../store/stop-block.ts';
import { putVisit } from '../store/visits.ts';
import { putWork, type Work } from '../store/work.ts';
import { type Target, targetName } from '../target.ts';
import { failOn, type Pass, type Switched, startDue, stopDue, writesPerAlert } from './change-power.ts';
import type { Gap } from './observe.ts';
import { type Plan, type Planned, planSchedules } from './plan-schedules.ts';
import { settlePeriods } from './savings.ts';
import { rememberPower } from './seen-power.ts';
import { tellStartNews } from './start-news.ts';

export type Enforced = {
  target: Target;
  mode: 'enforce' | 'observe';
  /** Why this run did nothing at all: its event was too old. */
  discarded?: string;
  /** Why no stop was made although some were due. */
  blocked?: string;
  running: number;
  warned: string[];
  /** What was to be stopped, whether or not it was; in observe mode what would have been, idle when it was warned. */
  due: string[];
  stopped: Switched[];
  started: Switched[];
  /** How many are kept, by code. */
  kept: Partial<Record<DecisionCode, number>>;
  /** Kinds that could not be listed, and why; absent where all could. */
  gaps?: readonly Gap[];
};

/**
 * One pass of the off-hours schedules over one target: decides, warns, stops and starts, and records each of these
 * with the alert that tells of it. In observe mode nothing is stopped, started or tagged; what would be is told.
 * Throws, after all the rest is recorded, where AWS let it stop or start nothing at all.
 */
export async function enforceSchedules(
  clients: Pass['clients'],
  target: Target,
  config: Config,
  time: IsoTime,
  run: Pass['run'],
): Promise<Enforced> {
  if (isStale(time, run.arrivedAt, config.stop.eventMaxAge)) return discarded(target, config, time, run);
  const plan = await planSchedules(clients, target, config, time);
  const pass = { clients, target, config, time, run, plan };
  await tellProblems(pass);
  if (plan.gaps.length > 0) await recordAlert(clients.table, unseenAlert(target, plan.gaps, time));
  await rememberMeasured(pass);
  await rememberPower(clients.table, target, plan.planned, time);
  const warned = await warn(pass);
  const stops = plan.planned.filter(({ decision }) => isStop(decision));
  const due = [...stops, ...withCode(plan, ['held-back', 'observed'])];
  const block = await blockOf(pass, due);
  if (block.open) await rememberHeldBack(pass, stops, block.reason);
  const stopped = config.enforce && !block.open ? await stopDue(pass, stops) : [];
  const started = config.enforce ? await startDue(pass, withAction(plan, 'start')) : [];
  await tellStartNews(pass, started);
  await settlePeriods(clients, target, plan.planned, time);
  failOn([...stopped, ...started]);
  await recordVisit(pass, stopped);
  return {
    target,
    mode: config.enforce ? 'enforce' : 'observe',
    ...(block.open && { blocked: block.reason }),
    running: plan.running,
    warned,
    due: due.map(({ subject }) => schedulableKey(subject)),
    stopped,
    started,
    kept: countCodes(plan),
    ...(plan.gaps.length > 0 && { gaps: plan.gaps }),
  };
}

/** When the target is to be looked at next, and what it adds to the breaker of the whole sweep until then. */
async function recordVisit(
  { clients, target, time, plan }: Pass,
  stopped: readonly Switched[],
): Promise<void> {
  const done = new Set(stopped.filter(({ outcome }) => outcome === 'done').map(schedulableKey));
  const decisions = plan.planned.map(({ decision }) => decision);
  const pending = plan.planned.filter((each) => isPending(each) && !done.has(schedulableKey(each.subject)));
  await putVisit(clients.table, target, {
    visitedAt: time,
    dueAt: nextVisit(decisions, time),
    running: plan.running,
    pending: pending.length,
    pendingInstances: pending.filter(isInstance).length,
  });
}

/** A stop that is announced or due, whatever it waits for: all of them may come at once. */
const isPending = ({ decision }: Planned): boolean =>
  decision.action === 'warn' || isStop(decision) || pendingCodes.has(decision.code);

const pendingCodes: ReadonlySet<DecisionCode> = new Set(['warned', 'warning-undelivered', 'held-back']);

const isInstance = ({ subject }: Planned): boolean => subject.kind === 'ec2-instance';

/** One is made up by the next run; where all of them are late, nothing is enforced at all, and the log tells it. */
function discarded(target: Target, { enforce }: Config, time: IsoTime, { arrivedAt }: Pass['run']): Enforced {
  logger.warn('event discarded', { target: targetName(target), time, arrivedAt });
  return {
    target,
    mode: enforce ? 'enforce' : 'observe',
    discarded: `The event of ${time} arrived at ${arrivedAt}: too old to act on. The next run sees what is so by then.`,
    running: 0,
    warned: [],
    due: [],
    stopped: [],
    started: [],
    kept: {},
  };
}

const withAction = ({ planned }: Plan, action: Planned['decision']['action']): Planned[] =>
  planned.filter(({ decision }) => decision.action === action);

const withCode = ({ planned }: Plan, codes: readonly DecisionCode[]): Planned[] =>
  planned.filter(({ decision }) => codes.includes(decision.code));

function countCodes(plan: Plan): Enforced['kept'] {
  const kept = [...withAction(plan, 'keep'), ...withAction(plan, 'defer')];
  const groups = Map.groupBy(kept, ({ decision }) => decision.code);
  return Object.fromEntries([...groups].map(([code, { length }]) => [code, length]));
}

/** A tag that can't be read is told once: the alert's identity is the tag's value, not the run. */
async function tellProblems({ clients, plan, config, time }: Pass): Promise<void> {
  for (const { subject, decision, owner } of plan.planned) {
    const key = problems[decision.code]?.(subject.tags, config);
    if (key === undefined) continue;
    const tag = { key, value: valuesLike(subject.tags, key) };
    await recordAlert(
      clients.table,
      scheduleProblemAlert({
        subject,
        tag,
        error: decision.reason,
        suggestion: key === config.tags.schedule ? correctedTag(tag.value, config) : undefined,
        owner,
        at: time,
      }),
    );
  }
}

/** The tag that each kind of problem is about. */
const problems: {
  readonly [Code in DecisionCode]?: (tags: Schedulable['tags'], config: Config) => string;
} = {
  'invalid-schedule': scheduleKeyOf,
  'ambiguous-tag': scheduleKeyOf,
  'invalid-keep-until': (_, { tags }) => tags.keepUntil,
};

const valuesLike = (tags: Schedulable['tags'], key: string): string =>
  Object.entries(tags)
    .filter(([name]) => name.toLowerCase() === key.toLowerCase())
    .map(([, value]) => value)
    .join(' | ');

/**
 * What was measured and kept isn't measured again by each run; a warning is void that its work disproved, or that somebody
 * has answered with a keep-until tag.
 */
async function rememberMeasured({ clients, target, plan, time }: Pass): Promise<void> {
  for (const planned of plan.planned) {
    const { subject } = planned;
    const change = changeBy(planned);
    if (!change) continue;
    await applyWrite(
      clients.table,
      recordWrite(clients.table, target, schedulableKey(subject), time, change),
    );
  }
  await putWork(clients.table, target, workOf(plan), time);
}

function changeBy(planned: Planned): RecordChange | undefined {
  const { decision, stored, utilization } = planned;
  if (decision.code === 'keep-until') return stored?.warning && { remove: ['warning', 'stopNow'] };
  return utilization && changeByWork(planned, utilization);
}

function changeByWork(
  { decision: { code, reason }, input: { subject, now }, stored }: Planned,
  { windowStart }: Utilization,
): RecordChange | undefined {
  if (code === 'busy') return stored && withoutWarning(stored, now);
  // What has just started was asked nothing, and may soon be judged.
  if (subject.startedAt !== undefined && isBefore(windowStart, subject.startedAt)) return undefined;
  return code === 'utilization-unknown' || code === 'delete-not-allowed'
    ? { set: { measured: { at: now, code, reason } } }
    : undefined;
}

/** Voids the warning that this run has seen: one by a later event knows of a later idle window. */
function withoutWarning({ warning }: ScheduleRecord, now: IsoTime): RecordChange {
  if (warning === undefined || isBefore(now, warning.at)) return { remove: ['measured'] };
  return {
    remove: ['warning', 'stopNow', 'measured'],
    when: { expression: 'warning.alertId = :seen', values: { ':seen': warning.alertId } },
  };
}

/** What this run has seen at work that nobody had seen before, and when. */
const workOf = ({ planned }: Plan): Map<string, Work> =>
  new Map(
    planned.flatMap(({ subject, utilization, input }) => {
      const { lastBusy, reason } = utilization ?? {};
      const isNews = lastBusy !== undefined && lastBusy !== input.lastBusy;
      return isNews ? [[schedulableKey(subject), { lastBusy, reason }] as const] : [];
    }),
  );

/** What nothing may stop now isn't measured again by each run. */
async function rememberHeldBack(
  { clients, target, time, config }: Pass,
  stops: readonly Planned[],
  because: string,
): Promise<void> {
  if (!config.enforce) return;
  for (const { subject, decision, utilization } of stops) {
    if (!utilization) continue;
    const reason = `${decision.reason}; nothing is stopped now: ${because}`;
    const change = { set: { measured: { at: time, code: 'held-back' as const, reason } } };
    await applyWrite(
      clients.table,
      recordWrite(clients.table, target, schedulableKey(subject), time, change),
    );
  }
}

/** One warning per owner and run. Returns the ids of the instances it went out for. */
async function warn(pass: Pass): Promise<string[]> {
  const warned: string[] = [];
  for (const [owner, group] of Map.groupBy(withAction(pass.plan, 'warn'), (planned) => planned.owner)) {
    for (const [part, planned] of inBatches(group, writesPerAlert).entries()) {
      if (await recordWarning(pass, owner, planned, part)) {
        warned.push(...planned.map(({ subject }) => schedulableKey(subject)));
      }
    }
  }
  return warned;
}

function recordWarning(
  { clients, target, config, time }: Pass,
  owner: string | undefined,
  planned: readonly Planned[],
  part: number,
): Promise<boolean> {
  const { enforce, stop, tags } = config;
  const alert = stopWarningAlert({
    owner,
    team: planned[0]?.attribution.team,
    target,
    at: time,
    enforce,
    part,
    entries: planned,
    graceMinutes: stop.grace,
    keepUntilTag: tags.keepUntil,
  });
  const warning = { alertId: alert.id, at: time, ...(!enforce && { observed: true }) };
  const writes = planned.map(({ subject, stored }) =>
    warningWrite(clients.table, target, schedulableKey(subject), warning, stored),
  );
  return recordAlert(clients.table, alert, writes);
}

/** Whether anything forbids every stop of this run, told once a day. */
async function blockOf(
  { clients, target, config, time, run, plan }: Pass,
  due: readonly Planned[],
): Promise<Breaker> {
  const { maxStops, maxShare } = config.stop;
  const { running } = plan;
  const stops = due.length;
  const listedWhole = due.filter(isInstance).length;
  const here = breaker({ stops, listedWhole, running, complete: true, maxStops, maxShare });
  const counted =
    here.open || stops === 0 ? here : sweepBreaker({ stops, listedWhole, running }, run.others, config.stop);
  const billed = counted.open || due.length === 0 ? undefined : await getStopBlock(clients.table, time);
  const block: Breaker = billed ? { open: true, reason: billed.reason } : counted;
  if (block.open) await recordAlert(clients.table, breakerAlert(target, block.reason, time));
  return block;
}
