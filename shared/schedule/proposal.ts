import type { Hour } from '../compute/hour-states.ts';
import { type Confidence, wholeCoverage } from '../compute/utilization.ts';
import type { Usd } from '../money.ts';
import { type Fit, fitOf, openHoursPerWeek, type Stretch } from './fit.ts';
import { coverageOf, doubtOf, type History, type NoProposal, noPattern, toHistory } from './history.ts';
import { hoursPerWeek } from './local-hour.ts';
import { learnPattern, type Pattern, type Tolerance } from './pattern.ts';
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
  /** Share of the work of each of the last weeks that hours learnt from the others would have covered, 0 to 1. */
  foreseen: number;
  confidence: Confidence;
  /** The value of the tag that it would take the place of. */
  current?: string | undefined;
};

/** Share of its busy hours that the windows may leave out: it isn't stopped while it works, whatever they say. */
export const busyTolerance = 0.1;

/** As AWS counts a month of days. */
const daysPerMonth = 30.4;

/** Hours a month below which a saving of unknown price is too small. */
const leastHoursSaved = 20;

/** A name is taken where it saves no less than this share of what the learnt hours do. */
const nameShare = 0.95;

/** A tag is changed for no less than this share of what it could save. */
const notableShare = 0.1;

/** Hours for the schedule tag of an instance, or why there are none. */
export function proposeSchedule(past: Past, policy: ProposalPolicy): Proposal | NoProposal {
  if (past.current?.parsed.kind === 'off') return { code: 'off', reason: 'its tag says never to touch it' };
  const history = toHistory(past.hours, past.timeZone);
  const doubt = doubtOf(history, policy.coverage);
  if (doubt) return doubt;
  const learnt = learnHours(history, past, policy);
  if (learnt === undefined) return noPattern(history);
  const fitted = named(learnt, history, policy) ?? learnt;
  return worthOf(fitted, learnt, { history, past, policy });
}

const unforeseen = (share: number): NoProposal => ({
  code: 'irregular',
  reason: `no pattern: hours learnt from the other weeks foresee but ${Math.floor(share * 100)} % of a week's work`,
});

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
  if (foreseen < notForeseen) return unforeseen(foreseen);
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

/** Share of the work of each of the last weeks that hours learnt from the other weeks would have covered. */
function foreseenBy({ history: { hours, busy }, past, policy }: Given): number {
  const tolerance: Tolerance = { busy: busyTolerance, unknown: 1 - policy.coverage };
  const weeks = Math.min(weeksTested, Math.floor(hours.length / hoursPerWeek));
  let [worked, missed] = [0, 0];
  for (let back = 0; back < weeks; back += 1) {
    const end = hours.length - back * hoursPerWeek;
    const week = hours.slice(end - hoursPerWeek, end);
    const own = week.filter(({ state }) => state === 'busy').length;
    const pattern = learnPattern(hours.toSpliced(end - hoursPerWeek, hoursPerWeek), tolerance);
    const fitted = pattern && fittedBy(windowsText(pattern.windows, past.timeZone), week, policy);
    worked += own;
    // Without hours nothing would be stopped; where the other weeks know no work, this one's is a surprise.
    missed += fitted ? fitted.fit.busyHoursOutside : own === busy ? own : 0;
  }
  return worked === 0 ? 0 : 1 - missed / worked;
}

const weeksTested = 4;

/** From these shares foreseen on. Below the last one what was learnt is an accident. */
const wellForeseen = 0.95;
const hardlyForeseen = 0.8;
const notForeseen = 0.7;

function confidenceOf(history: History, foreseen: number): Confidence {
  if (foreseen < hardlyForeseen) return 'low';
  const isWhole = coverageOf(history) >= wholeCoverage && history.days >= 21;
  return isWhole && foreseen >= wellForeseen ? 'high' : 'medium';
}
