import type { Usd } from '../money.ts';
import { daysBetween } from '../period.ts';
import { areCompatible, isWithin, scopeKey } from '../spend/scope.ts';
import type { Incident } from './incident.ts';

/** One leak, in however many series it was seen. */
export type Leak = {
  /** What there is to tell: as the carrying series shows it, under the id by which people know the leak. */
  incident: Incident;
  /** The incident of the series that carries it, under its own id. */
  carrier: Incident;
  /** The other incidents that show it, the largest first. */
  folded: readonly Incident[];
};

/** Share of an incident's excess that another one has to show to be taken for its cause. */
const explainingShare = 0.8;
/** The same where people know already: a leak doesn't fall apart because a day was restated. */
const stayingShare = 0.5;
/** Share of an incident that lies on days on which the other one runs as well. */
const sharedShare = 0.5;
/** Days between the beginnings of what can be one leak in two series, of which neither need be a part of the other. */
const startTolerance = 3;
/** Days between the beginnings of what has one cause in several services of an account. */
const sameCauseTolerance = 1;
/** What begins at once in so many series has one cause, whoever pays for them. */
const manyLeaks = 5;

/** An incident as it is placed among the others. */
type Sighting = {
  incident: Incident;
  key: string;
  dimensions: readonly string[];
  /** Days since the first of 1970, of the incident's first day. */
  from: number;
  /** What each day cost above what was to be expected, from `from` on; NaN where nothing is known. */
  excess: Float64Array;
  total: Usd;
  /** Whether people know of it, or of what is a part of it. */
  isTold: boolean;
  /** The one that it is a part of; what is part of none carries its leak. */
  into?: Sighting;
};

/** Those that were placed, by every wider scope that they lie within, and by the day on which they began. */
type Placed = { within: Map<string, Sighting[]>; since: Map<number, Sighting[]> };

/**
 * Makes one leak of all the incidents that show it; the largest leak first. The most specific series that explains
 * four fifths of an incident carries it. An incident that only several leaks explain together belongs to the largest
 * of them and leaves them apart, unless they began together in one account, or in many series: then it carries them.
 * One that nothing explains carries itself, and what began with it as its parts. What was told as two leaks isn't
 * made one by a wider series, and a leak keeps the id under which it was told.
 */
export function foldIncidents(incidents: readonly Incident[]): Leak[] {
  const sightings = incidents.map(toSighting).toSorted(bySpecificity);
  const cuts = [...new Map(sightings.map((one) => [one.dimensions.join('\n'), one.dimensions])).values()];
  const placed: Placed = { within: new Map(), since: new Map() };
  for (const sighting of sightings) {
    place(sighting, placed);
    remember(sighting, placed, cuts);
  }
  rejoin(sightings);
  return [...Map.groupBy(sightings, rootOf)]
    .map(([root, members]) => toLeak(root, members))
    .toSorted((a, b) => b.incident.impact - a.incident.impact || (a.incident.id < b.incident.id ? -1 : 1));
}

function toSighting(incident: Incident): Sighting {
  const { scope, end } = incident;
  const days = incident.days.filter(({ date }) => end === undefined || date < end);
  const first = days[0]?.date ?? incident.start;
  const length = days.length === 0 ? 0 : daysBetween(first, days.at(-1)?.date ?? first) + 1;
  const excess = new Float64Array(length).fill(Number.NaN);
  for (const { date, actual, expected } of days)
    excess[daysBetween(first, date)] = Math.max(0, actual - expected);
  return {
    incident,
    key: scopeKey(scope),
    dimensions: Object.keys(scope).toSorted(),
    from: daysBetween('1970-01-01', first),
    excess,
    total: sumOf(excess),
    isTold: incident.told !== undefined,
  };
}

const sumOf = (excess: Float64Array): Usd =>
  excess.reduce((sum, amount) => (Number.isNaN(amount) ? sum : sum + amount), 0);

/** The most specific first, so that what is wider finds what explains it; then in an order that no run changes. */
const bySpecificity = (a: Sighting, b: Sighting): number =>
  b.dimensions.length - a.dimensions.length ||
  a.from - b.from ||
  (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) ||
  (a.incident.id < b.incident.id ? -1 : 1);

function remember(sighting: Sighting, { within, since }: Placed, cuts: readonly (readonly string[])[]): void {
  const { dimensions, from } = sighting;
  const { scope } = sighting.incident;
  for (const cut of cuts) {
    if (cut.length >= dimensions.length || !cut.every((dimension) => dimension in scope)) continue;
    const wider = Object.fromEntries(cut.map((dimension) => [dimension, scope[dimension] ?? '']));
    push(within, scopeKey(wider), sighting);
  }
  push(since, from, sighting);
}

function push<Key>(lists: Map<Key, Sighting[]>, key: Key, sighting: Sighting): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [sighting]);
  else list.push(sighting);
}

