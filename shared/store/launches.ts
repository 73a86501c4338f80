import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { LaunchRecord, LaunchToRecord } from '../compute/launch.ts';
import { datesOf, type IsoTime, type Period } from '../period.ts';
import { expiresAfter, queryAll, type Table } from './table.ts';

const retentionDays = 30;

/**
 * Keeps what was started, one record an instance and start. Harmless when repeated: another event of the same launch
 * adds what it knows, and takes nothing away.
 */
export async function recordLaunch(table: Table, launch: LaunchToRecord, at: IsoTime): Promise<void> {
  for (const batch of inBatches(launch.instances, 25)) {
    await Promise.all(batch.map((launched) => recordInstance(table, launch, launched, at)));
  }
}

async function recordInstance(
  { client, name }: Table,
  { reservationId, launchTime, startedBy, isAutoScaling }: LaunchToRecord,
  { instance, attribution, hourlyRate }: LaunchToRecord['instances'][number],
  at: IsoTime,
): Promise<void> {
  const { account, region, instanceId, instanceType } = instance;
  const known = Object.entries({
    account,
    region,
    instanceId,
    instanceType,
    reservationId,
    launchTime,
    isAutoScaling: isAutoScaling || undefined, // absent is no
    startedBy,
    hourlyRate,
    owner: attribution.owner,
    team: attribution.team,
    expiresAt: expiresAfter(at, retentionDays),
  }).filter(([, value]) => value !== undefined);
  await client.send(
    new UpdateCommand({
      TableName: name,
      Key: { pk: `LAUNCHES#${account}#${region}`, sk: `${launchTime}#${instanceId}` },
      UpdateExpression: `SET ${known.map(([key]) => `#${key} = :${key}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(known.map(([key]) => [`#${key}`, key])),
      ExpressionAttributeValues: Object.fromEntries(known.map(([key, value]) => [`:${key}`, value])),
    }),
  );
}

const text = z.string();
const launch: z.ZodType<LaunchRecord> = z.object({
  account: text,
  region: text,
  instanceId: text,
  instanceType: text,
  launchTime: text,
  startedBy: text.exactOptional(),
  owner: text.exactOptional(),
  team: text.exactOptional(),
  hourlyRate: z.number().exactOptional(),
});

/** What was started in an account and region on the days of a period, as far as events told of it. */
export async function getLaunches(
  table: Table,
  { account, region }: { account: string; region: string },
  period: Period,
): Promise<LaunchRecord[]> {
  const pk = `LAUNCHES#${account}#${region}`;
  const days = await Promise.all(
    datesOf(period).map((date) => queryAll(table, { pk, startingWith: date, item: launch })),
  );
  return days.flat();
}
