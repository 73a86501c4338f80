import { completeness, type DetectorState, read, readingCount } from './detector-state.ts';

/** Days that it takes to know how incomplete a figure tends to be. */
const enoughReadings = 14;
/** From then on a day counts for this share. */
const share = 0.05;

/** Learns from a day that is complete how much of it was there when it was first read, and the second time. */
export function learnCompleteness(
  state: DetectorState,
  amount: number,
  seen: readonly [first: number, second: number],
): void {
  if (!(amount > 0)) return;
  const count = read(state, readingCount) + 1;
  state[readingCount] = count;
  const weight = Math.max(share, 1 / count);
  for (const [age, figure] of seen.entries()) {
    const ratio = figure / amount;
    if (!(ratio > 0 && ratio <= 1.2)) continue; // never read at that age, or restated
    const place = completeness + 2 * age;
    const difference = ratio - read(state, place);
    const mean = read(state, place) + weight * difference;
    const variance = (1 - weight) * (read(state, place + 1) + weight * difference * difference);
    state.set([mean, variance], place);
  }
}

/**
 * What a figure that still fills will come to at least, most likely, and how uncertain that is, in logarithms. As it
 * is where the series has not shown yet how incomplete its figures are: a figure can only rise.
 */
export function correctedFor(
  state: DetectorState,
  amount: number,
  age: 0 | 1,
): { amount: number; uncertainty: number } {
  if (read(state, readingCount) < enoughReadings) return { amount, uncertainty: 0 };
  const place = completeness + 2 * age;
  const deviation = Math.sqrt(read(state, place + 1));
  const ratio = Math.min(1, read(state, place) + deviation);
  return { amount: amount / ratio, uncertainty: deviation / ratio };
}
