import { formatMoney, type Usd } from '../money.ts';
import { correctedFor, learnCompleteness } from './completeness.ts';
import {
  amounts,
  calmDays,
  type DetectorState,
  dayAgo,
  dayCount,
  firstSpend,
  isOpen,
  lastHigh,
  learned,
  level,
  levelSince,
  levelsBefore,
  logOffset,
  logs,
  meanExcess,
  memoryDays,
  newDetector,
  nextDay,
  noiseHighest,
  noiseMeasured,
  noiseUsual,
  offsets,
  openDays,
  openSince,
  peaks,
  peaksKept,
  pendingFee,
  read,
  residuals,
  rhythm,
  rises,
  shiftDays,
  spans,
  weekdayOf,
} from './detector-state.ts';
import { feeDue, learnFee, monthDay, withFee, withoutFee } from './fees.ts';
import { balanced, type Policy } from './policy.ts';
import {
  comesInPulses,
  isPulse,
  learnPulse,
  pulseLimits,
  pulseRun,
  type Recent,
  recentOf,
} from './pulses.ts';
import { medianOf, normalDeviation, quantileOf } from './statistics.ts';

/** A day of a series, as a run sees it. */
export type Figure = {
  /** Since 1970-01-01. */
  day: number;
  /** NaN: never read, which is not zero. */
  amount: number;
  /** What was read of it on the first and on the second run that saw it; NaN or absent where nothing was. */
  seen?: readonly [first: number, second: number] | undefined;
};

/** What is said of one day of one series. Amounts are dollars, or the currency of the series. */
export type Verdict = {
  day: number;
  /** `held`: high, but it may be a fee, of which the next day tells. `unknown`: can't be judged. */
  state: 'normal' | 'anomalous' | 'held' | 'unknown';
  /** NaN where it can't be judged. */
  expected: Usd;
  /** The most that still passes as normal. */
  limit: Usd;
  actual: Usd;
  /** What it was judged by; `new`: too little spend so far for more than the floor. */
  test?: 'day' | 'span' | 'new' | 'pulse';
  /** Days that are told together, this one included. */
  span: number;
  /** What each of them should have cost, oldest first; absent where it is this day alone. */
  expectedDays?: readonly Usd[];
  /** Above what is usual by enough to keep an incident open. */
  high: boolean;
  /** What `reasonOf` needs to say why, in numbers: saying it takes longer than judging. */
  grounds: Grounds;
};

export type Grounds =
  | { of: 'unread' }
  | { of: 'history'; known: number; needed: number }
  | { of: 'new'; highest: Usd }
  | { of: 'pulse'; usual: Usd; every?: number | undefined }
  | { of: 'run'; actual: Usd; limit: Usd }
  | { of: 'day' }
  | { of: 'span'; actual: Usd; expected: Usd };

/** What was planned, or said to be fine: so many times the expected, and so many dollars a day on top. */
export type Allowance = { factor: number; excess: Usd };

export const noAllowance: Allowance = { factor: 1, excess: 0 };

const isPlanned = ({ factor, excess }: Allowance): boolean => factor > 1 || excess > 0;

/** Why it is so, in one sentence. */
export function reasonOf(verdict: Verdict, currency: string): string {
  const sentence = sentenceOf(verdict, (dollars) => formatMoney(dollars, currency));
  return verdict.state === 'held' ? `${sentence} Held: it may be a fee, the next day tells.` : sentence;
}

function sentenceOf(
  { state, grounds, actual, expected, limit, span }: Verdict,
  money: (dollars: Usd) => string,
): string {
  if (grounds.of === 'unread') return 'The day was never read.';
  if (grounds.of === 'history') {
    return `Too little history to judge: ${grounds.known} of ${grounds.needed} days.`;
  }
  if (state === 'normal') return usualOf(grounds.of);
  if (grounds.of === 'new') {
    const { highest } = grounds;
    const before = highest > 0 ? `never cost more than ${money(highest)} a day` : 'cost nothing so far';
    return `New: ${money(actual)} on a day, where it ${before}.`;
  }
  if (grounds.of === 'span') {
    return `${money(grounds.actual)} in ${span} days that should cost ${money(grounds.expected)}, a rise beyond any of the last weeks.`;
  }
  if (grounds.of === 'run') {
    return `${money(grounds.actual)} in ${span} days without a rest, where up to ${money(grounds.limit)} would be usual.`;
  }
  if (grounds.of === 'day') {
    return `${money(actual)} on a day that should cost ${money(expected)}, and for which up to ${money(limit)} would be usual.`;
  }
  return grounds.every === undefined
    ? `${money(actual)} at once, where a run costs ${money(grounds.usual)} and up to ${money(limit)} would be usual.`
    : `${money(actual)} on a day without a run: one comes every ${grounds.every} days.`;
}

