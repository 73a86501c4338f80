import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { errorCode } from '../aws/error.ts';
import { logger } from '../observability.ts';
import type { IsoDate, IsoTime, Period } from '../period.ts';
import { type Charge, chargeCategories } from '../spend/charge.ts';
import { emptyLedger, joinLedgers, type Ledger, observe } from '../spend/ledger.ts';

/** Where the ledger lies: one object a month, `ledger/v1/2026-11.json.gz`. */
export type LedgerStore = { s3: S3Client; bucket: string };

const stored = z.object({
  version: z.literal(1),
  currency: z.string().exactOptional(),
  accountNames: z.record(z.string(), z.string()),
  readings: z.array(
    z.object({
      observed: z.string(),
      period: z.object({ start: z.iso.date(), end: z.iso.date() }),
      usageTypes: z.array(z.string()).exactOptional(),
    }),
  ),
  series: z.array(
    z.object({
      account: z.string(),
      service: z.string(),
      category: z.enum(chargeCategories),
      days: z.record(z.string(), z.array(z.tuple([z.string(), z.number()]))),
    }),
  ),
});

/** What is known of the months that a period touches. */
export async function loadLedger(store: LedgerStore, period: Period): Promise<Ledger> {
  const months = await Promise.all(monthsOf(period).map((month) => readMonth(store, month)));
  return joinLedgers(months.map(({ ledger }) => ledger));
}

/**
 * Adds what was read of a period to the months it touches, the newest month last: where that is there, all are.
 * Two runs that write at once both find their way in. `usageTypes` are the record types that were taken for usage.
 */
export async function recordReading(
  store: LedgerStore,
  observed: IsoTime,
  charges: readonly Charge[],
  period: Period,
  usageTypes?: readonly string[],
): Promise<void> {
  const byMonth = Map.groupBy(charges, ({ date }) => monthOf(date));
  for (const month of monthsOf(period)) {
    const within = clip(period, month);
    await updateMonth(store, month, (ledger) =>
      observe(ledger, observed, byMonth.get(month) ?? [], within, usageTypes),
    );
  }
}

const attempts = 5;

async function updateMonth(
  store: LedgerStore,
  month: string,
  update: (ledger: Ledger) => Ledger,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { ledger, etag } = await readMonth(store, month);
    const updated = update(ledger);
    if (updated === ledger) return;
    try {
      return await writeMonth(store, month, updated, etag);
    } catch (error) {
      if (!overtaken.has(errorCode(error)) || attempt === attempts) throw error;
    }
  }
}

/** Another run wrote the month since it was read. */
const overtaken = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);

type StoredMonth = { ledger: Ledger; etag?: string | undefined };

/** A month that isn't there, or can't be read, is empty: its days count as never read, and are fetched again. */
async function readMonth({ s3, bucket }: LedgerStore, month: string): Promise<StoredMonth> {
  const object = await getObject(s3, bucket, keyOf(month));
  if (object === undefined) return { ledger: emptyLedger };
  const { body, etag } = object;
  try {
    const text = (await promisify(gunzip)(body)).toString('utf8');
    return { ledger: stored.parse(JSON.parse(text)), etag };
  } catch (error) {
    logger.warn('a month of the ledger is corrupt and is fetched again', { month, error: error as Error });
    return { ledger: emptyLedger, etag };
  }
}

async function getObject(s3: S3Client, Bucket: string, Key: string) {
  try {
    const { Body, ETag: etag } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    if (Body === undefined) throw new Error(`s3://${Bucket}/${Key} came without a body`);
    return { body: await Body.transformToByteArray(), etag };
  } catch (error) {
    if (error instanceof NoSuchKey || errorCode(error) === 'NoSuchKey') return undefined;
    throw error;
  }
}

async function writeMonth({ s3, bucket }: LedgerStore, month: string, ledger: Ledger, etag?: string) {
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: keyOf(month),
      Body: await promisify(gzip)(JSON.stringify(ledger)),
      ContentType: 'application/json',
      ContentEncoding: 'gzip',
      ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
    }),
  );
}

const keyOf = (month: string): string => `ledger/v1/${month}.json.gz`;

const monthOf = (date: IsoDate): string => date.slice(0, 7);

/** The months of a period, `2026-11`, oldest first. */
function monthsOf({ start, end }: Period): string[] {
  const months: string[] = [];
  for (let first = `${monthOf(start)}-01`; first < end; first = nextMonth(first)) months.push(monthOf(first));
  return months;
}

function nextMonth(first: IsoDate): IsoDate {
  const [year = 0, month = 0] = first.split('-').map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}

function clip({ start, end }: Period, month: string): Period {
  const first = `${month}-01`;
  const next = nextMonth(first);
  return { start: start > first ? start : first, end: end < next ? end : next };
}
