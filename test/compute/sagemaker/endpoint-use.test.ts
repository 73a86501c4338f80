import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../../shared/compute/metric.ts';
import type { Endpoint } from '../../../shared/compute/sagemaker/endpoint.ts';
import type {
  EndpointPolicy,
  EndpointSignals,
  Load,
} from '../../../shared/compute/sagemaker/endpoint-signals.ts';
import { judgeEndpoint, nextLook } from '../../../shared/compute/sagemaker/endpoint-use.ts';
import { toTime } from '../../../shared/period.ts';
import { endpoint, hourly, variant } from '../../support/endpoint.ts';

const now = '2026-11-16T06:05:00Z';

const policy: EndpointPolicy = {
  window: 1440,
  coverage: 0.9,
  gpuPercent: 3,
  underuse: { days: 7, hours: 24, percent: 30 },
};

const none: Series = { points: [] };
const zeros = hourly(now, 14, 0);
const failed: Series = { points: [], failure: 'CloudWatch answered InternalError' };

const nothing: EndpointSignals = { requests: [], work: [], pulses: [], loads: [], perInstance: [] };

const judge = (signals: Partial<EndpointSignals>, given: Partial<Endpoint> = {}, wasUnderused = false) =>
  judgeEndpoint(endpoint(given), { ...nothing, ...signals }, policy, now, wasUnderused);

/** Of four vCPUs. */
const cpu = (series: Series): Load => ({ variant: 'AllTraffic', of: 'CPU', series, whole: 400 });

const gpu = (series: Series, whole = 100, name = 'AllTraffic'): Load => ({
  variant: name,
  of: 'GPU',
  series,
  whole,
});

describe('an idle endpoint', () => {
  it('is one that reported no invocation, hour by hour', () => {
    // The hour 77 to 76 hours before the one that goes on was the last with an invocation.
    const requests = [hourly(now, 14, 0, { 77: 12 })];
    expect(judge({ requests })).toEqual({
      since: '2026-11-13T02:00:00Z',
      utilization: {
        state: 'idle',
        check: 'idle-endpoint',
        reason: 'no invocation for 3 days 4 h, 1 instance of ml.g5.xlarge in service',
        windowStart: '2026-11-15T06:00:00Z',
        windowEnd: now,
        coverage: 1,
        confidence: 'high',
        wastedShare: 1,
      },
    });
  });

  it('is one that reported nothing but its CPU, with less confidence', () => {
    const { utilization } = judge({ requests: [none], pulses: [cpu(hourly(now, 14, 3))] });
    expect(utilization).toMatchObject({ state: 'idle', check: 'idle-endpoint', confidence: 'medium' });
  });

  it('says so where nobody ever called it', () => {
    const { utilization, since } = judge({ requests: [zeros] }, { createdAt: '2026-11-11T06:00:00Z' });
    expect(since).toBe('2026-11-11T06:00:00Z');
    expect(utilization.reason).toMatch(/^no invocation in the 5 days since it was created, /);
  });

  it('says how far was looked back', () => {
    const { utilization, since } = judge({ requests: [zeros] });
    expect(since).toBe('2026-11-02T06:00:00Z');
    expect(utilization.reason).toMatch(/^no invocation for at least 14 days, /);
  });

  it('has nothing to do with what another under its name did before it was made', () => {
    const requests = [hourly(now, 14, 0, { 200: 9, 60: 0 })];
    const { utilization, since } = judge({ requests }, { createdAt: '2026-11-13T06:00:00Z' });
    expect(since).toBe('2026-11-13T06:00:00Z');
    expect(utilization.check).toBe('idle-endpoint');
  });

  it('names all that stands ready', () => {
    const variants = [
      variant({ fleets: [{ instanceType: 'ml.g5.xlarge', count: 2 }] }),
      variant({ name: 'cpu', fleets: [{ instanceType: 'ml.m5.large', count: 1 }, { count: 1 }] }),
    ];
    expect(judge({ requests: [zeros, zeros] }, { variants }).utilization.reason).toContain(
      '2 instances of ml.g5.xlarge and 1 instance of ml.m5.large and 1 instance of an unknown type in service',
    );
  });

  it('may be asynchronous: then its requests are meant', () => {
    const { utilization } = judge(
      { requests: [none], work: [none], pulses: [cpu(hourly(now, 14, 1))] },
      { isAsync: true },
    );
    expect(utilization.reason).toMatch(/^no request for at least 14 days/);
  });

  it('may keep concurrency ready', () => {
    const variants = [variant({ fleets: [], provisionedConcurrency: 3 })];
    const { utilization } = judge({ requests: [none], pulses: [gpu(zeros)] }, { variants });
    expect(utilization).toMatchObject({ check: 'idle-endpoint', wastedShare: 1 });
    expect(utilization.reason).toMatch(/a provisioned concurrency of 3 in service$/);
  });
});

