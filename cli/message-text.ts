import { z } from 'zod';
import { printable, wrap } from './terminal.ts';

const text = z.object({ text: z.string() });
/** A label that asks for more ends in dots; nothing is cut off. */
const whole = (label: string): string => label.replaceAll(' …', '');

/** Of a context a text; of actions a button's label, or what a menu shows before anything is chosen. */
const element = z
  .union([
    text,
    z.object({ text }).transform(({ text: label }) => ({ text: `[${whole(label.text)}]` })),
    z
      .object({ placeholder: text })
      .transform(({ placeholder }) => ({ text: `[${whole(placeholder.text)} ▾]` })),
  ])
  .catch({ text: '' });
const message = z.object({
  text: z.string(),
  blocks: z.array(
    z.looseObject({
      type: z.string(),
      text: text.optional(),
      fields: z.array(text).default([]),
      elements: z.array(element).default([]),
    }),
  ),
});

/** The one-line summary that Slack shows in a notification. */
export const slackTitle = (payload: unknown): string => plain(message.parse(payload).text);

/** What kind of alert a message is: the first word of its last line. */
export const slackKind = (payload: unknown): string | undefined =>
  message.parse(payload).blocks.at(-1)?.elements[0]?.text?.split(' ')[0];

/** A Slack message as lines of plain text, about as Slack would lay it out. */
export function slackText(payload: unknown, width: number): string {
  const lines = message.parse(payload).blocks.flatMap(({ type, text: body, fields, elements }) => {
    const shown = elements.map((one) => one.text).filter((one) => one !== '');
    const pressed = type === 'actions' ? [shown.join('  ')] : shown;
    const parts = [...[body, ...fields].flatMap((part) => part?.text ?? []), ...pressed];
    const separator = type === 'context' ? '' : '\n';
    return [...parts.flatMap((part) => toLines(part, width, fields.length > 0)), separator.trim()];
  });
  return lines.join('\n').trimEnd();
}

/** A field is its label and its value: they fit on a line. */
const toLines = (part: string, width: number, isField: boolean): string[] =>
  (isField ? [part.replace('\n', ': ')] : part.split('\n')).map((line) => wrap(plain(line), width));

/** Slack's mark-up and entities as the reader sees them. */
const plain = (markup: string): string =>
  printable(
    markup
      .replace(/<([^|>]+)\|([^>]*)>/g, '$2')
      .replace(/\*([^*]+)\*/g, '$1')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
  ).trim();

/** Text in a frame, each line with a bar before it. */
export const framed = (body: string, indent = '  '): string =>
  body
    .split('\n')
    .map((line) => `${indent}│ ${line}`.trimEnd())
    .join('\n');
