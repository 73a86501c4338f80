import { describe, expect, it } from 'vitest';
import { breaker, sweepBreaker } from '../../shared/schedule/breaker.ts';
import { isStale } from '../../shared/schedule/stale-event.ts';

const run = { stops: 10, running: 100, complete: true, maxStops: 50, maxShare: 0.9 };

describe('the breaker', () => {
  it.each([
    ['up to the limit', { stops: 50 }],
    ['of all instances, where they are few', { stops: 19, running: 19 }],
    ['of the largest share allowed', { stops: 27, running: 30 }],
    ['none at all, of an incomplete listing', { stops: 0, complete: false }],
  ])('lets stops through: %s', (_, changes) => {
    expect(breaker({ ...run, ...changes })).toEqual({ open: false });
  });

  it.each([
    ['above the limit', { stops: 51 }, '51 stops are more than the 50 allowed'],
    [
      'of too large a share',
      { stops: 28, running: 30 },
      '28 stops are 93 % of the 30 running instances, more than 90 %',
    ],
    [
      'of an incomplete listing',
      { stops: 1, complete: false },
      'the listing of instances is incomplete: the share of stops is unknown',
    ],
    [
      'of a count that can not be',
      { stops: 20, running: 0 },
      expect.stringContaining('of the 0 running instances'),
    ],
  ])('lets none through: %s', (_, changes, reason) => {
    expect(breaker({ ...run, ...changes })).toEqual({ open: true, reason });
  });
});

describe('an event', () => {
  it.each([
    ['2026-11-20T19:00:00Z', '2026-11-20T19:15:00Z', false],
    ['2026-11-20T19:00:00Z', '2026-11-20T19:15:01Z', true],
    ['2026-11-20T19:00:00Z', '2026-11-20T18:59:58Z', false],
    ['yesterday', '2026-11-20T19:00:00Z', true],
  ])('of %s that arrives at %s: too old is %s', (eventTime, arrival, stale) => {
    expect(isStale(eventTime, arrival, 15)).toBe(stale);
  });
});

describe('the breaker of a whole sweep', () => {
  const limits = { maxSweepStops: 100, maxShare: 0.9 };
  const instances = (stops: number, running: number) => ({ stops, listedWhole: stops, running });

  it('counts what the other targets are about to stop', () => {
    const others = { running: 400, pending: 91, pendingInstances: 91 };
    expect(sweepBreaker(instances(9, 20), others, limits)).toEqual({ open: false });
    expect(sweepBreaker(instances(10, 20), others, limits)).toEqual({
      open: true,
      reason: 'in all targets together, 101 stops are more than the 100 allowed',
    });
  });

  it('sees a share that no single target shows', () => {
    const others = { running: 70, pending: 65, pendingInstances: 65 };
    expect(sweepBreaker(instances(5, 6), others, limits)).toEqual({
      open: true,
      reason: 'in all targets together, 70 stops are 92 % of the 76 running instances, more than 90 %',
    });
  });

  it('takes no share of instances by what are none', () => {
    const databases = { stops: 21, listedWhole: 0, running: 2 };
    expect(sweepBreaker(databases, undefined, limits)).toEqual({ open: false });
    const others = { running: 5, pending: 30, pendingInstances: 1 };
    expect(sweepBreaker(databases, others, limits)).toEqual({ open: false });
  });

  it('is no other than its own where there is a single target', () => {
    expect(sweepBreaker(instances(100, 1000), undefined, limits)).toEqual({ open: false });
    expect(sweepBreaker(instances(101, 1000), undefined, limits)).toMatchObject({ open: true });
  });
});
