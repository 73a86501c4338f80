import type { AlertChart } from '../alert/alert.ts';
import { firstChartDay, incidentChart } from '../alert/incident-chart.ts';
import { allowanceOf, calendarOf, type PlannedEvent } from '../anomaly/calendar.ts';
import { asPlanned, type Feedback, heeding, inForce, isMuted } from '../anomaly/feedback.ts';
import { floorOf } from '../anomaly/floors.ts';
import { foldIncidents, type Leak, recordsOf } from '../anomaly/hierarchy.ts';
import { type Change, changeOf, type Incident } from '../anomaly/incident.ts';
import { toPolicy } from '../anomaly/policy.ts';
import { reasonOf } from '../anomaly/verdict.ts';
import { type Walk, walkForward } from '../anomaly/walk-forward.ts';
import type { Config } from '../config.ts';
import { dateOf, daysBefore, type IsoDate, type IsoTime, toDate } from '../period.ts';
import { seriesLevels } from '../spend/levels.ts';
import { type Scope, scopeKey } from '../spend/scope.ts';
import type { SpendSeries } from '../spend/series.ts';
import type { SpendWatch } from '../spend/spend-watch.ts';

/** A leak after a run. */
export type JudgedIncident = {
  /** As the series shows it that carries it, under the id that people know. */
  incident: Incident;
  /** Absent where there is nothing to tell. */
  change?: Change | undefined;
  /** The incident of that id, as its own series goes on with it; what is told of the leak is noted there. */
  record: Incident;
  /** Its incidents in other series that are new or have changed; they are kept, and never told. */
  parts: readonly Incident[];
  /** The other series in which it was seen. */
  folded: readonly Scope[];
  /** Its series around it, where there is something to tell. */
  chart?: AlertChart | undefined;
};

/** One series as it was judged. */
export type SeriesSummary = {
  scope: Scope;
  accountName?: string | undefined;
  /** The newest day judged: its date, and amounts in the currency of the bill. */
  date?: IsoDate | undefined;
  actual?: number | undefined;
  /** Undefined where the history doesn't say. */
  expected?: number | undefined;
  /** `not enough history`: only an excess above the floor would have been told, or nothing. */
  state: 'normal' | 'incident' | 'held' | 'not enough history';
  reason: string;
};

export type Judged = {
  series: SeriesSummary[];
  /** The dearest first. */
  incidents: JudgedIncident[];
};

type Task = {
  known: readonly Incident[];
  from: IsoDate;
  config: Config;
  at: IsoTime;
  /** What was said of incidents. */
  feedback?: readonly Feedback[];
  /** The accounts that are watched more closely just now. */
  watches?: ReadonlyMap<string, SpendWatch>;
};

/**
 * Judges every series and their sums from a day on; what is known of incidents goes in, what has become of the leaks
 * comes out, each once, in however many series it was seen.
 */
export function judgeSpend(series: readonly SpendSeries[], task: Task): Judged {
  const { known, feedback = [] } = task;
  const answers = new Map(feedback.map((one) => [one.incidentId, one]));
  const bySeries = Map.groupBy(
    known.map((incident) => asFollowed(incident, answers.get(incident.partOf ?? incident.id))),
    keyOf,
  );
  const calendar = calendarOf(task.config.spend, inForce(feedback, known), daysBefore(task.at, plannedDays));
  const walks = seriesLevels(series).map((one) => {
    const own = bySeries.get(keyOf(one)) ?? [];
    return { one, own, walk: walk(one, own, calendar, task) };
  });
  const changed = walks.flatMap(({ walk }) => walk.incidents);
  const incidents = judgeLeaks(known, [...changed, ...unexplained(known, changed)])
    .map((leak) => answered(leak, answers.get(leak.incident.id)))
    .map((leak) => ({ ...leak, chart: chartOf(leak, walks, calendar, task) }))
    .toSorted(({ incident: a }, { incident: b }) => b.excessPerDay - a.excessPerDay || b.impact - a.impact);
  return {
    series: walks.slice(0, series.length).map(({ one, own, walk }) => summarize(one, walk, own)),
    incidents,
  };
}

type Walked = { one: SpendSeries; own: readonly Incident[] };

/**
 * What a leak's alert shows of its series. A walk keeps the verdicts of the days that it may tell of; the few series
 * that have something to tell are walked again for those of the weeks before.
 */
function chartOf(
  { incident, change }: JudgedIncident,
  walks: readonly Walked[],
  calendar: readonly PlannedEvent[],
  task: Task,
): AlertChart | undefined {
  if (change === undefined) return undefined;
  const key = keyOf(incident);
  const walked = walks.find(({ one }) => keyOf(one) === key);
  if (walked === undefined) return undefined;
  const { one, own } = walked;
  const { verdicts } = walk(one, own, calendar, { ...task, from: firstChartDay(dateOf(task.at)) });
  return incidentChart(incident, one, verdicts);
}

