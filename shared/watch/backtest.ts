import { incidentAlert } from '../alert/incident-alert.ts';
import { allowanceOf, type PlannedEvent } from '../anomaly/calendar.ts';
import { type Excess, excessesOf } from '../anomaly/follow.ts';
import {
  changeOf,
  excessOf,
  type Incident,
  type IncidentSeverity,
  markTold,
  reconcile,
  severityOf,
} from '../anomaly/incident.ts';
import { type Sensitivity, toPolicy } from '../anomaly/policy.ts';
import { amountAt, newReplay, type Replay, replayRun } from '../anomaly/replay.ts';
import { sum } from '../anomaly/statistics.ts';
import { formatMoney, type Usd } from '../money.ts';
import { daysPerMonth, type IsoDate, type IsoTime, type Period, toDate, toDay } from '../period.ts';
import type { ChargeCategory } from '../spend/charge.ts';
import type { SpendHistory, SpendRecord } from '../spend/history.ts';
import { historyLevels } from '../spend/levels.ts';
import { type Scope, scopeKey } from '../spend/scope.ts';
import { type JudgedIncident, judgeLeaks, noted } from './judge-spend.ts';

/** An incident as the walk over the history found it; amounts in the currency of the record. */
export type BacktestIncident = {
  id: string;
  /** The series that carries it. */
  series: Scope;
  /** Other series in which the same leak was seen. */
  folded: readonly Scope[];
  kind: Incident['kind'];
  status: Incident['status'];
  /** The first day above what was to be expected. */
  start: IsoDate;
  /** The day of the run that told it. */
  detected: IsoDate;
  /** The first day that is no longer part of it; null while it goes on. */
  end: IsoDate | null;
  /** Of a mean day of the incident. */
  expected: number;
  actual: number;
  /** What its days cost above what was to be expected. */
  impact: number;
  /** The part of it after the alert: what acting on it could have saved. */
  impactAfterAlert: number;
  /** The excess of its newest day while it goes on, else of its last one. */
  excessPerDay: number;
  severity: IncidentSeverity;
  /** In one sentence. */
  reason: string;
  /** What would have been said and when, oldest first: the alert that opens it is the first. */
  told: readonly { date: IsoDate; change: string; title: string; summary: string }[];
};

/** One series, day by day: parallel arrays from `start` on. NaN where there is nothing to say. */
export type BacktestSeries = {
  series: Scope;
  start: IsoDate;
  actual: Float64Array;
  expected: Float64Array;
  /** The most that would have passed as normal. */
  limit: Float64Array;
};

export type BacktestResult = {
  /** The days of the file; `end` exclusive. */
  period: Period;
  currency: string;
  /** How many days and series of usage there are. */
  days: number;
  series: number;
  /** Of the series, those too short to be judged on any day. */
  tooShort: number;
  sensitivity: string;
  /** Dollars a day below which nothing was told. */
  floor: number;
  bitemporal: boolean;
  /** By the day they were told. */
  incidents: readonly BacktestIncident[];
  summary: {
    /** In one sentence: what somebody would have heard, and what it was worth. */
    text: string;
    alerts: number;
    incidents: number;
    impact: number;
    impactAfterAlert: number;
    alertsPerMonth: number;
  };
  /** What the record holds besides usage, and is not judged. */
  apart: Partial<Record<ChargeCategory, number>>;
  /** The series that have an incident, and the dearest of the others; not part of the JSON. */
  walks: readonly BacktestSeries[];
};

/** How a backtest judges. */
export type BacktestOptions = {
  sensitivity: Sensitivity;
  /** Dollars a day. */
  floor: Usd;
  /** Another floor for a scope of its own; `floor` where it is absent. */
  floorOf?: (scope: Scope) => Usd;
  /** Judge each series by itself; else they and their sums are one hierarchy, in which a leak is told once. */
  flat?: boolean;
  calendar: readonly PlannedEvent[];
  /** What people call the accounts, by id. */
  accountNames?: Readonly<Record<string, string>>;
};

/** A series with what is known of its incidents. */
type Track = {
  replay: Replay;
  scope: Scope;
  incidents: readonly Incident[];
  /** The newest excess, as it was when the incidents were last brought up to it. */
  newest?: Excess | undefined;
};

/** A leak as it was last seen, and what was said of it. */
type Told = {
  incident: Incident;
  folded: readonly Scope[];
  told: BacktestIncident['told'][number][];
};

/**
 * Walks through a record run by run, each seeing what had been read by then, and tells what people would have been
 * told and when. The same judgement, incidents and words as of the watch itself.
 */
