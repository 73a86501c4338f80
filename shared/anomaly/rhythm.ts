import {
  type DetectorState,
  dayAgo,
  dayCount,
  learned,
  levelSince,
  logs,
  memoryDays,
  offsets,
  read,
  recentDays,
  rhythm,
  weekdayOf,
} from './detector-state.ts';
import { medianOf } from './statistics.ts';

/** Days before and after a day that it is compared with: each weekday once. */
const around = 3;
/** Of the seven days around a day, those that must be known. */
const enoughAround = 5;
/** Weeks after which a weekday's offset is taken as it is; with fewer a part of it, since one week may be chance. */
const trustedWeeks = 3;
/** Weeks of a new level that say more of the weekday than the old level does. */
const enoughWeeks = 2;

/** The age, counted from the day after the newest one, of the newest day of which both sides are known. */
export const newestWithSides = around + 1;

const values = new Float64Array(memoryDays);

/**
 * Learns how far the day `age` days before the next one lay from the median of the week around it, and from eight
 * such weeks how far its weekday lies. `day` is the newest day that was learnt. Medians, so that an outlier among
 * them doesn't become a rhythm.
 */
export function learnRhythm(state: DetectorState, day: number, age: number): void {
  if (read(state, dayCount) < age + around) return;
  const place = memoryDays - age;
  state[offsets + place] = Number.isNaN(read(state, learned + place))
    ? Number.NaN
    : read(state, logs + place) - levelAround(state, age);
  learnWeekday(state, day, age);
}

/** The median of a day and of the days around it, in logarithms; NaN where too few are known. */
function levelAround(state: DetectorState, age: number): number {
  let count = 0;
  for (let near = age - around; near <= Math.min(age + around, memoryDays); near++) {
    if (!Number.isNaN(dayAgo(state, learned, near))) values[count++] = dayAgo(state, logs, near);
  }
  return count < enoughAround ? Number.NaN : medianOf(values, count);
}

function learnWeekday(state: DetectorState, day: number, newest: number): void {
  const since = day + 1 - read(state, levelSince);
  let count = 0;
  for (let age = newest; age < newest + recentDays && age <= memoryDays; age += 7) {
    if (count >= enoughWeeks && age > since) break;
    const offset = dayAgo(state, offsets, age);
    if (!Number.isNaN(offset)) values[count++] = offset;
  }
  if (count === 0) return; // as it was, however long ago
  state[rhythm + weekdayOf(day + 1, newest)] = medianOf(values, count) * Math.min(1, count / trustedWeeks);
}

/** How far the dearest weekday lies above the cheapest one, in logarithms. */
export function rhythmRange(state: DetectorState): number {
  let [lowest, highest] = [0, 0];
  for (let place = rhythm; place < rhythm + 7; place++) {
    lowest = Math.min(lowest, read(state, place));
    highest = Math.max(highest, read(state, place));
  }
  return highest - lowest;
}
