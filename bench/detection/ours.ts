import type { Incident } from '../../shared/anomaly/incident.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import { walkForward } from '../../shared/anomaly/walk-forward.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { isoOf, type LabelledSeries, type Span } from './labelled.ts';

/** Days of history that a judgement needs at most: three months of fees and what lies around them. */
const lookBack = 120;

const policy = toPolicy('balanced', 5);

/** The runs at which our detector tells a new incident of a series, by the newest day that each saw. */
export const alarmsOfOurs = (series: LabelledSeries, _calendar: readonly Span[]): number[] =>
  judgeFrom(series, 0, new Map());

/** What is kept of a series between two runs, after so many of its days. */
export function rememberOurs(series: LabelledSeries, days: number): Buffer {
  const past = partOf(series, 0, days);
  const known = new Map<string, Incident>();
  judgeFrom(past, 0, known);
  const from = Math.max(0, days - lookBack);
  const memory: Memory = {
    start: series.start + from,
    amounts: [...past.final.subarray(from)],
    known: [...known.values()],
  };
  return Buffer.from(JSON.stringify(memory));
}

/** Takes up from what was kept, and judges the days of the series after it. */
export function continueOurs(memory: Buffer, series: LabelledSeries): number[] {
  const { start, amounts, known } = JSON.parse(memory.toString()) as Memory;
  const rest = partOf(series, start + amounts.length - series.start, series.final.length);
  const joined = (figures: Float64Array) => Float64Array.from([...amounts, ...figures]);
  const whole: LabelledSeries = {
    name: series.name,
    start,
    final: joined(rest.final),
    seenFirst: joined(rest.seenFirst),
    seenNext: joined(rest.seenNext),
  };
  return judgeFrom(whole, amounts.length, new Map(known.map((incident) => [incident.id, incident])));
}

type Memory = { start: number; amounts: readonly number[]; known: readonly Incident[] };

const partOf = (series: LabelledSeries, from: number, to: number): LabelledSeries => ({
  name: series.name,
  start: series.start + from,
  final: series.final.subarray(from, to),
  seenFirst: series.seenFirst.subarray(from, to),
  seenNext: series.seenNext.subarray(from, to),
});

/** Judges each run from that of day `first` on. What is known of incidents goes in, and is kept up to date. */
function judgeFrom(series: LabelledSeries, first: number, known: Map<string, Incident>): number[] {
  const alarms: number[] = [];
  for (let run = first; run < series.final.length; run++) {
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
