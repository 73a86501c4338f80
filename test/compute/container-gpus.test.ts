import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ContainerPolicy,
  gpusRequested,
  type Holder,
  isResting,
  judgeContainerGpus,
  type Rest,
} from '../../shared/compute/container-gpus.ts';
import type { Series } from '../../shared/compute/metric.ts';
import { series } from '../support/compute.ts';

const window = { start: '2026-11-16T02:55:00Z', end: '2026-11-16T05:55:00Z' };
const policy: ContainerPolicy = { gpuPercent: 3, memoryPercent: 10, coverage: 0.9 };

const always = (value: number, other: Record<number, number> = {}): Series => series(window, value, other);

const between = (from: number, to: number, value: number): Series => ({
  points: always(value).points.slice(from, to),
});

const gpu = (index: number, utilization = always(0), memoryPercent: Series | undefined = always(1)) => ({
  index: `nvidia${index}`,
  utilization,
  memoryPercent,
});

/** A pod that requests two GPUs and uses none. */
const pod = (given: Partial<Holder> = {}): Holder => ({
  name: 'ranker-7d4f-a',
  requested: always(2),
  gpus: [gpu(0), gpu(1, always(0.4))],
  ...given,
});

const judge = (holders: Holder[], rest?: Rest, given: Partial<ContainerPolicy> = {}) =>
  judgeContainerGpus(holders, window, { ...policy, ...given }, rest);

