import type { Hour } from '../compute/hour-states.ts';
import { hourMs } from '../compute/hours.ts';
import { type Confidence, wholeCoverage } from '../compute/utilization.ts';
import type { Usd } from '../money.ts';
import { type Fit, fitOf, openHoursPerWeek, type Stretch } from './fit.ts';
import { hoursPerWeek, localHour } from './local-hour.ts';
import { learnPattern, type Pattern, type Tolerance, type WorkHour } from './pattern.ts';
import { patternText } from './pattern-text.ts';
import type { ParsedSchedule, Schedule, ScheduleContext } from './schedule.ts';
import { parseScheduleTag } from './tag.ts';
import { windowsText } from './window-text.ts';

/** What an instance did, hour by hour and without a gap, the oldest first. */
export type Past = {
  hours: readonly Hour[];
  /** The zone in which its hours are read. */
  timeZone: string;
  /** Dollars an hour while it runs; undefined is unknown. */
  hourlyRate?: Usd | undefined;
  /** What its tag says now; absent where it has none. */
  current?: { value: string; parsed: ParsedSchedule } | undefined;
};

export type ProposalPolicy = {
  /** Dollars a month below which no tag is worth its while. */
  minSaving: Usd;
  /** Share of the hours it ran that must be known, 0 to 1. */
  coverage: number;
  /** Minutes from the last work to a stop: those without work, and those between the warning and the stop. */
  tailMinutes: number;
  /** The schedules that have a name. */
  context: ScheduleContext;
};

/** Hours that fit what an instance does, and what they would have saved. */
export type Proposal = {
  /** For its schedule tag. */
  value: string;
  /** The hours of it, where the value is a name. */
  hours: string;
  /** What it did, in a sentence. */
  pattern: string;
  /** Hours a week outside of its windows. */
  offHoursPerWeek: number;
  /** Hours a month that it ran idle in then, and would be stopped; beyond what its present tag saves. */
  savedHoursPerMonth: number;
  /** The same in dollars; absent where its rate is unknown. */
  dollarsPerMonth?: Usd | undefined;
  busyHours: number;
  busyHoursOutside: number;
  /** When it worked outside of the windows: it would not have been stopped then, nor started. */
  busyOutside: Stretch[];
  /** Share of the hours in which it ran that are known, 0 to 1. */
  coverage: number;
  /** Weeks of the past that it was learnt from. */
  weeks: number;
  /** Share of the last week's work that hours learnt from the weeks before would have covered; absent where it had none. */
  foreseen?: number | undefined;
  confidence: Confidence;
  /** The value of the tag that it would take the place of. */
  current?: string | undefined;
};

/** Why nothing is proposed, by a code that doesn't change. */
export type NoProposal = { code: NoProposalCode; reason: string };

export type NoProposalCode =
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

/** Share of its busy hours that the windows may leave out: it isn't stopped while it works, whatever they say. */
export const busyTolerance = 0.1;

/** A past shorter than this says nothing of a week. */
const leastDays = 14;
/** Days on which it must have run in them. */
const leastDaysRun = 8;

/** As AWS counts a month of days. */
const daysPerMonth = 30.4;
const dayMs = 24 * hourMs;

/** Hours a month below which a saving of unknown price is too small. */
const leastHoursSaved = 20;

/** A name is taken where it saves no less than this share of what the learnt hours do. */
const nameShare = 0.95;

/** A tag is changed for no less than this share of what it could save. */
const notableShare = 0.1;

/** Share of the known hours from which on it works around the clock. */
const alwaysBusy = 0.95;

/** Hours for the schedule tag of an instance, or why there are none. */
export function proposeSchedule(past: Past, policy: ProposalPolicy): Proposal | NoProposal {
  if (past.current?.parsed.kind === 'off') return { code: 'off', reason: 'its tag says never to touch it' };
  const history = toHistory(past);
  const doubt = doubtOf(history, policy);
  if (doubt) return doubt;
  const learnt = learnHours(history, past, policy);
  if (learnt === undefined) return noPattern(history);
  const fitted = named(learnt, history, policy) ?? learnt;
  return worthOf(fitted, learnt, { history, past, policy });
}

