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
  const rows = readRecords(file, source).map(({ record, info }): FocusRow => {
    const parsed = toFocusRow(record);
    if ('row' in parsed) return parsed.row;
    throw new InputError(`${file}: line ${info.lines}: ${parsed.fault.column} ${parsed.fault.message}`);
  });
  const [first] = rows;
  if (first === undefined) throw new InputError(`${file}: has no rows`);
  const foreign = rows.findIndex(({ currency }) => currency !== first.currency);
  if (foreign !== -1) {
    throw new InputError(
      `${file}: row ${foreign + 1}: BillingCurrency ${rows[foreign]?.currency} after ${first.currency}: give one currency at a time`,
    );
  }
  return rows;
}

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
