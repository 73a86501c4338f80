import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import { checks } from '../compute/check.ts';
import { type Finding, findingKey } from '../compute/finding.ts';
import { resourceKinds } from '../compute/resource.ts';
import { logger } from '../observability.ts';
import type { IsoTime } from '../period.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, type TransactItem, transact, unlessRefused } from './table.ts';

/** A finding that no run has seen for so long is of a target that is no longer watched. */
const retentionDays = 90;

/** What is over is kept for a report of the quarter. */
const pastDays = 100;

const text = z.string().exactOptional();
const price = z.number().optional();

const stored: z.ZodType<Finding> = z.object({
  account: z.string(),
  region: z.string(),
  kind: z.enum(resourceKinds),
  id: z.string(),
  name: z.string(),
  type: z.string(),
  count: z.number(),
  check: z.enum(checks),
  since: z.string(),
  openedAt: z.string(),
  seenAt: z.string(),
  reason: z.string(),
  confidence: z.enum(['high', 'medium', 'low']),
  windowStart: z.string(),
  windowEnd: z.string(),
  coverage: z.number(),
  within: z.array(z.string()).optional(),
  attribution: z.object({
    owner: text,
    team: text,
    project: text,
    model: text,
    environment: text,
    workload: text,
  }),
  hourlyRate: price,
  isUnpaid: z.boolean().optional(),
  wastedHourlyRate: price,
  loss: price,
  losses: z.array(z.object({ at: z.string(), amount: z.number() })).optional(),
  atStake: price,
  proposal: z.object({ type: z.string(), hourlyRate: price }).optional(),
  toldAt: z.string().optional(),
  closedAt: z.string().optional(),
});

/** The open findings of a target. */
export const getFindings = (table: Table, target: Target): Promise<Finding[]> =>
  // What a run opened a second ago isn't opened again.
  readAll(table, { pk: openOf(target), isConsistent: true });

/** The findings of a target that were closed at `since` or later, the first closed first. */
export const getPastFindings = (table: Table, target: Target, since: IsoTime): Promise<Finding[]> =>
  readAll(table, { pk: pastOf(target), from: since });

/** All that can be read. What an earlier release wrote in another shape keeps nobody from the rest, and expires. */
async function readAll(
  table: Table,
  query: { pk: string; from?: string; isConsistent?: boolean },
): Promise<Finding[]> {
  const items = await queryAll(table, { ...query, item: z.unknown() });
  const read = items.map((item) => stored.safeParse(item));
  const unreadable = read.flatMap(({ error }) => (error ? [z.prettifyError(error)] : []));
  if (unreadable.length > 0) {
    logger.warn('findings left out', { pk: query.pk, count: unreadable.length, first: unreadable[0] });
  }
  return read.flatMap(({ data }) => data ?? []);
}

/** Opens a finding where none is open, for a transaction with the alert that tells of it. */
export const openingWrite = (
  { name }: Table,
  finding: Finding,
): { Put: NonNullable<TransactItem['Put']> } => ({
  Put: {
    TableName: name,
    Item: { ...keyOf(finding), ...finding, expiresAt: expiresAfter(finding.seenAt, retentionDays) },
    ConditionExpression: 'attribute_not_exists(pk)',
  },
});

/** Opens a finding whose alert has been told before; false where one is open. */
export const openFinding = (table: Table, finding: Finding): Promise<boolean> =>
  unlessRefused(table.client.send(new PutCommand(openingWrite(table, finding).Put)));

/** Keeps the newest evidence; false where the finding was closed, or a newer run has been there. */
export const confirmFinding = (table: Table, finding: Finding): Promise<boolean> =>
  unlessRefused(
    table.client.send(
      new PutCommand({ ...openingWrite(table, finding).Put, ...sameEpisode(finding, finding.seenAt) }),
    ),
  );

/**
 * Ends a finding that a run at `at` saw to be over, since its `closedAt` if that is known, and keeps it among the past
 * ones, for a transaction with the alert that tells of it; refused where a newer run has seen it, or has opened the next.
 */
export const closingWrites = ({ name }: Table, finding: Finding, at: IsoTime): TransactItem[] => [
  { Delete: { TableName: name, Key: keyOf(finding), ...sameEpisode(finding, at) } },
  {
    Put: {
      TableName: name,
      Item: {
        ...finding,
        pk: pastOf(finding),
        sk: `${at}#${findingKey(finding)}`,
        closedAt: finding.closedAt ?? at,
        expiresAt: expiresAfter(at, pastDays),
      },
    },
  },
];

/** The same without an alert, or with one that was told before; false where it was refused. */
export const closeFinding = (table: Table, finding: Finding, at: IsoTime): Promise<boolean> =>
  transact(table, closingWrites(table, finding, at));

/** Confirms many, some at a time; how many were. */
export const confirmFindings = (table: Table, findings: readonly Finding[]): Promise<number> =>
  countDone(findings, (finding) => confirmFinding(table, finding));

/** Closes many, some at a time; how many were. */
export const closeFindings = (table: Table, findings: readonly Finding[], at: IsoTime): Promise<number> =>
  countDone(findings, (finding) => closeFinding(table, finding, at));

/** As many writes at a time as keep a pass over thousands short, and the table from throttling. */
const concurrentWrites = 25;

async function countDone(
  findings: readonly Finding[],
  write: (finding: Finding) => Promise<boolean>,
): Promise<number> {
  let done = 0;
  for (const batch of inBatches(findings, concurrentWrites)) {
    const written = await Promise.all(batch.map(write));
    done += written.filter(Boolean).length;
  }
  return done;
}

/** An event that comes late, or again, changes nothing that a newer run knows better. */
const sameEpisode = ({ since }: Finding, seenBy: IsoTime) => ({
  ConditionExpression: 'since = :since AND seenAt <= :seenBy',
  ExpressionAttributeValues: { ':since': since, ':seenBy': seenBy },
});

type Place = Pick<Target, 'account' | 'region'>;

const openOf = ({ account, region }: Place): string => `FINDINGS#${account}#${region}`;
const pastOf = ({ account, region }: Place): string => `PAST-FINDINGS#${account}#${region}`;

const keyOf = (finding: Finding) => ({ pk: openOf(finding), sk: findingKey(finding) });
