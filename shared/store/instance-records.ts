import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { Instance } from '../compute/instance.ts';
import { addMilliseconds, type IsoTime } from '../period.ts';
import type { InstanceRecord } from '../schedule/decision.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, type TransactItem, unlessRefused } from './table.ts';

const stored = z.object({
  sk: z.string(),
  warning: z.object({ alertId: z.string(), at: z.string(), observed: z.boolean().optional() }).optional(),
  stopRequestedAt: z.string().optional(),
  stoppedAt: z.string().optional(),
  startRequestedAt: z.string().optional(),
  startedAt: z.string().optional(),
  refused: z.object({ code: z.string(), at: z.string() }).optional(),
  measured: z
    .object({ at: z.string(), code: z.enum(['utilization-unknown', 'held-back']), reason: z.string() })
    .optional(),
});

/** What is remembered of each instance of a target, by instance id. */
export async function getInstanceRecords(table: Table, target: Target): Promise<Map<string, InstanceRecord>> {
  // A stop that the last run recorded a second ago counts.
  const records = await queryAll(table, { pk: partition(target), item: stored, isConsistent: true });
  return new Map(records.map(({ sk, ...record }) => [sk, record]));
}

type Change = {
  set?: Partial<InstanceRecord>;
  remove?: readonly (keyof InstanceRecord)[];
  /** What must still be so for the write to happen. */
  when?: { expression: string; values?: Record<string, unknown>; names?: Record<string, string> };
};

type UpdateItem = { Update: NonNullable<TransactItem['Update']> };

/** The write that a run's change of one instance's record is, for a transaction with the alert that tells of it. */
export function recordWrite(
  { name }: Table,
  target: Target,
  instanceId: string,
  at: IsoTime,
  change: Change,
): UpdateItem {
  const sets = { ...change.set, expiresAt: expiresAfter(at, retentionDays) };
  const removed = change.remove ?? [];
  const names = [...Object.keys(sets), ...removed];
  return {
    Update: {
      TableName: name,
      Key: { pk: partition(target), sk: instanceId },
      UpdateExpression: [
        `SET ${Object.keys(sets)
          .map((key) => `#${key} = :${key}`)
          .join(', ')}`,
        ...(removed.length > 0 ? [`REMOVE ${removed.map((key) => `#${key}`).join(', ')}`] : []),
      ].join(' '),
      ExpressionAttributeNames: {
        ...Object.fromEntries(names.map((key) => [`#${key}`, key])),
        ...change.when?.names,
      },
      ExpressionAttributeValues: {
        ...Object.fromEntries(Object.entries(sets).map(([key, value]) => [`:${key}`, value])),
        ...change.when?.values,
      },
      ...(change.when && { ConditionExpression: change.when.expression }),
    },
  };
}

/** An instance nobody decided on for so long is gone, or has lost its tag. */
const retentionDays = 90;

/** A warning is recorded once: not where another run has recorded one since this one looked. */
export const warningWrite = (
  table: Table,
  target: Target,
  instanceId: string,
  warning: NonNullable<InstanceRecord['warning']>,
  previous: InstanceRecord | undefined,
): UpdateItem =>
  recordWrite(table, target, instanceId, warning.at, {
    set: { warning },
    when: previous?.warning
      ? { expression: 'warning.alertId = :previous', values: { ':previous': previous.warning.alertId } }
      : { expression: 'attribute_not_exists(warning)' },
  });

/**
 * Claims the stop of an instance before it is asked for, so that of two concurrent runs one stops it, and a run that
 * dies afterwards leaves behind what it was about to do. False where another run holds the claim, and where the warning
 * that the stop follows from is no longer there: another run has stopped it since, or has seen it at work.
 */
export const claimStop = (
  table: Table,
  target: Target,
  instanceId: string,
  at: IsoTime,
  warningId: string,
): Promise<boolean> =>
  applyWrite(
    table,
    recordWrite(table, target, instanceId, at, {
      set: { stopRequestedAt: at },
      when: {
        expression: `warning.alertId = :warning AND (${unclaimed('stopRequestedAt', at).expression})`,
        values: { ':warning': warningId, ...unclaimed('stopRequestedAt', at).values },
      },
    }),
  );

/** The outcome of a claimed stop, recorded by whoever holds that claim and by nobody else. */
export const outcomeWrite = (
  table: Table,
  target: Target,
  instanceId: string,
  at: IsoTime,
  claimedAt: IsoTime,
  set: Pick<InstanceRecord, 'stoppedAt' | 'refused'>,
): UpdateItem =>
  recordWrite(table, target, instanceId, at, {
    set,
    remove: ['warning', 'stopRequestedAt', 'measured'],
    when: heldBy('stopRequestedAt', claimedAt),
  });

/**
 * Claims the start of an instance before it is asked for, as a stop is claimed: whoever hears of the start can read
 * here that it is ours. False where another run holds the claim.
 */
export const claimStart = (table: Table, target: Target, instanceId: string, at: IsoTime): Promise<boolean> =>
  applyWrite(
    table,
    recordWrite(table, target, instanceId, at, {
      set: { startRequestedAt: at },
      when: unclaimed('startRequestedAt', at),
    }),
  );

/** Ends the claim of a start: with `started` it was made, without it the next run may try again. */
export const settleStart = (
  table: Table,
  target: Target,
  instanceId: string,
  claimedAt: IsoTime,
  started: boolean,
): Promise<boolean> =>
  applyWrite(
    table,
    recordWrite(table, target, instanceId, claimedAt, {
      set: started ? { startedAt: claimedAt } : {},
      remove: ['startRequestedAt'],
      when: heldBy('startRequestedAt', claimedAt),
    }),
  );

/** Gives a claim back, so that the next run may stop the instance. */
export const releaseClaim = (
  table: Table,
  target: Target,
  instanceId: string,
  claimedAt: IsoTime,
): Promise<boolean> =>
  applyWrite(
    table,
    recordWrite(table, target, instanceId, claimedAt, {
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

/** A refused start is recorded once: not where another run has recorded one since this one looked. */
export const refusalWrite = (
  table: Table,
  target: Target,
  instanceId: string,
  refused: NonNullable<InstanceRecord['refused']>,
  previous: InstanceRecord | undefined,
): UpdateItem =>
  recordWrite(table, target, instanceId, refused.at, {
    set: { refused },
    when: previous?.refused
      ? {
          expression: 'refused.#at = :previous',
          values: { ':previous': previous.refused.at },
          names: { '#at': 'at' },
        }
      : { expression: 'attribute_not_exists(refused)' },
  });

/** Longer than any function may run: whoever held the claim is dead. */
const staleClaimMs = 15 * 60_000;

/**
 * When a run claimed the stop of this launch of the instance, and died before it recorded what became of it; undefined
 * where none did. A claim on an earlier launch tells nothing of who stopped this one.
 */
export const abandonedClaim = (
  { stopRequestedAt }: InstanceRecord,
  { launchTime }: Pick<Instance, 'launchTime'>,
  now: IsoTime,
): IsoTime | undefined =>
  stopRequestedAt !== undefined &&
  stopRequestedAt >= launchTime &&
  stopRequestedAt < addMilliseconds(now, -staleClaimMs)
    ? stopRequestedAt
    : undefined;

/** Makes one change outside a transaction; false where its condition doesn't hold. */
export const applyWrite = ({ client }: Table, { Update }: UpdateItem): Promise<boolean> =>
  unlessRefused(client.send(new UpdateCommand(Update)));

const partition = ({ account, region }: Target): string => `INSTANCE#${account}#${region}`;
