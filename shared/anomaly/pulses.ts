import type { Usd } from '../money.ts';
import {
  type DetectorState,
  dayAgo,
  dayCount,
  learned,
  memoryDays,
  pulseAmounts,
  pulseCount,
  pulseDays,
  pulsesKept,
  read,
  recentDays,
} from './detector-state.ts';
import { isPulse, type Recent } from './recent.ts';
import { medianOf, normalDeviation } from './statistics.ts';

/** A series of which more days rest is judged by its pulses: a median over both says nothing of either. */
const restingShare = 0.25;
/** Fewer pulses tell nothing of the next one: three times between them. */
const fewestPulses = 4;
/** A weekday works, or rests, where all but this share of its days do; one of eight may be a holiday. */
const exceptions = 0.2;
/** Weekdays that work every week where a week, not a batch, is what is seen. */
const workingWeek = 4;

/** Whether a series rests so often, and so irregularly, that a day says nothing of the next one. */
export const comesInPulses = (state: DetectorState, recent: Recent): boolean =>
  read(state, pulseCount) >= fewestPulses &&
  recent.resting > restingShare * recent.known &&
  !followsTheWeek(state, recent.dearest);

/** Working days and weekends: the same four weekdays or more every week. */
function followsTheWeek(state: DetectorState, dearest: number): boolean {
  let working = 0;
  for (let weekday = 1; weekday <= 7; weekday++) {
    let [known, pulses] = [0, 0];
    for (let age = weekday; age <= recentDays; age += 7) {
      const amount = dayAgo(state, learned, age);
      if (Number.isNaN(amount)) continue;
      known++;
      if (isPulse(amount, dearest)) pulses++;
    }
    if (pulses > exceptions * known && pulses < (1 - exceptions) * known) return false;
    if (known > 0 && pulses >= (1 - exceptions) * known) working++;
  }
  return working >= workingWeek;
}

/** What the pulses of a series say of a day, in dollars. */
export type PulseLimits = {
  /** What a pulse costs. */
  usual: Usd;
  limit: Usd;
  /** No pulse is due: they come every so many days, at the earliest. */
  every?: number;
};

/** Times its noise, in logarithms, that a pulse may exceed the others by. */
const pulseDeviations = 4;
/** Their noise at least, in logarithms: twelve pulses may look alike by chance. */
const smallestNoise = 0.1;
/** And times the dearest of the last twelve: a batch has twice the data now and then, seldom more. */
const abovePulses = 1.5;
/** The share of a pulse that a day may cost on which none is due: what a batch leaves behind. */
const unexpectedShare = 0.3;

/** How much the time between pulses may vary, in days or as a share of it, and still be a period. */
const jitterDays = 2;
const jitterShare = 0.2;

const scratch = new Float64Array(memoryDays);

/**
 * The most that a day may cost: no pulse where none is due; else, in logarithms, the median of the last twelve and so
 * many of their deviations (median absolute deviation), or the dearest of them and half as much again, and the floor.
 */
export function pulseLimits(state: DetectorState, day: number, floor: Usd): PulseLimits {
  const count = read(state, pulseCount);
  const kept = Math.min(pulsesKept, count);
  let dearest = 0;
  for (let index = 0; index < kept; index++) {
    const amount = read(state, pulseAmounts + ((count - kept + index) % pulsesKept));
    scratch[index] = Math.log(amount);
    if (amount > dearest) dearest = amount;
  }
  const middle = medianOf(scratch, kept);
  const usual = Math.exp(middle);
  const every = periodOf(state, day, count, kept);
  if (every !== undefined) return { usual, limit: Math.max(floor, unexpectedShare * usual), every };
  for (let index = 0; index < kept; index++) scratch[index] = Math.abs((scratch[index] as number) - middle);
  const noise = Math.max(smallestNoise, normalDeviation * medianOf(scratch, kept));
  return { usual, limit: Math.max(usual * Math.exp(pulseDeviations * noise), abovePulses * dearest) + floor };
}

