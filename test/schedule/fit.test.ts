import { describe, expect, it } from 'vitest';
import { fitOf, openHoursPerWeek } from '../../shared/schedule/fit.ts';
import { but, pastOf, scheduleOf, working } from '../support/past.ts';

const office = scheduleOf('Mon-Fri 08:00-18:00 UTC');

describe('how a schedule would have fitted a week', () => {
  const week = working('Mon-Fri 08:00-18:00 UTC', { weeks: 1 });

  it('saves the idle hours outside, less those that it takes to stop, each time', () => {
    // 118 hours in five nights, the last with the weekend, and the one before the first day.
    expect(fitOf(office, week, 0).hoursSaved).toBe(118);
    expect(fitOf(office, week, 1).hoursSaved).toBe(112);
    expect(fitOf(office, week, 14).hoursSaved).toBe(118 - 8 - 5 * 14);
  });

  it('saves nothing while it works outside, and waits again when that is over', () => {
    const night = but(week, 'busy', '2026-10-20T22:00:00Z', 3);
    const fit = fitOf(office, night, 1);
    expect(fit.hoursSaved).toBe(112 - 3 - 1);
    expect(fit.busyOutside).toEqual([
      { start: '2026-10-20T22:00:00Z', end: '2026-10-21T01:00:00Z', hours: 3 },
    ]);
  });

  it.each(['off', 'unknown', 'held'] as const)('saves nothing of what is %s', (state) => {
    const fit = fitOf(office, but(week, state, '2026-10-24T00:00:00Z', 48), 0);
    expect(fit.hoursSaved).toBe(118 - 48);
    expect(fit.unknownHoursOutside).toBe(state === 'unknown' ? 48 : 0);
    expect(fit.heldHoursOutside).toBe(state === 'held' ? 48 : 0);
  });

  it('takes an hour that a boundary cuts for work outside, and for idleness inside', () => {
    const cut = scheduleOf('Mon-Fri 08:30-18:00 UTC');
    expect(fitOf(cut, week, 0)).toMatchObject({ busyHoursOutside: 5, hoursSaved: 118 });
    const idle = pastOf(() => 'idle', { weeks: 1 });
    expect(fitOf(cut, idle, 0).hoursSaved).toBe(118);
  });

  it('has an hour more or less on the days on which the clock changes', () => {
    const sunday = scheduleOf('Sun 00:00-12:00 Europe/Berlin');
    const busy = pastOf(() => 'busy', { weeks: 1 });
    expect(168 - fitOf(sunday, busy, 0).busyHoursOutside).toBe(13);
  });

  it('is nothing of no hours', () => {
    expect(fitOf(office, [], 1)).toMatchObject({ busyHoursOutside: 0, hoursSaved: 0, busyOutside: [] });
  });
});

it.each([
  ['Mon-Fri 08:00-19:00 UTC', 55],
  ['Mon-Fri 22:00-06:00 UTC', 40],
  ['Sun 22:00-06:00 UTC', 8],
  ['Mon 08:00-12:00, Mon 10:00-13:30 UTC', 5.5],
  ['Mon-Sun 00:00-24:00 UTC', 168],
])('%s is open for %d hours a week', (value, hours) =>
  expect(openHoursPerWeek(scheduleOf(value))).toBe(hours),
);
