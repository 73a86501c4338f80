import type { Usd } from '../money.ts';
import { type Allowance, isPlanned } from './allowance.ts';
import {
  type DetectorState,
  firstSpend,
  isOpen,
  level,
  logOffset,
  noiseHighest,
  noiseUsual,
  pendingFee,
  read,
  rhythm,
  weekdayOf,
} from './detector-state.ts';
import { feeDue, monthDay, withFee, withoutFee } from './fees.ts';
import { spendAt } from './log-scale.ts';
import { highestPeak } from './peaks.ts';
import type { Policy } from './policy.ts';
import { comesInPulses, pulseLimits, pulseRun, runWithoutRest } from './pulses.ts';
import { isPulse, type Recent, recentOf } from './recent.ts';
import { judgeSpans } from './span-test.ts';
import type { Figure, Verdict } from './verdict.ts';

/** Days read before a day can be judged: three of each weekday. */
const minimumHistory = 21;
/** Days with spend before a series has a normal of its own: as many as a week has. */
export const minimumActiveDays = 7;
/** Until a month has gone by nobody knows what falls due in it: a single high day waits for the next one. */
const firstMonth = 35;
/** What is new may double before it is told, beyond the floor: of a first day nothing else is known. */
const aboveNew = 2;
/** What was seen of the same weekday passes again, and a little more. */
const aboveSeen = 1.2;
/** The share, in logarithms, of the series' own highest noise that passes again: the same size once more is told. */
const ownNoise = 0.8;
/** However noisy, three times the dearest day of eight weeks is no noise. */
const noisiest = 3;
/** The share of its limit above which a pulse keeps an incident open. */
const highPulse = 0.8;
/** Rounding is no excess. */
const epsilon = 1e-6;

/** What a run knows of a series when it judges a day; made for one day, and used at once. */
type Sight = {
  state: DetectorState;
  policy: Policy;
  figure: Figure;
  /** How far above the expected a day may lie because it was planned so. */
  allowance: Allowance;
  /** Noise, in logarithms, that comes from a figure's being incomplete. */
  uncertainty: number;
  recent: Recent;
  /** Whether a high day may yet turn out to be a fee. */
  mayBeFee: boolean;
};

/**
 * Judges a day by the one test that fits what its series is like: it says nothing yet, comes in pulses, is new, or has
 * a normal of its own. `uncertainty` is the standard deviation, in logarithms, of a figure that still fills.
 */
export function judge(
  state: DetectorState,
  figure: Figure,
  policy: Policy,
  allowance: Allowance,
  uncertainty: number,
): Verdict {
  const { day, amount } = figure;
  if (Number.isNaN(amount)) return unknown(day, amount, { of: 'unread' });
  const recent = recentOf(state);
  if (recent.known < minimumHistory) {
    if (read(state, isOpen) > 0) return judgeLasting(state, figure, policy, allowance);
    return unknown(day, amount, { of: 'history', known: recent.known, needed: minimumHistory });
  }
  // Fees, subscriptions and yearly plans fall due on the 1st.
  const isFirst = monthDay(day).dayOfMonth === 0;
  const sight = { state, policy, figure, allowance, uncertainty, recent, mayBeFee: isFirst };
  if (comesInPulses(state, recent)) return judgePulse(sight);
  const age = day - read(state, firstSpend);
  if (!(age >= minimumHistory) || recent.active < minimumActiveDays) return judgeNew(sight);
  sight.mayBeFee ||= age < firstMonth && read(state, pendingFee) === 0; // high yesterday as well: no fee
  return judgeUsual(sight);
}

const unknown = (day: number, actual: Usd, grounds: Verdict['grounds']): Verdict => ({
  day,
  state: 'unknown',
  expected: Number.NaN,
  limit: Number.NaN,
  actual,
  span: 1,
  high: false,
  grounds,
});

/** An incident may last for so long that hardly anything else is known: what was expected when it began still is. */
function judgeLasting(
  state: DetectorState,
  { day, amount }: Figure,
  { ratio, floor }: Policy,
  { factor, excess }: Allowance,
): Verdict {
  const log = read(state, level) + read(state, rhythm + weekdayOf(day));
  const expected = spendAt(log, read(state, logOffset));
  const limit = Math.max(expected * ratio, expected + floor, expected * factor + excess);
  const high = amount > limit;
  const grounds = { of: 'day' } as const;
  return { day, state: 'normal', expected, limit, actual: amount, test: 'day', span: 1, high, grounds };
}

/** Floors that a day costs at least which counts as one of a run. */
const restingFloors = 2;

/** Told, or held where the next day may show that it was a fee. */
const raised = (verdict: Omit<Verdict, 'state' | 'high'>, { mayBeFee }: Sight): Verdict => ({
  ...verdict,
  state: mayBeFee ? 'held' : 'anomalous',
  high: true,
});

