import { styleText } from 'node:util';
import { fillLines } from '../shared/alert/text.ts';
import { formatMoney } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';
import { cellsOf, cutCells, inPieces, padCells } from './cells.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text for standard output: only on a terminal, and never against NO_COLOR. */
export const paint = (style: Style | readonly Style[], text: string): string =>
  styleText([style].flat(), text, { stream: process.stdout, validateStream: true });

/** A cell: its text, and how it is painted once its width is known. */
export type Cell = string | { text: string; style?: Style };

type Column = { title: string; align: 'left' | 'right' };
type Line = readonly { text: string; style?: Style }[];

/** A last column narrower than this is not wrapped, and no other is cut to less than the second. */
const leastWrapWidth = 24;
const leastCutWidth = 8;

const indent = '  ';

/**
 * Rows under a heading, in columns as wide as their widest cell. Where the screen is too narrow for that, the last
 * column wraps, and the widest of the others are cut; what is aligned to the right, by a leading `>` of its heading, is
 * a number and stays whole. A text from outside is made printable. What is noted of a row stands below it, as it is, and
 * what heads a group of rows above its first one.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  notes: readonly (readonly string[])[] = [],
  heads: ReadonlyMap<number, readonly string[]> = new Map(),
): string {
  const columns = headings.map(
    (heading): Column => ({
      title: heading.replace(/^>/, ''),
      align: heading.startsWith('>') ? 'right' : 'left',
    }),
  );
  const cells = rows.map((row) => columns.map((_, index) => toCell(row[index] ?? '')));
  const wanted = columns.map(({ title }, index) =>
    cells.reduce((width, row) => Math.max(width, cellsOf(row[index]?.text ?? '')), title.length),
  );
  const gaps = 2 * Math.max(0, columns.length - 1);
  const widths = fitted(wanted, columns, screenWidth() - indent.length - gaps);
  const toLines = (row: Line): string[] =>
    wrapLast(row, widths.at(-1) ?? 0).map((line) => `${indent}${toText(line, columns, widths)}`.trimEnd());
  const heading = columns.map(({ title }): Line[number] => ({ text: title, style: 'dim' }));
  const noted = cells.flatMap((row, index) => [
    ...(heads.get(index) ?? []),
    ...toLines(row),
    ...(notes[index] ?? []),
  ]);
  return [...toLines(heading), ...noted].join('\n');
}

const toCell = (cell: Cell): Line[number] =>
  typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) };

/** The columns' widths, so that their sum is `room`, where that is possible. */
function fitted(wanted: readonly number[], columns: readonly Column[], room: number): number[] {
  const widths = [...wanted];
  const last = widths.length - 1;
  const leastLast = columns[last]?.align === 'left' ? leastWrapWidth : Number.POSITIVE_INFINITY;
  widths[last] = Math.min(wanted[last] ?? 0, leastLast);
  const isCuttable = (index: number) =>
    index !== last &&
    columns[index]?.align === 'left' &&
    (widths[index] ?? 0) > Math.max(leastCutWidth, columns[index]?.title.length ?? 0);
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  for (; excess > 0; excess--) {
    const cuttable = [...widths.keys()].filter(isCuttable);
    const widest = cuttable.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  widths[last] = Math.min(wanted[last] ?? 0, (widths[last] ?? 0) + Math.max(0, -excess));
  return widths;
}

/** One row as the lines it takes, the last cell's words spread over them. */
function wrapLast(row: Line, room: number): Line[] {
  const last = row.at(-1);
  if (!last || cellsOf(last.text) <= room) return [row];
  const blank = row.slice(0, -1).map(() => ({ text: '' }));
  return wrap(last.text, room)
    .split('\n')
    .map((text, index) => [...(index === 0 ? row.slice(0, -1) : blank), { ...last, text }]);
}

const toText = (line: Line, columns: readonly Column[], widths: readonly number[]): string =>
  line
    .map(({ text, style }, index) => {
      const width = widths[index] ?? 0;
      const isLast = index === line.length - 1;
      const shown = isLast ? text : cutCells(text, width);
      const padded =
        isLast && columns[index]?.align === 'left' ? shown : padCells(shown, width, columns[index]?.align);
      return style ? paint(style, padded) : padded;
    })
    .join('  ');

/** Columns of the terminal, or as COLUMNS says; where the output goes elsewhere, what reads well in a file. */
export const screenWidth = (): number =>
  Math.max(80, process.stdout.columns ?? (Number(process.env['COLUMNS']) || 140));

/**
 * A text from outside, in one line and safe to print: without control characters, escapes and what turns the direction
 * of reading. `table` and `wrap` do that by themselves; whatever else prints a foreign text asks for it.
 */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');

/** The way of every text to standard output: whoever forgot `printable` moves no cursor and sets no title. */
export const print = (text: string): void => console.log(harmless(text));

/** The same to standard error. */
export const printError = (text: string): void => console.error(harmless(text));

/** The colours of `paint`, by the codes of ECMA-48. */
const introducer = '\u001B';
const colours = new RegExp(`(${introducer}\\[(?:1|2|22|31|32|33|36|39)m)`);

/** Without whatever a terminal would obey, save line ends and our own colours. */
export const harmless = (text: string): string =>
  text
    .split(colours)
    .map((part, index) => (index % 2 === 1 ? part : part.split('\n').map(printable).join('\n')))
    .join('');

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

/** Breaks a text into lines of at most `width` columns, at spaces; a word that is wider where it has to. */
export function wrap(text: string, width: number, indent = ''): string {
  const room = Math.max(1, width - indent.length);
  const words = printable(text)
    .split(' ')
    .flatMap((word) => inPieces(word, room));
  return fillLines(words, room, cellsOf)
    .map((line) => indent + line)
    .join('\n');
}
