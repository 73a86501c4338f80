import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { addDays, addMilliseconds, type IsoTime, toTime } from '../period.ts';
import {
  countedDays,
  type OffPeriod,
  type OffResource,
  type OpenPeriod,
  resourceKey,
  type TimeSpan,
} from '../schedule/off-period.ts';
import { type Month, monthOf, type SavingsFacts } from '../schedule/savings.ts';
import type { Target } from '../target.ts';
import { expiresAfter, queryAll, type Table, unlessRefused } from './table.ts';

/** Thirteen months and a bit, as far back as the bill goes: a month can be read beside the same one of last year. */
const retentionDays = 430;

type Place = Pick<Target, 'account' | 'region'>;

/**
 * Facts, each of which a repeat leaves as it is and none of which rests on another: whatever the order in which they are
 * written, and however often, the ledger is the same. By month, so that a report reads no more than it shows.
 */
const monthOfPlace = ({ account, region }: Place, time: IsoTime): string =>
  `SAVINGS#${account}#${region}#${monthOf(time)}`;

const openOf = ({ account, region }: Place): string => `OFF#${account}#${region}`;

const periodKey = (place: Place, period: OffResource & Pick<OffPeriod, 'stoppedAt'>) => ({
  pk: monthOfPlace(place, period.stoppedAt),
  sk: `${resourceKey(period)}#${period.stoppedAt}`,
});

/**
 * Records the stop of something that is off now; what was recorded of it first holds. The mark by which passes know it
 * comes last: where a run dies before it, the next records the same again.
 */
export async function openPeriod(table: Table, period: OffPeriod): Promise<void> {
  const { seenAt, ...opening } = period;
  const known = Object.entries(opening).filter(([, value]) => value !== undefined);
  await unlessRefused(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: periodKey(period, period),
        UpdateExpression: `SET ${known.map(([key]) => `#${key} = :${key}`).join(', ')}, expiresAt = :expiresAt`,
        ConditionExpression: 'attribute_not_exists(stoppedAt)',
        ExpressionAttributeNames: Object.fromEntries(known.map(([key]) => [`#${key}`, key])),
        ExpressionAttributeValues: {
          ...Object.fromEntries(known.map(([key, value]) => [`:${key}`, value])),
          ':expiresAt': expiresAfter(period.stoppedAt, retentionDays),
        },
      }),
    ),
  );
  await confirmPeriod(table, period, period, seenAt);
}

/** Records that it was still off then; an older confirmation changes nothing. */
export async function confirmPeriod(
  table: Table,
  place: Place,
  { kind, id, stoppedAt }: OffResource & Pick<OffPeriod, 'stoppedAt'>,
  now: IsoTime,
): Promise<void> {
  const { client, name } = table;
  const seenAt = toSecond(now);
  await unlessRefused(
    client.send(
      new UpdateCommand({
        TableName: name,
        Key: periodKey(place, { kind, id, stoppedAt }),
        UpdateExpression: 'SET seenAt = :seenAt, expiresAt = :expiresAt',
        ConditionExpression: 'attribute_not_exists(seenAt) OR seenAt < :seenAt',
        ExpressionAttributeValues: {
          ':seenAt': seenAt,
          ':expiresAt': expiresAfter(stoppedAt, retentionDays),
        },
      }),
    ),
  );
  const mark = { kind, id, stoppedAt, seenAt, expiresAt: expiresAfter(stoppedAt, markDays) };
  await unlessRefused(
    client.send(
      new PutCommand({
        TableName: name,
        Item: { pk: openOf(place), sk: resourceKey({ kind, id }), ...mark },
        ConditionExpression:
          'attribute_not_exists(pk) OR stoppedAt < :stoppedAt OR (stoppedAt = :stoppedAt AND seenAt < :seenAt)',
        ExpressionAttributeValues: { ':stoppedAt': stoppedAt, ':seenAt': seenAt },
      }),
    ),
  );
}

/** Of what is never seen again, such as something terminated, nothing removes the mark. */
const markDays = 2 * countedDays;

