import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCount,
  lastInvoked,
  mapModels,
  quantities,
  tokensIn,
  toUse,
} from '../../shared/compute/bedrock.ts';
import type { Metric } from '../../shared/compute/metric.ts';
import { metric } from '../support/published.ts';

const bedrock = (name: string, dimensions: Record<string, string>) => metric('AWS/Bedrock', name, dimensions);

const haiku = 'eu.anthropic.claude-haiku-4-5-20251001-v1:0';
const canvas = 'amazon.nova-canvas-v1:0';

const listed: Metric[] = [
  bedrock('Invocations', { ModelId: haiku }),
  bedrock('InputTokenCount', { ModelId: haiku }),
  bedrock('OutputTokenCount', { ModelId: haiku }),
  bedrock('CacheReadInputTokenCount', { ModelId: haiku }),
  bedrock('CacheReadInputTokens', { ModelId: haiku }),
  bedrock('InvocationLatency', { ModelId: haiku }),
  bedrock('Invocations', { ModelId: haiku, ServiceTier: 'default' }),
  bedrock('Invocations', { ModelId: canvas, ImageSize: '1024x1024', BucketedStepSize: '50' }),
  bedrock('Invocations', { ModelId: canvas, ImageSize: '512x512', BucketedStepSize: '50' }),
  bedrock('Invocations', { ModelId: canvas, ImageSize: '512x512', BucketedStepSize: '50', Tier: 'x' }),
  bedrock('ModelInvocationLogsS3DeliverySuccess', { 'Across all model IDs': '1' }),
  metric('AWS/SageMaker', 'Invocations', { ModelId: haiku }),
];

const namesOf = (found: readonly Metric[]) => found.map(({ name }) => name);

describe('models', () => {
  it('are found by their id, with what each of them counts', () => {
    const [first, second, ...others] = mapModels(listed);
    expect(others).toEqual([]);
    expect(first?.modelId).toBe(canvas);
    expect(second?.modelId).toBe(haiku);
    expect(quantities.map((quantity) => namesOf(second?.metrics[quantity] ?? []))).toEqual([
      ['Invocations'],
      ['InputTokenCount'],
      ['OutputTokenCount'],
      ['CacheReadInputTokenCount'],
      [],
    ]);
  });

  it('are not counted twice under further dimensions, and not overlooked where they have only those', () => {
    const [images, tokens] = mapModels(listed);
    expect(tokens?.metrics.invocations).toEqual([bedrock('Invocations', { ModelId: haiku })]);
    expect(images?.metrics.invocations.map(({ dimensions }) => dimensions.length)).toEqual([3, 3]);
  });

  it('are counted by one way to part them where there are several', () => {
    const parted = ['ServiceTier', 'ContextWindow'].map((name) =>
      bedrock('Invocations', { ModelId: haiku, [name]: 'x' }),
    );
    for (const order of [parted, parted.toReversed()]) {
      const [model] = mapModels(order);
      expect(model?.metrics.invocations).toEqual([
        bedrock('Invocations', { ModelId: haiku, ContextWindow: 'x' }),
      ]);
    }
  });

  it("are the same by the user guide's name of the cached tokens", () => {
    const [model] = mapModels([bedrock('CacheReadInputTokens', { ModelId: haiku })]);
    expect(namesOf(model?.metrics.cacheRead ?? [])).toEqual(['CacheReadInputTokens']);
  });

  it('are the same in any order and when listed twice', () => {
    const shuffled = fc.shuffledSubarray([...listed, ...listed], { minLength: listed.length * 2 });
    const ids = (metrics: readonly Metric[]) =>
      mapModels(metrics).map(({ modelId, metrics }) => [
        modelId,
        quantities.map((quantity) => metrics[quantity].map((one) => JSON.stringify(one)).toSorted()),
      ]);
    fc.assert(
      fc.property(shuffled, (found) => {
        expect(ids(found)).toEqual(ids(listed));
      }),
    );
  });
});

describe('what a model did', () => {
  const window = { start: '2026-11-16T00:00:00Z', end: '2026-11-16T06:00:00Z' };
  const at = (hour: number) => Date.parse(window.start) + hour * 3_600_000;
  const nothing = { invocations: [], input: [], output: [], cacheRead: [], cacheWrite: [] };

  it('is summed up by hour over all of its series', () => {
    const one = { points: [{ at: at(1), value: 2 }] };
    const other = {
      points: [
        { at: at(1), value: 3 },
        { at: at(4), value: 0 },
      ],
    };
    const use = toUse({ ...nothing, invocations: [one, other], input: [one], cacheRead: [other] }, window);
    expect(use.invocations.get(at(1))).toBe(5);
    expect(lastInvoked(use)).toBe(at(2));
    expect(tokensIn(use, at(1))).toBe(5);
    expect(tokensIn(use, at(2))).toBe(0);
    expect(use.hasCache).toBe(true);
  });

  it('counts a time that is told twice once', () => {
    const twice = { points: [1, 1].map((value) => ({ at: at(1), value })) };
    expect(toUse({ ...nothing, invocations: [twice] }, window).invocations.get(at(1))).toBe(1);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('is not known whole where a count is %s', (value) => {
    const use = toUse({ ...nothing, invocations: [{ points: [{ at: at(1), value }] }] }, window);
    expect(use.failure).toBe('CloudWatch told a count that can not be');
    expect(use.invocations.size).toBe(0);
  });

  it('tells apart what failed', () => {
    const failed = { points: [], failure: 'Rate exceeded' };
    const use = toUse({ ...nothing, cacheWrite: [failed] }, window);
    expect([use.failure, use.cacheFailure]).toEqual([undefined, 'Rate exceeded']);
  });
});

it.each([
  [850, '850'],
  [40_200_000, '40.2M'],
  [1_500_000_000, '1.5B'],
])('%s tokens are read as %s', (count, text) => {
  expect(formatCount(count)).toBe(text);
});