/** The past from the first hour in which it ran on. */
type History = {
  hours: readonly WorkHour[];
  ran: number;
  known: number;
  busy: number;
  days: number;
  daysRun: number;
  daysBusy: number;
};

function toHistory({ hours, timeZone }: Past): History {
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

const coverageOf = ({ known, ran }: History): number => (ran === 0 ? 0 : known / ran);

/** Why its past says nothing of its hours. */
function doubtOf(history: History, { coverage }: ProposalPolicy): NoProposal | undefined {
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
    const reason = `it did nothing in ${counted(ran, 'hour')}: no hours fit that, see "watchdog utilization"`;
    return { code: 'never-busy', reason };
  }
  if (daysBusy < Math.max(2, days / 7)) {
    const reason = `it worked on ${counted(daysBusy, 'day')} of ${Math.round(days)}: no pattern, see "watchdog utilization"`;
    return { code: 'hardly-used', reason };
  }
  return busy >= alwaysBusy * known ? aroundTheClock(history) : undefined;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Of what is off at times, whoever turns it off needs no hours for it. */
function aroundTheClock({ busy, known, ran, hours }: History): NoProposal {
  const off = hours.length - ran;
  if (off > ran * notableShare) {
    const reason = `it is off for ${off} of ${hours.length} hours already, and busy in ${busy} of the others`;
    return { code: 'small-saving', reason };
  }
  const reason = `no pattern: busy around the clock, in ${busy} of ${known} hours`;
  return { code: 'around-the-clock', reason };
}

function noPattern(history: History): NoProposal {
  const { busy, known } = history;
  if (busy >= known / 2) return aroundTheClock(history);
  return { code: 'irregular', reason: `no pattern: its ${busy} busy hours lie at any hour of the week` };
}

/** Hours, and how they would have fitted. */
type Fitted = { value: string; schedule: Schedule; fit: Fit };

type Learnt = Fitted & { pattern: Pattern };

/** The hours that its past shows; undefined where none cover it. */
function learnHours(
  { hours }: History,
  past: Pick<Past, 'timeZone' | 'current'>,
  policy: ProposalPolicy,
): Learnt | undefined {
  const busy = hours.filter(({ state }) => state === 'busy').length;
  // A boundary within the leap of a clock, or off the hour, may leave out more than was counted: then less is tolerated.
  for (const share of [busyTolerance, busyTolerance / 2, 0]) {
    const tolerance: Tolerance = { busy: share, unknown: 1 - policy.coverage };
    const pattern = learnPattern(hours, tolerance);
    if (pattern === undefined) return undefined;
    const value = windowsText(pattern.windows, past.timeZone) + optionsOf(past.current);
    const fitted = fittedBy(value, hours, policy);
    if (fitted && openHoursPerWeek(fitted.schedule) === hoursPerWeek) return undefined;
    if (fitted && fitted.fit.busyHoursOutside <= busyTolerance * busy) return { ...fitted, pattern };
  }
  return undefined;
}

/** What its tag asks for beside the hours stays, as far as anybody can read it. */
const optionsOf = (current: Past['current']): string =>
  current?.parsed.kind === 'schedule' ? optionsIn(current.value) : '';

/** `; start; grace=30m` of a tag's value. */
const optionsIn = (value: string): string =>
  value
    .split(';')
    .slice(1)
    .map((option) => option.trim())
    .filter(Boolean)
    .map((option) => `; ${option}`)
    .join('');

function fittedBy(
  value: string,
  hours: readonly Hour[],
  { context, tailMinutes }: ProposalPolicy,
): Fitted | undefined {
  const parsed = parseScheduleTag(value, context);
  if (parsed.kind !== 'schedule') return undefined;
  const { schedule } = parsed;
  return { value, schedule, fit: fitOf(schedule, hours, Math.ceil(tailMinutes / 60)) };
}

/** The schedule of the configuration that saves most, where it covers the work as well: people like shared names. */
function named(learnt: Learnt, { hours, busy }: History, policy: ProposalPolicy): Fitted | undefined {
  const options = optionsIn(learnt.value);
  return Object.keys(policy.context.schedules)
    .flatMap((name) => fittedBy(name + options, hours, policy) ?? [])
    .filter(
      ({ schedule, fit }) =>
        schedule.always === learnt.schedule.always &&
        fit.busyHoursOutside <= busyTolerance * busy &&
        fit.hoursSaved >= nameShare * learnt.fit.hoursSaved,
    )
    .toSorted((a, b) => b.fit.hoursSaved - a.fit.hoursSaved)[0];
}

type Given = { history: History; past: Past; policy: ProposalPolicy };

/** The proposal, where it is worth a tag. */
function worthOf(fitted: Fitted, learnt: Learnt, given: Given): Proposal | NoProposal {
  const { history, past, policy } = given;
  const { fit } = fitted;
  const present = presentOf(given);
  const monthly = (hours: number) => (hours * daysPerMonth) / history.days;
  if (present && present.fit.busyHoursOutside > busyTolerance * history.busy) {
    const outside = `worked ${present.fit.busyHoursOutside} of ${history.busy} busy hours outside its hours`;
    return { code: 'works-outside-current', reason: `${outside}; "${fitted.value}" would cover them` };
  }
  const gain = fit.hoursSaved - (present?.fit.hoursSaved ?? 0);
  const saved = monthly(Math.max(0, gain));
  const dollars = past.hourlyRate === undefined ? undefined : saved * past.hourlyRate;
  const isSmall = dollars === undefined ? saved < leastHoursSaved : dollars < policy.minSaving;
  if (present && (isSmall || gain < notableShare * fit.hoursSaved)) {
    return {
      code: 'current-fits',
      reason: `its tag fits: ${patternText(learnt.pattern.core, history.hours)}`,
    };
  }
  if (isSmall || gain <= 0) return tooSmall(fit, saved, history);
  const foreseen = foreseenBy(given);
  return {
    value: fitted.value,
    hours: fitted.schedule.hours,
    pattern: patternText(learnt.pattern.core, history.hours),
    offHoursPerWeek: hoursPerWeek - openHoursPerWeek(fitted.schedule),
    savedHoursPerMonth: saved,
    dollarsPerMonth: dollars,
    busyHours: history.busy,
    busyHoursOutside: fit.busyHoursOutside,
    busyOutside: fit.busyOutside,
    coverage: coverageOf(history),
    weeks: Math.floor(history.days / 7),
    foreseen,
    confidence: confidenceOf(history, foreseen),
    ...(past.current && { current: past.current.value }),
  };
}

/** What its present tag does; undefined where it has none that can be read. */
function presentOf({ history, past, policy }: Given): Fitted | undefined {
  return past.current && fittedBy(past.current.value, history.hours, policy);
}

function tooSmall({ hoursSaved, heldHoursOutside }: Fit, saved: number, { ran, hours }: History): NoProposal {
  if (heldHoursOutside > hoursSaved) {
    const reason = `its devices hold memory in ${heldHoursOutside} quiet hours, which is no idleness: nothing would stop it`;
    return { code: 'memory-held', reason };
  }
  const off = hours.length - ran;
  const why = off > hoursSaved ? `, it is off for ${off} of ${hours.length} hours already` : '';
  return { code: 'small-saving', reason: `it would save but ${Math.round(saved)} h a month${why}` };
}

/** Share of the last week's work that hours learnt from the weeks before would have covered. */
function foreseenBy({ history: { hours }, past, policy }: Given): number | undefined {
  const split = hours.length - hoursPerWeek;
  const [before, last] = [hours.slice(0, split), hours.slice(split)];
  const busy = last.filter(({ state }) => state === 'busy').length;
  if (busy === 0 || !before.some(({ state }) => state === 'busy')) return undefined;
  const learnt = learnPattern(before, { busy: busyTolerance, unknown: 1 - policy.coverage });
  const fitted = learnt && fittedBy(windowsText(learnt.windows, past.timeZone), last, policy);
  return fitted && 1 - fitted.fit.busyHoursOutside / busy;
}

/** From these shares of the last week foreseen on. */
const wellForeseen = 0.95;
const hardlyForeseen = 0.8;

function confidenceOf(history: History, foreseen: number | undefined): Confidence {
  const isWhole = coverageOf(history) >= wholeCoverage && history.days >= 21;
  if (foreseen === undefined) return 'medium';
  if (foreseen < hardlyForeseen) return 'low';
  return isWhole && foreseen >= wellForeseen ? 'high' : 'medium';
}
