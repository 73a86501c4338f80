import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChargeCategory } from '../shared/spend/charge.ts';
import type { FocusCost } from '../shared/spend/focus.ts';
import type { SpendRecord } from '../shared/spend/history.ts';
import { InputError } from './input-error.ts';
import { curLayout, isCur } from './spend-file/cur.ts';
import { type Database, openDatabase } from './spend-file/database.ts';
import { findFault, isCurrency, rewrite } from './spend-file/faults.ts';
import { focusLayout, isFocus } from './spend-file/focus-export.ts';
import { areSound, toFigures, toHistories } from './spend-file/histories.ts';
import type { Layout } from './spend-file/layout.ts';
import { plainLayout, toInstant } from './spend-file/plain.ts';
import { openSources, relationOf, type SpendSource, unreadable, verifyGzip } from './spend-file/source.ts';
import { trimmed } from './spend-file/sql.ts';

export type SpendFileOptions = {
  /** Of a bill that has both: what the invoice says, or what was paid in advance spread over its use. */
  cost?: FocusCost;
  /** Tags of an export that are dimensions too, by their keys. */
  tags?: readonly string[];
  /** What it is at, in a few words. */
  onProgress?: (text: string) => void;
};

/**
 * Reads spend from a plain CSV (`date,amount`, dimensions, `observed`, `currency`), a FOCUS export or a Cost and Usage
 * Report; CSV, compressed with gzip or not, or Parquet; one file, a folder, or a pattern. Throws an InputError that
 * names the file, the line and the column of the first thing that can't be used.
 */
export async function readSpendFile(path: string, options: SpendFileOptions = {}): Promise<SpendRecord> {
  const database = await openDatabase();
  const reporter = report(path, database, options.onProgress);
  try {
    const sources = await openSources(path, database);
    const layout = layoutOf(path, sources, options);
    const reading = read(path, sources, layout, database);
    const verifying = Promise.all(sources.map(verifyGzip));
    await Promise.allSettled([reading, verifying]); // the database is closed when nothing uses it any more
    await verifying;
    return await reading;
  } finally {
    reporter.stop();
    database.close();
  }
}

/** Tells how far the reading is, a few times a second. */
function report(path: string, database: Database, onProgress: (text: string) => void = () => {}) {
  onProgress(`reading ${path}`);
  const timer = setInterval(() => {
    const percentage = database.percentage();
    onProgress(`reading ${path}${percentage > 0 ? ` ${Math.floor(percentage)}%` : ''}`);
  }, 200);
  return { stop: () => clearInterval(timer) };
}

function layoutOf(path: string, sources: readonly SpendSource[], options: SpendFileOptions): Layout {
  const { cost = 'effective' } = options;
  const tags = [...new Set(options.tags)];
  const kinds = new Set(sources.map(kindOf));
  if (kinds.size > 1) {
    throw new InputError(`${path}: holds files of different kinds: ${[...kinds].toSorted().join(', ')}`);
  }
  if (kinds.has('FOCUS')) return focusLayout(sources, cost, tags);
  return kinds.has('CUR') ? curLayout(sources, cost, tags) : plainLayout(sources);
}

const kindOf = (source: SpendSource): Layout['kind'] =>
  isFocus(source) ? 'FOCUS' : isCur(source) ? 'CUR' : 'plain';

