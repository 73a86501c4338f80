import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OffPeriod } from '../../shared/schedule/off-period.ts';
import { countPeriods, monthSpan, savingsIn } from '../../shared/schedule/savings.ts';
import {
  confirmPeriod,
  endPeriod,
  getOpenPeriods,
  getSavingsFacts,
  openPeriod,
  recordEnd,
} from '../../shared/store/savings.ts';
import type { Table } from '../../shared/store/table.ts';
import { offPeriod } from '../support/savings.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ table, stop } = await startTable());
});
afterAll(() => stop());

/** Each test and each run of a property has an account of its own. */
let accounts = 0;
const newPlace = () => ({ account: String(100_000_000_000 + accounts++), region: 'eu-west-1' });

const november = monthSpan('2026-11');
const machine = { kind: 'ec2-instance', id: 'i-1' };
const factsOf = (place: ReturnType<typeof newPlace>, month = november) =>
  getSavingsFacts(table, place, month);

it('keeps a stop with all that was known of it, until the same month of the next year is over', async () => {
  const place = newPlace();
  const period = offPeriod(place);
  await openPeriod(table, period);
  expect(await factsOf(place)).toEqual({ periods: [period], ends: new Map() });
  const command = new QueryCommand({
    TableName: table.name,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': `SAVINGS#${place.account}#eu-west-1#2026-11` },
  });
  const items = (await table.client.send(command)).Items ?? [];
  expect(items.map(({ expiresAt }) => expiresAt)).toEqual([Date.parse('2028-01-20T20:00:00Z') / 1000]);
});

it('keeps what is unknown as unknown', async () => {
  const place = newPlace();
  const unknown = { hourlyRate: undefined, rateSource: undefined, stillBilledHourlyRate: undefined };
  await openPeriod(table, offPeriod({ ...place, ...unknown, team: undefined, startedAt: undefined }));
  const [period] = (await factsOf(place)).periods;
  for (const key of ['hourlyRate', 'rateSource', 'stillBilledHourlyRate', 'team', 'startedAt']) {
    expect(period).not.toHaveProperty(key);
  }
});

it('holds to what was recorded of a stop first', async () => {
  const place = newPlace();
  await openPeriod(table, offPeriod(place));
  await openPeriod(table, offPeriod({ ...place, hourlyRate: 99, offSince: '2026-11-16T21:00:00Z' }));
  expect((await factsOf(place)).periods).toEqual([offPeriod(place)]);
});

it('tells passes what goes on, and no longer what has ended', async () => {
  const place = newPlace();
  const period = offPeriod(place);
  await openPeriod(table, period);
  const { stoppedAt, seenAt } = period;
  expect(await getOpenPeriods(table, place)).toEqual([{ ...machine, stoppedAt, seenAt }]);
  await confirmPeriod(table, place, period, '2026-11-17T02:00:00Z');
  expect(await getOpenPeriods(table, place)).toEqual([
    { ...machine, stoppedAt, seenAt: '2026-11-17T02:00:00Z' },
  ]);
  await endPeriod(table, place, period, '2026-11-17T07:00:00Z');
  expect(await getOpenPeriods(table, place)).toEqual([]);
  expect(await factsOf(place)).toEqual({
    periods: [{ ...period, seenAt: '2026-11-17T02:00:00Z' }],
    ends: new Map([['ec2-instance#i-1', ['2026-11-17T07:00:00Z']]]),
  });
});

it('goes on with the next stop of a machine where the end of the one before comes late', async () => {
  const place = newPlace();
  const next = { stoppedAt: '2026-11-17T20:00:00Z', seenAt: '2026-11-17T20:05:00Z' };
  await openPeriod(table, offPeriod({ ...place, ...next }));
  await openPeriod(table, offPeriod(place));
  await endPeriod(table, place, offPeriod(place), '2026-11-17T07:00:00Z');
  expect(await getOpenPeriods(table, place)).toEqual([{ ...machine, ...next }]);
});

it('is not moved by an older confirmation', async () => {
  const place = newPlace();
  await openPeriod(table, offPeriod(place));
  await confirmPeriod(table, place, offPeriod(place), '2026-11-17T02:00:00Z');
  await confirmPeriod(table, place, offPeriod(place), '2026-11-16T21:00:00Z');
  expect((await factsOf(place)).periods[0]?.seenAt).toBe('2026-11-17T02:00:00Z');
  expect((await getOpenPeriods(table, place))[0]?.seenAt).toBe('2026-11-17T02:00:00Z');
});

