import { styleText } from 'node:util';
import { fillLines } from '../shared/alert/text.ts';
import { formatMoney } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text for standard output: only on a terminal, and never against NO_COLOR. */
export const paint = (style: Style | readonly Style[], text: string): string =>
  styleText([style].flat(), text, { stream: process.stdout, validateStream: true });

/** A cell: its text, and how it is painted once its width is known. */
export type Cell = string | { text: string; style?: Style };

type Column = { title: string; align: 'left' | 'right' };
type Line = readonly { text: string; style?: Style }[];

/** A last column narrower than this is not wrapped but runs over the edge. */
const leastWrapWidth = 24;

/**
 * Rows under a heading, in columns as wide as their widest cell; the last column wraps at the edge of the screen. A
 * heading with a leading `>` aligns its column to the right. Control characters of foreign text are dropped: a tag
 * must not move the cursor.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  indent = '  ',
): string {
  const columns = headings.map(
    (heading): Column => ({
      title: heading.replace(/^>/, ''),
      align: heading.startsWith('>') ? 'right' : 'left',
    }),
  );
  const cells = rows.map((row) => columns.map((_, index) => toCell(row[index] ?? '')));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.text.length ?? 0)),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, indent.length);
  const room = screenWidth() - before;
  const lines = cells.flatMap((row) => wrapLast(row, room));
  const heading = columns.map(({ title }): Line[number] => ({ text: title, style: 'dim' }));
  return [heading, ...lines].map((line) => `${indent}${toText(line, columns, widths)}`.trimEnd()).join('\n');
}

const toCell = (cell: Cell): Line[number] =>
  typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) };

/** One row as the lines it takes, the last cell's words spread over them. */
function wrapLast(row: Line, room: number): Line[] {
  const last = row.at(-1);
  if (!last || last.text.length <= room || room < leastWrapWidth) return [row];
  const blank = row.slice(0, -1).map(() => ({ text: '' }));
  return wrap(last.text, room)
    .split('\n')
    .map((text, index) => [...(index === 0 ? row.slice(0, -1) : blank), { ...last, text }]);
}

const toText = (line: Line, columns: readonly Column[], widths: readonly number[]): string =>
  line
    .map(({ text, style }, index) => {
      const width = index === line.length - 1 ? 0 : (widths[index] ?? 0);
      const padded = columns[index]?.align === 'right' ? text.padStart(width) : text.padEnd(width);
      return style ? paint(style, padded) : padded;
    })
    .join('  ');

/** Columns of the terminal; where the output goes elsewhere, what reads well in a file. */
export const screenWidth = (): number => Math.max(80, process.stdout.columns ?? 140);

/** Text from outside, safe to print: without control characters, in one line. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');

/** `$32.77/h`, or a dash where the price is unknown: an unknown price is never 0. */
export const perHour = (rate: number | undefined): string =>
  rate === undefined ? '-' : `${formatMoney(rate)}/h`;

/** `in 15 min`, `3 h ago`, `2 days ago`, as seen from `now`. */
export function relativeTime(time: IsoTime, now: IsoTime): string {
  const minutes = Math.round((Date.parse(time) - Date.parse(now)) / 60_000);
  if (minutes === 0) return 'now';
  const size = Math.abs(minutes);
  const [amount, unit] =
    size < 60
      ? [size, 'min']
      : size < 48 * 60
        ? [Math.round(size / 60), 'h']
        : [Math.round(size / 1440), 'days'];
  return minutes > 0 ? `in ${amount} ${unit}` : `${amount} ${unit} ago`;
}

/** Breaks a text into lines of at most `width` characters, at spaces. */
export const wrap = (text: string, width: number, indent = ''): string =>
  fillLines(printable(text).split(' '), width - indent.length)
    .map((line) => indent + line)
    .join('\n');
