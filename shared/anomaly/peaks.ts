import type { Usd } from '../money.ts';
import { type DetectorState, peaks, peaksKept, read } from './detector-state.ts';
import { learnPulse } from './pulses.ts';
import { isPulse } from './recent.ts';

/** Four weeks to a peak: with six of them what a series has cost is remembered for half a year. */
const peakDays = 28;

/** The dearest day that was learnt in the last half year, in dollars; 0 where there was none. */
export function highestPeak(state: DetectorState): Usd {
  let highest = 0;
  for (let place = peaks; place < peaks + peaksKept; place++) highest = Math.max(highest, read(state, place));
  return highest;
}

/**
 * Remembers what a day cost, in place of the peak of half a year ago, and as a pulse where it is one beside the
 * dearest day of the weeks before it.
 */
export function learnPeak(state: DetectorState, day: number, amount: Usd, dearest: Usd): void {
  const place = peaks + (Math.floor(day / peakDays) % peaksKept);
  if (day % peakDays === 0) state[place] = 0;
  state[place] = Math.max(read(state, place), amount);
  if (amount > 0 && isPulse(amount, dearest)) learnPulse(state, day, amount);
}
