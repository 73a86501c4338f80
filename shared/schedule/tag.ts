import { didYouMean, faultAt, ScheduleFault, type Word } from './fault.ts';
import { isDays, parseHours } from './hours.ts';
import { parseOptions } from './options.ts';
import { readOnce, unlessFault } from './read-once.ts';
import type { ParsedSchedule, Schedule, ScheduleContext, ScheduleOptions } from './schedule.ts';
import { resolveTimeZone } from './zone.ts';

/**
 * Reads the value of a schedule tag: a name from the configuration or hours, options after `;`, or `off`. Whatever
 * the string, there is an answer; what can't be read is `invalid`, with the column of the first fault.
 */
export function parseScheduleTag(value: string, context: ScheduleContext): ParsedSchedule {
  return readOnce(context, value, () => parse(value, context));
}

function parse(value: string, context: ScheduleContext): ParsedSchedule {
  const { body, options } = split(value);
  if (isOff(body.text)) return readOff(options);
  const name = findName(body.text, context.schedules);
  return name === undefined
    ? readInline(body, options, context)
    : readNamed(name, parseOptions(options, context.holidays), context);
}

/** Whether it says never to touch what carries it. */
export const isOff = (text: string): boolean => /^(off|ignore|never)$/i.test(text.trim());

function readOff([option]: readonly Word[]): ParsedSchedule {
  if (option) faultAt(option, 'an instance that is never touched has no options');
  return { kind: 'off' };
}

function readInline(body: Word, options: readonly Word[], context: ScheduleContext): ParsedSchedule {
  const word = body.text.trim();
  if (word === '')
    throw new ScheduleFault('it is empty: expected hours such as Mon-Fri 08:00-19:00, a name, or off');
  if (/^[a-z][\w-]*$/i.test(word) && !isDays(word)) unknownName(body, context.schedules);
  const [first = ''] = word.split(/[ ,]/);
  if (findName(first, context.schedules)) {
    throw new ScheduleFault(`the name "${first}" stands alone: options follow after ";"`);
  }
  const { windows, text, timeZone = defaultZone(context) } = parseHours(body.text);
  const hours = `${text} ${timeZone}`;
  return {
    kind: 'schedule',
    schedule: { hours, windows, timeZone, ...noOptions, ...parseOptions(options, context.holidays) },
  };
}

const noOptions: ScheduleOptions = { always: false, start: false, hibernate: false };

function unknownName(body: Word, schedules: ScheduleContext['schedules']): never {
  const names = Object.keys(schedules);
  const word = body.text.trim();
  const column = body.text.indexOf(word) + 1;
  const hint =
    didYouMean(word, [...names, 'off', 'ignore', 'never']) ||
    (names.length === 0 ? ': the configuration names none' : `, expected one of ${names.join(', ')}`);
  return faultAt({ column }, `unknown schedule "${word}"${hint}`);
}

function defaultZone({ timeZone }: ScheduleContext): string {
  const zone = resolveTimeZone(timeZone);
  if (zone === undefined) throw new ScheduleFault(`the configured time zone "${timeZone}" is unknown`);
  return zone;
}

/** The schedule of that name, with the tag's own options on top. */
function readNamed(
  name: string,
  options: Partial<ScheduleOptions>,
  context: ScheduleContext,
): ParsedSchedule {
  const text = context.schedules[name] ?? '';
  if (findName(text, context.schedules) !== undefined) {
    throw new ScheduleFault(`schedule "${name}" of the configuration: a name can't stand for a name`);
  }
  // Without names, so that this can't go round in circles either.
  const named = unlessFault(() => parse(text, { ...context, schedules: {} }));
  if (named.kind === 'invalid')
    throw new ScheduleFault(`schedule "${name}" of the configuration: ${named.error}`);
  if (named.kind === 'off') return named;
  const schedule: Schedule = { ...named.schedule, name, ...options };
  return { kind: 'schedule', schedule };
}

/** The name as the configuration writes it; its exact case wins over another one. */
function findName(text: string, schedules: ScheduleContext['schedules']): string | undefined {
  const word = text.trim();
  if (Object.hasOwn(schedules, word)) return word;
  const lower = word.toLowerCase();
  return Object.keys(schedules).find((name) => name.toLowerCase() === lower);
}

const longest = 256;

/** The part before the first `;` and the options after it, all in the columns of the original value. */
function split(value: string): { body: Word; options: Word[] } {
  if ([...value].length > longest) {
    throw new ScheduleFault(`it is longer than ${longest} characters, more than a tag can hold`);
  }
  const [body = '', ...rest] = normalise(value).split(';');
  let column = body.length + 2;
  const options = rest.map((text) => {
    const word = { text: text.trim(), column: column + text.length - text.trimStart().length };
    column += text.length + 1;
    return word;
  });
  return { body: { text: body, column: 1 }, options: options.filter(({ text }) => text !== '') };
}

/** What doesn't count becomes a space, one for one, so that columns stay those of the value. */
const normalise = (value: string): string =>
  value
    .replace(/[\s\u200B-\u200D\u2060]/g, ' ')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u201C-\u201F]/g, '"')
    .replace(/[\u2018-\u201B]/g, "'")
    .replace(/^( *)(["'`])(.*)\2([ ;]*)$/, (_, before, _quote, inner, after) => `${before} ${inner} ${after}`)
    .replace(/[ ;]+$/, (end) => ' '.repeat(end.length));
