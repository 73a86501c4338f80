import { describe, expect, it } from 'vitest';
import {
  type HourState,
  type HourSubject,
  type ReadSignals,
  toHours,
} from '../../shared/compute/hour-states.ts';
import { hourMs } from '../../shared/compute/hours.ts';
import type { InstanceTypeFacts } from '../../shared/compute/instance.ts';
import type { Series, Window } from '../../shared/compute/metric.ts';
import { parseConfig } from '../../shared/config.ts';
import { m5 } from '../support/compute.ts';

const policy = parseConfig({}).idle;
const window: Window = { start: '2026-11-16T06:00:00Z', end: '2026-11-16T10:00:00Z' };
const start = Date.parse(window.start);

const g5: InstanceTypeFacts = {
  instanceType: 'g5.xlarge',
  accelerators: { kind: 'gpu', name: 'A10G', count: 1, cores: 1, memoryMib: 24_576 },
  instanceStoreGb: 250,
  vcpus: 4,
};

const subject = (given: Partial<HourSubject> = {}): HourSubject => ({
  instance: { launchTime: '2026-10-01T08:00:00Z', state: 'running' },
  facts: m5,
  isStandby: false,
  ...given,
});

/** A value an hour; undefined where nothing was reported. */
const series = (...values: (number | undefined)[]): Series => ({
  points: values.flatMap((value, place) =>
    value === undefined ? [] : [{ at: start + place * hourMs, value }],
  ),
});
const always = (value: number, count = 4): Series => series(...Array(count).fill(value));

const quiet: ReadSignals = {
  devices: [],
  cpu: always(1),
  networkIn: always(900),
  networkOut: always(900),
};

const gpu = (utilization: Series, memoryUsed: Series | undefined = always(400)) => ({
  ...quiet,
  devices: [{ utilization, memoryUsed, power: always(60) }],
});

const states = (signals: ReadSignals, given: Partial<HourSubject> = {}, over = window): HourState[] =>
  toHours(subject(given), signals, over, policy).map(({ state }) => state);

describe('an hour of an instance without accelerators', () => {
  it('is one of work where its CPU or its traffic says so', () => {
    expect(states({ ...quiet, cpu: series(1, 60, 1, 1), networkIn: series(9, 9, 90_000, 9) })).toEqual([
      'idle',
      'busy',
      'busy',
      'idle',
    ]);
  });

  it('is unknown where a part of that is missing, and never idle', () => {
    expect(states({ ...quiet, networkOut: series(9, undefined, 9, 9) })[1]).toBe('unknown');
    expect(states({ ...quiet, networkOut: undefined })).toEqual(Array(4).fill('unknown'));
  });

  it('is one in which it was off where nothing was reported at all', () => {
    const gone = series(1, undefined, undefined, 1);
    const signals = { devices: [], cpu: gone, networkIn: gone, networkOut: gone };
    const relaunched = { launchTime: '2026-11-16T08:20:00Z', state: 'running' as const };
    expect(states(signals, { instance: relaunched })).toEqual(['idle', 'off', 'off', 'idle']);
    const stopped = { launchTime: '2026-10-01T08:00:00Z', state: 'stopped' as const };
    expect(states(signals, { instance: stopped })).toEqual(['idle', 'off', 'off', 'idle']);
  });

  it('is unknown where it is known to have run, or the question failed', () => {
    const gone = series(1, undefined, undefined, 1);
    const signals = { devices: [], cpu: gone, networkIn: gone, networkOut: gone };
    expect(states(signals)).toEqual(['idle', 'unknown', 'unknown', 'idle']);
    const stopped = { launchTime: '2026-10-01T08:00:00Z', state: 'stopped' as const };
    const failed = { ...signals, cpu: { ...gone, failure: 'Throttled' } };
    expect(states(failed, { instance: stopped })[1]).toBe('unknown');
  });

  it('is unknown of a type that EC2 does not describe, but for work', () => {
    expect(states({ ...quiet, cpu: series(60, 1, 1, 1) }, { facts: undefined })).toEqual([
      'busy',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });
});

describe('an hour of an accelerator instance', () => {
  const given = { facts: g5 };

  it('is one of work where a device computes or draws power, or its CPU works', () => {
    expect(states(gpu(series(0, 80, 0, 0)), given)).toEqual(['idle', 'busy', 'idle', 'idle']);
    const [device] = gpu(always(0)).devices;
    const drawing = {
      ...quiet,
      devices: [{ ...device, utilization: always(0), power: series(60, 60, 300, 60) }],
    };
    expect(states(drawing, given)[2]).toBe('busy');
    expect(states({ ...gpu(always(0)), cpu: series(1, 1, 1, 40) }, given)[3]).toBe('busy');
  });

  it.each<[string, ReadSignals]>([
    ['no device reports', quiet],
    ['a device reports nothing in it', gpu(series(undefined, undefined, undefined, undefined))],
    ['a device is cut into slices', { ...quiet, devices: [{ utilization: always(0), isSliced: true }] }],
    ['its utilisation may be a share of 1', gpu(series(0, 0.9, 0, 0))],
  ])('is unknown where %s, however quiet its CPU', (_, signals) => {
    expect(states(signals, given)).toEqual(Array(4).fill('unknown'));
  });

  it('is unknown where one of its devices is missing', () => {
    const two = { ...g5, accelerators: { ...g5.accelerators, count: 2 } } as InstanceTypeFacts;
    expect(states(gpu(always(0)), { facts: two })[0]).toBe('unknown');
  });

  it('is held while a device holds memory, or does not report it', () => {
    expect(states(gpu(always(0), series(400, 20_000, 400, undefined)), given)).toEqual([
      'idle',
      'held',
      'idle',
      'held',
    ]);
  });

  it('is idle again when it has been silent for longer than a day, unless it is a standby', () => {
    const days = { start: window.start, end: '2026-11-17T12:00:00Z' };
    const loaded = {
      devices: [{ utilization: always(0, 30), memoryUsed: always(20_000, 30), power: always(60, 30) }],
      cpu: always(1, 30),
      networkIn: always(9, 30),
      networkOut: always(9, 30),
    };
    const found = states(loaded, given, days);
    expect([found.indexOf('idle'), found.lastIndexOf('held')]).toEqual([24, 23]);
    expect(states(loaded, { ...given, isStandby: true }, days)).toEqual(Array(30).fill('held'));
  });
});
