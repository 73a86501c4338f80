import type { Hour } from '../compute/hour-states.ts';
import { hoursPerWeek, type LocalHour } from './local-hour.ts';
import type { Window } from './schedule.ts';

/** An hour of an instance's past, and what the clock on its wall showed. */
export type WorkHour = Hour & LocalHour;

/** How much may be left out. */
export type Tolerance = {
  /** Share of the busy hours that may lie outside of the windows, 0 to 1. */
  busy: number;
  /** Share of the hours outside in which it ran that may be unknown, 0 to 1. */
  unknown: number;
};

/** Windows that cover the work of a past, and the same without the margin around it. */
export type Pattern = { windows: Window[]; core: Window[] };

/** Hours before and after the work that belong to a window: nobody comes and goes on the hour. */
const margin = 1;

/** Hours without work that are not worth a stop between two windows. */
const shortBreak = 3;

/** More of them nobody reads. */
const mostWindows = 3;

/** Hours a week that a further window has to spare. */
const windowWorth = 4;

/** In what is worked in so large a share of the days it is always covered: a habit is no exception. */
const habit = 0.25;

/**
 * The windows of the fewest hours that cover all work but the tolerated share; undefined where there are none. Hours of
 * which nobody knows count as work. The days of a week are taken together in several ways, such as Mon-Fri apart from
 * Sat,Sun, and cut at quiet hours, so that work through midnight is one window; in each way the hours are taken
 * by their share of work, the largest first, until as little is left out as is tolerated.
 */
export function learnPattern(hours: readonly WorkHour[], tolerance: Tolerance): Pattern | undefined {
  const week = weekOf(hours);
  let best: { pattern: Pattern; cost: number } | undefined;
  for (const dayStart of dayStarts(week)) {
    for (const groups of groupings(week, dayStart)) {
      const runs = runsOf(week, { groups, dayStart }, tolerance);
      const cost = runs && costOf(runs);
      if (cost === undefined || cost >= (best?.cost ?? Number.POSITIVE_INFINITY)) continue;
      const pattern = toPattern(runs ?? [], dayStart);
      if (pattern) best = { pattern, cost };
    }
  }
  return best?.pattern;
}

const hoursPerDay = 24;
const dayMinutes = 1440;

/** Hours at which a day may begin: midnight, and those around which there is the least work. */
function dayStarts(week: Week): number[] {
  const worked = hoursOfDay.map((hour) =>
    weekdays.reduce((sum, day) => sum + at(week.busy, slotOf(day, hour)), 0),
  );
  const around = (hour: number) => at(worked, hour) + at(worked, (hour + hoursPerDay - 1) % hoursPerDay);
  const quiet = hoursOfDay.toSorted((a, b) => around(a) - around(b)).slice(0, cuts);
  return [...new Set([0, ...quiet])];
}

const cuts = 6;
const weekdays = [1, 2, 3, 4, 5, 6, 7];

/** How often something was seen in each hour of the week, from Monday 00:00 on. */
export type Week = { all: number[]; ran: number[]; busy: number[]; unknown: number[] };

/** What a past was like in each hour of the week, over all its weeks. */
export function weekOf(hours: readonly WorkHour[]): Week {
  const none = () => new Array<number>(hoursPerWeek).fill(0);
  const week: Week = { all: none(), ran: none(), busy: none(), unknown: none() };
  const count = (counts: number[], slot: number) => {
    counts[slot] = (counts[slot] ?? 0) + 1;
  };
  for (const { state, slots } of hours) {
    for (const slot of slots) {
      count(week.all, slot);
      if (state !== 'off') count(week.ran, slot);
      if (state === 'busy') count(week.busy, slot);
      if (state === 'unknown') count(week.unknown, slot);
    }
  }
  return week;
}

/** Days, Monday 1 to Sunday 7, that have the same windows. */
type Group = readonly number[];

type Cut = {
  groups: readonly Group[];
  /** The hour at which a day is taken to begin. */
  dayStart: number;
};

const usual: readonly (readonly Group[])[] = [
  [[1, 2, 3, 4, 5, 6, 7]],
  [
    [1, 2, 3, 4, 5],
    [6, 7],
  ],
  [[1, 2, 3, 4, 5], [6], [7]],
  [
    [1, 2, 3, 4, 7],
    [5, 6],
  ],
  [[1, 2, 3, 4], [5], [6, 7]],
];

/** The usual ways to take days together, and the days on which it mostly works apart from the others. */
function groupings(week: Week, dayStart: number): (readonly Group[])[] {
  const isWorkday = (day: number) =>
    hoursOfDay.some((hour) => {
      const slot = slotOf(day, dayStart + hour);
      return 2 * at(week.busy, slot) >= at(week.all, slot) && at(week.busy, slot) > 0;
    });
  const own = [weekdays.filter(isWorkday), weekdays.filter((day) => !isWorkday(day))].filter(
    ({ length }) => length > 0,
  );
  return [...usual, own];
}

const hoursOfDay = Array.from({ length: hoursPerDay }, (_, hour) => hour);

const slotOf = (day: number, hour: number): number => ((day - 1) * hoursPerDay + hour) % hoursPerWeek;

const at = (counts: readonly number[], slot: number): number => counts[slot] ?? 0;

/** Hours of a group's days that follow each other, `end` exclusive, counted from the start of the day. */
type Run = { group: Group; start: number; end: number };

