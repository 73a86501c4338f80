import type { Schedule, Window } from './schedule.ts';

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const wholeDay = 1440;
const longest = 256;

/**
 * A schedule as the value of our own tag; undefined where that can't say it: what isn't the same each week, what may
 * run without being started, dates left out, and what is longer than a tag.
 */
export function asTag({ windows, timeZone, holidays, ...options }: Schedule): string | undefined {
  if (windows.length === 0 || holidays || windows.some(({ rule, passive }) => rule || passive)) {
    return undefined;
  }
  const spans = Map.groupBy(
    windows.flatMap(withinADay).map(({ day, from, to }) => ({ day, hours: `${time(from)}-${time(to)}` })),
    ({ hours }) => hours,
  );
  const hours = [...spans].map(([span, each]) => `${daysText(each.map(({ day }) => day))} ${span}`);
  const flags = (['always', 'start', 'hibernate'] as const).filter((name) => options[name]);
  const text = [`${hours.join(', ')} ${timeZone}`, ...flags].join('; ');
  return text.length > longest ? undefined : text;
}

/** A window as ours has them, up to a day long: one that lasts longer is one after the other. */
function withinADay({ days, start, end }: Window): { day: number; from: number; to: number }[] {
  const isShort = end - start < wholeDay;
  const pieces = isShort
    ? [{ after: 0, from: start, to: end > wholeDay ? end - wholeDay : end }]
    : Array.from({ length: Math.ceil(end / wholeDay) }, (_, after) => ({
        after,
        from: after === 0 ? start : 0,
        to: Math.min(wholeDay, end - after * wholeDay),
      }));
  return days.flatMap((day) =>
    pieces.map(({ after, from, to }) => ({ day: ((day - 1 + after) % 7) + 1, from, to })),
  );
}

const time = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');

/** `Mon-Wed,Fri`: runs of three days and more as ranges. */
function daysText(days: readonly number[]): string {
  const sorted = [...new Set(days)].toSorted();
  const runs: number[][] = [];
  for (const day of sorted) {
    const run = runs.at(-1);
    if (run?.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  return runs.map(runText).join(',');
}

const runText = (run: readonly number[]): string =>
  run.length > 2 ? `${dayName(run[0])}-${dayName(run.at(-1))}` : run.map(dayName).join(',');

const dayName = (day = 1): string => dayNames[day - 1] ?? '';
