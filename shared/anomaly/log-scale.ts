import type { Usd } from '../money.ts';
import {
  amounts,
  type DetectorState,
  dayAgo,
  isOpen,
  learned,
  logOffset,
  logs,
  memoryDays,
  read,
  recentDays,
} from './detector-state.ts';
import { medianOf } from './statistics.ts';

/**
 * The scale on which a series is judged: ln(amount + offset), a started logarithm (Tukey, Exploratory Data Analysis,
 * 1977). On it rhythm, noise and growth are shares of the spend; the offset, in dollars, keeps cents next to nothing
 * from looking like a rise, and 0 from being no number. What gives money back counts as 0.
 */
export const logOf = (amount: Usd, offset: Usd): number => Math.log(Math.max(0, amount) + offset);

/** Back from `logOf`; never less than nothing. */
export const spendAt = (log: number, offset: Usd): Usd => Math.max(0, Math.exp(log) - offset);

/** The offset is a fifth of the floor, below which nobody wants to hear of anything, and a fiftieth of the usual spend. */
const partsOfFloor = 5;
const shareOfSpend = 0.02;
/** Where there is no floor: smaller than any price that AWS charges. */
const smallestOffset = 1e-6;
/** A smaller change of the offset isn't worth taking every logarithm anew. */
const worthChanging = 0.1;

const values = new Float64Array(memoryDays);

/** Lets the offset follow what the series usually costs. `floor` is in dollars. */
export function learnLogOffset(state: DetectorState, floor: Usd): void {
  let count = 0;
  for (let age = 1; age <= recentDays; age++) {
    const amount = dayAgo(state, learned, age);
    if (!Number.isNaN(amount)) values[count++] = amount;
  }
  if (count === 0 && read(state, isOpen) > 0) return;
  const usual = count === 0 ? 0 : Math.max(0, medianOf(values, count));
  const offset = Math.max(smallestOffset, floor / partsOfFloor) + shareOfSpend * usual;
  if (Math.abs(offset / read(state, logOffset) - 1) <= worthChanging) return;
  state[logOffset] = offset;
  for (let place = 0; place < memoryDays; place++) {
    const known = read(state, learned + place);
    state[logs + place] = logOf(Number.isNaN(known) ? read(state, amounts + place) : known, offset);
  }
}
