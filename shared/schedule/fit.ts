import type { Hour } from '../compute/hour-states.ts';
import { hourMs } from '../compute/hours.ts';
import { type IsoTime, toTime } from '../period.ts';
import type { Schedule } from './schedule.ts';
import { transitions } from './window.ts';

/** How a schedule would have fitted an instance's past. */
export type Fit = {
  /** Hours of work that are not wholly within its windows, in stretches without a break. */
  busyOutside: Stretch[];
  busyHoursOutside: number;
  unknownHoursOutside: number;
  /** Hours outside in which it was held up by what its devices hold in their memory. */
  heldHoursOutside: number;
  /** Hours in which it ran idle, and would have been stopped. */
  hoursSaved: number;
};

/** `end` is exclusive. */
export type Stretch = { start: IsoTime; end: IsoTime; hours: number };

/**
 * Judges an hour of work as outside where any part of it is, and an idle one only where all of it is. `tailHours` are
 * those that it takes to find it idle and to warn: each stretch of idle hours begins with as many that are paid for.
 * Whatever it did, it ran on until then: work is waited for. What was off saves nothing.
 */
export function fitOf(schedule: Schedule, hours: readonly Hour[], tailHours: number): Fit {
  const placed = place(schedule, hours);
  const outside = (state: Hour['state']) =>
    placed.filter((hour) => hour.state === state && hour.isUp !== 'all').map(({ at }) => at);
  const busy = outside('busy');
  return {
    busyOutside: stretchesOf(busy),
    busyHoursOutside: busy.length,
    unknownHoursOutside: outside('unknown').length,
    heldHoursOutside: outside('held').length,
    hoursSaved: savedHours(placed, tailHours),
  };
}

/** How much of the hour a schedule is open. */
type Placed = Hour & { isUp: 'all' | 'partly' | 'never' };

function place(schedule: Schedule, hours: readonly Hour[]): Placed[] {
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined) return [];
  const { initial, transitions: changes } = transitions(schedule, toTime(first.at), toTime(last.at + hourMs));
  const times = changes.map(({ at, state }) => ({ at: Date.parse(at), isUp: state === 'up' }));
  let isUp = initial === 'up';
  let next = 0;
  return hours.map((hour) => {
    for (; (times[next]?.at ?? Number.POSITIVE_INFINITY) <= hour.at; next += 1)
      isUp = times[next]?.isUp ?? isUp;
    const changesWithin = (times[next]?.at ?? Number.POSITIVE_INFINITY) < hour.at + hourMs;
    return { ...hour, isUp: changesWithin ? 'partly' : isUp ? 'all' : 'never' };
  });
}

function savedHours(hours: readonly Placed[], tailHours: number): number {
  let saved = 0;
  let idle = 0;
  for (const { state, isUp } of hours) {
    idle = state === 'idle' && isUp === 'never' ? idle + 1 : 0;
    if (idle > tailHours) saved += 1;
  }
  return saved;
}

function stretchesOf(times: readonly number[]): Stretch[] {
  const stretches: { start: number; end: number }[] = [];
  for (const at of times) {
    const last = stretches.at(-1);
    if (last?.end === at) last.end = at + hourMs;
    else stretches.push({ start: at, end: at + hourMs });
  }
  return stretches.map(({ start, end }) => ({
    start: toTime(start),
    end: toTime(end),
    hours: (end - start) / hourMs,
  }));
}

/** Hours of a week in which a schedule is open, windows that overlap counted once; of a week without a change of the clock. */
export const openHoursPerWeek = (schedule: Pick<Schedule, 'windows'>): number =>
  openMinutes(schedule).reduce((sum, minute) => sum + minute, 0) / 60;

/** 1 for each minute of the week, from Monday 00:00 on, in which a schedule is open, else 0. */
export function openMinutes({ windows }: Pick<Schedule, 'windows'>): Uint8Array {
  const minutes = new Uint8Array(weekMinutes);
  for (const { days, start, end } of windows) {
    for (const day of days) {
      for (let minute = start; minute < end; minute += 1) {
        minutes[((day - 1) * 1440 + minute) % weekMinutes] = 1;
      }
    }
  }
  return minutes;
}

const weekMinutes = 7 * 1440;
