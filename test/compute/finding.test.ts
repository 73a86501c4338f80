import { describe, expect, it } from 'vitest';
import {
  endingOf,
  type Finding,
  type Observation,
  reviewFindings,
  toFinding,
  wastedBetween,
} from '../../shared/compute/finding.ts';
import type { Utilization } from '../../shared/compute/utilization.ts';

const resource = {
  kind: 'ec2-instance',
  account: '210987654321',
  region: 'eu-west-1',
  id: 'i-1',
  name: 'reranker-train',
  type: 'p4d.24xlarge',
  count: 1,
  startedAt: '2026-11-13T16:20:00Z',
  tags: { owner: 'jonas' },
} as const;

const finding = (given: Partial<Finding> = {}): Finding => ({
  account: '210987654321',
  region: 'eu-west-1',
  kind: 'ec2-instance',
  id: 'i-1',
  name: 'reranker-train',
  type: 'p4d.24xlarge',
  count: 1,
  check: 'idle-accelerator',
  since: '2026-11-13T17:00:00Z',
  openedAt: '2026-11-13T20:15:00Z',
  seenAt: '2026-11-16T05:15:00Z',
  reason: '8 of 8 GPUs at 0 %',
  confidence: 'high',
  windowStart: '2026-11-16T02:15:00Z',
  windowEnd: '2026-11-16T05:05:00Z',
  coverage: 1,
  attribution: { owner: 'jonas' },
  hourlyRate: 32,
  wastedHourlyRate: 32,
  ...given,
});

const checkOf = { idle: 'idle-accelerator', underused: 'not-distributed' } as const;

const observed = (
  state: Utilization['state'],
  { id = 'i-1', startedAt = resource.startedAt as string } = {},
): Observation => ({
  resource: { ...resource, id, startedAt },
  utilization: {
    state,
    check: checkOf[state as keyof typeof checkOf],
    reason: 'because',
    windowStart: '2026-11-16T03:05:00Z',
    windowEnd: '2026-11-16T06:05:00Z',
    coverage: 1,
    confidence: 'high',
    wastedShare: 1,
  },
  hourlyRate: 32,
});

const ids = (review: ReturnType<typeof reviewFindings>) => ({
  opened: review.opened.map(({ resource: { id } }) => id),
  confirmed: review.confirmed.map(({ finding: { id } }) => id),
  closed: review.closed.map(({ id }) => id),
});

const nothing = { opened: [], confirmed: [], closed: [] };

const now = '2026-11-16T06:15:00Z';

describe('a review', () => {
  it('opens a finding for what has a flaw and no finding, and none for busy or unknown ones', () => {
    const review = reviewFindings(
      [],
      [observed('idle'), observed('busy', { id: 'i-2' }), observed('unknown', { id: 'i-3' })],
      ['ec2-instance'],
      now,
    );
    expect(ids(review)).toEqual({ ...nothing, opened: ['i-1'] });
  });

  it.each<[string, Observation[], Partial<ReturnType<typeof ids>>]>([
    ['confirms one that is so still', [observed('idle')], { confirmed: ['i-1'] }],
    ['closes one that works again', [observed('busy')], { closed: ['i-1'] }],
    ['closes one that is no longer there', [], { closed: ['i-1'] }],
    ['leaves one alone of which nothing is known', [observed('unknown')], {}],
    [
      'closes one that was started again, though nothing is known of it yet',
      [observed('unknown', { startedAt: '2026-11-16T05:40:00Z' })],
      { closed: ['i-1'] },
    ],
    [
      'begins a new episode for one that was started again and is so again',
      [observed('idle', { startedAt: '2026-11-15T08:00:00Z' })],
      { opened: ['i-1'], closed: ['i-1'] },
    ],
    [
      'closes one that has another flaw now, and opens that',
      [observed('underused')],
      { opened: ['i-1'], closed: ['i-1'] },
    ],
    [
      'keeps one beside another of the same resource',
      [observed('busy'), observed('idle')],
      { confirmed: ['i-1'] },
    ],
  ])('%s', (_, observations, expected) => {
    expect(ids(reviewFindings([finding()], observations, ['ec2-instance'], now))).toEqual({
      ...nothing,
      ...expected,
    });
  });

  it('closes nothing by absence where not all of the kind was listed', () => {
    expect(ids(reviewFindings([finding()], [], ['sagemaker-endpoint'], now))).toEqual(nothing);
  });
});

