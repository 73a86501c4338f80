import type { Confidence, Utilization } from './utilization.ts';

/** A member of a group, and what it did. */
export type MemberUse = { name: string; utilization: Utilization | undefined };

/**
 * What a group does that is stopped as a whole: busy where one of its members is, idle only where each of them is. A member
 * of which nothing is known makes it unknown, as it does to have none.
 */
export function judgeTogether(members: readonly MemberUse[], noun: string): Utilization | undefined {
  const told = members.flatMap(({ name, utilization }) => (utilization ? [{ name, ...utilization }] : []));
  const [first] = told;
  if (first === undefined) return undefined;
  const seen = {
    windowStart:
      told
        .map(({ windowStart }) => windowStart)
        .toSorted()
        .at(-1) ?? first.windowStart,
    windowEnd: told.map(({ windowEnd }) => windowEnd).toSorted()[0] ?? first.windowEnd,
    coverage: told.length < members.length ? 0 : Math.min(...told.map(({ coverage }) => coverage)),
  };
  const busy = told.filter(({ state }) => state === 'busy' || state === 'underused');
  const [working] = busy.toSorted((a, b) => timeOf(b.lastBusy) - timeOf(a.lastBusy));
  if (working) {
    const { name, confidence, lastBusy, firstBusy } = working;
    const reason = `${busy.length} of ${members.length} ${noun}s at work, ${name}: ${working.reason}`;
    return { ...seen, state: 'busy', reason, confidence, lastBusy, firstBusy };
  }
  const lastBusy = told.map((each) => each.lastBusy).toSorted((a, b) => timeOf(b) - timeOf(a))[0];
  const doubtful = told.find(({ state }) => state !== 'idle');
  const mute = members.find(({ utilization }) => utilization === undefined);
  if (doubtful || mute) {
    const reason = doubtful
      ? `${noun} ${doubtful.name}: ${doubtful.reason}`
      : `nothing is known of the ${noun} ${mute?.name}`;
    return { ...seen, state: 'unknown', reason, confidence: 'low', lastBusy };
  }
  // The one that comes nearest to work speaks for all of them.
  const least = told.reduce((a, b) => (ranks[b.confidence] < ranks[a.confidence] ? b : a));
  const reason =
    members.length === 1
      ? least.reason
      : `all ${members.length} ${noun}s idle, ${least.name}: ${least.reason}`;
  return { ...seen, state: 'idle', reason, confidence: least.confidence, wastedShare: 1, lastBusy };
}

const timeOf = (time: string | undefined): number =>
  time === undefined ? Number.NEGATIVE_INFINITY : Date.parse(time);

const ranks: Readonly<Record<Confidence, number>> = { high: 2, medium: 1, low: 0 };
