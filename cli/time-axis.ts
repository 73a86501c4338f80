import type { Canvas } from '../shared/alert/spark.ts';

/** Columns that a label takes at least, with the room after it. */
const labelRoom = 9;

const hour = 3_600_000;
const day = 24 * hour;
const stepsOfTime = [
  hour / 4,
  hour / 2,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
];

/** The hours below a drawing, in UTC, each at its column; midnight shows its date. The last may stand out by its word. */
export function timeAxis({ start, end, width }: Pick<Canvas, 'start' | 'end' | 'width'>): string {
  const size = (end - start) / width;
  if (!(size > 0)) return '';
  const step = stepsOfTime.find((length) => length / size >= labelRoom) ?? Math.ceil(labelRoom * size);
  let axis = '';
  for (let time = Math.ceil(start / step) * step; time < end; time += step) {
    const label = `╵${labelOf(time)}`;
    const column = Math.floor((time - start) / size);
    if (column >= axis.length) axis = axis.padEnd(column) + label;
  }
  return axis;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function labelOf(time: number): string {
  const date = new Date(time);
  if (time % day === 0) return `${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
  return date.toISOString().slice(11, 16);
}
