/**
 * All that the detector remembers of a series: so many numbers, whatever its age. As bytes it goes to disk and back
 * without a change, so that a walk that is interrupted anywhere goes on as if it had not been.
 *
 * The daily parts hold the last `memoryDays` days, the newest one last; NaN stands for what isn't known or isn't to be
 * learnt from. Amounts keep seven digits, as single precision has them.
 */
export type DetectorState = Float32Array;

/** Twelve weeks: eight of rhythm and noise, and room for the weeks they are compared with. */
export const memoryDays = 84;
/** Eight weeks: what rhythm, noise and recent spend are taken from. */
export const recentDays = 56;

/** Changes whenever the layout or the meaning of a number does; older states are then made anew from the ledger. */
const version = 1;

/** Where each number lies. */
const scalars = 24;
/** The day after the newest one that was learnt, since 1970-01-01; NaN before the first. */
export const nextDay = 1;
/** Days learnt so far, unknown ones included. */
export const dayCount = 2;
/** The first day with spend; NaN before. */
export const firstSpend = 3;
/** Dollars added to each amount before its logarithm is taken. */
export const logOffset = 4;
/** By how much the newest day exceeded what was expected, where it may turn out to be a fee; else 0. */
export const pendingFee = 5;
/** The first day of what is expected now; earlier days belong to a level that was left. */
export const levelSince = 6;
/** Of the incident: 1 while it is open; its first day; its closed days; calm ones in a row; the newest high one. */
export const isOpen = 7;
export const openSince = 8;
export const openDays = 9;
export const calmDays = 10;
export const lastHigh = 11;
/** What its days cost above the expected, on a running mean. */
export const meanExcess = 12;
/** Pulses seen so far. */
export const pulseCount = 13;
/** Days of which it is known how complete they were when first read. */
export const readingCount = 14;

/** What the next day is judged by, made once when a day was learnt: the level, and the noise (see `learnOutlook`). */
export const level = 15;
export const noiseMeasured = 16;
export const noiseUsual = 17;
export const noiseHighest = 18;
/** The level before each of the spans that end on the next day. */
export const levelsBefore = 19;

/** The level that an open incident is measured by; NaN where that is the recent one. */
export const openLevel = 23;

/** By how much each weekday lies above its week, in logarithms; by day number modulo 7. */
export const rhythm = scalars;
/** What each day cost. */
export const amounts = rhythm + 7;
/** The same, without fees, for the days that were learnt from; and its logarithm. */
export const learned = amounts + memoryDays;
export const logs = learned + memoryDays;
/** How far each day lay from the days around it, in logarithms: what the rhythm is the median of. */
export const offsets = logs + memoryDays;
/** How far each day lay from what was expected of it, in logarithms. */
export const residuals = offsets + memoryDays;

/** Spans of days whose sum is compared with the weeks before them. */
export const spans = [2, 3, 7, 14] as const;
/** By how much each such span lay above its weeks before, in logarithms; one part of `memoryDays` a span. */
export const rises = residuals + memoryDays;

/** The fees of each day of the month: the last three, each its amount and its day. */
export const feesKept = 3;
export const feeAmounts = rises + spans.length * memoryDays;
export const feeDays = feeAmounts + 31 * feesKept;

/** The dearest day of each of the last six spans of four weeks. */
export const peaksKept = 6;
export const peaks = feeDays + 31 * feesKept;

/** The last pulses of a series that mostly rests: amount and day. */
export const pulsesKept = 12;
export const pulseAmounts = peaks + peaksKept;
export const pulseDays = pulseAmounts + pulsesKept;

/** How complete a day was on its first and on its second reading: mean and variance of each. */
export const completeness = pulseDays + pulsesKept;

const length = completeness + 4;

/** What is remembered of a series before its first day. */
export function newDetector(): DetectorState {
  const state = new Float32Array(length).fill(Number.NaN);
  state[0] = version;
  for (const zero of [dayCount, pendingFee, isOpen, openDays, calmDays, pulseCount, readingCount])
    state[zero] = 0;
  state[logOffset] = 1;
  state.set([0.1, 0.1, 0], noiseMeasured);
  state.fill(0, rhythm, rhythm + 7);
  state.fill(0, feeAmounts, feeAmounts + 31 * feesKept);
  state.fill(0, peaks, peaks + peaksKept);
  // What to take for granted of the first readings until the series has shown how complete they are.
  state.set([0.9, 0.01, 0.98, 0.001], completeness);
  return state;
}

/** A state from its numbers; undefined where they are another version's, or damaged. */
export function restoreDetector(numbers: Float32Array): DetectorState | undefined {
  return numbers.length === length && numbers[0] === version ? numbers : undefined;
}

/** How many numbers a state has. */
export const detectorLength = length;

/** Moves the daily parts on by a day, whose own places are still to be filled. */
export function shiftDays(state: DetectorState): void {
  state.copyWithin(amounts, amounts + 1, feeAmounts);
  for (let part = amounts; part < feeAmounts; part += memoryDays) state[part + memoryDays - 1] = Number.NaN;
}

/** The number at a place. */
export const read = (state: DetectorState, place: number): number => state[place] as number;

/** What a daily part holds of the day `age` days before the next one: 1 is the newest. */
export const dayAgo = (state: DetectorState, part: number, age: number): number =>
  state[part + memoryDays - age] as number;

/** The number of the weekday of the day `age` days before `day`, which are both day numbers. */
export const weekdayOf = (day: number, age = 0): number => (((day - age) % 7) + 7) % 7;
