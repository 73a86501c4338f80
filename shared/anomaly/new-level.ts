import {
  amounts,
  type DetectorState,
  dayAgo,
  lastHigh,
  learned,
  levelSince,
  logs,
  memoryDays,
  openSince,
  read,
  recentDays,
  residuals,
  rhythm,
  rises,
  spans,
  weekdayOf,
} from './detector-state.ts';
import { learnRhythm, newestWithSides } from './rhythm.ts';
import { medianOf } from './statistics.ts';

/** The days of an incident that stays are what is expected from now on; what was before is no measure any more. */
export function adoptLevel(state: DetectorState, day: number): void {
  const since = read(state, openSince);
  const days = Math.min(memoryDays - 1, day - since);
  for (let age = 1; age <= days + 1; age++) {
    const place = memoryDays - age;
    state[learned + place] = read(state, amounts + place);
  }
  state.fill(Number.NaN, rises, rises + spans.length * memoryDays);
  state.fill(Number.NaN, residuals, residuals + memoryDays);
  state[levelSince] = since;
  state[lastHigh] = Number.NaN;
  for (let age = recentDays; age >= newestWithSides; age--) learnRhythm(state, day, age);
  learnNewNoise(state, day, days + 1);
}

const values = new Float64Array(memoryDays);

/** How far its days lie from the middle of the new level: from the old one they all lie too far to say how noisy it is. */
function learnNewNoise(state: DetectorState, day: number, days: number): void {
  const flat = (age: number) => dayAgo(state, logs, age) - read(state, rhythm + weekdayOf(day + 1, age));
  let count = 0;
  for (let age = 1; age <= days; age++) if (!Number.isNaN(flat(age))) values[count++] = flat(age);
  const middle = medianOf(values, count);
  for (let age = 1; age <= days; age++) state[residuals + memoryDays - age] = flat(age) - middle;
}
