import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Period } from '../../shared/period.ts';
import type { ScopedCharge } from '../../shared/spend/charge.ts';
import { byAccount } from '../../shared/spend/grouping.ts';
import { lastRead, latest } from '../../shared/spend/ledger.ts';
import { fromParquet } from '../../shared/store/ledger-parquet.ts';
import { ledgerOf, loadMonths, recordAnswers } from '../../shared/store/spend-ledger.ts';
import { openBucket } from '../support/bucket.ts';
import { chargeOf } from '../support/spend.ts';

let bucket: ReturnType<typeof openBucket>;
beforeEach(() => {
  bucket = openBucket();
});
afterEach(() => bucket.mock.restore());

const autumn = { start: '2026-10-01', end: '2026-11-16' };
const monday = '2026-11-16T06:00:00Z';

const october = 'ledger/v2/month=2026-10/charges.parquet';
const november = 'ledger/v2/month=2026-11/charges.parquet';

const answer = (observed: string, charges: ScopedCharge[], period: Period, requests?: number) => ({
  reading: { observed, period, groupings: [byAccount], ...(requests && { requests }) },
  charges,
});

const record = (observed: string, charges: ScopedCharge[], period: Period) =>
  recordAnswers(bucket.store, [answer(observed, charges, period)]);

const load = async (period: Period) => ledgerOf(await loadMonths(bucket.store, period));

describe('the ledger in S3', () => {
  it('is one Parquet object a month, where Athena looks for a partition', async () => {
    const charges = [
      chargeOf({ date: '2026-10-31', amount: 80 }),
      chargeOf({ date: '2026-11-01', amount: 90 }),
    ];
    await record(monday, charges, autumn);
    expect([...bucket.objects.keys()]).toEqual([october, november]);
    expect(await fromParquet(bucket.objects.get(november) ?? new Uint8Array())).toMatchObject({
      version: 2,
      currency: 'USD',
      readings: [{ observed: monday, period: { start: '2026-11-01', end: '2026-11-16' } }],
      series: [{ category: 'Usage', days: { '2026-11-01': [[monday, 90]] } }],
    });
  });

  it('shares out the requests that an answer took to its months, by their days', async () => {
    await recordAnswers(bucket.store, [answer(monday, [], autumn, 46)]);
    expect((await load(autumn)).readings.map(({ requests }) => requests)).toEqual([31, 15]);
  });

  it('comes back whole over its months', async () => {
    const charges = [
      chargeOf({ date: '2026-10-31', amount: 80 }),
      chargeOf({ date: '2026-11-01', amount: 90 }),
    ];
    await record(monday, charges, autumn);
    const ledger = await load(autumn);
    expect(latest(ledger).map(({ date, amount }) => [date, amount])).toEqual([
      ['2026-10-31', 80],
      ['2026-11-01', 90],
    ]);
    expect(lastRead(ledger).size).toBe(46);
  });

  it('is empty before the first run', async () => {
    const ledger = await load(autumn);
    expect(lastRead(ledger).size).toBe(0);
  });

  it('covers a leap day and the turn of a year', async () => {
    const winter = { start: '2027-12-30', end: '2028-03-01' };
    await record('2028-03-01T06:00:00Z', [], winter);
    expect([...bucket.objects.keys()].map((key) => key.slice(16, 23))).toEqual([
      '2027-12',
      '2028-01',
      '2028-02',
    ]);
    const ledger = await load(winter);
    expect(lastRead(ledger).has('2028-02-29')).toBe(true);
  });

  it('loses nothing of two runs that write at once', async () => {
    const days = { start: '2026-11-01', end: '2026-11-16' };
    await Promise.all([
      record(monday, [chargeOf({ amount: 60 })], days),
      record('2026-11-16T06:00:01Z', [chargeOf({ amount: 61 })], days),
    ]);
    const ledger = await load(days);
    expect(ledger.readings.map(({ observed }) => observed)).toEqual([monday, '2026-11-16T06:00:01Z']);
    expect(latest(ledger, monday)[0]?.amount).toBe(60);
    expect(latest(ledger)[0]?.amount).toBe(61);
  });

  it('is not written again by the same reading', async () => {
    await record(monday, [chargeOf({})], autumn);
    const writes = bucket.mock.commandCalls(PutObjectCommand).length;
    await record(monday, [chargeOf({})], autumn);
    expect(bucket.mock.commandCalls(PutObjectCommand)).toHaveLength(writes);
  });

  it.each([
    ['is cut off', (body: Uint8Array) => body.slice(0, 200)],
    ['is empty', () => new Uint8Array()],
    ['is no Parquet', () => new TextEncoder().encode('{}')],
    [
      'is of another make',
      () => new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'a', data: [1] }] })),
    ],
    ['lost a byte in the middle', (body: Uint8Array) => Uint8Array.from([...body].toSpliced(60, 1))],
  ])('counts a month as never read whose object %s, and takes it again', async (_, spoil) => {
    await record(monday, [chargeOf({ amount: 60 })], autumn);
    bucket.objects.set(november, spoil(bucket.objects.get(november) ?? new Uint8Array()));
    const damaged = lastRead(await load(autumn));
    expect([damaged.has('2026-10-31'), damaged.has('2026-11-01')]).toEqual([true, false]);

    await record('2026-11-16T07:00:00Z', [chargeOf({ amount: 60 })], autumn);
    expect(lastRead(await load(autumn)).has('2026-11-01')).toBe(true);
  });

  it('is read once by a run that adds to it, and a second time only where another came between', async () => {
    await record(monday, [chargeOf({ amount: 60 })], autumn);
    const known = await loadMonths(bucket.store, autumn);
    bucket.mock.resetHistory();
    const tuesday = '2026-11-17T06:00:00Z';
    const after = await recordAnswers(
      bucket.store,
      [answer(tuesday, [chargeOf({ amount: 61 })], autumn)],
      known,
    );
    expect(bucket.mock.commandCalls(GetObjectCommand)).toHaveLength(0);
    expect(ledgerOf(after)).toEqual(await load(autumn));

    const wednesday = '2026-11-18T06:00:00Z';
    await recordAnswers(bucket.store, [answer(wednesday, [chargeOf({ amount: 62 })], autumn)], known);
    expect((await load(autumn)).series[0]?.days['2026-11-14']).toEqual([
      [monday, 60],
      [tuesday, 61],
      [wednesday, 62],
    ]);
  });

  it('is not taken for empty where it cannot be reached', async () => {
    bucket.mock.on(GetObjectCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDenied' }));
    await expect(load(autumn)).rejects.toThrow('denied');
  });
});
