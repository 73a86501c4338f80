import {
  type DetectorState,
  dayAgo,
  isOpen,
  learned,
  level,
  levelSince,
  levelsBefore,
  logs,
  noiseHighest,
  noiseMeasured,
  noiseUsual,
  openLevel,
  read,
  recentDays,
  residuals,
  rhythm,
  spans,
  weekdayOf,
} from './detector-state.ts';
import { medianOf, normalDeviation, upperQuantileOf } from './statistics.ts';

/** The last days that the level is the median of: it follows a step within a week, and no single day moves it. */
const levelDays = 10;
/** Older days say nothing of the level, however few newer ones are known. */
const oldestOfLevel = 42;
/** Days before a span that it takes to know from where it rose. */
const enoughBefore = 10;
/** Residuals that it takes to measure noise; until then a tenth is assumed. */
const enoughResiduals = 14;
const assumedNoise = 0.1;
/** What was flat so far may well move by a few percent. */
const smallestNoise = 0.04;
/** Nine of ten days lie within so many deviations of normal noise; where they don't, the noise is larger. */
const ninthDecile = 1.645;

/** The days that any level is made of, by age; without their weekdays' share, NaN where they weren't learnt. */
const flat = new Float64Array(recentDays);
const values = new Float64Array(recentDays);

/**
 * Makes once what `day` is judged by, as often as that happens: while it fills, when it is complete, and, close
 * enough, the day after it while both fill.
 */
export function learnOutlook(state: DetectorState, day: number): void {
  flatten(state, day);
  const newest = levelOfLast();
  // In an incident that lasts nothing is learnt: what was expected before it stays.
  const base = read(state, isOpen) > 0 ? read(state, openLevel) : Number.NaN;
  if (!Number.isNaN(base)) state[level] = base;
  else if (!Number.isNaN(newest)) state[level] = newest;
  learnNoise(state);
  const oldest = day - read(state, levelSince);
  for (const [index, span] of spans.entries()) {
    state[levelsBefore + index] = levelBefore(span, oldest);
  }
}

function flatten(state: DetectorState, day: number): void {
  let weekday = weekdayOf(day);
  for (let age = 1; age < recentDays; age++) {
    weekday = weekday === 0 ? 6 : weekday - 1;
    flat[age] = Number.isNaN(dayAgo(state, learned, age))
      ? Number.NaN
      : dayAgo(state, logs, age) - read(state, rhythm + weekday);
  }
}

/** The logarithm of the recent level, without the weekday's share. */
function levelOfLast(): number {
  let count = 0;
  for (let age = 1; age <= oldestOfLevel && count < levelDays; age++) {
    const log = flat[age] as number;
    if (!Number.isNaN(log)) values[count++] = log;
  }
  return medianOf(values, count);
}

/** Days before a span that it is compared with: three weeks, six for the longest. */
export const comparedDays = (span: number): number => Math.max(21, 3 * span);

/** The median of the days before a span that are no older than `oldest` (NaN: any age); NaN where too few are known. */
function levelBefore(span: number, oldest: number): number {
  const end = span + comparedDays(span);
  let count = 0;
  for (let age = span; age < end && !(age > oldest); age++) {
    const log = flat[age] as number;
    if (!Number.isNaN(log)) values[count++] = log;
  }
  return count < enoughBefore ? Number.NaN : medianOf(values, count);
}

/**
 * How far days lie from what is expected of them, in logarithms: the median absolute deviation, scaled to a standard
 * deviation (Hampel, The influence curve, 1974; Rousseeuw and Croux, 1993), or the ninth decile scaled so where that
 * is more. The first doesn't see heavy tails, the second does.
 */
function learnNoise(state: DetectorState): void {
  let [count, highest] = [0, 0];
  for (let age = 1; age <= recentDays; age++) {
    const residual = dayAgo(state, residuals, age);
    if (Number.isNaN(residual) || Number.isNaN(dayAgo(state, learned, age))) continue;
    values[count++] = Math.abs(residual);
    if (residual > highest) highest = residual;
  }
  const isKnown = count >= enoughResiduals;
  const measured = isKnown ? normalDeviation * medianOf(values, count) : assumedNoise;
  const tail = isKnown ? upperQuantileOf(values, count, 0.9) / ninthDecile : assumedNoise;
  state[noiseMeasured] = measured;
  state[noiseUsual] = Math.max(smallestNoise, measured, tail);
  state[noiseHighest] = highest;
}
