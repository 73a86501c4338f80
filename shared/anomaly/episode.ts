import type { Usd } from '../money.ts';
import {
  calmDays,
  type DetectorState,
  isOpen,
  lastHigh,
  learned,
  meanExcess,
  memoryDays,
  openDays,
  openLevel,
  openSince,
  read,
} from './detector-state.ts';
import type { Policy } from './policy.ts';
import type { Verdict } from './verdict.ts';

/** What becomes of an incident on a day. */
export type Turn = 'none' | 'opens' | 'returns' | 'goes on' | 'recovers' | 'is accepted';

/** The closed days without excess, in a row, that end an incident: one alone may be a pause. */
const calmDaysToRecover = 2;
/** Closed days after which a lasting excess is the new normal: three of each weekday, as many as make a history. */
export const acceptedAfter = 21;
/** What comes back within so many days is the same incident: a leak that shows at weekends only, say. */
export const returnsWithin = 8;
/** But not what costs more than so many times as much: that is another one. */
const timesLarger = 2;
/** Below this share of its usual excess an incident is calm. */
const calmShare = 0.25;
/** The weight of the newest day in the running mean of its excess: about a week counts. */
const newestWeight = 0.2;
/** What an excess is taken for at least, of the floor: the first day of one may be hardly above it. */
const smallestExcess = 0.5;

/** Whether an excess is that of the incident which ended a few days ago, and no larger than it was. */
export const isReturn = (state: DetectorState, day: number, excess: Usd): boolean =>
  day - read(state, lastHigh) <= returnsWithin && excess <= timesLarger * read(state, meanExcess);

/** Whether an open incident goes on through a day: a quarter of its usual excess is enough. */
export const staysHigh = (state: DetectorState, { actual, expected, state: verdict }: Verdict): boolean =>
  actual - expected > calmShare * read(state, meanExcess) || verdict === 'anomalous';

/**
 * Follows an incident through a closed day: whether one opens, goes on or ends. Sets the verdict's `high` to match.
 * Days on which the leak is planned don't make it the new normal.
 */
export function learnTurn(
  state: DetectorState,
  verdict: Verdict,
  { floor }: Policy,
  isPlannedLeak: boolean,
): Turn {
  const excess = verdict.actual - verdict.expected;
  if (read(state, isOpen) === 0) {
    return verdict.state === 'anomalous' ? opens(state, verdict, excess, floor) : 'none';
  }
  if (Number.isNaN(excess)) return 'goes on';
  verdict.high = staysHigh(state, verdict);
  if (!isPlannedLeak) state[openDays] = read(state, openDays) + 1;
  state[calmDays] = verdict.high ? 0 : read(state, calmDays) + 1;
  if (verdict.high) {
    state[lastHigh] = verdict.day;
    const mean = read(state, meanExcess);
    state[meanExcess] = mean + newestWeight * (Math.max(0, excess) - mean);
  }
  if (read(state, calmDays) >= calmDaysToRecover) {
    state[isOpen] = 0;
    return 'recovers';
  }
  return acceptedOr(state, 'goes on');
}

function opens(
  state: DetectorState,
  { day, span, base = Number.NaN }: Verdict,
  excess: Usd,
  floor: Usd,
): Turn {
  const isBack = isReturn(state, day, excess);
  state[isOpen] = 1;
  state[calmDays] = 0;
  state[lastHigh] = day;
  if (isBack) {
    state[openDays] = day - read(state, openSince) + 1;
    return acceptedOr(state, 'returns');
  }
  state[openLevel] = base;
  state[openDays] = span;
  state[openSince] = day - span + 1;
  state[meanExcess] = Math.max(excess, smallestExcess * floor);
  for (let age = 1; age < span; age++) state[learned + memoryDays - age] = Number.NaN;
  return 'opens';
}

function acceptedOr(state: DetectorState, turn: Turn): Turn {
  if (read(state, openDays) < acceptedAfter) return turn;
  state[isOpen] = 0;
  return 'is accepted';
}
