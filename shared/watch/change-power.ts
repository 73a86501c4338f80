import { alertId, digest } from '../alert/identity.ts';
import { stopResultAlert } from '../alert/stop-alert.ts';
import { problemOf } from '../aws/change-outcome.ts';
import type { Clock } from '../aws/paced-call.ts';
import type { PowerOptions, PowerOutcome } from '../aws/power.ts';
import { inBatches } from '../batches.ts';
import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import type { Others } from '../schedule/breaker.ts';
import {
  type Clearance,
  type ClearedStart,
  type ClearedStop,
  clearForStart,
  clearForStop,
} from '../schedule/clearance.ts';
import { type Schedulable, schedulableKey } from '../schedule/schedulable.ts';
import { countStartRefusal, startNews } from '../schedule/start-backoff.ts';
import { recordAlert } from '../store/outbox.ts';
import {
  abandonedClaim,
  applyWrite,
  claimStart,
  claimStop,
  outcomeWrite,
  releaseClaim,
  settleStart,
  startRefusalWrite,
} from '../store/schedule-records.ts';
import type { Table, TransactItem } from '../store/table.ts';
import type { Target } from '../target.ts';
import { kindOf } from './kinds/all.ts';
import type { Kind, KindContext } from './kinds/kind.ts';
import type { Plan, Planned, ScheduleClients } from './plan-schedules.ts';
import { spanOf } from './start-news.ts';

/** One run over one target: what it works with, when, and what it found. */
export type Pass = {
  clients: ScheduleClients & { table: Table };
  target: Target;
  config: Config;
  time: IsoTime;
  /** How long the run may last, when its event arrived, and what the rest of the sweep comes to. */
  run: {
    remainingMs: () => number;
    arrivedAt: IsoTime;
    others?: Others | undefined;
    /** To space out calls; the real one where none is given. */
    clock?: Clock | undefined;
  };
  plan: Plan;
};

/** A transaction takes 100 writes, two of which are the alert's. */
export const writesPerAlert = 90;

/** What became of something that was to be stopped or started. */
export type Switched = PowerOutcome & {
  kind: Schedulable['kind'];
  /** This run holds no claim of it: another one may, by an event of the same time. */
  isUnclaimed?: true;
};

/** What became of a stop, and since when it was claimed. */
type ClaimedOutcome = Switched & { claimedAt: IsoTime };

/** Stops what is due: tags read again, each stop claimed, the outcome recorded with the alert that tells of it. */
export async function stopDue(pass: Pass, due: readonly Planned[]): Promise<Switched[]> {
  const { time } = pass;
  const outcomes = await changeDue(pass, due, {
    clear: clearForStop,
    claim: (stop: ClearedStop) => claim(pass, stop.subject),
    change: (kind, stops, options) => kind.stop(pass.plan.context, stops, options),
  });
  const all = [...outcomes.map((outcome) => ({ ...outcome, claimedAt: time })), ...abandonedStops(pass)];
  await recordStops(pass, all);
  return all;
}

function claim(pass: Pass, subject: Schedulable): Promise<boolean> {
  const { clients, target, time } = pass;
  const { input, decision, hourlyRate } = plannedOf(pass, subject) ?? {};
  const { warning, stopNow: wish } = input?.record ?? {};
  const stopNow = decision?.code === 'asked-to-stop' ? wish : undefined;
  if (warning === undefined && stopNow === undefined) return Promise.resolve(false);
  // An instance keeps its type, and with it its price.
  const rate = subject.kind === 'ec2-instance' ? {} : { hourlyRate };
  const ground = { warning, stopNow, restore: subject.restore, ...rate };
  return claimStop(clients.table, target, schedulableKey(subject), time, ground);
}

/** What is done with what is due, kind by kind. */
type Change<Cleared extends { subject: Schedulable }> = {
  clear: (decision: Planned['decision'], fresh: Schedulable, input: Planned['input']) => Clearance<Cleared>;
  claim: (cleared: Cleared) => Promise<boolean>;
  change: (kind: Kind, claimed: readonly Cleared[], options: PowerOptions) => Promise<PowerOutcome[]>;
};