describe('an endpoint nobody can judge', () => {
  it.each<[string, Partial<EndpointSignals>, Partial<Endpoint>, RegExp]>([
    ['tells nothing at all', { requests: [none], pulses: [cpu(none)] }, {}, /^no metric of it in CloudWatch/],
    [
      'was not up all the time',
      { requests: [none], pulses: [cpu(hourly(now, 0.5, 3))] },
      {},
      /cover 50 % of the last 24 h, too little/,
    ],
    ['has requests that failed', { requests: [zeros, failed] }, {}, /^its requests could not be read: Cloud/],
    [
      'has a queue that failed',
      { requests: [zeros], work: [failed] },
      { isAsync: true },
      /^its requests could not be read/,
    ],
    [
      'has a CPU that failed',
      { requests: [none], pulses: [cpu(failed)] },
      {},
      /^whether it was up could not be read/,
    ],
    [
      'was just made',
      { requests: [zeros] },
      { createdAt: '2026-11-16T03:05:00Z' },
      /^created 3 h ago: not up through the whole window of 24 h$/,
    ],
    ['is being made', {}, { status: 'Creating', variants: [variant({ fleets: undefined })] }, /is Creating$/],
    ['failed', {}, { status: 'Failed' }, /^its status is Failed$/],
    ['has no variant', {}, { variants: [] }, /^it has no variant$/],
    [
      'has components that could not be listed',
      { requests: [zeros] },
      { components: undefined },
      /^its inference components could not be listed$/,
    ],
    ['could not be described', {}, { fault: 'Rate exceeded', variants: [] }, /described: Rate exceeded$/],
  ])('%s', (_, signals, given, reason) => {
    const { utilization } = judge(signals, given);
    expect(utilization).toMatchObject({ state: 'unknown', confidence: 'low' });
    expect(utilization.check).toBeUndefined();
    expect(utilization.reason).toMatch(reason);
  });
});

describe('an idle endpoint has been so', () => {
  const hours = (from: string, value: number): Series => ({
    points: hourly(now, 14, value).points.filter(({ at }) => at >= Date.parse(from)),
  });

  it('for as long as it was up without a gap, and no longer: scaled to 0 it costs nothing', () => {
    // Asynchronous: up again for two days, and before them nothing is told.
    const { utilization, since } = judge(
      { requests: [none], work: [none], pulses: [cpu(hours('2026-11-14T06:00:00Z', 1))] },
      { isAsync: true },
    );
    expect(since).toBe('2026-11-14T06:00:00Z');
    expect(utilization.reason).toMatch(/^no request for at least 2 days, /);
  });

  it('for as long as each of its variants was there', () => {
    const variants = [variant({ name: 'a' }), variant({ name: 'b' })];
    const { since } = judge({ requests: [zeros, hours('2026-11-13T06:00:00Z', 0)] }, { variants });
    expect(since).toBe('2026-11-13T06:00:00Z');
  });

  it('from the first hour of the window that is told where the window begins with a gap', () => {
    const { since } = judge({ requests: [hours('2026-11-15T08:00:00Z', 0)] });
    expect(since).toBe('2026-11-15T08:00:00Z');
  });

  it('at the longest since its youngest inference component was made', () => {
    const variants = [variant({ hostsComponents: true })];
    const components = [
      { name: 'llama', createdAt: '2026-10-01T08:10:00Z' },
      { name: 'mistral', createdAt: '2026-11-12T08:30:00Z' },
    ];
    const { since } = judge({ requests: [zeros, zeros] }, { variants, components });
    expect(since).toBe('2026-11-12T08:30:00Z');
  });

  it('at the longest since the GPUs under its components worked', () => {
    const variants = [variant({ hostsComponents: true })];
    const components = [{ name: 'llama', createdAt: '2026-10-01T08:10:00Z' }];
    const loads = [gpu(hourly(now, 14, 0, { 60: 44 }))];
    const { since } = judge({ requests: [zeros], loads }, { variants, components });
    expect(since).toBe('2026-11-13T19:00:00Z');
  });
});