/** The shortest time between pulses, where it hardly varies and hasn't gone by since the last one. */
function periodOf(state: DetectorState, day: number, count: number, kept: number): number | undefined {
  let [shortest, longest] = [Number.POSITIVE_INFINITY, 0];
  let previous = read(state, pulseDays + ((count - kept) % pulsesKept));
  for (let index = 1; index < kept; index++) {
    const next = read(state, pulseDays + ((count - kept + index) % pulsesKept));
    shortest = Math.min(shortest, next - previous);
    longest = Math.max(longest, next - previous);
    previous = next;
  }
  const isRegular = shortest > 1 && longest - shortest <= Math.max(jitterDays, jitterShare * shortest);
  return isRegular && day - previous < shortest - 1 ? shortest : undefined;
}

/** Spans, in days, in which a batch that runs every day shows: half a week, and a whole one for one that often runs. */
const runs = [3, 7];
/** How much dearer such a run is than the dearest span as long before. */
const aboveRuns = 2;
/** The share of a usual pulse that the newest day must cost: the tail of a run is no evidence. */
const wholePulse = 0.9;

/** How many days a run of pulses without a rest lasts, and its sum, where that exceeds all before it. */
export function pulseRun(
  state: DetectorState,
  amount: Usd,
  { dearest }: Recent,
  usual: Usd,
  floor: Usd,
): { span: number; actual: Usd } | undefined {
  if (amount < wholePulse * usual) return undefined;
  for (const span of runs) {
    const actual = amount + runBefore(state, span, dearest);
    if (Number.isNaN(actual)) continue;
    const limit = aboveRuns * dearestSpan(state, span) + floor * span;
    if (actual > limit) return { span, actual };
  }
  return undefined;
}

/** What the days of a run before its last one cost; NaN where one of them rests. */
function runBefore(state: DetectorState, span: number, dearest: number): number {
  let total = 0;
  for (let age = 1; age < span; age++) {
    const amount = dayAgo(state, learned, age);
    if (!isPulse(amount, dearest)) return Number.NaN;
    total += amount;
  }
  return total;
}

/** Spans that it takes to know what is usual. */
const enoughSpans = 21;

/** Infinity where too few are known. */
function dearestSpan(state: DetectorState, span: number): number {
  const oldest = Math.min(memoryDays, read(state, dayCount));
  let [highest, spansKnown] = [0, 0];
  for (let age = span; age + span - 1 <= oldest; age++) {
    let total = 0;
    for (let before = 0; before < span; before++) total += dayAgo(state, learned, age + before);
    if (Number.isNaN(total)) continue;
    spansKnown++;
    if (total > highest) highest = total;
  }
  return spansKnown >= enoughSpans ? highest : Number.POSITIVE_INFINITY;
}

/** Remembers a pulse, in place of the one of twelve pulses ago. */
export function learnPulse(state: DetectorState, day: number, amount: Usd): void {
  const place = read(state, pulseCount) % pulsesKept;
  state[pulseAmounts + place] = amount;
  state[pulseDays + place] = day;
  state[pulseCount] = read(state, pulseCount) + 1;
}

/** Once in so many times is no chance. */
const hardlyEver = 5000;
/** Fewer days in a row are no run. */
const fewestInARow = 3;
/** Days after the first on which it shows that a run is still told: later it is known. */
const news = 3;

/**
 * The days in a row up to the judged one that cost more than `least`, where there are more of them than come by chance
 * once in five thousand times, by how often such days came before; undefined where there aren't.
 */
export function runWithoutRest(
  state: DetectorState,
  amount: number,
  least: number,
): { span: number; actual: number } | undefined {
  if (!(amount > least)) return undefined;
  let [span, actual] = [1, amount];
  for (; span < memoryDays && dayAgo(state, learned, span) > least; span++)
    actual += dayAgo(state, learned, span);
  let [known, active] = [0, 0];
  for (let age = span; age <= memoryDays; age++) {
    const before = dayAgo(state, learned, age);
    if (Number.isNaN(before)) continue;
    known++;
    if (before > least) active++;
  }
  if (known < enoughSpans) return undefined;
  const share = (active + 1) / (known + 2);
  const needed = Math.max(fewestInARow, Math.ceil(Math.log(1 / hardlyEver) / Math.log(share)));
  return span >= needed && span <= needed + news ? { span, actual } : undefined;
}
