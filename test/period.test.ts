import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  addMilliseconds,
  dateOf,
  datesOf,
  daysBefore,
  daysBetween,
  toTime,
} from '../shared/period.ts';

const dates = fc
  .integer({ min: Date.parse('2000-01-01'), max: Date.parse('2099-12-31') })
  .map((at) => dateOf(toTime(at)));

describe('a day', () => {
  it.each([
    ['2026-11-16T00:00:00Z', '2026-11-16'],
    ['2026-11-16T23:59:59Z', '2026-11-16'],
    ['2026-11-16T23:59:59.999Z', '2026-11-16'],
    ['2026-11-17T00:30:00+01:00', '2026-11-16'],
  ])('is the one of UTC: %s', (time, date) => {
    expect(dateOf(time)).toBe(date);
  });

  it.each([
    ['2026-02-28', 1, '2026-03-01'],
    ['2028-02-28', 1, '2028-02-29'],
    ['2026-12-31', 1, '2027-01-01'],
    ['2026-03-29', 1, '2026-03-30'], // an hour shorter in Berlin, and none in UTC
    ['2026-03-01', -1, '2026-02-28'],
    ['2026-11-16', 0, '2026-11-16'],
  ])('%s and %d days make %s', (date, days, sum) => {
    expect(addDays(date, days)).toBe(sum);
  });

  it('is as far from another one as it takes days to get there', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: -1000, max: 1000 }), (date, days) => {
        expect(daysBetween(date, addDays(date, days))).toBe(days);
      }),
    );
  });
});

describe('a period', () => {
  it('ends before the day of the event', () => {
    expect(daysBefore('2026-11-16T06:00:00Z', 180)).toEqual({ start: '2026-05-20', end: '2026-11-16' });
    expect(daysBefore('2026-11-16T00:00:00Z', 1)).toEqual({ start: '2026-11-15', end: '2026-11-16' });
  });

  it('has its days, without its end', () => {
    expect(datesOf({ start: '2026-10-30', end: '2026-11-02' })).toEqual([
      '2026-10-30',
      '2026-10-31',
      '2026-11-01',
    ]);
    expect(datesOf({ start: '2026-11-02', end: '2026-11-02' })).toEqual([]);
    expect(datesOf({ start: '2026-11-03', end: '2026-11-02' })).toEqual([]);
  });

  it('has as many days as it is long', () => {
    fc.assert(
      fc.property(dates, fc.integer({ min: 0, max: 400 }), (start, days) => {
        expect(datesOf({ start, end: addDays(start, days) })).toHaveLength(days);
      }),
    );
  });
});

describe('a time', () => {
  it('has no fraction of a second', () => {
    expect(toTime(Date.parse('2026-11-16T18:05:59.999Z'))).toBe('2026-11-16T18:05:59Z');
  });

  it('moves back and forth', () => {
    expect(addMilliseconds('2026-11-16T23:50:00Z', 15 * 60_000)).toBe('2026-11-17T00:05:00Z');
    expect(addMilliseconds('2026-11-17T00:05:00Z', -15 * 60_000)).toBe('2026-11-16T23:50:00Z');
  });

  it('is before another one as a text where it is before it as a time', () => {
    const times = fc.integer({ min: 0, max: Date.parse('2099-12-31') });
    fc.assert(
      fc.property(times, times, (one, other) => {
        const [first, second] = [toTime(Math.min(one, other)), toTime(Math.max(one, other))];
        expect(first <= second).toBe(true);
      }),
    );
  });
});
