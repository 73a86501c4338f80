import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueDigests, lastDue, toDue } from '../../shared/alert/digest-due.ts';
import { toTime } from '../../shared/period.ts';

const all = { daily: true, weekly: true, monthly: true, hour: 9, weekday: 'Mon' };

const due = (time: string, timeZone = 'Europe/Berlin', policy = all) =>
  dueDigests(policy, timeZone, time).map(({ cadence, dueAt, period }) => [
    cadence,
    dueAt,
    period.start,
    period.end,
  ]);

describe('digests', () => {
  it('are due from the hour on, by the local clock', () => {
    expect(due('2026-11-16T08:00:00Z')).toEqual([
      ['daily', '2026-11-16T08:00:00Z', '2026-11-15', '2026-11-16'],
      ['weekly', '2026-11-16T08:00:00Z', '2026-11-07', '2026-11-14'],
    ]);
    expect(due('2026-11-16T07:59:00Z')).toEqual([
      ['daily', '2026-11-15T08:00:00Z', '2026-11-14', '2026-11-15'],
    ]);
  });

  it('of a missed hour are the same for the rest of the day, past midnight in UTC too', () => {
    const onTime = due('2026-11-16T17:00:00Z', 'America/Los_Angeles');
    expect(onTime).toHaveLength(2);
    expect(due('2026-11-17T02:00:00Z', 'America/Los_Angeles')).toEqual(onTime);
    expect(due('2026-11-17T16:59:00Z', 'America/Los_Angeles')).toEqual(onTime);
  });

  it('of a month are due on the 3rd, when its last day is complete', () => {
    expect(due('2026-12-03T09:00:00Z').at(-1)).toEqual([
      'monthly',
      '2026-12-03T08:00:00Z',
      '2026-11-01',
      '2026-12-01',
    ]);
    expect(toDue('monthly', '2027-01-03T08:00:00Z')).toMatchObject({
      period: { start: '2026-12-01', end: '2027-01-01' },
      before: { start: '2026-11-01', end: '2026-12-01' },
    });
  });

  it('are those alone that are asked for', () => {
    const policy = { ...all, daily: false, monthly: false, weekday: 'Tue' };
    expect(due('2026-11-16T08:00:00Z', 'Europe/Berlin', policy)).toEqual([]);
    expect(due('2026-11-17T08:00:00Z', 'Europe/Berlin', policy)).toHaveLength(1);
  });
});

describe('an hour', () => {
  it('that summer time skips is the first one after it', () => {
    expect(lastDue(2, 'Europe/Berlin', '2026-03-29T12:00:00Z')).toEqual({
      dueAt: '2026-03-29T01:00:00Z', // 03:00 there
      date: '2026-03-29',
    });
  });

  it('that comes twice is the first of both', () => {
    expect(lastDue(2, 'Europe/Berlin', '2026-10-25T01:30:00Z').dueAt).toBe('2026-10-25T00:00:00Z');
  });

  it('is due once on each local day, in whatever zone, however the clocks are turned', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Pacific/Apia',
      'Australia/Lord_Howe',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 365 * 24 }),
        (zone, hour, start) => {
          const from = Date.parse('2026-01-01T00:05:00Z') + start * 3_600_000;
          const runs = Array.from({ length: 5 * 24 }, (_, run) =>
            lastDue(hour, zone, toTime(from + run * 3_600_000)),
          );
          const byDate = Map.groupBy(runs, ({ date }) => date);
          for (const own of byDate.values()) {
            expect(new Set(own.map(({ dueAt }) => dueAt)).size).toBe(1);
          }
          expect([...byDate.keys()]).toEqual([...byDate.keys()].toSorted());
          expect(byDate.size).toBeGreaterThanOrEqual(5);
        },
      ),
    );
  });
});
