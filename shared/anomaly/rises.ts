import type { Usd } from '../money.ts';
import {
  type DetectorState,
  dayAgo,
  isOpen,
  learned,
  levelSince,
  levelsBefore,
  logOffset,
  logs,
  memoryDays,
  noiseMeasured,
  read,
  rhythm,
  rises,
  spans,
  weekdayOf,
} from './detector-state.ts';
import { logOf } from './log-scale.ts';
import { comparedDays } from './outlook.ts';
import { medianOf, normalDeviation } from './statistics.ts';

/** The share of a span's days that must be known. */
const enoughOfSpan = 0.7;
/** Newer rises aren't compared with: a leak that grows slowly would hide behind its own yesterday. */
const riseGap = 7;
/** Rises that it takes to know what is usual. */
const enoughRises = 14;
/** Until then this share of the noise of single days: a mean of several varies less. */
const noiseOfYoung = 0.8;

/** By how much the days of a span lie above the weeks before it, in logarithms; one a span. */
export type Rises = Float64Array;

const newest = new Float64Array(spans.length);
const unknown = new Float64Array(spans.length).fill(Number.NaN);

/**
 * The rises of the spans that end on `day`, which cost `spent`; NaN where too little of a span, or of the weeks before
 * it, is known. The same array each time: to be used before the next day's are asked for.
 */
export function risesOf(state: DetectorState, day: number, spent: Usd): Rises {
  let weekday = weekdayOf(day);
  let [total, known] = [logOf(spent, read(state, logOffset)) - read(state, rhythm + weekday), 1];
  let age = 1;
  for (let index = 0; index < spans.length; index++) {
    const span = spans[index] as number;
    for (; age < span; age++) {
      weekday = weekday === 0 ? 6 : weekday - 1;
      if (Number.isNaN(dayAgo(state, learned, age))) continue;
      total += dayAgo(state, logs, age) - read(state, rhythm + weekday);
      known++;
    }
    newest[index] =
      known < enoughOfSpan * span ? Number.NaN : total / known - read(state, levelsBefore + index);
  }
  return newest;
}

/** Remembers how the spans that end on the newest day rose; undefined where that day has no level to rise above. */
export function learnRises(state: DetectorState, day: number, risesOfDay: Rises = unknown): void {
  for (const [index, span] of spans.entries()) {
    // While a new level settles in, what it rises above is the old one.
    const isSettling = day - read(state, levelSince) < span + comparedDays(span);
    const isUsual = read(state, isOpen) === 0 && !isSettling;
    state[rises + (index + 1) * memoryDays - 1] = isUsual ? (risesOfDay[index] as number) : Number.NaN;
  }
}

/** How spans of one length have risen, in logarithms. */
export type UsualRises = {
  /** At the median: what grows by as much again is organic. */
  middle: number;
  noise: number;
  highest: number;
  /** Too few to know; the rest is assumed. */
  isYoung: boolean;
};

const values = new Float64Array(memoryDays);
const copied = new Float64Array(memoryDays);

/** The rises of the last twelve weeks but the newest; `index` is that of the span in `spans`. */
export function usualRises(state: DetectorState, index: number): UsualRises {
  const part = rises + index * memoryDays;
  let [count, highest] = [0, Number.NEGATIVE_INFINITY];
  for (let age = riseGap; age < memoryDays; age++) {
    const rise = dayAgo(state, part, age);
    if (Number.isNaN(rise)) continue;
    copied[count] = rise;
    values[count++] = rise;
    if (rise > highest) highest = rise;
  }
  if (count < enoughRises) {
    return { middle: 0, noise: noiseOfYoung * read(state, noiseMeasured), highest: 0, isYoung: true };
  }
  const middle = medianOf(values, count);
  const centre = Math.max(0, middle);
  for (let at = 0; at < count; at++) values[at] = Math.abs((copied[at] as number) - centre);
  return { middle, noise: normalDeviation * medianOf(values, count), highest, isYoung: false };
}
