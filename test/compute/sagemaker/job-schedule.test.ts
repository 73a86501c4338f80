import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scheduleOf } from '../../../shared/compute/sagemaker/job-schedule.ts';
import { addMilliseconds } from '../../../shared/period.ts';

const minuteMs = 60_000;
const at = (day: number, time: string, minutes = 0): string =>
  addMilliseconds(`2026-11-0${day}T${time}:00Z`, minutes * minuteMs);

/** How many of these starts come from no schedule, the first aside: it repeats nothing. */
const unscheduled = (starts: readonly string[]): number => {
  const isScheduled = scheduleOf(starts);
  return starts.slice(1).filter((start) => !isScheduled(start)).length;
};

const weekFrom = (day: number): number[] => Array.from({ length: 7 }, (_, index) => day + index);
const lateBy = (minutes: number, starts: number) =>
  fc.array(fc.nat(minutes), { minLength: starts, maxLength: starts });

describe('what a schedule starts', () => {
  it('is a job of each night, up to three quarters of an hour late', () => {
    fc.assert(
      fc.property(lateBy(45, 7), (late) => {
        expect(unscheduled(weekFrom(1).map((day, index) => at(day, '02:00', late[index])))).toBe(0);
      }),
    );
  });

  it('is a job of each night whose clocks were changed in one of them', () => {
    fc.assert(
      fc.property(fc.nat(7), fc.constantFrom('01:00', '03:00'), lateBy(30, 7), (change, then, late) => {
        const starts = weekFrom(1).map((day, index) => at(day, index < change ? '02:00' : then, late[index]));
        expect(unscheduled(starts)).toBe(0);
      }),
    );
  });

  it('is a job of every six hours, once it has come four times', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 28 }), lateBy(30, 28), (count, late) => {
        const starts = late.slice(0, count).map((minutes, index) => at(1, '02:00', index * 360 + minutes));
        expect(unscheduled(starts)).toBe(0);
      }),
    );
    expect(unscheduled([at(1, '02:00'), at(1, '08:00'), at(1, '14:00')])).toBe(2);
  });

  it('is a retry in the third night and after', () => {
    expect(
      unscheduled([at(1, '02:00'), at(2, '02:10'), at(3, '02:05'), at(3, '03:00'), at(4, '02:20')]),
    ).toBe(0);
  });
});

describe('what is started by hand', () => {
  it.each<[string, number, string[][]]>([
    ['three times in an afternoon', 2, [['13:00', '14:40', '16:10']]],
    [
      'four times on each of two days',
      7,
      [
        ['09:05', '10:20', '15:10', '16:40'],
        ['08:50', '10:45', '14:30', '17:05'],
      ],
    ],
    ['once more at an hour of a busy day', 3, [['13:00', '14:40', '16:10'], ['16:20']]],
    [
      'four times on each of five days',
      19,
      [
        ['08:12', '10:40', '11:55', '16:31'],
        ['09:03', '12:20', '13:35', '17:48'],
        ['08:31', '09:50', '14:02', '15:17'],
        ['10:05', '11:22', '15:40', '17:03'],
        ['08:55', '12:47', '14:03', '16:58'],
      ],
    ],
  ])('comes from no schedule: %s', (_, expected, days) => {
    expect(unscheduled(days.flatMap((times, index) => times.map((time) => at(index + 1, time))))).toBe(
      expected,
    );
  });
});
