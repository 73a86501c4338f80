import { tmpdir } from 'node:os';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';

/** A DuckDB in this process: it reads, groups and sorts, so that only figures come to JavaScript. */
export type Database = {
  run: (sql: string) => Promise<void>;
  rows: (sql: string) => Promise<readonly (readonly DuckDBValue[])[]>;
  chunks: (sql: string) => Promise<readonly DuckDBDataChunk[]>;
  /** In the table's order, without holding it whole. */
  stream: (sql: string) => AsyncIterable<readonly DuckDBValue[]>;
  /** Makes a table of texts and what each of them means. */
  createMap: (table: string, type: 'DOUBLE' | 'VARCHAR', entries: MapEntries) => Promise<void>;
  /** Of what runs now, 0 to 100; negative where it isn't known. */
  percentage: () => number;
  close: () => void;
};

type MapEntries = Iterable<readonly [text: string, meaning: string | number]>;

const settings = [
  "TimeZone='UTC'",
  'preserve_insertion_order=false', // what is sorted is sorted by its content
  'enable_progress_bar=true',
  'enable_progress_bar_print=false',
];

/** Loaded when a file is read, and not before: other commands must start fast. The caller closes it. */
export async function openDatabase(): Promise<Database> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false', // what is needed is built in; nothing is fetched
    temp_directory: tmpdir(),
  });
  const connection = await instance.connect();
  for (const setting of settings) {
    await connection.run(`SET ${setting}`);
  }
  return {
    run: async (sql) => void (await connection.run(sql)),
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    chunks: async (sql) => (await connection.run(sql)).fetchAllChunks(),
    stream: (sql) => streamRows(connection, sql),
    createMap: (table, type, entries) => createMap(connection, table, type, entries),
    percentage: () => connection.progress.percentage,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function* streamRows(connection: DuckDBConnection, sql: string) {
  await connection.run('SET preserve_insertion_order=true');
  const result = await connection.stream(sql);
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    yield* chunk.getRows();
  }
}

async function createMap(
  connection: DuckDBConnection,
  table: string,
  type: 'DOUBLE' | 'VARCHAR',
  entries: MapEntries,
): Promise<void> {
  await connection.run(`CREATE OR REPLACE TABLE ${table} (text VARCHAR, meaning ${type})`);
  const appender = await connection.createAppender(table);
  for (const [text, meaning] of entries) {
    appender.appendVarchar(text);
    if (typeof meaning === 'number') appender.appendDouble(meaning);
    else appender.appendVarchar(meaning);
    appender.endRow();
  }
  appender.closeSync();
}
