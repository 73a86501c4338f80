import { type IsoTime, toTime } from '../period.ts';
import { formatCount, type Hours, lastInvoked, type ModelUse, tokensIn } from './bedrock.ts';
import { percent } from './evidence-text.ts';
import { hourMs, hoursBefore } from './hours.ts';
import type { Window } from './metric.ts';
import type { Utilization } from './utilization.ts';

export type ModelPolicy = {
  /** Input tokens a day from which prompts are worth caching. */
  perDay: number;
  /** Share of the input read from the cache below which it is told, 0 to 1. */
  cachedShare: number;
};

const days = 7;

/** A week, and another that tells whether the model is older; a longer series costs no more. */
export const modelWindow = (now: IsoTime): Window => hoursBefore(now, 2 * days * 24 * 60);

/**
 * The shortest prompt that is told, in tokens: models cache prefixes from 1,000 to 4,096 tokens on (Bedrock user guide:
 * Prompt caching).
 */
const cacheableTokens = 2_000;

/** What is told stays so until it falls below this share of what it takes, or is read this much more from the cache. */
const lessToEnd = 0.8;
const cachedToEnd = 1.5;

/** `since`: since when it has been so, as far as is looked back. */
export type ModelVerdict = { utilization: Utilization; since?: IsoTime };

/**
 * How many tokens a model was sent in a week, and whether they were read from its cache. Undefined where it wasn't
 * called. Whether prompts begin alike, so that a cache would serve them, no metric tells. Where it was told before
 * (`isOpen`) it takes a clear change to end it.
 */
export function judgeModel(
  modelId: string,
  use: ModelUse,
  policy: ModelPolicy,
  now: IsoTime,
  isOpen = false,
): ModelVerdict | undefined {
  const start = toTime(lastHour(now) - days * 24 * hourMs);
  const seen = { windowStart: start, windowEnd: now, coverage: 1 };
  if (use.failure !== undefined) {
    const reason = `its calls could not be read: ${use.failure}`;
    return { utilization: { ...seen, coverage: 0, state: 'unknown', reason, confidence: 'low' } };
  }
  const week = weekOf(use, Date.parse(start), now);
  if (week === undefined) return undefined;
  const invoked = lastInvoked(use);
  const lastBusy = invoked && toTime(Math.min(invoked, Date.parse(now)));
  const busy = { ...seen, state: 'busy' as const, ...(lastBusy && { lastBusy }) };
  const text = weekText(week, use, now);
  const caching = cachingOf(modelId, use);
  const fine = { utilization: { ...busy, reason: text, confidence: 'high' as const } };
  if (!isWorthCaching(week, policy, isOpen) || caching === 'none') return fine;
  if (use.cacheFailure !== undefined) {
    // Nobody can tell whether what was told is over.
    return isOpen ? { utilization: { ...fine.utilization, state: 'unknown', confidence: 'low' } } : fine;
  }
  if (caching === 'unknown') {
    const reason = `${text}, and whether it can cache prompts is not known`;
    return { utilization: { ...fine.utilization, reason } };
  }
  if (week.cachedShare >= policy.cachedShare * (isOpen ? cachedToEnd : 1)) return fine;
  return {
    since: week.since,
    utilization: {
      ...busy,
      check: 'uncached-prompts',
      reason: `${text}, ${formatCount(week.prompt)} a prompt`,
      // That it has a cache is certain where it told of it.
      confidence: caching === 'seen' ? 'medium' : 'low',
    },
  };
}

function isWorthCaching({ perDay, prompt }: Week, policy: ModelPolicy, isOpen: boolean): boolean {
  const share = isOpen ? lessToEnd : 1;
  return perDay >= policy.perDay * share && prompt >= cacheableTokens * share;
}

const lastHour = (now: IsoTime): number => Math.floor(Date.parse(now) / hourMs) * hourMs;