/** Finds what an incident is a part of, or what are parts of it. */
function place(sighting: Sighting, placed: Placed): void {
  const within = (placed.within.get(sighting.key) ?? []).filter((other) => overlap(other, sighting));
  const across = acrossOf(sighting, placed);
  const cause = bestOf(sighting, within) ?? bestOf(sighting, across);
  if (cause !== undefined) {
    join(sighting, cause);
    if (isOfAccount(sighting)) joinCompanions(cause, leaksAmong(sighting, within));
    return;
  }
  const leaks = leaksAmong(sighting, [...within, ...across.filter((other) => explains(sighting, other))]);
  if (!placeAmong(sighting, leaks)) absorb(sighting, leaks);
}

/** What carries a leak so far becomes a part of another one. */
function join(part: Sighting, cause: Sighting): void {
  const root = rootOf(cause);
  if (root === part) return;
  part.into = root;
  root.isTold ||= part.isTold;
}

/** Those of another cut that began with it: the same team's and account's spend, of which neither is all of the other. */
function acrossOf(sighting: Sighting, { since }: Placed): Sighting[] {
  const { key, from, dimensions, incident } = sighting;
  const days = Array.from({ length: 2 * startTolerance + 1 }, (_, index) => from - startTolerance + index);
  return days
    .flatMap((day) => since.get(day) ?? [])
    .filter(
      (other) =>
        other.key !== key &&
        !dimensions.every((dimension) => other.dimensions.includes(dimension)) &&
        areCompatible(other.incident.scope, incident.scope) &&
        overlap(other, sighting),
    );
}

const overlap = (a: Sighting, b: Sighting): boolean =>
  a.from < b.from + b.excess.length && b.from < a.from + a.excess.length;

/** What an incident costs on the days that it has in common with others, and how much of that they show together. */
function inCommon(sighting: Sighting, others: readonly Sighting[]): { cost: Usd; shown: Usd } {
  const { from, excess } = sighting;
  const together = new Float64Array(excess.length).fill(Number.NaN);
  for (const other of others) addCommon(together, from, other);
  let [cost, shown] = [0, 0];
  for (const [index, amount] of excess.entries()) {
    const sum = together[index] ?? Number.NaN;
    if (Number.isNaN(amount) || Number.isNaN(sum)) continue;
    cost += amount;
    shown += Math.min(amount, sum);
  }
  return { cost, shown };
}

/** Adds what an incident shows on the days from `from` on; a day stays NaN until one of them knows it. */
function addCommon(together: Float64Array, from: number, other: Sighting): void {
  const end = Math.min(from + together.length, other.from + other.excess.length);
  for (let day = Math.max(from, other.from); day < end; day += 1) {
    const amount = other.excess[day - other.from] ?? Number.NaN;
    if (Number.isNaN(amount)) continue;
    const sum = together[day - from] ?? Number.NaN;
    together[day - from] = Number.isNaN(sum) ? amount : sum + amount;
  }
}

/** Share of an incident's excess that others show on the same days; 0 where those are but a small part of it. */
function shareExplained(sighting: Sighting, by: readonly Sighting[]): number {
  const { cost, shown } = inCommon(sighting, by);
  return cost > 0 && cost >= sharedShare * sighting.total ? shown / cost : 0;
}

/** Whether one shows so much of the other that it is its cause. */
const explains = (cause: Sighting, sighting: Sighting): boolean =>
  shareExplained(sighting, [cause]) >= explainingShare;

/** The most specific one that explains it; of equals the one that explains the most of it. */
const bestOf = (sighting: Sighting, others: readonly Sighting[]): Sighting | undefined =>
  others
    .filter((other) => explains(other, sighting))
    .map((other) => ({ other, share: shareExplained(sighting, [other]) }))
    .toSorted(
      (a, b) =>
        b.other.dimensions.length - a.other.dimensions.length ||
        b.share - a.share ||
        bySpecificity(a.other, b.other),
    )[0]?.other;

function rootOf(sighting: Sighting): Sighting {
  let root = sighting;
  while (root.into !== undefined) root = root.into;
  return root;
}

/** A leak as an incident sees it: in that of its series which explains the most of it. */
type Part = { root: Sighting; seen: Sighting; amount: Usd };

/** The leaks that an incident is made of, the largest part first. */
const leaksAmong = (sighting: Sighting, others: readonly Sighting[]): Part[] =>
  [...Map.groupBy(others, rootOf)]
    .flatMap(([root, seen]) => {
      const [best] = seen
        .map((one) => ({ root, seen: one, amount: inCommon(sighting, [one]).shown }))
        .toSorted(byAmount);
      return best === undefined || best.amount === 0 ? [] : [best];
    })
    .toSorted(byAmount);

const byAmount = (a: Part, b: Part): number => b.amount - a.amount || bySpecificity(a.seen, b.seen);

/** Whether several leaks explain an incident together; then it is part of the largest, or all of them are one. */
function placeAmong(sighting: Sighting, parts: readonly Part[]): boolean {
  const [largest] = parts;
  if (largest === undefined) return false;
  const share = areToldApart(parts) ? stayingShare : explainingShare;
  const explained = shareExplained(
    sighting,
    parts.map(({ seen }) => seen),
  );
  if (explained < share) return false;
  const main = mainParts(parts, explainingShare * sighting.total);
  if (isOneCause(sighting, main)) {
    const began = Math.min(...main.map(({ seen }) => seen.from));
    for (const { root } of parts)
      if (isNarrower(root, sighting) && root.from <= began + sameCauseTolerance) join(root, sighting);
  } else join(sighting, largest.root);
  return true;
}

