import { type IsoTime, toTime } from '../period.ts';
import { startsOn } from './date-rule.ts';
import { isHoliday } from './holidays.ts';
import type { Schedule, Window } from './schedule.ts';
import { firstReached } from './wall-clock.ts';

export type State = 'up' | 'down';
export type Transition = { at: IsoTime; state: State };

/** How long a schedule has been and will be in one state. An end is absent where it never begins or ends. */
export type Span = {
  readonly state: State;
  readonly since?: IsoTime;
  readonly until?: IsoTime;
  /** It may run, but no window is open that it is started for. */
  readonly passive?: true;
  /** When the window opened that it is started for, where that is later than `since`. */
  readonly opened?: IsoTime;
};

/**
 * A schedule is read off the wall clock of its zone, with one rule: that clock is never turned back. Where summer
 * time ends it stands still for the repeated hour, so each boundary takes effect once, when it is first reached.
 * Where summer time begins it leaps, and a boundary within the leap takes effect at the first instant after it.
 */
export function isUp(schedule: Schedule, time: IsoTime): boolean {
  const at = Date.parse(time);
  return openBetween(schedule, at, at).some(({ start, end }) => start <= at && at < end);
}

/** The window that is open at `time`; windows that touch or overlap are one. Undefined outside hours. */
export function windowAt(schedule: Schedule, time: IsoTime): { start?: IsoTime; end?: IsoTime } | undefined {
  const { state, since, until } = spanAt(schedule, time);
  if (state === 'down') return undefined;
  return { ...(since !== undefined && { start: since }), ...(until !== undefined && { end: until }) };
}

/** The next change after `time`; undefined for a schedule that never changes. */
export function nextTransition(schedule: Schedule, time: IsoTime): Transition | undefined {
  const { state, until } = spanAt(schedule, time);
  return until === undefined ? undefined : { at: until, state: state === 'up' ? 'down' : 'up' };
}

/** The state at `time`, since when and until when. */
export function spanAt(schedule: Schedule, time: IsoTime): Span {
  const at = Date.parse(time);
  const known = latest.get(schedule);
  const holds = known !== undefined && known.from <= at && at < known.to ? known : findSpan(schedule, at);
  if (holds !== known) latest.set(schedule, holds);
  return schedule.windows.some(({ passive }) => passive) && holds.span.state === 'up'
    ? { ...holds.span, ...startedAt(schedule, at, holds.span) }
    : holds.span;
}

/**
 * A span, and the times between which it is the answer. Thousands of instances share a few schedules and ask of the
 * same moment: the latest answer of each is all that needs to be kept.
 */
type Held = { span: Span; from: number; to: number };
const latest = new WeakMap<Schedule, Held>();

/** Looks as far as it has to for the ends of the span around a time. */
function findSpan(schedule: Schedule, at: number): Held {
  const [near = 0, ...further] = reachesOf(schedule);
  let held = spanWithin(schedule, at, near * dayMs);
  for (const days of further) {
    if (held.span.since !== undefined && held.span.until !== undefined) break;
    held = spanWithin(schedule, at, days * dayMs);
  }
  return held;
}

function spanWithin(schedule: Schedule, at: number, reach: number): Held {
  const [from, to] = [at - reach, at + reach];
  const open = openBetween(schedule, from, to);
  const current = open.find(({ start, end }) => start <= at && at < end);
  const since = within(current ? current.start : open.findLast(({ end }) => end <= at)?.end, from, to);
  const until = within(current ? current.end : open.find(({ start }) => start > at)?.start, from, to);
  const span: Span = {
    state: current ? 'up' : 'down',
    ...(since !== undefined && { since: toTime(since) }),
    ...(until !== undefined && { until: toTime(until) }),
  };
  return { span, from: since ?? at, to: until ?? at + 1 };
}

const within = (time: number | undefined, from: number, to: number): number | undefined =>
  time !== undefined && from < time && time < to ? time : undefined;

