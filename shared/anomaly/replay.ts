import type { Usd } from '../money.ts';
import type { SpendHistory } from '../spend/history.ts';
import { type FillingDay, type Follower, followDay, lookAhead, newFollower, type Terms } from './follow.ts';

/**
 * A series as a run after run would have followed it: each sees what had been read by then, and nothing else. Days and
 * runs are numbers of days since 1970-01-01; a run sees what was read through its own day.
 */
export type Replay = {
  history: SpendHistory;
  terms: Terms;
  /** Days after which a day counts as complete when it is read. */
  settling: number;
  follower: Follower;
  first: number;
  /** The day after the newest one that it has figures of. */
  end: number;
  /** Where the figures of each day begin, by days since `first`; one more for the end. */
  places: Int32Array;
  /** The next day to learn. */
  next: number;
  /** What was expected of each day, and the most that would have passed, by days since `first`. */
  expected: Float64Array;
  limit: Float64Array;
  /** Days that were restated after they had counted as complete, by the run that saw it. */
  restated: ReadonlyMap<number, number>;
  /** What the follower was every few weeks, the newest last: restated days are learnt anew from there. */
  kept: { next: number; follower: Follower }[];
};

/** Days after which a figure that is read is complete: the third morning, as in the ledger. */
const daysToSettle = 3;

/** Makes a series ready to be replayed, between `first` and `end`; days without a figure cost nothing. */
export function newReplay(
  history: SpendHistory,
  terms: Terms,
  { first, end, bitemporal }: { first: number; end: number; bitemporal: boolean },
): Replay {
  const length = Math.max(0, end - first);
  const settling = bitemporal ? daysToSettle : 1;
  return {
    history,
    terms,
    settling,
    follower: newFollower(),
    first,
    end,
    places: placesOf(history, first, length),
    next: first,
    expected: new Float64Array(length).fill(Number.NaN),
    limit: new Float64Array(length).fill(Number.NaN),
    restated: restatedIn(history, settling),
    kept: [],
  };
}

function placesOf({ days }: SpendHistory, first: number, length: number): Int32Array {
  const places = new Int32Array(length + 1);
  for (const day of days) {
    const after = day - first + 1;
    if (after >= 1 && after <= length) places[after] = (places[after] as number) + 1;
  }
  for (let index = 1; index <= length; index++) {
    places[index] = (places[index] as number) + (places[index - 1] as number);
  }
  return places;
}

/** The earliest such day of each run. */
function restatedIn({ days, observed }: SpendHistory, settling: number): Map<number, number> {
  const restated = new Map<number, number>();
  for (const [index, day] of days.entries()) {
    const run = observed[index] as number;
    if (run <= day + settling) continue;
    restated.set(run, Math.min(day, restated.get(run) ?? day));
  }
  return restated;
}

/** What a day had cost by what was read through a run; 0 where nothing was, since its neighbours were read. */
export function amountAt(replay: Replay, day: number, run: number): Usd {
  const { history, first } = replay;
  const index = day - first;
  const start = replay.places[index] as number;
  for (let place = (replay.places[index + 1] as number) - 1; place >= start; place--) {
    if ((history.observed[place] as number) <= run) return history.amounts[place] as number;
  }
  return 0;
}

/** Whether any figure of a day had been read by a run. */
function isRead({ history, first, places }: Replay, day: number, run: number): boolean {
  const start = places[day - first] as number;
  return start < (places[day - first + 1] as number) && (history.observed[start] as number) <= run;
}

/** Weeks between the states that are kept, and how many of them. */
const keptEvery = 28;
const keptStates = 3;

/** What a run sees and finds. Runs come in order. */
export function replayRun(replay: Replay, run: number): ReturnType<typeof lookAhead> {
  const earliest = replay.restated.get(run);
  if (earliest !== undefined && earliest < replay.next) goBack(replay, earliest);
  const closedEnd = Math.min(replay.end, run - replay.settling + 1);
  while (replay.next < closedEnd) learnNext(replay, run);
  return lookAhead(replay.follower, fillingDays(replay, run), replay.terms);
}

function learnNext(replay: Replay, run: number): void {
  const { next: day, first, follower, terms, settling } = replay;
  if ((day - first) % keptEvery === 0) keep(replay);
  const seen: [number, number] | undefined =
    settling === 1 || !isRead(replay, day, day + 1)
      ? undefined
      : [amountAt(replay, day, day + 1), amountAt(replay, day, day + 2)];
  const verdict = followDay(follower, { day, amount: amountAt(replay, day, run), seen }, terms);
  replay.expected[day - first] = verdict.expected;
  replay.limit[day - first] = verdict.limit;
  replay.next = day + 1;
}

const copyOf = ({ state, excesses, leading }: Follower): Follower => ({
  state: state.slice(),
  excesses: [...excesses],
  leading,
});

function keep(replay: Replay): void {
  replay.kept.push({ next: replay.next, follower: copyOf(replay.follower) });
  if (replay.kept.length > keptStates) replay.kept.shift();
}

/** A day that was restated is learnt anew, with all after it; unless it lies further back than what is kept. */
function goBack(replay: Replay, day: number): void {
  const from = replay.kept.findLast(({ next }) => next <= day);
  if (from === undefined) return;
  replay.kept = replay.kept.slice(0, replay.kept.indexOf(from));
  replay.follower = from.follower;
  replay.next = from.next;
}

/** The days through the run's eve that aren't complete yet. */
function fillingDays(replay: Replay, run: number): FillingDay[] {
  const days: FillingDay[] = [];
  for (let day = replay.next; day < Math.min(replay.end, run); day++) {
    if (!isRead(replay, day, run)) continue;
    days.push({ day, amount: amountAt(replay, day, run), age: run - day <= 1 ? 0 : 1 });
  }
  return days;
}
