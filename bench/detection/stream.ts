import { noAllowance } from '../../shared/anomaly/allowance.ts';
import {
  type FillingDay,
  type Follower,
  followDay,
  lookAhead,
  newFollower,
} from '../../shared/anomaly/follow.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import { newReplay, replayRun } from '../../shared/anomaly/replay.ts';
import type { SpendHistory } from '../../shared/spend/history.ts';
import type { LabelledSeries } from './labelled.ts';

const terms = { policy: toPolicy('balanced', 5), allowanceOn: () => noAllowance };

/** A day of a series as the run sees it that reads it for good, and the two after it, which still fill. */
type Morning = {
  figure: { day: number; amount: number; seen: readonly [number, number] };
  filling: readonly FillingDay[];
};

/** The mornings of a series, made before the clock starts: reading figures is measured elsewhere. */
export const morningsOf = ({ start, final, seenFirst, seenNext }: LabelledSeries): Morning[] =>
  Array.from({ length: final.length - 2 }, (_, index) => ({
    figure: {
      day: start + index,
      amount: final[index] ?? 0,
      seen: [seenFirst[index] ?? 0, seenNext[index] ?? 0],
    },
    filling: [
      { day: start + index + 1, amount: seenNext[index + 1] ?? 0, age: 1 },
      { day: start + index + 2, amount: seenFirst[index + 2] ?? 0, age: 0 },
    ],
  }));

/** Learns the day that is complete on each morning, and judges the two that still fill. */
export function stream(mornings: readonly Morning[]): Follower {
  const follower = newFollower();
  for (const { figure, filling } of mornings) {
    followDay(follower, figure, terms);
    lookAhead(follower, filling, terms);
  }
  return follower;
}

/** A run after days on which there was none: learns all of them, and judges the two that still fill. */
export function catchUp(follower: Follower, mornings: readonly Morning[]): boolean {
  for (const { figure } of mornings) followDay(follower, figure, terms);
  const { isNew } = lookAhead(follower, mornings.at(-1)?.filling ?? [], terms);
  return isNew || follower.excesses.length > 0;
}

/** Every run over a series, each with what had been read by then, as `backtest` replays it. */
export function replay(history: SpendHistory): void {
  const [first, end] = [history.days[0] ?? 0, (history.days.at(-1) ?? 0) + 1];
  const walk = newReplay(history, terms, { first, end, bitemporal: true });
  for (let run = first + 1; run <= end + 2; run++) replayRun(walk, run);
}
