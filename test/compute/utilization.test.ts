import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceTypeFacts } from '../../shared/compute/instance.ts';
import {
  type Device,
  type IdlePolicy,
  judgeUtilization,
  type Measured,
  type Series,
  type Signals,
  windowBefore,
} from '../../shared/compute/utilization.ts';
import { instance, m5, p4d, series } from '../support/compute.ts';

const policy: IdlePolicy = {
  gpuPercent: 3,
  memoryPercent: 10,
  cpuPercent: 5,
  networkBytesPerSecond: 50_000,
  coverage: 0.9,
};

/** 02:55 to 05:55, 36 periods. */
const window = windowBefore('2026-11-16T06:00:00Z', 180);

const quiet = (value = 0): Series => series(window, value);

const silentGpu = (index: number): Device => ({
  index: String(index),
  utilization: quiet(),
  memoryUsedMib: quiet(450),
});

const silentGpus = (count = 8): Device[] => Array.from({ length: count }, (_, index) => silentGpu(index));

const silent: Signals = {
  gpus: silentGpus(),
  cpuPercent: quiet(1.2),
  networkIn: quiet(900),
  networkOut: quiet(400),
};

const judge = (signals: Partial<Signals>, given: Partial<Measured> = {}) =>
  judgeUtilization(
    { instance: instance(), facts: p4d, signals: { ...silent, ...signals }, ...given },
    window,
    policy,
  );

/** The silent GPUs, with some of them otherwise. */
const gpusWith = (others: Record<number, Partial<Device>>): Device[] =>
  silentGpus().map((gpu, index) => ({ ...gpu, ...others[index] }));

const first = (points: number): Series => ({ points: quiet().points.slice(0, points) });

describe('the window', () => {
  it('ends one period before the last complete one, which CloudWatch may not have yet', () => {
    expect(windowBefore('2026-11-16T06:03:59Z', 45)).toEqual({
      start: '2026-11-16T05:10:00Z',
      end: '2026-11-16T05:55:00Z',
    });
  });

  it('has whole periods, where the minutes are no multiple of them', () => {
    expect(windowBefore('2026-11-16T06:00:00Z', 47).start).toBe('2026-11-16T05:05:00Z');
  });
});

