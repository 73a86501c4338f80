import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { pipeline as finish } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { InputError } from '../input-error.ts';
import type { Database } from './database.ts';
import type { Layout, SpendRow } from './layout.ts';
import { lineEnds, openBytes, relationOf, type SpendSource, unreadable } from './source.ts';
import { textOf } from './sql.ts';

/**
 * Throws an InputError that names the first row which can't be used, and why. It is the slow way through a file, row by
 * row, for when the fast one has met something it can't use; it returns where there is nothing to complain of.
 */
export async function findFault(
  path: string,
  sources: readonly SpendSource[],
  layout: Layout,
  database: Database,
): Promise<void> {
  const check = layout.createCheck();
  let currency: string | undefined;
  for (const source of sources) {
    for await (const row of rowsOf(source, database)) {
      const checked = check(row);
      if ('fault' in checked) throw atRow(row, checked.fault.message, checked.fault.column);
      currency ??= checked.currency;
      const fault = currencyFault(checked.currency, currency);
      if (fault !== undefined) throw atRow(row, fault, 'currency');
    }
  }
  if (currency === undefined) throw new InputError(`${path}: has no rows`);
}

export const isCurrency = (text: string): boolean => /^[A-Z]{3}$/.test(text);

function currencyFault(currency: string, first: string): string | undefined {
  if (!isCurrency(currency)) return `${JSON.stringify(currency.slice(0, 60))} is no currency such as USD`;
  return currency === first ? undefined : `${currency} after ${first}: give one currency at a time`;
}

const atRow = ({ source, at }: Pick<SpendRow, 'source' | 'at'>, message: string, column?: string) =>
  new InputError(`${source.file}: ${at}${column === undefined ? '' : `, column ${column}`}: ${message}`);

const rowsOf = (source: SpendSource, database: Database): AsyncIterable<SpendRow> =>
  source.format === 'csv' ? csvRows(source) : parquetRows(source, database);

type Numbered = { record: string[]; info: { lines: number } };

type CsvSource = SpendSource & { format: 'csv' };

async function* csvRows(source: CsvSource): AsyncIterable<SpendRow> {
  let isHeader = true;
  let extraLines = 0; // the parser takes the two signs of a line end in quotes for two lines
  for await (const { record, info } of recordsOf(source)) {
    extraLines += countIn(record, /\r\n/g);
    const firstLine = info.lines - extraLines - countIn(record, /\r\n|\r|\n/g);
    if (!isHeader) yield toRow(source, record, `line ${firstLine}`);
    isHeader = false;
  }
}

async function* recordsOf({ file, gzip, delimiter }: CsvSource): AsyncIterable<Numbered> {
  const options = { bom: true, info: true, skip_empty_lines: true, relax_column_count: true };
  const parser = parse({ ...options, delimiter, record_delimiter: lineEnds });
  try {
    yield* pipeline(openBytes(file, gzip), parser, () => {});
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = typeof cause['lines'] === 'number' ? `line ${cause['lines']}: ` : '';
    throw new InputError(`${file}: ${line}is no CSV: ${cause.message}`, { cause });
  }
}

/**
 * The same sources in a form that every reader takes, written to a folder. Line ends of two kinds, or empty lines before
 * the header, are no fault, but DuckDB loses its way in them.
 */
export async function rewrite(sources: readonly SpendSource[], folder: string): Promise<SpendSource[]> {
  const rewritten: SpendSource[] = [];
  for (const [index, source] of sources.entries()) {
    const file = join(folder, `${index}.csv`);
    if (source.format === 'csv') await finish(recordsOf(source), toLines, createWriteStream(file));
    rewritten.push(source.format === 'csv' ? { ...source, file, gzip: false, delimiter: ',' } : source);
  }
  return rewritten;
}

async function* toLines(records: AsyncIterable<Numbered>): AsyncIterable<string> {
  for await (const { record } of records) {
    yield `${record.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;
  }
}

function toRow(source: SpendSource, record: readonly string[], at: string): SpendRow {
  const { columns } = source;
  if (record.length !== columns.length) {
    throw atRow({ source, at }, `has ${record.length} cells, the header has ${columns.length}`);
  }
  if (record.some((cell) => cell.includes('\uFFFD'))) throw atRow({ source, at }, 'is no text in UTF-8');
  return { source, at, cells: cellsOf(source, record) };
}

const countIn = (record: readonly string[], pattern: RegExp): number =>
  record.reduce((sum, cell) => sum + (cell.match(pattern)?.length ?? 0), 0);

const cellsOf = ({ columns }: SpendSource, record: readonly string[]): Record<string, string> =>
  Object.fromEntries(columns.map(({ name }, index) => [name, trim(record[index] ?? '')]));

/** As in SQL: what else looks like white space may be a name. */
const trim = (text: string): string => text.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');

async function* parquetRows(source: SpendSource, database: Database): AsyncIterable<SpendRow> {
  try {
    const cells = source.columns.map(textOf).join(', ');
    let row = 0;
    for await (const values of database.stream(`SELECT ${cells} FROM ${relationOf(source)}`)) {
      row += 1;
      yield { source, at: `row ${row}`, cells: cellsOf(source, values.map(String)) };
    }
  } catch (cause) {
    throw cause instanceof InputError ? cause : unreadable(source.file, cause);
  }
}
