import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStandby, judgeIdleness, nextQuestion } from '../../shared/compute/idleness.ts';
import type { Purpose } from '../../shared/compute/inquiry.ts';
import type { InstanceTypeFacts } from '../../shared/compute/instance.ts';
import type { Series } from '../../shared/compute/metric.ts';
import { historyWindow } from '../../shared/compute/rest.ts';
import type { Device, Measured, Signals } from '../../shared/compute/signals.ts';
import { windowBefore } from '../../shared/compute/utilization.ts';
import { parseConfig } from '../../shared/config.ts';
import { instance, m5, p4d, series } from '../support/compute.ts';

const policy = parseConfig({}).idle;

/** 02:55 to 05:55, 36 periods. */
const window = windowBefore('2026-11-16T06:00:00Z', 180);

const quiet = (value = 0): Series => series(window, value);

const silentDevice = (index: number): Device => ({
  index: String(index),
  utilization: quiet(),
  memoryUsedMib: quiet(450),
});

const silentDevices = (count = 8): Device[] =>
  Array.from({ length: count }, (_, index) => silentDevice(index));

const silent: Signals = {
  devices: silentDevices(),
  cpuPercent: quiet(1.2),
  networkIn: quiet(900),
  networkOut: quiet(400),
};

const judge = (signals: Partial<Signals>, given: Partial<Measured> = {}, purpose: Purpose = 'idle') =>
  judgeIdleness(
    { instance: instance(), facts: p4d, signals: { ...silent, ...signals }, ...given },
    window,
    policy,
    purpose,
  );

/** The silent GPUs, with some of them otherwise. */
const devicesWith = (others: Record<number, Partial<Device>>): Device[] =>
  silentDevices().map((gpu, index) => ({ ...gpu, ...others[index] }));

const first = (points: number): Series => ({ points: quiet().points.slice(0, points) });

