import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import { counted } from './evidence-text.ts';
import type { Window } from './metric.ts';
import type { Confidence, Utilization } from './utilization.ts';

/** One of those that something consists of; what nobody measured is unknown. */
type Member = { name: string; utilization: Utilization | undefined };

/**
 * What consists of others is at work where one of them is, idle where each of them is, and unknown in every other case:
 * a stop takes them all.
 */
export function judgeMembers(members: readonly Member[], window: Window): Utilization {
  const seen = {
    windowStart: window.start,
    windowEnd: window.end,
    coverage: Math.min(1, ...members.map(({ utilization }) => utilization?.coverage ?? 0)),
  };
  const working = members.filter(({ utilization }) => utilization && isAtWork(utilization));
  if (working.length > 0) return { state: 'busy', ...seen, ...workOf(members, working) };
  const doubt = doubtOf(members);
  if (doubt !== undefined) return { state: 'unknown', reason: doubt, ...seen, confidence: 'low' };
  const [first] = members;
  const all = members.length === 1 ? 'its only member' : `all ${counted(members.length, 'member')}`;
  return {
    state: 'idle',
    reason: `${all} idle: ${first?.name}: ${first?.utilization?.reason}`,
    ...seen,
    confidence: lowestOf(members.flatMap(({ utilization }) => utilization?.confidence ?? [])),
    wastedShare: 1,
  };
}

/** What does little is at work all the same. */
const isAtWork = ({ state }: Utilization): boolean => state === 'busy' || state === 'underused';

function workOf(members: readonly Member[], working: readonly Member[]) {
  const [first] = working;
  return {
    reason: `${working.length} of ${counted(members.length, 'member')} at work: ${first?.name}: ${first?.utilization?.reason}`,
    confidence: first?.utilization?.confidence ?? 'low',
    lastBusy: timesOf(working, 'lastBusy').at(-1),
    firstBusy: timesOf(working, 'firstBusy').at(0),
  };
}

/** Oldest first. */
const timesOf = (members: readonly Member[], field: 'lastBusy' | 'firstBusy'): IsoTime[] =>
  members
    .flatMap(({ utilization }) => utilization?.[field] ?? [])
    .toSorted((a, b) => Date.parse(a) - Date.parse(b));

/** Why they can't be called idle together; undefined where they can. */
function doubtOf(members: readonly Member[]): string | undefined {
  if (members.length === 0) return 'it has no members that could be measured';
  const unknown = members.find(({ utilization }) => utilization?.state !== 'idle');
  return unknown && `${unknown.name}: ${unknown.utilization?.reason ?? 'it was not measured'}`;
}

const lowestOf = (confidences: readonly Confidence[]): Confidence =>
  (['low', 'medium', 'high'] as const).find((confidence) => confidences.includes(confidence)) ?? 'low';

/** Dollars an hour of all members together, by what they are members of; absent where one of their prices is unknown. */
export function sumOfRates(
  whole: readonly { id: string; members: readonly string[] }[],
  rates: ReadonlyMap<string, Usd>,
): Map<string, Usd> {
  return new Map(
    whole.flatMap(({ id, members }) => {
      const known = members.flatMap((member) => rates.get(member) ?? []);
      const isWhole = members.length > 0 && known.length === members.length;
      return isWhole ? [[id, known.reduce((sum, rate) => sum + rate, 0)] as const] : [];
    }),
  );
}
