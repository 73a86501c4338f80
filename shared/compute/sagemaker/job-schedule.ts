import type { IsoTime } from '../../period.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A schedule is late by what its pipeline does before, and clocks are changed by an hour. */
const sameHourMs = 90 * minuteMs;

/** A nightly job and its retry: what is started more often in a day is so by hand, or evenly spaced. */
const mostBefore = 2;

/**
 * Tells of each of these starts of the same whether it comes from a schedule: evenly spaced with others, or at about the
 * same hour as on days before, where a day has few. What two days have in common, and nothing else, is taken for a
 * schedule that begins.
 */
export function scheduleOf(starts: readonly IsoTime[]): (at: IsoTime) => boolean {
  const times = [...new Set(starts.map((time) => Date.parse(time)))].toSorted((a, b) => a - b);
  const few = new Set(times.filter((_, index) => isOneOfFew(index, times)));
  return (at) => {
    const start = Date.parse(at);
    return isEvenlySpaced(start, times) || isDaily(start, times, few);
  };
}

/** Whether at most two others lie in the day before it. */
function isOneOfFew(index: number, times: readonly number[]): boolean {
  const [before, start] = [times[index - mostBefore - 1], times[index]];
  return before === undefined || start === undefined || start - before > dayMs;
}

function isDaily(start: number, times: readonly number[], few: ReadonlySet<number>): boolean {
  if (!few.has(start)) return false;
  const earlier = times.slice(0, times.indexOf(start));
  const alike = earlier.filter((time) => isSameHour(time, start));
  const days = new Set(alike.filter((time) => few.has(time)).map((time) => daysBetween(time, start)));
  return days.size >= 2 || (days.size === 1 && alike.length === earlier.length);
}

const daysBetween = (earlier: number, start: number): number => Math.round((start - earlier) / dayMs);

function isSameHour(earlier: number, start: number): boolean {
  const days = daysBetween(earlier, start);
  return days > 0 && Math.abs(start - earlier - days * dayMs) <= sameHourMs;
}

/** Three within a day are evenly spaced by chance: it takes four, or half a day between them. */
const fewSuffice = dayMs / 2;

function isEvenlySpaced(start: number, times: readonly number[]): boolean {
  const index = times.indexOf(start);
  return windowsAround(index, 4, times).some(isRegular) || windowsAround(index, 3, times).some(isSlow);
}

/** So many neighbours at a time, each with the one at `index` among them. */
const windowsAround = (index: number, size: number, times: readonly number[]): (readonly number[])[] =>
  Array.from({ length: size }, (_, back) => index - back)
    .filter((first) => first >= 0 && first + size <= times.length)
    .map((first) => times.slice(first, first + size));

const isSlow = (times: readonly number[]): boolean =>
  isRegular(times) && Math.min(...gapsOf(times)) >= fewSuffice;

/** Below an hour, or nearly that, it is no schedule, but somebody who starts one after the other. */
function isRegular(times: readonly number[]): boolean {
  const gaps = gapsOf(times);
  const spread = Math.max(...gaps) - Math.min(...gaps);
  const interval = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const tolerance = Math.min(hourMs, Math.max(15 * minuteMs, 0.2 * interval));
  return interval >= hourMs - 5 * minuteMs && spread <= tolerance;
}

const gapsOf = (times: readonly number[]): number[] =>
  times.slice(1).map((time, index) => time - (times[index] ?? time));
