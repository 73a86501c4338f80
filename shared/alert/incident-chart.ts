import type { Incident } from '../anomaly/incident.ts';
import type { Verdict } from '../anomaly/verdict.ts';
import { addDays, daysBetween, type IsoDate, toDay } from '../period.ts';
import type { SpendSeries } from '../spend/series.ts';
import type { AlertChart } from './alert.ts';

/** Days that a chart shows; more where that takes it to show the second number of days before the incident. */
const shownDays = 42;
const daysBefore = 14;
/** More would make an alert larger, and a chart no clearer. */
const mostDays = 70;

/** A day from which on a run knows all that charts may show: the newest complete day lies some days back. */
export const firstChartDay = (today: IsoDate): IsoDate => addDays(today, -mostDays - 7);

/**
 * The days around an incident, up to the newest complete one, or the last of the incident where that still fills: any
 * other that fills would show a fall that is none. A run follows a series from its first day on, whatever it tells of,
 * so that its `verdicts` say of past days too what was to be expected; of the first weeks nothing is known. The days of
 * the incident are as it has them, which is what people are told.
 */
export function incidentChart(
  incident: Incident,
  { currency, days }: Pick<SpendSeries, 'currency' | 'days'>,
  verdicts: readonly Verdict[],
): AlertChart {
  const first = days[0]?.date ?? incident.start;
  const closed = days.findLast((day) => day.closed)?.date ?? first;
  const last = later(closed, incident.days.at(-1)?.date ?? incident.start);
  const start = later(first, startOf(incident, last));
  const dates = Array.from({ length: daysBetween(start, last) + 1 }, (_, index) => addDays(start, index));
  const judged = new Map(verdicts.map((verdict) => [verdict.day, verdict]));
  const own = new Map(incident.days.map((day) => [day.date, day]));
  const figures = dates.map((date) => {
    const verdict = judged.get(toDay(date));
    const day = own.get(date);
    const expected = day?.expected ?? verdict?.expected;
    return {
      actual: days[daysBetween(first, date)]?.amount ?? day?.actual,
      expected,
      // Of days that were too much only together, each had been within the limit that it was judged by.
      limit: greatest(day?.limit ?? verdict?.limit, verdict?.limit, expected),
    };
  });
  return {
    currency,
    start,
    actual: figures.map(({ actual }) => figure(actual)),
    expected: figures.map(({ expected }) => figure(expected)),
    limit: figures.map(({ limit }) => figure(limit)),
    since: incident.start,
    ...(incident.end !== undefined && { until: incident.end }),
  };
}

const later = (one: IsoDate, other: IsoDate): IsoDate => (one > other ? one : other);
const earlier = (one: IsoDate, other: IsoDate): IsoDate => (one < other ? one : other);

const startOf = ({ start }: Incident, last: IsoDate): IsoDate =>
  later(addDays(last, 1 - mostDays), earlier(addDays(last, 1 - shownDays), addDays(start, -daysBefore)));

/** Undefined where the first isn't known. */
function greatest(limit = Number.NaN, ...others: (number | undefined)[]): number | undefined {
  if (Number.isNaN(limit)) return undefined;
  return Math.max(
    limit,
    ...others.flatMap((other) => (other === undefined || Number.isNaN(other) ? [] : other)),
  );
}

/** To five digits, which is more than can be seen. */
const figure = (amount = Number.NaN): number | null =>
  Number.isFinite(amount) ? Number(amount.toPrecision(5)) : null;
