import type { Incident } from '../../shared/anomaly/incident.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import { walkForward } from '../../shared/anomaly/walk-forward.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { isoOf, type LabelledSeries, type Span } from './labelled.ts';

/** Days of history that a judgement needs at most: three months of fees and what lies around them. */
const lookBack = 120;

const policy = toPolicy('balanced', 5);

/** The runs at which our detector tells a new incident of a series, by the newest day that each saw. */
export function alarmsOfOurs(series: LabelledSeries, _calendar: readonly Span[]): number[] {
  const known = new Map<string, Incident>();
  const alarms: number[] = [];
  for (let run = 0; run < series.final.length; run++) {
    const days = knownAt(series, run);
    const from = days.at(-3)?.date ?? days[0]?.date ?? '';
    const seen = { scope: { series: series.name }, currency: 'USD', days };
    const at = `${isoOf(series.start + run + 1)}T06:00:00Z`;
    const { incidents } = walkForward(seen, [...known.values()], from, policy, at);
    if (incidents.some(({ id }) => !known.has(id))) alarms.push(series.start + run);
    for (const incident of incidents) known.set(incident.id, incident);
  }
  return alarms;
}

/** The figures that the run knows whose newest day is the `run`-th of the series. */
const knownAt = ({ start, final, seenFirst, seenNext }: LabelledSeries, run: number): DailyFigure[] =>
  Array.from({ length: Math.min(run + 1, lookBack) }, (_, back) => {
    const day = run - Math.min(run, lookBack - 1) + back;
    const figures = day === run ? seenFirst : day === run - 1 ? seenNext : final;
    return { date: isoOf(start + day), amount: figures[day], closed: day < run - 1 };
  });
