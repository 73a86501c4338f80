import { InputError } from '../input-error.ts';
import type { CellsSql, Layout, RowCheck, RowFault, SpendRow } from './layout.ts';
import type { SpendSource } from './source.ts';
import { type Column, numberOf, numberPattern, textOf } from './sql.ts';

type Columns = {
  date: Column;
  amount: Column;
  observed: Column | undefined;
  currency: Column | undefined;
  dimensions: readonly Column[];
};

/** `date,amount`, optionally `observed` and `currency`; every other column is a dimension. One figure a row. */
export function plainLayout(sources: readonly SpendSource[]): Layout {
  const columns = new Map(sources.map((source) => [source, columnsOf(source)]));
  const all = [...columns.values()];
  const dimensions = [...new Set(all.flatMap(({ dimensions }) => dimensions.map(({ name }) => name)))];
  const bitemporal = all.some(({ observed }) => observed !== undefined);
  const own = (source: SpendSource): Columns => columns.get(source) ?? columnsOf(source);
  return {
    kind: 'plain',
    dimensions,
    bitemporal,
    summed: false,
    sqlOf: (source) => sqlOf(own(source), dimensions, bitemporal),
    dayOf: (date) => toDay(date),
    categoryOf: () => 'Usage',
    createCheck: () => createCheck(own, dimensions, bitemporal),
  };
}

function columnsOf({ file, format, columns }: SpendSource): Columns {
  const where = format === 'csv' ? `${file}: line 1` : file;
  const names = columns.flatMap(({ name }) => name || []);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InputError(`${where}: column ${twice} is there twice`);
  const find = (wanted: string) =>
    columns.find(({ name }) => name === wanted) ?? columns.find(({ name }) => name.toLowerCase() === wanted);
  const [date, amount, observed, currency] = ['date', 'amount', 'observed', 'currency'].map(find);
  if (date === undefined || amount === undefined) {
    const missing = [...(date ? [] : ['date']), ...(amount ? [] : ['amount'])].join(', ');
    throw new InputError(
      `${where}: no column ${missing}, found ${names.join(', ').slice(0, 200)}: ` +
        'a plain file has date,amount; an export has the columns of FOCUS or of a Cost and Usage Report',
    );
  }
  const reserved: readonly (Column | undefined)[] = [date, amount, observed, currency];
  const dimensions = columns.filter((column) => column.name !== '' && !reserved.includes(column));
  return { date, amount, observed, currency, dimensions };
}

function sqlOf(columns: Columns, dimensions: readonly string[], bitemporal: boolean): CellsSql {
  return {
    dimensions: dimensions.map((name) => textOf(columns.dimensions.find((column) => column.name === name))),
    date: textOf(columns.date),
    ...(bitemporal && { observed: textOf(columns.observed) }),
    category: "''",
    currency: columns.currency ? textOf(columns.currency) : "'USD'",
    amount: numberOf(columns.amount, 'DOUBLE'),
  };
}

const dayMs = 86_400_000;

/** Milliseconds since 1970 of a date (its midnight) or an ISO time, in UTC; undefined where it is neither. */
export function toInstant(text: string): number | undefined {
  const [, date = '', time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(?: ?(Z|UTC|[+-]\d\d:\d\d))?$/.exec(text) ??
    [];
  const midnight = Date.parse(`${date}T00:00Z`);
  // JavaScript takes 2025-02-30 for 2 March. A year such as 0205 is a slip that would make centuries of days.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined;
  if (date < '1970' || date >= '2200') return undefined;
  const instant = Date.parse(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(instant) ? undefined : instant;
}

/** Days since 1970 of a date, or of a time that is its midnight. */
function toDay(text: string): number | undefined {
  const instant = toInstant(text);
  return instant === undefined || instant % dayMs !== 0 ? undefined : instant / dayMs;
}

const number = new RegExp(`^(${numberPattern})$`);
const isNumber = (text: string): boolean => number.test(text) && Number.isFinite(Number(text));

function createCheck(
  columnsOf: (source: SpendSource) => Columns,
  dimensions: readonly string[],
  bitemporal: boolean,
): RowCheck {
  const seen = new Map<string, SpendRow>();
  return (row) => {
    const cells = cellsOf(row, columnsOf(row.source));
    const fault = faultOf(cells, bitemporal);
    if (fault !== undefined) return { fault };
    const scope = dimensions.map((name) => row.cells[name] ?? '');
    const key = JSON.stringify([toDay(cells.date), bitemporal && toInstant(cells.observed), ...scope]);
    const first = seen.get(key);
    if (first !== undefined) return { fault: { message: twice(first, row, cells, scope) } };
    seen.set(key, row);
    return { currency: cells.currency };
  };
}

type Cells = { date: string; amount: string; observed: string; currency: string };

function cellsOf({ cells }: SpendRow, { date, amount, observed, currency }: Columns): Cells {
  const cell = (column: Column | undefined) => (column && cells[column.name]) ?? '';
  return {
    date: cell(date),
    amount: cell(amount),
    observed: cell(observed),
    currency: currency ? cell(currency) : 'USD',
  };
}

function faultOf({ date, amount, observed }: Cells, bitemporal: boolean): RowFault['fault'] | undefined {
  const day = toDay(date);
  if (day === undefined)
    return { column: 'date', message: `${quote(date)} is not a date such as 2025-01-31` };
  if (!isNumber(amount)) return { column: 'amount', message: `${quote(amount)} is not a number` };
  if (!bitemporal) return undefined;
  const instant = toInstant(observed);
  if (instant === undefined) {
    return {
      column: 'observed',
      message: `${quote(observed)} is not a date or a time such as 2025-02-01T06:00Z`,
    };
  }
  return instant < (day + 1) * dayMs
    ? { column: 'observed', message: `${observed} is before the end of ${date}` }
    : undefined;
}

function twice(first: SpendRow, row: SpendRow, { date, observed }: Cells, scope: readonly string[]): string {
  const of = scope.length > 0 ? ` of ${quote(scope.join(', '))}` : '';
  const at = first.source === row.source ? first.at : `${first.at} of ${first.source.file}`;
  return `${date}${of}${observed && `, observed ${observed},`} is there twice: ${at} has it too`;
}

/** A cell as it is shown: cut, and with what would move the cursor made harmless. */
export const quote = (text: string): string => JSON.stringify(text.slice(0, 60));
