import type { Usd } from '../money.ts';
import {
  type DetectorState,
  dayAgo,
  learned,
  levelsBefore,
  logOffset,
  read,
  recentDays,
  rhythm,
  spans,
  weekdayOf,
} from './detector-state.ts';
import { shorterMonth } from './gb-month.ts';
import { spendAt } from './log-scale.ts';
import { balanced, type Policy } from './policy.ts';
import { risesOf, usualRises } from './rises.ts';
import { medianOf } from './statistics.ts';
import type { Verdict } from './verdict.ts';

/**
 * What it takes for a span of days to be told together, all of it at once. One for each of `spans`: the longer the
 * span, the less a day has to stand out, and the more dollars it takes in all.
 */
const spanRules = [
  { ratio: 1.22, deviations: 5, floors: 2, noise: 0.035, margin: 0, young: 1 },
  { ratio: 1.2, deviations: 4.5, floors: 2.5, noise: 0.03, margin: 0, young: 1 },
  { ratio: 1.1, deviations: 4, floors: 3.5, noise: 0.025, margin: 1, young: 2 },
  { ratio: 1.15, deviations: 4, floors: 5, noise: 0.02, margin: 2, young: 2 },
] as const satisfies readonly SpanRule[];

type SpanRule = {
  /** Times what was expected, in dollars. */
  ratio: number;
  /** Times the noise of its rises, beyond organic growth. */
  deviations: number;
  /** Times the floor of a day, beyond what was expected. */
  floors: number;
  /** What is taken for the noise of its rises at least, in logarithms: a mean of more days varies less. */
  noise: number;
  /** Times that noise, beyond the highest of its rises: in longer spans those overlap, and are few. */
  margin: number;
  /** By how much the noise is taken for larger while few rises are known. */
  young: number;
};

/** What any rise must exceed the highest one by, in logarithms: the same again is no news. */
const aboveHighest = 0.02;
/** The share of the ratio, in logarithms, that a rise must reach before anything else is looked at. */
const worthALook = 0.7;
/** The share of a span's days that must lie above what was expected of them, by this share of the ratio. */
const quorum = 0.75;
const shareOfRatio = 0.4;
/** What the newest day itself must show, of the floor and of the ratio: what is over needn't be told. */
const newestShare = 0.5;
/** Spans that a single fee could fill are no evidence while a fee may be due. */
const longestOfFee = 3;

/** The rule of a span; a policy that is less or more sensitive than the balanced one is so for spans, too. */
function ruleOf(index: number, policy: Policy): SpanRule {
  const rule = spanRules[index] as SpanRule;
  const { deviations, ratio } = balanced;
  if (policy.deviations === deviations && policy.ratio === ratio) return rule;
  return {
    ...rule,
    ratio: 1 + ((rule.ratio - 1) * (policy.ratio - 1)) / (ratio - 1),
    deviations: (rule.deviations * policy.deviations) / deviations,
  };
}

/** What is told of several days together, which no day of them alone would show. */
export type SpanVerdict = Pick<
  Verdict,
  'state' | 'test' | 'span' | 'expectedDays' | 'expected' | 'limit' | 'high' | 'grounds' | 'base'
>;

/** The newest day, and what it cost without the fee that was due on it. */
export type Newest = { day: number; spent: Usd; mayBeFee: boolean };

/**
 * Compares the last days with the weeks before them, in spans from two days to two weeks: above what the series' own
 * rises and its noise explain, by enough dollars, and on nearly every day of the span. Undefined where none is.
 */
export function judgeSpans(state: DetectorState, newest: Newest, policy: Policy): SpanVerdict | undefined {
  const shift = shorterMonth(state, newest.day);
  const rises = risesOf(state, newest.day, newest.spent);
  for (const [index, span] of spans.entries()) {
    if (newest.mayBeFee && span <= longestOfFee) continue;
    const rule = ruleOf(index, policy);
    const growth = organicGrowth(state, index, (rises[index] as number) - shift, rule);
    if (growth === undefined) continue;
    const base = read(state, levelsBefore + index) + shift + growth;
    const told = toldSpan(state, newest, span, rule, policy.floor, base);
    if (told !== undefined) return told;
  }
  return undefined;
}

/** Times the former level that a day must cost not to be a return to it. */
const formerLevel = 1.05;

/** What of a rise is usual growth, in logarithms; undefined where the rise is none that counts. */
function organicGrowth(
  state: DetectorState,
  index: number,
  rise: number,
  rule: SpanRule,
): number | undefined {
  if (!(rise >= worthALook * Math.log(rule.ratio))) return undefined; // spares most series the rest
  const usual = usualRises(state, index);
  const growth = Math.max(0, usual.middle);
  const noise = Math.max(rule.noise, usual.noise * (usual.isYoung ? rule.young : 1));
  const isBeyond =
    rise - growth > rule.deviations * noise && rise > usual.highest + aboveHighest + rule.margin * noise;
  return isBeyond ? growth : undefined;
}

/** The verdict on a span that lies too high, unless a few dollars or a few days make it so; `base` is the level that was expected. */
function toldSpan(
  state: DetectorState,
  { day, spent }: Newest,
  span: number,
  rule: SpanRule,
  floor: Usd,
  base: number,
): SpanVerdict | undefined {
  const offset = read(state, logOffset);
  const expectedDays: Usd[] = [];
  let [actual, expected, known, above] = [0, 0, 0, 0];
  for (let age = span - 1; age >= 0; age--) {
    const usual = spendAt(base + read(state, rhythm + weekdayOf(day, age)), offset);
    expectedDays.push(usual);
    const amount = age === 0 ? spent : dayAgo(state, learned, age);
    if (Number.isNaN(amount)) continue;
    known++;
    actual += amount;
    expected += usual;
    if (amount > usual * (1 + shareOfRatio * (rule.ratio - 1))) above++;
  }
  const today = expectedDays.at(-1) ?? 0;
  const isDear = actual > rule.ratio * expected && actual - expected > rule.floors * floor;
  const isDearToday =
    spent - today > newestShare * floor && spent > (1 + newestShare * (rule.ratio - 1)) * today;
  // Coming back to the level that the series had a month or two ago is no rise.
  const isUnseen = spent > formerLevel * formerOf(state);
  if (!isDear || !isDearToday || !isUnseen || above < Math.ceil(quorum * known)) return undefined;
  return {
    state: 'anomalous',
    test: 'span',
    span,
    expectedDays,
    expected: today,
    limit: today + (spent - today) / 2,
    high: true,
    grounds: { of: 'span', days: known, actual, expected },
    base,
  };
}

/** What the judged day's weekday used to cost, in the older four of eight weeks: the level before a step down. */
function formerOf(state: DetectorState): Usd {
  let count = 0;
  for (let age = recentDays / 2 + 7; age <= recentDays; age += 7) {
    const amount = dayAgo(state, learned, age);
    if (!Number.isNaN(amount)) values[count++] = amount;
  }
  return count === 0 ? 0 : medianOf(values, count);
}

const values = new Float64Array(recentDays / 7);
