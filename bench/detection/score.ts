import type { Usd } from '../../shared/money.ts';
import type { Decoy, LabelledEvent, LabelledSeries, LabelledSet } from './labelled.ts';

/** Days of a series before alarms count. */
const warmUp = 28;
/** Alarms of a series that are no more than so many days apart are one. */
const gap = 7;
/** Days after an event in which an alarm may still belong to it. */
const aftermath = 3;
/** Days of an event whose dollars count. */
const cap = 60;

/** The days on which each series was in alarm, by name: the newest day that the run saw. */
export type Alarms = ReadonlyMap<string, readonly number[]>;

export type KindScore = { found: number; events: number; delays: readonly number[] };

/** A false alarm: its first run, and the decoy that it fell for, or `plain`. */
type FalseAlarm = { series: string; day: number; kind: string };

export type Score = {
  precision: number;
  recall: number;
  f1: number;
  /** False alarms a year of one series. */
  falsePerYear: number;
  /** In days; undefined where nothing was found. */
  medianDelay: number | undefined;
  /** The share of the extra dollars that belong to found events, and that were spent after the alarm. */
  usdRecall: number;
  usdSaved: number;
  /** Alarms inside an event after a silence of more than a week: noise, though not false. */
  repeats: number;
  found: number;
  falseAlarms: readonly FalseAlarm[];
  missed: readonly LabelledEvent[];
  kinds: ReadonlyMap<string, KindScore>;
};

/** What was told of an event: its delay in days where it was found in time, and its dollars. */
type EventScore = {
  event: LabelledEvent;
  delay: number | undefined;
  usd: Usd;
  saved: Usd;
  repeats: number;
};

/**
 * Scores alarms by event. An alarm from an event's start to its `alarmBy` finds it; alarms after that until three days
 * after its end are neutral, all others false.
 */
export function score(alarms: Alarms, { series, events, decoys }: LabelledSet): Score {
  const eventsOf = Map.groupBy(events, (event) => event.series);
  const decoysOf = Map.groupBy(decoys, (decoy) => decoy.series);
  const falseAlarms: FalseAlarm[] = [];
  const scores: EventScore[] = [];
  let days = 0;
  for (const one of series) {
    const own = eventsOf.get(one.name) ?? [];
    const scored = scoredAlarms(one, alarms);
    const owners = Map.groupBy(scored, (alarm) =>
      own.find(({ start, end }) => start <= alarm && alarm <= end + aftermath),
    );
    falseAlarms.push(...toFalseAlarms(one.name, owners.get(undefined) ?? [], decoysOf.get(one.name) ?? []));
    scores.push(...own.map((event) => scoreEvent(event, owners.get(event) ?? [])));
    days += Math.max(0, one.final.length - warmUp);
  }
  return summarize(scores, falseAlarms, days);
}

/** Sorted, each once, and none of the first days. */
const scoredAlarms = ({ name, start }: LabelledSeries, alarms: Alarms): number[] =>
  [...new Set(alarms.get(name))].filter((day) => day >= start + warmUp).toSorted((a, b) => a - b);

/** The first of each cluster of false alarms. */
const toFalseAlarms = (series: string, days: readonly number[], decoys: readonly Decoy[]): FalseAlarm[] =>
  days
    .filter((day, index) => day - (days[index - 1] ?? Number.NEGATIVE_INFINITY) > gap)
    .map((day) => {
      const decoy = decoys.find(({ start, end }) => start <= day && day <= end + 2);
      return { series, day, kind: decoy?.kind ?? 'plain' };
    });

function scoreEvent(event: LabelledEvent, alarms: readonly number[]): EventScore {
  const counted = [...event.extra].filter(([day]) => day < event.start + cap);
  const first = alarms.find((alarm) => alarm <= event.alarmBy);
  return {
    event,
    delay: first === undefined ? undefined : first - event.start,
    usd: total(counted) || 1e-9,
    saved: first === undefined ? 0 : total(counted.filter(([day]) => day > first)),
    repeats: alarms.filter((alarm, index) => alarm - (alarms[index - 1] ?? alarm) > gap).length,
  };
}

function summarize(scores: readonly EventScore[], falseAlarms: readonly FalseAlarm[], days: number): Score {
  const delays = scores.flatMap(({ delay }) => delay ?? []);
  const found = delays.length;
  const precision = share(found, found + falseAlarms.length);
  const recall = share(found, scores.length);
  const usd = sum(scores.map((one) => one.usd));
  return {
    precision,
    recall,
    f1: share(2 * precision * recall, precision + recall),
    falsePerYear: share(falseAlarms.length, days / 365.25),
    medianDelay: medianOf(delays),
    usdRecall: share(sum(scores.map((one) => (one.delay === undefined ? 0 : one.usd))), usd),
    usdSaved: share(sum(scores.map(({ saved }) => saved)), usd),
    repeats: sum(scores.map(({ repeats }) => repeats)),
    found,
    falseAlarms,
    missed: scores.filter(({ delay }) => delay === undefined).map(({ event }) => event),
    kinds: scoreByKind(scores),
  };
}

function scoreByKind(scores: readonly EventScore[]): ReadonlyMap<string, KindScore> {
  const byKind = [...Map.groupBy(scores, ({ event }) => event.kind)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new Map(
    byKind.map(([kind, own]) => {
      const delays = own.flatMap(({ delay }) => delay ?? []);
      return [kind, { found: delays.length, events: own.length, delays }];
    }),
  );
}

/** Undefined where there is none. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

const total = (extra: readonly (readonly [number, Usd])[]): Usd => sum(extra.map(([, usd]) => usd));

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
