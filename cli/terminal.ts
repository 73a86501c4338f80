import { styleText } from 'node:util';
import { formatMoney } from '../shared/money.ts';
import type { IsoTime } from '../shared/period.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text for standard output: only on a terminal, and never against NO_COLOR. */
export const paint = (style: Style | readonly Style[], text: string): string =>
  styleText([style].flat(), text, { stream: process.stdout, validateStream: true });

/** A cell: its text, how it stands in its column, and how it is painted once its width is known. */
export type Cell = string | { text: string; style?: Style; align?: 'left' | 'right' };

/**
 * Rows under a heading, in columns as wide as their widest cell. A column that a heading marks with a leading `>` is
 * aligned to the right. Control characters of foreign text are dropped: a tag must not move the cursor.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  indent = '  ',
): string {
  const columns = headings.map((heading) => ({
    title: heading.replace(/^>/, ''),
    align: heading.startsWith('>') ? ('right' as const) : ('left' as const),
  }));
  const cells = rows.map((row) =>
    columns.map(({ align }, index) => {
      const cell = row[index] ?? '';
      return typeof cell === 'string'
        ? { text: printable(cell), align }
        : { align, ...cell, text: printable(cell.text) };
    }),
  );
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.text.length ?? 0)),
  );
  const line = (row: readonly { text: string; style?: Style; align: 'left' | 'right' }[]) =>
    row
      .map(({ text, style, align }, index) => {
        const width = widths[index] ?? 0;
        const padded = align === 'right' ? text.padStart(width) : text.padEnd(width);
        return style ? paint(style, padded) : padded;
      })
      .join('  ')
      .trimEnd();
  const heading = line(columns.map(({ title, align }) => ({ text: title, style: 'dim', align })));
  return [heading, ...cells.map(line)].map((text) => `${indent}${text}`.trimEnd()).join('\n');
}

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
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line && `${line} ${word}`.length > width - indent.length) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  return [...lines, line].map((text_) => `${indent}${text_}`).join('\n');
}
