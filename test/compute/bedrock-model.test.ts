import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeModel, modelWindow } from '../../shared/compute/bedrock-model.ts';
import { type Calls, used } from '../support/bedrock.ts';

const now = '2026-11-16T06:00:00Z';
const policy = { perDay: 5_000_000, cachedShare: 0.1 };
const window = modelWindow(now);
const sonnet = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';

/** 48 million input tokens a day in prompts of 8,000, none of them read from the cache. */
const heavy: Calls = { invocations: 250, input: 2_000_000, output: 50_000 };

const judge = (calls: Calls, modelId = sonnet, failure?: string) =>
  judgeModel(modelId, used(window, calls, failure), policy, now)?.utilization;

/** What is said of it where it was told before. */
const judgeAgain = (calls: Calls) => judgeModel(sonnet, used(window, calls), policy, now, true)?.utilization;

describe('a model that is called on demand', () => {
  it('is told with the tokens of a week', () => {
    expect(judge({ invocations: 100, input: 50_000, output: 20_000 })).toEqual({
      state: 'busy',
      reason: '8.4M input and 3.4M output tokens in 7 days, 1.2M input a day, 0 % of it read from the cache',
      windowStart: '2026-11-09T06:00:00Z',
      windowEnd: now,
      coverage: 1,
      confidence: 'high',
      lastBusy: now,
    });
  });

  it('is nothing to tell where it was not called', () => {
    expect(judge({})).toBeUndefined();
    expect(judge({ invocations: 0, input: 0 })).toBeUndefined();
  });

  it('says when the last hour was unusual', () => {
    const jump = (at: number) => (at === Date.parse('2026-11-16T05:00:00Z') ? 3_400 : 1_000);
    expect(judge({ invocations: 10, input: jump })?.reason).toMatch(
      /, the last hour 3\.4 times its usual one$/,
    );
  });

  it('says nothing of an hour that is as varied as the others', () => {
    const nightly = (at: number) => ((at / 3_600_000) % 6 < 1 ? 6_000 : 0);
    expect(judge({ invocations: 10, input: nightly })?.reason).not.toContain('usual');
  });

  it('is unknown where its calls could not be read', () => {
    expect(judge(heavy, sonnet, 'Rate exceeded')).toMatchObject({
      state: 'unknown',
      confidence: 'low',
      reason: 'its calls could not be read: Rate exceeded',
    });
  });

  it('that was started yesterday is judged by the days it was used', () => {
    const since = (count: number) => (at: number) =>
      at < Date.parse('2026-11-15T06:00:00Z') ? undefined : count;
    const calls = { invocations: since(250), input: since(250_000), output: since(1) };
    expect(judge(calls)?.reason).toContain('6M input a day');
  });

  it('that is called in office hours is told alike at every hour, by the week', () => {
    const office = (count: number) => (at: number) => {
      const hour = new Date(at).getUTCHours();
      return hour >= 8 && hour < 18 ? count : undefined;
    };
    const calls = { invocations: office(500), input: office(4_000_000) };
    const told = Array.from({ length: 24 }, (_, hour) => {
      const time = `2026-11-16T${String(hour).padStart(2, '0')}:05:00Z`;
      return judgeModel(sonnet, used(modelWindow(time), calls), policy, time)?.utilization.reason;
    });
    expect(new Set(told)).toEqual(
      new Set([
        '280M input and 0 output tokens in 7 days, 40M input a day, 0 % of it read from the cache, 8K a prompt',
      ]),
    );
  });
});

