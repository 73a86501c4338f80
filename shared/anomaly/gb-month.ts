import type { DetectorState } from './detector-state.ts';
import { monthDay } from './fees.ts';
import { isSteady } from './steady.ts';

/**
 * By how much a day may cost more than one of the month before because this month is shorter, in logarithms; else 0.
 * Storage is charged by the GB-month, an amount divided over the days of the month: a byte costs 31/28 as much a day
 * in February as in January.
 */
export function shorterMonth(state: DetectorState, day: number): number {
  const { month, previousMonth } = monthDay(day);
  if (previousMonth <= month) return 0;
  // Only what hardly moves otherwise shows what it is billed by.
  return isSteady(state) ? Math.log(previousMonth / month) : 0;
}
