import { alertId, digest } from '../alert/identity.ts';
import {
  breakerAlert,
  scheduleProblemAlert,
  stopResultAlert,
  stopWarningAlert,
} from '../alert/stop-alert.ts';
import { getInstances } from '../aws/ec2.ts';
import { type PowerOutcome, startInstances, stopInstances } from '../aws/power.ts';
import { inBatches } from '../batches.ts';
import { startedWithin, type Utilization } from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import { logger } from '../observability.ts';
import type { IsoTime } from '../period.ts';
import { type Breaker, breaker } from '../schedule/breaker.ts';
import { type Clearance, clearForStart, clearForStop } from '../schedule/clearance.ts';
import type { DecisionCode } from '../schedule/decision.ts';
import { isStale } from '../schedule/stale-event.ts';
import { spanAt } from '../schedule/window.ts';
import {
  abandonedClaim,
  applyWrite,
  claimStart,
  claimStop,
  outcomeWrite,
  recordWrite,
  refusalWrite,
  releaseClaim,
  settleStart,
  warningWrite,
} from '../store/instance-records.ts';
import { recordAlert } from '../store/outbox.ts';
import { getStopBlock } from '../store/stop-block.ts';
import type { Table, TransactItem } from '../store/table.ts';
import { type Target, targetName } from '../target.ts';
import { type Plan, type Planned, planSchedules, type ScheduleClients } from './plan-schedules.ts';

type Clients = ScheduleClients & { table: Table };

/** What is known of the run itself: how long it may last, and when its event arrived. */
type Run = { remainingMs: () => number; arrivedAt: IsoTime };

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
  stopped: PowerOutcome[];
  started: PowerOutcome[];
  /** How many are kept, by code. */
  kept: Partial<Record<DecisionCode, number>>;
};

/**
 * One pass of the off-hours schedules over one target: decides, warns, stops and starts, and records each of these
 * with the alert that tells of it. In observe mode nothing is stopped, started or tagged; what would be is told.
 * Throws, after all the rest is recorded, where AWS let it stop or start nothing at all.
 */
export async function enforceSchedules(
  clients: Clients,
  target: Target,
  config: Config,
  time: IsoTime,
  run: Run,
): Promise<Enforced> {
  if (isStale(time, run.arrivedAt, config.stop.eventMaxAge)) return discarded(target, config, time, run);
  const plan = await planSchedules(clients, target, config, time);
  const pass = { clients, target, config, time, run, plan };
  await tellProblems(pass);
  await rememberMeasured(pass);
  const warned = await warn(pass);
  const stops = withAction(plan, 'stop');
  const due = [...stops, ...withCode(plan, ['held-back', 'observed'])];
  const block = await blockOf(pass, due);
  if (block.open) await rememberHeldBack(pass, stops, block.reason);
  const stopped = config.enforce && !block.open ? await stopDue(pass, stops) : [];
  const started = config.enforce ? await startDue(pass) : [];
  failOn([...stopped, ...started]);
  return {
    target,
    mode: config.enforce ? 'enforce' : 'observe',
    ...(block.open && { blocked: block.reason }),
    running: plan.running,
    warned,
    due: due.map(({ instance }) => instance.instanceId),
    stopped,
    started,
    kept: countCodes(plan),
  };
}

type Pass = { clients: Clients; target: Target; config: Config; time: IsoTime; run: Run; plan: Plan };

/** One is made up by the next run; where all of them are late, nothing is enforced at all, and the log tells it. */
function discarded(target: Target, { enforce }: Config, time: IsoTime, { arrivedAt }: Run): Enforced {
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
  const groups = Map.groupBy(withAction(plan, 'keep'), ({ decision }) => decision.code);
  return Object.fromEntries([...groups].map(([code, { length }]) => [code, length]));
}

/** A tag that can't be read is told once: the alert's identity is the tag's value, not the run. */
async function tellProblems({ clients, plan, config, time }: Pass): Promise<void> {
  for (const { instance, decision, owner } of plan.planned) {
    const key = problems[decision.code]?.(config);
    if (key === undefined) continue;
    const tag = { key, value: valuesLike(instance.tags, key) };
    await recordAlert(
      clients.table,
      scheduleProblemAlert({ instance, tag, error: decision.reason, owner, at: time }),
    );
  }
}

