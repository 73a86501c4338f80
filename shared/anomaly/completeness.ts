import { completeness, type DetectorState, read, readingCount } from './detector-state.ts';

/** Days that it takes to know how incomplete a figure tends to be: two of each weekday. */
const enoughReadings = 14;
/** A day counts for this share once twenty are known, and before that for as much as each of them: about a month. */
const share = 0.05;
/** Of what a day came to, more than this was restated since; it says nothing of how a day fills. */
const mostThatFills = 1.2;

/**
 * Learns from a day that is complete how much of it was there when it was first read, and the second time: mean and
 * variance, exponentially weighted (Finch, Incremental calculation of weighted mean and variance, 2009).
 */
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
    if (!(ratio > 0 && ratio <= mostThatFills)) continue; // never read at that age, or restated
    const place = completeness + 2 * age;
    const difference = ratio - read(state, place);
    const mean = read(state, place) + weight * difference;
    const variance = (1 - weight) * (read(state, place + 1) + weight * difference * difference);
    state.set([mean, variance], place);
  }
}

/**
 * What a figure that still fills will come to at least, most likely (one deviation more may be there than on the mean),
 * and how uncertain that is: a deviation, in logarithms. As it is where the series has not shown yet how incomplete its
 * figures are: a figure can only rise.
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