function usualOf(grounds: Grounds['of']): string {
  if (grounds === 'new') return 'New, and below the floor.';
  return grounds === 'pulse' ? 'Within what a run costs.' : 'Within what is usual for the day.';
}

/** What becomes of an incident on a day. */
export type Turn = 'none' | 'opens' | 'returns' | 'goes on' | 'recovers' | 'is accepted';

/** Days read before a day can be judged: three of each weekday. */
const minimumHistory = 21;
/** Days with spend before a series has a normal of its own. */
const minimumActiveDays = 7;
/** Until a month has gone by nobody knows what falls due in it: a single high day waits for the next one. */
const firstMonth = 35;
/** The last days that the level is the median of. */
const levelDays = 10;
/** What was flat so far may well move by a few percent. */
const smallestNoise = 0.04;
/** Nine of ten days lie within so many deviations of normal noise; where they don't, the noise is larger. */
const ninthDecile = 1.645;
/** What was seen of the same weekday, and of this series' own noise, passes again. */
const aboveSeen = 1.2;
const ownNoise = 0.8;
/** However noisy, three times the dearest day of eight weeks is no noise. */
const noisiest = 3;
/** Rounding is no excess. */
const epsilon = 1e-6;

/** What it takes for a span of days to be told together: all of it at once. One for each of `spans`. */
const spanRules = [
  { ratio: 1.22, deviations: 5, floors: 2, noise: 0.035, margin: 0, young: 1 },
  { ratio: 1.2, deviations: 4.5, floors: 2.5, noise: 0.03, margin: 0, young: 1 },
  { ratio: 1.1, deviations: 4, floors: 3.5, noise: 0.025, margin: 1, young: 2 },
  { ratio: 1.15, deviations: 4, floors: 5, noise: 0.02, margin: 2, young: 2 },
] as const;
type SpanRule = Record<keyof (typeof spanRules)[number], number>;

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

/** Newer rises aren't compared with: a leak that grows slowly would hide behind its own yesterday. */
const riseGap = 7;
/** Rises that it takes to know what is usual. */
const enoughRises = 14;
/** The share of a span's days that must lie above what was expected of them. */
const quorum = 0.75;

/** The closed days without excess, in a row, that end an incident. */
export const calmDaysToRecover = 2;
/** Closed days after which a lasting excess is the new normal. */
export const acceptedAfter = 21;
/** What comes back within so many days is the same incident: a leak that shows at weekends only, say. */
export const returnsWithin = 8;
/** Below this share of its usual excess an incident is calm. */
const calmShare = 0.25;

const values = new Float64Array(memoryDays);
const copied = new Float64Array(memoryDays);

/** What a run knows of a series before it judges a day; made for one day, and used at once. */
type Sight = {
  state: DetectorState;
  policy: Policy;
  figure: Figure;
  /** How far above the expected a day may lie because it was planned so. */
  allowance: Allowance;
  /** Noise, in logarithms, that comes from a figure's being incomplete. */
  uncertainty: number;
  /** Whether a high day may yet turn out to be a fee. */
  mayBeFee: boolean;
};

/**
 * Judges a day by the days that were learnt before it, and by nothing else. Changes nothing: a day that is still
 * filling is judged so, at the age at which it is read (0 on the run that first sees it, 1 on the next).
 */
export function judgeDay(
  state: DetectorState,
  figure: Figure,
  policy: Policy,
  allowance: Allowance = noAllowance,
  age: 0 | 1 | 'closed' = 'closed',
): Verdict {
  if (age === 'closed') return judge(sightOf(state, figure, policy, allowance, 0));
  const { amount, uncertainty } = correctedFor(state, figure.amount, age);
  const verdict = judge(sightOf(state, { day: figure.day, amount }, policy, allowance, uncertainty));
  verdict.actual = figure.amount;
  return verdict;
}

