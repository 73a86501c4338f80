import { createReadStream } from 'node:fs';
import { type FileHandle, glob, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse/sync';
import { InputError } from '../input-error.ts';
import type { Database } from './database.ts';
import { type Column, identifier, literal } from './sql.ts';

/** One file, and its columns in its own order. */
export type SpendSource = { file: string; columns: readonly Column[] } & (
  | { format: 'csv'; gzip: boolean; delimiter: string }
  | { format: 'parquet' }
);

/** The source as a table in SQL. */
export function relationOf(source: SpendSource): string {
  const file = literal(source.file);
  if (source.format === 'parquet') return `read_parquet(${file})`;
  const columns = source.columns.map(({ sql }) => `'${sql}': 'VARCHAR'`).join(', ');
  return `read_csv(${file}, columns={${columns}}, auto_detect=false, header=true, delim='${source.delimiter}', \
quote='"', escape='"', compression='${source.gzip ? 'gzip' : 'none'}')`;
}

/** The file, or the parts that a folder or a pattern holds, with their headers; one at least. */
export async function openSources(path: string, database: Database): Promise<SpendSource[]> {
  const sources: SpendSource[] = [];
  for (const file of await filesOf(path)) sources.push(await openSource(file, database));
  const formats = new Set(sources.map(({ format }) => format));
  if (formats.size > 1) throw new InputError(`${path}: holds both CSV and Parquet: give one of them`);
  return sources;
}

const isPart = (name: string): boolean =>
  /\.(csv|parquet)(\.gz)?$/i.test(name) && !/(^|[/\\])[._]/.test(name);

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new InputError(`${path}: ${cause.message}`, { cause });
  });
  if (found?.isDirectory()) {
    const parts = (await readdir(path, { recursive: true })).filter(isPart).toSorted();
    if (parts.length === 0) throw new InputError(`${path}: holds no CSV and no Parquet file`);
    return parts.map((part) => join(path, part));
  }
  if (found !== undefined) return [path];
  const matches = /[*?[{]/.test(path) ? (await Array.fromAsync(glob(path))).toSorted() : [];
  if (matches.length === 0) throw new InputError(`${path}: no such file`);
  return matches;
}

/** So much of a file holds its header, however many columns it has. */
const headBytes = 1 << 20;

async function openSource(file: string, database: Database): Promise<SpendSource> {
  const head = await readHead(file);
  if (startsWith(head, 'PAR1')) return openParquet(file, database);
  if (startsWith(head, 'PK\u0003\u0004')) throw new InputError(`${file}: is a zip archive: unpack it first`);
  const gzip = startsWith(head, '\u001F\u008B');
  const text = (gzip ? await readGzipHead(file) : head).toString('utf8');
  if (text.trim() === '') throw new InputError(`${file}: is empty`);
  if (text.includes('\0')) throw new InputError(`${file}: is neither CSV in UTF-8 nor Parquet`);
  const delimiter = delimiterOf(text);
  const columns = headerOf(file, text, delimiter).map((name, index) => ({
    name: name.trim(),
    sql: `c${index}`, // names may differ in their case only, which SQL doesn't tell apart
    type: 'VARCHAR',
  }));
  return { file, format: 'csv', gzip, delimiter, columns };
}

const startsWith = (bytes: Buffer, magic: string): boolean =>
  bytes.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'));

async function readHead(file: string): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw new InputError(`${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    await handle?.close();
  }
}

/** The bytes of a file, decompressed where it is; what reads them gets every error on the way. */
export const openBytes = (file: string, gzip: boolean): Readable =>
  gzip ? pipeline(createReadStream(file), createGunzip(), () => {}) : createReadStream(file);

async function readGzipHead(file: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of openBytes(file, true)) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= headBytes) break;
    }
  } catch (cause) {
    throw corruptGzip(file, cause);
  }
  return Buffer.concat(parts);
}

const corruptGzip = (file: string, cause: unknown) =>
  new InputError(`${file}: is cut off or corrupt: ${cause instanceof Error ? cause.message : cause}`, {
    cause,
  });

/** Throws where a compressed file is cut off: half of a bill must not pass for the whole. */
export async function verifyGzip(source: SpendSource): Promise<void> {
  if (source.format !== 'csv' || !source.gzip) return;
  try {
    await finished(openBytes(source.file, true).resume());
  } catch (cause) {
    throw corruptGzip(source.file, cause);
  }
}

/** Spreadsheets in much of Europe write semicolons. */
function delimiterOf(text: string): string {
  const [header = ''] = /[^\r\n]+/.exec(text) ?? [];
  const unquoted = header.replaceAll(/"[^"]*"/g, '');
  return [',', ';', '\t'].find((delimiter) => unquoted.includes(delimiter)) ?? ',';
}

function headerOf(file: string, text: string, delimiter: string): string[] {
  try {
    const options = { to: 1, bom: true, skip_empty_lines: true, delimiter, record_delimiter: lineEnds };
    return parse(text, options)[0] ?? [];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new InputError(`${file}: line 1: is no CSV: ${cause.message}`, { cause });
  }
}

export const lineEnds = ['\r\n', '\n', '\r'];

async function openParquet(file: string, database: Database): Promise<SpendSource> {
  try {
    const rows = await database.rows(`DESCRIBE SELECT * FROM read_parquet(${literal(file)})`);
    const columns = rows.map(([name, type]) => ({
      name: String(name).trim(),
      sql: identifier(String(name)),
      type: String(type),
    }));
    return { file, format: 'parquet', columns };
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** What DuckDB says of a file, in one line. */
export function unreadable(file: string, cause: unknown): InputError {
  const [message = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return new InputError(`${file}: can't be read: ${message.replace(/^[A-Za-z ]*Error: /, '')}`, { cause });
}