/** Records that something ran again, or was gone, at a time; whether or not a stop of it is on record. */
export async function recordEnd(
  table: Table,
  place: Place,
  resource: OffResource,
  at: IsoTime,
): Promise<void> {
  const time = toSecond(at);
  const { kind, id } = resource;
  await table.client.send(
    new UpdateCommand({
      TableName: table.name,
      Key: { pk: monthOfPlace(place, time), sk: resourceKey(resource) },
      UpdateExpression: 'ADD ends :ends SET kind = :kind, id = :id, expiresAt = :expiresAt',
      ExpressionAttributeValues: {
        ':ends': new Set([time]),
        ':kind': kind,
        ':id': id,
        // By the end of the month, which is the same whoever comes last.
        ':expiresAt': expiresAfter(`${monthOf(time)}-28T00:00:00Z`, retentionDays),
      },
    }),
  );
}

/** Records the end of a period, and takes it from those that passes look at, unless the next has begun. */
export async function endPeriod(
  table: Table,
  place: Place,
  period: OpenPeriod,
  endedAt: IsoTime,
): Promise<void> {
  await recordEnd(table, place, period, endedAt);
  await unlessRefused(
    table.client.send(
      new DeleteCommand({
        TableName: table.name,
        Key: { pk: openOf(place), sk: resourceKey(period) },
        ConditionExpression: 'stoppedAt = :stoppedAt',
        ExpressionAttributeValues: { ':stoppedAt': period.stoppedAt },
      }),
    ),
  );
}

const mark = z.object({ kind: z.string(), id: z.string(), stoppedAt: z.string(), seenAt: z.string() });

/** The periods of a target that go on, as far as any pass has seen. */
export const getOpenPeriods = (table: Table, place: Place): Promise<OpenPeriod[]> =>
  queryAll(table, { pk: openOf(place), item: mark });

const text = z.string().exactOptional();
const price = z.number().exactOptional();

const storedPeriod: z.ZodType<OffPeriod> = z.object({
  kind: z.string(),
  account: z.string(),
  region: z.string(),
  id: z.string(),
  name: z.string(),
  type: z.string(),
  count: z.number(),
  team: text,
  owner: text,
  schedule: z.string(),
  timeZone: z.string(),
  stoppedAt: z.string(),
  offSince: z.string(),
  startedAt: text,
  offHours: z.array(z.object({ from: z.string(), until: z.string() })),
  hourlyRate: price,
  rateSource: z.enum(['bill', 'pricing-api']).exactOptional(),
  stillBilledHourlyRate: price,
  seenAt: z.string(),
});

const storedEnds = z.object({ kind: z.string(), id: z.string(), ends: z.set(z.string()) });

/** Seen to be off by a run whose record of the stop has not arrived. */
const storedSighting = z
  .strictObject({ pk: z.string(), sk: z.string(), seenAt: z.string(), expiresAt: z.number() })
  .transform(() => undefined);

const stored = z.union([storedPeriod, storedEnds, storedSighting]);

/** All that bears on what was saved in a span of time: stops up to so long before it, and what ended them. */
export async function getSavingsFacts(table: Table, place: Place, span: TimeSpan): Promise<SavingsFacts> {
  const partitions = monthsAround(span).map((month) => monthOfPlace(place, month));
  const pages = await Promise.all(partitions.map((pk) => queryAll(table, { pk, item: stored })));
  const items = pages.flat().filter((item) => item !== undefined);
  const ends = items.flatMap((item) => ('ends' in item ? [item] : []));
  return {
    periods: items.flatMap((item) => ('ends' in item ? [] : [item])),
    ends: new Map(
      [...Map.groupBy(ends, resourceKey)].map(([key, own]) => [key, own.flatMap((each) => [...each.ends])]),
    ),
  };
}

/** Every month in which a stop that counts in the span, or its end, may be on record. */
function monthsAround({ from, until }: TimeSpan): Month[] {
  const counted = countedDays * 86_400_000;
  const last = monthOf(addMilliseconds(until, counted));
  const months: Month[] = [];
  for (let month = monthOf(addMilliseconds(from, -counted)); month <= last; month = nextMonth(month)) {
    months.push(month);
  }
  return months;
}

const nextMonth = (month: Month): Month => monthOf(addDays(`${month}-01`, 31));

/** As all times of the ledger are written, so that they compare as text. */
const toSecond = (time: IsoTime): IsoTime => toTime(Date.parse(time));