describe('an accelerator instance', () => {
  it('is idle when every GPU, the CPU and the network are silent over the whole window', () => {
    expect(judge({})).toEqual({
      state: 'idle',
      check: 'idle-accelerator',
      reason: '8 of 8 GPUs at 0 % for 3 h, 3.5 of 320 GiB of memory held, 100 % coverage',
      confidence: 'high',
      wastedShare: 1,
      windowStart: '2026-11-16T02:55:00Z',
      windowEnd: '2026-11-16T05:55:00Z',
      coverage: 1,
    });
  });

  it('is busy when one of eight GPUs is, and says which and since when it was last seen at work', () => {
    const devices = devicesWith({ 3: { utilization: series(window, 0, { 4: 97, 20: 60 }) } });
    expect(judge({ devices })).toMatchObject({
      state: 'busy',
      reason: '1 of 8 GPUs at work in the last 3 h: GPU 3 up to 97 %',
      lastBusy: '2026-11-16T04:35:00Z',
    });
  });

  it('is idle at the threshold and busy just above it', () => {
    expect(judge({ devices: devicesWith({ 0: { utilization: quiet(3) } }) }).state).toBe('idle');
    expect(judge({ devices: devicesWith({ 0: { utilization: quiet(3.1) } }) }).state).toBe('busy');
  });

  it('is busy, though its GPUs compute nothing, when one holds more memory than the floor', () => {
    const devices = devicesWith({ 5: { memoryUsedMib: quiet(22_528) } });
    expect(judge({ devices })).toMatchObject({
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
    ['no GPU is in CloudWatch, however low the CPU', { devices: [] }, 'no GPU metric of it in CloudWatch'],
    ['seven of eight GPUs report', { devices: silentDevices(7) }, '7 of 8 GPUs reporting'],
    [
      'the eighth GPU is listed, and said nothing in the window',
      { devices: devicesWith({ 7: { utilization: { points: [] } } }) },
      '7 of 8 GPUs reporting',
    ],
    [
      'a MIG device reports memory and no utilisation',
      { devices: devicesWith({ 2: { utilization: undefined } }) },
      'GPU 2 reports no utilisation, as with MIG: missing is not idle',
    ],
    [
      'the memory held is not reported',
      { devices: devicesWith({ 2: { memoryUsedMib: undefined } }) },
      "GPU 2 doesn't report the memory it holds: a loaded model can't be ruled out before 24 h of silence",
    ],
    [
      'the agent died twenty minutes ago after a run of zeros',
      { devices: silentDevices().map((gpu) => ({ ...gpu, utilization: first(32) })) },
      'GPU 0 reported for 88 % of the last 3 h, too little to call it idle',
    ],
    [
      'the memory of one GPU has gaps',
      { devices: devicesWith({ 6: { memoryUsedMib: first(10) } }) },
      "GPU 6's memory reported for 27 %",
    ],
    [
      'the query of one GPU was throttled',
      { devices: devicesWith({ 6: { utilization: { points: [], failure: 'Rate exceeded' } } }) },
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
    const devices = devicesWith({ 1: { utilization: first(33) } });
    expect(judge({ devices }, {}, 'work')).toMatchObject({
      state: 'idle',
      coverage: 33 / 36,
      reason: expect.stringContaining('91 % coverage'),
    });
  });

  it('is told with a gap, and never stopped with one', () => {
    const devices = devicesWith({ 1: { utilization: first(35) } });
    expect(judge({ devices }, {}, 'work').state).toBe('idle');
    expect(judge({ devices })).toMatchObject({
      state: 'unknown',
      reason:
        "GPU 1 reported for 97 % of the last 3 h: work may be what is missing, and a stop can't be taken back",
    });
  });

  it('has no coverage where a device does not report at all', () => {
    expect(judge({ devices: silentDevices(7) }).coverage).toBe(0);
    expect(judge({ devices: devicesWith({ 2: { utilization: undefined } }) }).coverage).toBe(0);
    const failed = { points: quiet().points, failure: 'Rate exceeded' };
    expect(judge({ devices: devicesWith({ 2: { utilization: failed } }) }).coverage).toBe(0);
  });

  it('is unknown where a device is cut into slices, which show work and never silence', () => {
    const devices = devicesWith({ 2: { isSliced: true } });
    expect(judge({ devices })).toMatchObject({
      state: 'unknown',
      reason: 'GPU 2 is cut into slices (MIG), of which some may not report',
    });
    expect(judge({ devices: devicesWith({ 2: { isSliced: true, utilization: quiet(40) } }) }).state).toBe(
      'busy',
    );
  });

  it('is unknown where its utilisation looks like a share of 1', () => {
    const devices = devicesWith({ 2: { utilization: series(window, 0.2, { 3: 0.97 }) } });
    expect(judge({ devices })).toMatchObject({
      state: 'unknown',
      reason: 'GPU 2 reports at most 0.97, in fractions: it may be a share of 1, not percent',
    });
    expect(judge({ devices: devicesWith({ 2: { utilization: series(window, 0, { 3: 1 }) } }) }).state).toBe(
      'idle',
    );
  });

  it('is busy by what a failed query told before it failed', () => {
    const utilization = { points: series(window, 50).points.slice(0, 2), failure: 'InternalError' };
    expect(judge({ devices: devicesWith({ 0: { utilization } }) }).state).toBe('busy');
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
        accelerators: { kind, name: 'AWS Trainium', count: 16, cores: 2, memoryMib: 32_768 },
      };
      expect(judge({ devices: [] }, { facts }).state).toBe('unknown');
    },
  );

  it('does not take values that cannot be for silence', () => {
    const impossible = series(window, 0, { 0: Number.NaN, 1: -1, 2: -1, 3: Number.NaN });
    expect(judge({ devices: devicesWith({ 0: { utilization: impossible } }) })).toMatchObject({
      state: 'unknown',
      coverage: 32 / 36,
    });
  });

  it('takes a value above 100 % for work, and points outside the window for nothing', () => {
    expect(judge({ devices: devicesWith({ 0: { utilization: quiet(130) } }) }).state).toBe('busy');
    const before = { at: Date.parse('2026-11-16T02:50:00Z'), value: 99 };
    const after = { at: Date.parse('2026-11-16T05:55:00Z'), value: 99 };
    const utilization = { points: [before, ...quiet().points, after] };
    expect(judge({ devices: devicesWith({ 0: { utilization } }) }).state).toBe('idle');
  });
});

describe('an instance without accelerator', () => {
  const judgeCpu = (signals: Partial<Signals>) =>
    judge({ devices: [], ...signals }, { facts: m5, instance: instance({ instanceType: 'm5.xlarge' }) });

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
          judge({ devices: devicesWith({ 0: { utilization: toSeries(some) } }) }),
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
        expect(judge({ devices: devicesWith({ 0: { utilization } }) }).state).toBe('unknown');
      }),
    );
  });

  it('never leave an instance idle when one of them is above the threshold', () => {
    const above = fc.double({ min: 3, minExcluded: true, max: 1000, noNaN: true });
    fc.assert(
      fc.property(points, fc.nat({ max: 35 }), fc.nat({ max: 7 }), above, (found, index, gpu, busy) => {
        const utilization = toSeries([...found, { index, value: busy }]);
        expect(judge({ devices: devicesWith({ [gpu]: { utilization } }) }).state).toBe('busy');
      }),
    );
  });
});

