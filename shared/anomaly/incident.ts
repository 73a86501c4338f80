import { digest } from '../alert/identity.ts';
import type { Usd } from '../money.ts';
import { addDays, dateOf, type IsoDate, type IsoTime, toDate, toDay } from '../period.ts';
import { type Scope, scopeKey } from '../spend/scope.ts';
import type { Excess } from './follow.ts';
import type { RootCause } from './root-cause.ts';
import { sum } from './statistics.ts';
import { reasonOf, type Verdict } from './verdict.ts';

/** One leak: from the first day above what was to be expected until that ended or became normal. */
export type Incident = {
  /** The same in every run that sees this leak. */
  id: string;
  /** The series that it was seen in. */
  scope: Scope;
  currency: string;
  /** `rise`: days above the usual; `drift`: a week of them, each too small alone; `new`: hardly any spend before. */
  kind: 'rise' | 'drift' | 'new';
  /** `muted`: open, and somebody has said that it is fine. It is kept as open, and shown as muted. */
  status: 'open' | 'recovered' | 'accepted' | 'muted';
  start: IsoDate;
  /** The first day that is no longer part of it. */
  end?: IsoDate;
  /** The run that found it. */
  detected: IsoTime;
  /** Why it was told, in a sentence. */
  reason: string;
  days: readonly IncidentDay[];
  /** What its days have cost above what was to be expected. */
  impact: Usd;
  /** What its newest day cost above what was to be expected. */
  excessPerDay: Usd;
  cause?: RootCause;
  told?: Told;
  /** The first day after a plan that somebody said it to be: days before it make nothing the new normal. */
  plannedUntil?: IsoDate;
  /** The id of the incident under which the same leak is told; this one is never told itself. */
  partOf?: string;
};

/** `limit`: the most that would have passed as normal; absent where several days were judged together. */
type IncidentDay = {
  date: IsoDate;
  expected: Usd;
  actual: Usd;
  limit?: Usd;
  closed: boolean;
  high: boolean;
};

/** What people know of an incident. */
type Told = {
  status: Incident['status'];
  at: IsoTime;
  impact: Usd;
  excessPerDay: Usd;
  /** How often it was told again because it had grown. */
  growths: number;
};

/** What has happened to an incident since it was last told. */
export type Change = 'opened' | 'grown' | 'recovered' | 'accepted' | 'restated';

/** How much it matters: whether it can wait for the weekly review, for tomorrow, or not at all. */
export type IncidentSeverity = 'info' | 'warning' | 'critical';

/** Days that it takes to see a drift, the last of which tells. */
const driftDays = 7;
/** After how many days, at how many times the impact that was told, an incident that just goes on is told again. */
const reminderDays = 7;
const remindedAt = 4;

/** An alert's id, which the incident's is a part of, has room for 200. */
const longestName = 160;

/**
 * `210987654321/Amazon EC2/2026-11-14`: the account and the service as they are, other dimensions by name. What is
 * too long, or could be read as another scope, ends in a digest of the scope. All of the spend is `total`.
 */
export function incidentId(scope: Scope, start: IsoDate): string {
  return `${scopeName(scope)}/${start}`;
}

function scopeName(scope: Scope): string {
  const { account, service, ...rest } = scope;
  const named = Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parts = [
    ...(account === undefined ? [] : [account]),
    ...(service === undefined ? [] : [account === undefined ? `service=${service}` : service]),
    ...named.map(([dimension, value]) => `${dimension}=${value}`),
  ];
  const name = parts.join('/') || 'total';
  const isClear = Object.values(scope).every((value) => !/[/=]|^(total)?$/.test(value));
  return isClear && name.length <= longestName
    ? name
    : `${name.slice(0, longestName - 15)}~${digest(scopeKey(scope))}`;
}

/** A series as the incidents in it see it. */
export type SeriesView = {
  scope: Scope;
  currency: string;
  /** What a day cost, by day number, as it is known now. */
  amountOn: (day: number) => Usd | undefined;
  /** The newest complete day, by day number. */
  closedThrough: number;
  /** The first day that was judged: what began before it is no news, unless it still goes on. */
  from: number;
  /** The run. */
  at: IsoTime;
};

/** Days apart that two beginnings may lie and still be of one leak, seen anew when its days were complete. */
const sameStart = 4;

/**
 * What is known of the incidents of a series, brought up to what was found in its figures: those found again go on
 * under their id, with what people were told of them; what was found anew begins; what isn't there any more, because
 * the bill was restated or a filling day came to less than it seemed, is over. What was over by `view.from` stays as it
 * is, and what nobody knew of it is no news. The very same objects where nothing is new.
 */
