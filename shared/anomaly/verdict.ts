import { formatMoney, type Usd } from '../money.ts';

/** A day of a series, as a run sees it. */
export type Figure = {
  /** Since 1970-01-01. */
  day: number;
  /** NaN: never read, which is not zero. */
  amount: number;
  /** What was read of it on the first and on the second run that saw it; NaN or absent where nothing was. */
  seen?: readonly [first: number, second: number] | undefined;
};

/** What is said of one day of one series. Amounts are dollars, or the currency of the series. */
export type Verdict = {
  day: number;
  /** `held`: high, but it may be a fee, of which the next day tells. `unknown`: can't be judged. */
  state: 'normal' | 'anomalous' | 'held' | 'unknown';
  /** NaN where it can't be judged. */
  expected: Usd;
  /** The most that still passes as normal; NaN where it can't be judged. */
  limit: Usd;
  /** NaN where it was never read. */
  actual: Usd;
  /** What it was judged by; `new`: too little spend so far for more than the floor. */
  test?: 'day' | 'span' | 'new' | 'pulse';
  /** Days that are told together, this one included. */
  span: number;
  /** What each of them should have cost, oldest first; absent where it is this day alone. */
  expectedDays?: readonly Usd[];
  /** The level that a span was compared with, in logarithms; an incident that begins with it is measured by it. */
  base?: number;
  /** Above what is usual by enough to keep an incident open. */
  high: boolean;
  /** What `reasonOf` needs to say why, in numbers: saying it takes longer than judging. */
  grounds: Grounds;
};

type Grounds =
  | { of: 'unread' }
  | { of: 'history'; known: number; needed: number }
  | { of: 'new'; highest: Usd }
  | { of: 'pulse'; usual: Usd; every?: number | undefined }
  | { of: 'run'; actual: Usd }
  | { of: 'day' }
  | { of: 'span'; days: number; actual: Usd; expected: Usd };

/** Why it is so, in one sentence. */
export function reasonOf(verdict: Verdict, currency: string): string {
  const sentence = sentenceOf(verdict, (dollars) => formatMoney(dollars, currency));
  return verdict.state === 'held' ? `${sentence} Held: it may be a fee, the next day tells.` : sentence;
}

function sentenceOf(
  { state, grounds, actual, expected, limit, span }: Verdict,
  money: (dollars: Usd) => string,
): string {
  if (grounds.of === 'unread') return 'The day was never read.';
  if (grounds.of === 'history') {
    return `Too little history to judge: ${grounds.known} of ${grounds.needed} days.`;
  }
  if (state === 'normal') return usualOf(grounds.of);
  if (grounds.of === 'new') {
    const { highest } = grounds;
    const before = highest > 0 ? `never cost more than ${money(highest)} a day` : 'cost nothing so far';
    return `New: ${money(actual)} on a day, where it ${before}.`;
  }
  if (grounds.of === 'span') {
    return `${money(grounds.actual)} in ${grounds.days} days that should cost ${money(grounds.expected)}, a rise beyond any of the last weeks.`;
  }
  if (grounds.of === 'run') {
    return `${money(grounds.actual)} in ${span} days without a rest, where it used to rest in between.`;
  }
  if (grounds.of === 'day') {
    return `${money(actual)} on a day that should cost ${money(expected)}, and for which up to ${money(limit)} would be usual.`;
  }
  return grounds.every === undefined
    ? `${money(actual)} at once, where a run costs ${money(grounds.usual)} and up to ${money(limit)} would be usual.`
    : `${money(actual)} on a day without a run: one comes every ${grounds.every} days.`;
}

function usualOf(grounds: Grounds['of']): string {
  if (grounds === 'new') return 'New, and below the floor.';
  return grounds === 'pulse' ? 'Within what a run costs.' : 'Within what is usual for the day.';
}