/** As many of the largest as it takes to come to an amount. */
function mainParts(parts: readonly Part[], wanted: Usd): readonly Part[] {
  let sum = 0;
  const last = parts.findIndex(({ amount }) => {
    sum += amount;
    return sum >= wanted;
  });
  return last === -1 ? parts : parts.slice(0, last + 1);
}

/** What begins at once in one account, or in many series, has one cause: unless people know better. */
function isOneCause(sighting: Sighting, parts: readonly Part[]): boolean {
  if (areToldApart(parts) || !parts.every(({ root }) => isNarrower(root, sighting))) return false;
  const starts = parts.map(({ seen }) => seen.from);
  if (Math.max(...starts) - Math.min(...starts) > sameCauseTolerance) return false;
  return isOfAccount(sighting) || parts.length >= manyLeaks;
}

const isOfAccount = ({ incident }: Sighting): boolean => incident.scope['account'] !== undefined;

const isNarrower = (inner: Sighting, outer: Sighting): boolean =>
  inner.dimensions.length > outer.dimensions.length && isWithin(inner.incident.scope, outer.incident.scope);

/** Whether people were told of two leaks, which aren't made one afterwards. */
const areToldApart = (parts: readonly Part[]): boolean => parts.filter(({ root }) => root.isTold).length > 1;

/** What began in an account with the leak that explains the account's incident: the disks of a forgotten cluster. */
function joinCompanions(cause: Sighting, parts: readonly Part[]): void {
  for (const { root, seen } of parts)
    if (root === seen && !root.isTold && Math.abs(root.from - cause.from) <= sameCauseTolerance)
      join(root, cause);
}

/** What no leak explains carries those that began with it. */
function absorb(sighting: Sighting, parts: readonly Part[]): void {
  const areApart = areToldApart(parts);
  for (const { root } of parts) {
    if (Math.abs(root.from - sighting.from) > startTolerance || !explains(sighting, root)) continue;
    if (!areApart || !root.isTold) join(root, sighting);
  }
}

/** What was part of a leak that people know stays so while there is something to it: it isn't told as another one. */
function rejoin(sightings: readonly Sighting[]): void {
  const byLeak = Map.groupBy(sightings, ({ incident }) => incident.partOf ?? incident.id);
  for (const sighting of sightings) {
    const { partOf } = sighting.incident;
    if (partOf === undefined || sighting.into !== undefined || sighting.isTold) continue;
    const known = byLeak.get(partOf)?.filter((other) => rootOf(other).isTold) ?? [];
    const same = known.find((other) => isStillOne(sighting, other));
    const companion = known.find((other) => Math.abs(other.from - sighting.from) <= startTolerance);
    if (same !== undefined) join(sighting, same);
    else if (companion !== undefined) joinLarger(sighting, rootOf(companion));
    else if (known[0] !== undefined && shareExplained(sighting, known) >= stayingShare)
      join(sighting, known[0]);
  }
}

function isStillOne(a: Sighting, b: Sighting): boolean {
  if (a.total === 0 || b.total === 0) return true;
  if (!areCompatible(a.incident.scope, b.incident.scope)) return false;
  return shareExplained(a, [b]) >= stayingShare || shareExplained(b, [a]) >= stayingShare;
}

/** Of what only a wider series made one, the larger part carries it once that series is explained otherwise. */
function joinLarger(a: Sighting, b: Sighting): void {
  if (a.total > b.total) join(b, a);
  else join(a, b);
}

function toLeak(root: Sighting, members: readonly Sighting[]): Leak {
  const carrier = root.incident;
  const folded = members
    .map(({ incident }) => incident)
    .filter((incident) => incident !== carrier)
    .toSorted((a, b) => b.impact - a.impact || (a.id < b.id ? -1 : 1));
  return { incident: asKnown(carrier, folded), carrier, folded };
}

/** As people know it: by the incident that they were told of first. */
function asKnown({ partOf: _, ...carrier }: Incident, folded: readonly Incident[]): Incident {
  const [known] = [carrier, ...folded]
    .filter(({ told }) => told !== undefined)
    .toSorted((a, b) => a.detected.localeCompare(b.detected) || (a.id < b.id ? -1 : 1));
  if (known === undefined) return carrier;
  const { id, detected, told, cause = carrier.cause } = known;
  return { ...carrier, id, detected, ...(told && { told }), ...(cause && { cause }) };
}

/** The incidents of a leak, each as it is kept: what isn't the one that people know is part of that. */
export const recordsOf = ({ incident, carrier, folded }: Leak): Incident[] =>
  [carrier, ...folded].map((record) => {
    const { partOf, ...rest } = record;
    if (record.id === incident.id) return partOf === undefined ? record : rest;
    return partOf === incident.id ? record : { ...rest, partOf: incident.id };
  });