export function backtest(
  record: SpendRecord,
  options: BacktestOptions,
  onProgress: (done: number, of: number) => void = () => {},
): BacktestResult {
  const usage = record.histories.filter(({ category, days }) => category === 'Usage' && days.length > 0);
  const period = periodOf(usage);
  const tracks = tracksOf(usage, record, period, options);
  const runs = runsOf(usage, record.bitemporal, period);
  const leaks = new Map<string, Told>();
  for (const [index, run] of runs.entries()) {
    onProgress(index, runs.length);
    const changed = tracks.flatMap((track) => follow(track, run, record.currency));
    if (changed.length > 0) tellAll(tracks, changed, leaks, toDate(run), options);
  }
  const tooShort = tracks.slice(0, usage.length).filter(isTooShort).length;
  const incidents = [...leaks.values()].flatMap(toBacktestIncident).toSorted(byDetection);
  return {
    period: { start: toDate(period.first), end: toDate(period.end) },
    currency: record.currency,
    days: period.end - period.first,
    series: usage.length,
    tooShort,
    sensitivity: options.sensitivity,
    floor: options.floor,
    bitemporal: record.bitemporal,
    incidents,
    summary: summaryOf(incidents, period.end - period.first, record.currency, tooShort < usage.length),
    apart: apartFrom(record.histories),
    walks: walksOf(tracks, incidents, runs.at(-1) ?? period.end),
  };
}

const isTooShort = ({ replay }: Track): boolean => replay.expected.every(Number.isNaN);

const byDetection = (a: BacktestIncident, b: BacktestIncident): number =>
  a.detected.localeCompare(b.detected) || b.impact - a.impact || (a.id < b.id ? -1 : 1);

type Days = { first: number; end: number };

/** The days of all series; of none, an empty span. */
function periodOf(usage: readonly SpendHistory[]): Days {
  let [first, end] = [Number.POSITIVE_INFINITY, 0];
  for (const { days } of usage) {
    first = Math.min(first, days[0] ?? first);
    end = Math.max(end, (days.at(-1) ?? 0) + 1);
  }
  return end === 0 ? { first: 0, end: 0 } : { first, end };
}

/** The mornings on which something was read; where nothing says so, that after each day. */
function runsOf(usage: readonly SpendHistory[], bitemporal: boolean, { first, end }: Days): number[] {
  if (!bitemporal) return Array.from({ length: end - first }, (_, index) => first + index + 1);
  const runs = new Set<number>();
  for (const { observed } of usage) for (const run of observed) runs.add(run);
  return [...runs].toSorted((a, b) => a - b);
}

function tracksOf(
  usage: readonly SpendHistory[],
  { currency, bitemporal }: SpendRecord,
  period: Days,
  { sensitivity, floor, floorOf = () => floor, flat = false, calendar }: BacktestOptions,
): Track[] {
  return (flat ? usage : historyLevels(usage)).map((history) => {
    const { scope, days } = history;
    const own = { first: days[0] ?? period.first, end: (days.at(-1) ?? period.first) + 1 };
    const policy = toPolicy(sensitivity, floorOf(scope), currency);
    const terms = { policy, allowanceOn: allowanceOf(calendar, scope) };
    // By itself a series begins with its first day; among others it cost nothing before.
    return {
      replay: newReplay(history, terms, { ...(flat ? own : period), bitemporal }),
      scope,
      incidents: [],
    };
  });
}

/** Whether nothing goes on, nothing has changed since it was over, and nothing of the past was restated. */
const isQuiet = ({ replay, incidents, newest }: Track, last: Excess | undefined, run: number): boolean =>
  last === newest &&
  last?.status !== 'open' &&
  !incidents.some(({ status }) => status === 'open') &&
  !replay.restated.has(run);

/** What a run finds in a series: its incidents that are new or have changed. */
function follow(track: Track, run: number, currency: string): Incident[] {
  const { replay, scope, incidents: known } = track;
  const ahead = replayRun(replay, run);
  const excesses = excessesOf(replay.follower, ahead);
  if (isQuiet(track, excesses.at(-1), run)) return [];
  track.newest = excesses.at(-1);
  const after = reconcile(known, excesses, {
    scope,
    currency,
    amountOn: (day) => (day < replay.end ? amountAt(replay, day, run) : undefined),
    closedThrough: replay.next - 1,
    from: replay.first,
    at: morningOf(toDate(run)),
  });
  const before = new Set(known);
  track.incidents = after;
  return after.filter((incident) => !before.has(incident));
}

const morningOf = (date: IsoDate): IsoTime => `${date}T06:00:00Z`;

/** Tells what has changed, each leak once, and notes what was told. */
function tellAll(
  tracks: readonly Track[],
  changed: readonly Incident[],
  leaks: Map<string, Told>,
  date: IsoDate,
  { flat = false, accountNames: names = {} }: BacktestOptions,
): void {
  const morning = morningOf(date);
  const judged = flat ? changed.map(alone) : judgeLeaks(recentOf(tracks, date), changed);
  const notes = new Map<string, Incident>();
  for (const leak of judged) {
    const { incident, change, record, parts } = leak;
    const told = change === undefined ? incident : markTold(incident, change, morning);
    for (const one of [...parts, noted(record, told)]) notes.set(one.id, one);
    const said = leaks.get(incident.id)?.told ?? [];
    if (change !== undefined) {
      const { title, summary } = incidentAlert(incident, { names, change, at: morning });
      said.push({ date, change, title, summary });
    }
    leaks.set(incident.id, { incident, folded: leak.folded, told: said });
  }
  for (const track of tracks) {
    if (track.incidents.some(({ id }) => notes.has(id))) {
      track.incidents = track.incidents.map((incident) => notes.get(incident.id) ?? incident);
    }
  }
}

