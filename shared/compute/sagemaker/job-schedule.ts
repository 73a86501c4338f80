import type { IsoTime } from '../../period.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A schedule is late by what its pipeline does before, and clocks are changed by an hour. */
const sameHourMs = 90 * 60_000;

/**
 * Tells of each of these starts of the same whether it comes from a schedule: at about the same hour as on a day before,
 * or evenly spaced with two others.
 */
export function scheduleOf(starts: readonly IsoTime[]): (at: IsoTime) => boolean {
  const times = [...new Set(starts.map((time) => Date.parse(time)))].toSorted((a, b) => a - b);
  return (at) => {
    const start = Date.parse(at);
    return isEvenlySpaced(start, times) || times.some((earlier) => isSameHour(earlier, start));
  };
}

function isSameHour(earlier: number, start: number): boolean {
  const apart = start - earlier;
  const offset = apart % dayMs;
  return apart > dayMs / 2 && Math.min(offset, dayMs - offset) <= sameHourMs;
}

function isEvenlySpaced(start: number, times: readonly number[]): boolean {
  const index = times.indexOf(start);
  return [index - 2, index - 1, index].some(
    (first) => first >= 0 && isRegular(times.slice(first, first + 3)),
  );
}

/** Below an hour it is no schedule, but somebody who starts one after the other. */
function isRegular([first, second, third]: readonly number[]): boolean {
  if (first === undefined || second === undefined || third === undefined) return false;
  const [before, after] = [second - first, third - second];
  const interval = (before + after) / 2;
  const tolerance = Math.min(Math.max(hourMs, 0.2 * interval), interval / 2);
  return Math.min(before, after) >= hourMs && Math.abs(after - before) <= tolerance;
}