function sightOf(
  state: DetectorState,
  figure: Figure,
  policy: Policy,
  allowance: Allowance,
  uncertainty: number,
): Sight {
  return { state, policy, figure, allowance, uncertainty, mayBeFee: false };
}

function judge(sight: Sight): Verdict {
  const { state, figure } = sight;
  const { day, amount } = figure;
  if (Number.isNaN(amount)) return unknown(day, amount, { of: 'unread' });
  const recent = recentOf(state);
  if (recent.known < minimumHistory) {
    return unknown(day, amount, { of: 'history', known: recent.known, needed: minimumHistory });
  }
  sight.mayBeFee = monthDay(day).dayOfMonth === 0;
  if (comesInPulses(state, recent)) return judgePulse(sight, recent);
  const age = day - read(state, firstSpend);
  if (!(age >= minimumHistory) || recent.active < minimumActiveDays) return judgeNew(sight);
  sight.mayBeFee ||= age < firstMonth;
  return judgeUsual(sight, recent);
}

const unknown = (day: number, actual: number, grounds: Grounds): Verdict => ({
  day,
  state: 'unknown',
  expected: Number.NaN,
  limit: Number.NaN,
  actual,
  span: 1,
  high: false,
  grounds,
});

/** Without a normal of its own only the floor speaks, above twice what the series has cost before. */
function judgeNew({ state, policy, figure, allowance, mayBeFee }: Sight): Verdict {
  const { day, amount } = figure;
  let highest = 0;
  for (let place = peaks; place < peaks + peaksKept; place++) highest = Math.max(highest, read(state, place));
  const limit = (2 * highest + policy.floor) * allowance.factor + allowance.excess;
  const high = amount > limit * (1 + epsilon);
  const grounds = { of: 'new', highest } as const;
  const verdict = { day, expected: 0, limit, actual: amount, test: 'new', span: 1, high, grounds } as const;
  return high ? raised(verdict, mayBeFee) : { ...verdict, state: 'normal' };
}

/** Told, or held where the next day may show that it was a fee. */
const raised = (verdict: Omit<Verdict, 'state'>, mayBeFee: boolean): Verdict => ({
  ...verdict,
  state: mayBeFee ? 'held' : 'anomalous',
});

function judgePulse({ state, policy, figure, allowance, mayBeFee }: Sight, recent: Recent): Verdict {
  const { day, amount } = figure;
  const { usual, limit: plain, every } = pulseLimits(state, day, policy.floor);
  const limit = plain * allowance.factor + allowance.excess;
  const expected = every === undefined && isPulse(amount, recent.dearest) ? usual : 0;
  const grounds = { of: 'pulse', usual, every } as const;
  const verdict = { day, expected, limit, actual: amount, test: 'pulse', span: 1, grounds } as const;
  if (amount > limit * (1 + epsilon)) return raised({ ...verdict, high: true }, mayBeFee);
  const run = every === undefined ? pulseRun(state, amount, recent, usual, policy.floor) : undefined;
  if (run === undefined || run.actual <= run.limit * allowance.factor + run.span * allowance.excess) {
    return { ...verdict, state: 'normal', high: amount > 0.8 * limit };
  }
  const { span, actual } = run;
  const expectedDays = Array<Usd>(span).fill(expected);
  const told = { of: 'run', actual, limit: run.limit } as const;
  return { ...verdict, state: 'anomalous', high: true, span, expectedDays, grounds: told };
}

