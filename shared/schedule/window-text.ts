import { dayName, timeText } from './hours.ts';
import type { Window } from './schedule.ts';

/** Windows in the grammar of the schedule tag: `Mon-Fri 08:00-19:00, Sat 10:00-14:00 Europe/Berlin`. */
export const windowsText = (windows: readonly Window[], timeZone: string): string =>
  `${windows.map((window) => `${daysText(window.days)} ${spanText(window)}`).join(', ')} ${timeZone}`;

/** `08:00-19:00`, `22:00-06:00` */
const spanText = ({ start, end }: Pick<Window, 'start' | 'end'>): string =>
  `${timeText(start)}-${timeText(end > wholeDay ? end - wholeDay : end)}`;

const wholeDay = 1440;

/** `Mon-Fri`, `Sun-Thu`, `Sat,Sun`: three days or more that follow each other are a range. */
export function daysText(days: readonly number[]): string {
  if (days.length === 7) return 'Mon-Sun';
  const wanted = new Set(days);
  const firsts = days.filter((day) => !wanted.has(before(day))).toSorted((a, b) => a - b);
  return firsts.map((first) => rangeText(rangeFrom(first, wanted))).join(',');
}

const before = (day: number): number => ((day + 5) % 7) + 1;
const after = (day: number): number => (day % 7) + 1;

function rangeFrom(first: number, wanted: ReadonlySet<number>): number[] {
  const range = [first];
  for (let day = after(first); wanted.has(day); day = after(day)) range.push(day);
  return range;
}

const rangeText = (range: readonly number[]): string =>
  range.length > 2 ? `${dayName(range[0] ?? 0)}-${dayName(range.at(-1) ?? 0)}` : range.map(dayName).join(',');
