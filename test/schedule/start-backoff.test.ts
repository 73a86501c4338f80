import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMilliseconds } from '../../shared/period.ts';
import {
  countStartRefusal,
  hasMissedWindow,
  nextStartAttempt,
  type StartRefusals,
  startBackoff,
  startNews,
} from '../../shared/schedule/start-backoff.ts';

const code = 'InsufficientInstanceCapacity';
const at = '2026-11-16T07:00:00Z';
/** The window opened at eight in Berlin. */
const window = { since: '2026-11-16T07:00:00Z', state: 'up', until: '2026-11-16T18:00:00Z' } as const;
const refused = (count: number, time = at): StartRefusals => ({ count, at: time, code });

describe('a start that AWS has no capacity for', () => {
  it.each([
    [1, '2026-11-16T07:05:00Z'],
    [2, '2026-11-16T07:10:00Z'],
    [3, '2026-11-16T07:20:00Z'],
    [4, '2026-11-16T07:40:00Z'],
    [5, '2026-11-16T08:00:00Z'],
    [500, '2026-11-16T08:00:00Z'],
  ])('is asked for again after refusal %i at %s', (count, next) => {
    expect(nextStartAttempt(refused(count))).toBe(next);
  });

  it('waits until then, and says for what', () => {
    expect(startBackoff(refused(1), window, '2026-11-16T07:02:00Z', 'Europe/Berlin')).toEqual({
      reason: `AWS refused to start it at 08:00 (${code}); asked again at 08:05`,
      until: '2026-11-16T07:05:00Z',
    });
    expect(startBackoff(refused(3), window, '2026-11-16T07:15:00Z', 'Europe/Berlin')?.reason).toBe(
      `AWS refused to start it at 08:00 (${code}, 3 times in this window); asked again at 08:20`,
    );
  });

  it.each([
    ['a minute before the time', '2026-11-16T07:19:00Z', undefined],
    ['more than a minute before it', '2026-11-16T07:18:59Z', '2026-11-16T07:20:00Z'],
    ['long after it', '2026-11-16T12:00:00Z', undefined],
  ])('counts a run that comes %s', (_, now, until) => {
    expect(startBackoff(refused(3), window, now, 'UTC')?.until).toBe(until);
  });

  it('is not held up by refusals of an earlier window, nor by none', () => {
    const yesterday = refused(5, '2026-11-15T17:30:00Z');
    expect(startBackoff(yesterday, window, '2026-11-16T07:00:00Z', 'UTC')).toBeUndefined();
    expect(countStartRefusal(yesterday, { at, code }, window)).toEqual(refused(1));
    expect(startBackoff(undefined, window, at, 'UTC')).toBeUndefined();
  });

  it('counts on within a window, whatever the code', () => {
    const next = { at: '2026-11-16T07:05:00Z', code: 'VcpuLimitExceeded' };
    expect(countStartRefusal(refused(1), next, window)).toEqual({ ...next, count: 2 });
  });

  it('is told at the first refusal, and again when it came up after all', () => {
    expect(startNews(undefined, 'refused', window)).toBe('refused');
    expect(startNews(refused(1), 'refused', window)).toBeUndefined();
    expect(startNews(refused(7), 'refused', window)).toBeUndefined();
    expect(startNews(refused(7), 'done', window)).toBe('started-after-all');
    expect(startNews(undefined, 'done', window)).toBeUndefined();
    expect(startNews(refused(7, '2026-11-15T17:30:00Z'), 'refused', window)).toBe('refused');
  });

  it('is told when its window has closed without it, even where that run was skipped', () => {
    expect(hasMissedWindow(refused(4), window)).toBe(false);
    expect(hasMissedWindow(refused(4), { state: 'down', since: '2026-11-16T18:00:00Z' })).toBe(true);
    // Its tag was changed since, to hours in which it is down.
    expect(hasMissedWindow(refused(4), { state: 'down', since: '2026-11-15T18:00:00Z' })).toBe(true);
    const nextDay = { state: 'up', since: '2026-11-17T07:00:00Z' } as const;
    expect(hasMissedWindow(refused(4), nextDay)).toBe(true);
    expect(hasMissedWindow(undefined, { state: 'down', since: '2026-11-16T18:00:00Z' })).toBe(false);
  });

  it('is asked for 14 times at most in a window of eleven hours, by a run every five minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: -30_000, max: 30_000 }), (offset) => {
        let refusals: StartRefusals | undefined;
        const asked: number[] = [];
        for (let minute = 0; minute < 11 * 60; minute += 5) {
          const now = addMilliseconds('2026-11-16T07:00:30Z', minute * 60_000 + offset);
          if (startBackoff(refusals, window, now, 'UTC')) continue;
          asked.push(minute);
          refusals = countStartRefusal(refusals, { at: now, code }, window);
        }
        expect(asked.slice(0, 7)).toEqual([0, 5, 15, 35, 75, 135, 195]);
        expect(asked.length).toBeLessThanOrEqual(14);
      }),
    );
  });
});
