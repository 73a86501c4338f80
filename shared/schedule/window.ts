import { Temporal } from 'temporal-polyfill';
import { type IsoTime, toTime } from '../period.ts';
import type { Schedule, Window } from './schedule.ts';

export type State = 'up' | 'down';
export type Transition = { at: IsoTime; state: State };

/** How long a schedule has been and will be in one state. An end is absent where it never begins or ends. */
export type Span = { state: State; since?: IsoTime; until?: IsoTime };

/**
 * A schedule is read off the wall clock of its zone, with one rule: that clock is never turned back. Where summer
 * time ends it stands still for the repeated hour, so each boundary takes effect once, when it is first reached.
 * Where summer time begins it leaps, and a boundary within the leap takes effect at the first instant after it.
 */
export function isUp(schedule: Schedule, time: IsoTime): boolean {
  const at = Date.parse(time);
  const day = Math.floor(at / dayMs);
  for (let date = day - daysBefore; date <= day + daysAfter; date += 1) {
    if (startingOn(schedule, date).some(({ start, end }) => start <= at && at < end)) return true;
  }
  return false;
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
  const from = at - reachMs;
  const to = at + reachMs;
  const open = openBetween(schedule, from, to);
  const current = open.find(({ start, end }) => start <= at && at < end);
  const since = current ? current.start : open.findLast(({ end }) => end <= at)?.end;
  const until = current ? current.end : open.find(({ start }) => start > at)?.start;
  return {
    state: current ? 'up' : 'down',
    ...(since !== undefined && since > from && { since: toTime(since) }),
    ...(until !== undefined && until < to && { until: toTime(until) }),
  };
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

// A window lasts less than two days, and a local date is at most one away from the UTC date.
const daysBefore = 3;
const daysAfter = 1;

// A week without a change has no change at all, but for a gap that falls into the leap of the clock: then two.
const reachMs = 16 * dayMs;

/** Milliseconds since the epoch, `end` exclusive. */
type Interval = { start: number; end: number };

/** The intervals in which it is up that touch the span between the two times, merged and in order. */
function openBetween(schedule: Schedule, from: number, to: number): Interval[] {
  const merged: Interval[] = [];
  const last = Math.floor(to / dayMs) + daysAfter;
  for (let date = Math.floor(from / dayMs) - daysBefore; date <= last; date += 1) {
    for (const interval of startingOn(schedule, date)) append(merged, interval);
  }
  return merged;
}

/** Intervals come in order of their start. */
function append(merged: Interval[], { start, end }: Interval): void {
  const previous = merged.at(-1);
  if (previous && start <= previous.end) previous.end = Math.max(previous.end, end);
  else merged.push({ start, end });
}

// Local dates as days since 1970-01-01. A schedule's days are worked out once.
const cache = new WeakMap<Schedule, Map<number, readonly Interval[]>>();
const cachedDays = 5000;

/** The intervals of the windows that start on a local date, in order. */
function startingOn(schedule: Schedule, date: number): readonly Interval[] {
  const known = cache.get(schedule) ?? new Map<number, readonly Interval[]>();
  cache.set(schedule, known);
  const cached = known.get(date);
  if (cached) return cached;
  const weekday = modulo(date + 3, 7) + 1; // 1970-01-01 was a Thursday
  const intervals = schedule.windows
    .filter(({ days }) => days.includes(weekday))
    .map((window) => toInterval(schedule.timeZone, date, window))
    .filter(({ start, end }) => start < end) // one within the leap of the clock never was
    .toSorted((a, b) => a.start - b.start);
  if (known.size >= cachedDays) known.clear();
  known.set(date, intervals);
  return intervals;
}

const toInterval = (timeZone: string, date: number, { start, end }: Window): Interval => ({
  start: firstReached(timeZone, date, start),
  end: firstReached(timeZone, date, end),
});

/** The first instant at which the wall clock shows so many minutes after the date's midnight, or later. */
function firstReached(timeZone: string, date: number, minutes: number): number {
  const wall = new Date(date * dayMs + minutes * minuteMs);
  const local = new Temporal.PlainDateTime(
    wall.getUTCFullYear(),
    wall.getUTCMonth() + 1,
    wall.getUTCDate(),
    wall.getUTCHours(),
    wall.getUTCMinutes(),
  );
  const instant = local.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  if (instant.toPlainDateTime().equals(local)) return instant.epochMilliseconds;
  // The clock leaps over this time: Temporal then gives an instant before the leap, and the leap comes next.
  return (instant.getTimeZoneTransition('next') ?? instant).epochMilliseconds;
}

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;
