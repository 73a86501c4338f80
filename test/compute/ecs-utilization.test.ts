import { describe, expect, it } from 'vitest';
import { judgeService, type ServiceSignals } from '../../shared/compute/ecs-utilization.ts';
import { periodSeconds, type Series } from '../../shared/compute/metric.ts';
import { parseConfig } from '../../shared/config.ts';

const window = { start: '2026-11-16T17:15:00Z', end: '2026-11-16T18:00:00Z' };
const policy = parseConfig({}).idle;

/** One value each five minutes of the window; undefined is a period without data. */
const series = (...values: (number | undefined)[]): Series => ({
  points: values.flatMap((value, index) =>
    value === undefined ? [] : [{ at: Date.parse(window.start) + index * periodSeconds * 1000, value }],
  ),
});

const all = (value: number): Series => series(...Array.from({ length: 9 }, () => value));
const nothing = series();

const judge = (signals: Partial<ServiceSignals>) =>
  judgeService({ cpuPercent: all(0.8), balancers: [], network: [], ...signals }, window, policy);

const group = (requests: Series, healthyHosts: Series | undefined = all(2), name = 'api') => ({
  name,
  requests,
  healthyHosts,
});

describe('an ECS service over the idle window', () => {
  it('is idle where its CPU is low and its load balancer had no request', () => {
    expect(judge({ balancers: [[group(nothing)]] })).toEqual({
      state: 'idle',
      reason: 'CPU at most 0.8 %, no request for 45 min, 100 % coverage',
      windowStart: window.start,
      windowEnd: window.end,
      coverage: 1,
      confidence: 'high',
      wastedShare: 1,
    });
  });

  it('is idle by its CPU alone where nothing else tells of it, which is less certain', () => {
    expect(judge({})).toMatchObject({ state: 'idle', confidence: 'medium' });
  });

  it.each([
    [
      'one period of CPU',
      { cpuPercent: series(0, 0, 31, 0, 0, 0, 0, 0, 0) },
      'CPU up to 31 % in the last 45 min',
    ],
    [
      'one request',
      { balancers: [[group(series(undefined, undefined, 1))]] },
      'requests to api in the last 45 min, up to 1 in 5 min',
    ],
    [
      'a request to the group that takes the place of the other',
      {
        balancers: [
          [group(nothing, undefined, 'blue'), group(series(undefined, undefined, 5), all(2), 'green')],
        ],
      },
      'requests to green in the last 45 min, up to 5 in 5 min',
    ],
    [
      'traffic',
      { network: [{ name: 'network in', bytesPerSecond: series(0, 0, 2_400_000, 0, 0, 0, 0, 0, 0) }] },
      'network in up to 2.4 MB/s in the last 45 min',
    ],
  ])('is busy by %s', (_, signals, reason) => {
    expect(judge(signals)).toMatchObject({
      state: 'busy',
      reason,
      lastBusy: '2026-11-16T17:25:00Z',
      confidence: 'high',
    });
  });

  it.each([
    ['its CPU is not told', { cpuPercent: nothing }, 'nothing tells of its CPU: missing is not idle'],
    [
      'one period of its CPU is missing',
      { cpuPercent: series(1, 1, 1, undefined, 1, 1, 1, 1, 1) },
      'its CPU was told for 88 % of the last 45 min: missing is not idle',
    ],
    [
      'its CPU could not be read whole',
      { cpuPercent: { ...all(1), failure: 'Throttled' } },
      'its CPU could not be read: Throttled',
    ],
    [
      'no load balancer tells of its target group',
      { balancers: [[{ name: 'api' }]] },
      'no Application Load Balancer tells of api all through the last 45 min: missing is not idle',
    ],
    [
      'its target group was told for a part of the time',
      { balancers: [[group(nothing, series(2, 2, 2))]] },
      'no Application Load Balancer tells of api all through the last 45 min: missing is not idle',
    ],
    [
      'it is behind a Classic Load Balancer',
      { balancers: [[]] },
      'no Application Load Balancer tells of its load balancer all through the last 45 min: missing is not idle',
    ],
    [
      'its requests could not be read',
      { balancers: [[group({ points: [], failure: 'InternalError' })]] },
      'the requests to api could not be read: InternalError',
    ],
    [
      'its network was told for a part of the time',
      { network: [{ name: 'network out', bytesPerSecond: series(0, 0) }] },
      'its network out was told for 22 % of the last 45 min: missing is not idle',
    ],
  ])('is unknown where %s', (_, signals, reason) => {
    expect(judge(signals)).toMatchObject({ state: 'unknown', reason, confidence: 'low' });
  });

  it('is idle where one of two groups stands by, and the other is told of', () => {
    const balancers = [[group(nothing, undefined, 'blue'), group(nothing, all(2), 'green')]];
    expect(judge({ balancers })).toMatchObject({ state: 'idle', confidence: 'high' });
  });
});
