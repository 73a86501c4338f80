/** A column of a source: its own name, and how SQL calls it. */
export type Column = { name: string; sql: string; type: string };

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What counts as a number: no thousands separators, no NaN, no Infinity. The same for SQL and for JavaScript. */
export const numberPattern = '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?';

const isText = ({ type }: Column): boolean => type === 'VARCHAR';
const isTime = ({ type }: Column): boolean => type.startsWith('TIMESTAMP');

/** The text without the white space around it. Costly: for what occurs often it is done once for each text. */
export const trimmed = (sql: string): string => `trim(${sql}, E' \\t\\r\\n')`;

/** The cell's text as it is, empty where there is none; times in UTC. */
export function textOf(column: Column | undefined): string {
  if (column === undefined) return "''";
  const plain = isTime(column) ? `CAST(${column.sql} AS TIMESTAMP)` : column.sql;
  return `coalesce(${isText(column) ? plain : `CAST(${plain} AS VARCHAR)`}, '')`;
}

/** The first that isn't empty. Exports write null as `NULL`. */
export const firstOf = (...columns: (Column | undefined)[]): string =>
  `coalesce(${[...columns.flatMap((column) => (column ? [filled(column)] : [])), "''"].join(', ')})`;

const filled = (column: Column): string => `nullif(nullif(trim(${textOf(column)}), ''), 'NULL')`;

/** Null where it is none. */
export function numberOf(column: Column | undefined, type: 'DOUBLE' | typeof exact): string {
  if (column === undefined) return `CAST(NULL AS ${type})`;
  if (!isText(column)) return `TRY_CAST(${column.sql} AS ${type})`;
  const isNumber = `regexp_full_match(${column.sql}, ${literal(`\\s*${numberPattern}\\s*`)})`;
  return `CASE WHEN ${isNumber} THEN TRY_CAST(${column.sql} AS ${type}) END`;
}

/**
 * Sums of it don't depend on the order of their addends; 15 decimals are more than any bill has.
 */
export const exact = 'DECIMAL(38,15)';

const utcTime = '(\\d{4}-\\d\\d-\\d\\d)([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d+)?)?)?( ?(Z|UTC))?';

/** The date of a time in UTC, else the text as it is: hours of one day become one group where they are read. */
export function dateOf(column: Column | undefined): string {
  if (column !== undefined && isTime(column)) {
    return `coalesce(CAST(CAST(CAST(${column.sql} AS TIMESTAMP) AS DATE) AS VARCHAR), '')`;
  }
  const text = firstOf(column);
  return `CASE WHEN regexp_full_match(${text}, ${literal(utcTime)}) THEN left(${text}, 10) ELSE ${text} END`;
}

/** The value of a tag in a column of tags, as JSON or as a map; empty where the resource doesn't have it. */
export function tagOf(column: Column | undefined, keys: readonly string[]): string {
  if (column === undefined) return "''";
  const values = keys.map((key) =>
    column.type.startsWith('MAP')
      ? `CAST(${column.sql}[${literal(key)}] AS VARCHAR)`
      : `TRY(json_extract_string(${column.sql}, ${literal(`$.${JSON.stringify(key)}`)}))`,
  );
  return `coalesce(${values.map((value) => `nullif(${value}, '')`).join(', ')}, '')`;
}