function judgeUsual(sight: Sight, recent: Recent): Verdict {
  const { state, policy, figure, allowance, uncertainty, mayBeFee } = sight;
  const { day, amount } = figure;
  const offset = read(state, logOffset);
  const log = read(state, level) + read(state, rhythm + weekdayOf(day));
  const usual = spendAt(log, offset);
  const month = monthDay(day);
  const fee = feeDue(state, day, month);
  const expected = usual + fee;
  const deviation = Math.hypot(read(state, noiseUsual), uncertainty);
  const noise = Math.max(policy.deviations * deviation, ownNoise * read(state, noiseHighest));
  // Deviation, ratio, dollars and what was seen before: a day above the highest of them is above them all.
  const unplanned =
    Math.max(
      Math.min(spendAt(log + noise, offset), noisiest * recent.dearest) + fee,
      expected * policy.ratio,
      expected + policy.floor,
      aboveSeen * recent.dearestOfWeekday + fee,
      fee > 0 ? withFee(usual, fee) : 0,
    ) *
    (1 + epsilon);
  const limit = Math.max(unplanned, expected * allowance.factor + allowance.excess);
  const grounds = { of: 'day' } as const;
  const verdict = { day, expected, limit, actual: amount, test: 'day', span: 1, grounds } as const;
  if (amount > limit) return raised({ ...verdict, high: true }, mayBeFee);
  const spent = withoutFee(amount, usual, fee);
  const told = isPlanned(allowance) ? undefined : judgeSpans(sight, spent, month);
  if (told !== undefined) return { ...verdict, ...told };
  return { ...verdict, state: 'normal', high: amount > (expected + unplanned) / 2 };
}

const spendAt = (log: number, offset: Usd): Usd => Math.max(0, Math.exp(log) - offset);

/** The logarithm of the recent level, without the weekday's share: the median of the last days learnt. */
function levelOfLast(state: DetectorState, day: number): number {
  let count = 0;
  for (let age = 1; age <= memoryDays / 2 && count < levelDays; age++) {
    if (Number.isNaN(dayAgo(state, learned, age))) continue;
    values[count++] = dayAgo(state, logs, age) - read(state, rhythm + weekdayOf(day, age));
  }
  return medianOf(values, count);
}

const noiseDays = 56;

/** How far days lie from what is expected of them, in logarithms: robust, but aware of heavy tails. */
function learnNoise(state: DetectorState): void {
  let [count, highest] = [0, 0];
  for (let age = 1; age <= noiseDays; age++) {
    const residual = dayAgo(state, residuals, age);
    if (Number.isNaN(residual) || Number.isNaN(dayAgo(state, learned, age))) continue;
    values[count++] = Math.abs(residual);
    if (residual > highest) highest = residual;
  }
  const isKnown = count >= enoughRises;
  const measured = isKnown ? normalDeviation * medianOf(values, count) : 0.1;
  const tail = isKnown ? quantileOf(values, count, 0.9) / ninthDecile : 0.1;
  state[noiseMeasured] = measured;
  state[noiseUsual] = Math.max(smallestNoise, measured, tail);
  state[noiseHighest] = highest;
}

/** What is told of several days together, which no day of them alone would show. */
type SpanVerdict = Pick<
  Verdict,
  'state' | 'test' | 'span' | 'expectedDays' | 'expected' | 'limit' | 'high' | 'grounds'
>;

/**
 * Compares the last days with the weeks before them, in spans from two days to two weeks: above what the series' own
 * rises and its noise explain, by enough dollars, and on nearly every day of the span.
 */
function judgeSpans(
  sight: Sight,
  spent: Usd,
  { month, previousMonth }: ReturnType<typeof monthDay>,
): SpanVerdict | undefined {
  const { state } = sight;
  // What is billed by the GB-month costs more a day in a shorter month; only what hardly moves otherwise shows it.
  const shorter = Math.max(0, Math.log(previousMonth / month));
  const shift = shorter > 0 && read(state, noiseMeasured) < 0.05 && rhythmRange(state) < 0.05 ? shorter : 0;
  const held = sight.mayBeFee ? 3 : 0;
  for (const [index, span] of spans.entries()) {
    if (span <= held) continue;
    const told = judgeSpan(sight, spent, index, span, shift);
    if (told !== undefined) return told;
  }
  return undefined;
}

function rhythmRange(state: DetectorState): number {
  let [lowest, highest] = [0, 0];
  for (let place = rhythm; place < rhythm + 7; place++) {
    lowest = Math.min(lowest, read(state, place));
    highest = Math.max(highest, read(state, place));
  }
  return highest - lowest;
}

