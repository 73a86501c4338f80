import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { ChargeCategory } from '../../shared/spend/charge.ts';
import type { SpendHistory } from '../../shared/spend/history.ts';
import type { Scope } from '../../shared/spend/scope.ts';

/** Figures as parallel arrays, by series, day and time of observation. */
export type Figures = {
  series: Float64Array;
  days: Float64Array;
  /** Milliseconds since 1970; NaN where the file doesn't say. */
  observed: Float64Array;
  amounts: Float64Array;
};

const dayMs = 86_400_000;

/** Reads a sorted answer: the four columns of figures, all of them doubles. */
export function toFigures(chunks: readonly DuckDBDataChunk[]): Figures {
  const count = chunks.reduce((sum, { rowCount }) => sum + rowCount, 0);
  const columns = Array.from({ length: 4 }, () => new Float64Array(count));
  let offset = 0;
  for (const chunk of chunks) {
    for (const [index, column] of columns.entries()) fill(column, chunk, index, offset);
    offset += chunk.rowCount;
  }
  const [series, days, observed, amounts] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return { series, days, observed, amounts };
}

function fill(target: Float64Array, chunk: DuckDBDataChunk, index: number, offset: number) {
  const vector = chunk.getColumnVector(index);
  for (let row = 0; row < chunk.rowCount; row += 1) {
    const value = vector.getItem(row);
    target[offset + row] = typeof value === 'number' ? value : Number.NaN;
  }
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
  days[row] === days[other] && series[row] === series[other];

const at = (values: Float64Array, index: number): number => values[index] ?? Number.NaN;

/** What doesn't say when it was read was read when its day was over. */
function morningOf({ days, observed }: Figures, row: number): number {
  const instant = at(observed, row);
  return Number.isNaN(instant) ? at(days, row) + 1 : Math.floor(instant / dayMs);
}

/** The histories of the series, in their order. Of several readings of a day on one morning the last counts. */
export function toHistories(
  figures: Figures,
  series: readonly { scope: Scope; category: ChargeCategory }[],
): SpendHistory[] {
  const { length } = figures.series;
  const days = new Int32Array(length);
  const observed = new Int32Array(length);
  const amounts = new Float64Array(length);
  let count = 0;
  let row = 0;
  return series.map(({ scope, category }, id) => {
    const start = count;
    for (; figures.series[row] === id; row += 1) {
      days[count] = at(figures.days, row);
      observed[count] = morningOf(figures, row);
      amounts[count] = at(figures.amounts, row);
      const isSuperseded =
        isSameDay(figures, row, row + 1) && observed[count] === morningOf(figures, row + 1);
      if (!isSuperseded) count += 1;
    }
    return {
      scope,
      category,
      days: days.slice(start, count),
      observed: observed.slice(start, count),
      amounts: amounts.slice(start, count),
    };
  });
}
