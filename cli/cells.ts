/**
 * What takes two columns of a terminal: the wide and full-width forms of Unicode's East Asian Width (UAX 11), and what
 * is shown as a picture.
 */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1AFF0}-\u{1B2FF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}|\uFE0F/u;

/** What stands above or below another sign, and takes no column by itself. */
const unseen = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]*$/u;

/** Latin, dashes, boxes and bars: a column each. */
const narrow = /^[\u0020-\u007E\u00A0-\u00AC\u00AE-\u02FF\u2010-\u2027\u2500-\u259F]*$/;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What a reader takes for one sign each. */
const signsOf = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

const cellsOfSign = (sign: string): number => (unseen.test(sign) ? 0 : wide.test(sign) ? 2 : 1);

/** The columns of a terminal that a text takes. */
export const cellsOf = (text: string): number =>
  narrow.test(text) ? text.length : signsOf(text).reduce((sum, sign) => sum + cellsOfSign(sign), 0);

/** The text in pieces of at most `width` columns, no sign broken; one that is wider stands by itself. */
export function inPieces(text: string, width: number): string[] {
  if (cellsOf(text) <= width) return [text];
  const pieces: string[] = [];
  let piece = '';
  let cells = 0;
  for (const sign of signsOf(text)) {
    const own = cellsOfSign(sign);
    if (piece !== '' && cells + own > width) {
      pieces.push(piece);
      piece = '';
      cells = 0;
    }
    piece += sign;
    cells += own;
  }
  return [...pieces, piece];
}

/** At most `width` columns, the last an ellipsis where something was cut off. */
export const cutCells = (text: string, width: number): string =>
  cellsOf(text) <= width ? text : `${inPieces(text, Math.max(1, width - 1))[0]}…`;

/** Filled up with spaces to `width` columns. */
export function padCells(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const room = ' '.repeat(Math.max(0, width - cellsOf(text)));
  return align === 'left' ? text + room : room + text;
}
