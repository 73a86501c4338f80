import { alertId, digest } from '../alert/identity.ts';
import { stopResultAlert } from '../alert/stop-alert.ts';
import { getInstances } from '../aws/ec2.ts';
import { type PowerOutcome, startInstances, stopInstances } from '../aws/power.ts';
import { inBatches } from '../batches.ts';
import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import { type Clearance, clearForStart, clearForStop } from '../schedule/clearance.ts';
import { spanAt } from '../schedule/window.ts';
import {
  abandonedClaim,
  claimStart,
  claimStop,
  outcomeWrite,
  refusalWrite,
  releaseClaim,
  settleStart,
} from '../store/instance-records.ts';
import { recordAlert } from '../store/outbox.ts';
import type { Table, TransactItem } from '../store/table.ts';
import type { Target } from '../target.ts';
import type { Plan, Planned, ScheduleClients } from './plan-schedules.ts';

/** One run over one target: what it works with, when, and what it found. */
export type Pass = {
  clients: ScheduleClients & { table: Table };
  target: Target;
  config: Config;
  time: IsoTime;
  /** How long the run may last, and when its event arrived. */
  run: { remainingMs: () => number; arrivedAt: IsoTime };
  plan: Plan;
};

/** A transaction takes 100 writes, two of which are the alert's. */
export const writesPerAlert = 90;

/** What became of a stop, and since when it was claimed. */
type ClaimedOutcome = PowerOutcome & { claimedAt: IsoTime };

/** Stops what is due: tags read again, each stop claimed, the outcome recorded with the alert that tells of it. */
export async function stopDue(pass: Pass, due: readonly Planned[]): Promise<PowerOutcome[]> {
  const { clients, time, run } = pass;
  const cleared = await clear(pass, due, clearForStop);
  const claimed: typeof cleared = [];
  for (const stop of cleared) if (await claim(pass, stop.instance)) claimed.push(stop);
  const outcomes = await stopInstances(clients.ec2, claimed, {
    ...pass.config.stop,
    remainingMs: run.remainingMs,
  });
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
export async function startDue(pass: Pass, due: readonly Planned[]): Promise<PowerOutcome[]> {
  const { clients, target, time, run } = pass;
  const cleared = await clear(pass, due, clearForStart);
  const claimed: typeof cleared = [];
  for (const start of cleared) {
    if (await claimStart(clients.table, target, start.instance.instanceId, time)) claimed.push(start);
  }
  const outcomes = await startInstances(clients.ec2, claimed, {
    ...pass.config.stop,
    remainingMs: run.remainingMs,
  });
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
export function failOn(outcomes: readonly PowerOutcome[]): void {
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  const [first] = failed;
  if (!first) return;
  const ids = failed.map(({ instanceId }) => instanceId).join(', ');
  throw new Error(`Could not stop or start ${ids}: ${first.code}: ${first.message}`);
}
