import type { Usd } from '../money.ts';
import type { Breakdown, BreakdownDimension } from '../spend/breakdown.ts';
import type { Scope } from '../spend/scope.ts';
import { commitmentEnded, type EndedCommitment } from './commitment.ts';
import { costOf, drillDown, type Level, pathOf, type RiseSplit, splitRise } from './drill-down.ts';
import { type Compared, heightOf, type Rise, weightsOf } from './rise.ts';
import type { Suspect } from './suspects.ts';

/** What an incident comes from, as far as the bill and the launches tell. */
export type RootCause = {
  /** Dimension by dimension; empty where no part of the bill rose. */
  levels: readonly Level[];
  /** What the end of the path cost on a mean day before the incident and since. */
  cost: Rise;
  /** What the end of the path makes up of all that rose, 0 to 1. */
  share: number;
  /** `usage`: more is used; `rate`: the same costs more; `mix`: both; `unknown`: the bill has no quantity. */
  driver: 'usage' | 'rate' | 'mix' | 'unknown';
  split: RiseSplit;
  commitment?: EndedCommitment;
  suspects: readonly Suspect[];
  /** Whose the larger half of the rise is. */
  team?: string;
  owner?: string;
  /** The excess a day of the incident when the bill was asked: one that doubles is worth asking again. */
  excessPerDay: Usd;
};

/** One question to the bill: by at most two dimensions, of a scope. */
export type Question = { dimensions: readonly BreakdownDimension[]; within: Scope };

/** An answer, and the days of it that can be compared: not every question can be asked of the same days. */
export type Answered = { question: Question; breakdown: Breakdown; compared: Compared };

/** Questions that an incident is worth. */
export const questionsPerIncident = 3;

/** What to ask next; undefined when enough is known. */
export function nextQuestion(
  scope: Scope,
  answers: readonly Answered[],
  { resources }: { resources: boolean },
): Question | undefined {
  if (answers.length >= questionsPerIncident) return undefined;
  const levels = levelsIn(answers);
  if (answers.length > 0 && levels.length === 0) return undefined; // nothing rose, so there is nothing to look into
  const asked = new Set(answers.flatMap(({ question }) => [...question.dimensions]));
  const isNew = (dimension: BreakdownDimension) => scope[dimension] === undefined && !asked.has(dimension);
  const within = { ...scope, ...pathOf(levels) };
  const places = placesOf(scope).find((pair) => pair.some((dimension) => !asked.has(dimension)));
  const driver = driverOf(splitIn(answers));
  const details = [
    ...(places ? [places] : []),
    ...(driver === 'rate' || driver === 'mix' ? [coverage(within)] : []),
    (['team', 'owner'] as const).filter(isNew),
    ...(resources && within['service'] !== undefined
      ? [(['resource', 'operation'] as const).filter(isNew)]
      : []),
    (['operation', 'recordType'] as const).filter(isNew),
  ];
  const dimensions = details.find((one) => one.some((dimension) => !asked.has(dimension)));
  return dimensions && { dimensions, within };
}

const everywhere = ['account', 'service', 'region', 'usageType', 'operation'] as const;

/** Where the answers lead. */
export const pathOfAnswers = (answers: readonly Answered[]): Scope => pathOf(levelsIn(answers));

/** The dimensions of the place itself in pairs, from the largest to the smallest; a usage type says its region too. */
function placesOf(scope: Scope): BreakdownDimension[][] {
  const missing = (['account', 'service', 'usageType', 'region'] as const).filter(
    (dimension) => scope[dimension] === undefined,
  );
  const all: BreakdownDimension[] = missing.length % 2 === 1 ? [...missing, 'operation'] : [...missing];
  const pairs = Array.from({ length: all.length / 2 }, (_, index) => all.slice(2 * index, 2 * index + 2));
  return pairs.map((pair) => everywhere.filter((dimension) => pair.includes(dimension)));
}