function judgeSpan(
  sight: Sight,
  spent: Usd,
  index: number,
  span: number,
  shift: number,
): SpanVerdict | undefined {
  const { state, policy, figure } = sight;
  const rule = ruleOf(index, policy);
  const rise = riseOf(state, figure.day, spent, index, span);
  if (!(rise.rise - shift >= 0.7 * Math.log(rule.ratio))) return undefined;
  const usual = usualRises(state, index);
  const growth = Math.max(0, usual.middle);
  const noise = Math.max(rule.noise, usual.noise * (usual.isYoung ? rule.young : 1));
  const excess = rise.rise - shift - growth;
  if (!(excess > rule.deviations * noise)) return undefined;
  if (!(rise.rise - shift > usual.highest + 0.02 + rule.margin * noise)) return undefined;
  return toldSpan(sight, spent, span, rule, rise.before + shift + growth);
}

type Rise = {
  /** How far the days of the span lie above `before` on the mean, in logarithms. */
  rise: number;
  /** The level of the weeks before the span. */
  before: number;
};

/** NaN where too little of the span, or of the weeks before it, is known. */
function riseOf(state: DetectorState, day: number, spent: Usd, index: number, span: number): Rise {
  const offset = read(state, logOffset);
  let [total, known] = [Math.log(Math.max(0, spent) + offset) - read(state, rhythm + weekdayOf(day)), 1];
  for (let age = 1; age < span; age++) {
    if (Number.isNaN(dayAgo(state, learned, age))) continue;
    total += dayAgo(state, logs, age) - read(state, rhythm + weekdayOf(day, age));
    known++;
  }
  const before = known < 0.7 * span ? Number.NaN : read(state, levelsBefore + index);
  return { rise: total / known - before, before };
}

/** Days before a span that it is compared with: three weeks, six for the longest. */
const comparedDays = (span: number): number => Math.max(21, 3 * span);

/** The median of the days before a span; NaN where fewer than ten are known. */
function levelBefore(state: DetectorState, day: number, span: number): number {
  const oldest = span - 1 + comparedDays(span);
  const since = day - read(state, levelSince);
  let count = 0;
  for (let age = span; age <= oldest && !(age > since); age++) {
    if (Number.isNaN(dayAgo(state, learned, age))) continue;
    values[count++] = dayAgo(state, logs, age) - read(state, rhythm + weekdayOf(day, age));
  }
  return count < levelDays ? Number.NaN : medianOf(values, count);
}

/** How such a span has risen before: what grows by as much again is organic. */
function usualRises(
  state: DetectorState,
  index: number,
): { middle: number; noise: number; highest: number; isYoung: boolean } {
  const part = rises + index * memoryDays;
  let [count, highest] = [0, Number.NEGATIVE_INFINITY];
  for (let age = riseGap; age < memoryDays; age++) {
    const rise = dayAgo(state, part, age);
    if (Number.isNaN(rise)) continue;
    copied[count] = rise;
    values[count++] = rise;
    if (rise > highest) highest = rise;
  }
  if (count < enoughRises)
    return { middle: 0, noise: 0.8 * read(state, noiseMeasured), highest: 0, isYoung: true };
  const middle = medianOf(values, count);
  const centre = Math.max(0, middle);
  for (let at = 0; at < count; at++) values[at] = Math.abs((copied[at] as number) - centre);
  return { middle, noise: normalDeviation * medianOf(values, count), highest, isYoung: false };
}

/** The verdict on a span that lies too high, unless a few dollars or a few days make it so. */
function toldSpan(
  { state, policy, figure }: Sight,
  spent: Usd,
  span: number,
  rule: SpanRule,
  base: number,
): SpanVerdict | undefined {
  const offset = read(state, logOffset);
  const expectedDays: Usd[] = [];
  let [actual, expected, known, above] = [0, 0, 0, 0];
  for (let age = span - 1; age >= 0; age--) {
    const usual = spendAt(base + read(state, rhythm + weekdayOf(figure.day, age)), offset);
    expectedDays.push(usual);
    const amount = age === 0 ? spent : dayAgo(state, learned, age);
    if (Number.isNaN(amount)) continue;
    known++;
    actual += amount;
    expected += usual;
    if (amount > usual * (1 + 0.4 * (rule.ratio - 1))) above++;
  }
  const today = expectedDays.at(-1) ?? 0;
  const isDear = actual > rule.ratio * expected && actual - expected > rule.floors * policy.floor;
  const isDearToday = spent - today > 0.5 * policy.floor && spent > (1 + (rule.ratio - 1) / 2) * today;
  if (!isDear || !isDearToday || above < Math.ceil(quorum * known)) return undefined;
  return {
    state: 'anomalous',
    test: 'span',
    span,
    expectedDays,
    expected: today,
    limit: today + (spent - today) / 2,
    high: true,
    grounds: { of: 'span', actual, expected },
  };
}