/** The tag that each kind of problem is about. */
const problems: { readonly [Code in DecisionCode]?: (config: Config) => string } = {
  'invalid-schedule': ({ tags }) => tags.schedule,
  'ambiguous-tag': ({ tags }) => tags.schedule,
  'invalid-keep-until': ({ tags }) => tags.keepUntil,
};

const valuesLike = (tags: Planned['instance']['tags'], key: string): string =>
  Object.entries(tags)
    .filter(([name]) => name.toLowerCase() === key.toLowerCase())
    .map(([, value]) => value)
    .join(' | ');

/** What was measured and kept isn't measured again by each run; a warning that its work disproved is void. */
async function rememberMeasured({ clients, target, plan, time }: Pass): Promise<void> {
  for (const { instance, decision, input, utilization } of plan.planned) {
    const change = utilization && changeBy(decision, utilization, input);
    if (!change) continue;
    await applyWrite(clients.table, recordWrite(clients.table, target, instance.instanceId, time, change));
  }
}

function changeBy(
  { code, reason }: Planned['decision'],
  utilization: Utilization,
  { instance, now }: Planned['input'],
): Parameters<typeof recordWrite>[4] | undefined {
  const { lastBusy, windowStart, windowEnd } = utilization;
  if (code === 'busy' && lastBusy) return { set: { lastBusy }, remove: ['warning', 'measured'] };
  // What has just started was asked nothing, and may soon be judged.
  if (startedWithin(instance, { start: windowStart, end: windowEnd })) return undefined;
  return code === 'utilization-unknown' ? { set: { measured: { at: now, code, reason } } } : undefined;
}

/** What nothing may stop now isn't measured again by each run. */
async function rememberHeldBack(
  { clients, target, time, config }: Pass,
  stops: readonly Planned[],
  because: string,
): Promise<void> {
  if (!config.enforce) return;
  for (const { instance, decision, utilization } of stops) {
    if (!utilization) continue;
    const reason = `${decision.reason}; nothing is stopped now: ${because}`;
    const change = { set: { measured: { at: time, code: 'held-back' as const, reason } } };
    await applyWrite(clients.table, recordWrite(clients.table, target, instance.instanceId, time, change));
  }
}

/** A transaction takes 100 writes, two of which are the alert's. */
const writesPerAlert = 90;

/** One warning per owner and run. Returns the ids of the instances it went out for. */
async function warn(pass: Pass): Promise<string[]> {
  const warned: string[] = [];
  for (const [owner, group] of Map.groupBy(withAction(pass.plan, 'warn'), (planned) => planned.owner)) {
    for (const [part, planned] of inBatches(group, writesPerAlert).entries()) {
      if (await recordWarning(pass, owner, planned, part)) {
        warned.push(...planned.map(({ instance }) => instance.instanceId));
      }
    }
  }
  return warned;
}

function recordWarning(
  { clients, target, config, time }: Pass,
  owner: string | undefined,
  instances: readonly Planned[],
  part: number,
): Promise<boolean> {
  const { enforce, stop, tags } = config;
  const alert = stopWarningAlert({
    owner,
    team: instances[0]?.attribution.team,
    target,
    at: time,
    enforce,
    part,
    instances,
    graceMinutes: stop.grace,
    keepUntilTag: tags.keepUntil,
  });
  const warning = { alertId: alert.id, at: time, ...(!enforce && { observed: true }) };
  const writes = instances.map(({ instance, stored }) =>
    warningWrite(clients.table, target, instance.instanceId, warning, stored),
  );
  return recordAlert(clients.table, alert, writes);
}

/** Whether anything forbids every stop of this run, told once a day. */
async function blockOf(
  { clients, target, config, time, plan }: Pass,
  due: readonly Planned[],
): Promise<Breaker> {
  const { maxStops, maxShare } = config.stop;
  const counted = breaker({ stops: due.length, running: plan.running, complete: true, maxStops, maxShare });
  const billed = counted.open || due.length === 0 ? undefined : await getStopBlock(clients.table, time);
  const block: Breaker = billed ? { open: true, reason: billed.reason } : counted;
  if (block.open) await recordAlert(clients.table, breakerAlert(target, block.reason, time));
  return block;
}