/** What was covered by a commitment, by usage type where several of them cost more. */
const coverage = (within: Scope): BreakdownDimension[] =>
  within['usageType'] === undefined ? ['recordType', 'usageType'] : ['recordType', 'operation'];

/** What the answers say about an incident; without levels where no part of them rose. */
export function findRootCause(
  answers: readonly Answered[],
  { excessPerDay, suspects = [] }: { excessPerDay: Usd; suspects?: readonly Suspect[] },
): RootCause {
  const levels = levelsIn(answers);
  const split = splitIn(answers);
  const covered = answers.find(({ question }) => question.dimensions.includes('recordType'));
  const driver = driverOf(split);
  const commitment =
    covered && (driver === 'rate' || driver === 'mix')
      ? commitmentEnded(covered.breakdown, covered.compared)
      : undefined;
  return {
    levels: levels.filter(({ dimension }) => dimension !== 'recordType'),
    cost: costAtEnd(answers),
    share: shareOf(answers),
    driver,
    split,
    ...(commitment && { commitment }),
    suspects,
    ...whose(levels, 'team'),
    ...whose(levels, 'owner'),
    excessPerDay,
  };
}

/** A dimension is asked for once more only to see what covered it: the first answer stands. */
const levelsIn = (answers: readonly Answered[]): Level[] =>
  [
    ...new Map(
      answers
        .flatMap(({ breakdown, compared }) => drillDown(breakdown, compared).levels)
        .toReversed()
        .map((level) => [level.dimension, level] as const),
    ).values(),
  ].toReversed();

/** The answers that say where it is; those after them look into it from other sides. */
const placesIn = (answers: readonly Answered[]): readonly Answered[] => {
  const places = answers.filter(({ question }) => question.dimensions.some((one) => place.has(one)));
  return places.length > 0 ? places : answers;
};
const place = new Set<BreakdownDimension>(['account', 'service', 'region', 'usageType']);

/** What is left of the last answer about the place. */
function costAtEnd(answers: readonly Answered[]): Rise {
  const last = placesIn(answers.filter(({ question }) => !question.dimensions.includes('recordType'))).at(-1);
  if (last === undefined) return { before: 0, after: 0 };
  return costOf(drillDown(last.breakdown, last.compared).lines, weightsOf(last.compared));
}

const shareOf = (answers: readonly Answered[]): number =>
  placesIn(answers)
    .flatMap(({ breakdown, compared }) => drillDown(breakdown, compared).levels)
    .filter(({ dimension, parts }) => place.has(dimension) && parts.length === 1)
    .reduce((share, level) => share * level.share, 1);

/** A quantity means something only of one usage type: what was asked by it, or is within one. */
function splitIn(answers: readonly Answered[]): RiseSplit {
  const byKind = answers.find(
    ({ question }) => question.dimensions.includes('usageType') || question.within['usageType'] !== undefined,
  );
  if (byKind === undefined) return { usage: 0, rate: 0, unknown: 0 };
  return splitRise(drillDown(byKind.breakdown, byKind.compared).lines, byKind.compared);
}

/** Of a rise, the part that one of price and quantity must make up to be what drives it. */
const driving = 0.8;

function driverOf({ usage, rate, unknown }: RiseSplit): RootCause['driver'] {
  const rise = usage + rate + unknown;
  if (rise <= 0 || unknown > rise / 2) return 'unknown';
  if (usage >= driving * rise) return 'usage';
  return rate >= driving * rise ? 'rate' : 'mix';
}

/** Nobody's where the larger half is untagged, or there is none. */
function whose(levels: readonly Level[], dimension: 'team' | 'owner'): Pick<RootCause, 'team' | 'owner'> {
  const level = levels.find((one) => one.dimension === dimension);
  const name = level?.parts[0]?.value;
  return name && level.share >= 0.5 ? { [dimension]: name } : {};
}

/** Whether anything in the bill rose. */
export const isExplained = ({ levels, cost }: RootCause): boolean => levels.length > 0 && heightOf(cost) > 0;
