import type { Usd } from '../money.ts';
import type { Breakdown, BreakdownDimension, PartLine } from '../spend/breakdown.ts';
import type { Scope } from '../spend/scope.ts';
import { type Compared, heightOf, type Rise, riseOf, type Weights, weightsOf } from './rise.ts';

/** One part of the spend on a mean day; the value is empty where the bill has none. */
export type Part = Rise & { value: string };

/** How a rise divides by one dimension. */
export type Level = {
  dimension: BreakdownDimension;
  /** The part that explains the rise, or where none does the ones that rose most. */
  parts: readonly Part[];
  /** All other parts together: with it the level adds up to all there was. */
  other: Rise & { count: number };
  /** How many parts rose. */
  risen: number;
  /** What the first part makes up of all that rose, 0 to 1. */
  share: number;
};

/** A part that makes up so much of the rise explains it, and is looked into. */
const explaining = 0.8;
/** Parts that are named where none explains the rise. */
const named = 3;

/** The part that explains a rise; undefined where it is spread. */
export const explainedBy = ({ parts, share }: Level): Part | undefined =>
  share >= explaining ? parts[0] : undefined;

/** Where a rise comes from, as far as one part of each level explains it. */
export const pathOf = (levels: readonly Level[]): Scope =>
  Object.fromEntries(
    levels.flatMap((level) => {
      const part = explainedBy(level);
      return part ? [[level.dimension, part.value]] : [];
    }),
  );

/**
 * Goes down the dimensions of one answer, in their order: into the part that explains the rise, past a dimension on
 * which it is spread, or that says nothing. What is left are the lines at the end of the path.
 */
export function drillDown(
  { dimensions, lines }: Breakdown,
  compared: Compared,
): { levels: Level[]; lines: readonly PartLine[] } {
  const weights = weightsOf(compared);
  const levels: Level[] = [];
  let left = lines;
  for (const dimension of dimensions) {
    const level = levelOf(dimension, left, weights);
    if (level === undefined) continue;
    levels.push(level);
    const part = explainedBy(level);
    if (part) left = left.filter((line) => valueIn(line, dimension) === part.value);
  }
  return { levels, lines: left };
}

const valueIn = ({ part }: PartLine, dimension: string): string => part[dimension] ?? '';

/** Undefined where nothing rose. */
function levelOf(
  dimension: BreakdownDimension,
  lines: readonly PartLine[],
  weights: Weights,
): Level | undefined {
  const sorted = [...Map.groupBy(lines, (line) => valueIn(line, dimension))]
    .map(([value, own]) => ({ value, ...costOf(own, weights) }))
    .toSorted((a, b) => heightOf(b) - heightOf(a) || (a.value < b.value ? -1 : 1));
  const risen = sorted.filter((part) => heightOf(part) > 0);
  const [top] = risen;
  if (top === undefined) return undefined;
  const share = heightOf(top) / risen.reduce((sum, part) => sum + heightOf(part), 0);
  const parts = share >= explaining ? [top] : risen.slice(0, named);
  const others = sorted.slice(parts.length);
  const other = { count: others.length, before: total(others, 'before'), after: total(others, 'after') };
  return { dimension, parts, other, risen: risen.length, share };
}

const total = (parts: readonly Rise[], side: keyof Rise): Usd =>
  parts.reduce((sum, part) => sum + part[side], 0);

/** What lines cost on a mean day before and after. */
export const costOf = (lines: readonly PartLine[], weights: Weights): Rise =>
  riseOf(
    lines.map(({ date, amount }) => ({ date, value: amount })),
    weights,
  );

/** What made a rise, in dollars a day that add up to it. */
export type RiseSplit = {
  /** More is used. */
  usage: Usd;
  /** The same costs more. */
  rate: Usd;
  /** The bill has no quantity. */
  unknown: Usd;
  /** Of what is used, where it is of one kind; in the bill's unit, a mean day. */
  quantity?: Rise & { unit: string };
  /** Of one unit of it, where there was some before and since. */
  price?: Rise;
};

/** Splits the rise of each kind of usage into its quantity and its price; prices of different things don't add up. */
export function splitRise(lines: readonly PartLine[], compared: Compared): RiseSplit {
  const weights = weightsOf(compared);
  const kinds = [...Map.groupBy(lines, kindOf).values()].map((own) => splitOne(own, weights));
  const sum = (side: 'usage' | 'rate' | 'unknown') => kinds.reduce((all, kind) => all + kind[side], 0);
  const [only, another] = kinds;
  if (only && another === undefined) return only;
  return { usage: sum('usage'), rate: sum('rate'), unknown: sum('unknown') };
}

/** What has a price of its own: the covered and the on-demand hours of one usage type are one kind. */
const kindOf = ({ part, unit }: PartLine): string =>
  JSON.stringify([part['account'], part['service'], part['region'], part['usageType'], unit]);

function splitOne(lines: readonly PartLine[], weights: Weights): RiseSplit {
  const cost = costOf(lines, weights);
  const used = riseOf(
    lines.flatMap(({ date, quantity }) => (quantity === undefined ? [] : [{ date, value: quantity }])),
    weights,
  );
  const rise = heightOf(cost);
  if (used.before < 0 || used.after < 0 || (used.before === 0 && used.after === 0)) {
    return { usage: 0, rate: 0, unknown: rise };
  }
  const unit = lines.find((line) => line.unit !== undefined)?.unit ?? 'units';
  const quantity = { ...used, unit };
  // What has just begun, or has ended, has no second price to compare with.
  if (used.before === 0 || used.after === 0) return { usage: rise, rate: 0, unknown: 0, quantity };
  const price = { before: cost.before / used.before, after: cost.after / used.after };
  // Each part at the mean of the other, so that neither gets what both made together.
  const usage = (heightOf(used) * (price.before + price.after)) / 2;
  return { usage, rate: rise - usage, unknown: 0, quantity, price };
}
