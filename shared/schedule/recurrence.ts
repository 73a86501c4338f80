import type { MonthDay, NthWeekday } from './date-rule.ts';
import { ScheduleFault } from './fault.ts';

// The expressions of Instance Scheduler's periods: lists of values, ranges and steps, with names for months and days.
// https://docs.aws.amazon.com/solutions/latest/instance-scheduler-on-aws/period-reference.html

/** Monday 1 to Sunday 7, and those that come once in a month. */
export type Weekdays = { days: readonly number[]; nth: readonly NthWeekday[] };

/** Its Monday is 0, and `L` alone its last day, Sunday. `mon-fri`, `Fri-Mon`, `Mon#3`, `FriL`, `1/2`. */
export function parseWeekdays(items: readonly string[]): Weekdays {
  const nth: NthWeekday[] = [];
  const days = items.flatMap((item) => {
    const [, named, count, last] = /^(\w+?)(?:#(\d)|(l))$/i.exec(item) ?? [];
    const day = named === undefined ? undefined : oneOf(named, weekdays);
    if (day === undefined) return valuesOf(item, weekdays);
    if (last === undefined && !/^[1-5]$/.test(count ?? '')) {
      throw new ScheduleFault(`weekdays: "${item}" counts from #1 to #5`);
    }
    nth.push({ day: day + 1, nth: last === undefined ? Number(count) : 'last' });
    return [];
  });
  return { days: [...new Set(days.map((day) => day + 1))].toSorted(), nth };
}

/** `1`, `1-15`, `20-L`, `L`, `15W`, `1/7`, and `*` followed by a step. A range doesn't cross the month's end. */
export const parseMonthDays = (items: readonly string[]): MonthDay[] =>
  items.flatMap((item): MonthDay[] => {
    const [, near] = /^(\d+)w$/i.exec(item) ?? [];
    if (near !== undefined) return valuesOf(near, monthDays).map((nearestTo) => ({ nearestTo }));
    if (/^l$/i.test(item)) return ['last'];
    // A month that is shorter hasn't the rest of the days, and its last one is among those it has.
    return valuesOf(item.replace(/-l\b/i, '-31'), monthDays);
  });

/** `jan-mar`, `11-2`, `1/3`; January is 1. */
export const parseMonths = (items: readonly string[]): number[] => [
  ...new Set(items.flatMap((item) => valuesOf(item, months))),
];

/** What the values of a field are: their names, the least and the greatest, and whether a range goes round. */
type Field = { name: string; names: readonly string[]; least: number; greatest: number; wraps: boolean };

const weekdays: Field = {
  name: 'weekdays',
  names: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
  least: 0,
  greatest: 6,
  wraps: true,
};
const monthDays: Field = { name: 'monthdays', names: [], least: 1, greatest: 31, wraps: false };
const months: Field = {
  name: 'months',
  names: [
    ...['january', 'february', 'march', 'april', 'may', 'june'],
    ...['july', 'august', 'september', 'october', 'november', 'december'],
  ],
  least: 1,
  greatest: 12,
  wraps: true,
};

/** All values of an item: one, `*` or `?` for each, a range, and each of these with a step. */
function valuesOf(item: string, field: Field): number[] {
  const [range = '', step = '1', ...more] = item.split('/').map((part) => part.trim());
  const every = Number(step);
  const [from, to] = endsOf(range, item.includes('/'), field);
  if (from === undefined || to === undefined || more.length > 0 || !/^[1-9]\d*$/.test(step)) {
    throw new ScheduleFault(`${field.name}: "${item}" can't be read`);
  }
  if (to < from && !field.wraps) throw new ScheduleFault(`${field.name}: "${item}" ends before it starts`);
  const count = field.greatest - field.least + 1;
  const length = ((to - from + count) % count) + 1;
  return Array.from(
    { length: Math.ceil(length / every) },
    (_, index) => field.least + ((from - field.least + index * every) % count),
  );
}

/** A single value with a step counts from there to the last. */
function endsOf(range: string, stepped: boolean, field: Field): readonly (number | undefined)[] {
  if (range === '*' || range === '?') return [field.least, field.greatest];
  const [from = '', to, ...more] = range.split('-').map((part) => part.trim());
  if (more.length > 0) return [];
  const first = oneOf(from, field);
  if (to !== undefined) return [first, oneOf(to, field)];
  return [first, stepped ? field.greatest : first];
}

/** A number in the field's bounds, or a name of which three letters are enough. */
function oneOf(text: string, { names, least, greatest, name }: Field): number | undefined {
  const lower = text.toLowerCase();
  if (name === 'weekdays' && lower === 'l') return greatest;
  if (/^\d+$/.test(text)) return Number(text) >= least && Number(text) <= greatest ? Number(text) : undefined;
  const found = names.findIndex(
    (each) => each === lower || (lower.length >= 3 && each.slice(0, 3) === lower.slice(0, 3)),
  );
  return found < 0 ? undefined : found + least;
}