/** What became of a stop, and since when it was claimed. */
type ClaimedOutcome = PowerOutcome & { claimedAt: IsoTime };

/** Stops what is due: tags read again, each stop claimed, the outcome recorded with the alert that tells of it. */
async function stopDue(pass: Pass, due: readonly Planned[]): Promise<PowerOutcome[]> {
  const { clients, time, run } = pass;
  const cleared = await clear(pass, due, clearForStop);
  const claimed: typeof cleared = [];
  for (const stop of cleared) if (await claim(pass, stop.instance)) claimed.push(stop);
  const outcomes = await stopInstances(clients.ec2, claimed, { remainingMs: run.remainingMs });
  const all = [...outcomes.map((outcome) => ({ ...outcome, claimedAt: time })), ...abandonedStops(pass)];
  await recordStops(pass, all);
  return all;
}

async function claim(pass: Pass, instance: { instanceId: string }): Promise<boolean> {
  const { clients, target, time } = pass;
  const warning = plannedOf(pass, instance)?.input.record.warning;
  return (
    warning !== undefined && claimStop(clients.table, target, instance.instanceId, time, warning.alertId)
  );
}

/** Stops that an earlier run made and didn't live to record. */
const abandonedStops = ({ plan, time }: Pass): ClaimedOutcome[] =>
  plan.planned.flatMap(({ instance, input }) => {
    const claimedAt = abandonedClaim(input.record, instance, time);
    return claimedAt !== undefined && ['stopping', 'stopped'].includes(instance.state)
      ? [{ instanceId: instance.instanceId, outcome: 'done' as const, claimedAt }]
      : [];
  });

/** Decides again by what EC2 says now, and lets through what is still due. */
async function clear<Cleared>(
  { clients, target }: Pass,
  due: readonly Planned[],
  gate: (
    decision: Planned['decision'],
    fresh: Planned['instance'],
    input: Planned['input'],
  ) => Clearance<Cleared>,
): Promise<Cleared[]> {
  if (due.length === 0) return [];
  const ids = due.map(({ instance }) => instance.instanceId);
  const fresh = new Map(
    (await getInstances(clients.ec2, target, { instanceIds: ids })).map((instance) => [
      instance.instanceId,
      instance,
    ]),
  );
  return due.flatMap(({ instance, decision, input }) => {
    const now = fresh.get(instance.instanceId);
    const clearance = now && gate(decision, now, input);
    return clearance && 'cleared' in clearance ? [clearance.cleared] : [];
  });
}

async function recordStops(pass: Pass, outcomes: readonly ClaimedOutcome[]): Promise<void> {
  const { clients, target, time } = pass;
  const settled = outcomes.filter(({ outcome }) => outcome === 'done' || outcome === 'refused');
  await tellResults(pass, 'stop', settled, ({ instanceId, outcome, code = 'unknown', claimedAt }) =>
    outcomeWrite(
      clients.table,
      target,
      instanceId,
      time,
      claimedAt,
      outcome === 'done' ? { stoppedAt: claimedAt } : { refused: { code, at: time } },
    ),
  );
  // What failed or was left is due again in the next run; its claim must not stand in the way.
  for (const { instanceId, claimedAt } of outcomes.filter((outcome) => !settled.includes(outcome))) {
    await releaseClaim(clients.table, target, instanceId, claimedAt);
  }
}

/** Records outcomes with the alert that tells of them, one alert an owner. */
async function tellResults<Outcome extends PowerOutcome>(
  pass: Pass,
  action: 'stop' | 'start',
  outcomes: readonly Outcome[],
  writeOf: (outcome: Outcome) => TransactItem,
): Promise<void> {
  const owned = (outcome: Outcome) => plannedOf(pass, outcome)?.owner;
  for (const group of Map.groupBy(outcomes, owned).values()) {
    for (const batch of inBatches(group, writesPerAlert)) await tellBatch(pass, action, batch, writeOf);
  }
}

