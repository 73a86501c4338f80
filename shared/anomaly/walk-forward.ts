import { addDays, type IsoDate, type IsoTime } from '../period.ts';
import type { DailyFigure, SpendSeries } from '../spend/series.ts';
import { judgeDay, type Verdict } from './detection.ts';
import { acceptedAfter, advance, type Incident, openIncident } from './incident.ts';
import type { Policy } from './policy.ts';

/** What came of judging the days of a series: every verdict, and the incidents that are new or have changed. */
export type Walk = { verdicts: readonly Verdict[]; incidents: readonly Incident[] };

/**
 * Judges the days of a series from `from` on, one by one, each by what lies before it. `known` are the incidents of
 * the series so far. Days already judged may be judged again: the same figures give the same incidents, restated ones
 * update them. A run that was skipped is made up for by the next one's walk.
 */
export function walkForward(
  series: SpendSeries,
  known: readonly Incident[],
  from: IsoDate,
  policy: Policy,
  at: IsoTime,
): Walk {
  // What was held on the 1st needs the 2nd, and the 2nd needs what was held.
  const first = from.endsWith('-02') ? addDays(from, -1) : from;
  const incidents = new Map(known.map((incident) => [incident.id, incident]));
  const verdicts: Verdict[] = [];
  for (const [index, figure] of series.days.entries()) {
    if (figure.date < first) continue;
    const all = [...incidents.values()];
    if (all.some((incident) => isPast(incident, figure.date))) continue;
    const verdict = judgeDay(maskedHistory(series.days.slice(0, index), all, figure.date), figure, policy);
    const open = all.find(({ status, start }) => status === 'open' && start <= figure.date);
    const next = open ? advance(open, verdict) : opened(series, verdicts.at(-1), verdict, at);
    if (next !== undefined) incidents.set(next.id, next);
    verdicts.push(verdict);
  }
  const unchanged = new Set(known);
  return { verdicts, incidents: [...incidents.values()].filter((incident) => !unchanged.has(incident)) };
}

function opened(
  series: SpendSeries,
  previous: Verdict | undefined,
  verdict: Verdict,
  at: IsoTime,
): Incident | undefined {
  if (verdict.state !== 'anomalous') return undefined;
  const held = previous?.state === 'held' && addDays(previous.date, 1) === verdict.date;
  return openIncident(series, verdict, held && verdict.earlier === undefined ? [previous] : [], at);
}

/** The day belongs to an incident that has ended. */
const isPast = ({ start, end }: Incident, date: IsoDate): boolean =>
  end !== undefined && date >= start && date < end;

/**
 * The history without the days of incidents: what leaked must not become what is expected, unless it was accepted.
 * What recovered comes back into the history after a while, so that what happens every week is learnt.
 */
function maskedHistory(
  history: readonly DailyFigure[],
  incidents: readonly Incident[],
  date: IsoDate,
): readonly DailyFigure[] {
  const masking = incidents.filter(
    ({ status, end }) =>
      status === 'open' ||
      (status === 'recovered' && end !== undefined && end > addDays(date, -acceptedAfter)),
  );
  if (masking.length === 0) return history;
  return history.map((figure) =>
    masking.some(({ start, end }) => figure.date >= start && (end === undefined || figure.date < end))
      ? { ...figure, amount: undefined }
      : figure,
  );
}
