import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { ChargeCategory } from '../../shared/spend/charge.ts';
import type { SpendHistory } from '../../shared/spend/history.ts';
import type { Scope } from '../../shared/spend/scope.ts';

/** Figures as parallel arrays, by series, day and time of observation. */
export type Figures = {
  series: Int32Array;
  days: Int32Array;
  /** Milliseconds since 1970; NaN where the file doesn't say. */
  observed: Float64Array;
  amounts: Float64Array;
};

const dayMs = 86_400_000;

/** Reads the four columns of a sorted answer. */
export function toFigures(chunks: readonly DuckDBDataChunk[]): Figures {
  const count = chunks.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const figures = {
    series: new Int32Array(count),
    days: new Int32Array(count),
    observed: new Float64Array(count),
    amounts: new Float64Array(count),
  };
  const columns = [figures.series, figures.days, figures.observed, figures.amounts];
  let offset = 0;
  for (const chunk of chunks) {
    for (const [index, target] of columns.entries()) fill(target, chunk, index, offset);
    offset += chunk.rowCount;
  }
  return figures;
}

function fill(target: Int32Array | Float64Array, chunk: DuckDBDataChunk, column: number, offset: number) {
  const vector = chunk.getColumnVector(column);
  for (let row = 0; row < chunk.rowCount; row += 1) target[offset + row] = Number(vector.getItem(row) ?? NaN);
}

/** Whether each is a number, was read after its day, and is the only one of its series, day and time. */
export function areSound(figures: Figures): boolean {
  const { days, observed, amounts } = figures;
  for (let row = 0; row < days.length; row += 1) {
    if (!Number.isFinite(amounts[row]) || at(observed, row) < (at(days, row) + 1) * dayMs) return false;
    if (isSameDay(figures, row, row - 1) && !(at(observed, row) > at(observed, row - 1))) return false;
  }
  return true;
}

const isSameDay = ({ series, days }: Figures, row: number, other: number): boolean =>
  series[row] === series[other] && days[row] === days[other];

/** The histories of the series, in their order. */
export function toHistories(
  figures: Figures,
  series: readonly { scope: Scope; category: ChargeCategory }[],
): SpendHistory[] {
  const kept = lastOfEachMorning(figures);
  const histories: SpendHistory[] = [];
  let start = 0;
  for (const [id, { scope, category }] of series.entries()) {
    let end = start;
    while (end < kept.length && figures.series[at(kept, end)] === id) end += 1;
    const rows = kept.subarray(start, end);
    histories.push({
      scope,
      category,
      days: Int32Array.from(rows, (row) => at(figures.days, row)),
      observed: Int32Array.from(rows, (row) => morningOf(figures, row)),
      amounts: Float64Array.from(rows, (row) => at(figures.amounts, row)),
    });
    start = end;
  }
  return histories;
}

/** The rows that count: of several readings on one day, the last. */
function lastOfEachMorning(figures: Figures): Int32Array {
  const { length } = figures.series;
  const kept = new Int32Array(length);
  let count = 0;
  for (let row = 0; row < length; row += 1) {
    const isSuperseded =
      isSameDay(figures, row, row + 1) && morningOf(figures, row) === morningOf(figures, row + 1);
    if (!isSuperseded) kept[count++] = row;
  }
  return kept.subarray(0, count);
}

/** What doesn't say when it was read was read when its day was over. */
function morningOf({ days, observed }: Figures, row: number): number {
  const instant = at(observed, row);
  return Number.isNaN(instant) ? at(days, row) + 1 : Math.floor(instant / dayMs);
}

const at = (values: Int32Array | Float64Array, index: number): number => values[index] ?? NaN;
