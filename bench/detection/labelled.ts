import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Usd } from '../../shared/money.ts';

/**
 * Daily spend of one charge with what its runs saw of it. Parallel arrays from day `start` on, counted from 1970-01-01:
 * the run that sees a day as its newest reads `seenFirst`, the next run `seenNext`, every later one `final`.
 */
export type LabelledSeries = {
  name: string;
  start: number;
  final: Float64Array;
  seenFirst: Float64Array;
  seenNext: Float64Array;
};

/** A leak. Days are inclusive; an alarm from `start` to `alarmBy` finds it. */
export type LabelledEvent = {
  id: string;
  series: string;
  start: number;
  end: number;
  alarmBy: number;
  kind: string;
  /** What each of its days cost too much, by the day. */
  extra: ReadonlyMap<number, Usd>;
};

/** Something unusual that is no leak, or a season that is known in advance. Days are inclusive. */
export type Span = { start: number; end: number };
export type Decoy = Span & { series: string; kind: string };

export type LabelledSet = {
  series: readonly LabelledSeries[];
  events: readonly LabelledEvent[];
  decoys: readonly Decoy[];
  calendar: readonly Span[];
};

const day = 86_400_000;

export const isoOf = (dayNumber: number): string => new Date(dayNumber * day).toISOString().slice(0, 10);

/** Reads a labelled folder: series.csv, labels.csv, extra.csv, decoys.csv and calendar.csv. */
export function readLabelledSet(folder: string): LabelledSet {
  const extras = Map.groupBy(readTable(folder, 'extra.csv', ['series', 'date', 'extra']), textOf('series'));
  const decoys = readTable(folder, 'decoys.csv', ['series', 'start', 'end', 'kind']);
  return {
    series: [
      ...Map.groupBy(
        readTable(folder, 'series.csv', ['series', 'date', 'final', 'seen_d0', 'seen_d1']),
        textOf('series'),
      ),
    ].map(([name, rows]) => toSeries(name, rows)),
    events: readTable(folder, 'labels.csv', ['event', 'series', 'start', 'end', 'alarm_by', 'kind']).map(
      (row) => toEvent(row, extras.get(row.text('series')) ?? []),
    ),
    decoys: decoys.map((row) => ({ ...spanOf(row), series: row.text('series'), kind: row.text('kind') })),
    calendar: readTable(folder, 'calendar.csv', ['start', 'end']).map(spanOf),
  };
}

type Row = { text(column: string): string; number(column: string): number; day(column: string): number };

/** The rows of a CSV file with a header. Throws with file and line where a column or a value is amiss. */
function readTable(folder: string, file: string, columns: readonly string[]): Row[] {
  const [header = [], ...lines] = parse(readFileSync(join(folder, file)), { bom: true }) as string[][];
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) throw new Error(`${join(folder, file)} has no column ${missing.join(', ')}.`);
  const positions = new Map(header.map((column, index) => [column, index]));
  return lines.map((line, index) => {
    const text = (column: string) => line[positions.get(column) ?? -1] ?? '';
    const finite = (column: string, value: number) => {
      if (text(column) !== '' && Number.isFinite(value)) return value;
      throw new Error(`${join(folder, file)}, line ${index + 2}: ${column} is "${text(column)}".`);
    };
    return {
      text,
      number: (column) => finite(column, Number(text(column))),
      day: (column) => finite(column, Date.parse(text(column)) / day),
    };
  });
}

const textOf = (column: string) => (row: Row) => row.text(column);

const spanOf = (row: Row): Span => ({ start: row.day('start'), end: row.day('end') });

function toSeries(name: string, rows: readonly Row[]): LabelledSeries {
  const start = rows[0]?.day('date') ?? 0;
  const gap = rows.findIndex((row, index) => row.day('date') !== start + index);
  if (gap !== -1)
    throw new Error(`Series ${name} has a gap or is out of order at ${rows[gap]?.text('date')}.`);
  const column = (name: string) => Float64Array.from(rows, (row) => row.number(name));
  return { name, start, final: column('final'), seenFirst: column('seen_d0'), seenNext: column('seen_d1') };
}

function toEvent(row: Row, extras: readonly Row[]): LabelledEvent {
  const span = spanOf(row);
  const own = extras
    .map((extra): [number, Usd] => [extra.day('date'), extra.number('extra')])
    .filter(([day]) => day >= span.start && day <= span.end);
  return {
    ...span,
    id: row.text('event'),
    series: row.text('series'),
    alarmBy: row.day('alarm_by'),
    kind: row.text('kind'),
    extra: new Map(own),
  };
}
