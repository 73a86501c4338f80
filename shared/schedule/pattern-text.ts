import { toDay } from '../period.ts';
import { dayName, timeText } from './hours.ts';
import { hoursPerWeek } from './local-hour.ts';
import type { WorkHour } from './pattern.ts';
import type { Window } from './schedule.ts';
import { daysText } from './window-text.ts';

/**
 * What a past looks like, in a sentence without its stop: `worked on 19 of 20 weekdays between 09:00 and 18:00; nothing at
 * weekends`. `core` are the windows without the margin around the work.
 */
export function patternText(core: readonly Window[], hours: readonly WorkHour[]): string {
  const worked = core.map((window) => windowText(window, hours));
  const touched = new Set(core.flatMap(daysTouched));
  const rest = [1, 2, 3, 4, 5, 6, 7].filter((day) => !touched.has(day));
  return [`worked ${worked.join(', ')}`, ...(rest.length > 0 ? [restText(rest, hours)] : [])].join('; ');
}

function windowText(window: Window, hours: readonly WorkHour[]): string {
  const { worked, seen } = daysWorked(window, hours);
  const times = `${worked} of ${seen} ${nounOf(window)}`;
  const { start, end } = window;
  if (end - start >= roundTheClock) return `around the clock on ${times}`;
  const preposition = crossesMidnight(window) ? 'in' : 'on';
  return `${preposition} ${times} between ${timeText(start)} and ${timeText(end > dayMinutes ? end - dayMinutes : end)}`;
}

const dayMinutes = 1440;
const roundTheClock = 22 * 60;

const crossesMidnight = ({ end }: Window): boolean => end > dayMinutes;

const longNames = ['Mondays', 'Tuesdays', 'Wednesdays', 'Thursdays', 'Fridays', 'Saturdays', 'Sundays'];

/** `weekdays`, `Saturdays`, `nights (Sun-Thu)` */
function nounOf(window: Window): string {
  const { days } = window;
  const [first = 1] = days;
  const unit = crossesMidnight(window) ? 'night' : 'day';
  const text = daysText(days);
  if (text === 'Mon-Sun') return `${unit}s`;
  if (text === 'Mon-Fri') return unit === 'day' ? 'weekdays' : 'weekday nights';
  if (text === 'Sat,Sun') return unit === 'day' ? 'weekend days' : 'weekend nights';
  if (days.length > 1) return `${unit}s (${text})`;
  return unit === 'day' ? (longNames[first - 1] ?? '') : `${dayName(first)} nights`;
}

/** How often the window was there as a whole, and in how many of them it worked. */
function daysWorked({ days, start, end }: Window, hours: readonly WorkHour[]) {
  const [first, length] = [Math.floor(start / 60), Math.ceil((end - start) / 60)];
  const seen = new Map<number, { hours: number; busy: number }>();
  for (const { date, slots, state } of hours) {
    for (const slot of slots) {
      for (const day of days) {
        const offset = (slot - (day - 1) * 24 - first + 2 * hoursPerWeek) % hoursPerWeek;
        if (offset >= length) continue;
        const began = toDay(date) - Math.floor((first + offset) / 24);
        const one = seen.get(began) ?? { hours: 0, busy: 0 };
        seen.set(began, { hours: one.hours + 1, busy: one.busy + Number(state === 'busy') });
      }
    }
  }
  // Where summer time begins one of its hours is missing.
  const whole = [...seen.values()].filter((one) => one.hours >= length - 1);
  return { worked: whole.filter(({ busy }) => busy > 0).length, seen: whole.length };
}

const daysTouched = ({ days, end }: Window): number[] =>
  days.flatMap((day) => (end > dayMinutes ? [day, (day % 7) + 1] : [day]));

function restText(rest: readonly number[], hours: readonly WorkHour[]): string {
  const own = new Set(rest);
  const busy = hours.filter(
    ({ state, slots: [slot = 0] }) => state === 'busy' && own.has(Math.floor(slot / 24) + 1),
  ).length;
  const text = daysText(rest);
  const when = text === 'Sat,Sun' ? 'at weekends' : `on ${text}`;
  return `${busy === 0 ? 'nothing' : `${busy} h in all`} ${when}`;
}