describe('an endpoint made for inference components', () => {
  const variants = [variant({ hostsComponents: true })];
  const llama = { name: 'llama', createdAt: '2026-10-01T08:10:00Z' };
  const pulses = [cpu(hourly(now, 14, 4))];

  it('is idle where none of them was called', () => {
    const given = { variants, components: [llama] };
    expect(judge({ requests: [zeros], pulses }, given).utilization.check).toBe('idle-endpoint');
  });

  it.each<[string, Partial<Endpoint>, Partial<EndpointSignals>, RegExp]>([
    ['it holds none', { components: [] }, {}, /^it holds no inference component, and whether one was called/],
    [
      'one was replaced within the window',
      { components: [llama, { name: 'llama-2', createdAt: '2026-11-16T02:05:00Z' }] },
      { requests: [zeros, zeros] },
      /^its inference component llama-2 was created 4 h ago: what one before it did is not known$/,
    ],
    [
      'its GPUs worked all the same',
      { components: [llama] },
      { requests: [zeros], loads: [gpu(hourly(now, 14, 0, { 9: 62 }))] },
      /^GPU at 62 % for an hour of the last 24 h, though no invocation is counted: a component that is gone/,
    ],
    [
      'nothing tells what its GPUs did',
      { components: [llama] },
      { requests: [zeros], loads: [gpu(hourly(now, 0.5, 0))] },
      /^what its GPUs did in the last 24 h is not known/,
    ],
  ])('is unknown where %s', (_, given, signals, reason) => {
    const { utilization } = judge({ pulses, ...signals }, { variants, ...given });
    expect(utilization).toMatchObject({ state: 'unknown', confidence: 'low' });
    expect(utilization.reason).toMatch(reason);
  });
});

describe('the hosts of an endpoint that nobody calls', () => {
  it('work at something else where their CPU is busy in most hours, and nobody can say whether it is needed', () => {
    const { utilization } = judge({ requests: [zeros], pulses: [cpu(hourly(now, 14, 380))] });
    expect(utilization).toMatchObject({
      state: 'unknown',
      reason: 'CPU at 95 % or more for half of the last 24 h, though no invocation is counted',
    });
  });

  it.each<[string, Record<number, number>, string]>([
    ['keep themselves busy a little', {}, 'high'],
    ['come to what may be waiting in an hour', { 3: 80 }, 'high'],
    ['are busy in an hour', { 3: 81 }, 'low'],
    ['are busy for some hours', { 3: 390, 4: 390, 5: 390 }, 'low'],
    ['were busy before the window', { 30: 390 }, 'high'],
  ])('leave it idle where they %s, and less to believe in where they worked', (_, others, confidence) => {
    const { utilization } = judge({ requests: [zeros], pulses: [cpu(hourly(now, 14, 30, others))] });
    expect(utilization).toMatchObject({ check: 'idle-endpoint', confidence });
  });

  it.each<[string, Load, RegExp]>([
    ['could not be read', cpu(failed), /is not known: CloudWatch answered InternalError$/],
    ['is not told', cpu(none), /^what its hosts did for most of the last 24 h is not known$/],
    ['is told for some hours', cpu(hourly(now, 0.4, 3)), /is not known$/],
  ])('may do something else where their CPU %s', (_, pulse, reason) => {
    const { utilization } = judge({ requests: [zeros], pulses: [pulse] });
    expect(utilization.state).toBe('unknown');
    expect(utilization.reason).toMatch(reason);
  });

  it('leave less to believe in where their CPU was read in part', () => {
    const part = { ...hourly(now, 0.7, 3), failure: 'Throttled' };
    expect(judge({ requests: [zeros], pulses: [cpu(part)] }).utilization).toMatchObject({
      check: 'idle-endpoint',
      confidence: 'low',
    });
  });

  it('are never called quiet for what is missing', () => {
    const busy = hourly(now, 14, 380).points;
    fc.assert(
      fc.property(fc.subarray([...busy]), (points) => {
        expect(judge({ requests: [zeros], pulses: [cpu({ points })] }).utilization.state).toBe('unknown');
      }),
    );
  });
});

