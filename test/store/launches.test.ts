import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Launch } from '../../shared/compute/launch.ts';
import { getLaunches, recordLaunch } from '../../shared/store/launches.ts';
import type { Table } from '../../shared/store/table.ts';
import { instance } from '../support/compute.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

const launch = (given: Partial<Launch> = {}, count = 1): Launch => ({
  reservationId: 'r-1',
  launchTime: '2026-11-16T06:04:40Z',
  isAutoScaling: false,
  instances: Array.from({ length: count }, (_, index) => ({
    instance: instance({ instanceId: `i-${index}` }),
    attribution: { team: 'search' },
    hasAccelerators: true,
    hourlyRate: 32.77,
  })),
  ...given,
});

const recorded = async () => {
  const command = new QueryCommand({
    TableName: table.name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': 'LAUNCHES#210987654321#eu-west-1' },
  });
  return (await table.client.send(command)).Items ?? [];
};

it('keeps what was started for 30 days', async () => {
  await recordLaunch(table, launch(), '2026-11-16T06:05:00Z');
  expect(await recorded()).toEqual([
    {
      pk: 'LAUNCHES#210987654321#eu-west-1',
      sk: '2026-11-16T06:04:40Z#i-0',
      account: '210987654321',
      region: 'eu-west-1',
      instanceId: 'i-0',
      instanceType: 'p4d.24xlarge',
      reservationId: 'r-1',
      launchTime: '2026-11-16T06:04:40Z',
      hourlyRate: 32.77,
      team: 'search',
      expiresAt: Date.parse('2026-12-16T06:05:00Z') / 1000,
    },
  ]);
});

it('learns who started it from whichever event knows, and forgets it by none', async () => {
  await recordLaunch(table, launch(), '2026-11-16T06:05:00Z');
  await recordLaunch(table, launch({ startedBy: 'ml-engineer/dana' }), '2026-11-16T06:12:00Z');
  await recordLaunch(table, launch(), '2026-11-16T06:05:00Z');
  expect(await recorded()).toMatchObject([{ startedBy: 'ml-engineer/dana' }]);
});

it('keeps each instance of a large launch', async () => {
  await recordLaunch(table, launch({}, 60), '2026-11-16T06:05:00Z');
  expect(await recorded()).toHaveLength(60);
});

it('answers what was started in an account and region on the days of a period', async () => {
  const times = [
    '2026-11-12T23:59:59Z',
    '2026-11-13T16:20:00Z',
    '2026-11-14T08:00:00Z',
    '2026-11-15T00:00:00Z',
  ];
  for (const launchTime of times)
    await recordLaunch(table, launch({ launchTime, startedBy: 'dana' }), launchTime);
  const period = { start: '2026-11-13', end: '2026-11-15' };
  const found = await getLaunches(table, { account: '210987654321', region: 'eu-west-1' }, period);
  expect(found.map(({ launchTime }) => launchTime)).toEqual(['2026-11-13T16:20:00Z', '2026-11-14T08:00:00Z']);
  expect(found[0]).toEqual({
    account: '210987654321',
    region: 'eu-west-1',
    instanceId: 'i-0',
    instanceType: 'p4d.24xlarge',
    launchTime: '2026-11-13T16:20:00Z',
    startedBy: 'dana',
    team: 'search',
    hourlyRate: 32.77,
  });
  expect(await getLaunches(table, { account: '210987654321', region: 'us-east-1' }, period)).toEqual([]);
});