describe('the power that a device draws', () => {
  it('shows work where nothing else does, and never the lack of it', () => {
    const drawing = devicesWith({ 4: { powerWatts: quiet(310) } });
    expect(judge({ devices: drawing })).toMatchObject({
      state: 'busy',
      reason: 'GPU 4 drew up to 310 W in the last 3 h, though no GPU was above 0 %',
    });
    const mute = devicesWith({ 4: { utilization: undefined, powerWatts: quiet(60) } });
    expect(judge({ devices: mute }).state).toBe('unknown');
  });

  it('is asked of a MIG device before it is given up', () => {
    const devices = devicesWith({ 0: { utilization: undefined, powerWatts: 'unread' } });
    const measured: Measured = { instance: instance(), facts: p4d, signals: { ...silent, devices } };
    expect(nextQuestion(measured, window, policy)).toEqual({ signal: 'power', indexes: ['0'] });
  });
});

describe('memory that is held', () => {
  const longer = historyWindow(window, policy);
  const rested = (value = 0, skip = 0): Series => {
    const { points } = series(longer, value);
    return { points: points.slice(skip) };
  };
  const loaded = (history: Device['history']): Device[] =>
    silentDevices().map((device) => ({ ...device, memoryUsedMib: quiet(30_000), history }));

  it('counts the day that ends with the window', () => {
    expect(longer).toEqual({ start: '2026-11-15T05:55:00Z', end: '2026-11-16T05:55:00Z' });
  });

  it.each<[string, Device['history'], string]>([
    ['idle after a day of silence', rested(), 'idle'],
    ['busy where five minutes of the day are missing', rested(0, 1), 'busy'],
    ['busy where the newest are missing', { points: rested().points.slice(0, -1) }, 'busy'],
    ['busy where there was work on that day', series(longer, 0, { 100: 40 }), 'busy'],
    ['busy where the day could not be read', { ...rested(), failure: 'Throttling' }, 'busy'],
    ['busy where nobody can ask about the day', undefined, 'busy'],
  ])('makes it %s', (_, history, state) => {
    expect(judge({ devices: loaded(history) }).state).toBe(state);
  });

  it('is told where some hours of the day are missing, with less confidence, and not stopped', () => {
    expect(judge({ devices: loaded(rested(0, 24)) }, {}, 'work')).toMatchObject({
      state: 'idle',
      confidence: 'medium',
      coverage: 264 / 288,
    });
    expect(judge({ devices: loaded(rested(0, 30)) }, {}, 'work').state).toBe('busy');
  });

  it('is asked about for the longer window only once it is known to be held', () => {
    const devices = silentDevices().map((device) => ({
      ...device,
      memoryUsedMib: 'unread' as const,
      history: 'unread' as const,
    }));
    const measured: Measured = { instance: instance(), facts: p4d, signals: { devices } };
    expect(nextQuestion(measured, window, policy)).toEqual({ signal: 'memory', indexes: ['0'] });
    const held = devices.map((device, index) =>
      index === 0 ? { ...device, memoryUsedMib: quiet(30_000) } : device,
    );
    const known = { ...measured, signals: { devices: held } };
    expect(nextQuestion(known, window, policy)).toEqual({ signal: 'history', indexes: ['0'] });
    const young = { ...known, instance: instance({ launchTime: '2026-11-15T20:00:00Z' }) };
    expect(nextQuestion(young, window, policy)).toBeUndefined();
  });

  it('is nothing to wonder at in a warm standby', () => {
    expect(judge({ devices: loaded(rested()) }, { isStandby: true }).state).toBe('busy');
    expect(isStandby('Standby', policy.standby)).toBe(true);
    expect(isStandby('training', policy.standby)).toBe(false);
    expect(isStandby(undefined, policy.standby)).toBe(false);
  });

  it('may be there where it is not reported: then the longer window decides, with little confidence', () => {
    const unweighed = (history: Device['history']) =>
      silentDevices().map(({ index, utilization }) => ({ index, utilization, history }));
    expect(judge({ devices: unweighed(rested(50)) }).state).toBe('unknown');
    expect(judge({ devices: unweighed(rested()) })).toMatchObject({
      state: 'idle',
      check: 'loaded-not-computing',
      confidence: 'low',
      reason: '8 of 8 GPUs at 0 % for 24 h, memory not reported, 100 % coverage',
    });
  });
});