describe('an endpoint with enhanced metrics', () => {
  const pulses = [cpu(hourly(now, 14, 3))];

  it('is unknown where its requests may be published by instance alone', () => {
    const { utilization } = judge({ requests: [none], pulses }, { mayReportByInstance: true });
    expect(utilization.state).toBe('unknown');
    expect(utilization.reason).toMatch(/by instance alone/);
  });

  it('is idle where those of the whole endpoint tell that there were none', () => {
    const { utilization } = judge({ requests: [zeros], pulses }, { mayReportByInstance: true });
    expect(utilization.check).toBe('idle-endpoint');
  });
});

describe('an endpoint that costs nothing', () => {
  it.each([
    ['scaled to 0', [variant({ fleets: [{ instanceType: 'ml.g5.xlarge', count: 0 }] })], /^scaled to 0/],
    ['serverless', [variant({ fleets: [] })], /^serverless without provisioned concurrency/],
  ])('is idle, and nothing is wrong with it: %s', (_, variants, reason) => {
    const { utilization } = judge({}, { variants });
    expect(utilization).toMatchObject({ state: 'idle', confidence: 'high' });
    expect(utilization.check).toBeUndefined();
    expect(utilization.reason).toMatch(reason);
  });
});

describe('an endpoint that is called', () => {
  it('is busy, with how often', () => {
    const requests = [hourly(now, 14, 0, { 3: 1000, 2: 204, 30: 7 })];
    expect(judge({ requests }).utilization).toMatchObject({
      state: 'busy',
      reason: '1,204 invocations in 24 h',
      lastBusy: '2026-11-16T05:00:00Z',
      confidence: 'high',
    });
  });

  it('is told with what each of several instances serves', () => {
    const perInstance = [hourly(now, 14, 0, { 3: 602 })];
    expect(judge({ requests: [hourly(now, 14, 0, { 3: 1204 })], perInstance }).utilization.reason).toBe(
      '1,204 invocations in 24 h (602 per instance)',
    );
  });

  it('is busy where but one variant or component is', () => {
    expect(judge({ requests: [zeros, hourly(now, 14, 0, { 5: 1 })] }).utilization).toMatchObject({
      state: 'busy',
      reason: '1 invocation in 24 h',
    });
  });

  it('is busy though the rest of the answer failed', () => {
    expect(judge({ requests: [{ ...hourly(now, 1, 5), failure: 'Throttled' }] }).utilization.state).toBe(
      'busy',
    );
  });

  it('was called within the hour that goes on', () => {
    const { utilization } = judge({ requests: [hourly(now, 14, 0, { 0: 2 })] });
    expect(utilization).toMatchObject({ state: 'busy', lastBusy: now });
  });

  it('is busy while requests wait, or a connection is open', () => {
    expect(judge({ requests: [zeros], work: [hourly(now, 14, 0, { 4: 1 })] }).utilization).toMatchObject({
      state: 'busy',
      reason: 'requests waited, or were served, in the last 24 h',
    });
  });

  it.each([
    ['has worked as long as it may take to say so', { 6: 1 }, 'busy'],
    ['the last hour of the window', { 24: 1 }, 'busy'],
    ['the hour before it', { 25: 1 }, 'idle'],
  ])('counts within the window only: %s', (_, others, state) => {
    expect(judge({ requests: [hourly(now, 14, 0, others)] }).utilization.state).toBe(state);
  });
});

