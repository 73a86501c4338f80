import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { inBatches } from '../batches.ts';
import type { Launch, LaunchedInstance } from '../compute/launch.ts';
import type { IsoTime } from '../period.ts';
import { expiresAfter, type Table } from './table.ts';

const retentionDays = 30;

/**
 * Keeps what was started, one record an instance and start. Harmless when repeated: another event of the same launch
 * adds what it knows, and takes nothing away.
 */
export async function recordLaunch(table: Table, launch: Launch, at: IsoTime): Promise<void> {
  for (const batch of inBatches(launch.instances, 25)) {
    await Promise.all(batch.map((launched) => recordInstance(table, launch, launched, at)));
  }
}

async function recordInstance(
  { client, name }: Table,
  { reservationId, launchTime, startedBy, isAutoScaling }: Launch,
  { instance, attribution, hourlyRate }: LaunchedInstance,
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
