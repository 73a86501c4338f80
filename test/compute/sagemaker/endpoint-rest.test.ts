import { describe, expect, it } from 'vitest';
import type { Series } from '../../../shared/compute/metric.ts';
import { judgeEndpointRest, restSpan } from '../../../shared/compute/sagemaker/endpoint-rest.ts';
import type { EndpointSignals, Load } from '../../../shared/compute/sagemaker/endpoint-signals.ts';
import { endpoint } from '../../support/endpoint.ts';

const now = '2026-11-16T18:07:00Z';
const policy = { window: 45, coverage: 0.9, gpuPercent: 5 };
const minute = 60_000;

/** One value for each five minutes from 17:15, as far as they are told; by their number, others. */
const series = (value: number | undefined, others: Record<number, number | undefined> = {}): Series => ({
  points: Array.from({ length: 11 }, (_, place) => ({
    at: Date.parse('2026-11-16T17:15:00Z') + place * 5 * minute,
    value: place in others ? others[place] : value,
  })).flatMap(({ at, value: each }) => (each === undefined ? [] : [{ at, value: each }])),
});

const load = (of: Load['of'], given: Series, whole = 400): Load => ({
  variant: 'AllTraffic',
  of,
  series: given,
  whole,
});

const silent: EndpointSignals = {
  requests: [series(0)],
  work: [series(0)],
  pulses: [load('CPU', series(4))],
  loads: [],
  perInstance: [],
};

const judge = (signals: Partial<EndpointSignals>, given: Parameters<typeof endpoint>[0] = {}) =>
  judgeEndpointRest(endpoint(given), { ...silent, ...signals }, policy, now);

describe('an endpoint over the idle window', () => {
  it('is asked about from the start of the window up to now', () => {
    expect(restSpan(now, policy)).toEqual({ start: '2026-11-16T17:15:00Z', end: '2026-11-16T18:10:00Z' });
  });

  it('is idle where nobody called it in any period', () => {
    expect(judge({})).toMatchObject({
      state: 'idle',
      reason: 'no invocation for 45 min, 100 % coverage',
      windowStart: '2026-11-16T17:15:00Z',
      windowEnd: '2026-11-16T18:00:00Z',
      coverage: 1,
      confidence: 'high',
    });
  });

  it('is idle, though less surely, where no 0 is reported but its hosts are up', () => {
    expect(judge({ requests: [series(undefined)] })).toMatchObject({ state: 'idle', confidence: 'medium' });
  });

  it.each([
    ['in the middle', 4, '2026-11-16T17:40:00Z'],
    ['in the last minutes, which are not whole yet', 10, now],
  ])('is busy where it was called %s', (_, place, lastBusy) => {
    expect(judge({ requests: [series(0, { [place]: 3 })] })).toMatchObject({
      state: 'busy',
      reason: '3 invocations in the last 45 min',
      lastBusy,
    });
  });

  it('is busy where a request is held, and where one of two variants is called', () => {
    expect(judge({ work: [series(0, { 2: 1 })] })).toMatchObject({
      state: 'busy',
      reason: 'requests waited, or were served, in the last 45 min',
    });
    expect(judge({ requests: [series(0), series(0, { 3: 1 })] })).toMatchObject({
      state: 'busy',
      reason: '1 invocation in the last 45 min',
    });
  });

  it.each<[string, Partial<EndpointSignals>, Parameters<typeof endpoint>[0], string]>([
    ['nothing reports', { requests: [series(undefined)], pulses: [] }, {}, 'no metric of it in CloudWatch'],
    [
      'its hosts report for a part of the window',
      { requests: [series(undefined)], pulses: [load('CPU', series(4, { 0: undefined, 1: undefined }))] },
      {},
      'its metrics cover 77 % of the last 45 min, too little to call it idle',
    ],
    [
      'one of two variants does not report',
      {
        requests: [series(0), series(undefined)],
        pulses: [load('CPU', series(4)), load('CPU', series(undefined))],
      },
      {},
      'no metric of it in CloudWatch',
    ],
    [
      'a series failed',
      { work: [{ points: [], failure: 'Throttling' }] },
      {},
      'could not be read: Throttling',
    ],
    [
      'its CPUs work',
      { pulses: [load('CPU', series(4, { 5: 120 }))] },
      {},
      'CPU up to 30 % in the last 45 min, though no invocation is counted',
    ],
    [
      'its GPU works',
      { loads: [load('GPU', series(1, { 5: 60 }), 100)] },
      {},
      'GPU up to 60 % in the last 45 min',
    ],
    ['it is being updated', {}, { status: 'Creating' }, 'its status is Creating'],
    ['it was not described', {}, { fault: 'No.' }, 'it could not be described: No.'],
    [
      'requests may come by instance',
      { requests: [series(undefined)] },
      { mayReportByInstance: true },
      'enhanced metrics',
    ],
  ])('is unknown where %s', (_, signals, given, reason) => {
    expect(judge(signals, given)).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining(reason),
    });
  });

  it('takes no value that can not be for a call', () => {
    expect(judge({ requests: [series(0, { 3: -1, 4: Number.NaN })] })).toMatchObject({ state: 'idle' });
  });
});