export function reconcile(
  known: readonly Incident[],
  excesses: readonly Excess[],
  view: SeriesView,
): Incident[] {
  const isPast = (end: number | undefined): boolean => end !== undefined && end <= view.from;
  const before = pair(known, excesses);
  const found = excesses.flatMap((excess) => {
    const incident = before.get(excess);
    if (!isPast(excess.end)) return [toIncident(excess, incident, view)];
    if (incident === undefined) return [];
    return [isPast(dayOf(incident.end)) ? incident : toIncident(excess, incident, view)];
  });
  const again = new Set(before.values());
  const left = known.filter((incident) => !again.has(incident));
  return [...left.map((incident) => takenBack(incident, view)), ...found];
}

const dayOf = (date: IsoDate | undefined): number | undefined =>
  date === undefined ? undefined : toDay(date);

/** Which excess is known as which incident: of those that overlap, the ones that began closest together. */
function pair(known: readonly Incident[], excesses: readonly Excess[]): Map<Excess, Incident> {
  const candidates = excesses.flatMap((excess) =>
    known
      .filter((incident) => overlaps(incident, excess))
      .map((incident) => ({ excess, incident, distance: Math.abs(toDay(incident.start) - excess.start) })),
  );
  const pairs = new Map<Excess, Incident>();
  const taken = new Set<Incident>();
  for (const { excess, incident } of candidates.toSorted((a, b) => a.distance - b.distance)) {
    if (pairs.has(excess) || taken.has(incident)) continue;
    pairs.set(excess, incident);
    taken.add(incident);
  }
  return pairs;
}

/** What was found while days filled may begin a few days later once they are complete; what is over is over. */
function overlaps(incident: Incident, { start, days }: Excess): boolean {
  const since = toDay(incident.start);
  const last = days.at(-1)?.day ?? start;
  const newest = lastHighOf(incident) + 1;
  const latest = incident.end === undefined ? Math.max(newest, since + sameStart) : newest;
  return since <= last + 1 && start <= latest;
}

/** The newest day that is part of an incident. */
function lastHighOf({ start, end, days }: Incident): number {
  if (end !== undefined) return toDay(end) - 1;
  return toDay(days.findLast(({ high }) => high)?.date ?? start);
}

function toIncident(excess: Excess, before: Incident | undefined, view: SeriesView): Incident {
  const { scope, currency, at } = view;
  const { found } = excess;
  const first = toDate(excess.days[0]?.day ?? excess.start);
  // Days that the walk doesn't reach any more are as they were; others are part of it only if it says so.
  const earlier =
    before?.days.filter(({ date }) => date < first && view.amountOn(toDay(date)) === undefined) ?? [];
  const days = [...earlier, ...daysOf(excess, view)];
  const start = days[0]?.date ?? first;
  const end = excess.end === undefined ? undefined : toDate(excess.end);
  const { end: _, ...rest } = before ?? {
    id: incidentId(scope, start),
    scope,
    currency,
    kind: kindOf(found),
    detected: at,
    reason: reasonOf(found, currency),
  };
  const incident: Incident = {
    ...rest,
    status: excess.status,
    start,
    ...(end !== undefined && { end }),
    days,
    ...totals(end === undefined ? days : days.filter(({ date }) => date < end)),
  };
  return before !== undefined && isSame(before, incident) ? before : incident;
}

const kindOf = ({ test, span }: Verdict): Incident['kind'] =>
  test === 'new' ? 'new' : span >= driftDays ? 'drift' : 'rise';

function daysOf({ days }: Excess, { amountOn }: SeriesView): IncidentDay[] {
  return days.flatMap(({ day, expected, limit, high, closed }) => {
    const actual = amountOn(day);
    return actual === undefined ? [] : [{ date: toDate(day), expected, limit, actual, closed, high }];
  });
}

/**
 * What was found while days filled, or before they were restated, and isn't found any more once they are complete. One
 * that began before there is anything to judge it by has lasted for so long that nothing shows it: it is the new normal.
 */
function takenBack(incident: Incident, view: SeriesView): Incident {
  const { amountOn, closedThrough, from } = view;
  const last = lastHighOf(incident);
  const isPlanned = incident.plannedUntil !== undefined && toDay(incident.plannedUntil) > closedThrough;
  const isUndecided = last > closedThrough || (incident.status === 'open' && isPlanned);
  if (incident.status === 'accepted' || isUndecided || (incident.end !== undefined && last < from)) {
    return incident;
  }
  const status = incident.end !== undefined || hasHistory(incident, view) ? 'recovered' : 'accepted';
  const end = toDate(last + 1);
  const days = incident.days.map((day) => ({
    ...day,
    actual: amountOn(toDay(day.date)) ?? day.actual,
    closed: true,
    high: status === 'accepted' && day.high,
  }));
  const after = { ...incident, status, end, days, ...totals(days.filter(({ date }) => date < end)) } as const;
  return isSame(incident, after) ? incident : after;
}

/** Days of history that it takes to find anything, and in a week of which one at least was read. */
const neededHistory = 21;

const hasHistory = ({ start }: Incident, { amountOn }: SeriesView): boolean =>
  Array.from({ length: 7 }, (_, age) => amountOn(toDay(start) - neededHistory - age)).some(
    (amount) => amount !== undefined,
  );

