import type { Usd } from '../money.ts';
import { type Allowance, isPlanned, noAllowance } from './allowance.ts';
import { correctedFor, learnCompleteness } from './completeness.ts';
import {
  amounts,
  type DetectorState,
  dayCount,
  firstSpend,
  learned,
  level,
  logOffset,
  logs,
  memoryDays,
  newDetector,
  nextDay,
  pendingFee,
  read,
  residuals,
  rhythm,
  shiftDays,
  weekdayOf,
} from './detector-state.ts';
import { learnTurn, type Turn } from './episode.ts';
import { feeDue, learnFee, withoutFee } from './fees.ts';
import { judge, minimumActiveDays } from './judgement.ts';
import { learnLogOffset, logOf } from './log-scale.ts';
import { adoptLevel } from './new-level.ts';
import { learnOutlook } from './outlook.ts';
import { learnPeak } from './peaks.ts';
import type { Policy } from './policy.ts';
import { recentOf } from './recent.ts';
import { learnRhythm, newestWithSides } from './rhythm.ts';
import { learnRises, type Rises, risesOf } from './rises.ts';
import { allowanceFor } from './steady.ts';
import type { Figure, Verdict } from './verdict.ts';

/**
 * Judges a day by the days that were learnt before it, and by nothing else. Changes nothing: a day that is still
 * filling is judged so, at the age at which it is read (0 on the run that first sees it, 1 on the next).
 */
export function judgeDay(
  state: DetectorState,
  figure: Figure,
  policy: Policy,
  allowance: Allowance = noAllowance,
  age: 0 | 1 | 'closed' = 'closed',
): Verdict {
  const allowed = allowanceFor(state, allowance);
  if (age === 'closed') return judge(state, figure, policy, allowed, 0);
  const { amount, uncertainty } = correctedFor(state, figure.amount, age);
  const verdict = judge(state, { day: figure.day, amount }, policy, allowed, uncertainty);
  verdict.actual = figure.amount;
  return verdict;
}

/**
 * Judges a day whose figure is complete, and learns from it. Days come in order and without a gap; one that was never
 * read is NaN. What belongs to an incident isn't learnt until that has lasted for three weeks, days on which it is
 * planned not counted, and is the new normal. The work of a day doesn't grow with the age of the series.
 */
export function learnDay(
  state: DetectorState,
  figure: Figure,
  policy: Policy,
  allowance: Allowance = noAllowance,
  isPlannedLeak = false,
): { verdict: Verdict; turn: Turn } {
  const { day, amount, seen } = figure;
  const verdict = judgeDay(state, figure, policy, allowance);
  if (seen !== undefined) learnCompleteness(state, amount, seen);
  if (amount > 0 && Number.isNaN(read(state, firstSpend))) state[firstSpend] = day;
  const { spent, usual, isJudged } = withoutFees(state, figure, verdict);
  const lesson = lessonOf(state, day, spent, verdict);
  const bump = isJudged || isRare(state, verdict) ? Math.max(0, amount - usual) : 0;
  learnFee(state, day, Number.isNaN(bump) ? 0 : bump, usual, policy.floor);

  const turn = learnTurn(state, verdict, policy, isPlannedLeak);
  const isLearned = !Number.isNaN(amount) && !isLeftOut(turn, verdict, allowanceFor(state, allowance));
  const dearest = isLearned ? recentOf(state).dearest : 0;
  addDay(state, figure, lesson, isLearned);
  if (turn === 'is accepted') adoptLevel(state, day);
  else learnRhythm(state, day, newestWithSides);
  if (isLearned) learnPeak(state, day, amount, dearest);
  if (read(state, dayCount) % 7 === 1) learnLogOffset(state, policy.floor);
  learnOutlook(state, day + 1);
  return { verdict, turn };
}

/** Whether what a series costs now and then may be its fees: pulses that are more frequent are what it does. */
const isRare = (state: DetectorState, { test }: Verdict): boolean =>
  test === 'pulse' && recentOf(state).active < minimumActiveDays;

/** What there is to learn from a day: what it cost without fees, and how far that lies from what was expected. */
type Lesson = { spent: Usd; residual: number; rises?: Rises };

/** To be asked for before the day is added: what was expected of it lies in the state. */
function lessonOf(state: DetectorState, day: number, spent: Usd, { test }: Verdict): Lesson {
  if (test !== 'day' && test !== 'span') return { spent, residual: Number.NaN };
  const expected = read(state, level) + read(state, rhythm + weekdayOf(day));
  const residual = logOf(spent, read(state, logOffset)) - expected;
  return { spent, residual, rises: risesOf(state, day, spent) };
}

function addDay(
  state: DetectorState,
  { day, amount }: Figure,
  { spent, residual, rises }: Lesson,
  isLearned: boolean,
): void {
  shiftDays(state);
  state[amounts + memoryDays - 1] = Math.max(0, amount);
  state[logs + memoryDays - 1] = logOf(spent, read(state, logOffset));
  if (isLearned) {
    state[learned + memoryDays - 1] = spent;
    state[residuals + memoryDays - 1] = residual;
  }
  learnRises(state, day, rises);
  state[nextDay] = day + 1;
  state[dayCount] = read(state, dayCount) + 1;
}

/** What a day cost without the fee that was due on it, and what it should have cost so. */
function withoutFees(
  state: DetectorState,
  { day, amount }: Figure,
  { expected, test }: Verdict,
): { spent: Usd; usual: Usd; isJudged: boolean } {
  const isJudged = !Number.isNaN(expected) && test !== 'pulse';
  if (!isJudged) return { spent: Math.max(0, amount), usual: 0, isJudged };
  const fee = feeDue(state, day);
  const usual = Math.max(0, expected - fee);
  return { spent: Math.max(0, withoutFee(amount, usual, fee)), usual, isJudged };
}

/** What is held, what was planned and what leaks must not become what is expected. */
function isLeftOut(turn: Turn, verdict: Verdict, allowance: Allowance): boolean {
  if (turn === 'is accepted' || turn === 'recovers') return false;
  if (turn === 'opens' || turn === 'returns' || verdict.state === 'held') return true;
  return verdict.high && (turn === 'goes on' || isPlanned(allowance));
}

/** Where `assumeDay` works; a copy of its own for each day would take longer than judging it. */
const assumed = newDetector();

/**
 * The state as if a day that still fills had been learnt, which the day after it is judged by. It is the same object
 * each time: to be used before the next one is asked for.
 */
export function assumeDay(state: DetectorState, figure: Figure, verdict: Verdict, age: 0 | 1): DetectorState {
  const { amount } = correctedFor(state, figure.amount, age);
  const { spent } = withoutFees(state, { day: figure.day, amount }, verdict);
  if (state !== assumed) assumed.set(state);
  shiftDays(assumed);
  assumed[logs + memoryDays - 1] = logOf(spent, read(state, logOffset));
  assumed[learned + memoryDays - 1] = verdict.state === 'normal' ? spent : Number.NaN;
  assumed[nextDay] = figure.day + 1;
  // High on two mornings in a row is no fee, though the first of them still fills.
  assumed[pendingFee] = verdict.state === 'held' ? verdict.actual - verdict.expected : 0;
  return assumed;
}