/** Whether it is started in a span, for schedules some windows of which don't start it. */
function startedAt(schedule: Schedule, at: number, { since }: Span): Pick<Span, 'passive' | 'opened'> {
  const active = schedule.windows.filter(({ passive }) => !passive);
  const from = since === undefined ? at - 16 * dayMs : Date.parse(since);
  const open = openBetween(schedule, from, at, active).find(({ start, end }) => start <= at && at < end);
  if (open === undefined) return { passive: true };
  return open.start > from ? { opened: toTime(open.start) } : {};
}

/**
 * The changes within `[from, to)`, and the state before the first of them: one at `from` itself is among them, and
 * `initial` is then the state that it ends.
 */
export function transitions(
  schedule: Schedule,
  from: IsoTime,
  to: IsoTime,
): { initial: State; transitions: Transition[] } {
  const start = Date.parse(from);
  const end = Date.parse(to);
  const intervals = openBetween(schedule, start, end);
  const changes = intervals.flatMap((open) => [
    { ms: open.start, state: 'up' as const },
    { ms: open.end, state: 'down' as const },
  ]);
  return {
    initial: intervals.some((open) => open.start < start && start <= open.end) ? 'up' : 'down',
    transitions: changes
      .filter(({ ms }) => start <= ms && ms < end)
      .map(({ ms, state }) => ({ at: toTime(ms), state })),
  };
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

// A local date is at most one away from the UTC date.
const daysAfter = 1;
const daysBefore = (windows: readonly Window[]): number =>
  Math.ceil(windows.reduce((latest, { end }) => Math.max(latest, end), 0) / 1440) + 1;

// Most changes come within three days, each of a weekly schedule within two weeks: a week without a change has none at
// all, but for a gap that falls into the leap of the clock. A rule or a holiday may put it off to the next leap day.
const reaches = [3, 16] as const;
const farReach = 1500;

const reachesOf = ({ windows, holidays }: Schedule): readonly number[] =>
  holidays !== undefined || windows.some(({ rule }) => rule !== undefined) ? [...reaches, farReach] : reaches;

/** Milliseconds since the epoch, `end` exclusive. */
type Interval = { start: number; end: number };

/** The intervals in which one of the windows is open that touch the span between two times, merged and in order. */
function openBetween(
  schedule: Schedule,
  from: number,
  to: number,
  windows: readonly Window[] = schedule.windows,
): Interval[] {
  const merged: Interval[] = [];
  const last = Math.floor(to / dayMs) + daysAfter;
  for (let date = Math.floor(from / dayMs) - daysBefore(windows); date <= last; date += 1) {
    for (const interval of startingOn(schedule, date, windows)) append(merged, interval);
  }
  return merged;
}

/** Intervals come in order of their start. */
function append(merged: Interval[], { start, end }: Interval): void {
  const previous = merged.at(-1);
  if (previous && start <= previous.end) previous.end = Math.max(previous.end, end);
  else merged.push({ start, end });
}

/** The intervals of the windows that start on a local date, in order; the date in days since 1970-01-01. */
function startingOn(
  { timeZone, holidays }: Schedule,
  date: number,
  windows: readonly Window[],
): readonly Interval[] {
  const starting = windows.filter(({ days, rule }) => startsOn(days, rule, date));
  if (starting.length === 0) return [];
  // On a holiday nothing is started; what may always run still may.
  const isClosed = holidays !== undefined && isHoliday(holidays, date);
  return starting
    .filter(({ passive }) => passive || !isClosed)
    .map((window) => toInterval(timeZone, date, window))
    .filter(({ start, end }) => start < end) // one within the leap of the clock never was
    .toSorted((a, b) => a.start - b.start);
}

const toInterval = (timeZone: string, date: number, { start, end }: Window): Interval => ({
  start: firstReached(timeZone, date * dayMs + start * minuteMs),
  end: firstReached(timeZone, date * dayMs + end * minuteMs),
});
