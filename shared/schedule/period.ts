import type { DateRule } from './date-rule.ts';
import { ScheduleFault } from './fault.ts';
import { parseMonthDays, parseMonths, parseWeekdays } from './recurrence.ts';
import type { Window } from './schedule.ts';

/** A period of AWS Instance Scheduler, by the names of its own table. */
export type InstanceSchedulerPeriod = {
  /** `HH:MM` in the zone of the schedule. */
  begintime?: string | undefined;
  endtime?: string | undefined;
  weekdays?: readonly string[] | undefined;
  monthdays?: readonly string[] | undefined;
  months?: readonly string[] | undefined;
};

/**
 * The windows of a period; `all` are those of its schedule. With one time alone Instance Scheduler leaves an instance as
 * it is until then: it may run, but isn't started. It has no period across midnight; one that ends before it begins
 * belongs to the day it begins on, as everywhere here. Throws a ScheduleFault for what can't be read.
 */
export function toWindows(
  name: string,
  period: InstanceSchedulerPeriod,
  all: readonly InstanceSchedulerPeriod[],
): { windows: Window[]; text: string } {
  try {
    const { begintime, endtime } = period;
    const on = toDays(period);
    const begin = begintime === undefined ? undefined : readTime('begintime', begintime);
    const end = endtime === undefined ? undefined : bridged(readTime('endtime', endtime), all);
    if (begin !== undefined && begin === end) {
      throw new ScheduleFault(`it begins and ends at ${begintime}`);
    }
    return { windows: spansOf(begin, end).map((span) => ({ ...on, ...span })), text: periodText(period) };
  } catch (error) {
    if (error instanceof ScheduleFault) throw new ScheduleFault(`period "${name}": ${error.message}`);
    throw error;
  }
}

type SpanOfDay = Pick<Window, 'start' | 'end' | 'passive'>;

function spansOf(begin: number | undefined, end: number | undefined): SpanOfDay[] {
  if (begin !== undefined && end !== undefined) {
    return [{ start: begin, end: end < begin ? end + wholeDay : end }];
  }
  if (begin !== undefined) {
    const before: SpanOfDay[] = begin === 0 ? [] : [{ start: 0, end: begin, passive: true }];
    return [...before, { start: begin, end: wholeDay }];
  }
  if (end !== undefined) return end === 0 ? [] : [{ start: 0, end, passive: true }];
  return [{ start: 0, end: wholeDay }];
}

const wholeDay = 1440;
const allWeek = [1, 2, 3, 4, 5, 6, 7];

function toDays({ weekdays, monthdays, months }: InstanceSchedulerPeriod): Pick<Window, 'days' | 'rule'> {
  const on = weekdays === undefined ? { days: allWeek, nth: [] } : parseWeekdays(itemsOf(weekdays));
  const rule: DateRule = {
    ...(on.nth.length > 0 && { weekdays: on.nth }),
    ...(monthdays && { monthDays: parseMonthDays(itemsOf(monthdays)) }),
    ...(months && { months: parseMonths(itemsOf(months)) }),
  };
  return { days: on.days, ...(Object.keys(rule).length > 0 && { rule }) };
}

/** Its table holds sets of strings, each of which may be a list again. */
const itemsOf = (values: readonly string[]): string[] =>
  values.flatMap((value) => value.split(',').map((item) => item.trim()));

/** Minutes after midnight. */
function readTime(field: string, text: string): number {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  if (Number(hour) < 24 && Number(minute) < 60) return Number(hour) * 60 + Number(minute);
  throw new ScheduleFault(`${field}: "${text}" is not a time of day such as 09:00`);
}

/** It can't say 24:00, and runs on where another period begins a minute later: both are joined. */
function bridged(end: number, all: readonly InstanceSchedulerPeriod[]): number {
  const begins = all.flatMap(({ begintime }) =>
    begintime === undefined ? [] : [readTime('begintime', begintime)],
  );
  return end === wholeDay - 1 || begins.includes(end + 1) ? end + 1 : end;
}

/** `mon-fri 09:00-17:00`, `Mon#1 in jan-mar from 09:00`, `daily on 1,15 all day` */
function periodText({ begintime, endtime, weekdays, monthdays, months }: InstanceSchedulerPeriod): string {
  const on = monthdays ? `on ${monthdays.join(',')}` : '';
  const during = months ? `in ${months.join(',')}` : '';
  return [weekdays?.join(',') ?? 'daily', on, during, timesText(begintime, endtime)]
    .filter((part) => part !== '')
    .join(' ');
}

function timesText(begin: string | undefined, end: string | undefined): string {
  if (begin !== undefined) return end === undefined ? `from ${begin}` : `${begin}-${end}`;
  return end === undefined ? 'all day' : `until ${end}`;
}
