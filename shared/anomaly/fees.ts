import type { Usd } from '../money.ts';
import { type DetectorState, feeAmounts, feeDays, feesKept, pendingFee, read } from './detector-state.ts';

/** A day of the month (0 to 30) and the lengths, in days, of its month and of the one before. */
export type MonthDay = { dayOfMonth: number; month: number; previousMonth: number };

const dayMs = 86_400_000;

/** Where a day number lies in its month; months differ in length, and what is billed by the month differs with them. */
export function monthDay(day: number): MonthDay {
  const known = monthDays.get(day);
  if (known !== undefined) return known;
  const made = toMonthDay(day);
  monthDays.set(day, made);
  return made;
}

/** Some thousand days at most, each asked for by every series. */
const monthDays = new Map<number, MonthDay>();

function toMonthDay(day: number): MonthDay {
  const date = new Date(day * dayMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    dayOfMonth: date.getUTCDate() - 1,
    month: new Date(Date.UTC(year, month + 1, 0)).getUTCDate(),
    previousMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
  };
}

/** Days: three months and a little. What fell due longer ago may have been cancelled. */
const remembered = 100;

/** The highest fee of the same day of the last three months, in dollars; 0 where there was none. */
export function feeDue(state: DetectorState, day: number): Usd {
  const { dayOfMonth, month } = monthDay(day);
  let fee = feeOn(state, day, dayOfMonth);
  // What falls due on the 31st comes on the last day of a shorter month.
  if (dayOfMonth === month - 1) {
    for (let later = month; later < 31; later++) fee = Math.max(fee, feeOn(state, day, later));
  }
  return fee;
}

function feeOn(state: DetectorState, day: number, dayOfMonth: number): Usd {
  let highest = 0;
  for (let kept = 0; kept < feesKept; kept++) {
    const place = dayOfMonth * feesKept + kept;
    if (day - read(state, feeDays + place) < remembered) {
      highest = Math.max(highest, read(state, feeAmounts + place));
    }
  }
  return highest;
}

/** By how much a fee may have risen since: a price rise or another seat is no leak. */
const feeTolerance = 1.25;

/** The most that a day may cost with the fee that is due on it. Dollars. */
export const withFee = (usual: Usd, fee: Usd): Usd => usual + feeTolerance * fee;

/** What a day cost without the fee that was due on it: as usual, unless even the fee doesn't explain it. Dollars. */
export function withoutFee(amount: Usd, usual: Usd, fee: Usd): Usd {
  if (fee <= 0 || amount <= usual) return amount;
  return amount <= withFee(usual, fee) ? usual : amount - fee;
}

/** Where less than this share of a bump is left on the next day, it was a bump and no rise. */
const afterwards = 0.4;
/** What is smaller isn't worth remembering: this share of what is usual, and of the floor one part in so many. */
const smallShare = 0.15;
const smallParts = 5;

/**
 * Learns a fee a day late: a bump is one where the next day is as usual again. `excess` is what `day` cost above what
 * is usual, `usual` what it should have cost without any fee. Dollars.
 */
export function learnFee(state: DetectorState, day: number, excess: Usd, usual: Usd, floor: Usd): void {
  const pending = read(state, pendingFee);
  if (pending > 0 && excess < afterwards * pending) keepFee(state, day - 1, pending);
  state[pendingFee] = excess > floor / smallParts && excess > smallShare * usual ? excess : 0;
}

/** In the place of the oldest one of that day of the month. */
function keepFee(state: DetectorState, day: number, amount: Usd): void {
  const first = monthDay(day).dayOfMonth * feesKept;
  let oldest = first;
  for (let place = first; place < first + feesKept; place++) {
    const kept = read(state, feeDays + place);
    if (Number.isNaN(kept)) {
      oldest = place;
      break;
    }
    if (kept < read(state, feeDays + oldest)) oldest = place;
  }
  state[feeDays + oldest] = day;
  state[feeAmounts + oldest] = amount;
}