describe('requested GPUs', () => {
  it('are unused when all of them are silent through the window and hold nothing', () => {
    expect(judge([pod()])).toEqual({
      state: 'idle',
      check: 'gpu-requested-unused',
      reason: '2 of 2 requested GPUs at 0-0.4 % for 3 h, at most 1 % of memory held, 100 % coverage',
      windowStart: window.start,
      windowEnd: window.end,
      coverage: 1,
      confidence: 'high',
      wastedShare: 1,
    });
  });

  it('are unused too where pods come and go under one name', () => {
    const first = pod({
      name: 'a',
      requested: between(0, 20, 1),
      gpus: [gpu(0, between(0, 20, 0), between(0, 20, 1))],
    });
    const second = pod({
      name: 'b',
      requested: between(20, 36, 1),
      gpus: [gpu(3, between(20, 36, 0), between(20, 36, 1))],
    });
    expect(judge([first, second])).toMatchObject({
      state: 'idle',
      reason: '1 of 1 requested GPU at 0 % for 3 h, at most 1 % of memory held, 100 % coverage',
    });
    expect(gpusRequested([first, second], window)).toBe(1);
  });

  it('are at work when one of them was above the threshold once', () => {
    expect(
      judge([
        pod({ requested: always(3), gpus: [gpu(0), gpu(1, always(0, { 7: 88 })), gpu(2, always(5, {}))] }),
      ]),
    ).toMatchObject({
      state: 'busy',
      lastBusy: '2026-11-16T05:50:00Z',
      reason: '2 of 3 GPUs at work in the last 3 h, up to 88 %',
    });
  });

  it('are partly unused when half of them or more are silent beside others that work', () => {
    const gpus = [gpu(0, always(90)), ...[1, 2, 3].map((index) => gpu(index))];
    expect(judge([pod({ requested: always(4), gpus })])).toMatchObject({
      state: 'underused',
      check: 'gpu-requested-unused',
      wastedShare: 0.75,
      reason: '3 of 4 requested GPUs at 0 % for 3 h while others work, 100 % coverage',
    });
  });

  it.each([
    ['hold memory: another replica', gpu(1, always(0), always(70))],
    ["don't report their memory", { ...gpu(1), memoryPercent: undefined }],
    ['reported for a part of the window', gpu(1, between(6, 36, 0))],
  ])('are at work when the silent ones %s', (_, silent) => {
    expect(judge([pod({ gpus: [gpu(0, always(90)), silent] })])).toMatchObject({ state: 'busy' });
  });

  it.each([
    [
      'one of two reports no utilisation',
      pod({ gpus: [gpu(0)] }),
      'ranker-7d4f-a tells of fewer GPUs than it requests: missing is not idle',
    ],
    [
      'none reports utilisation, as with MIG',
      pod({ gpus: [] }),
      'requests 2 GPUs and reports no utilisation, as with MIG: missing is not idle',
    ],
    [
      'there is no pod that tells anything',
      pod({ requested: { points: [] }, gpus: [] }),
      'reports no utilisation',
    ],
    [
      'the agent died twenty minutes ago',
      pod({ requested: between(0, 32, 2), gpus: [gpu(0, between(0, 32, 0)), gpu(1, between(0, 32, 0))] }),
      'reported nothing in the last 15 min: it ended, or its agent did',
    ],
    [
      'the pod started an hour ago',
      pod({ requested: between(24, 36, 2), gpus: [gpu(0, between(24, 36, 0)), gpu(1, between(24, 36, 0))] }),
      'its GPUs reported for 33 % of the last 3 h, too little to call them unused',
    ],
    [
      'a query failed',
      pod({ gpus: [gpu(0), gpu(1, { points: [], failure: 'Rate exceeded' })] }),
      'the GPUs of ranker-7d4f-a could not be read: Rate exceeded',
    ],
    [
      'what it requests could not be read',
      pod({ requested: { points: [], failure: 'Rate exceeded' } }),
      'could not be read: Rate exceeded',
    ],
    [
      'values are negative or no numbers',
      pod({ gpus: [gpu(0, always(-1)), gpu(1, always(Number.NaN))] }),
      'reports no utilisation',
    ],
  ])('are unknown when %s', (_, holder, reason) => {
    expect(judge([holder])).toMatchObject({
      state: 'unknown',
      confidence: 'low',
      reason: expect.stringContaining(reason),
    });
  });

  it('are unknown while another pod of the workload tells nothing yet', () => {
    const mute = pod({ name: 'ranker-7d4f-b', requested: { points: [] }, gpus: [gpu(0, { points: [] })] });
    expect(judge([pod(), mute])).toMatchObject({
      state: 'unknown',
      reason: 'ranker-7d4f-b is too new, or tells nothing: missing is not idle',
    });
  });

  it('are unknown where nothing tells how many a pod requests, though it does of others', () => {
    const unasked = pod({ name: 'ranker-7d4f-b', requested: { points: [] } });
    const reason = 'nothing tells how many GPUs ranker-7d4f-b requests, as it does of other pods';
    expect(judge([unasked])).toMatchObject({ state: 'unknown', reason });
    expect(judge([pod(), unasked])).toMatchObject({ state: 'unknown', reason });
    const half = pod({ gpus: [gpu(0, always(90)), gpu(1)] });
    expect(judge([half, unasked])).toMatchObject({ state: 'busy' });
  });

  it("are not made up for by another pod's", () => {
    const short = pod({ name: 'a', requested: always(2), gpus: [gpu(0)] });
    const shared = pod({ name: 'b', requested: always(1), gpus: [gpu(1), gpu(2)] });
    expect(judge([short, shared]).state).toBe('unknown');
  });

  it('are a guess of medium confidence where nothing tells how many are requested, as with ECS', () => {
    expect(judge([{ name: 't1', gpus: [gpu(0)] }])).toMatchObject({
      state: 'idle',
      confidence: 'medium',
      reason: expect.stringContaining('1 of 1 GPU at 0 %'),
    });
  });

  it('are counted now, of the pods that are there', () => {
    expect(gpusRequested([pod(), pod({ name: 'gone', requested: between(0, 9, 8), gpus: [] })], window)).toBe(
      2,
    );
    expect(gpusRequested([pod({ requested: always(0), gpus: [] })], window)).toBe(0);
    expect(gpusRequested([pod({ requested: { points: [] }, gpus: [] })], window)).toBeUndefined();
  });

  it('tolerate duplicate points and points outside the window', () => {
    const before = { at: Date.parse('2026-11-16T02:50:00Z'), value: 99 };
    const points = [before, ...always(0).points, ...always(1).points];
    expect(judge([pod({ gpus: [gpu(0, { points }), gpu(1)] })])).toMatchObject({
      state: 'idle',
      coverage: 1,
    });
  });
});

