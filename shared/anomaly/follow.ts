import type { Usd } from '../money.ts';
import type { Allowance } from './allowance.ts';
import { assumeDay, judgeDay, learnDay } from './detector.ts';
import { type DetectorState, newDetector } from './detector-state.ts';
import { isReturn, returnsWithin, staysHigh, type Turn } from './episode.ts';
import type { Policy } from './policy.ts';
import type { Figure, Verdict } from './verdict.ts';

/** A series as it is followed from day to day: what was learnt of it, and the excesses found in it. */
export type Follower = {
  state: DetectorState;
  /** Oldest first; at most the last one is open. */
  excesses: Excess[];
  /** The newest days in a row that were high, but not enough so to tell of: what opens next began with them. */
  leading: readonly ExcessDay[];
};

/** Days above what was to be expected, by day number; what they cost is looked up when it is asked for. */
export type Excess = {
  start: number;
  status: 'open' | 'recovered' | 'accepted';
  /** The first day that is no longer part of it. */
  end?: number;
  /** Whether it had recovered before, and came back within days. */
  hasReturned?: boolean;
  /** What it was found by. */
  found: Verdict;
  days: readonly ExcessDay[];
};

type ExcessDay = { day: number; expected: Usd; limit: Usd; high: boolean; closed: boolean };

/** How a series is to be judged. */
export type Terms = {
  policy: Policy;
  allowanceOn: (day: number) => Allowance;
  /** Whether somebody planned what goes on on a day: then it isn't on its way to be the new normal. */
  isPlanned?: (day: number) => boolean;
};

export const newFollower = (state: DetectorState = newDetector()): Follower => ({
  state,
  excesses: [],
  leading: [],
});

/** Judges the next complete day, learns from it, and follows what it is part of. */
export function followDay(follower: Follower, figure: Figure, terms: Terms): Verdict {
  const allowance = terms.allowanceOn(figure.day);
  const { verdict, turn } = learnDay(
    follower.state,
    figure,
    terms.policy,
    allowance,
    terms.isPlanned?.(figure.day),
  );
  const { excesses, leading } = follower;
  const last = excesses.at(-1);
  if (last !== undefined) excesses[excesses.length - 1] = afterTurn(last, verdict, turn);
  if (turn === 'opens' || (last === undefined && turn !== 'none'))
    excesses.push(opened(verdict, leading, true, last));
  follower.leading = turn === 'none' ? leadingWith(leading, excessDay(verdict, true)) : [];
  return verdict;
}

/** Days that an excess reaches back at most before the one that showed it. */
const leadingDays = 14;

/** The high days in a row that end with a day; none where that is calm. */
function leadingWith(leading: readonly ExcessDay[], next: ExcessDay): readonly ExcessDay[] {
  if (!next.high) return [];
  const isNext = leading.at(-1)?.day === next.day - 1;
  return [...(isNext ? leading : []), next].slice(-leadingDays);
}

/**
 * What is told on a day began with the days before it that only together with it are too many, and with those before
 * them that were high already: the day on which a leak began is seldom a whole one, or was held as a fee.
 */
function opened(
  found: Verdict,
  leading: readonly ExcessDay[],
  closed: boolean,
  last: Excess | undefined,
): Excess {
  const { day, expectedDays, span } = found;
  const earlier = (expectedDays ?? []).slice(0, -1).map((expected, index) => ({
    day: day - span + 1 + index,
    expected,
    limit: expected,
    high: true,
    closed: true,
  }));
  const isNext = leading.at(-1)?.day === day - 1;
  const before = isNext ? leading.filter((one) => one.day <= day - span) : [];
  // What belonged to the one before it isn't counted again.
  const since = last === undefined ? Number.NEGATIVE_INFINITY : (last.end ?? day);
  const own = [...before, ...earlier].filter((one) => one.day >= since);
  const days = [...own, { ...excessDay(found, closed), high: true }];
  return { start: days[0]?.day ?? day, status: 'open', found, days };
}

const excessDay = ({ day, expected, limit, high }: Verdict, closed: boolean): ExcessDay => ({
  day,
  expected,
  limit,
  high,
  closed,
});

function afterTurn(excess: Excess, verdict: Verdict, turn: Turn): Excess {
  if (turn === 'none' && excess.status !== 'open') return excess;
  if (turn === 'opens') return excess.status === 'open' ? recovered(excess) : excess;
  const { end: _, ...rest } = excess;
  const days = [...excess.days, ...(Number.isNaN(verdict.expected) ? [] : [excessDay(verdict, true)])];
  if (turn === 'is accepted') return { ...rest, days, status: 'accepted', end: verdict.day + 1 };
  const next: Excess = { ...rest, days, status: 'open' };
  if (turn === 'returns') return { ...next, hasReturned: true };
  return isOver(next, turn, verdict.day) ? recovered(next) : next;
}

/**
 * What has come back once, as a leak does that shows on working days only, is over when it has kept away for as long
 * as it might come back in: else it would be told to be over every week.
 */
function isOver({ hasReturned = false, days }: Excess, turn: Turn, day: number): boolean {
  if (hasReturned) return day - firstCalmOf(days) + 1 >= returnsWithin;
  return turn === 'recovers';
}

const recovered = (excess: Excess): Excess => ({
  ...excess,
  status: 'recovered',
  end: firstCalmOf(excess.days),
});

/** The day after the newest high one. */
const firstCalmOf = (days: readonly ExcessDay[]): number =>
  (days.findLast(({ high }) => high)?.day ?? days[0]?.day ?? 0) + 1;

/** A day that still fills, at the age at which it is read. */
export type FillingDay = { day: number; amount: Usd; age: 0 | 1 };

/** What the days that still fill add: the verdicts on them, and the newest excess with them. The follower stays as it is. */
export function lookAhead(
  { state, excesses, leading }: Follower,
  filling: readonly FillingDay[],
  { policy, allowanceOn }: Terms,
): { verdicts: readonly Verdict[]; newest: Excess | undefined; isNew: boolean } {
  let [seen, before, isNew] = [state, leading, false];
  let newest = excesses.at(-1);
  const verdicts: Verdict[] = [];
  for (const { day, amount, age } of filling) {
    const figure = { day, amount };
    const verdict = judgeDay(seen, figure, policy, allowanceOn(day), age);
    verdicts.push(verdict);
    if (newest?.status === 'open' && !Number.isNaN(verdict.expected)) {
      const high = isNew || staysHigh(seen, verdict);
      newest = { ...newest, days: [...newest.days, { ...excessDay(verdict, false), high }] };
    } else if (verdict.state === 'anomalous') {
      const isBack = newest !== undefined && isReturn(seen, day, amount - verdict.expected);
      if (newest !== undefined && isBack) newest = reopened(newest, verdict);
      else [newest, isNew] = [opened(verdict, before, false, newest), true];
    }
    before = leadingWith(before, excessDay(verdict, false));
    seen = assumeDay(seen, figure, verdict, age);
  }
  return { verdicts, newest, isNew };
}

function reopened(excess: Excess, verdict: Verdict): Excess {
  const { end: _, ...rest } = excess;
  return { ...rest, status: 'open', hasReturned: true, days: [...excess.days, excessDay(verdict, false)] };
}

/** All that was found, with what the filling days add. */
export function excessesOf(
  { excesses }: Follower,
  { newest, isNew }: ReturnType<typeof lookAhead>,
): readonly Excess[] {
  if (newest === undefined) return excesses;
  return isNew ? [...excesses, newest] : [...excesses.slice(0, -1), newest];
}
