import type { PlainTextElement } from '@slack/types';
import { cut, oneLine } from './text.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** What came from outside, as Slack shows it where it would else mention or link. */
export const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (character) => entities[character] ?? '');

/** A label on one line of at most `limit` UTF-16 units, counted as Slack does: with its entities. */
export function plainText(text: string, limit: number): PlainTextElement {
  const line = oneLine(text);
  let length = limit;
  let shown = escaped(cut(line, length));
  while (shown.length > limit) {
    length -= 1;
    shown = escaped(cut(line, length));
  }
  return { type: 'plain_text', text: shown, emoji: false }; // `:name:` in an ARN is no picture
}
