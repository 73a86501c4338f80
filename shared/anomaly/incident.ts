import { digest } from '../alert/identity.ts';
import type { Usd } from '../money.ts';
import { addDays, dateOf, type IsoDate, type IsoTime } from '../period.ts';
import { type Scope, scopeKey } from '../spend/scope.ts';
import type { DailyFigure, SpendSeries } from '../spend/series.ts';
import type { JudgedDay, Verdict } from './detection.ts';
import type { RootCause } from './root-cause.ts';
import { sum } from './statistics.ts';

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
type IncidentDay = JudgedDay & { limit?: Usd; closed: boolean; high: boolean };

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
export type Change = 'opened' | 'grown' | 'recovered' | 'accepted';

/** How much it matters: whether it can wait for the weekly review, for tomorrow, or not at all. */
export type IncidentSeverity = 'info' | 'warning' | 'critical';

/** Days that it takes to see a drift, the last of which tells. */
const driftDays = 7;
/** Closed days without excess, in a row, that end an incident. */
const calmDays = 2;
/** Closed days after which a lasting excess is the new normal: three weeks. */
export const acceptedAfter = 21;
/** Days after which an incident that goes on at the same rate is told again, should its impact have doubled. */
const reminderDays = 7;

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

/** An incident that begins with this verdict, or with the day that was held until this one confirmed it. */
export function openIncident(
  { scope, currency }: SpendSeries,
  verdict: Verdict,
  held: Verdict | undefined,
  detected: IsoTime,
): Incident {
  const confirmed = held && incidentDay(held);
  const earlier = verdict.earlier?.map((day) => ({ ...day, closed: true, high: true }));
  const days = earlier ?? (confirmed ? [confirmed] : []);
  const start = days[0]?.date ?? verdict.date;
  const incident: Incident = {
    id: incidentId(scope, start),
    scope,
    currency,
    kind: verdict.test === 'new' ? 'new' : verdict.test === 'sustained' ? 'drift' : 'rise',
    status: 'open',
    start,
    detected,
    reason: verdict.reason,
    days,
    impact: 0,
    excessPerDay: 0,
  };
  return advance(incident, verdict);
}

/**
 * The incident after one more day. A day that is judged again takes its place, and the days after it are to be judged
 * again too. Days that can't be judged change nothing; days before its start, and all days once it has ended, are
 * none of its business.
 */
export function advance(incident: Incident, verdict: Verdict): Incident {
  const day = incidentDay(verdict);
  if (incident.status !== 'open' || day === undefined || verdict.date < incident.start) return incident;
  const before = incident.days.filter(({ date }) => date < day.date);
  return settle({ ...incident, days: [...before, day] });
}

/**
 * Whether a day of an incident has its verdict for good: it has ended, or the day is one of those that only together
 * began a drift. Its figure may still be restated.
 */
export function isSettled({ kind, status, start, end }: Incident, date: IsoDate): boolean {
  if (date < start) return false;
  if (status !== 'open') return end !== undefined && date < end;
  return kind === 'drift' && date < addDays(start, driftDays);
}

/** The incident with what a settled day turns out to cost; the very same where that is nothing new. */
export function restate(incident: Incident, { date, amount, closed }: DailyFigure): Incident {
  const known = incident.days.find((day) => day.date === date);
  if (known === undefined || amount === undefined) return incident;
  if (known.actual === amount && known.closed === closed) return incident;
  const day = { ...known, actual: amount, closed, high: amount > known.expected };
  const days = incident.days.map((one) => (one === known ? day : one));
  const { end } = incident;
  if (end === undefined) return settle({ ...incident, days });
  return { ...incident, days, ...totals(days.filter((one) => one.date < end)) };
}

/** Whether it has ended, and what it comes to. */
function settle(incident: Incident): Incident {
  const closed = incident.days.filter((day) => day.closed);
  const last = closed.slice(-calmDays);
  if (last.length === calmDays && last.every(({ high }) => !high)) {
    const end = last[0]?.date ?? incident.start;
    return {
      ...incident,
      status: 'recovered',
      end,
      ...totals(incident.days.filter((day) => day.date < end)),
    };
  }
  const { plannedUntil = '' } = incident;
  const ended = closed.filter(({ date }) => date >= plannedUntil).length >= acceptedAfter && closed.at(-1);
  return {
    ...incident,
    ...totals(incident.days),
    ...(ended && { status: 'accepted', end: addDays(ended.date, 1) }),
  };
}

const totals = (days: readonly IncidentDay[]): Pick<Incident, 'impact' | 'excessPerDay'> => ({
  impact: sum(days.map(excessOf)),
  excessPerDay: newestExcess(days),
});

/** That of the newest complete day, or of a later one that exceeds it already. */
function newestExcess(days: readonly IncidentDay[]): Usd {
  const closed = days.findLastIndex((day) => day.closed);
  return Math.max(0, ...days.slice(Math.max(0, closed)).map(excessOf));
}

const excessOf = ({ expected, actual }: JudgedDay): Usd => Math.max(0, actual - expected);

function incidentDay(verdict: Verdict): IncidentDay | undefined {
  const { date, expected, limit, actual, closed } = verdict;
  if (expected === undefined || actual === undefined) return undefined;
  const high = isHigh(verdict);
  return { date, expected, actual, ...(limit !== undefined && { limit }), closed, high };
}

/** Above the middle between the expected and the limit: back near the expected is calm, just below the limit isn't. */
const isHigh = ({ state, actual = 0, expected = 0, limit = 0 }: Verdict): boolean =>
  state !== 'normal' || actual > (expected + limit) / 2;

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
  if (told.status !== 'open') return status === 'open' ? 'grown' : undefined;
  if (status !== 'open') return status;
  return hasGrown(incident, told) ? 'grown' : undefined;
}

/** It costs twice as much a day as was told, or it has cost twice as much and nobody was told for a week. */
function hasGrown({ start, days, impact }: Incident, told: Told): boolean {
  // What was told of a day that still filled, or of the part of a day that a leak began in, grows by itself.
  const firstNews = [dateOf(told.at), addDays(start, 2)].toSorted().at(-1) ?? start;
  const before = days.filter(({ date }) => date < firstNews);
  const since = days.filter(({ date }) => date >= firstNews);
  const known = Math.max(told.excessPerDay, ...before.map(excessOf));
  if (since.some((day) => excessOf(day) >= 2 * known)) return true;
  return since.length >= reminderDays && impact >= 2 * told.impact;
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
