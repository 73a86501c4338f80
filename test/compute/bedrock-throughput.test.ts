import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeThroughput,
  type Throughput,
  type ThroughputPolicy,
  throughputWindow,
} from '../../shared/compute/bedrock-throughput.ts';
import { type Calls, throughput, used } from '../support/bedrock.ts';

const now = '2026-11-16T06:05:00Z';
const policy: ThroughputPolicy = { idleMinutes: 1440, underuse: { days: 7, hours: 24, percent: 30 } };
const window = throughputWindow(now, policy);
const hourMs = 3_600_000;

const before = (time: string) => (at: number) => (at < Date.parse(time) ? 10 : undefined);

const judge = (calls: Calls, given: Partial<Throughput> = {}, isListed = true, failure?: string) =>
  judgeThroughput(throughput(given), { use: used(window, calls, failure), isListed }, policy, now);

describe('provisioned throughput', () => {
  it('is idle when it was not invoked through the window', () => {
    expect(judge({ invocations: before('2026-11-13T02:00:00Z') })).toEqual({
      since: '2026-11-13T02:00:00Z',
      utilization: {
        state: 'idle',
        check: 'idle-throughput',
        reason:
          'no invocation for 3 days 4 h, 1 model unit of amazon.nova-lite-v1:0:300k without commitment, to be deleted at any time',
        windowStart: '2026-11-15T06:00:00Z',
        windowEnd: now,
        coverage: 1,
        confidence: 'high',
        lastBusy: '2026-11-13T02:00:00Z',
        wastedShare: 1,
      },
    });
  });

  it('is idle since it was created, or for as long as anybody looks back', () => {
    expect(judge({}, { createdAt: '2026-11-10T06:05:00Z' }, false)).toMatchObject({
      since: '2026-11-10T06:05:00Z',
      utilization: { confidence: 'medium', reason: expect.stringContaining('no invocation for 6 days,') },
    });
    expect(judge({}, {}, false)).toMatchObject({
      since: '2026-11-02T06:00:00Z',
      utilization: { reason: expect.stringMatching(/^no invocation for at least 14 days, /) },
    });
  });

  it.each([
    [{ months: 1, until: '2026-12-01T00:00:00Z' }, 'committed for 1 month, until 2026-12-01'],
    [{ months: 6, until: '2026-11-01T00:00:00Z' }, 'committed for 6 months, which ended 2026-11-01'],
    [{ months: undefined, until: undefined }, 'committed'],
  ])('says how long it is committed for: %o', (commitment, text) => {
    expect(judge({}, { commitment }).utilization.reason).toContain(
      `1 model unit of amazon.nova-lite-v1:0:300k ${text}`,
    );
  });

  it('is at work by an invocation of the hour that is still going on', () => {
    const invocations = (at: number) => (at === Date.parse('2026-11-16T06:00:00Z') ? 1 : undefined);
    expect(judge({ invocations }).utilization).toMatchObject({ state: 'busy', lastBusy: now });
  });

  it.each([
    ['is being created', {}, { status: 'Creating' }, undefined, 'its status is Creating'],
    ['failed', {}, { status: 'Failed' }, undefined, 'its status is Failed'],
    [
      'was created within the window',
      {},
      { createdAt: '2026-11-16T01:00:00Z' },
      undefined,
      'created 2026-11-16 01:00 UTC: not up through the whole window',
    ],
    [
      'could not be read',
      { invocations: 0 },
      {},
      'Rate exceeded',
      'its invocations could not be read: Rate exceeded',
    ],
    ['told a count that is none', { invocations: Number.NaN }, {}, undefined, 'a count that can not be'],
    ['told a negative count', { invocations: -4 }, {}, undefined, 'a count that can not be'],
  ])('is unknown when it %s', (_, calls, given, failure, reason) => {
    expect(judge(calls, given, true, failure).utilization).toMatchObject({
      state: 'unknown',
      confidence: 'low',
      reason: expect.stringContaining(reason),
    });
  });

  it('is unknown where no metric could be listed', () => {
    expect(judgeThroughput(throughput(), undefined, policy, now).utilization).toMatchObject({
      state: 'unknown',
      reason: 'its metrics could not be listed',
    });
  });
});