describe('prompts', () => {
  it('that are long and many are told when hardly any is read from the cache', () => {
    expect(judge({ ...heavy, cacheRead: 20_000, cacheWrite: 20_000 })).toMatchObject({
      state: 'busy',
      check: 'uncached-prompts',
      confidence: 'medium',
      reason:
        '342.7M input and 8.4M output tokens in 7 days, 49M input a day, 1 % of it read from the cache, 8.2K a prompt',
    });
    expect(judge(heavy)?.wastedShare).toBeUndefined();
  });

  it('of a model that never told of its cache are told by its family', () => {
    expect(judge(heavy)).toMatchObject({ check: 'uncached-prompts', confidence: 'low' });
  });

  it.each([
    'anthropic.claude-3-5-haiku-20241022-v1:0',
    'us.anthropic.claude-3-7-sonnet-20250219-v1:0',
    'global.anthropic.claude-opus-4-5-20251101-v1:0',
    'us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'apac.amazon.nova-pro-v1:0',
    'amazon.nova-2-lite-v1:0',
    'arn:aws:bedrock:eu-west-1:210987654321:inference-profile/eu.amazon.nova-micro-v1:0',
  ])('of %s can be cached', (modelId) => {
    expect(judge(heavy, modelId)?.check).toBe('uncached-prompts');
  });

  it.each([
    'anthropic.claude-v2:1',
    'anthropic.claude-instant-v1',
    'anthropic.claude-3-haiku-20240307-v1:0',
    'eu.anthropic.claude-3-5-sonnet-20240620-v1:0',
  ])('of %s can not', (modelId) => {
    expect(judge(heavy, modelId)).toMatchObject({ state: 'busy', confidence: 'high' });
    expect(judge(heavy, modelId)?.check).toBeUndefined();
  });

  it.each([
    'meta.llama3-1-70b-instruct-v1:0',
    'arn:aws:bedrock:eu-west-1:210987654321:application-inference-profile/x7k2m9p4q1w8',
  ])('of %s may or may not, and that is said', (modelId) => {
    expect(judge(heavy, modelId)?.check).toBeUndefined();
    expect(judge(heavy, modelId)?.reason).toMatch(/, and whether it can cache prompts is not known$/);
    expect(judge({ ...heavy, cacheWrite: 1 }, modelId)?.check).toBe('uncached-prompts');
  });

  it.each([
    ['few', { ...heavy, invocations: 20, input: 160_000 }],
    ['short', { ...heavy, invocations: 2_000 }],
    ['read from the cache', { ...heavy, cacheRead: 300_000 }],
    ['of calls that nobody counted', { input: 2_000_000 }],
  ])('that are %s are not told', (_, calls) => {
    expect(judge(calls)?.check).toBeUndefined();
  });

  it('are not told where what was cached could not be read', () => {
    const use = { ...used(window, heavy), cacheFailure: 'Rate exceeded' };
    expect(judgeModel(sonnet, use, policy, now)?.utilization).toMatchObject({
      state: 'busy',
      reason: expect.stringContaining('what was read from the cache could not be read: Rate exceeded'),
    });
    expect(judgeModel(sonnet, use, policy, now)?.utilization.check).toBeUndefined();
    expect(judgeModel(sonnet, use, policy, now, true)?.utilization.state).toBe('unknown');
  });

  it('have been so for the week, or since the first call', () => {
    const sinceOf = (calls: Calls) => judgeModel(sonnet, used(window, calls), policy, now)?.since;
    const young = (count: number) => (at: number) =>
      at < Date.parse('2026-11-13T09:00:00Z') ? undefined : count;
    expect(sinceOf(heavy)).toBe('2026-11-09T06:00:00Z');
    expect(sinceOf({ invocations: young(250), input: young(2_000_000) })).toBe('2026-11-13T09:00:00Z');
  });
});

describe('prompts that were told before', () => {
  const perDay = (tokens: number): Calls => ({ invocations: 10, input: tokens / 24 });

  it.each<[string, Calls, boolean, boolean]>([
    ['are many as ever', perDay(5_100_000), true, true],
    ['are a little fewer', perDay(4_500_000), false, true],
    ['are clearly fewer', perDay(3_900_000), false, false],
    ['are a little shorter', { ...heavy, invocations: 1_100 }, false, true],
    ['are clearly shorter', { ...heavy, invocations: 1_300 }, false, false],
    ['are read from the cache a little more', { ...heavy, cacheRead: 270_000 }, false, true],
    ['are read from the cache clearly more', { ...heavy, cacheRead: 370_000 }, false, false],
  ])('%s', (_, calls, opens, stays) => {
    const told = [judge(calls), judgeAgain(calls)].map((verdict) => verdict?.check !== undefined);
    expect(told).toEqual([opens, stays]);
  });
});

it('never tells a figure that is none, whatever is counted', () => {
  const count = fc.oneof(fc.constant(0), fc.nat({ max: 9_000_000 }), fc.constant(undefined));
  const counts = fc.array(count, { minLength: 337, maxLength: 337 });
  const course = (found: readonly (number | undefined)[]) => (at: number) =>
    found[(at - Date.parse(window.start)) / 3_600_000];
  fc.assert(
    fc.property(counts, counts, counts, (invocations, input, cacheRead) => {
      const verdict = judge({
        invocations: course(invocations),
        input: course(input),
        cacheRead: course(cacheRead),
      });
      expect(verdict?.reason ?? '').not.toMatch(/NaN|Infinity|∞/);
    }),
  );
});
