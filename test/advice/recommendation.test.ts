import { describe, expect, it } from 'vitest';
import { bestRecommendations } from '../../shared/advice/recommendation.ts';
import { findingOf } from '../support/finding.ts';

const now = '2026-11-16T07:00:00Z';

describe('what to do', () => {
  it('is what saves most, at 730 hours a month', () => {
    const found = [
      findingOf({ id: 'i-1', wastedHourlyRate: 1 }),
      findingOf({ id: 'i-2', wastedHourlyRate: 10 }),
      findingOf({ id: 'i-3', wastedHourlyRate: 5 }),
    ];
    const best = bestRecommendations(found, now, 2);
    expect(best.map(({ finding, monthly }) => [finding.id, monthly])).toEqual([
      ['i-2', 7300],
      ['i-3', 3650],
    ]);
  });

  it('saves the difference where something smaller takes its place', () => {
    const oversized = findingOf({
      check: 'oversized',
      hourlyRate: 6,
      wastedHourlyRate: undefined,
      proposal: { type: 'g5.2xlarge', hourlyRate: 1 },
    });
    expect(bestRecommendations([oversized], now, 3)[0]?.monthly).toBe(5 * 730);
  });

  it('is one thing for each resource, and none for a workload whose node is to be stopped', () => {
    const found = [
      findingOf({ id: 'i-1', check: 'idle-accelerator', wastedHourlyRate: 10 }),
      findingOf({ id: 'i-1', check: 'oversized', wastedHourlyRate: 8 }),
      findingOf({ id: 'pod-1', kind: 'container-gpus', within: ['i-1'], wastedHourlyRate: 9 }),
    ];
    expect(bestRecommendations(found, now, 3).map(({ finding }) => finding.check)).toEqual([
      'idle-accelerator',
    ]);
  });

  it.each([
    ['is over', { closedAt: '2026-11-16T06:30:00Z' }],
    ['nobody has seen for days', { seenAt: '2026-11-13T17:00:00Z' }],
    ['rests on an indirect sign', { confidence: 'low' as const }],
    ['has no known price', { hourlyRate: undefined, wastedHourlyRate: undefined }],
    ['ends by itself', { kind: 'sagemaker-training-job' as const, check: 'job-idle' as const }],
    ['is not paid for yet', { isUnpaid: true }],
    ['would cost more otherwise', { proposal: { type: 'p5.48xlarge', hourlyRate: 98 } }],
  ])('is nothing about what %s', (_, given) => {
    expect(bestRecommendations([findingOf(given)], now, 3)).toEqual([]);
  });
});
