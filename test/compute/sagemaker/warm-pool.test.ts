import { expect, it } from 'vitest';
import { judgeWarmPool, keptCost, toPoolResource } from '../../../shared/compute/sagemaker/warm-pool.ts';
import { ended, jobRates } from '../../support/jobs.ts';

const now = '2026-11-16T04:40:00Z';

it('wastes all that it costs for as long as it waits', () => {
  expect(judgeWarmPool({ job: ended(), keepAliveSeconds: 3600, retainedSeconds: 2280 }, now)).toEqual({
    state: 'idle',
    check: 'idle-warm-pool',
    reason:
      'kept warm for 38 min since reranker-2026-11-15 ended, for 20 min more, 2 instances of ml.g5.xlarge',
    windowStart: '2026-11-16T04:00:00Z',
    windowEnd: now,
    coverage: 1,
    confidence: 'high',
    wastedShare: 1,
  });
});

it.each([
  ['it is not told how long it has waited', { keepAliveSeconds: 3600 }, 'kept warm for 40 min since'],
  ['it is not told until when it waits', { retainedSeconds: 2280 }, 'ended, 2 instances'],
  ['its time is over and it is still there', { keepAliveSeconds: 60 }, 'ended, 2 instances'],
])('says what it knows where %s', (_, given, reason) => {
  expect(judgeWarmPool({ job: ended(), ...given }, now).reason).toContain(reason);
});

it('says nothing of times that are missing', () => {
  const { reason } = judgeWarmPool({ job: ended({ endedAt: undefined }), keepAliveSeconds: 3600 }, now);
  expect(reason).toBe('kept warm for 0 min since reranker-2026-11-15 ended, 2 instances of ml.g5.xlarge');
});

it('is a resource of its own, that begins where its job ends', () => {
  const place = { account: '210987654321', region: 'eu-west-1' };
  expect(toPoolResource({ job: ended() }, place, {}, jobRates)).toMatchObject({
    kind: 'sagemaker-warm-pool',
    id: 'reranker-2026-11-15',
    type: 'ml.g5.xlarge',
    count: 2,
    startedAt: '2026-11-16T04:00:00Z',
  });
});

it.each([
  ['until it is given up', { keepAliveSeconds: 900, retainedSeconds: 60 }, 0.35],
  ['as far as it was kept, where nobody tells until when', { retainedSeconds: 1800 }, 0.7],
  ['since its job ended, where nothing is told of it', {}, 1.4 * (40 / 60)],
])('comes to its price %s', (_, given, dollars) => {
  expect(keptCost({ job: ended(), ...given }, 1.4, now)).toBeCloseTo(dollars);
});