async function changeDue<Cleared extends { subject: Schedulable }>(
  pass: Pass,
  due: readonly Planned[],
  steps: Change<Cleared>,
): Promise<Switched[]> {
  const changed: Switched[] = [];
  for (const [name, group] of Map.groupBy(due, ({ subject }) => subject.kind)) {
    const outcomes = await changeKind(pass, kindOf(name), group, steps);
    changed.push(...outcomes.map((outcome) => ({ ...outcome, kind: name })));
  }
  return changed;
}

/** One service that can't be reached must not keep from being recorded what the others have done. */
async function changeKind<Cleared extends { subject: Schedulable }>(
  { plan, run, config }: Pass,
  kind: Kind,
  due: readonly Planned[],
  { clear, claim, change }: Change<Cleared>,
): Promise<Omit<Switched, 'kind'>[]> {
  const claimed: Cleared[] = [];
  try {
    for (const batch of inBatches(await clearAll(plan.context, kind, due, clear), concurrentClaims)) {
      const isOurs = await Promise.all(batch.map(claim));
      claimed.push(...batch.filter((_, index) => isOurs[index]));
    }
    const { remainingMs, clock } = run;
    return await change(kind, claimed, { ...config.stop, remainingMs, clock });
  } catch (error) {
    const claimedIds = new Set(claimed.map(({ subject }) => subject.id));
    return due.map(({ subject: { id } }) => ({
      id,
      ...(claimedIds.has(id) ? { outcome: 'unknown' } : { outcome: 'failed', isUnclaimed: true }),
      ...problemOf(error),
    }));
  }
}

/** So many writes at a time keep thousands of claims short, and the table from throttling. */
const concurrentClaims = 25;

/** Decides again by what AWS says now, and lets through what is still due. */
async function clearAll<Cleared>(
  context: KindContext,
  kind: Kind,
  due: readonly Planned[],
  clear: (decision: Planned['decision'], fresh: Schedulable, input: Planned['input']) => Clearance<Cleared>,
): Promise<Cleared[]> {
  const subjects = await kind.refresh(
    context,
    due.map(({ subject }) => subject),
  );
  const fresh = new Map(subjects.map((subject) => [subject.id, subject]));
  return due.flatMap(({ subject, decision, input }) => {
    const now = fresh.get(subject.id);
    const clearance = now && clear(decision, now, input);
    return clearance && 'cleared' in clearance ? [clearance.cleared] : [];
  });
}

/** Stops that an earlier run made and didn't live to record. */
const abandonedStops = ({ plan, time }: Pass): ClaimedOutcome[] =>
  plan.planned.flatMap(({ subject, input }) => {
    const claimedAt = abandonedClaim(input.record, subject, time);
    return claimedAt !== undefined && ['stopping', 'stopped'].includes(subject.state)
      ? [{ kind: subject.kind, id: subject.id, outcome: 'done' as const, claimedAt }]
      : [];
  });

async function recordStops(pass: Pass, outcomes: readonly ClaimedOutcome[]): Promise<void> {
  const { clients, target, time } = pass;
  const settled = outcomes.filter(({ outcome }) => outcome === 'done' || outcome === 'refused');
  await tellResults(pass, 'stop', settled, (settledOne) => {
    const { outcome, code = 'unknown', claimedAt } = settledOne;
    const set = outcome === 'done' ? { stoppedAt: claimedAt } : { refused: { code, at: time } };
    return outcomeWrite(clients.table, target, schedulableKey(settledOne), time, claimedAt, set);
  });
  // What failed or was left is due again in the next run; its claim must not stand in the way. Where nobody knows whether
  // it was made the claim stays, as of a run that died: a later one sees what came of it, and tells it.
  const isOver = ({ outcome, isUnclaimed }: Switched) =>
    !isUnclaimed && !['done', 'refused', 'unknown'].includes(outcome);
  for (const outcome of outcomes.filter(isOver)) {
    await releaseClaim(clients.table, target, schedulableKey(outcome), outcome.claimedAt);
  }
}