/**
 * Judges a day whose figure is complete, and learns from it. Days come in order and without a gap; one that was never
 * read is NaN. What belongs to an incident isn't learnt until that has lasted for three weeks, from `acceptFrom` on, and is
 * the new normal.
 */
export function learnDay(
  state: DetectorState,
  figure: Figure,
  policy: Policy,
  allowance: Allowance = noAllowance,
  acceptFrom: number = Number.NEGATIVE_INFINITY,
): { verdict: Verdict; turn: Turn } {
  const { day, amount, seen } = figure;
  const verdict = judgeDay(state, figure, policy, allowance);
  if (seen !== undefined) learnCompleteness(state, amount, seen);
  if (amount > 0 && Number.isNaN(read(state, firstSpend))) state[firstSpend] = day;
  const { spent, usual, isJudged } = withoutFees(state, figure, verdict);
  const riseToday = risesOn(state, day, spent, verdict);
  const residual = residualOf(state, day, spent, verdict);
  learnFee(state, day, isJudged && amount > 0 ? amount - usual : 0, usual, policy.floor / 5);

  const turn = turnOf(state, verdict, policy, acceptFrom);
  const isLearned = !Number.isNaN(amount) && !isLeftOut(turn, verdict, allowance);
  const dearest = isLearned ? recentOf(state).dearest : 0;
  shiftDays(state);
  state[amounts + memoryDays - 1] = Math.max(0, amount);
  state[logs + memoryDays - 1] = Math.log(spent + read(state, logOffset));
  if (isLearned) state[learned + memoryDays - 1] = spent;
  // Those of an incident count once it is accepted: what has just moved may move on.
  const isTold = read(state, isOpen) > 0 && verdict.state !== 'held';
  if (isLearned || isTold) state[residuals + memoryDays - 1] = residual;
  learnRises(state, day, riseToday);
  state[nextDay] = day + 1;
  state[dayCount] = read(state, dayCount) + 1;
  if (turn === 'is accepted') adoptLevel(state, day);
  else learnOffset(state, day, 4);
  if (isLearned) learnPeak(state, day, amount, dearest);
  if (read(state, dayCount) % 7 === 1) learnLogOffset(state, policy.floor);
  learnOutlook(state, day + 1);
  return { verdict, turn };
}

/**
 * Makes once what `day` is judged by, as often as that happens: while it fills, when it is complete, and, close
 * enough, the day after it while both fill.
 */
function learnOutlook(state: DetectorState, day: number): void {
  state[level] = levelOfLast(state, day);
  learnNoise(state);
  for (const [index, span] of spans.entries()) {
    state[levelsBefore + index] = levelBefore(state, day, span);
  }
}

/** What a day cost without the fee that was due on it, and what it should have cost so. */
function withoutFees(
  state: DetectorState,
  { day, amount }: Figure,
  { expected, test }: Verdict,
): { spent: Usd; usual: Usd; isJudged: boolean } {
  const isJudged = !Number.isNaN(expected) && test !== 'pulse';
  if (!isJudged) return { spent: Math.max(0, amount), usual: 0, isJudged };
  const fee = feeDue(state, day, monthDay(day));
  const usual = Math.max(0, expected - fee);
  return { spent: Math.max(0, withoutFee(amount, usual, fee)), usual, isJudged };
}

/** What is held, what was planned and what leaks must not become what is expected. */
function isLeftOut(turn: Turn, verdict: Verdict, allowance: Allowance): boolean {
  if (turn === 'is accepted' || turn === 'recovers') return false;
  if (turn === 'opens' || turn === 'returns' || verdict.state === 'held') return true;
  return verdict.high && (turn === 'goes on' || isPlanned(allowance));
}