describe('an accelerator instance', () => {
  it('is idle when every GPU, the CPU and the network are silent over the whole window', () => {
    expect(judge({})).toEqual({
      state: 'idle',
      reason: '8 of 8 GPUs at 0 % for 3 h, 3.5 GiB of memory held, 100 % coverage',
      windowStart: '2026-11-16T02:55:00Z',
      windowEnd: '2026-11-16T05:55:00Z',
      coverage: 1,
    });
  });

  it('is busy when one of eight GPUs is, and says which and since when it was last seen at work', () => {
    const gpus = gpusWith({ 3: { utilization: series(window, 0, { 4: 97, 20: 60 }) } });
    expect(judge({ gpus })).toMatchObject({
      state: 'busy',
      reason: '1 of 8 GPUs at work in the last 3 h: GPU 3 up to 97 %',
      lastBusy: '2026-11-16T04:35:00Z',
    });
  });

  it('is idle at the threshold and busy just above it', () => {
    expect(judge({ gpus: gpusWith({ 0: { utilization: quiet(3) } }) }).state).toBe('idle');
    expect(judge({ gpus: gpusWith({ 0: { utilization: quiet(3.1) } }) }).state).toBe('busy');
  });

  it('is busy, though its GPUs compute nothing, when one holds more memory than the floor', () => {
    const gpus = gpusWith({ 5: { memoryUsedMib: quiet(22_528) } });
    expect(judge({ gpus })).toMatchObject({
      state: 'busy',
      reason: 'loaded, not computing: GPU 5 held 22 GiB, though no GPU was above 0 %',
    });
  });

  it.each([
    ['CPU', { cpuPercent: series(window, 1, { 0: 84 }) }, 'CPU up to 84 % in the last 3 h, though no GPU'],
    ['incoming', { networkIn: series(window, 1, { 35: 2_500_000 }) }, 'network in up to 2.5 MB/s'],
    ['outgoing', { networkOut: series(window, 1, { 35: 60_000 }) }, 'network out up to 60 kB/s'],
  ] as const)('is busy when only its %s traffic or load is above the threshold', (_, signals, reason) => {
    expect(judge(signals)).toMatchObject({ state: 'busy', reason: expect.stringContaining(reason) });
  });

  it.each([
    ['no GPU is in CloudWatch, however low the CPU', { gpus: [] }, 'no GPU metric with its instance id'],
    ['seven of eight GPUs report', { gpus: silentGpus(7) }, '7 of 8 GPUs reporting'],
    [
      'the eighth GPU is listed, and said nothing in the window',
      { gpus: gpusWith({ 7: { utilization: { points: [] } } }) },
      '7 of 8 GPUs reporting',
    ],
    [
      'a MIG device reports memory and no utilisation',
      { gpus: gpusWith({ 2: { utilization: undefined } }) },
      'GPU 2 reports memory but no utilisation, as with MIG: missing is not idle',
    ],
    [
      'the memory held is not reported',
      { gpus: gpusWith({ 2: { memoryUsedMib: undefined } }) },
      "GPU 2 doesn't report nvidia_smi_memory_used",
    ],
    [
      'the agent died twenty minutes ago after a run of zeros',
      { gpus: silentGpus().map((gpu) => ({ ...gpu, utilization: first(32) })) },
      'GPU 0 reported for 88 % of the last 3 h, too little to call it idle',
    ],
    [
      'the memory of one GPU has gaps',
      { gpus: gpusWith({ 6: { memoryUsedMib: first(10) } }) },
      "GPU 6's memory reported for 27 %",
    ],
    [
      'the query of one GPU was throttled',
      { gpus: gpusWith({ 6: { utilization: { points: [], failure: 'Rate exceeded' } } }) },
      'GPU 6 could not be read: Rate exceeded',
    ],
    ['the CPU was not measured', { cpuPercent: undefined }, 'its CPU was not measured'],
    ['the network was not measured', { networkOut: undefined }, 'its network was not measured'],
  ] as const)('is unknown when %s', (_, signals, reason) => {
    expect(judge(signals as Partial<Signals>)).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining(reason),
    });
  });

  it('has the coverage of the worst-covered signal', () => {
    expect(judge({ gpus: gpusWith({ 1: { utilization: first(33) } }) })).toMatchObject({
      state: 'idle',
      coverage: 33 / 36,
      reason: expect.stringContaining('91 % coverage'),
    });
  });

  it('is busy by what a failed query told before it failed', () => {
    const utilization = { points: series(window, 50).points.slice(0, 2), failure: 'InternalError' };
    expect(judge({ gpus: gpusWith({ 0: { utilization } }) }).state).toBe('busy');
  });

  it('is unknown where it started within the window', () => {
    expect(judge({}, { instance: instance({ launchTime: '2026-11-16T05:00:00Z' }) })).toMatchObject({
      state: 'unknown',
      reason: 'started 2026-11-16 05:00 UTC: not up through the whole window of 3 h',
    });
  });

  it('is unknown where it does not run', () => {
    expect(judge({}, { instance: instance({ state: 'stopping' }) })).toMatchObject({
      state: 'unknown',
      reason: 'it is stopping',
    });
  });

  it('is unknown where EC2 does not describe its type', () => {
    expect(judge({}, { facts: undefined }).state).toBe('unknown');
  });

  it.each(['neuron', 'inference', 'fpga', 'media'] as const)(
    'is unknown with %s devices and a quiet CPU',
    (kind) => {
      const facts: InstanceTypeFacts = {
        ...p4d,
        accelerators: { kind, name: 'AWS Trainium', count: 16, memoryMib: 32_768 },
      };
      expect(judge({ gpus: [] }, { facts }).state).toBe('unknown');
    },
  );

  it('is not busy by an nvidia metric that carries the id of a Trainium instance', () => {
    const facts: InstanceTypeFacts = {
      ...p4d,
      accelerators: { kind: 'neuron', name: 'AWS Trainium', count: 16, memoryMib: 32_768 },
    };
    const gpus = [{ index: '0', utilization: quiet(90) }];
    expect(judge({ gpus }, { facts })).toMatchObject({ state: 'unknown' });
  });

  it('does not take values that cannot be for silence', () => {
    const impossible = series(window, 0, { 0: Number.NaN, 1: -1, 2: -1, 3: Number.NaN });
    expect(judge({ gpus: gpusWith({ 0: { utilization: impossible } }) })).toMatchObject({
      state: 'unknown',
      coverage: 32 / 36,
    });
  });

  it('takes a value above 100 % for work, and points outside the window for nothing', () => {
    expect(judge({ gpus: gpusWith({ 0: { utilization: quiet(130) } }) }).state).toBe('busy');
    const before = { at: Date.parse('2026-11-16T02:50:00Z'), value: 99 };
    const after = { at: Date.parse('2026-11-16T05:55:00Z'), value: 99 };
    const utilization = { points: [before, ...quiet().points, after] };
    expect(judge({ gpus: gpusWith({ 0: { utilization } }) }).state).toBe('idle');
  });
});

