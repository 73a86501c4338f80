import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeIdleness } from '../../shared/compute/idleness.ts';
import type { Point, Series } from '../../shared/compute/metric.ts';
import { historyWindow } from '../../shared/compute/rest.ts';
import type { Device, Measured, Signal, Signals } from '../../shared/compute/signals.ts';
import { judgeUnderuse, type UnderusePolicy } from '../../shared/compute/underuse.ts';
import { windowBefore } from '../../shared/compute/utilization.ts';
import { parseConfig } from '../../shared/config.ts';
import { instance } from '../support/compute.ts';
import { type Trace, type TraceName, toCourse, toSignals, traces } from '../support/traces.ts';

const { idle: policy, utilization } = parseConfig({});
const underuse: UnderusePolicy = {
  ...utilization.underuse,
  coverage: policy.coverage,
  gpuPercent: policy.gpuPercent,
  idleMinutes: policy.window,
};
const now = '2026-11-16T06:00:00Z';
const window = windowBefore(now, policy.window);
const week = windowBefore(now, underuse.days * 24 * 60);
const longer = historyWindow(window, policy);

const measuredOf = (trace: Trace, signals = toSignals(trace, window, longer)): Measured => ({
  instance: instance({ instanceType: trace.facts.instanceType, launchTime: '2026-10-01T08:00:00Z' }),
  facts: trace.facts,
  signals,
});

const names = Object.keys(traces) as TraceName[];

describe('three hours of', () => {
  it.each<[TraceName, string, string | undefined, string]>([
    ['training', 'busy', undefined, '4 of 4 GPUs at work in the last 3 h: GPU 0 up to 96 %'],
    ['data-starved training', 'busy', undefined, '1 of 1 GPU at work'],
    [
      'a notebook with a loaded model',
      'idle',
      'loaded-not-computing',
      '1 of 1 GPU at 0 % for 24 h, 14.4 of 24 GiB of memory held, 100 % coverage',
    ],
    [
      'a notebook loaded five hours ago',
      'busy',
      undefined,
      'loaded, not computing: GPU 0 held 14.4 GiB, though no GPU was above 0 %',
    ],
    ['a crash loop', 'busy', undefined, 'GPU 0 up to 88 %'],
    ['a dead agent', 'unknown', undefined, 'GPU 0 reported for 88 % of the last 3 h'],
    ['MIG devices', 'unknown', undefined, 'GPU 0 reports no utilisation, as with MIG: missing is not idle'],
    [
      'a single busy device',
      'underused',
      'not-distributed',
      'GPU 0 up to 93 %, the other 7 of 8 GPUs at 0 % for 3 h, 100 % coverage',
    ],
    ['checkpoint pauses of ten minutes', 'busy', undefined, '4 of 4 GPUs at work'],
    ['batch inference every thirty minutes', 'busy', undefined, 'GPU 0 up to 90 %'],
    ['left behind', 'idle', 'idle-accelerator', '8 of 8 GPUs at 0 % for 3 h'],
  ])('%s are %s', (name, state, check, reason) => {
    const verdict = judgeIdleness(measuredOf(traces[name]), window, policy, 'work');
    expect(verdict).toMatchObject({ state, reason: expect.stringContaining(reason) });
    expect(verdict.check).toBe(check);
  });

  it('a warm standby are work, however long it is silent', () => {
    const standby = { ...measuredOf(traces['a warm standby']), isStandby: true };
    expect(judgeIdleness(standby, window, policy, 'work')).toMatchObject({ state: 'busy' });
  });

  it('a checkpoint pause alone are work to a window of 45 minutes too', () => {
    const pause = windowBefore('2026-11-16T02:12:00Z', 45);
    const trace = traces['checkpoint pauses of ten minutes'];
    const signals = toSignals(trace, pause, historyWindow(pause, policy));
    expect(judgeIdleness(measuredOf(trace, signals), pause, policy).state).toBe('busy');
  });

  it('one busy device are work to whoever asks only whether it is idle', () => {
    const verdict = judgeIdleness(measuredOf(traces['a single busy device']), window, policy);
    expect(verdict).toMatchObject({ state: 'busy', lastBusy: '2026-11-16T05:50:00Z' });
  });
});