it('finds for a month the stops of the week before it, and the ends of the week after', async () => {
  const place = newPlace();
  const stopped = (stoppedAt: string) =>
    offPeriod({ ...place, stoppedAt, offSince: stoppedAt, seenAt: stoppedAt });
  await openPeriod(table, stopped('2026-10-30T20:00:00Z'));
  await openPeriod(table, stopped('2026-11-30T20:00:00Z'));
  await recordEnd(table, place, machine, '2026-12-01T07:00:00Z');
  const { periods, ends } = await factsOf(place);
  expect(periods.map(({ stoppedAt }) => stoppedAt)).toEqual(['2026-10-30T20:00:00Z', '2026-11-30T20:00:00Z']);
  expect(ends.get('ec2-instance#i-1')).toEqual(['2026-12-01T07:00:00Z']);
  expect((await factsOf(place, monthSpan('2027-02'))).periods).toEqual([]);
});

it('keeps the periods of accounts, regions and kinds apart', async () => {
  const place = newPlace();
  await openPeriod(table, offPeriod(place));
  await openPeriod(table, offPeriod({ ...place, region: 'us-east-1' }));
  await openPeriod(table, offPeriod({ ...place, kind: 'rds-instance' }));
  expect((await factsOf(place)).periods.map(({ kind }) => kind)).toEqual(['ec2-instance', 'rds-instance']);
});

it('compares times as they are, however an event writes them', async () => {
  const place = newPlace();
  await recordEnd(table, place, machine, '2026-11-17T07:00:00.250Z');
  await recordEnd(table, place, machine, '2026-11-17T08:00:00+01:00');
  expect((await factsOf(place)).ends.get('ec2-instance#i-1')).toEqual(['2026-11-17T07:00:00Z']);
});

/** Two nights of two machines: what is written of them, and nothing that another write has to wait for. */
const night = (id: string, date: string, next: string, place: object): OffPeriod =>
  offPeriod({
    ...place,
    id,
    stoppedAt: `${date}T20:00:00Z`,
    offSince: `${date}T20:00:00Z`,
    startedAt: `${date}T07:00:00Z`,
    seenAt: `${date}T20:05:00Z`,
    offHours: [{ from: `${date}T20:00:00Z`, until: `${next}T08:00:00Z` }],
  });

type Write = (place: ReturnType<typeof newPlace>) => Promise<void>;

const writesOf = (id: string): Write[] => {
  const first = (place: object) => night(id, '2026-11-16', '2026-11-17', place);
  const second = (place: object) => night(id, '2026-11-17', '2026-11-18', place);
  const one = { kind: 'ec2-instance', id };
  return [
    (place) => openPeriod(table, first(place)),
    (place) => confirmPeriod(table, place, first(place), '2026-11-17T02:05:00Z'),
    (place) => recordEnd(table, place, one, '2026-11-17T05:30:20Z'),
    (place) => endPeriod(table, place, { ...first(place) }, '2026-11-17T05:30:00Z'),
    (place) => openPeriod(table, second(place)),
    (place) => confirmPeriod(table, place, second(place), '2026-11-18T02:05:00Z'),
    (place) => endPeriod(table, place, { ...second(place) }, '2026-11-18T06:00:00Z'),
  ];
};

it('comes to the same in whatever order, and however often, the same is told', async () => {
  const writes = [...writesOf('i-1'), ...writesOf('i-2')];
  const inOrder = fc.integer({ min: 1, max: writes.length });
  const places = fc.infiniteStream(fc.integer({ min: 0, max: 1_000_000 }));
  await fc.assert(
    fc.asyncProperty(
      inOrder,
      fc.subarray(writes.map((_, index) => index)),
      places,
      async (count, again, chance) => {
        const told = writes.slice(0, count);
        const repeated = again.filter((index) => index < count).flatMap((index) => writes[index] ?? []);
        const [straight, mixed] = [newPlace(), newPlace()];
        for (const write of told) await write(straight);
        const shuffled = [...told, ...repeated]
          .map((write) => ({ write, place: chance.next().value }))
          .toSorted((a, b) => a.place - b.place);
        for (const { write } of shuffled) await write(mixed);
        const [one, other] = await Promise.all([factsOf(straight), factsOf(mixed)]);
        const unplaced = (periods: readonly OffPeriod[]) =>
          periods.map((period) => ({ ...period, account: '' }));
        expect(unplaced(other.periods)).toEqual(unplaced(one.periods));
        expect(savingsIn(countPeriods(other), november)).toEqual(savingsIn(countPeriods(one), november));
      },
    ),
    { numRuns: 15 },
  );
});
