import { expect, it } from 'vitest';
import { explainSchedule } from '../../shared/schedule/explain.ts';

const context = { schedules: { nights: 'Mon-Fri 22:00-06:00 UTC' }, timeZone: 'Europe/Berlin' };
const explain = (value: string) =>
  explainSchedule(value, '2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z', context);

it('explains what a tag means between two times', () => {
  expect(explain('nights; start')).toEqual({
    valid: true,
    initial: 'up',
    transitions: [
      { at: '2026-11-20T06:00:00Z', state: 'down' },
      { at: '2026-11-20T22:00:00Z', state: 'up' },
      { at: '2026-11-21T06:00:00Z', state: 'down' },
    ],
  });
});

it('explains what is never touched as always up', () => {
  expect(explain('off')).toEqual({ valid: true, initial: 'up', transitions: [] });
});

it('tells what is wrong with a value that can not be read', () => {
  expect(explain('Mon-Fri 08:00-08:00')).toEqual({
    valid: false,
    error: 'column 9: the window starts and ends at 08:00: for a whole day write 00:00-24:00',
  });
});
