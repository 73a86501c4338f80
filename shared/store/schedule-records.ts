import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { addMilliseconds, type IsoTime } from '../period.ts';
import { minutesBetween, stopDatedMinutes } from '../schedule/case.ts';
import type { ScheduleRecord } from '../schedule/record.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, type TransactItem, unlessRefused } from './table.ts';

const stored = z.object({
  sk: z.string(),
  warning: z.object({ alertId: z.string(), at: z.string(), observed: z.boolean().optional() }).optional(),
  stopNow: z.object({ at: z.string(), by: z.string() }).optional(),
  stopRequestedAt: z.string().optional(),
  stoppedAt: z.string().optional(),
  startRequestedAt: z.string().optional(),
  startedAt: z.string().optional(),
  seenUpAt: z.string().optional(),
  seenDownAt: z.string().optional(),
  refused: z.object({ code: z.string(), at: z.string() }).optional(),
  startRefused: z.object({ count: z.number(), at: z.string(), code: z.string() }).optional(),
  measured: z
    .object({
      at: z.string(),
      code: z.enum(['utilization-unknown', 'held-back', 'delete-not-allowed']),
      reason: z.string(),
    })
    .optional(),
  hourlyRate: z.number().optional(),
  restore: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

/** What is remembered in a target, by `schedulableKey`. */
export async function getScheduleRecords(table: Table, target: Target): Promise<Map<string, ScheduleRecord>> {
  // A stop that the last run recorded a second ago counts.
  const records = await queryAll(table, { pk: partition(target), item: stored, isConsistent: true });
  return new Map(records.map(({ sk, ...record }) => [sk, record]));
}

/** What a run changes of one record, and under which condition. */
export type RecordChange = {
  set?: Partial<ScheduleRecord>;
  remove?: readonly (keyof ScheduleRecord)[];
  /** What must still be so for the write to happen. */
  when?: { expression: string; values?: Record<string, unknown>; names?: Record<string, string> };
};

type UpdateItem = { Update: NonNullable<TransactItem['Update']> };

/** The write that a run's change of one record is, for a transaction with the alert that tells of it. */
export function recordWrite(
  { name }: Table,
  target: Target,
  key: string,
  at: IsoTime,
  change: RecordChange,
): UpdateItem {
  const sets = { ...change.set, expiresAt: expiresAfter(at, retentionDays) };
  const removed = change.remove ?? [];
  const names = [...Object.keys(sets), ...removed];
  return {
    Update: {
      TableName: name,
      Key: { pk: partition(target), sk: key },
      UpdateExpression: [
        `SET ${Object.keys(sets)
          .map((field) => `#${field} = :${field}`)
          .join(', ')}`,
        ...(removed.length > 0 ? [`REMOVE ${removed.map((field) => `#${field}`).join(', ')}`] : []),
      ].join(' '),
      ExpressionAttributeNames: {
        ...Object.fromEntries(names.map((field) => [`#${field}`, field])),
        ...change.when?.names,
      },
      ExpressionAttributeValues: {
        ...Object.fromEntries(Object.entries(sets).map(([field, value]) => [`:${field}`, value])),
        ...change.when?.values,
      },
      ...(change.when && { ConditionExpression: change.when.expression }),
    },
  };
}

/** What nobody decided on for so long is gone, or has lost its tag: what a start has to give back is known nowhere else. */
const retentionDays = 400;

/** A warning is recorded once: not where another run has recorded one since this one looked. */
export const warningWrite = (
  table: Table,
  target: Target,
  key: string,
  warning: NonNullable<ScheduleRecord['warning']>,
  previous: ScheduleRecord | undefined,
): UpdateItem =>
  recordWrite(table, target, key, warning.at, {
    set: { warning },
    remove: ['stopNow'], // it was about a warning before
    when: previous?.warning
      ? { expression: 'warning.alertId = :previous', values: { ':previous': previous.warning.alertId } }
      : { expression: 'attribute_not_exists(warning)' },
  });

/** What a stop follows from: the warning that is out, or somebody's wish not to wait. */
type StopGround = Pick<ScheduleRecord, 'warning' | 'stopNow' | 'restore' | 'hourlyRate'>;

/**
 * Claims a stop before it is asked for, with what a start has to give back, so that of two concurrent runs one makes it,
 * and a run that dies afterwards leaves behind what it was about to do. False where another run holds the claim, and
 * where what the stop follows from is no longer there: another run has made it since, or has seen it at work.
 */
export function claimStop(
  table: Table,
  target: Target,
  key: string,
  at: IsoTime,
  { warning, stopNow, restore, hourlyRate }: StopGround,
): Promise<boolean> {
  const free = unclaimed('stopRequestedAt', at);
  const [ground, value] = stopNow
    ? (['stopNow.#at = :ground', stopNow.at] as const)
    : (['warning.alertId = :ground', warning?.alertId ?? ''] as const);
  const change = recordWrite(table, target, key, at, {
    set: {
      stopRequestedAt: at,
      ...(restore && { restore }),
      ...(hourlyRate !== undefined && { hourlyRate }),
    },
    when: {
      expression: `${ground} AND (${free.expression})`,
      values: { ':ground': value, ...free.values },
      ...(stopNow && { names: { '#at': 'at' } }),
    },
  });
  return applyWrite(table, change);
}

/** The outcome of a claimed stop, recorded by whoever holds that claim and by nobody else. */
export const outcomeWrite = (
  table: Table,
  target: Target,
  key: string,
  at: IsoTime,
  claimedAt: IsoTime,
  set: Pick<ScheduleRecord, 'stoppedAt' | 'refused'>,
): UpdateItem =>
  recordWrite(table, target, key, at, {
    set,
    remove: ['warning', 'stopNow', 'stopRequestedAt', 'measured', 'seenUpAt', 'seenDownAt'],
    when: heldBy('stopRequestedAt', claimedAt),
  });

/**
 * Keeps that somebody who was warned won't wait for the grace period; false where no warning of a stop is out, or only
 * one that says that nothing is stopped.
 */
export const requestStop = (
  table: Table,
  target: Target,
  key: string,
  stopNow: NonNullable<ScheduleRecord['stopNow']>,
): Promise<boolean> =>
  applyWrite(
    table,
    recordWrite(table, target, key, stopNow.at, {
      set: { stopNow },
      when: {
        expression: 'attribute_exists(warning) AND attribute_not_exists(warning.observed)',
      },
    }),
  );

/**
 * Claims a start before it is asked for, as a stop is claimed: whoever hears of the start can read
 * here that it is ours. False where another run holds the claim, or has made a start since the one at `lastStart`.
 */
export function claimStart(
  table: Table,
  target: Target,
  key: string,
  at: IsoTime,
  lastStart: IsoTime | undefined,
): Promise<boolean> {
  const free = unclaimed('startRequestedAt', at);
  const [ground, values] =
    lastStart === undefined
      ? ['attribute_not_exists(startedAt)', {}]
      : ['startedAt = :last', { ':last': lastStart }];
  const change = recordWrite(table, target, key, at, {
    set: { startRequestedAt: at },
    when: { expression: `${ground} AND (${free.expression})`, values: { ...free.values, ...values } },
  });
  return applyWrite(table, change);
}

/** Ends the claim of a start: with `started` it was made, without it the next run may try again. */
export const settleStart = (
  table: Table,
  target: Target,
  key: string,
  claimedAt: IsoTime,
  started: boolean,
): Promise<boolean> =>
  applyWrite(
    table,
    recordWrite(table, target, key, claimedAt, {
      set: started ? { startedAt: claimedAt } : {},
      remove: ['startRequestedAt', ...(started ? (['startRefused'] as const) : [])],
      when: heldBy('startRequestedAt', claimedAt),
    }),
  );

/** Gives a claim back, so that the next run may make the stop. */
export const releaseClaim = (
  table: Table,
  target: Target,
  key: string,
  claimedAt: IsoTime,
): Promise<boolean> =>
  applyWrite(
    table,
    recordWrite(table, target, key, claimedAt, {
      remove: ['stopRequestedAt'],
      when: heldBy('stopRequestedAt', claimedAt),
    }),
  );

type Claim = 'stopRequestedAt' | 'startRequestedAt';

/** Nobody holds the claim, or whoever did is dead. */
const unclaimed = (claim: Claim, at: IsoTime) => ({
  expression: `attribute_not_exists(${claim}) OR ${claim} < :stale`,
  values: { ':stale': addMilliseconds(at, -staleClaimMs) },
});

/** It is still the claim of that run. */
const heldBy = (claim: Claim, claimedAt: IsoTime) => ({
  expression: `${claim} = :claimed`,
  values: { ':claimed': claimedAt },
});

/** A refused start is counted once: not where another run has counted one since this one looked. */
export const startRefusalWrite = (
  table: Table,
  target: Target,
  key: string,
  startRefused: NonNullable<ScheduleRecord['startRefused']>,
  previous: ScheduleRecord | undefined,
): UpdateItem =>
  recordWrite(table, target, key, startRefused.at, { set: { startRefused }, when: unchanged(previous) });

/** What was refused in a window that is over is forgotten once, with the alert that tells of it. */
export const missedWindowWrite = (
  table: Table,
  target: Target,
  key: string,
  at: IsoTime,
  previous: ScheduleRecord,
): UpdateItem => recordWrite(table, target, key, at, { remove: ['startRefused'], when: unchanged(previous) });

/** Nobody has counted a refused start since. */
const unchanged = (previous: ScheduleRecord | undefined) =>
  previous?.startRefused
    ? {
        expression: 'startRefused.#at = :previous',
        values: { ':previous': previous.startRefused.at },
        names: { '#at': 'at' },
      }
    : { expression: 'attribute_not_exists(startRefused)' };

/** Longer than any function may run: whoever held the claim is dead. */
const staleClaimMs = 15 * 60_000;

/** What was claimed longer ago, and is down without a date, may have gone down for any reason. */
const undatedMinutes = 60;

/** Whether a claim has outlived whoever made it. */
export const isStaleClaim = (claimedAt: IsoTime | undefined, now: IsoTime): claimedAt is IsoTime =>
  claimedAt !== undefined && claimedAt < addMilliseconds(now, -staleClaimMs);

/**
 * When a run claimed the stop of what is down now, and died before it recorded what became of it; undefined where none
 * did. A claim from before it was started last, or from long before it went down, tells nothing of who stopped it.
 */
export const abandonedClaim = (
  { stopRequestedAt }: ScheduleRecord,
  { startedAt, stoppedAt }: Pick<Schedulable, 'startedAt' | 'stoppedAt'>,
  now: IsoTime,
): IsoTime | undefined =>
  stopRequestedAt !== undefined &&
  (startedAt === undefined || stopRequestedAt >= startedAt) &&
  // Where AWS dates no stop, a visit has seen it within the hour, or somebody else has stopped it since.
  minutesBetween(stopRequestedAt, stoppedAt ?? now) < (stoppedAt ? stopDatedMinutes : undatedMinutes) &&
  stopRequestedAt < addMilliseconds(now, -staleClaimMs)
    ? stopRequestedAt
    : undefined;

/** Makes one change outside a transaction; false where its condition doesn't hold. */
export const applyWrite = ({ client }: Table, { Update }: UpdateItem): Promise<boolean> =>
  unlessRefused(client.send(new UpdateCommand(Update)));

const partition = ({ account, region }: Target): string => `INSTANCE#${account}#${region}`;