type Week = {
  input: number;
  output: number;
  perDay: number;
  cachedShare: number;
  prompt: number;
  /** When the week began, or the model's first call in it where it had none before. */
  since: IsoTime;
};

/** Of whole hours, so that it is the same all through an hour, and at each hour of the day. */
function weekOf(use: ModelUse, start: number, now: IsoTime): Week | undefined {
  const end = lastHour(now);
  const total = (hours: Hours) =>
    [...hours].reduce((sum, [hour, value]) => (hour >= start && hour < end ? sum + value : sum), 0);
  const cacheRead = total(use.cacheRead);
  const input = total(use.input) + cacheRead + total(use.cacheWrite);
  const [output, invocations] = [total(use.output), total(use.invocations)];
  if (input + output + invocations === 0) return undefined;
  const first = Math.min(end, ...use.input.keys(), ...use.invocations.keys());
  const age = Math.min(days, (end - first) / (24 * hourMs));
  return {
    since: toTime(Math.max(start, first)),
    input,
    output,
    perDay: input / Math.max(1, age),
    cachedShare: input === 0 ? 0 : cacheRead / input,
    prompt: invocations === 0 ? 0 : input / invocations,
  };
}

function weekText({ input, output, perDay, cachedShare }: Week, use: ModelUse, now: IsoTime): string {
  const cached =
    use.cacheFailure === undefined
      ? `${percent(cachedShare * 100)} of it read from the cache`
      : `what was read from the cache could not be read: ${use.cacheFailure}`;
  const volume = `${formatCount(input)} input and ${formatCount(output)} output tokens in ${days} days`;
  const jump = jumpOf(use, now);
  const unusual = jump === undefined ? '' : `, the last hour ${jump.toFixed(1)} times its usual one`;
  return `${volume}, ${formatCount(perDay)} input a day, ${cached}${unusual}`;
}

/** Standard deviations, and times its mean, from which an hour is a jump. */
const jumpDeviations = 3;
const jumpRatio = 2;

/** How many times the mean of the week before the last hour was; undefined where that isn't unusual. */
function jumpOf(use: ModelUse, now: IsoTime): number | undefined {
  const last = lastHour(now) - hourMs;
  const before = Array.from({ length: days * 24 }, (_, index) => tokensIn(use, last - (index + 1) * hourMs));
  const mean = before.reduce((sum, value) => sum + value, 0) / before.length;
  if (mean === 0) return undefined;
  const variance = before.reduce((sum, value) => sum + (value - mean) ** 2, 0) / before.length;
  // An even course has no deviation: a tenth of its mean is within it all the same.
  const deviation = Math.max(Math.sqrt(variance), mean / 10);
  const tokens = tokensIn(use, last);
  return tokens >= mean * jumpRatio && tokens - mean >= deviation * jumpDeviations
    ? tokens / mean
    : undefined;
}

/** Whether a model has a prompt cache: it has told of one, its family is documented to, or not to. */
function cachingOf(modelId: string, { hasCache }: ModelUse): 'seen' | 'documented' | 'none' | 'unknown' {
  if (hasCache) return 'seen';
  const plain = plainId(modelId);
  if (withoutCache.test(plain)) return 'none';
  return withCache.test(plain) ? 'documented' : 'unknown';
}

/** Bedrock user guide, Prompt caching: Claude from 3.5 Haiku and 3.7 on, and the Nova models for text. */
const withCache = /^(?:anthropic\.claude-|amazon\.nova-(?:\d+-)?(?:micro|lite|pro|premier))/;
const withoutCache = /^anthropic\.claude-(?:instant|v\d|3-(?:haiku|sonnet|opus)|3-5-sonnet)/;

/** `anthropic.claude-sonnet-4-…` of `us.anthropic.claude-sonnet-4-…`, an inference profile, or of its ARN. */
const plainId = (modelId: string): string =>
  modelId.slice(modelId.lastIndexOf('/') + 1).replace(/^(?:[a-z]{2}(?:-gov)?|apac|global)\./, '');