/** What goes on unchanged, and whose cause no run could read so far: the next one tries again. */
function unexplained(known: readonly Incident[], changed: readonly Incident[]): Incident[] {
  const ids = new Set(changed.map(({ id }) => id));
  return known.filter(
    ({ id, status, cause, partOf }) =>
      status === 'open' && cause === undefined && partOf === undefined && !ids.has(id),
  );
}

/** An incident as its series goes on with it: muting is for people. */
function asFollowed(incident: Incident, feedback: Feedback | undefined): Incident {
  const planned = asPlanned(incident, feedback);
  return planned.status === 'muted' ? { ...planned, status: 'open' } : planned;
}

/** Days whose seasons and plans a walk may come by. */
const plannedDays = 400;

function walk(
  series: SpendSeries,
  known: readonly Incident[],
  calendar: readonly PlannedEvent[],
  { from, config, at, watches }: Task,
): Walk {
  const { scope, currency } = series;
  const policy = watches?.has(scope['account'] ?? '')
    ? toPolicy('eager', watchedFloor, currency)
    : toPolicy(config.spend.sensitivity, floorOf(config.spend, scope), currency);
  return walkForward(series, known, { policy, allowanceOn: allowanceOf(calendar, scope), from, at });
}

/** A day, in the currency of the bill: whoever stole a key begins small. */
const watchedFloor = 1;

/** The leaks of which any incident is among the changed ones; what is left of old ones is no news. */
export function judgeLeaks(known: readonly Incident[], changed: readonly Incident[]): JudgedIncident[] {
  const before = new Map(known.map((incident) => [incident.id, incident]));
  const after = new Map([...known, ...changed].map((incident) => [incident.id, incident]));
  const news = new Set(changed.map(({ id }) => id));
  return foldIncidents([...after.values()])
    .filter(({ carrier, folded }) => [carrier, ...folded].some(({ id }) => news.has(id)))
    .map((leak) => toJudged(leak, before));
}

function toJudged(leak: Leak, before: ReadonlyMap<string, Incident>): JudgedIncident {
  const { incident } = leak;
  const records = recordsOf(leak);
  const record = records.find(({ id }) => id === incident.id) ?? incident;
  const changed = records.filter((one) => before.get(one.id) !== one);
  const parts = changed.filter((one) => one !== record);
  const folded = leak.folded.map(({ scope }) => scope);
  return { incident, change: changeOf(incident), record, parts, folded };
}

/** What people know of the leak, on the incident under whose id they know it. */
export const noted = (record: Incident, { scope, reason, told, cause }: Incident): Incident => ({
  ...record,
  ...(scope === record.scope && { reason }),
  ...(told && { told }),
  ...(cause && { cause }),
});

/** What is left to tell after what people have said of it. */
function answered(leak: JudgedIncident, feedback: Feedback | undefined): JudgedIncident {
  const heeded = heeding(leak, feedback);
  const { incident } = heeded;
  if (incident.status !== 'open' || !isMuted(incident, feedback)) return heeded;
  return { ...heeded, incident: { ...incident, status: 'muted' } };
}

/** How many series are in each state. */
export function countStates(series: readonly SeriesSummary[]): Record<SeriesSummary['state'], number> {
  const counts = { normal: 0, incident: 0, held: 0, 'not enough history': 0 };
  for (const { state } of series) counts[state] += 1;
  return counts;
}

const keyOf = ({ scope }: { scope: Scope }): string => scopeKey(scope);

const numberOrNone = (value = Number.NaN): number | undefined => (Number.isNaN(value) ? undefined : value);

function summarize(
  { scope, currency }: SpendSeries,
  { verdicts, incidents }: Walk,
  known: readonly Incident[],
): SeriesSummary {
  const newest = verdicts.at(-1);
  const changed = new Map([...known, ...incidents].map((incident) => [incident.id, incident]));
  const open = [...changed.values()].some(({ status }) => status === 'open');
  const summary = {
    scope,
    date: newest && toDate(newest.day),
    actual: numberOrNone(newest?.actual),
    expected: numberOrNone(newest?.expected),
    reason: newest ? reasonOf(newest, currency) : 'Nothing new to judge.',
  };
  if (open) return { ...summary, state: 'incident' };
  if (newest?.state === 'unknown' || newest?.test === 'new')
    return { ...summary, state: 'not enough history' };
  return { ...summary, state: newest?.state === 'held' ? 'held' : 'normal' };
}