describe('a week of', () => {
  const smaller = [
    { facts: traces['a crash loop'].facts, hourlyRate: 1.123 },
    { facts: { ...traces['a crash loop'].facts, instanceType: 'g5.4xlarge', vcpus: 16 }, hourlyRate: 1.812 },
    { facts: traces['a single busy device'].facts, hourlyRate: 18.18 },
  ];

  it.each<[TraceName, string | undefined, string]>([
    ['training', undefined, ''],
    [
      'data-starved training',
      'data-starved',
      'it jumps between idle and full, 50.5 % on average, while the CPU is at 98 %: it waits for its data',
    ],
    [
      'training on small batches',
      'small-batch',
      'its GPU at most 41 % for 95 % of 7 days with at most 18 % of its memory in use: room for larger batches',
    ],
    [
      'one quarter of an instance',
      'oversized',
      'each of its 4 GPUs at most 14 % for 95 % of 7 days: g5.xlarge would carry it',
    ],
    ['checkpoint pauses of ten minutes', undefined, ''],
    ['batch inference every thirty minutes', undefined, ''],
  ])('%s: %s', (name, check, reason) => {
    const judgement = judgeUnderuse(toCourse(traces[name], week), week, underuse, { rate: 6.331, smaller });
    expect(judgement).toMatchObject(
      check
        ? { outcome: 'flaw', underuse: { check, reason: expect.stringContaining(reason) } }
        : { outcome: 'well used' },
    );
  });

  it('one quarter of an instance wastes what the smaller type costs less', () => {
    const course = toCourse(traces['one quarter of an instance'], week);
    // 4 CPUs would be too few for 6 % of 48 at 80 % load: 16 do.
    expect(judgeUnderuse(course, week, underuse, { rate: 6.331, smaller })).toMatchObject({
      underuse: {
        proposal: { type: 'g5.xlarge', hourlyRate: 1.123 },
        wastedShare: 1 - 1.123 / 6.331,
        confidence: 'high',
      },
    });
    const busier = { ...course, cpu: toCourse({ ...traces.training, cpu: () => 20 }, week).cpu };
    expect(judgeUnderuse(busier, week, underuse, { rate: 6.331, smaller })).toMatchObject({
      underuse: { proposal: { type: 'g5.4xlarge' } },
    });
  });

  it('what no other type carries is underused, and its memory says whether batches could grow', () => {
    const trace: Trace = { ...traces['training on small batches'], utilization: () => 22, memory: () => 71 };
    expect(judgeUnderuse(toCourse(trace, week), week, underuse, { rate: 1.123, smaller })).toMatchObject({
      underuse: {
        check: 'underused-accelerator',
        wastedShare: 0.78,
        reason: 'its GPU at most 22 % for 95 % of 7 days, 100 % coverage',
      },
    });
  });

  it('what ran by day alone wastes nothing by night', () => {
    const trace: Trace = {
      ...traces['training on small batches'],
      cpu: (minute) => (minute % 1440 < 480 ? 35 : undefined),
      utilization: (minute) => (minute % 1440 < 480 ? 20 : undefined),
    };
    expect(judgeUnderuse(toCourse(trace, week), week, underuse)).toMatchObject({
      underuse: {
        reason: expect.stringContaining('for 95 % of 2 days 8 h'),
        wastedShare: expect.closeTo(0.8 / 3, 5),
      },
    });
  });

  it.each<[string, Partial<Trace>]>([
    ['ran for less than a day', { cpu: (minute) => (minute % 1440 < 120 ? 35 : undefined) }],
    ['lost its agent for half of the time', { utilization: (minute) => (minute % 10 < 5 ? undefined : 20) }],
  ])('what %s is not judged', (_, given) => {
    const trace = { ...traces['training on small batches'], ...given };
    expect(judgeUnderuse(toCourse(trace, week), week, underuse)).toMatchObject({ outcome: 'unknown' });
  });

  it('what did nothing for days, and works now, is not underused for it', () => {
    const since = Date.parse(week.end) / 60_000 - 30 * 60;
    const trace: Trace = { ...traces.training, utilization: (minute) => (minute < since ? 0 : 95) };
    expect(judgeUnderuse(toCourse(trace, week), week, underuse)).toEqual({ outcome: 'well used' });
    const young: Trace = { ...traces.training, utilization: (minute) => (minute < since + 600 ? 0 : 12) };
    // 20 hours of use are too few to say.
    expect(judgeUnderuse(toCourse(young, week), week, underuse)).toMatchObject({ outcome: 'unknown' });
  });

  it('an instance of which a device is missing is not judged', () => {
    const { devices, ...course } = toCourse(traces['one quarter of an instance'], week);
    const judgement = judgeUnderuse({ ...course, devices: devices.slice(1) }, week, underuse);
    expect(judgement).toEqual({ outcome: 'unknown', wait: 0 });
  });
});

