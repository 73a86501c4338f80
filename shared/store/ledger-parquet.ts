import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  type DecodedArray,
  type FileMetaData,
  parquetMetadata,
  parquetRead,
  type SchemaElement,
} from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { z } from 'zod';
import { addDays, daysBetween, type IsoDate, type IsoTime } from '../period.ts';
import { chargeCategories } from '../spend/charge.ts';
import { tagDimension, tagKeyOf } from '../spend/grouping.ts';
import type { Ledger, LedgerSeries, Observation } from '../spend/ledger.ts';
import type { Scope } from '../spend/scope.ts';

const text: Partial<SchemaElement> = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };
const required = { repetition_type: 'REQUIRED' } as const;
const optional = { repetition_type: 'OPTIONAL' } as const;

/** One row is one figure that was read; what a row doesn't say (an account, a tag) it is the sum over. */
const columns: readonly SchemaElement[] = [
  { name: 'date', type: 'INT32', converted_type: 'DATE', ...required },
  { name: 'observed', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', ...required },
  { name: 'account', ...text, ...optional },
  { name: 'service', ...text, ...optional },
  { name: 'usage_type', ...text, ...optional },
  { name: 'tag_key', ...text, ...optional },
  { name: 'tag_value', ...text, ...optional },
  { name: 'category', ...text, ...required },
  { name: 'amount', type: 'DOUBLE', ...required },
  { name: 'currency', ...text, ...required },
];

/** What is no figure: when what was read. Athena has no use for it, and a second object could be lost by itself. */
const factsKey = 'ai-cost-watchdog';

const facts = z.object({
  version: z.literal(2),
  currency: z.string().exactOptional(),
  accountNames: z.record(z.string(), z.string()),
  readings: z.array(
    z.object({
      observed: z.string(),
      period: z.object({ start: z.iso.date(), end: z.iso.date() }),
      groupings: z.array(z.array(z.string())),
      usageTypes: z.array(z.string()).exactOptional(),
      requests: z.number().exactOptional(),
    }),
  ),
});

const epoch = '1970-01-01';

/** A ledger as a Parquet file, a row a figure. */
export function toParquet(ledger: Ledger): Uint8Array {
  const { series, ...others } = ledger;
  const cells = new Map(columns.map(({ name }) => [name, [] as unknown[]]));
  const add = (name: string, value: unknown) => cells.get(name)?.push(value);
  const dayOf = once((date: IsoDate) => daysBetween(epoch, date));
  const timeOf = once((time: IsoTime) => Date.parse(time));
  for (const one of series) {
    const ofSeries = Object.entries({
      ...columnsOf(one.scope),
      category: one.category,
      currency: ledger.currency,
    });
    for (const [date, observations] of inOrder(one.days)) {
      for (const [observed, amount] of observations) {
        add('date', dayOf(date));
        add('observed', timeOf(observed));
        add('amount', amount);
        for (const [name, value] of ofSeries) add(name, value);
      }
    }
  }
  const buffer = parquetWriteBuffer({
    schema: [{ name: 'charges', num_children: columns.length }, ...columns],
    columnData: [...cells].map(([name, data]) => ({ name, data })),
    codec: 'ZSTD',
    compressors: { ZSTD: (page) => zstdCompressSync(page) },
    rowGroupSize: 1_000_000, // read as a whole: one group, one dictionary a column
    statistics: false, // they tell which groups to skip, and there is one
    kvMetadata: [{ key: factsKey, value: JSON.stringify(others) }],
    createdBy: factsKey,
  });
  return new Uint8Array(buffer);
}

/** Works each value out once: dates and times repeat in every series. */
function once<From, To>(work: (from: From) => To): (from: From) => To {
  const known = new Map<From, To>();
  return (from) => {
    const found = known.get(from);
    if (found !== undefined) return found;
    const result = work(from);
    known.set(from, result);
    return result;
  };
}

const inOrder = (days: LedgerSeries['days']) => Object.entries(days).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Throws where a scope has a dimension that no column is for: its figures would be taken for those of another. */
function columnsOf(scope: Scope): Readonly<Record<string, string | undefined>> {
  const { account, service, usageType, ...others } = scope;
  const [tag, ...more] = Object.entries(others);
  const key = tag === undefined ? undefined : tagKeyOf(tag[0]);
  if (more.length > 0 || (tag !== undefined && key === undefined)) {
    throw new Error(`The ledger has no columns for ${Object.keys(others).join(', ')}`);
  }
  return { account, service, usage_type: usageType, tag_key: key, tag_value: tag?.[1] };
}

/** The ledger in a Parquet file. Throws where it isn't one, or isn't whole. */
export async function fromParquet(bytes: Uint8Array): Promise<Ledger> {
  const file = bytes.slice().buffer;
  const metadata = parquetMetadata(file);
  const stated = metadata.key_value_metadata?.find(({ key }) => key === factsKey)?.value;
  const ledger = facts.parse(JSON.parse(stated ?? 'null'));
  const cells = await readColumns(file, metadata);
  const times = new Map(ledger.readings.map(({ observed }) => [Date.parse(observed), observed]));
  return { ...ledger, series: toLedgerSeries(cells, Number(metadata.num_rows), times) };
}

type Cells = (name: string) => readonly unknown[];

async function readColumns(file: ArrayBuffer, metadata: FileMetaData): Promise<Cells> {
  const cells = new Map(columns.map(({ name }) => [name, new Array<unknown>(Number(metadata.num_rows))]));
  await parquetRead({
    file,
    metadata,
    compressors: { ZSTD: (page) => new Uint8Array(zstdDecompressSync(page)) },
    parsers: {
      dateFromDays: (days) => days,
      timestampFromMilliseconds: (milliseconds) => Number(milliseconds),
    },
    onChunk: ({ columnName, columnData, rowStart }) => copy(columnData, cells.get(columnName), rowStart),
  });
  return (name) => cells.get(name) ?? [];
}

function copy(values: DecodedArray, into: unknown[] | undefined, rowStart: number): void {
  for (let index = 0; index < values.length; index += 1) {
    if (into) into[rowStart + index] = values[index];
  }
}

type DraftSeries = Omit<LedgerSeries, 'days'> & { days: Record<IsoDate, Observation[]> };

/** The rows of a series lie together: one is the next day's, or the next figure's, of the one before it. */
function toLedgerSeries(cells: Cells, rows: number, times: ReadonlyMap<number, IsoTime>): LedgerSeries[] {
  const series: DraftSeries[] = [];
  const [dates, observed, amounts] = [cells('date'), cells('observed'), cells('amount')];
  const names = ['account', 'service', 'usage_type', 'tag_key', 'tag_value', 'category'].map(cells);
  const dateOf = once((day: unknown) => addDays(epoch, Number(day)));
  for (let row = 0; row < rows; row += 1) {
    const isFirst = row === 0 || names.some((values) => values[row] !== values[row - 1]);
    if (isFirst) series.push(seriesAt(names.map((values) => values[row])));
    const time = times.get(observed[row] as number);
    const amount = amounts[row];
    if (time === undefined || !Number.isFinite(amount)) throw new Error(`row ${row} is of no reading`);
    const date = dateOf(dates[row]);
    const days = series.at(-1)?.days ?? {};
    const observations = days[date] ?? [];
    observations.push([time, amount as number]);
    days[date] = observations;
  }
  return series;
}

const category = z.enum(chargeCategories);

function seriesAt([account, service, usageType, tagKey, tagValue, kind]: readonly unknown[]): DraftSeries {
  const scope = {
    ...(typeof account === 'string' && { account }),
    ...(typeof service === 'string' && { service }),
    ...(typeof usageType === 'string' && { usageType }),
    ...(typeof tagKey === 'string' && { [tagDimension(tagKey)]: String(tagValue) }),
  };
  return { scope, category: category.parse(kind), days: {} };
}