function learnRises(state: DetectorState, day: number, today: Float64Array): void {
  for (const [index, span] of spans.entries()) {
    // While a new level settles in, what it rises above is the old one.
    const isSettling = day - read(state, levelSince) < span + comparedDays(span);
    const isUsual = read(state, isOpen) === 0 && !isSettling;
    state[rises + (index + 1) * memoryDays - 1] = isUsual ? (today[index] as number) : Number.NaN;
  }
}

const noRises = new Float64Array(spans.length).fill(Number.NaN);
const todaysRises = new Float64Array(spans.length);

function risesOn(state: DetectorState, day: number, spent: Usd, { test }: Verdict): Float64Array {
  if (test !== 'day' && test !== 'span') return noRises;
  for (const [index, span] of spans.entries())
    todaysRises[index] = riseOf(state, day, spent, index, span).rise;
  return todaysRises;
}

function residualOf(state: DetectorState, day: number, spent: Usd, { test }: Verdict): number {
  if (test !== 'day' && test !== 'span') return Number.NaN;
  const expected = read(state, level) + read(state, rhythm + weekdayOf(day));
  return Math.log(spent + read(state, logOffset)) - expected;
}

/** Follows an incident through a closed day: whether one opens, goes on or ends. Sets the verdict's `high` to match. */
function turnOf(state: DetectorState, verdict: Verdict, { floor }: Policy, acceptFrom: number): Turn {
  const excess = verdict.actual - verdict.expected;
  if (read(state, isOpen) === 0) {
    return verdict.state === 'anomalous' ? opens(state, verdict, excess, floor) : 'none';
  }
  if (Number.isNaN(excess)) return 'goes on';
  verdict.high = staysHigh(state, verdict);
  if (verdict.day >= acceptFrom) state[openDays] = read(state, openDays) + 1;
  state[calmDays] = verdict.high ? 0 : read(state, calmDays) + 1;
  if (verdict.high) {
    state[lastHigh] = verdict.day;
    state[meanExcess] = read(state, meanExcess) + 0.2 * (Math.max(0, excess) - read(state, meanExcess));
  }
  if (read(state, calmDays) >= calmDaysToRecover) {
    state[isOpen] = 0;
    return 'recovers';
  }
  return acceptedOr(state, 'goes on');
}

function opens(state: DetectorState, { day, span }: Verdict, excess: Usd, floor: Usd): Turn {
  const isBack = isReturn(state, day, excess);
  state[isOpen] = 1;
  state[calmDays] = 0;
  state[lastHigh] = day;
  if (isBack) {
    state[openDays] = day - read(state, openSince) + 1;
    return acceptedOr(state, 'returns');
  }
  state[openDays] = span;
  state[openSince] = day - span + 1;
  state[meanExcess] = Math.max(excess, 0.5 * floor);
  for (let age = 1; age < span; age++) state[learned + memoryDays - age] = Number.NaN;
  return 'opens';
}

function acceptedOr(state: DetectorState, turn: Turn): Turn {
  if (read(state, openDays) < acceptedAfter) return turn;
  state[isOpen] = 0;
  return 'is accepted';
}

/** Whether an excess is that of the incident which ended a few days ago, and no larger than it was. */
export const isReturn = (state: DetectorState, day: number, excess: Usd): boolean =>
  day - read(state, lastHigh) <= returnsWithin && excess <= 2 * read(state, meanExcess);

/** Whether an open incident goes on through a day: a quarter of its usual excess is enough. */
export const staysHigh = (state: DetectorState, { actual, expected, state: verdict }: Verdict): boolean =>
  actual - expected > calmShare * read(state, meanExcess) || verdict === 'anomalous';

