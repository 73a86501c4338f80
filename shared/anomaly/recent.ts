import type { Usd } from '../money.ts';
import { type DetectorState, dayAgo, learned, recentDays } from './detector-state.ts';

/** What the last eight weeks look like, as far as they were learnt. */
export type Recent = {
  /** Days that were learnt. */
  known: number;
  /** Of them with spend. */
  active: number;
  /** Of them without a pulse. */
  resting: number;
  dearest: Usd;
  /** What a day costs on the mean, those that rest included. */
  mean: Usd;
  /** The dearest of the judged day's weekday. */
  dearestOfWeekday: Usd;
};

/** A day that costs a tenth of the dearest one is a pulse: a batch that ran. The others rest. */
const pulseShare = 0.1;

export const isPulse = (amount: Usd, dearest: Usd): boolean => amount > pulseShare * dearest;

/** The eight weeks before the day that comes next. */
export function recentOf(state: DetectorState): Recent {
  const recent: Recent = { known: 0, active: 0, resting: 0, dearest: 0, mean: 0, dearestOfWeekday: 0 };
  let total = 0;
  for (let age = 1; age <= recentDays; age++) {
    const amount = dayAgo(state, learned, age);
    if (Number.isNaN(amount)) continue;
    recent.known++;
    total += amount;
    if (amount > 0) recent.active++;
    if (amount > recent.dearest) recent.dearest = amount;
    if (age % 7 === 0 && amount > recent.dearestOfWeekday) recent.dearestOfWeekday = amount;
  }
  if (recent.known > 0) recent.mean = total / recent.known;
  const resting = pulseShare * recent.dearest;
  for (let age = 1; age <= recentDays; age++) if (dayAgo(state, learned, age) <= resting) recent.resting++;
  return recent;
}
