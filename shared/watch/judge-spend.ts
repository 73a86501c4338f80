import { asPlanned, type Feedback, heeding } from '../anomaly/feedback.ts';
import { floorOf } from '../anomaly/floors.ts';
import { type Change, changeOf, type Incident } from '../anomaly/incident.ts';
import { type Policy, toPolicy } from '../anomaly/policy.ts';
import { type Walk, walkForward } from '../anomaly/walk-forward.ts';
import type { Config } from '../config.ts';
import type { IsoDate, IsoTime } from '../period.ts';
import { type Scope, scopeKey } from '../spend/scope.ts';
import type { SpendSeries } from '../spend/series.ts';

/** An incident after a run. */
export type JudgedIncident = {
  incident: Incident;
  /** Absent where there is nothing to tell. */
  change?: Change | undefined;
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
};

/** Judges every series from a day on; what is known of incidents goes in, what has become of them comes out. */
export function judgeSpend(
  series: readonly SpendSeries[],
  { known, from, config, at, feedback = [] }: Task,
): Judged {
  const answers = new Map(feedback.map((one) => [one.incidentId, one]));
  const bySeries = Map.groupBy(
    known.map((incident) => asPlanned(incident, answers.get(incident.id))),
    keyOf,
  );
  const walks = series.map((one) => {
    const floor = floorOf(config.spend, one.scope);
    const policy: Policy = toPolicy(config.spend.sensitivity, floor, one.currency);
    const incidents = bySeries.get(keyOf(one)) ?? [];
    return { one, walk: walkForward(one, incidents, from, policy, at) };
  });
  const incidents = walks
    .flatMap(({ walk }) => walk.incidents)
    .toSorted((a, b) => b.excessPerDay - a.excessPerDay || b.impact - a.impact);
  return {
    series: walks.map(({ one, walk }) => summarize(one, walk, bySeries.get(keyOf(one)) ?? [])),
    incidents: incidents.map((incident) =>
      heeding({ incident, change: changeOf(incident) }, answers.get(incident.id)),
    ),
  };
}

/** How many series are in each state. */
export function countStates(series: readonly SeriesSummary[]): Record<SeriesSummary['state'], number> {
  const counts = { normal: 0, incident: 0, held: 0, 'not enough history': 0 };
  for (const { state } of series) counts[state] += 1;
  return counts;
}

const keyOf = ({ scope }: { scope: Scope }): string => scopeKey(scope);

function summarize(
  { scope }: SpendSeries,
  { verdicts, incidents }: Walk,
  known: readonly Incident[],
): SeriesSummary {
  const newest = verdicts.at(-1);
  const changed = new Map([...known, ...incidents].map((incident) => [incident.id, incident]));
  const open = [...changed.values()].some(({ status }) => status === 'open');
  const summary = {
    scope,
    date: newest?.date,
    actual: newest?.actual,
    expected: newest?.expected,
    reason: newest?.reason ?? 'Nothing new to judge.',
  };
  if (open) return { ...summary, state: 'incident' };
  if (newest?.state === 'unknown' || newest?.test === 'new')
    return { ...summary, state: 'not enough history' };
  return { ...summary, state: newest?.state === 'held' ? 'held' : 'normal' };
}
