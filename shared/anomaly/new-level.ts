import {
  amounts,
  type DetectorState,
  lastHigh,
  learned,
  levelSince,
  memoryDays,
  openSince,
  read,
  recentDays,
  residuals,
  rises,
  spans,
} from './detector-state.ts';
import { learnRhythm, newestWithSides } from './rhythm.ts';

/** The days of an incident that stays are what is expected from now on; what was before is no measure any more. */
export function adoptLevel(state: DetectorState, day: number): void {
  const since = read(state, openSince);
  const days = Math.min(memoryDays - 1, day - since);
  for (let age = 1; age <= days + 1; age++) {
    const place = memoryDays - age;
    state[learned + place] = read(state, amounts + place);
  }
  state.fill(Number.NaN, rises, rises + spans.length * memoryDays);
  state.fill(Number.NaN, residuals, residuals + memoryDays - days - 1);
  state[levelSince] = since;
  state[lastHigh] = Number.NaN;
  for (let age = recentDays; age >= newestWithSides; age--) learnRhythm(state, day, age);
}
