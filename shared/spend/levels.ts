import { addDays, daysBetween } from '../period.ts';
import type { SpendHistory } from './history.ts';
import { type Scope, scopeKey } from './scope.ts';
import type { DailyFigure, SpendSeries } from './series.ts';

/**
 * The series and their sums: by each single dimension, and in total. A sum that says no more than one that is there
 * already is left out: an account with one service only is that series. A sum's day is unknown where one of its
 * series' is, and complete where all are; a series counts nothing on days that it doesn't reach.
 */
export const seriesLevels = (series: readonly SpendSeries[]): SpendSeries[] => [
  ...series,
  ...groupsOf(series).map(({ scope, members }) => sumOf(scope, members)),
];

/** The same of histories: what was known of a sum on any day is the sum of what was known of its parts. */
export const historyLevels = (histories: readonly SpendHistory[]): SpendHistory[] => [
  ...histories,
  ...[...Map.groupBy(histories, ({ category }) => category).values()].flatMap((own) =>
    groupsOf(own).map(({ scope, members }) => sumOfHistories(scope, members)),
  ),
];

/**
 * Histories summed over every dimension but `dimensions`: one for each combination of their values and category, in
 * the order of their keys. None is all of them together. A history that lacks one of the dimensions is in no sum.
 */
export function rollUp(histories: readonly SpendHistory[], dimensions: readonly string[]): SpendHistory[] {
  const groups = Map.groupBy(
    histories.filter(({ scope }) => dimensions.every((dimension) => dimension in scope)),
    ({ scope, category }) => `${category} ${scopeKey(pick(scope, dimensions))}`,
  );
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => sumOfHistories(pick(members[0]?.scope ?? {}, dimensions), members));
}

const pick = (scope: Scope, dimensions: readonly string[]): Scope =>
  Object.fromEntries(dimensions.map((dimension) => [dimension, scope[dimension] ?? '']));

type Scoped = { scope: Scope };
type Group<One> = { scope: Scope; members: readonly One[] };

/**
 * The sums that there are to make. Series of other dimensions see the same spend in another cut: each cut is summed
 * by itself, and what one has summed the next doesn't.
 */
function groupsOf<One extends Scoped>(series: readonly One[]): Group<One>[] {
  const cuts = Map.groupBy(series, ({ scope }) => Object.keys(scope).toSorted().join('\n'));
  const taken = new Set(series.map(({ scope }) => scopeKey(scope)));
  return [...cuts.values()].flatMap((cut) => {
    const groups = groupsOfCut(cut).filter(({ scope }) => !taken.has(scopeKey(scope)));
    for (const { scope } of groups) taken.add(scopeKey(scope));
    return withoutRepeats(cut, groups);
  });
}

function groupsOfCut<One extends Scoped>(cut: readonly One[]): Group<One>[] {
  const dimensions = Object.keys(cut[0]?.scope ?? {});
  const singles = dimensions.length > 1 ? dimensions : [];
  return [...singles.flatMap((dimension) => byValue(cut, dimension)), { scope: {}, members: cut }];
}

/** Without what is one series alone, or the same as a group before it. */
function withoutRepeats<One>(cut: readonly One[], groups: readonly Group<One>[]): Group<One>[] {
  const numbers = new Map(cut.map((one, index) => [one, index]));
  const seen = new Set<string>();
  return groups.filter(({ members }) => {
    const signature = members.map((one) => numbers.get(one)).join();
    if (members.length < 2 || seen.has(signature)) return false;
    return seen.add(signature);
  });
}

const byValue = <One extends Scoped>(cut: readonly One[], dimension: string): Group<One>[] =>
  [...Map.groupBy(cut, ({ scope }) => scope[dimension] ?? '')].map(([value, members]) => ({
    scope: { [dimension]: value },
    members,
  }));

