import { describe, expect, it } from 'vitest';
import { comparedDays, riseOf, weightsOf } from '../../shared/anomaly/rise.ts';
import { datesOf } from '../../shared/period.ts';

const before = datesOf({ start: '2026-10-31', end: '2026-11-14' });

const day = (date: string, excess: number, high = true) => ({
  date,
  expected: 100,
  actual: 100 + excess,
  closed: true,
  high,
});

describe('the days that are compared', () => {
  it('are those of the incident with the two weeks before it', () => {
    expect(comparedDays({ start: '2026-11-14', days: [day('2026-11-14', 800)] })).toEqual({
      before,
      after: ['2026-11-14'],
    });
  });

  it('leave out the part of a day in which it began', () => {
    const days = [day('2026-11-14', 200), day('2026-11-15', 800)];
    expect(comparedDays({ start: '2026-11-14', days }).after).toEqual(['2026-11-15']);
  });

  it('leave out days on which it was calm, and keep the first day where it was the worst', () => {
    const days = [day('2026-11-14', 800), day('2026-11-15', 3, false), day('2026-11-16', 700)];
    expect(comparedDays({ start: '2026-11-14', days }).after).toEqual(['2026-11-14', '2026-11-16']);
  });

  it('are one at least', () => {
    expect(comparedDays({ start: '2026-11-14', days: [] }).after).toEqual(['2026-11-14']);
  });
});

describe('a mean day before and after', () => {
  const isWeekend = (date: string) => [0, 6].includes(new Date(date).getUTCDay());

  it('measures a weekend by weekends', () => {
    const after = ['2026-11-14', '2026-11-15'];
    const figures = [...before, ...after].map((date) => ({ date, value: isWeekend(date) ? 20 : 100 }));
    const { before: earlier, after: later } = riseOf(figures, weightsOf({ before, after }));
    expect(later).toBeCloseTo(20);
    expect(earlier).toBeCloseTo(20);
  });

  it('takes all days where no weekday is alike', () => {
    const figures = [
      { date: '2026-11-12', value: 10 },
      { date: '2026-11-13', value: 30 },
      { date: '2026-11-14', value: 50 },
    ];
    const compared = { before: ['2026-11-12', '2026-11-13'], after: ['2026-11-14'] };
    expect(riseOf(figures, weightsOf(compared))).toEqual({ before: 20, after: 50 });
  });

  it('counts a day without a figure as nothing, and leaves out days that are not compared', () => {
    const figures = [
      { date: '2026-11-14', value: 50 },
      { date: '2026-11-20', value: 9000 },
    ];
    const compared = { before, after: ['2026-11-14', '2026-11-15'] };
    expect(riseOf(figures, weightsOf(compared))).toEqual({ before: 0, after: 25 });
  });
});