async function read(
  path: string,
  sources: readonly SpendSource[],
  layout: Layout,
  database: Database,
): Promise<SpendRecord> {
  try {
    return await readTable(sources, layout, database);
  } catch {
    await findFault(path, sources, layout, database);
  }
  const folder = await mkdtemp(join(tmpdir(), 'spend-'));
  try {
    const rewritten = await rewrite(sources, folder);
    return await readTable(rewritten, layout, database);
  } catch (cause) {
    throw cause instanceof InputError ? cause : unreadable(path, cause);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Something in the table can't be used; which row it is takes a second, slower look. */
class UnusableRow extends Error {}

async function readTable(
  sources: readonly SpendSource[],
  layout: Layout,
  database: Database,
): Promise<SpendRecord> {
  await stage(sources, layout, database);
  const currency = await readCurrency(database);
  await mapTexts(layout, database);
  const series = await readSeries(layout, database);
  const figures = toFigures(await database.chunks(figuresSql(layout)));
  if (!areSound(figures)) throw new UnusableRow('figures that contradict each other');
  const { dimensions, bitemporal } = layout;
  return { currency, dimensions, bitemporal, histories: toHistories(figures, series) };
}

const keysOf = ({ dimensions }: Layout): string[] => dimensions.map((_, index) => `k${index}`);

/** The rows of all sources as one table; where many make a figure, their sums. */
async function stage(sources: readonly SpendSource[], layout: Layout, database: Database): Promise<void> {
  const rows = sources.map((source) => {
    const sql = layout.sqlOf(source);
    const keys = sql.dimensions.map((expression, index) => `${expression} AS k${index},`).join(' ');
    return `SELECT ${keys} ${sql.date} AS date, ${sql.observed ?? "''"} AS observed, ${sql.category} AS category,
      ${sql.currency} AS currency, ${sql.amount} AS amount, ${sql.isBad ?? 'false'} AS bad
      FROM ${relationOf(source)}`;
  });
  const all = rows.join(' UNION ALL ');
  const columns = [...keysOf(layout), 'date', 'observed', 'category', 'currency'].join(', ');
  const sums = `SELECT ${columns}, sum(amount) AS amount, bool_or(bad OR amount IS NULL) AS bad
    FROM (${all}) GROUP BY ALL`;
  await database.run(`CREATE OR REPLACE TABLE staged AS ${layout.summed ? sums : all}`);
}

/** The one currency of all rows. */
async function readCurrency(database: Database): Promise<string> {
  const found = await database.rows('SELECT currency, bool_or(bad) FROM staged GROUP BY currency');
  const [currency = '', ...others] = new Set(found.map(([text]) => String(text).trim()));
  if (others.length > 0 || !isCurrency(currency)) throw new UnusableRow('two currencies, or none');
  if (found.some(([, bad]) => bad === true)) throw new UnusableRow('a row that lacks something');
  return currency;
}

/** What each date, time and category means is read once for each that occurs. */
async function mapTexts(layout: Layout, database: Database): Promise<void> {
  const map = async <Meaning extends string | number>(
    column: string,
    type: 'DOUBLE' | 'VARCHAR',
    meaningOf: (text: string) => Meaning | undefined,
  ) => {
    const texts = await database.rows(`SELECT DISTINCT ${column} FROM staged`);
    const entries = texts.map(([value]) => {
      const meaning = meaningOf(String(value).trim());
      if (meaning === undefined) throw new UnusableRow(`bad ${column}`);
      return [String(value), meaning] as const;
    });
    await database.createMap(`${column}_meaning`, type, entries);
  };
  await map('date', 'DOUBLE', layout.dayOf);
  await map('category', 'VARCHAR', layout.categoryOf);
  await map('observed', 'DOUBLE', layout.bitemporal ? toInstant : () => Number.NaN);
}

/** The series in the order of their ids; white space around a name is no other series. */
async function readSeries(layout: Layout, database: Database) {
  const keys = keysOf(layout);
  const raw = keys.map((key) => `${key}, `).join('');
  const names = [...keys.map(trimmed), 'category'].join(', ');
  await database.run(`CREATE OR REPLACE TABLE series AS
    SELECT dense_rank() OVER (ORDER BY ${names}) - 1 AS id, ${raw} category FROM (
      SELECT DISTINCT ${raw} c.meaning AS category
      FROM staged JOIN category_meaning c ON c.text = staged.category)`);
  const rows = await database.rows(`SELECT DISTINCT id, ${names} FROM series ORDER BY id`);
  return rows.map((row) => ({
    scope: Object.fromEntries(layout.dimensions.map((name, index) => [name, String(row[index + 1])])),
    category: String(row.at(-1)) as ChargeCategory,
  }));
}

function figuresSql(layout: Layout): string {
  const same = keysOf(layout)
    .map((key) => `AND s.${key} = staged.${key} `)
    .join('');
  // By way of its text: dividing a decimal would lose its last digit.
  const amount = layout.summed ? 'CAST(CAST(sum(amount) AS VARCHAR) AS DOUBLE)' : 'amount';
  return `SELECT CAST(s.id AS DOUBLE), d.meaning, o.meaning, ${amount} FROM staged
    JOIN date_meaning d ON d.text = date JOIN observed_meaning o ON o.text = observed
    JOIN category_meaning c ON c.text = staged.category
    JOIN series s ON s.category = c.meaning ${same}
    ${layout.summed ? 'GROUP BY s.id, d.meaning, o.meaning' : ''} ORDER BY 1, 2, 3`;
}
