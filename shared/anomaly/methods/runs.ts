import type { Usd } from '../../money.ts';
import type { SpendHistory } from '../../spend/history.ts';
import type { Judgement, Method, Setting } from './method.ts';

/** What was read of a series and when; see SpendHistory. */
export type Readings = Pick<SpendHistory, 'days' | 'observed' | 'amounts'>;

/** What a method made of a day at a run. Days are counted from 1970-01-01. */
export type RunJudgement = Judgement & {
  /** The newest day that the run saw. */
  run: number;
  /** The day judged: the newest, or the one before where it was read anew. */
  day: number;
  amount: Usd;
};

/** What a method must not tell. */
export type Guards = { floor: Usd; isMuted(day: number): boolean };

export const unguarded: Guards = { floor: 0, isMuted: () => false };

/**
 * What a method makes of each run over a series. A run knows what was read until its morning, and nothing else; it
 * judges the day before, nearly complete by now, and the newest, which can only be too low. A day of which nothing was
 * read cost nothing.
 */
export function judgeRuns(method: Method, { window }: Setting, readings: Readings): RunJudgement[] {
  const judgements: RunJudgement[] = [];
  let newest = -1;
  for (const { start, known, read } of mornings(readings)) {
    const last = Math.max(newest, ...read);
    if (last === newest) continue; // an old day was restated: no new one to judge
    newest = last;
    for (const index of [last - 1, last]) {
      if (!read.has(index)) continue;
      const judgement = method.judge(known.subarray(Math.max(0, index - window), index + 1));
      const amount = known[index] ?? 0;
      if (judgement) judgements.push({ ...judgement, run: start + last, day: start + index, amount });
    }
  }
  return judgements;
}

type Morning = {
  start: number;
  /** What is known of each day by now, from `start` on; the same array every morning. */
  known: Float64Array;
  /** Positions of the days that were read this morning. */
  read: ReadonlySet<number>;
};

/** The mornings on which something was read, oldest first. */
function* mornings({ days, observed, amounts }: Readings): Generator<Morning> {
  const start = days[0] ?? 0;
  const known = new Float64Array((days.at(-1) ?? start) - start + 1);
  const order = Int32Array.from(observed.keys()).sort((a, b) => (observed[a] ?? 0) - (observed[b] ?? 0));
  let read = new Set<number>();
  for (const [position, reading] of order.entries()) {
    const index = (days[reading] ?? start) - start;
    known[index] = amounts[reading] ?? 0;
    read.add(index);
    const next = order[position + 1];
    if (next !== undefined && observed[next] === observed[reading]) continue;
    yield { start, known, read };
    read = new Set();
  }
}

/** The runs at which a method is in alarm, oldest first. */
export const alarmedRuns = (
  judgements: readonly RunJudgement[],
  setting: Setting,
  { floor, isMuted }: Guards,
): number[] => [
  ...new Set(
    judgements
      .filter((one) => !isMuted(one.day))
      .filter(({ amount, expected, limit }) => amount > limit(setting) && amount - expected > floor)
      .map(({ run }) => run),
  ),
];

/** Monthly fees fall due on the first days of a month: at their best the simple methods look away. */
export const isFeeDay = (day: number): boolean => new Date(day * 86_400_000).getUTCDate() <= 4;
