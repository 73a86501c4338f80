import ICAL from 'ical.js';
import { addDays, type IsoDate } from '../shared/period.ts';
import type { FileCalendar } from '../shared/schedule/holidays.ts';
import { InputError } from './input-error.ts';
import { readTextFile } from './text-file.ts';

/** More is a calendar of something else. */
const mostDays = 2000;

/**
 * Reads the holidays of an iCalendar file (RFC 5545): all-day events of one day or several, with the dates on which
 * they recur. What recurs without end is read through the last day of `untilYear`. A file knows of no holiday after the
 * last year in which it dates one itself. Throws an InputError for what is no such file.
 */
export async function readHolidayFile(file: string, untilYear: number): Promise<FileCalendar> {
  const source = await readTextFile(file);
  const found = readEvents(source, untilYear, file);
  const days = found.flatMap(({ dates }) => dates).toSorted(([one], [other]) => (one < other ? -1 : 1));
  if (days.length === 0) throw new InputError(`${file}: no event in it`);
  if (days.length > mostDays) throw new InputError(`${file}: ${days.length} days are not only holidays`);
  const dated = found.filter(({ isEndless }) => !isEndless).flatMap(({ dates }) => dates);
  const lastYear = dated.reduce((year, [date]) => Math.max(year, Number(date.slice(0, 4))), 0) || untilYear;
  return { through: `${lastYear}-12-31`, days: Object.fromEntries(days) };
}

/** The library reads each value when it is asked for, and so may find a fault in it late. */
function readEvents(source: string, untilYear: number, file: string): Occurrences[] {
  try {
    const calendar = new ICAL.Component(ICAL.parse(source));
    if (calendar.name !== 'vcalendar') throw new InputError(`${file}: not an iCalendar file`);
    return eventsOf(calendar).map((event) => occurrencesOf(event, untilYear, file));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${file}: not an iCalendar file: ${(error as Error).message}`);
  }
}

/** The events of a calendar; those that stand in for one occurrence of another belong to that. */
function eventsOf(calendar: ICAL.Component): ICAL.Event[] {
  const components = calendar.getAllSubcomponents('vevent');
  const exceptions = Map.groupBy(
    components.filter((component) => component.hasProperty('recurrence-id')),
    (component) => String(component.getFirstPropertyValue('uid')),
  );
  return components
    .filter((component) => !component.hasProperty('recurrence-id') && !isCancelled(component))
    .map((component) => {
      const uid = String(component.getFirstPropertyValue('uid'));
      return new ICAL.Event(component, { strictExceptions: true, exceptions: exceptions.get(uid) ?? [] });
    });
}

const isCancelled = (component: ICAL.Component): boolean =>
  String(component.getFirstPropertyValue('status')).toUpperCase() === 'CANCELLED';

type Occurrences = { dates: [date: IsoDate, name: string][]; isEndless: boolean };

function occurrencesOf(event: ICAL.Event, untilYear: number, file: string): Occurrences {
  if (!event.startDate) throw new InputError(`${file}: "${event.summary}" has no date`);
  if (!event.isRecurring()) {
    return { dates: daysOf(event.startDate, event.endDate, event.summary, file), isEndless: false };
  }
  const dates: Occurrences['dates'] = [];
  const starts = event.iterator();
  for (let start = starts.next(); start && start.year <= untilYear; start = starts.next()) {
    if (isNoLeapDay(event.startDate, start)) continue;
    const { startDate, endDate, item } = event.getOccurrenceDetails(start);
    if (!isCancelled(item.component)) dates.push(...daysOf(startDate, endDate, item.summary, file));
    if (dates.length > mostDays)
      throw new InputError(`${file}: "${event.summary}" recurs too often for a holiday`);
  }
  return { dates, isEndless: isEndless(event) };
}

/** RFC 5545 leaves out the 29th of February where a year has none; the library puts the first of March in its place. */
const isNoLeapDay = (first: ICAL.Time, { month, day }: ICAL.Time): boolean =>
  first.month === 2 && first.day === 29 && month === 3 && day === 1;

/** Whether one of its rules has neither a count nor a last date. */
const isEndless = (event: ICAL.Event): boolean =>
  event.component.getAllProperties('rrule').some((rule) => {
    const value = rule.getFirstValue();
    return value instanceof ICAL.Recur && !value.isFinite();
  });

/** Each day of an event; its end is exclusive. Some programs write an all-day event from midnight to midnight. */
function daysOf(start: ICAL.Time, end: ICAL.Time, name: string, file: string): [IsoDate, string][] {
  const [first, last] = [dateOf(start), dateOf(end)];
  if (!isMidnight(start) || !isMidnight(end) || (!start.isDate && first === last)) {
    throw new InputError(`${file}: "${name}" on ${first} has a time of day: only whole days are holidays`);
  }
  const days: [IsoDate, string][] = [[first, name || 'holiday']];
  for (let date = addDays(first, 1); date < last; date = addDays(date, 1)) {
    days.push([date, name || 'holiday']);
    if (days.length > mostDays)
      throw new InputError(`${file}: "${name}" on ${first} is too long for a holiday`);
  }
  return days;
}

const isMidnight = ({ isDate, hour, minute, second }: ICAL.Time): boolean =>
  isDate || (hour === 0 && minute === 0 && second === 0);

const dateOf = ({ year, month, day }: ICAL.Time): IsoDate =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