async function tellBatch<Outcome extends PowerOutcome>(
  pass: Pass,
  action: 'stop' | 'start',
  outcomes: readonly Outcome[],
  writeOf: (outcome: Outcome) => TransactItem,
): Promise<void> {
  const recorded = await recordAlert(
    pass.clients.table,
    resultAlert(pass, action, outcomes),
    outcomes.map(writeOf),
  );
  // Another run has recorded one of them, and the transaction is all or nothing: each of the others by itself.
  if (recorded || outcomes.length === 1) return;
  for (const outcome of outcomes) await tellBatch(pass, action, [outcome], writeOf);
}

/** What went down, and what AWS refused, with its reason. */
function resultAlert(
  pass: Pass,
  action: 'stop' | 'start',
  outcomes: readonly PowerOutcome[],
): ReturnType<typeof stopResultAlert> {
  const [first] = outcomes.flatMap((outcome) => plannedOf(pass, outcome) ?? []);
  const alert = stopResultAlert({
    stopped: outcomes.flatMap((outcome) =>
      outcome.outcome === 'done' ? (plannedOf(pass, outcome) ?? []) : [],
    ),
    failed: outcomes.flatMap((outcome) => {
      const planned = outcome.outcome === 'refused' ? plannedOf(pass, outcome) : undefined;
      const error = `${outcome.code}: ${outcome.message}`;
      return planned ? [{ instance: planned.instance, action, error }] : [];
    }),
    owner: first?.owner,
    ...(first?.attribution.team && { team: first.attribution.team }),
    target: pass.target,
    at: pass.time,
    enforce: true,
  });
  // Of one event's two deliveries each may stop a part: what it tells of is part of what the alert is.
  const ids = outcomes.map(({ instanceId }) => instanceId).toSorted();
  return { ...alert, id: alertId(alert.id, action, digest(ids.join())) };
}

const plannedOf = ({ plan }: Pass, { instanceId }: { instanceId: string }): Planned | undefined =>
  plan.planned.find(({ instance }) => instance.instanceId === instanceId);

/** Starts what its schedule starts. What EC2 has no capacity for is told once a window, and tried again by each run. */
async function startDue(pass: Pass): Promise<PowerOutcome[]> {
  const { clients, target, time, run, plan } = pass;
  const cleared = await clear(pass, withAction(plan, 'start'), clearForStart);
  const claimed: typeof cleared = [];
  for (const start of cleared) {
    if (await claimStart(clients.table, target, start.instance.instanceId, time)) claimed.push(start);
  }
  const outcomes = await startInstances(clients.ec2, claimed, { remainingMs: run.remainingMs });
  for (const { instanceId, outcome } of outcomes) {
    await settleStart(clients.table, target, instanceId, time, outcome === 'done');
  }
  const refused = outcomes.filter((each) => each.outcome === 'refused' && !wasToldInWindow(pass, each));
  await tellResults(pass, 'start', refused, (outcome) => {
    const { instanceId, code = 'unknown' } = outcome;
    const refusal = { code, at: time };
    return refusalWrite(clients.table, target, instanceId, refusal, plannedOf(pass, outcome)?.stored);
  });
  return outcomes;
}

/** Whether somebody was told since the window opened that AWS refuses to start it. */
function wasToldInWindow(pass: Pass, outcome: PowerOutcome): boolean {
  const { parsed, record } = plannedOf(pass, outcome)?.input ?? {};
  if (!record?.refused || parsed?.kind !== 'schedule') return false;
  const { since } = spanAt(parsed.schedule, pass.time);
  return since === undefined || Date.parse(record.refused.at) >= Date.parse(since);
}

/**
 * What failed for a reason that speaks of no single instance (no permission, throttling, network) fails the run, once
 * the rest of it is recorded: else nobody would hear that stops are due and never made.
 */
function failOn(outcomes: readonly PowerOutcome[]): void {
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  const [first] = failed;
  if (!first) return;
  const ids = failed.map(({ instanceId }) => instanceId).join(', ');
  throw new Error(`Could not stop or start ${ids}: ${first.code}: ${first.message}`);
}
