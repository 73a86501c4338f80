import { didYouMean, faultAt, type Word } from './fault.ts';
import { isOptionName } from './options.ts';
import type { Window } from './schedule.ts';
import { toTimeZone } from './zone.ts';

/** Windows as a tag holds them, and the one zone that holds for all of them, where it names one. */
export type Hours = { windows: Window[]; text: string; timeZone?: string };

/**
 * Reads `Mon,Wed 08:00-12:00, Sat 10:00-14:00 Europe/Berlin`. A comma joins days where a day precedes hours, and
 * windows where hours precede a day: after the hours of a window its days can't go on.
 */
export function parseHours(text: string): Hours {
  const cursor = openCursor(text);
  const windows = [readWindow(cursor)];
  while (takeComma(cursor)) windows.push(readWindow(cursor));
  const surplus = peek(cursor);
  if (surplus)
    faultAt(
      surplus,
      `"${surplus.text}" is one word too many: windows are joined by ",", options follow after ";"`,
    );

  const timeZone = commonZone(windows);
  return {
    windows: windows.map(({ days, start, end }) => ({ days, start, end })),
    text: windows.map((window) => window.text).join(', '),
    ...(timeZone !== undefined && { timeZone }),
  };
}

type ReadWindow = Window & { text: string; zone?: Word & { timeZone: string } };

/** Words with their columns. Spaces around the hyphen of a range are none of its meaning. */
const lexeme = /,|[a-z]+ *- *[a-z]+(?=[ ,]|$)|\d[\d:]* *- *\d[\d:]*(?=[ ,]|$)|[^ ,]+/gi;

/** Where the reading stands. */
type Cursor = { words: readonly Word[]; next: number; end: Pick<Word, 'column'> };

const openCursor = (text: string): Cursor => ({
  words: [...text.matchAll(lexeme)].map((match) => ({ text: match[0], column: match.index + 1 })),
  next: 0,
  end: { column: text.trimEnd().length + 1 },
});

const peek = ({ words, next }: Cursor): Word | undefined => words[next];

/** The next word; faults where there is none. */
function take(cursor: Cursor, expected: string): Word {
  const word = peek(cursor) ?? faultAt(cursor.end, `${expected} expected here`);
  cursor.next += 1;
  return word;
}

/** Steps over a comma, where one comes next. */
function takeComma(cursor: Cursor): boolean {
  const isComma = peek(cursor)?.text === ',';
  if (isComma) cursor.next += 1;
  return isComma;
}

function readWindow(cursor: Cursor): ReadWindow {
  const days = readDays(cursor);
  const hours = readSpan(take(cursor, 'hours such as 08:00-19:00'));
  const next = peek(cursor);
  const text = `${days.text} ${hours.text}`;
  const window = { days: days.numbers, start: hours.start, end: hours.end, text };
  if (next === undefined || next.text === ',') return window;
  cursor.next += 1;
  return { ...window, zone: { ...next, timeZone: readZone(next) } };
}

function readZone(word: Word): string {
  if (isOptionName(word.text)) faultAt(word, `the option "${word.text}" stands after a ";"`);
  if (/^\d+:/.test(word.text)) faultAt(word, 'a window is joined by "," and begins with its days');
  return toTimeZone(word);
}

/** One zone holds for the whole value: named at the end, or with each window the same. */
function commonZone(windows: readonly ReadWindow[]): string | undefined {
  const last = windows.at(-1)?.zone;
  for (const { zone } of windows) {
    if (zone === undefined) continue;
    if (last === undefined) faultAt(zone, `the zone holds for all windows: write "${zone.text}" at the end`);
    if (zone.timeZone !== last.timeZone) {
      faultAt(last, `"${last.text}" differs from "${zone.text}": one zone holds for all windows`);
    }
  }
  return last?.timeZone;
}

function readDays(cursor: Cursor): { numbers: number[]; text: string } {
  const parts = [readDayRange(take(cursor, 'a day such as Mon'))];
  while (takeComma(cursor)) parts.push(readDayRange(take(cursor, 'a day such as Mon')));
  return {
    numbers: [...new Set(parts.flatMap(({ numbers }) => numbers))].toSorted(),
    text: parts.map(({ text }) => text).join(','),
  };
}

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const longNames = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

