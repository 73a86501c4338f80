import { addDays, type IsoDate, type IsoTime, toDay, toTime } from '../shared/period.ts';
import { holidayName } from '../shared/schedule/holidays.ts';
import type { Schedule } from '../shared/schedule/schedule.ts';
import { firstReached, shownAt } from '../shared/schedule/wall-clock.ts';
import { transitions } from '../shared/schedule/window.ts';
import { paint, printable } from './terminal.ts';

const dayMs = 86_400_000;
const cellMs = 30 * 60_000;
const cells = 48;

/**
 * The local days between two times, `to` exclusive, a line each: a cell for each half hour, full where it may run, half
 * where it may for a part, a dot where it is off, blank where the clock leaps over it. Beside it the hours and what the
 * holiday is called.
 */
export function strip(schedule: Schedule, from: IsoTime, to: IsoTime): string {
  const { timeZone } = schedule;
  const first = localDate(timeZone, Date.parse(from));
  const last = localDate(timeZone, Math.max(Date.parse(from), Date.parse(to) - 1));
  const days: IsoDate[] = [];
  for (let date = first; date <= last; date = addDays(date, 1)) days.push(date);
  const hours = Array.from({ length: 9 }, (_, index) => String(index * 3).padStart(2, '0')).join('    ');
  return [
    paint('dim', `  ${' '.repeat(label.length)} ${hours}`),
    ...days.map((date) => dayLine(schedule, date)),
  ].join('\n');
}

const label = 'Mon 23 Nov ';

const localDate = (timeZone: string, at: number): IsoDate => toTime(shownAt(timeZone, at)).slice(0, 10);

/** Milliseconds since the epoch, `end` exclusive. */
type Interval = { start: number; end: number };

function dayLine(schedule: Schedule, date: IsoDate): string {
  const { timeZone, holidays } = schedule;
  const midnight = toDay(date) * dayMs;
  const day = { start: firstReached(timeZone, midnight), end: firstReached(timeZone, midnight + dayMs) };
  const open = openWithin(schedule, day);
  const bar = Array.from({ length: cells }, (_, index) => {
    const wall = midnight + index * cellMs;
    return cell(open, { start: firstReached(timeZone, wall), end: firstReached(timeZone, wall + cellMs) });
  });
  const holiday = holidays && holidayName(holidays, date);
  const length = (day.end - day.start) / 3_600_000;
  const notes = [
    hoursText(open, day, timeZone),
    ...(holiday === undefined ? [] : [paint('cyan', printable(holiday))]),
    ...(length === 24 ? [] : [paint('dim', `a day of ${length} h`)]),
  ];
  return `  ${dayLabel(date)} ${painted(bar.join(''))}  ${notes.join('  ')}`.trimEnd();
}

const dayLabel = (date: IsoDate): string => {
  const { weekday, day, month } = Object.fromEntries(
    dateFormat.formatToParts(Date.parse(date)).map(({ type, value }) => [type, value]),
  );
  return `${weekday} ${day?.padStart(2)} ${month}`.padEnd(label.length);
};

const dateFormat = new Intl.DateTimeFormat('en', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});

/** When it may run within a day. */
function openWithin(schedule: Schedule, { start, end }: Interval): Interval[] {
  const { initial, transitions: changes } = transitions(schedule, toTime(start), toTime(end));
  const open: Interval[] = initial === 'up' ? [{ start, end }] : [];
  for (const { at, state } of changes) {
    const last = open.at(-1);
    if (state === 'up') open.push({ start: Date.parse(at), end });
    else if (last) last.end = Date.parse(at);
  }
  return open.filter((interval) => interval.start < interval.end);
}

function cell(open: readonly Interval[], { start, end }: Interval): string {
  if (start >= end) return ' ';
  const shared = open.reduce(
    (sum, each) => sum + Math.max(0, Math.min(each.end, end) - Math.max(each.start, start)),
    0,
  );
  if (shared === 0) return '·';
  return shared === end - start ? '█' : '▌';
}

const painted = (bar: string): string =>
  bar.replace(/·+|[█▌]+/g, (run) => paint(run.startsWith('·') ? 'dim' : 'green', run));

/** `08:00-12:00, 13:00-19:00`, as the local clock shows them. */
function hoursText(open: readonly Interval[], day: Interval, timeZone: string): string {
  const clock = (at: number): string =>
    at === day.end ? '24:00' : toTime(shownAt(timeZone, at)).slice(11, 16);
  if (open.length === 0) return 'off';
  return open.map(({ start, end }) => `${clock(start)}-${clock(end)}`).join(', ');
}
