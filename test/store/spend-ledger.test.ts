import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lastRead, latest } from '../../shared/spend/ledger.ts';
import { loadLedger, recordReading } from '../../shared/store/spend-ledger.ts';
import { openBucket } from '../support/bucket.ts';
import { chargeOf } from '../support/spend.ts';

let bucket: ReturnType<typeof openBucket>;
beforeEach(() => {
  bucket = openBucket();
});
afterEach(() => bucket.mock.restore());

const autumn = { start: '2026-10-01', end: '2026-11-16' };
const monday = '2026-11-16T06:00:00Z';

describe('the ledger in S3', () => {
  it('is one compressed object a month', async () => {
    const charges = [
      chargeOf({ date: '2026-10-31', amount: 80 }),
      chargeOf({ date: '2026-11-01', amount: 90 }),
    ];
    await recordReading(bucket.store, monday, charges, autumn);
    expect([...bucket.objects.keys()]).toEqual(['ledger/v1/2026-10.json.gz', 'ledger/v1/2026-11.json.gz']);
    const november = bucket.objects.get('ledger/v1/2026-11.json.gz') ?? new Uint8Array();
    expect(JSON.parse(gunzipSync(november).toString())).toMatchObject({
      version: 1,
      currency: 'USD',
      readings: [{ observed: monday, period: { start: '2026-11-01', end: '2026-11-16' } }],
      series: [{ category: 'Usage', days: { '2026-11-01': [[monday, 90]] } }],
    });
  });

  it('comes back whole over its months', async () => {
    const charges = [
      chargeOf({ date: '2026-10-31', amount: 80 }),
      chargeOf({ date: '2026-11-01', amount: 90 }),
    ];
    await recordReading(bucket.store, monday, charges, autumn);
    const ledger = await loadLedger(bucket.store, autumn);
    expect(latest(ledger).map(({ date, amount }) => [date, amount])).toEqual([
      ['2026-10-31', 80],
      ['2026-11-01', 90],
    ]);
    expect(lastRead(ledger).size).toBe(46);
  });

  it('is empty before the first run', async () => {
    const ledger = await loadLedger(bucket.store, autumn);
    expect(lastRead(ledger).size).toBe(0);
  });

  it('covers a leap day and the turn of a year', async () => {
    const winter = { start: '2027-12-30', end: '2028-03-01' };
    await recordReading(bucket.store, '2028-03-01T06:00:00Z', [], winter);
    expect([...bucket.objects.keys()].map((key) => key.slice(10, 17))).toEqual([
      '2027-12',
      '2028-01',
      '2028-02',
    ]);
    const ledger = await loadLedger(bucket.store, winter);
    expect(lastRead(ledger).has('2028-02-29')).toBe(true);
  });

  it('loses nothing of two runs that write at once', async () => {
    const november = { start: '2026-11-01', end: '2026-11-16' };
    await Promise.all([
      recordReading(bucket.store, monday, [chargeOf({ amount: 60 })], november),
      recordReading(bucket.store, '2026-11-16T06:00:01Z', [chargeOf({ amount: 61 })], november),
    ]);
    const ledger = await loadLedger(bucket.store, november);
    expect(ledger.readings.map(({ observed }) => observed)).toEqual([monday, '2026-11-16T06:00:01Z']);
    expect(latest(ledger, monday)[0]?.amount).toBe(60);
    expect(latest(ledger)[0]?.amount).toBe(61);
  });

  it('is not written again by the same reading', async () => {
    await recordReading(bucket.store, monday, [chargeOf({})], autumn);
    const writes = bucket.mock.commandCalls(PutObjectCommand).length;
    await recordReading(bucket.store, monday, [chargeOf({})], autumn);
    expect(bucket.mock.commandCalls(PutObjectCommand)).toHaveLength(writes);
  });

  it.each([
    ['is cut off', (body: Uint8Array) => body.slice(0, 20)],
    ['is no gzip', () => new TextEncoder().encode('{}')],
  ])('counts a month as never read whose object %s, and takes it again', async (_, spoil) => {
    await recordReading(bucket.store, monday, [chargeOf({ amount: 60 })], autumn);
    const key = 'ledger/v1/2026-11.json.gz';
    bucket.objects.set(key, spoil(bucket.objects.get(key) ?? new Uint8Array()));
    const damaged = lastRead(await loadLedger(bucket.store, autumn));
    expect([damaged.has('2026-10-31'), damaged.has('2026-11-01')]).toEqual([true, false]);

    await recordReading(bucket.store, '2026-11-16T07:00:00Z', [chargeOf({ amount: 60 })], autumn);
    expect(lastRead(await loadLedger(bucket.store, autumn)).has('2026-11-01')).toBe(true);
  });

  it('is not taken for empty where it cannot be reached', async () => {
    bucket.mock.on(GetObjectCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDenied' }));
    await expect(loadLedger(bucket.store, autumn)).rejects.toThrow('denied');
  });
});
