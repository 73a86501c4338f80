import fc from 'fast-check';
import { expect, it } from 'vitest';
import { asTag } from '../../shared/schedule/as-tag.ts';
import type { Schedule, Window } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';
import { transitions } from '../../shared/schedule/window.ts';

const scheduleOf = (windows: Window[], changes: Partial<Schedule> = {}): Schedule => ({
  hours: '',
  windows,
  timeZone: 'Europe/Berlin',
  always: false,
  start: false,
  hibernate: false,
  ...changes,
});

it.each<[Window[], string | undefined]>([
  [[{ days: [1, 2, 3, 4, 5], start: 420, end: 1140 }], 'Mon-Fri 07:00-19:00 Europe/Berlin'],
  [[{ days: [1, 2, 4, 5, 6], start: 1320, end: 1800 }], 'Mon,Tue,Thu-Sat 22:00-06:00 Europe/Berlin'],
  [
    [{ days: [1], start: 420, end: 4 * 1440 + 1140 }],
    'Mon 07:00-24:00, Tue-Thu 00:00-24:00, Fri 00:00-19:00 Europe/Berlin',
  ],
  [[], undefined],
  [[{ days: [1], start: 0, end: 60, passive: true }], undefined],
  [[{ days: [1], start: 0, end: 60, rule: { months: [12] } }], undefined],
])('%j is the tag %s', (windows, expected) => {
  expect(asTag(scheduleOf(windows))).toBe(expected);
});

it('carries the options', () => {
  const options = { always: true, start: true, hibernate: true };
  expect(asTag(scheduleOf([{ days: [6], start: 0, end: 1440 }], options))).toBe(
    'Sat 00:00-24:00 Europe/Berlin; always; start; hibernate',
  );
});

it('is longer than a tag for many different hours, and then none', () => {
  const windows = Array.from({ length: 24 }, (_, hour) => ({
    days: [1],
    start: hour * 60,
    end: hour * 60 + 30,
  }));
  expect(asTag(scheduleOf(windows))).toBeUndefined();
});

it('means the same', () => {
  const window = fc
    .record({
      days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      start: fc.integer({ min: 0, max: 1439 }),
      length: fc.oneof(fc.integer({ min: 1, max: 1440 }), fc.integer({ min: 1, max: 7 * 1440 })),
    })
    .map(({ days, start, length }) => ({ days, start, end: start + length }));
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 2 }), (windows) => {
      const schedule = scheduleOf(windows);
      const tag = asTag(schedule);
      fc.pre(tag !== undefined);
      const parsed = parseScheduleTag(tag, { schedules: {}, timeZone: 'UTC' });
      if (parsed.kind !== 'schedule') throw new Error(`${tag}: ${JSON.stringify(parsed)}`);
      const span = ['2026-10-12T00:00:00Z', '2026-11-09T00:00:00Z'] as const;
      expect(transitions(parsed.schedule, ...span)).toEqual(transitions(schedule, ...span));
    }),
    { numRuns: 200 },
  );
});
