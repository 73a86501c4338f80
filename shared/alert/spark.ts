import { type Point, periodSeconds } from '../compute/metric.ts';

/** What a drawing shows: `start` inclusive, `end` exclusive, in milliseconds since the epoch. */
export type Canvas = {
  start: number;
  end: number;
  /** Columns. */
  width: number;
  /** What reaches the top; larger values are drawn no higher. */
  max: number;
  /** Lines one above the other; default 1. */
  height?: number;
  /** Milliseconds that a point stands for; default: a period of CloudWatch. */
  period?: number;
};

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** Nothing was reported: that is not nothing done. */
export const gap = '·';

/** A series in one line: the largest value under each column, and a dot where nothing was reported. */
export const sparkLine = (points: readonly Point[], canvas: Omit<Canvas, 'height'>): string =>
  drawSeries(points, canvas)[0] ?? '';

/** The same over several lines, the top one first. What is no number is a gap, what is negative nothing. */
export function drawSeries(points: readonly Point[], canvas: Canvas): string[] {
  const { max, height = 1 } = canvas;
  const columns = largestByColumn(points, canvas);
  const steps = bars.length * height;
  const levels = columns.map((value) =>
    value === undefined ? undefined : 1 + Math.round(shareOf(value, max) * (steps - 1)),
  );
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * bars.length;
    return levels.map((level) => barAt(level, below)).join('');
  });
}

/** What of a bar stands in the line that begins at `below`. */
function barAt(level: number | undefined, below: number): string {
  if (level === undefined) return below === 0 ? gap : ' ';
  const rest = level - below;
  return rest <= 0 ? ' ' : (bars[Math.min(rest, bars.length) - 1] ?? ' ');
}

const shareOf = (value: number, max: number): number =>
  max > 0 ? Math.min(1, Math.max(0, value / max)) : value > 0 ? 1 : 0;

/** A point covers the columns of the period that it stands for. */
function largestByColumn(
  points: readonly Point[],
  { start, end, width, period = periodSeconds * 1000 }: Canvas,
): (number | undefined)[] {
  const columns: (number | undefined)[] = Array.from({ length: Math.max(0, Math.floor(width)) });
  const size = (end - start) / columns.length;
  if (!(size > 0)) return columns;
  for (const { at, value } of points) {
    if (!Number.isFinite(value) || !Number.isFinite(at)) continue;
    const last = Math.min(columns.length - 1, Math.ceil((at + period - start) / size) - 1);
    for (let column = Math.max(0, Math.floor((at - start) / size)); column <= last; column++) {
      columns[column] = Math.max(columns[column] ?? 0, value);
    }
  }
  return columns;
}
