import { describe, expect, it } from 'vitest';
import { type KeepWish, keepingOf, keepUntilTime, parseKeepFor } from '../../shared/schedule/keep.ts';

/** A Monday, 19:25 in Berlin. */
const now = '2026-11-16T18:25:00Z';
const until = (wish: KeepWish, timeZone = 'Europe/Berlin') => keepUntilTime(wish, timeZone, now);

describe('how long something is to be kept', () => {
  it.each([
    ['30m', 30],
    ['4h', 240],
    [' 2D ', 2880],
    ['31d', 44_640],
  ])('%s is %i minutes', (text, minutes) => {
    expect(parseKeepFor(text)).toBe(minutes);
  });

  it.each(['', '4', 'h', '0h', '-4h', '1.5h', '4 weeks', '32d', '99999h'])('%j is nothing', (text) => {
    expect(parseKeepFor(text)).toBeUndefined();
  });
});

describe('until when it is kept', () => {
  it.each<[KeepWish, string]>([
    [{ minutes: 120 }, '2026-11-16T20:25:00Z'],
    [{ until: 'tomorrow' }, '2026-11-17T07:00:00Z'],
    [{ until: '2026-11-16 22:00' }, '2026-11-16T21:00:00Z'],
    [{ until: '2026-11-17T06:00:00Z' }, '2026-11-17T06:00:00Z'],
    [{ until: '2026-11-17' }, '2026-11-17T23:00:00Z'],
  ])('%j is %s', (wish, time) => {
    expect(until(wish)).toBe(time);
  });

  it('is 08:00 on the next day of its own zone', () => {
    expect(until({ until: 'Tomorrow' }, 'Pacific/Auckland')).toBe('2026-11-17T19:00:00Z');
    expect(until({ until: 'tomorrow' }, 'America/Los_Angeles')).toBe('2026-11-17T16:00:00Z');
  });

  it.each(['2026-11-16T18:25:00Z', '2026-11-15', 'soon', '', '2026-12-18T00:00:00Z'])(
    'is never, where %j is over, too far or no time',
    (text) => {
      expect(until({ until: text })).toBeUndefined();
    },
  );
});

describe('a protection that is there', () => {
  const wished = '2026-11-16T20:25:00Z';
  const asked = { key: 'auto-stop:keep-until', timeZone: 'Europe/Berlin' };
  const keeping = (tags: Record<string, string>, state: 'running' | 'gone' = 'running') =>
    keepingOf({ state, tags }, wished, asked);

  it.each([
    ['is longer', '2026-11-20', '2026-11-20T23:00:00Z', true],
    ['is as long', '2026-11-16 21:25', wished, true],
    ['is shorter', '2026-11-16 21:00', wished, false],
    ['is over', '2026-11-10', wished, false],
  ])('is never shortened: where it %s', (_, value, until, isKeptAlready) => {
    expect(keeping({ 'auto-stop:keep-until': value })).toEqual({ until, isKeptAlready });
  });

  it('counts however its key is written, and the longest of several does', () => {
    const tags = { 'auto-stop:keep-until': '2026-11-16', 'Auto-Stop:Keep-Until': '2026-11-20' };
    expect(keeping(tags)).toEqual({ until: '2026-11-20T23:00:00Z', isKeptAlready: true });
  });

  it('that can not be read protects without an end, and is not overwritten', () => {
    expect(keeping({ 'auto-stop:keep-until': 'next friday' })).toEqual({
      refusal:
        'is kept by its tag "auto-stop:keep-until" already, which is no date or date-time: "next friday"; correct or remove it first',
    });
  });

  it('is of no use to what is gone', () => {
    expect(keeping({}, 'gone')).toEqual({ refusal: 'is gone, so that there is nothing to keep' });
  });
});
