import { readFile } from 'node:fs/promises';
import { CsvError, type Info, parse } from 'csv-parse/sync';
import { type FocusRow, focusColumns, toFocusRow } from '../shared/spend/focus.ts';
import { InputError } from './input-error.ts';

/**
 * Reads a FOCUS export from disk. Throws an InputError that names the file, the line and the column of the first
 * thing that can't be used; a file of two currencies is one, since they don't add up.
 */
export async function readFocusFile(file: string): Promise<FocusRow[]> {
  const source = await readSource(file);
  let currency: string | undefined;
  const rows = readRecords(file, source).map(({ record, info: { lines } }): FocusRow => {
    const parsed = toFocusRow(record);
    if ('fault' in parsed) throw atLine(file, lines, `${parsed.fault.column} ${parsed.fault.message}`);
    const { row } = parsed;
    currency ??= row.currency;
    if (row.currency === currency) return row;
    throw atLine(
      file,
      lines,
      `BillingCurrency ${row.currency} after ${currency}: give one currency at a time`,
    );
  });
  if (rows.length === 0) throw new InputError(`${file}: has no rows`);
  return rows;
}

const atLine = (file: string, line: number, message: string) =>
  new InputError(`${file}: line ${line}: ${message}`);

async function readSource(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new InputError(`${file}: ${code === 'ENOENT' ? 'no such file' : message}`, { cause });
  }
}

type Numbered = { record: Record<string, string>; info: Info };

function readRecords(file: string, source: string): Numbered[] {
  if (source.trim() === '') throw new InputError(`${file}: is empty`);
  try {
    return parse(source, {
      bom: true,
      info: true,
      skip_empty_lines: true,
      delimiter: delimiterOf(source),
      columns: (header: string[]) => checkedHeader(file, header),
    }) as unknown as Numbered[];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = typeof cause['lines'] === 'number' ? `line ${cause['lines']}: ` : '';
    throw new InputError(`${file}: ${line}is no CSV: ${cause.message}`, { cause });
  }
}

/** Spreadsheets in much of Europe write semicolons. */
function delimiterOf(source: string): string {
  const header = source.slice(0, source.search(/[\r\n]|$/));
  return header.includes(',') ? ',' : ';';
}

function checkedHeader(file: string, header: readonly string[]): string[] {
  const names = header.map((name) => name.trim());
  const missing = focusColumns.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw new InputError(
      `${file}: line 1: no column ${missing.join(', ')}: is it an export in FOCUS 1.0 columns?`,
    );
  }
  return names;
}