function isSame(a: Incident, b: Incident): boolean {
  return (
    a.status === b.status &&
    a.start === b.start &&
    a.end === b.end &&
    a.days.length === b.days.length &&
    a.days.every((day, index) => isSameDay(day, b.days[index]))
  );
}

const isSameDay = (a: IncidentDay, b: IncidentDay | undefined): boolean =>
  b !== undefined &&
  a.date === b.date &&
  a.expected === b.expected &&
  a.actual === b.actual &&
  a.closed === b.closed &&
  a.high === b.high;

const totals = (days: readonly IncidentDay[]): Pick<Incident, 'impact' | 'excessPerDay'> => ({
  impact: sum(days.map(excessOf)),
  excessPerDay: newestExcess(days),
});

/** That of the newest complete day, or of a later one that exceeds it already. */
function newestExcess(days: readonly IncidentDay[]): Usd {
  const closed = days.findLastIndex((day) => day.closed);
  return Math.max(0, ...days.slice(Math.max(0, closed)).map(excessOf));
}

/** What is expected is known to single precision: less than that is no excess. */
const precision = 1e-5;

export const excessOf = ({ expected, actual }: Pick<IncidentDay, 'expected' | 'actual'>): Usd =>
  actual > expected * (1 + precision) ? actual - expected : 0;

/** What it goes on costing above what was to be expected; nothing once it is over or the new normal. */
export const runRate = ({ status, excessPerDay }: Incident): { perDay: Usd; perMonth: Usd } =>
  status === 'open' || status === 'muted'
    ? { perDay: excessPerDay, perMonth: 30 * excessPerDay }
    : { perDay: 0, perMonth: 0 };

/** Dollars a day, of what is not more surprising than usual. */
const warningExcess = 25;
const criticalExcess = 500;
/** Times the distance from the expected to the limit: what isn't further off counts once, twice as far and more double. */
const usualSurprise = 2;

/**
 * Dollars times surprise. The dollars are those of a day above the expected, the newest or the mean one, whichever is
 * dearer; the surprise is how many times the distance from the expected to the limit the most surprising day was off,
 * over 2, from 1 to 2. From 500 on it is critical, from 25 on a warning. What is muted is not more than information.
 */
export function severityOf(incident: Incident): IncidentSeverity {
  const { status, impact, excessPerDay, days } = incident;
  if (status === 'muted') return 'info';
  const surprise = Math.max(0, ...days.map(surpriseOf));
  const weight = Math.min(2, Math.max(1, surprise / usualSurprise));
  const weighed = weight * Math.max(excessPerDay, impact / Math.max(1, days.length));
  if (weighed >= criticalExcess) return 'critical';
  return weighed >= warningExcess ? 'warning' : 'info';
}

/** 1 at the limit; 0 where there is none. */
const surpriseOf = ({ expected, actual, limit = expected }: IncidentDay): number =>
  limit > expected ? (actual - expected) / (limit - expected) : 0;

/** What there is to tell of an incident; nothing while it merely goes on, or is muted. */
export function changeOf(incident: Incident): Change | undefined {
  const { status, told } = incident;
  if (status === 'muted') return undefined;
  if (told === undefined) return 'opened';
  // What was taken back, and is there again after all, is news.
  if (told.status !== 'open')
    return status === 'open' ? 'grown' : isTakenBack(incident) ? 'restated' : undefined;
  if (status !== 'open') return status;
  return hasGrown(incident, told) ? 'grown' : undefined;
}

/** A smaller share of what was told is nothing to speak of. */
const leftShare = 0.2;

/** Whether hardly anything is left of what was told, because the bill was restated. */
export const isTakenBack = ({ status, impact, told }: Incident): boolean =>
  status === 'recovered' && told !== undefined && impact < leftShare * told.impact;

/** It costs twice as much a day as was told, or it has cost four times as much, nobody was told for a week, and it goes on. */
function hasGrown({ start, days, impact }: Incident, told: Told): boolean {
  // What was told of a day that still filled, or of the part of a day that a leak began in, grows by itself.
  const firstNews = [dateOf(told.at), addDays(start, 2)].toSorted().at(-1) ?? start;
  const before = days.filter(({ date }) => date < firstNews);
  const since = days.filter(({ date }) => date >= firstNews);
  const known = Math.max(told.excessPerDay, ...before.map(excessOf));
  if (since.some((day) => excessOf(day) > 0 && excessOf(day) >= 2 * known)) return true;
  const goesOn = days.at(-1)?.high === true;
  return goesOn && since.length >= reminderDays && impact >= remindedAt * told.impact;
}

/** The incident with what is now told of it. */
export const markTold = (incident: Incident, change: Change, at: IsoTime): Incident => ({
  ...incident,
  told: {
    status: incident.status,
    at,
    impact: incident.impact,
    excessPerDay: incident.excessPerDay,
    growths: (incident.told?.growths ?? 0) + (change === 'grown' ? 1 : 0),
  },
});