describe('the end of a finding', () => {
  const endOf = (open: Finding, observations: Observation[], at = now) =>
    reviewFindings([open], observations, ['ec2-instance'], at).closed.map(({ closedAt }) => closedAt);
  const worked = (firstBusy: string): Observation => {
    const one = observed('busy');
    return { ...one, utilization: { ...one.utilization, firstBusy } };
  };

  it('is when it worked again, not when somebody looked', () => {
    expect(endOf(finding(), [worked('2026-11-16T05:40:00Z')])).toEqual(['2026-11-16T05:40:00Z']);
  });

  it('is when it was stopped', () => {
    const stopped = { ...observed('ended'), endedAt: '2026-11-16T05:20:00Z' };
    expect(endOf(finding(), [stopped])).toEqual(['2026-11-16T05:20:00Z']);
  });

  it('is now where it is gone, and no later than somebody could know', () => {
    expect(endOf(finding(), [])).toEqual([now]);
    expect(endOf(finding(), [], '2026-11-20T00:00:00Z')).toEqual(['2026-11-17T07:15:00Z']);
    expect(endOf(finding(), [worked('2026-11-19T23:00:00Z')], '2026-11-20T00:00:00Z')).toEqual([
      '2026-11-17T07:15:00Z',
    ]);
  });

  it('is of a part of its devices not when others worked, which did so all along', () => {
    const skew = finding({ check: 'not-distributed', windowEnd: '2026-11-16T05:05:00Z' });
    expect(endOf(skew, [worked('2026-11-16T03:05:00Z')])).toEqual([now]);
  });
});

describe('a new finding', () => {
  const flaw = observed('idle') as Parameters<typeof toFinding>[0];

  it('begins where the flaw is known to begin, else with the window', () => {
    expect(toFinding(flaw, {}, '2026-11-16T06:15:00Z').since).toBe('2026-11-16T03:05:00Z');
    const since = '2026-11-13T17:00:00Z';
    expect(toFinding({ ...flaw, since }, {}, '2026-11-16T06:15:00Z').since).toBe(since);
  });

  it('wastes its share of the price, and of an unknown price an unknown amount', () => {
    const half = { ...flaw, utilization: { ...flaw.utilization, wastedShare: 0.5 } };
    expect(toFinding(half, {}, '2026-11-16T06:15:00Z').wastedHourlyRate).toBe(16);
    const unpriced = { ...half, hourlyRate: undefined };
    expect(toFinding(unpriced, {}, '2026-11-16T06:15:00Z').wastedHourlyRate).toBeUndefined();
  });
});

describe('what a finding wasted', () => {
  const month = ['2026-11-01T00:00:00Z', '2026-11-16T06:15:00Z'] as const;

  it.each<[string, Partial<Finding>, number | undefined]>([
    ['lasts until now, where a run has seen it lately', {}, 61.25 * 32],
    ['lasts no longer than somebody looked', { seenAt: '2026-11-13T20:15:00Z' }, 29.25 * 32],
    ['ends where it was closed', { closedAt: '2026-11-14T17:00:00Z' }, 24 * 32],
    ['counts within the month alone', { since: '2026-10-20T00:00:00Z' }, (15 * 24 + 6.25) * 32],
    ['is unknown without a price', { wastedHourlyRate: undefined }, undefined],
    ['is a loss where it happened then', { wastedHourlyRate: undefined, loss: 295 }, 295],
    [
      'is no loss where it happened before',
      { wastedHourlyRate: undefined, loss: 295, since: '2026-10-20T00:00:00Z' },
      0,
    ],
  ])('%s', (_, given, expected) => {
    expect(wastedBetween(finding(given), ...month)).toBe(expected);
  });
});

describe('how a finding was over', () => {
  it.each([
    ['gone', []],
    ['gone', [observed('busy', { id: 'i-2' })]],
    ['mended', [observed('busy')]],
    ['otherwise', [observed('underused')]],
    ['restarted', [observed('idle', { startedAt: '2026-11-16T05:00:00Z' })]],
    ['gone', [observed('ended')]],
  ] as const)('is that it was %s', (ending, seen) => {
    expect(endingOf(finding(), seen)).toBe(ending);
  });
});
