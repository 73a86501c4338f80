import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { errorCode } from '../aws/error.ts';
import { logger } from '../observability.ts';
import { daysBetween, type IsoDate, type Period } from '../period.ts';
import type { ScopedCharge } from '../spend/charge.ts';
import { emptyLedger, joinLedgers, type Ledger, observe, type Reading } from '../spend/ledger.ts';
import { fromParquet, toParquet } from './ledger-parquet.ts';

/** Where the ledger lies: one object a month, `ledger/v2/month=2026-11/charges.parquet`, as Athena reads it. */
export type LedgerStore = { s3: S3Client; bucket: string };

/** The months of a ledger as they were when they were read, `2026-11`. */
export type StoredMonths = ReadonlyMap<string, StoredMonth>;

type StoredMonth = { ledger: Ledger; etag?: string | undefined };

/** What was read, and what it said. */
export type Answer = { reading: Reading; charges: readonly ScopedCharge[] };

/** The months that a period touches. */
export async function loadMonths(store: LedgerStore, period: Period): Promise<StoredMonths> {
  const months = await Promise.all(
    monthsOf(period).map(async (month) => [month, await readMonth(store, month)] as const),
  );
  return new Map(months);
}

/** What is known of all these months. */
export const ledgerOf = (months: StoredMonths): Ledger =>
  joinLedgers([...months.values()].map(({ ledger }) => ledger));

/**
 * Adds answers to the months they touch, the newest month last: where that is there, all are. Those in `known` are
 * not read again. Two runs that write at once both find their way in. Returns the known months with what was added.
 */
export async function recordAnswers(
  store: LedgerStore,
  answers: readonly Answer[],
  known: StoredMonths = new Map(),
): Promise<StoredMonths> {
  const after = new Map(known);
  const months = new Set(answers.flatMap(({ reading }) => monthsOf(reading.period)));
  for (const month of [...months].toSorted()) {
    const parts = answers.flatMap((answer) => partOf(answer, month));
    const update = (ledger: Ledger) => parts.reduce(observeAnswer, ledger);
    const updated = await updateMonth(store, month, update, known.get(month));
    if (known.has(month)) after.set(month, updated);
  }
  return after;
}

/** Of an answer, what it says of a month. */
function partOf({ reading, charges }: Answer, month: string): Answer[] {
  const period = clip(reading.period, month);
  const days = daysBetween(period.start, period.end);
  if (days <= 0) return [];
  const { requests } = reading;
  const share = days / daysBetween(reading.period.start, reading.period.end);
  return [
    {
      reading: { ...reading, period, ...(requests !== undefined && { requests: requests * share }) },
      charges: charges.filter(({ date }) => monthOf(date) === month),
    },
  ];
}

const observeAnswer = (ledger: Ledger, { reading, charges }: Answer): Ledger => {
  const { observed, period, ...how } = reading;
  return observe(ledger, observed, charges, period, how);
};

const attempts = 5;

async function updateMonth(
  store: LedgerStore,
  month: string,
  update: (ledger: Ledger) => Ledger,
  known?: StoredMonth,
): Promise<StoredMonth> {
  for (let attempt = 1; ; attempt++) {
    const { ledger, etag } = attempt === 1 && known ? known : await readMonth(store, month);
    const updated = update(ledger);
    if (updated === ledger) return { ledger, etag };
    try {
      return { ledger: updated, etag: await writeMonth(store, month, updated, etag) };
    } catch (error) {
      if (!overtaken.has(errorCode(error)) || attempt === attempts) throw error;
    }
  }
}

/** Another run wrote the month since it was read. */
const overtaken = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);

/** A month that isn't there, or can't be read, is empty: its days count as never read, and are fetched again. */
async function readMonth({ s3, bucket }: LedgerStore, month: string): Promise<StoredMonth> {
  const object = await getObject(s3, bucket, keyOf(month));
  if (object === undefined) return { ledger: emptyLedger };
  const { body, etag } = object;
  try {
    return { ledger: await fromParquet(body), etag };
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
  const { ETag } = await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: keyOf(month),
      Body: toParquet(ledger),
      ContentType: 'application/vnd.apache.parquet',
      ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
    }),
  );
  return ETag;
}

const keyOf = (month: string): string => `ledger/v2/month=${month}/charges.parquet`;

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
