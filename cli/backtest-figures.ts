import { addDays, daysBetween, type IsoDate, type Period } from '../shared/period.ts';
import type { SpendRecord } from '../shared/spend/history.ts';
import { scopeKey } from '../shared/spend/scope.ts';
import type { BacktestIncident, BacktestResult, BacktestSeries } from '../shared/watch/backtest.ts';

/** What all usage cost on each day of the period, by the last figure read of it. */
export function usageByDay({ histories }: SpendRecord, { start, end }: Period): Float64Array {
  const usage = new Float64Array(daysBetween(start, end));
  const first = daysBetween('1970-01-01', start);
  for (const { category, days, amounts } of histories) {
    if (category !== 'Usage') continue;
    for (let index = 0; index < days.length; index++) {
      const day = days[index] ?? 0;
      if (day === days[index + 1]) continue; // there is a later figure
      const at = day - first;
      if (at >= 0 && at < usage.length) usage[at] = (usage[at] ?? 0) + (amounts[index] ?? 0);
    }
  }
  return usage;
}

/**
 * What each day of the period cost above what was to be expected: the impact of each incident, spread over its days
 * by how far they lie above it. Adds up to the impact of all of them.
 */
export function leakedByDay({ period, incidents, walks }: BacktestResult): Float64Array {
  const leaked = new Float64Array(daysBetween(period.start, period.end));
  const walkOf = new Map(walks.map((walk) => [scopeKey(walk.series), walk]));
  for (const incident of incidents) {
    const from = daysBetween(period.start, incident.start);
    const shares = sharesOf(incident, walkOf.get(scopeKey(incident.series)), period);
    shares.forEach((share, index) => {
      const at = from + index;
      if (at >= 0 && at < leaked.length) leaked[at] = (leaked[at] ?? 0) + share * incident.impact;
    });
  }
  return leaked;
}

/** The share of each of the incident's days in its impact. Without a figure above the expected all have the same. */
function sharesOf(
  { start, end }: BacktestIncident,
  walk: BacktestSeries | undefined,
  period: Period,
): number[] {
  const last = end === null || end > period.end ? period.end : end;
  const days = Math.max(1, daysBetween(start, last));
  const offset = walk ? daysBetween(walk.start, start) : 0;
  const excesses = Array.from({ length: days }, (_, index) => {
    const excess = (walk?.actual[offset + index] ?? 0) - (walk?.expected[offset + index] ?? 0);
    return excess > 0 ? excess : 0; // NaN is none
  });
  const total = excesses.reduce((sum, excess) => sum + excess, 0);
  return excesses.map((excess) => (total > 0 ? excess / total : 1 / days));
}

export type MonthFigures = { month: string; usage: number; leaked: number; alerts: number };

/** That a leak is over is told too, and is no alert. */
const isAlarming = (change: string): boolean => change === 'opened' || change === 'grown';

/** Usage, what leaked, and the alerts, month by month; the first and the last may be parts of one. */
export function monthFigures(
  { period, incidents }: BacktestResult,
  usage: Float64Array,
  leaked: Float64Array,
): MonthFigures[] {
  const months = new Map<string, MonthFigures>();
  const at = (date: IsoDate): MonthFigures => {
    const month = date.slice(0, 7);
    const known = months.get(month) ?? { month, usage: 0, leaked: 0, alerts: 0 };
    months.set(month, known);
    return known;
  };
  usage.forEach((amount, index) => {
    const figures = at(addDays(period.start, index));
    figures.usage += amount;
    figures.leaked += leaked[index] ?? 0;
  });
  for (const { date, change } of incidents.flatMap(({ told }) => told)) {
    if (isAlarming(change)) at(date).alerts += 1;
  }
  return [...months.values()].toSorted((one, other) => (one.month < other.month ? -1 : 1));
}

/** Days from the first day of a leak until somebody was told, of the middle one; undefined where there is none. */
export function medianDelay(incidents: readonly BacktestIncident[]): number | undefined {
  const delays = incidents
    .map(({ start, detected }) => daysBetween(start, detected))
    .toSorted((a, b) => a - b);
  const middle = delays[Math.floor((delays.length - 1) / 2)];
  return middle;
}

/** The dearest first; of equal ones the earlier. */
export const byImpact = (one: BacktestIncident, other: BacktestIncident): number =>
  other.impact - one.impact || (one.detected < other.detected ? -1 : one.detected > other.detected ? 1 : 0);