describe('how far provisioned throughput is used', () => {
  const invocations = 10;
  const last = Date.parse('2026-11-16T05:00:00Z');

  it('is told by the most it has taken itself', () => {
    expect(judge({ invocations, input: 40_000, output: 10_000 }).utilization).toMatchObject({
      state: 'busy',
      reason:
        '95 % of its hours in 7 days took at most 50K tokens, 100 % of its busiest (50K), 1 model unit of amazon.nova-lite-v1:0:300k without commitment, to be deleted at any time',
    });
  });

  it('is little where 95 % of the hours stay below a share of that', () => {
    const input = (at: number) => (at === last - 30 * hourMs ? 1_000_000 : 120_000);
    expect(judge({ invocations, input }).utilization).toMatchObject({
      state: 'underused',
      check: 'underused-throughput',
      confidence: 'low',
      windowStart: '2026-11-09T06:00:00Z',
      windowEnd: now,
      reason: expect.stringContaining('took at most 120K tokens, 12 % of its busiest (1M)'),
    });
    expect(judge({ invocations, input }).utilization.wastedShare).toBeCloseTo(1 - 125_238 / 1_000_000, 5);
  });

  it('is little until it is clearly more, where it was before', () => {
    const at = (tokens: number, was: boolean) => {
      const input = (hour: number) => (hour === last - 30 * hourMs ? 1_000_000 : tokens);
      const known = { use: used(window, { invocations, input }), isListed: true };
      return judgeThroughput(throughput(), known, policy, now, was).utilization.state;
    };
    expect([at(310_000, false), at(340_000, true), at(360_000, true)]).toEqual(['busy', 'underused', 'busy']);
  });

  it('counts what comes in a few large hours', () => {
    const nightly = (at: number) => (new Date(at).getUTCHours() === 2 ? 1_000_000 : undefined);
    expect(judge({ invocations, input: nightly }).utilization.wastedShare).toBeCloseTo(23 / 24, 2);
  });

  it('is told in units where fewer of them took as much before', () => {
    const input = (at: number) => (at < Date.parse('2026-11-05T00:00:00Z') ? 900_000 : 200_000);
    expect(judge({ invocations, input }, { units: 4 }).utilization).toMatchObject({
      state: 'underused',
      confidence: 'medium',
      wastedShare: 0.75,
      reason: expect.stringContaining(
        'its busiest hour in 7 days took 200K tokens, which 1 of its 4 units would take, having taken 900K together, 4 model units of',
      ),
    });
  });

  it('is seen so since its units were changed, where that is not long ago', () => {
    const input = (at: number) => (at === last - 30 * hourMs ? 1_000_000 : 120_000);
    const changedAt = '2026-11-13T09:30:00Z';
    expect(judge({ invocations, input }, { changedAt }).utilization).toMatchObject({
      check: 'underused-throughput',
      windowStart: '2026-11-13T10:00:00Z',
    });
  });

  it('proves nothing by hours before its units were changed', () => {
    const input = (at: number) => (at < Date.parse('2026-11-05T00:00:00Z') ? 900_000 : 200_000);
    const changedAt = '2026-11-06T09:30:00Z';
    expect(judge({ invocations, input }, { units: 4, changedAt }).utilization.state).toBe('busy');
  });

  it.each([
    ['it has not been up for long enough', { invocations, input: 5 }, { changedAt: '2026-11-15T20:00:00Z' }],
    ['it counts no tokens, as with images', { invocations }, {}],
  ])('is not told where %s', (_, calls, given) => {
    expect(judge(calls, given).utilization).toMatchObject({
      state: 'busy',
      reason: expect.stringMatching(/^25\d invocations in the last 24 h, /),
    });
  });

  it('is not told where its tokens could not be read', () => {
    const use = { ...used(window, { invocations }), cacheFailure: 'Rate exceeded' };
    expect(judgeThroughput(throughput(), { use, isListed: true }, policy, now).utilization.state).toBe(
      'busy',
    );
  });
});

describe('the counts', () => {
  const count = fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 5_000_000 }), fc.constant(Number.NaN));
  const counts = fc.array(fc.option(count, { nil: undefined }), { minLength: 337, maxLength: 337 });
  const course = (found: readonly (number | undefined)[]) => (at: number) =>
    found[(at - Date.parse(window.start)) / hourMs];

  it('never waste more than there is, nor tell a figure that is none', () => {
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 1, max: 20 }), (invocations, input, units) => {
        const { utilization } = judge({ invocations: course(invocations), input: course(input) }, { units });
        const { wastedShare = 0 } = utilization;
        expect(wastedShare).toBeGreaterThanOrEqual(0);
        expect(wastedShare).toBeLessThanOrEqual(1);
        expect(utilization.reason).not.toContain('NaN');
      }),
    );
  });

  it('never make it idle with an invocation within the window', () => {
    fc.assert(
      fc.property(counts, fc.nat({ max: 23 }), (found, hour) => {
        const invocations = course(found.with(336 - hour, 1));
        expect(judge({ invocations }).utilization.state).not.toBe('idle');
      }),
    );
  });
});
