import { visible } from './text.ts';

/** Markup that is safe to show as it stands: all text in it is escaped. */
export type Html = { readonly markup: string };

type Part = Html | string | number | false | undefined | readonly Part[];

/** Fills values into a template: texts are escaped, markup stays, lists are joined, `false` and `undefined` vanish. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  markup: strings.map((text, index) => text + render(parts[index])).join(''),
});

/** Markup that somebody has written: never with a text from outside in it. */
export const raw = (markup: string): Html => ({ markup });

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(render).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text from outside, between tags or in a quoted attribute. What no reader is meant to see is dropped. */
const escapeHtml = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
