import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { course, overAt, valueAt } from '../../../cli/sample/course.ts';

const percent = course(z.number().min(0).max(100));
const at = (time: string): number => Date.parse(`2026-11-16T${time}:00Z`);

describe('a course over time', () => {
  it('is a number that always holds', () => {
    const constant = percent.parse(38);
    expect([valueAt(constant, 0), valueAt(constant, at('12:00')), overAt(constant)]).toEqual([
      38,
      38,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('holds each value until its time, which is not its own any more, and the last one for good', () => {
    const steps = percent.parse([{ until: '2026-11-16T08:00:00Z', value: 90 }, { value: 10 }]);
    expect([valueAt(steps, at('07:59')), valueAt(steps, at('08:00')), valueAt(steps, at('23:00'))]).toEqual([
      90, 10, 10,
    ]);
  });

  it('comes in bursts, counted from midnight', () => {
    const bursts = percent.parse({ pulse: { every: 30, for: 5, value: 88, rest: 2 } });
    const times = ['09:00', '09:04', '09:05', '09:29', '09:30'];
    expect(times.map((time) => valueAt(bursts, at(time)))).toEqual([88, 88, 2, 2, 88]);
  });

  it('may come in bursts for a while', () => {
    const ending = percent.parse([
      { until: '2026-11-16T08:00:00Z', pulse: { every: 2, for: 1, value: 90 } },
      { value: 0 },
    ]);
    expect([
      valueAt(ending, at('07:58')),
      valueAt(ending, at('07:59')),
      valueAt(ending, at('08:00')),
    ]).toEqual([90, 0, 0]);
    expect(overAt(ending)).toBe(at('08:00'));
  });

  it('follows hours of the week on the clock of their zone, but for some dates', () => {
    const office = percent.parse({
      week: { hours: 'Mon-Fri 09:00-18:00 Europe/Berlin', without: ['2026-11-17'], value: 60, rest: 2 },
    });
    const times = [
      '2026-10-23T06:59:00Z', // in summer time
      '2026-10-23T07:00:00Z',
      '2026-10-26T07:59:00Z',
      '2026-10-26T08:00:00Z',
      '2026-10-26T17:00:00Z',
      '2026-11-15T10:00:00Z', // a Sunday
      '2026-11-17T10:00:00Z',
      '2026-11-16T10:00:00Z',
    ];
    expect(times.map((time) => valueAt(office, Date.parse(time)))).toEqual([2, 60, 2, 60, 2, 2, 2, 60]);
    expect(overAt(office)).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['hours that nobody can read', { week: { hours: 'weekdays 9 to 5', value: 60 } }],
    ['no hours', { week: { hours: 'off', value: 60 } }],
    ['a burst without length', { pulse: { every: 30, for: 0, value: 88 } }],
    ['more than there is', 101],
    ['no stretch at all', []],
    ['a value and a burst at once', [{ value: 1, pulse: { every: 2, for: 1, value: 90 } }]],
  ])('is refused with %s', (_, written) => {
    expect(percent.safeParse(written).success).toBe(false);
  });

  it('was over before it began where it is always 0', () => {
    expect(overAt(percent.parse(0))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is 0 from the time on at which it is over, whatever it looked like', () => {
    const stretch = fc.record({ hour: fc.integer({ min: 0, max: 23 }), value: fc.constantFrom(0, 20, 90) });
    fc.assert(
      fc.property(
        fc.array(stretch, { minLength: 1 }),
        fc.integer({ min: 0, max: 2000 }),
        (stretches, later) => {
          const sorted = stretches.toSorted((one, other) => one.hour - other.hour);
          const steps = percent.parse(
            sorted.map(({ hour, value }) => ({
              until: `2026-11-16T${String(hour).padStart(2, '0')}:00:00Z`,
              value,
            })),
          );
          const end = overAt(steps);
          if (Number.isFinite(end)) expect(valueAt(steps, end + later * 60_000)).toBe(0);
          else if (end > 0) expect(valueAt(steps, at('23:59'))).toBeGreaterThan(0);
          else expect(sorted.every(({ value }) => value === 0)).toBe(true);
        },
      ),
    );
  });
});