describe('a Neuron instance', () => {
  const inf2: InstanceTypeFacts = {
    instanceType: 'inf2.xlarge',
    accelerators: { kind: 'neuron', name: 'AWS Inferentia2', count: 1, cores: 2, memoryMib: 32_768 },
    instanceStoreGb: 0,
    vcpus: 4,
  };
  const cores = (count: number, value = 0): Device[] =>
    silentDevices(count).map(({ index }) => ({
      index,
      utilization: quiet(value),
      memoryUsedMib: quiet(300),
    }));

  it('is judged by its NeuronCores, all of them', () => {
    expect(judge({ devices: cores(2) }, { facts: inf2 })).toMatchObject({
      state: 'idle',
      reason: '2 of 2 NeuronCores at 0 % for 3 h, 0.6 of 32 GiB of memory held, 100 % coverage',
    });
    expect(judge({ devices: cores(2, 60) }, { facts: inf2 })).toMatchObject({ state: 'busy' });
    expect(judge({ devices: cores(1) }, { facts: inf2 })).toMatchObject({
      state: 'unknown',
      reason: '1 of 2 NeuronCores reporting',
    });
  });
});

describe('what could not be read', () => {
  it('is named where devices are missing because of it, and nowhere else', () => {
    const unreadable = 'the CloudWatch namespace CWAgent could not be read: No permission';
    expect(judge({ devices: [] }, { unreadable })).toMatchObject({
      state: 'unknown',
      reason: `0 of 8 GPUs seen: ${unreadable}`,
    });
    expect(judge({}, { unreadable }).state).toBe('idle');
  });
});

describe('a node in an account of another service', () => {
  it('is idle by its devices alone, and only without a gap', () => {
    const foreign = { cpuPercent: undefined, networkIn: undefined, networkOut: undefined };
    expect(judge(foreign, { isForeign: true })).toMatchObject({ state: 'idle' });
    const gap = { points: quiet().points.slice(1) };
    const devices = devicesWith({ 2: { utilization: gap } });
    expect(judge({ ...foreign, devices }, { isForeign: true }).state).toBe('unknown');
  });
});