describe('GPUs that hold memory', () => {
  const loaded = pod({ gpus: [gpu(0, always(0), always(62)), gpu(1)] });
  const unweighed = pod({ gpus: [gpu(0), { ...gpu(1), memoryPercent: { points: [] } }] });
  const day = { start: '2026-11-15T05:00:00Z', end: '2026-11-16T05:00:00Z' };
  const hours = (value: number, from = 0): Series => ({
    points: Array.from({ length: 24 - from }, (_, index) => ({
      at: Date.parse(day.start) + (from + index) * 3_600_000,
      value,
    })),
  });

  it('are at work until they have been silent for longer', () => {
    expect(judge([loaded])).toMatchObject({
      state: 'busy',
      reason: 'loaded, not computing: at most 62 % of memory held, though no GPU was above 0 %',
    });
    expect(isResting([loaded], window, policy)).toBe(true);
  });

  it('are unused once they were', () => {
    expect(judge([loaded], { window: day, utilization: hours(0) })).toMatchObject({
      state: 'idle',
      check: 'gpu-requested-unused',
      windowStart: day.start,
      windowEnd: day.end,
      confidence: 'medium',
      reason: '2 of 2 requested GPUs at 0 % for 24 h, at most 62 % of memory held, 100 % coverage',
    });
  });

  it('are unknown where the memory is not told, unless they were silent for longer', () => {
    expect(judge([unweighed])).toMatchObject({
      state: 'unknown',
      reason: "memory not reported, though no GPU was above 0 %: a loaded model can't be ruled out",
    });
    expect(judge([unweighed], { window: day, utilization: hours(0) }).state).toBe('idle');
  });

  it.each([
    ['worked within it', hours(40), 'busy'],
    ['have not been there for all of it', hours(0, 8), 'busy'],
    ['told only values that cannot be', hours(Number.NaN), 'busy'],
    ['could not be read', { points: [], failure: 'Rate exceeded' }, 'unknown'],
  ])('are not unused when they %s', (_, utilization, state) => {
    expect(judge([loaded], { window: day, utilization })).toMatchObject({ state });
  });

  it('may hold it for good as a standby', () => {
    const rest = { window: day, utilization: hours(0) };
    expect(judge([loaded], rest, { isStandby: true })).toMatchObject({ state: 'busy' });
    expect(isResting([loaded], window, { ...policy, isStandby: true })).toBe(false);
  });

  it('are asked about no further where it is clear already', () => {
    const working = pod({ gpus: [gpu(0, always(80)), gpu(1)] });
    const failed = pod({ gpus: [gpu(0), gpu(1, { points: [], failure: 'no' })] });
    for (const clear of [pod(), working, failed]) expect(isResting([clear], window, policy)).toBe(false);
  });
});

describe('the points', () => {
  const value = fc.oneof(fc.constant(0), fc.double({ min: -5, max: 120 }));
  const values = fc.array(fc.option(value, { nil: undefined }), { minLength: 36, maxLength: 36 });
  const toSeries = (found: (number | undefined)[]): Series => ({
    points: found.flatMap((value, place) =>
      value === undefined ? [] : [{ at: Date.parse(window.start) + place * 300_000, value }],
    ),
  });

  it('never make GPUs unused when one of them is above the threshold', () => {
    fc.assert(
      fc.property(values, fc.nat({ max: 35 }), (found, place) => {
        const busy = toSeries(found.with(place, 50));
        expect(judge([pod({ gpus: [gpu(0), gpu(1, busy)] })]).state).not.toBe('idle');
      }),
    );
  });

  it('never make GPUs unused when fewer of them are there than the coverage asks for', () => {
    const tooFew = fc.subarray([...Array(36).keys()], { maxLength: 32 });
    fc.assert(
      fc.property(tooFew, (places) => {
        const found = toSeries(
          [...Array(36).keys()].map((place) => (places.includes(place) ? 0 : undefined)),
        );
        expect(judge([pod({ gpus: [gpu(0), gpu(1, found)] })]).check).toBeUndefined();
      }),
    );
  });

  it('never make GPUs unused by their absence, where one that is requested does not report', () => {
    const some = (most: Series) => fc.subarray([...most.points]).map((points): Series => ({ points }));
    const ended = between(0, 11, 0);
    const left = fc.tuple(some(between(0, 11, 2)), some(ended), some(always(1)), some(always(0)));
    fc.assert(
      fc.property(left, ([asked, told, otherAsked, otherTold]) => {
        const short = pod({ name: 'short', requested: asked, gpus: [gpu(0, told, ended)] });
        const whole = pod({ name: 'whole', requested: otherAsked, gpus: [gpu(1, otherTold)] });
        expect(judge([short, whole]).state).toBe('unknown');
      }),
    );
  });

  it('give the same answer in any order, and never a figure that is none', () => {
    const shuffled = values.chain((found) => {
      const { points } = toSeries(found);
      return fc.tuple(
        fc.constant([...points]),
        fc.shuffledSubarray([...points], { minLength: points.length }),
      );
    });
    fc.assert(
      fc.property(shuffled, ([points, other]) => {
        const one = judge([pod({ gpus: [gpu(0, { points }), gpu(1)] })]);
        expect(judge([pod({ gpus: [gpu(0, { points: other }), gpu(1)] })])).toEqual(one);
        expect(one.reason).not.toContain('NaN');
        expect(one.coverage).toBeGreaterThanOrEqual(0);
        expect(one.coverage).toBeLessThanOrEqual(1);
      }),
    );
  });
});
