import { type IsoDate, type IsoTime, toDate, toDay } from '../period.ts';
import { ScheduleFault } from './fault.ts';

/** Holidays as the configuration has them. */
export type HolidayCalendar = {
  /** `2026-12-24`, `12-25` in each year, or two of either with `..` between, both inclusive. */
  dates: readonly string[];
  /** An iCalendar file; read when the configuration is. */
  file?: string | undefined;
  /** What the file says, as read. */
  calendar?: FileCalendar | undefined;
};

/** The dates of an iCalendar file. */
export type FileCalendar = {
  /** The last date of which the file says whether it is a holiday. */
  through: IsoDate;
  /** What each holiday is called. */
  days: Readonly<Record<IsoDate, string>>;
};

/** Dates on which no window starts. */
export type Holidays = {
  /** Their name in the configuration. */
  name: string;
  /** In days since 1970-01-01, both inclusive. */
  spans: readonly Span[];
  /** In each year, as `MMDD` in a number, both inclusive; where `to` is earlier the span crosses new year. */
  yearly: readonly Span[];
  /** By days since 1970-01-01, what each holiday of a file is called. */
  named: ReadonlyMap<number, string>;
  /** After that date they are not known any more. Absent where they are for ever. */
  through?: IsoDate;
};

type Span = { from: number; to: number };

/** Throws a ScheduleFault for a date that can't be read, and for a file that has not been read. */
export function toHolidays(name: string, { dates, file, calendar }: HolidayCalendar): Holidays {
  if (file !== undefined && calendar === undefined) {
    throw new ScheduleFault(`the holidays "${name}" are not known: ${file} has not been read`);
  }
  const parsed = dates.map(parseHolidayDate);
  return {
    name,
    spans: parsed.filter(({ yearly }) => !yearly),
    yearly: parsed.filter(({ yearly }) => yearly),
    named: new Map(Object.entries(calendar?.days ?? {}).map(([date, title]) => [toDay(date), title])),
    ...(calendar && { through: calendar.through }),
  };
}

/**
 * Reads `2026-12-24`, `12-25`, `2026-12-28..2027-01-02` or `12-24..01-01`. Throws a ScheduleFault that says what is
 * wrong with it.
 */
export function parseHolidayDate(text: string): Span & { yearly: boolean } {
  const [first = '', last = first, ...more] = text.split('..').map((part) => part.trim());
  const [from, to] = [readDate(first, text), readDate(last, text)];
  if (more.length > 0 || from.yearly !== to.yearly) {
    throw new ScheduleFault(`"${text}" is not a span: expected two dates of one kind with ".." between`);
  }
  if (!from.yearly && to.value < from.value) {
    throw new ScheduleFault(`"${text}": ${last} comes before ${first}`);
  }
  return { from: from.value, to: to.value, yearly: from.yearly };
}

function readDate(text: string, whole: string): { value: number; yearly: boolean } {
  const yearly = /^\d{2}-\d{2}$/.test(text);
  const date = yearly ? `2028-${text}` : text; // a leap year: 02-29 is a date of some years
  const day = /^\d{4}-\d{2}-\d{2}$/.test(date) ? toDay(date) : Number.NaN;
  if (Number.isNaN(day) || toDate(day) !== date) {
    throw new ScheduleFault(
      `"${whole}" is no date: expected 2026-12-24, 12-25 for each year, or two with ".."`,
    );
  }
  return { value: yearly ? monthAndDay(day) : day, yearly };
}

/** `MMDD` as a number. */
function monthAndDay(day: number): number {
  const date = toDate(day);
  return Number(date.slice(5, 7)) * 100 + Number(date.slice(8));
}

/** Whether a local date, in days since 1970-01-01, is one of them. */
export const isHoliday = (holidays: Holidays, day: number): boolean =>
  holidays.named.has(day) ||
  holidays.spans.some(({ from, to }) => from <= day && day <= to) ||
  (holidays.yearly.length > 0 && isYearly(holidays.yearly, monthAndDay(day)));

const isYearly = (spans: readonly Span[], date: number): boolean =>
  spans.some(({ from, to }) => (from <= to ? from <= date && date <= to : from <= date || date <= to));

/** What the holiday on a date is called, or whose holiday it is; undefined where it is none. */
export function holidayName(holidays: Holidays, date: IsoDate): string | undefined {
  const day = toDay(date);
  return isHoliday(holidays, day) ? (holidays.named.get(day) ?? holidays.name) : undefined;
}

/**
 * Why they say nothing of `now` any more: a file's holidays end with the last year it has dates of. Undefined where
 * they do. A day is left for zones in which the next date has not begun.
 */
export function runOut({ name, through }: Holidays, now: IsoTime): string | undefined {
  if (through === undefined || Date.parse(now) < (toDay(through) + 2) * dayMs) return undefined;
  return `the holidays "${name}" are known through ${through} only: renew the file, and deploy again`;
}

const dayMs = 86_400_000;