/** Records outcomes with the alert that tells of them, one alert an owner. */
async function tellResults<Outcome extends Switched>(
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

async function tellBatch<Outcome extends Switched>(
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
  outcomes: readonly Switched[],
): ReturnType<typeof stopResultAlert> {
  const [first] = outcomes.flatMap((outcome) => plannedOf(pass, outcome) ?? []);
  const alert = stopResultAlert({
    stopped: outcomes.flatMap((outcome) =>
      outcome.outcome === 'done' ? (plannedOf(pass, outcome) ?? []) : [],
    ),
    failed: outcomes.flatMap((outcome) => {
      const planned = outcome.outcome === 'refused' ? plannedOf(pass, outcome) : undefined;
      const error = `${outcome.code}: ${outcome.message}`;
      return planned ? [{ subject: planned.subject, action, error }] : [];
    }),
    owner: first?.owner,
    ...(first?.attribution.team && { team: first.attribution.team }),
    target: pass.target,
    at: pass.time,
    enforce: true,
  });
  // Of one event's two deliveries each may stop a part: what it tells of is part of what the alert is.
  const ids = outcomes.map(schedulableKey).toSorted();
  return { ...alert, id: alertId(alert.id, action, digest(ids.join())) };
}

const plannedOf = ({ plan }: Pass, thing: Pick<Schedulable, 'kind' | 'id'>): Planned | undefined =>
  plan.byKey.get(schedulableKey(thing));

/** Starts what its schedule starts. What AWS refuses is tried again ever more rarely, and told once a window. */
export async function startDue(pass: Pass, due: readonly Planned[]): Promise<Switched[]> {
  const { clients, target, time } = pass;
  const outcomes = await changeDue(pass, due, {
    clear: clearForStart,
    claim: ({ subject }: ClearedStart) => {
      const lastStart = plannedOf(pass, subject)?.stored?.startedAt;
      return claimStart(clients.table, target, schedulableKey(subject), time, lastStart);
    },
    change: (kind, starts, options) => kind.start(pass.plan.context, starts, options),
  });
  for (const outcome of outcomes.filter(({ isUnclaimed }) => !isUnclaimed)) {
    await settleStart(clients.table, target, schedulableKey(outcome), time, outcome.outcome === 'done');
  }
  await recordRefusedStarts(
    pass,
    outcomes.filter(({ outcome }) => outcome === 'refused'),
  );
  return outcomes;
}

async function recordRefusedStarts(pass: Pass, refused: readonly Switched[]): Promise<void> {
  const { clients, target, time } = pass;
  const counted = (outcome: Switched): TransactItem & { Update: object } => {
    const { stored, input } = plannedOf(pass, outcome) ?? {};
    const refusal = { code: outcome.code ?? 'unknown', at: time };
    const refusals = countStartRefusal(stored?.startRefused, refusal, input ? spanOf(input) : {});
    return startRefusalWrite(clients.table, target, schedulableKey(outcome), refusals, stored);
  };
  const isNews = (outcome: Switched) => {
    const { stored, input } = plannedOf(pass, outcome) ?? {};
    return input !== undefined && startNews(stored?.startRefused, 'refused', spanOf(input)) !== undefined;
  };
  await tellResults(pass, 'start', refused.filter(isNews), counted);
  for (const outcome of refused.filter((each) => !isNews(each))) {
    await applyWrite(clients.table, counted(outcome));
  }
}

/**
 * What failed for a reason that speaks of no single instance (no permission, throttling, network) fails the run, once
 * the rest of it is recorded: else nobody would hear that stops are due and never made.
 */
export function failOn(outcomes: readonly Switched[]): void {
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed' || outcome === 'unknown');
  const [first] = failed;
  if (!first) return;
  const ids = failed.map(({ id }) => id).join(', ');
  throw new Error(`Could not stop or start ${ids}: ${first.code}: ${first.message}`);
}