function readDayRange(word: Word): { numbers: number[]; text: string } {
  const [from, to] = splitRange(word);
  const first = readDay(from);
  if (to === undefined) return { numbers: [first], text: dayName(first) };
  const last = readDay(to);
  if (first === last) {
    faultAt(word, `"${word.text}" is one day or a whole week: write ${dayName(first)} or Mon-Sun`);
  }
  const length = ((last - first + 7) % 7) + 1;
  return {
    numbers: Array.from({ length }, (_, index) => ((first - 1 + index) % 7) + 1),
    text: `${dayName(first)}-${dayName(last)}`,
  };
}

/** `Mon` for 1, up to `Sun` for 7. */
export const dayName = (day: number): string => dayNames[day - 1] ?? '';

/** Whether every part of `Mon-Fri` names a day: so that days without hours are told from an unknown name. */
export const isDays = (text: string): boolean => text.split('-').every((part) => dayNumber(part.trim()) > 0);

/** Monday 1 to Sunday 7; 0 where it is no day. */
function dayNumber(text: string): number {
  const lower = text.toLowerCase();
  return longNames.findIndex((name) => name === lower || name.slice(0, 3) === lower) + 1;
}

/** What people write for several days at once, and what it is called here. */
const days: Readonly<Record<string, string>> = {
  '*': 'Mon-Sun',
  daily: 'Mon-Sun',
  everyday: 'Mon-Sun',
  weekday: 'Mon-Fri',
  weekdays: 'Mon-Fri',
  weekend: 'Sat,Sun',
  weekends: 'Sat,Sun',
};

/** Whether a word stands for days, written as here or otherwise. */
export const areDays = (text: string): boolean =>
  isDays(text) || Object.hasOwn(days, text.trim().toLowerCase());

function readDay(word: Word): number {
  const day = dayNumber(word.text);
  if (day > 0) return day;
  const meant = Object.hasOwn(days, word.text.toLowerCase()) ? days[word.text.toLowerCase()] : undefined;
  if (meant) faultAt(word, `"${word.text}" is written ${meant}`);
  if (/^\d/.test(word.text)) faultAt(word, 'a window begins with its days, e.g. Mon-Fri 08:00-19:00');
  return faultAt(word, `"${word.text}" is not a day (Mon, Tue, ... Sun)${didYouMean(word.text, dayNames)}`);
}

const wholeDay = 1440;

function readSpan(word: Word): { start: number; end: number; text: string } {
  const [from, to] = splitRange(word);
  if (to === undefined) faultAt(word, `"${word.text}" is not a span of time such as 08:00-19:00`);
  const start = readTime(from);
  const end = readTime(to);
  if (start === wholeDay) faultAt(from, '24:00 can only end a window: write 00:00');
  if (start === end) {
    faultAt(word, `the window starts and ends at ${timeText(start)}: for a whole day write 00:00-24:00`);
  }
  return {
    start,
    end: end < start ? end + wholeDay : end,
    text: `${timeText(start)}-${timeText(end)}`,
  };
}

/** Minutes after midnight, 0 to 1440. */
function readTime(word: Word): number {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(word.text) ?? [];
  const minutes = Number(hour) * 60 + Number(minute);
  return minutes <= wholeDay && Number(minute) < 60
    ? minutes
    : faultAt(word, `"${word.text}" is not a time of day (00:00 to 24:00)`);
}

/** `08:00` for 480 minutes after midnight. */
export const timeText = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');

/** The words at both ends of a hyphen, each with its own column. */
function splitRange({ text, column }: Word): [Word, Word?] {
  const hyphen = text.indexOf('-');
  if (hyphen < 0) return [{ text, column }];
  const after = text.slice(hyphen + 1);
  return [
    { text: text.slice(0, hyphen).trimEnd(), column },
    { text: after.trimStart(), column: column + text.length - after.trimStart().length },
  ];
}