describe('points that are lost', () => {
  /** Keeps of every metric of the devices those points that the mask keeps. */
  const thinned = (signals: Signals, mask: readonly boolean[]): Signals => {
    let place = 0;
    const kept = (signal: Signal): Signal =>
      signal === undefined || signal === 'unread'
        ? signal
        : { ...signal, points: signal.points.filter(() => mask[place++ % mask.length]) };
    return {
      ...signals,
      devices: signals.devices.map(({ index, ...device }) => ({
        index,
        ...Object.fromEntries(Object.entries(device).map(([name, signal]) => [name, kept(signal as Signal)])),
      })),
      cpuPercent: kept(signals.cpuPercent) as Series,
      networkIn: kept(signals.networkIn) as Series,
      networkOut: kept(signals.networkOut) as Series,
    };
  };
  const mask = fc.array(fc.boolean(), { minLength: 1, maxLength: 200 });

  it.each(
    names.filter(
      (name) => !['left behind', 'a notebook with a loaded model', 'a warm standby'].includes(name),
    ),
  )('never make %s idle', (name) => {
    const signals = toSignals(traces[name], window, longer);
    fc.assert(
      fc.property(mask, (kept) => {
        const verdict = judgeIdleness(measuredOf(traces[name], thinned(signals, kept)), window, policy);
        expect(verdict.state).not.toBe('idle');
      }),
    );
  });

  it('never make any work idle before a stop, however little it was and whatever else is silent', () => {
    const place = fc.nat({ max: 35 });
    const work = fc.array(fc.record({ device: fc.nat({ max: 7 }), place }), { minLength: 1, maxLength: 5 });
    const quiet = toSignals(traces['left behind'], window, longer);
    fc.assert(
      fc.property(work, mask, (worked, kept) => {
        const devices = quiet.devices.map((device, index) => ({
          ...device,
          utilization: {
            points: (device.utilization as Series).points.map((point, at) =>
              worked.some((one) => one.device === index && one.place === at)
                ? { ...point, value: 80 }
                : point,
            ),
          },
        }));
        const verdict = judgeIdleness(
          measuredOf(traces['left behind'], thinned({ ...quiet, devices }, kept)),
          window,
          policy,
        );
        expect(verdict.state).not.toBe('idle');
      }),
    );
  });

  it('in the day before never make a loaded instance idle that worked in any minute of it', () => {
    const loaded = toSignals(traces['a warm standby'], window, longer);
    const history = (loaded.devices[0] as Device).history as Series;
    fc.assert(
      fc.property(fc.nat({ max: history.points.length - 1 }), mask, (worked, kept) => {
        const points = history.points
          .map((point, at) => (at === worked ? { ...point, value: 80 } : point))
          .filter((_, at) => kept[at % kept.length]);
        const signals = {
          ...loaded,
          devices: loaded.devices.map((one) => ({ ...one, history: { points } })),
        };
        const verdict = judgeIdleness(measuredOf(traces['a warm standby'], signals), window, policy);
        expect(verdict.state).not.toBe('idle');
      }),
    );
  });

  it('never make an instance without accelerators idle that its CPU or network kept at work', () => {
    const facts = { instanceType: 'm6i.2xlarge', instanceStoreGb: 0, vcpus: 8 };
    const quiet = toSignals({ ...traces['left behind'], facts }, window, longer);
    const signal = fc.constantFrom('cpuPercent', 'networkIn', 'networkOut');
    fc.assert(
      fc.property(signal, fc.nat({ max: 35 }), mask, (name, worked, kept) => {
        const { points } = quiet[name] as Series;
        const busy = points.map((point, at) => (at === worked ? { ...point, value: 9_000_000 } : point));
        const signals = thinned({ ...quiet, [name]: { points: busy } }, kept);
        const verdict = judgeIdleness(
          { ...measuredOf(traces['left behind'], signals), facts },
          window,
          policy,
        );
        expect(verdict.state).not.toBe('idle');
      }),
    );
  });

  it('in a gap that the CPU and the network share leave it unknown, however few they are', () => {
    const signals = toSignals(traces['left behind'], window, longer);
    const without = (series: Signal, at: number): Series => ({
      points: (series as Series).points.filter((_: Point, place) => place !== at),
    });
    const device = (place: number, gap: number) =>
      signals.devices.map((one, index) =>
        index === place ? { ...one, utilization: without(one.utilization, gap) } : one,
      );
    const vouched = { ...signals, devices: device(3, 7) };
    expect(judgeIdleness(measuredOf(traces['left behind'], vouched), window, policy, 'work').state).toBe(
      'idle',
    );
    const unvouched = { ...vouched, networkIn: without(signals.networkIn, 7) };
    expect(judgeIdleness(measuredOf(traces['left behind'], unvouched), window, policy, 'work')).toMatchObject(
      {
        state: 'unknown',
        reason: 'GPU 3 reported nothing at 2026-11-16 03:30 UTC, and nothing else vouches for its silence',
      },
    );
  });
});