/** A leak of a series that is judged by itself. */
const alone = (incident: Incident): JudgedIncident => ({
  incident,
  change: changeOf(incident),
  record: incident,
  parts: [],
  folded: [],
});

/** Days after its end that an incident may still be found to be part of another. */
const foldedDays = 30;

/** The incidents of all series that go on or ended lately: older ones have nothing to do with what is new. */
function recentOf(tracks: readonly Track[], date: IsoDate): Incident[] {
  const oldest = toDate(toDay(date) - foldedDays);
  return tracks.flatMap(({ incidents }) => incidents.filter(({ end }) => end === undefined || end >= oldest));
}

/** A leak as the result shows it; nothing of what nobody was told. */
function toBacktestIncident({ incident, folded, told }: Told): BacktestIncident[] {
  const [first] = told;
  if (first === undefined) return [];
  const { id, scope, kind, status, start, end = null, impact, excessPerDay, reason } = incident;
  const days = incident.days.filter(({ date }) => end === null || date < end);
  const mean = (amounts: readonly Usd[]) => sum(amounts) / Math.max(1, amounts.length);
  const afterwards = days.filter(({ date }) => date >= first.date);
  return [
    {
      id,
      series: scope,
      folded,
      kind,
      status,
      start,
      detected: first.date,
      end,
      expected: mean(days.map(({ expected }) => expected)),
      actual: mean(days.map(({ actual }) => actual)),
      impact,
      impactAfterAlert: sum(afterwards.map(excessOf)),
      excessPerDay,
      severity: severityOf(incident),
      reason,
      told,
    },
  ];
}

function summaryOf(
  incidents: readonly BacktestIncident[],
  days: number,
  currency: string,
  isJudged: boolean,
): BacktestResult['summary'] {
  const told = incidents.flatMap(({ told }) => told);
  const alerts = told.filter(({ change }) => change === 'opened' || change === 'grown').length;
  const impact = sum(incidents.map(({ impact }) => impact));
  const impactAfterAlert = sum(incidents.map(({ impactAfterAlert }) => impactAfterAlert));
  const months = days / daysPerMonth;
  const count = (number: number, name: string) => `${number} ${name}${number === 1 ? '' : 's'}`;
  const span = months < 2 ? count(days, 'day') : `${Math.round(months)} months`;
  const worth = `${count(incidents.length, 'leak')} worth ${formatMoney(impact, currency)}`;
  const text =
    incidents.length === 0
      ? `In ${span}: no alert, nothing leaked.`
      : `In ${span}: ${count(alerts, 'alert')}, ${worth}, ${formatMoney(impactAfterAlert, currency)} of it after the first alert.`;
  const alertsPerMonth = months === 0 ? 0 : alerts / months;
  return {
    text: isJudged ? text : `In ${span}: too little history to judge.`,
    alerts,
    incidents: incidents.length,
    impact,
    impactAfterAlert,
    alertsPerMonth,
  };
}

/** What a record holds besides usage, by category, as it is known now. */
function apartFrom(histories: readonly SpendHistory[]): BacktestResult['apart'] {
  const apart: Partial<Record<ChargeCategory, Usd>> = {};
  for (const { category, days, amounts } of histories) {
    if (category === 'Usage') continue;
    const newest = amounts.filter((_, index) => days[index] !== days[index + 1]);
    apart[category] = (apart[category] ?? 0) + sum([...newest]);
  }
  return apart;
}

/** Series shown besides those that have an incident. */
const othersShown = 24;

/** Every series with an incident, and the dearest of the others. */
function walksOf(
  tracks: readonly Track[],
  incidents: readonly BacktestIncident[],
  run: number,
): BacktestSeries[] {
  const told = new Set(incidents.map(({ series }) => scopeKey(series)));
  const isTold = ({ scope }: Track) => told.has(scopeKey(scope));
  const walks = tracks.map((track) => ({ track, walk: walkOf(track, run) }));
  const dearest = walks
    .filter(({ track }) => !isTold(track))
    .toSorted((a, b) => sum([...b.walk.actual]) - sum([...a.walk.actual]))
    .slice(0, othersShown);
  return [...walks.filter(({ track }) => isTold(track)), ...dearest].map(({ walk }) => walk);
}

function walkOf({ replay, scope }: Track, run: number): BacktestSeries {
  const { first, end, expected, limit } = replay;
  const actual = Float64Array.from({ length: end - first }, (_, index) =>
    amountAt(replay, first + index, run),
  );
  return { series: scope, start: toDate(first), actual, expected, limit };
}
