import { didYouMean, faultAt, type Word } from './fault.ts';
import { type HolidayCalendar, type Holidays, toHolidays } from './holidays.ts';
import type { ScheduleOptions } from './schedule.ts';

const flags = { always: 'always', start: 'start', hibernate: 'hibernate', delete: 'allowsDelete' } as const;
const durations = { grace: 'graceMinutes', idle: 'idleMinutes' } as const;
const names = [...Object.keys(flags), ...Object.keys(durations), 'holidays'];

type Flag = keyof typeof flags;
type Duration = keyof typeof durations;

export const isOptionName = (text: string): boolean => names.includes(nameOf(text));

type Calendars = Readonly<Record<string, HolidayCalendar>> | undefined;

/** Reads `always`, `start`, `hibernate`, `delete`, `grace=30m`, `idle=45m`, `holidays=germany`, each at most once. */
export function parseOptions(words: readonly Word[], calendars: Calendars): Partial<ScheduleOptions> {
  const seen = new Set<string>();
  const options: Partial<ScheduleOptions> = {};
  for (const word of words) {
    const name = nameOf(word.text);
    if (seen.has(name)) faultAt(word, `the option "${name}" stands there twice`);
    seen.add(name);
    Object.assign(options, readOption(word, name, calendars));
  }
  return options;
}

const nameOf = (text: string): string => (text.split('=')[0] ?? '').trim().toLowerCase();

function readOption(word: Word, name: string, calendars: Calendars): Partial<ScheduleOptions> {
  const [, value] = word.text.split(/=(.*)/s);
  if (isFlag(name)) {
    if (value !== undefined) faultAt(word, `the option "${name}" takes no value`);
    return { [flags[name]]: true };
  }
  if (name === 'holidays') return { holidays: readHolidays(word, value?.trim() ?? '', calendars ?? {}) };
  if (!isDuration(name)) {
    faultAt(
      word,
      `unknown option "${name}"${didYouMean(name, names) || `, expected one of ${names.join(', ')}`}`,
    );
  }
  return { [durations[name]]: readDuration(word, name, value?.trim() ?? '') };
}

const isFlag = (name: string): name is Flag => Object.hasOwn(flags, name);
const isDuration = (name: string): name is Duration => Object.hasOwn(durations, name);

/** Below a quarter of an hour CloudWatch's five-minute periods say too little. */
const leastMinutes: Readonly<Record<Duration, number>> = { grace: 0, idle: 15 };
const mostMinutes = 7 * 24 * 60;

/** `30m` and `2h` in minutes. */
function readDuration(word: Word, name: Duration, value: string): number {
  const [, count, unit] = /^(\d{1,5})\s*([mh])$/i.exec(value) ?? [];
  if (count === undefined) faultAt(word, `"${name}" needs minutes or hours, e.g. ${name}=30m or ${name}=2h`);
  const minutes = Number(count) * (unit?.toLowerCase() === 'h' ? 60 : 1);
  if (minutes < leastMinutes[name] || minutes > mostMinutes) {
    faultAt(word, `"${name}" is at least ${leastMinutes[name]}m and at most ${mostMinutes / 60}h`);
  }
  return minutes;
}

/** The holidays of that name, which may be written in another case; faults where they aren't known. */
function readHolidays(word: Word, name: string, calendars: NonNullable<Calendars>): Holidays {
  const known = Object.keys(calendars);
  if (name === '') faultAt(word, '"holidays" needs a name of the configuration, e.g. holidays=germany');
  const found = known.find((each) => each.toLowerCase() === name.toLowerCase());
  const calendar = found === undefined ? undefined : calendars[found];
  if (found === undefined || calendar === undefined) {
    const none =
      known.length === 0 ? ': the configuration names none' : `, expected one of ${known.join(', ')}`;
    return faultAt(word, `unknown holidays "${name}"${didYouMean(name, known) || none}`);
  }
  return toHolidays(found, calendar);
}