describe('an instance without accelerator', () => {
  const judgeCpu = (signals: Partial<Signals>) =>
    judge({ gpus: [], ...signals }, { facts: m5, instance: instance({ instanceType: 'm5.xlarge' }) });

  it('is idle when CPU and network are quiet over the whole window', () => {
    expect(judgeCpu({})).toMatchObject({
      state: 'idle',
      reason: 'CPU at most 1.2 %, network at most 0.9 kB/s for 3 h, 100 % coverage',
    });
  });

  it('is busy when either is not', () => {
    expect(judgeCpu({ cpuPercent: quiet(6) }).state).toBe('busy');
    expect(judgeCpu({ networkIn: quiet(50_001) })).toMatchObject({
      state: 'busy',
      reason: 'network in up to 50 kB/s in the last 3 h',
    });
  });

  it('is unknown when its metrics have gaps', () => {
    expect(judgeCpu({ cpuPercent: first(20) }).state).toBe('unknown');
  });
});

describe('the points', () => {
  const value = fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 100, noNaN: true }),
    fc.constant(Number.NaN),
  );
  const points = fc.array(fc.record({ index: fc.integer({ min: 0, max: 35 }), value }), { maxLength: 60 });
  const toSeries = (found: { index: number; value: number }[]): Series => ({
    points: found.map((point) => ({
      at: Date.parse(window.start) + point.index * 300_000,
      value: point.value,
    })),
  });

  it('give the same answer in any order', () => {
    const shuffled = points.chain((found) =>
      fc.tuple(fc.constant(found), fc.shuffledSubarray(found, { minLength: found.length })),
    );
    fc.assert(
      fc.property(shuffled, ([found, other]) => {
        const [one, two] = [found, other].map((some) =>
          judge({ gpus: gpusWith({ 0: { utilization: toSeries(some) } }) }),
        );
        expect(one).toEqual(two);
      }),
    );
  });

  it('never make an instance idle when fewer of them are there than the coverage asks for', () => {
    const tooFew = fc.subarray(
      Array.from({ length: 36 }, (_, index) => index),
      { maxLength: 32 },
    );
    fc.assert(
      fc.property(tooFew, (indices) => {
        const utilization = toSeries(indices.map((index) => ({ index, value: 0 })));
        expect(judge({ gpus: gpusWith({ 0: { utilization } }) }).state).toBe('unknown');
      }),
    );
  });

  it('never leave an instance idle when one of them is above the threshold', () => {
    const above = fc.double({ min: 3, minExcluded: true, max: 1000, noNaN: true });
    fc.assert(
      fc.property(points, fc.nat({ max: 35 }), fc.nat({ max: 7 }), above, (found, index, gpu, busy) => {
        const utilization = toSeries([...found, { index, value: busy }]);
        expect(judge({ gpus: gpusWith({ [gpu]: { utilization } }) }).state).toBe('busy');
      }),
    );
  });
});