/** The days of an incident that stays are what is expected from now on; what was before is no measure any more. */
function adoptLevel(state: DetectorState, day: number): void {
  const since = read(state, openSince);
  const days = Math.min(memoryDays - 1, day - since);
  for (let age = 1; age <= days + 1; age++) {
    const place = memoryDays - age;
    const amount = read(state, amounts + place);
    state[learned + place] = amount;
  }
  state.fill(Number.NaN, rises, rises + spans.length * memoryDays);
  state.fill(Number.NaN, residuals, residuals + memoryDays - days - 1);
  state[levelSince] = since;
  state[lastHigh] = Number.NaN;
  for (let age = noiseDays; age >= 4; age--) learnOffset(state, day, age);
}

/**
 * Learns how the day lay among the three days before and after it, and from the last eight such days how its weekday
 * lies. `age` counts from the day after `day`.
 */
function learnOffset(state: DetectorState, day: number, age: number): void {
  if (read(state, dayCount) < age + 3) return;
  let count = 0;
  for (let near = age - 3; near <= age + 3; near++) {
    if (near > memoryDays || Number.isNaN(dayAgo(state, learned, near))) continue;
    values[count++] = dayAgo(state, logs, near);
  }
  const place = memoryDays - age;
  const isKnown = count >= 5 && !Number.isNaN(read(state, learned + place));
  state[offsets + place] = isKnown ? read(state, logs + place) - medianOf(values, count) : Number.NaN;
  learnRhythm(state, day, age);
}

/** Weeks after which a weekday's offset is taken as it is; with fewer a part of it. */
const trustedWeeks = 3;

function learnRhythm(state: DetectorState, day: number, newest: number): void {
  const since = day + 1 - read(state, levelSince);
  let count = 0;
  for (let age = newest; age < newest + noiseDays && age <= memoryDays; age += 7) {
    if (count >= 2 && age > since) break; // two weeks of a new level say more than the old one
    const offset = dayAgo(state, offsets, age);
    if (!Number.isNaN(offset)) values[count++] = offset;
  }
  state[rhythm + weekdayOf(day + 1, newest)] =
    count === 0 ? 0 : medianOf(values, count) * Math.min(1, count / trustedWeeks);
}

/** Days of a span of which the dearest is remembered. */
const peakDays = 28;

function learnPeak(state: DetectorState, day: number, amount: Usd, dearest: Usd): void {
  const place = peaks + (Math.floor(day / peakDays) % peaksKept);
  if (day % peakDays === 0) state[place] = 0;
  state[place] = Math.max(read(state, place), amount);
  if (amount > 0 && isPulse(amount, dearest)) learnPulse(state, day, amount);
}

/**
 * What is added to an amount before its logarithm is taken follows the series: a fifth of the floor, and a fiftieth of
 * its usual spend, so that a few cents next to nothing are no rise.
 */
function learnLogOffset(state: DetectorState, floor: Usd): void {
  let count = 0;
  for (let age = 1; age <= noiseDays; age++) {
    const amount = dayAgo(state, learned, age);
    if (!Number.isNaN(amount)) values[count++] = amount;
  }
  const usual = count === 0 ? 0 : Math.max(0, medianOf(values, count));
  const offset = Math.max(1e-6, floor / 5) + 0.02 * usual;
  if (Math.abs(offset / read(state, logOffset) - 1) <= 0.1) return;
  state[logOffset] = offset;
  for (let place = 0; place < memoryDays; place++) {
    const known = read(state, learned + place);
    const amount = Number.isNaN(known) ? read(state, amounts + place) : known;
    state[logs + place] = Math.log(amount + offset);
  }
}

/** Where `assumeDay` works; a copy of its own for each day would take longer than judging it. */
const assumed = newDetector();

/**
 * The state as if a day that still fills had been learnt, which the day after it is judged by. It is the same object
 * each time: to be used before the next one is asked for.
 */
export function assumeDay(state: DetectorState, figure: Figure, verdict: Verdict, age: 0 | 1): DetectorState {
  const { amount } = correctedFor(state, figure.amount, age);
  const { spent } = withoutFees(state, { day: figure.day, amount }, verdict);
  if (state !== assumed) assumed.set(state);
  shiftDays(assumed);
  assumed[logs + memoryDays - 1] = Math.log(spent + read(state, logOffset));
  assumed[learned + memoryDays - 1] = verdict.state === 'normal' ? spent : Number.NaN;
  assumed[nextDay] = figure.day + 1;
  assumed[pendingFee] = 0;
  return assumed;
}
