import type { Hour } from '../compute/hour-states.ts';
import { hourMs } from '../compute/hours.ts';
import { localHour } from './local-hour.ts';
import type { WorkHour } from './pattern.ts';

/** Why nothing is proposed, by a code that doesn't change. */
export type NoProposal = { code: NoProposalCode; reason: string };

type NoProposalCode =
  | 'off'
  | 'never-ran'
  | 'too-little-history'
  | 'not-measured'
  | 'poor-coverage'
  | 'never-busy'
  | 'hardly-used'
  | 'around-the-clock'
  | 'irregular'
  | 'memory-held'
  | 'small-saving'
  | 'current-fits'
  | 'works-outside-current';

/** A past shorter than this says nothing of a week. */
const leastDays = 14;
/** Days on which it must have run in them. */
const leastDaysRun = 8;

/** Share of the known hours from which on it works around the clock. */
const alwaysBusy = 0.95;

/** Hours off for each hour it ran, from which on somebody turns it off. */
const oftenOff = 0.1;

const dayMs = 24 * hourMs;

/** The past from the first hour in which it ran on. */
export type History = {
  hours: readonly WorkHour[];
  /** Hours in which it ran; of these the ones that are known, and those of work. */
  ran: number;
  known: number;
  busy: number;
  /** Its length, and local dates on which it ran and worked. */
  days: number;
  daysRun: number;
  daysBusy: number;
};

export function toHistory(hours: readonly Hour[], timeZone: string): History {
  const first = hours.findIndex(({ state }) => state !== 'off');
  const own =
    first < 0 ? [] : hours.slice(first).map((hour) => ({ ...hour, ...localHour(timeZone, hour.at) }));
  const having = (...states: Hour['state'][]) => own.filter(({ state }) => states.includes(state));
  const datesOf = (some: readonly WorkHour[]) => new Set(some.map(({ date }) => date)).size;
  const busy = having('busy');
  const ran = own.filter(({ state }) => state !== 'off');
  return {
    hours: own,
    ran: ran.length,
    known: having('busy', 'held', 'idle').length,
    busy: busy.length,
    days: (own.length * hourMs) / dayMs,
    daysRun: datesOf(ran),
    daysBusy: datesOf(busy),
  };
}

export const coverageOf = ({ known, ran }: History): number => (ran === 0 ? 0 : known / ran);

/** Why a past says nothing of its hours; `coverage` is the share that must be known of those it ran, 0 to 1. */
export function doubtOf(history: History, coverage: number): NoProposal | undefined {
  const { ran, known, busy, days, daysRun, daysBusy } = history;
  if (ran === 0) return { code: 'never-ran', reason: 'it did not run' };
  if (days < leastDays) {
    const reason = `its past begins ${counted(Math.ceil(days), 'day')} ago: a pattern takes two weeks`;
    return { code: 'too-little-history', reason };
  }
  if (daysRun < leastDaysRun) {
    const reason = `it ran on ${daysRun} of ${Math.round(days)} days: a pattern takes ${leastDaysRun}`;
    return { code: 'too-little-history', reason };
  }
  if (known === 0) {
    return { code: 'not-measured', reason: `nobody can tell what it did in any of the ${ran} hours it ran` };
  }
  if (coverageOf(history) < coverage) {
    const share = Math.floor(coverageOf(history) * 100);
    return { code: 'poor-coverage', reason: `what it did is known of ${share} % of the ${ran} hours it ran` };
  }
  if (busy === 0) {
    const reason = `it did nothing in any of the ${ran} hours it ran: is it needed at all?`;
    return { code: 'never-busy', reason };
  }
  if (daysBusy < Math.max(2, days / 7)) {
    const reason = `it worked on ${counted(daysBusy, 'day')} of ${Math.round(days)}: too few for a pattern`;
    return { code: 'hardly-used', reason };
  }
  return busy >= alwaysBusy * known ? aroundTheClock(history) : undefined;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Of what is off at times, whoever turns it off needs no hours for it. */
function aroundTheClock({ busy, known, ran, hours }: History): NoProposal {
  const off = hours.length - ran;
  if (off > ran * oftenOff) {
    const reason = `it is off for ${off} of ${hours.length} hours already, and busy in ${busy} of the others`;
    return { code: 'small-saving', reason };
  }
  const reason = `no pattern: busy around the clock, in ${busy} of ${known} hours`;
  return { code: 'around-the-clock', reason };
}

export function noPattern(history: History): NoProposal {
  const { busy, known } = history;
  if (busy >= known / 2) return aroundTheClock(history);
  return { code: 'irregular', reason: `no pattern: its ${busy} busy hours lie at any hour of the week` };
}
