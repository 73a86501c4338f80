/** At most `length` code points, the last of them an ellipsis where something was cut off. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const points = Array.from(text);
  return points.length <= length ? text : `${points.slice(0, length - 1).join('')}…`;
}

/** Without what no reader sees or is meant to see: control characters, bidirectional overrides, half characters. */
export const visible = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/(?!\n)\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '');

/** On one line; what is empty shows as a dash. */
export const oneLine = (text: string): string => visible(text).replace(/\s+/g, ' ').trim() || '–';

/** Words on lines of at most `width` characters, as many on each as fit; a longer word stands on a line of its own. */
export function fillLines(
  words: readonly string[],
  width: number,
  widthOf: (text: string) => number = (text) => text.length,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