describe('an underused endpoint', () => {
  const called = [hourly(now, 14, 50)];

  it('is called, and its GPUs stay below the threshold for 95 % of a week', () => {
    // Eight of 168 hours at work are fewer than 5 %.
    const busyHours = Object.fromEntries([21, 22, 23, 24, 25, 26, 27, 28].map((ago) => [ago, 90]));
    const { utilization } = judge({ requests: called, loads: [gpu(hourly(now, 14, 12, busyHours))] });
    expect(utilization).toMatchObject({
      state: 'underused',
      check: 'underused-endpoint',
      reason: '1,250 invocations in 24 h, GPU at most 12 % used for 95 % of 7 days',
      windowStart: '2026-11-09T00:00:00Z',
      windowEnd: '2026-11-16T00:00:00Z',
      coverage: 1,
      confidence: 'medium',
      lastBusy: now,
    });
    expect(utilization.wastedShare).toBeCloseTo(0.88);
  });

  it('is none where 400 % on four GPUs are all of them', () => {
    const { utilization } = judge({ requests: called, loads: [gpu(hourly(now, 14, 400), 400)] });
    expect(utilization).toMatchObject({ state: 'busy' });
    expect(utilization.reason).toContain('GPU at most 100 % used');
  });

  it('is one where 80 % on four GPUs are a fifth of them', () => {
    const { utilization } = judge({ requests: called, loads: [gpu(hourly(now, 14, 80), 400)] });
    expect(utilization).toMatchObject({ check: 'underused-endpoint' });
    expect(utilization.wastedShare).toBeCloseTo(0.8);
  });

  it('is none where the busiest of its variants is used', () => {
    const variants = [variant({ name: 'a' }), variant({ name: 'b' })];
    const loads = [gpu(hourly(now, 14, 2), 100, 'a'), gpu(hourly(now, 14, 60), 100, 'b')];
    expect(judge({ requests: called, loads }, { variants }).utilization).toMatchObject({ state: 'busy' });
  });

  it.each<[string, Load[]]>([
    ['one of its variants tells nothing', [gpu(hourly(now, 14, 2), 100, 'a')]],
    [
      'one of its variants could not be read',
      [gpu(hourly(now, 14, 2), 100, 'a'), gpu({ ...hourly(now, 14, 2), failure: 'Throttled' }, 100, 'b')],
    ],
    ['one of its variants reported nothing', [gpu(hourly(now, 14, 2), 100, 'a'), gpu(none, 100, 'b')]],
    ['there is less than a day of data', ['a', 'b'].map((name) => gpu(hourly(now, 0.9, 2), 100, name))],
  ])('is not told where %s', (_, loads) => {
    const variants = [variant({ name: 'a' }), variant({ name: 'b' })];
    const { utilization } = judge({ requests: called, loads }, { variants });
    expect(utilization.state).toBe('busy');
    expect(utilization.check).toBeUndefined();
  });

  it('stays one until it is used clearly more', () => {
    const at = (value: number, was: boolean) =>
      judge({ requests: called, loads: [gpu(hourly(now, 14, value))] }, {}, was).utilization.check;
    expect([at(29, false), at(31, false), at(34, true), at(36, true)]).toEqual([
      'underused-endpoint',
      undefined,
      'underused-endpoint',
      undefined,
    ]);
  });

  it('is judged by whole days, and so no other way an hour later', () => {
    const today = Object.fromEntries([0, 1, 2, 3, 4, 5].map((ago) => [ago, 100]));
    const yesterday = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [index + 7, 100]));
    const at = (others: Record<number, number>) =>
      judge({ requests: called, loads: [gpu(hourly(now, 14, 5, others))] }).utilization.state;
    expect([at(today), at(yesterday)]).toEqual(['underused', 'busy']);
  });

  it('is told by its provisioned concurrency', () => {
    const variants = [variant({ fleets: [], provisionedConcurrency: 10 })];
    const loads: Load[] = [
      { variant: 'AllTraffic', of: 'provisioned concurrency', series: hourly(now, 14, 0.05), whole: 1 },
    ];
    const { utilization } = judge({ requests: called, loads }, { variants });
    expect(utilization).toMatchObject({ check: 'underused-endpoint' });
    expect(utilization.reason).toContain('provisioned concurrency at most 5 % used');
  });

  it('is judged by what it did since it was made', () => {
    const { utilization } = judge(
      { requests: called, loads: [gpu(hourly(now, 14, 5))] },
      { createdAt: '2026-11-14T06:30:00Z' },
    );
    expect(utilization).toMatchObject({ check: 'underused-endpoint', coverage: 1 });
    expect(utilization.reason).toContain('for 95 % of 42 h');
  });

  it.each([Number.NaN, -5, Number.POSITIVE_INFINITY])('counts %d as no reading', (value) => {
    const { utilization } = judge({ requests: called, loads: [gpu(hourly(now, 14, value))] });
    expect(utilization.reason).not.toContain('GPU');
  });

  it('is none where a value is above the maximum', () => {
    const { utilization } = judge({ requests: called, loads: [gpu(hourly(now, 14, 1e6))] });
    expect(utilization.reason).toContain('GPU at most 100 % used');
  });
});

