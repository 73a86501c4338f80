import { describe, expect, it } from 'vitest';
import type { Series } from '../../shared/compute/metric.ts';
import { silentSince } from '../../shared/compute/silence.ts';

const hour = 3_600_000;

/** Hourly maxima up to 03:00, the hour in which the window starts; the newest last. */
const hourly = (...values: (number | undefined)[]): Series => ({
  points: values.flatMap((value, index) => {
    const at = Date.parse('2026-11-16T03:00:00Z') - (values.length - 1 - index) * hour;
    return value === undefined ? [] : [{ at, value }];
  }),
});

const given = { launchTime: '2026-11-13T16:20:00Z', before: '2026-11-16T03:05:00Z', percent: 3 };

describe('silent since', () => {
  it.each([
    ['the hour after the last work', [hourly(80, 0, 1, 0), hourly(0, 0, 0, 0)], '2026-11-16T01:00:00Z'],
    ['the end of a gap', [hourly(0, undefined, 0, 0)], '2026-11-16T02:00:00Z'],
    [
      'the end of a gap of one device of two',
      [hourly(0, 0, 0, 0), hourly(0, 0, undefined, 0)],
      '2026-11-16T03:00:00Z',
    ],
    ['the end of an hour whose reading can not be', [hourly(0, Number.NaN, 0, 0)], '2026-11-16T02:00:00Z'],
    [
      'the start of the window, where there was work in its hour',
      [hourly(0, 0, 0, 60)],
      '2026-11-16T03:05:00Z',
    ],
    ['the start of the window, where nothing can be looked up', [hourly()], '2026-11-16T03:05:00Z'],
    ['the start of the window, where no device is known', [], '2026-11-16T03:05:00Z'],
  ])('is %s', (_, hours, expected) => {
    expect(silentSince(hours, given)).toBe(expected);
  });

  it('is the launch, where it never worked', () => {
    const launched = { ...given, launchTime: '2026-11-16T01:20:00Z' };
    expect(silentSince([hourly(0, 0, 0, 0, 0)], launched)).toBe('2026-11-16T01:20:00Z');
  });
});
