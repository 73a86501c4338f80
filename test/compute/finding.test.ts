import { describe, expect, it } from 'vitest';
import {
  type IdleFinding,
  idleSince,
  type Observation,
  reviewFindings,
} from '../../shared/compute/finding.ts';
import type { Series, Utilization } from '../../shared/compute/utilization.ts';
import { instance } from '../support/compute.ts';

const finding = (given: Partial<IdleFinding> = {}): IdleFinding => ({
  account: '210987654321',
  region: 'eu-west-1',
  instanceId: 'i-1',
  idleSince: '2026-11-13T17:00:00Z',
  openedAt: '2026-11-13T20:15:00Z',
  seenAt: '2026-11-16T05:15:00Z',
  reason: '8 of 8 GPUs at 0 %',
  hourlyRate: 32.7726,
  ...given,
});

const observed = (
  state: Utilization['state'],
  { instanceId = 'i-1', launchTime = '2026-11-13T16:20:00Z' } = {},
): Observation => ({
  instance: instance({ instanceId, launchTime }),
  utilization: {
    state,
    reason: 'because',
    windowStart: '2026-11-16T03:05:00Z',
    windowEnd: '2026-11-16T06:05:00Z',
    coverage: 1,
  },
});

const ids = (review: ReturnType<typeof reviewFindings>) => ({
  opened: review.opened.map(({ instance: { instanceId } }) => instanceId),
  confirmed: review.confirmed.map(({ finding: { instanceId } }) => instanceId),
  closed: review.closed.map(({ instanceId }) => instanceId),
});

describe('a review', () => {
  it('opens a finding for an idle instance that has none, and none for busy or unknown ones', () => {
    const review = reviewFindings(
      [],
      [observed('idle'), observed('busy', { instanceId: 'i-2' }), observed('unknown', { instanceId: 'i-3' })],
    );
    expect(ids(review)).toEqual({ opened: ['i-1'], confirmed: [], closed: [] });
  });

  it.each([
    ['confirms one that is idle still', [observed('idle')], { opened: [], confirmed: ['i-1'], closed: [] }],
    ['closes one that works again', [observed('busy')], { opened: [], confirmed: [], closed: ['i-1'] }],
    ['closes one that no longer runs', [], { opened: [], confirmed: [], closed: ['i-1'] }],
    [
      'leaves one alone of which nothing is known',
      [observed('unknown')],
      { opened: [], confirmed: [], closed: [] },
    ],
    [
      'closes one that was started again, though nothing is known of it yet',
      [observed('unknown', { launchTime: '2026-11-16T05:40:00Z' })],
      { opened: [], confirmed: [], closed: ['i-1'] },
    ],
    [
      'begins a new episode for one that was started again and is idle again',
      [observed('idle', { launchTime: '2026-11-15T08:00:00Z' })],
      { opened: ['i-1'], confirmed: [], closed: ['i-1'] },
    ],
  ])('%s', (_, observations, expected) => {
    expect(ids(reviewFindings([finding()], observations))).toEqual(expected);
  });
});

describe('idle since', () => {
  const hour = 3_600_000;
  /** Hourly maxima up to 03:00, the hour in which the window starts; the newest last. */
  const hourly = (...values: (number | undefined)[]): Series => ({
    points: values.flatMap((value, index) => {
      const at = Date.parse('2026-11-16T03:00:00Z') - (values.length - 1 - index) * hour;
      return value === undefined ? [] : [{ at, value }];
    }),
  });

  it.each([
    ['the hour after the last work', [hourly(80, 0, 1, 0), hourly(0, 0, 0, 0)], '2026-11-16T01:00:00Z'],
    ['the end of a gap', [hourly(0, undefined, 0, 0)], '2026-11-16T02:00:00Z'],
    [
      'the end of a gap of one GPU of two',
      [hourly(0, 0, 0, 0), hourly(0, 0, undefined, 0)],
      '2026-11-16T03:00:00Z',
    ],
    [
      'the start of the window, where there was work in its hour',
      [hourly(0, 0, 0, 60)],
      '2026-11-16T03:05:00Z',
    ],
    ['the start of the window, where nothing can be looked up', [hourly()], '2026-11-16T03:05:00Z'],
    ['the start of the window, where no GPU is known', [], '2026-11-16T03:05:00Z'],
  ])('is %s', (_, series, expected) => {
    expect(idleSince(observed('idle'), series, 3)).toBe(expected);
  });

  it('is the launch, where it never worked', () => {
    const launched = observed('idle', { launchTime: '2026-11-16T01:20:00Z' });
    expect(idleSince(launched, [hourly(0, 0, 0, 0, 0)], 3)).toBe('2026-11-16T01:20:00Z');
  });
});