describe('what to ask next', () => {
  it.each<[string, Series[], Partial<Endpoint>, ReturnType<typeof nextLook>]>([
    ['of one that is called, how far it is used', [hourly(now, 14, 1)], {}, 'load'],
    ['of one that is not, whether it was up', [none], {}, 'silence'],
    ['of one whose requests failed, nothing', [failed], {}, undefined],
    ['of one that was just made, nothing', [none], { createdAt: '2026-11-16T01:00:00Z' }, undefined],
  ])('%s', (_, requests, given, look) => {
    expect(nextLook(endpoint(given), requests, policy, now)).toBe(look);
  });
});

describe('whatever CloudWatch tells', () => {
  const start = Date.parse('2026-11-02T06:00:00Z');
  const value = fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 500, noNaN: true }),
    fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY),
  );
  const points = fc.array(
    fc.record({ at: fc.integer({ min: 0, max: 336 }).map((hour) => start + hour * 3_600_000), value }),
    { maxLength: 400 },
  );
  const series: fc.Arbitrary<Series> = fc.oneof(
    { weight: 4, arbitrary: points.map((found) => ({ points: found })) },
    points.map((found) => ({ points: found, failure: 'Throttled' })),
    fc.constant(zeros),
  );
  const signals = fc.record({
    requests: fc.array(series, { maxLength: 3 }),
    work: fc.array(series, { maxLength: 2 }),
    pulses: fc.array(series.map(cpu), { maxLength: 2 }),
    loads: fc.array(
      series.map((each) => gpu(each, 400)),
      { maxLength: 1 },
    ),
  });

  it('a verdict has no NaN, wastes between nothing and all, and covers between nothing and all', () => {
    fc.assert(
      fc.property(signals, (found) => {
        const { utilization } = judge(found);
        expect(utilization.reason).not.toMatch(/NaN|undefined|Infinity/);
        expect(utilization.coverage).toBeGreaterThanOrEqual(0);
        expect(utilization.coverage).toBeLessThanOrEqual(1);
        expect(utilization.wastedShare ?? 0).toBeGreaterThanOrEqual(0);
        expect(utilization.wastedShare ?? 0).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('one request within the window is never idle', () => {
    fc.assert(
      fc.property(signals, fc.integer({ min: 0, max: 23 }), (found, ago) => {
        const requests = [...found.requests, hourly(now, 14, undefined, { [ago]: 1 })];
        expect(judge({ ...found, requests }).utilization.check).not.toBe('idle-endpoint');
      }),
    );
  });

  it('too little data is never idle, whatever it says', () => {
    const sparse = fc.subarray(zeros.points.slice(-25) as Series['points'][number][], { maxLength: 20 });
    fc.assert(
      fc.property(sparse, sparse, (some, others) => {
        const { utilization } = judge({ requests: [{ points: some }], pulses: [cpu({ points: others })] });
        expect(utilization.state).toBe('unknown');
      }),
    );
  });

  it('one is idle since no hour before a gap in what is told', () => {
    const gap = fc.integer({ min: 26, max: 330 });
    fc.assert(
      fc.property(gap, gap, (one, other) => {
        const told = hourly(now, 14, 0, { [one]: undefined, [other]: undefined });
        const { since = '' } = judge({ requests: [told], pulses: [cpu(told)] });
        const last = Math.min(one, other);
        expect(since).toBe(toTime(Date.parse('2026-11-16T07:00:00Z') - last * 3_600_000));
      }),
    );
  });

  it('the order of the points never matters', () => {
    fc.assert(
      fc.property(signals, (found) => {
        const turned = (all: readonly Series[]) =>
          all.map((each) => ({ ...each, points: each.points.toReversed() }));
        const turnedLoads = (all: readonly Load[]) =>
          all.map((load) => ({ ...load, series: turned([load.series])[0] ?? none }));
        const other = {
          requests: turned(found.requests),
          work: turned(found.work),
          pulses: turnedLoads(found.pulses),
          loads: turnedLoads(found.loads),
        };
        expect(judge(other)).toEqual(judge(found));
      }),
    );
  });
});