/** An hour of a group's days. */
type Cell = { group: number; hour: number; share: number; busy: number; unknown: number; ran: number };

function runsOf(week: Week, { groups, dayStart }: Cut, tolerance: Tolerance): Run[] | undefined {
  const taken = take(cellsOf(week, { groups, dayStart }), groups.length, tolerance);
  const runs = taken.flatMap((hours, index) => joinRuns(groups[index] ?? [], hours));
  while (runs.length > mostWindows) if (!joinNearest(runs)) return undefined;
  return runs;
}

/** By their share of work, the largest first; of those alike, the nearest to the hour of the most work. */
function cellsOf(week: Week, { groups, dayStart }: Cut): Cell[] {
  return groups
    .flatMap((days, group) => {
      const cells = hoursOfDay.map((hour): Cell => {
        const slots = days.map((day) => slotOf(day, dayStart + hour));
        const sum = (counts: readonly number[]) => slots.reduce((total, slot) => total + at(counts, slot), 0);
        const [busy, unknown, ran, all] = [sum(week.busy), sum(week.unknown), sum(week.ran), sum(week.all)];
        return { group, hour, busy, unknown, ran, share: all === 0 ? 0 : (busy + unknown) / all };
      });
      const peak = cells.reduce((most, cell) => (cell.share > most.share ? cell : most)).hour;
      return cells.map((cell) => ({ cell, distance: Math.abs(cell.hour - peak) }));
    })
    .toSorted((a, b) => b.cell.share - a.cell.share || a.distance - b.distance)
    .map(({ cell }) => cell);
}

/** The hours of each group that have to be covered. */
function take(cells: readonly Cell[], groups: number, tolerance: Tolerance): boolean[][] {
  const taken = Array.from({ length: groups }, () => hoursOfDay.map(() => false));
  const left = { busy: 0, unknown: 0, ran: 0 };
  for (const { busy, unknown, ran } of cells) {
    left.busy += busy;
    left.unknown += unknown;
    left.ran += ran;
  }
  const mayBusy = tolerance.busy * left.busy;
  for (const { group, hour, share, busy, unknown, ran } of cells) {
    const isEnough = left.busy <= mayBusy && left.unknown <= tolerance.unknown * left.ran;
    if ((isEnough && share < habit) || share === 0) break;
    left.busy -= busy;
    left.unknown -= unknown;
    left.ran -= ran;
    const hours = taken[group];
    if (hours) hours[hour] = true;
  }
  return taken;
}

/** Hours that follow each other, short breaks among them. */
function joinRuns(group: Group, taken: readonly boolean[]): Run[] {
  const runs: Run[] = [];
  for (const [hour, isTaken] of taken.entries()) {
    if (!isTaken) continue;
    const last = runs.at(-1);
    if (last && hour - last.end <= shortBreak) last.end = hour + 1;
    else runs.push({ group, start: hour, end: hour + 1 });
  }
  return runs;
}

/** Joins the two runs of one group that are nearest; false where no group has two. */
function joinNearest(runs: Run[]): boolean {
  const pairs = runs.flatMap((run, index) => {
    const next = runs[index + 1];
    return next?.group === run.group ? [{ run, next, gap: next.start - run.end }] : [];
  });
  const [nearest] = pairs.toSorted((a, b) => a.gap - b.gap);
  if (nearest === undefined) return false;
  nearest.run.end = nearest.next.end;
  runs.splice(runs.indexOf(nearest.next), 1);
  return true;
}

const lengthOf = ({ start, end }: Run): number => Math.min(hoursPerDay, end - start + 2 * margin);

/** Hours a week in which it may run, and what its windows are worth. */
const costOf = (runs: readonly Run[]): number =>
  runs.reduce((sum, run) => sum + run.group.length * lengthOf(run), 0) + windowWorth * runs.length;

/** Undefined where a whole day would have to be cut elsewhere than at midnight: no window of the grammar says that. */
function toPattern(runs: readonly Run[], dayStart: number): Pattern | undefined {
  if (runs.length === 0) return undefined;
  const isWhole = (run: Run) => lengthOf(run) === hoursPerDay;
  if (dayStart !== 0 && runs.some(isWhole)) return undefined;
  const windows = runs.map((run) =>
    isWhole(run) ? { days: run.group, start: 0, end: dayMinutes } : toWindow(run, dayStart, margin),
  );
  return { windows: joinDays(windows), core: joinDays(runs.map((run) => toWindow(run, dayStart, 0))) };
}

/** Its days are those on which it begins. */
function toWindow({ group, start, end }: Run, dayStart: number, around: number): Window {
  const first = dayStart + start - around;
  const shift = Math.floor(first / hoursPerDay);
  const days = group.map((day) => ((day - 1 + shift + 7) % 7) + 1).toSorted((a, b) => a - b);
  const begin = first - shift * hoursPerDay;
  return { days, start: begin * 60, end: (begin + end - start + 2 * around) * 60 };
}

/** Windows of the same hours are one. */
function joinDays(windows: readonly Window[]): Window[] {
  const byHours = Map.groupBy(windows, ({ start, end }) => `${start}-${end}`);
  return [...byHours.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const days = [first, ...others].flatMap((window) => window.days);
    return [{ ...first, days: [...new Set(days)].toSorted((a, b) => a - b) }];
  });
}