function sumOf(scope: Scope, members: readonly SpendSeries[]): SpendSeries {
  const spans = members.flatMap(({ days }) => (days[0] ? [{ start: days[0].date, days }] : []));
  const start = spans.map((span) => span.start).reduce((a, b) => (a < b ? a : b), '9999-12-31');
  const reached = spans.map((span) => ({ from: daysBetween(start, span.start), days: span.days }));
  const length = reached.reduce((most, { from, days }) => Math.max(most, from + days.length), 0);
  const sums: Sums = {
    amounts: new Float64Array(length),
    first: new Float64Array(length),
    second: new Float64Array(length),
    open: new Uint8Array(length),
  };
  for (const { from, days } of reached) {
    for (const [index, figure] of days.entries()) addFigure(sums, from + index, figure);
  }
  return { scope, currency: members[0]?.currency ?? '', days: figuresOf(start, sums) };
}

/** Sums of each day: of what it cost, and of what was read of it on the first and on the second run. NaN: unknown. */
type Sums = { amounts: Float64Array; first: Float64Array; second: Float64Array; open: Uint8Array };

/** What cost nothing on a day takes nothing from what is known of the others on it. */
function addFigure({ amounts, first, second, open }: Sums, index: number, figure: DailyFigure): void {
  const { amount = Number.NaN, closed, seen } = figure;
  amounts[index] = (amounts[index] ?? 0) + amount;
  if (!closed) open[index] = 1;
  if (amount === 0 && seen === undefined) return;
  first[index] = (first[index] ?? 0) + (seen?.[0] ?? Number.NaN);
  second[index] = (second[index] ?? 0) + (seen?.[1] ?? Number.NaN);
}

const figuresOf = (start: string, { amounts, first, second, open }: Sums): DailyFigure[] =>
  Array.from(amounts, (amount, index) => {
    const seen = [first[index] ?? Number.NaN, second[index] ?? Number.NaN] as const;
    return {
      date: addDays(start, index),
      amount: Number.isNaN(amount) ? undefined : amount,
      closed: open[index] === 0,
      ...(seen.some((figure) => figure > 0) && { seen }),
    };
  });

/**
 * On every day on which one of the parts was read, the sum of the newest figures of all that were read by then; a part
 * that was never read for a day adds nothing to it.
 */
function sumOfHistories(scope: Scope, members: readonly SpendHistory[]): SpendHistory {
  // In an order of their own, so that the sum's last digit doesn't depend on the order of rows.
  const parts = members
    .map((part) => ({ part, key: scopeKey(part.scope) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ part }) => part);
  const readings = readingsOf(parts);
  const amounts = new Float64Array(readings.days.length);
  for (const part of parts) addTo(amounts, readings, part);
  const category = members[0]?.category ?? 'Usage';
  return { scope, category, days: readings.days, observed: readings.observed, amounts };
}

type Readings = Pick<SpendHistory, 'days' | 'observed'>;

/** Each day with each date on which any part was read, in order. */
function readingsOf(parts: readonly SpendHistory[]): Readings {
  const byDay = new Map<number, number[]>();
  for (const { days, observed } of parts) {
    for (const [index, day] of days.entries()) {
      const known = byDay.get(day);
      if (known === undefined) byDay.set(day, [observed[index] ?? day]);
      else insert(known, observed[index] ?? day);
    }
  }
  const inOrder = [...byDay].toSorted(([a], [b]) => a - b);
  return {
    days: Int32Array.from(inOrder.flatMap(([day, dates]) => dates.map(() => day))),
    observed: Int32Array.from(inOrder.flatMap(([, dates]) => dates)),
  };
}

/** Most parts were read on the same dates. */
function insert(sorted: number[], date: number): void {
  if (sorted.includes(date)) return;
  const place = sorted.findIndex((other) => other > date);
  sorted.splice(place === -1 ? sorted.length : place, 0, date);
}

/** Both are ordered by day and then by reading: one walk through them. */
function addTo(amounts: Float64Array, { days, observed }: Readings, part: SpendHistory): void {
  let next = 0;
  let newest = 0;
  for (let index = 0; index < days.length; index += 1) {
    const day = days[index] ?? 0;
    const date = observed[index] ?? 0;
    if (index === 0 || days[index - 1] !== day) newest = 0;
    while (part.days[next] === day && (part.observed[next] ?? 0) <= date) {
      newest = part.amounts[next] ?? 0;
      next += 1;
    }
    amounts[index] = (amounts[index] ?? 0) + newest;
  }
}
