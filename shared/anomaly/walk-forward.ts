import { addDays, type IsoDate, type IsoTime } from '../period.ts';
import type { DailyFigure, SpendSeries } from '../spend/series.ts';
import { judgeDay, type Verdict } from './detection.ts';
import { acceptedAfter, advance, type Incident, isSettled, openIncident, restate } from './incident.ts';
import type { Policy } from './policy.ts';

/** What came of judging the days of a series: every verdict, and the incidents that are new or have changed. */
export type Walk = { verdicts: readonly Verdict[]; incidents: readonly Incident[] };

/**
 * Judges the days of a series from `from` on, one by one, each by what lies before it. `known` are the incidents of
 * the series so far. Days already judged may be judged again: the same figures give the same incidents, restated ones
 * update, open or end them. A run that was skipped is made up for by the next one's walk.
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
  let unclaimed: Verdict | undefined;
  for (const [index, figure] of series.days.entries().filter(([, { date }]) => date >= first)) {
    const settled = incidents.values().find((incident) => isSettled(incident, figure.date));
    if (settled !== undefined) {
      incidents.set(settled.id, restate(settled, figure));
      continue;
    }
    const held = heldFor(figure.date, unclaimed);
    const history = maskedHistory(series.days.slice(0, index), [...incidents.values()], figure.date, held);
    const verdict = judgeDay(history, figure, policy);
    const open = takeOpen(incidents, figure.date);
    const next = open ? advance(open, verdict) : opened(series, verdict, held, at);
    if (next !== undefined) incidents.set(next.id, open ? next : continued(next, incidents.get(next.id)));
    verdicts.push(verdict);
    unclaimed = open ? undefined : verdict;
  }
  const unchanged = new Set(known);
  return { verdicts, incidents: [...incidents.values()].filter((incident) => !unchanged.has(incident)) };
}

/** The day before, where it was held until this one tells; what belonged to an incident waits for nothing. */
const heldFor = (date: IsoDate, previous: Verdict | undefined): Verdict | undefined =>
  previous?.state === 'held' && addDays(previous.date, 1) === date ? previous : undefined;

const opened = (
  series: SpendSeries,
  verdict: Verdict,
  held: Verdict | undefined,
  at: IsoTime,
): Incident | undefined =>
  verdict.state === 'anomalous' ? openIncident(series, verdict, held, at) : undefined;

/**
 * The open incident that a day belongs to. Where restated days lead up to one that is known, they are its beginning:
 * it is still one leak.
 */
function takeOpen(incidents: Map<string, Incident>, date: IsoDate): Incident | undefined {
  const [first, known] = [...incidents.values()]
    .filter(({ status, start }) => status === 'open' && start <= date)
    .toSorted((a, b) => a.start.localeCompare(b.start));
  if (first === undefined || known === undefined) return first;
  incidents.delete(first.id);
  return { ...known, kind: first.kind, start: first.start, days: [...first.days, ...known.days] };
}

/** An incident that begins anew, after its days were taken back and restored, is the one that people know. */
function continued(next: Incident, known: Incident | undefined): Incident {
  if (known === undefined) return next;
  const { detected, told } = known;
  return { ...next, detected, ...(told && { told }) };
}

/**
 * The history without the days of incidents: what leaked must not become what is expected, unless it was accepted.
 * What recovered comes back into the history after a while, so that what happens every week is learnt. Calm days
 * stay, so that an open incident hides from later days what it will hide once it has ended, and no more; what is held
 * is no evidence until it is told.
 */
function maskedHistory(
  history: readonly DailyFigure[],
  incidents: readonly Incident[],
  date: IsoDate,
  held: Verdict | undefined,
): readonly DailyFigure[] {
  const masking = incidents.filter(
    ({ status, end }) =>
      status === 'open' ||
      (status === 'recovered' && end !== undefined && end > addDays(date, -acceptedAfter)),
  );
  if (masking.length === 0 && held === undefined) return history;
  const calm = new Set(
    masking.flatMap(({ days }) => days.filter(({ high }) => !high).map((day) => day.date)),
  );
  const isMasked = ({ date }: DailyFigure) =>
    date === held?.date ||
    (!calm.has(date) && masking.some(({ start, end }) => date >= start && (end === undefined || date < end)));
  return history.map((figure) => (isMasked(figure) ? { ...figure, amount: undefined } : figure));
}
