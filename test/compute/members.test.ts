import { describe, expect, it } from 'vitest';
import { judgeTogether } from '../../shared/compute/members.ts';
import type { Utilization } from '../../shared/compute/utilization.ts';

const use = (state: Utilization['state'], changes: Partial<Utilization> = {}): Utilization => ({
  state,
  reason: `${state} it is`,
  windowStart: '2026-11-16T17:15:00Z',
  windowEnd: '2026-11-16T18:00:00Z',
  coverage: 1,
  confidence: 'high',
  ...changes,
});

const judge = (...uses: (Utilization | undefined)[]) =>
  judgeTogether(
    uses.map((utilization, index) => ({ name: `n${index + 1}`, utilization })),
    'node',
  );

describe('a group that is stopped as a whole', () => {
  it('is idle where each of its members is, by the least certain of them', () => {
    expect(judge(use('idle'), use('idle', { confidence: 'medium', coverage: 0.93 }))).toMatchObject({
      state: 'idle',
      reason: 'all 2 nodes idle, n2: idle it is',
      coverage: 0.93,
      confidence: 'medium',
    });
  });

  it('speaks as its only member does', () => {
    expect(judge(use('idle'))?.reason).toBe('idle it is');
  });

  it.each(['busy', 'underused'] as const)('is busy where one is %s, since that one was last', (state) => {
    const late = use(state, { lastBusy: '2026-11-16T17:50:00Z' });
    const early = use('busy', { lastBusy: '2026-11-16T17:20:00Z' });
    expect(judge(early, use('unknown'), late)).toMatchObject({
      state: 'busy',
      reason: `2 of 3 nodes at work, n3: ${state} it is`,
      lastBusy: '2026-11-16T17:50:00Z',
    });
  });

  it.each([
    ['one is unknown', [use('idle'), use('unknown')], 'node n2: unknown it is'],
    ['nothing is known of one', [use('idle'), undefined], 'nothing is known of the node n2'],
  ])('is unknown where %s', (_, uses, reason) => {
    expect(judge(...uses)).toMatchObject({ state: 'unknown', reason, confidence: 'low' });
  });

  it('is judged over the time that all of them were seen', () => {
    const longer = use('idle', { windowStart: '2026-11-15T18:00:00Z' });
    expect(judge(longer, use('idle'))?.windowStart).toBe('2026-11-16T17:15:00Z');
  });

  it('is not judged where nothing is known of anybody', () => {
    expect(judge()).toBeUndefined();
    expect(judge(undefined)).toBeUndefined();
  });
});