/** Without a normal of its own only the floor speaks, above twice what the series has cost before. */
function judgeNew(sight: Sight): Verdict {
  const { state, policy, figure, allowance } = sight;
  const { day, amount } = figure;
  const highest = highestPeak(state);
  const fee = feeDue(state, day);
  const unplanned = Math.max(aboveNew * highest + policy.floor, withFee(0, fee));
  const limit = unplanned * allowance.factor + allowance.excess;
  const grounds = { of: 'new', highest } as const;
  const verdict = { day, expected: 0, limit, actual: amount, test: 'new', span: 1, grounds } as const;
  if (amount > limit * (1 + epsilon)) return raised(verdict, sight);
  const run = fee > 0 ? undefined : judgeRun(sight, verdict);
  return run ?? { ...verdict, state: 'normal', high: false };
}

/** Days in a row that cost twice the floor and more, as many as chance hardly brings in a series that rests so often. */
function judgeRun(sight: Sight, verdict: Omit<Verdict, 'state' | 'high'>): Verdict | undefined {
  const { state, policy, figure, allowance } = sight;
  if (isPlanned(allowance)) return undefined;
  const run = runWithoutRest(state, figure.amount, restingFloors * policy.floor);
  return run && toldRun(sight, verdict, run);
}

/** A run is more than what such a series costs on the mean: it is the rests that fail to come. */
function toldRun(
  { recent, policy }: Sight,
  verdict: Omit<Verdict, 'state' | 'high'>,
  { span, actual }: { span: number; actual: Usd },
): Verdict | undefined {
  const expected = recent.mean;
  if (actual - span * expected < policy.floor) return undefined;
  const expectedDays = Array<Usd>(span).fill(expected);
  const grounds = { of: 'run', actual } as const;
  return { ...verdict, state: 'anomalous', high: true, expected, span, expectedDays, grounds };
}

/** Days between what comes once a month, at least. */
const monthly = 25;

/** A series that mostly rests is judged by what its pulses cost, when they come, and how long they last. */
function judgePulse(sight: Sight): Verdict {
  const { state, policy, figure, allowance, recent } = sight;
  const { day, amount } = figure;
  const { usual, limit: most, every } = pulseLimits(state, day, policy.floor);
  // What comes every week or two comes on each day of the month in time, and is no fee.
  const fee = every === undefined || every >= monthly ? feeDue(state, day) : 0;
  const plain = Math.max(most, withFee(0, fee));
  const limit = plain * allowance.factor + allowance.excess;
  const isDue = every === undefined && isPulse(amount, recent.dearest);
  // While a run goes on each day is one too many, though it costs no more than a pulse.
  const expected = read(state, isOpen) > 0 ? recent.mean : isDue ? usual : 0;
  const grounds = { of: 'pulse', usual, every } as const;
  const verdict = { day, expected, limit, actual: amount, test: 'pulse', span: 1, grounds } as const;
  if (amount > limit * (1 + epsilon)) return raised(verdict, sight);
  if (every === undefined && !isPlanned(allowance)) {
    const run = pulseRun(state, amount, recent, usual, policy.floor);
    const told = run && toldRun(sight, verdict, run);
    if (told !== undefined) return told;
  }
  return judgeRun(sight, verdict) ?? { ...verdict, state: 'normal', high: amount > highPulse * limit };
}

/** A day above all that is usual for it; else, unless more was planned, the days that end with it. */
function judgeUsual(sight: Sight): Verdict {
  const { state, policy, figure, allowance, mayBeFee } = sight;
  const { day, amount } = figure;
  const log = read(state, level) + read(state, rhythm + weekdayOf(day));
  const usual = spendAt(log, read(state, logOffset));
  const fee = feeDue(state, day);
  const expected = usual + fee;
  const unplanned = limitOf(sight, log, usual, fee) * (1 + epsilon);
  const limit = Math.max(unplanned, expected * allowance.factor + allowance.excess);
  const grounds = { of: 'day' } as const;
  const verdict = { day, expected, limit, actual: amount, test: 'day', span: 1, grounds } as const;
  if (amount > limit) return raised(verdict, sight);
  const spent = withoutFee(amount, usual, fee);
  const told = isPlanned(allowance) ? undefined : judgeSpans(state, { day, spent, mayBeFee }, policy);
  if (told !== undefined) return { ...verdict, ...told };
  return { ...verdict, state: 'normal', high: amount > (expected + unplanned) / 2 };
}

/**
 * Deviation, ratio, dollars and what was seen before: a day above the highest of them is above them all. Noise and
 * what is missing of the figure are independent, so their squares add up. `log` is the logarithm of `usual`.
 */
function limitOf({ state, policy, recent, uncertainty }: Sight, log: number, usual: Usd, fee: Usd): Usd {
  const expected = usual + fee;
  const deviation = Math.hypot(read(state, noiseUsual), uncertainty);
  const noise = Math.max(policy.deviations * deviation, ownNoise * read(state, noiseHighest));
  return Math.max(
    Math.min(spendAt(log + noise, read(state, logOffset)), noisiest * recent.dearest) + fee,
    expected * policy.ratio,
    expected + policy.floor,
    aboveSeen * recent.dearestOfWeekday + fee,
    fee > 0 ? withFee(usual, fee) : 0,
  );
}
