import {
  breakerAlert,
  scheduleProblemAlert,
  stopResultAlert,
  stopWarningAlert,
} from '../alert/stop-alert.ts';
import { getInstances } from '../aws/ec2.ts';
import { type PowerOutcome, startInstances, stopInstances } from '../aws/power.ts';
import { inBatches } from '../batches.ts';
import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import { type Breaker, breaker } from '../schedule/breaker.ts';
import { type Clearance, clearForStart, clearForStop } from '../schedule/clearance.ts';
import type { DecisionCode } from '../schedule/decision.ts';
import { isStale } from '../schedule/stale-event.ts';
import {
  applyWrite,
  claimStop,
  isAbandonedClaim,
  recordWrite,
  warningWrite,
} from '../store/instance-records.ts';
import { recordAlert } from '../store/outbox.ts';
import { getStopBlock } from '../store/stop-block.ts';
import type { Table, TransactItem } from '../store/table.ts';
import type { Target } from '../target.ts';
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
  /** In observe mode: what would have been stopped. */
  due: string[];
  stopped: PowerOutcome[];
  started: PowerOutcome[];
  /** How many are kept, by code. */
  kept: Partial<Record<DecisionCode, number>>;
};

/**
 * One pass of the off-hours schedules over one target: decides, warns, stops and starts, and records each of these
 * with the alert that tells of it. In observe mode nothing is stopped, started or tagged; what would be is told.
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
  await rememberWork(pass);
  const warned = await warn(pass);
  const due = withAction(plan, 'stop');
  const block = await blockOf(pass, due);
  const stopped = config.enforce && !block.open ? await stopDue(pass, due) : [];
  const started = config.enforce ? await startDue(pass) : [];
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

const discarded = (target: Target, { enforce }: Config, time: IsoTime, { arrivedAt }: Run): Enforced => ({
  target,
  mode: enforce ? 'enforce' : 'observe',
  discarded: `The event of ${time} arrived at ${arrivedAt}: too old to act on. The next run sees what is so by then.`,
  running: 0,
  warned: [],
  due: [],
  stopped: [],
  started: [],
  kept: {},
});

const withAction = ({ planned }: Plan, action: Planned['decision']['action']): Planned[] =>
  planned.filter(({ decision }) => decision.action === action);

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

/** Who works isn't asked again before it can be idle, and a warning that it disproved is void. */
async function rememberWork({ clients, target, plan, time }: Pass): Promise<void> {
  for (const { instance, decision, utilization } of plan.planned) {
    if (decision.code !== 'busy' || !utilization?.lastBusy) continue;
    const change = { set: { lastBusy: utilization.lastBusy }, remove: ['warning'] as const };
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

/** Stops what is due: tags read again, each stop claimed, the outcome recorded with the alert that tells of it. */
async function stopDue(pass: Pass, due: readonly Planned[]): Promise<PowerOutcome[]> {
  const { clients, target, time, run } = pass;
  const cleared = await clear(pass, due, clearForStop);
  const claimed: typeof cleared = [];
  for (const stop of cleared) {
    if (await claimStop(clients.table, target, stop.instance.instanceId, time)) claimed.push(stop);
  }
  const outcomes = await stopInstances(clients.ec2, claimed, { remainingMs: run.remainingMs });
  const abandoned = abandonedStops(pass);
  await recordStops(pass, [...outcomes, ...abandoned]);
  return [...outcomes, ...abandoned];
}

/** Stops that an earlier run made and didn't live to record. */
const abandonedStops = ({ plan, time }: Pass): PowerOutcome[] =>
  plan.planned
    .filter(
      ({ instance, input }) =>
        ['stopping', 'stopped'].includes(instance.state) && isAbandonedClaim(input.record, time),
    )
    .map(({ instance }) => ({ instanceId: instance.instanceId, outcome: 'done' }));

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

async function recordStops(pass: Pass, outcomes: readonly PowerOutcome[]): Promise<void> {
  const { clients, target, time } = pass;
  const settled = outcomes.filter(({ outcome }) => outcome === 'done' || outcome === 'refused');
  const ownerOf = ({ instanceId }: PowerOutcome) => plannedOf(pass, instanceId)?.owner;
  for (const [owner, group] of Map.groupBy(settled, ownerOf)) {
    for (const [part, batch] of inBatches(group, writesPerAlert).entries()) {
      const alert = stopResultAlert({
        ...resultsOf(pass, batch),
        owner,
        target,
        at: time,
        enforce: true,
        part,
      });
      await recordAlert(
        clients.table,
        alert,
        batch.map((outcome) => outcomeWrite(pass, outcome)),
      );
    }
  }
  // What failed or was left is due again in the next run; its claim must not stand in the way.
  for (const { instanceId } of outcomes.filter((outcome) => !settled.includes(outcome))) {
    const change = { remove: ['stopRequestedAt'] as const };
    await applyWrite(clients.table, recordWrite(clients.table, target, instanceId, time, change));
  }
}

const plannedOf = ({ plan }: Pass, id: string): Planned | undefined =>
  plan.planned.find(({ instance }) => instance.instanceId === id);

/** What a result alert lists: those that went down, and those that AWS refused to stop, with its reason. */
const resultsOf = (pass: Pass, outcomes: readonly PowerOutcome[]) => ({
  stopped: outcomes
    .filter(({ outcome }) => outcome === 'done')
    .flatMap(({ instanceId }) => plannedOf(pass, instanceId) ?? []),
  failed: outcomes
    .filter(({ outcome }) => outcome === 'refused')
    .flatMap(({ instanceId, code, message }) => {
      const planned = plannedOf(pass, instanceId);
      return planned
        ? [{ instance: planned.instance, action: 'stop' as const, error: `${code}: ${message}` }]
        : [];
    }),
});

function outcomeWrite(
  { clients, target, time }: Pass,
  { instanceId, outcome, code = 'unknown' }: PowerOutcome,
): TransactItem {
  return recordWrite(clients.table, target, instanceId, time, {
    set: outcome === 'done' ? { stoppedAt: time } : { refused: { code, at: time } },
    remove: ['warning', 'stopRequestedAt'],
  });
}

/** Starts what its schedule starts. What EC2 has no capacity for is tried again by the next run. */
async function startDue(pass: Pass): Promise<PowerOutcome[]> {
  const { clients, target, time, run, plan } = pass;
  const cleared = await clear(pass, withAction(plan, 'start'), clearForStart);
  const outcomes = await startInstances(clients.ec2, cleared, { remainingMs: run.remainingMs });
  for (const { instanceId } of outcomes.filter(({ outcome }) => outcome === 'done')) {
    const change = { set: { startedAt: time } };
    await applyWrite(clients.table, recordWrite(clients.table, target, instanceId, time, change));
  }
  return outcomes;
}
