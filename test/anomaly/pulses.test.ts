import { describe, expect, it } from 'vitest';
import { daysBetween, type IsoDate } from '../../shared/period.ts';
import { judgeLast, learn, turnsOf } from '../support/detector.ts';
import { figures, figuresBetween } from '../support/spend.ts';

const start = '2026-01-05';
const indexOf = (date: IsoDate) => daysBetween(start, date);
/** A batch that runs every so many days, for 300 dollars unless a date has an amount of its own. */
const batch = (every: number, through: IsoDate, own: Record<IsoDate, number> = {}) =>
  figuresBetween(start, through, (date) => own[date] ?? (indexOf(date) % every === 0 ? 300 : 0));

describe('a batch that runs now and then', () => {
  it.each([3, 7, 11, 14, 30])('every %d days is no incident', (every) => {
    expect(turnsOf(learn(batch(every, '2026-12-30')))).toEqual([]);
  });

  it('is expected to cost what its runs cost, and nothing on other days', () => {
    const run = judgeLast(batch(3, '2026-05-05'));
    expect(run).toMatchObject({ test: 'pulse', state: 'normal', grounds: { of: 'pulse' } });
    expect(run.expected).toBeCloseTo(300, 2);
    expect(judgeLast(batch(3, '2026-05-06'))).toMatchObject({ test: 'pulse', expected: 0 });
  });

  it('may cost half as much again as the dearest run, and not twice as much', () => {
    expect(judgeLast(batch(3, '2026-05-05', { '2026-05-05': 470 })).state).toBe('normal');
    expect(judgeLast(batch(3, '2026-05-05', { '2026-05-05': 600 }))).toMatchObject({
      state: 'anomalous',
      span: 1,
    });
  });

  it('is told on a day on which none is due', () => {
    const verdict = judgeLast(batch(14, '2026-08-06', { '2026-08-06': 300 }));
    expect(verdict).toMatchObject({ state: 'anomalous', expected: 0, grounds: { every: 14 } });
  });

  it('may come a day early', () => {
    expect(judgeLast(batch(14, '2026-08-16', { '2026-08-16': 300 })).state).toBe('normal');
  });

  it('is told where it never rests, by all days of the run', () => {
    const days = figures([...Array(15).fill([300, 300, 0, 0]).flat(), ...Array(13).fill(300)], '2026-05-11');
    const verdict = judgeLast(days);
    expect(verdict).toMatchObject({
      state: 'anomalous',
      test: 'pulse',
      span: 13,
      grounds: { of: 'run', actual: 3900 },
    });
    expect(verdict.expected).toBeGreaterThan(100); // what it costs on the mean, rests included
    expect(judgeLast(days.slice(0, -1)).state).toBe('normal');
  });

  it('that runs on working days is judged by the weekday', () => {
    const days = figuresBetween(start, '2026-05-05', (date) => (indexOf(date) % 7 < 5 ? 300 : 0));
    expect(judgeLast(days)).toMatchObject({ test: 'day', state: 'normal' });
    const weekend = [...days.slice(0, -3), { date: '2026-05-03', amount: 300, closed: true }];
    expect(judgeLast(weekend)).toMatchObject({ test: 'day', state: 'anomalous' });
  });

  it('needs four runs before it is judged by them', () => {
    expect(judgeLast(batch(14, '2026-02-15')).test).toBe('new');
    expect(judgeLast(batch(14, '2026-03-02')).test).toBe('pulse');
  });

  it('is held on the 1st, where another fee may have come', () => {
    expect(judgeLast(batch(3, '2026-06-01', { '2026-06-01': 900 })).state).toBe('held');
  });
});
