import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeDay, type Verdict } from '../../shared/anomaly/detection.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { figures, figuresBetween, isWeekend, weekday } from '../support/spend.ts';

const policy = toPolicy('balanced', 25);

/** Judges the last of the days by those before it. */
const judgeLast = (days: readonly DailyFigure[]): Verdict => {
  const last = days.at(-1);
  if (last === undefined) throw new Error('no day to judge');
  return judgeDay(days.slice(0, -1), last, policy);
};

const noisy = (base: number, index: number) => base * (1 + 0.05 * Math.sin(index * 2.4));

describe('a day that is told', () => {
  it('costs far more than the days before it', () => {
    const verdict = judgeLast(figures([...Array(60).fill(100), 400], '2026-11-12'));
    expect(verdict).toMatchObject({ state: 'anomalous', test: 'day', actual: 400 });
    expect(verdict.expected).toBeCloseTo(100, 5);
    expect(verdict.reason).toBe(
      '$400.00 on a day that should cost $100.00, and for which up to $125.00 would be usual.',
    );
  });

  it('is a Saturday without its weekend dip', () => {
    const working = (date: string) => (isWeekend(date) ? 40 : 200);
    const days = figuresBetween('2026-09-01', '2026-11-13', working);
    const verdict = judgeLast([...days, { date: '2026-11-14', amount: 200, closed: true }]);
    expect(verdict.state).toBe('anomalous');
    expect(verdict.expected).toBeCloseTo(40, 5);
  });

  it('is the first day of a new service above the floor, without a percentage to show', () => {
    const verdict = judgeLast(figures([...Array(60).fill(0), 300], '2026-11-12'));
    expect(verdict).toMatchObject({ state: 'anomalous', test: 'new', expected: 0 });
    expect(verdict.reason).toBe('New: $300.00 on a day, where it cost nothing so far.');
  });

  it('follows another anomaly that is still in the window', () => {
    const amounts = [...Array(50).fill(100), 900, ...Array(9).fill(100), 500];
    expect(judgeLast(figures(amounts, '2026-11-12')).state).toBe('anomalous');
  });

  it('completes a week that lies above all weeks before it, though no day alone does', () => {
    const amounts = [...Array.from({ length: 56 }, (_, index) => noisy(200, index)), ...Array(7).fill(240)];
    const verdict = judgeLast(figures(amounts, '2026-11-12'));
    expect(verdict).toMatchObject({ state: 'anomalous', test: 'sustained' });
    expect(verdict.earlier?.[0]?.date).toBe('2026-11-06');
  });

  it('is above the limit already though its figure is still filling', () => {
    const days = figures(Array(60).fill(100), '2026-11-14');
    const verdict = judgeDay(days, { date: '2026-11-15', amount: 300, closed: false }, policy);
    expect(verdict).toMatchObject({ state: 'anomalous', closed: false });
  });
});

describe('a day that is not told', () => {
  const quiet: [string, readonly DailyFigure[]][] = [
    ['costs what the days before it cost', figures(Array(61).fill(100), '2026-11-12')],
    ['costs a cent more than a flat series', figures([...Array(60).fill(100), 100.01], '2026-11-12')],
    ['exceeds by less than the floor', figures([...Array(60).fill(4), 28], '2026-11-12')],
    ['has ten decimals and no dollars', figures([...Array(60).fill(0.0000008), 0.0000016], '2026-11-12')],
    ['is cheaper than expected', figures([...Array(60).fill(100), 10], '2026-11-12')],
    ['gives money back', figures([...Array(60).fill(100), -40], '2026-11-12')],
    ['follows a day that gave money back', figures([...Array(59).fill(100), -900, 100], '2026-11-12')],
    ['is a new service below the floor', figures([...Array(60).fill(0), 20], '2026-11-12')],
    [
      'is one of noise that a month of history shows too little of',
      figures(
        [
          244, 291, 272, 74, 64, 275, 256, 246, 237, 280, 72, 70, 266, 244, 252, 289, 270, 71, 69, 292, 245,
          263, 305, 268, 71, 74, 268, 268, 270, 293, 304, 69, 74, 256, 322,
        ],
        '2026-06-23',
      ),
    ],
    [
      'ends a week that is dearer for three days and, by a few dollars, on a cheap weekend',
      figures(
        [
          45, 45, 323, 316, 326, 327, 345, 65, 65, 329, 327, 329, 319, 328, 65, 65, 350, 327, 326, 319, 352,
          66, 66, 346, 323, 332, 344, 344, 66, 66, 321, 322, 353, 345, 354, 66, 66, 353, 340, 328, 340, 358,
          66, 66, 342, 350, 336, 360, 346, 66, 66, 342, 347, 364, 348, 366, 84, 84, 378, 352, 427, 450, 398,
        ],
        '2026-10-02',
      ),
    ],
    [
      'is a Monday after the weekend',
      figuresBetween('2026-09-01', '2026-11-16', (date) => (isWeekend(date) ? 40 : 200)),
    ],
    [
      'is the Saturday on which models are trained every week',
      figuresBetween('2026-09-01', '2026-11-14', (date) => (weekday(date) === 6 ? 500 : 90)),
    ],
    [
      'is a day of steady growth',
      figures(
        Array.from({ length: 90 }, (_, index) => 100 + index),
        '2026-11-12',
      ),
    ],
    [
      'brings the fee that came on the same day of earlier months',
      figuresBetween('2026-08-01', '2026-11-03', (date) => (date.endsWith('-03') ? 1500 : 100)),
    ],
    [
      'is one of the days on which a batch runs now and then',
      figures(
        Array.from({ length: 80 }, (_, index) => (index % 11 === 2 ? 300 : 0)),
        '2026-11-12',
      ),
    ],
  ];
  it.each(quiet)('%s', (_, days) => {
    expect(judgeLast(days)).toMatchObject({ state: 'normal' });
  });

  it('is held on the 1st, when fees fall due, until the next day tells', () => {
    const verdict = judgeLast(figures([...Array(60).fill(100), 1500], '2026-11-01'));
    expect(verdict.state).toBe('held');
  });

  it('is a fee on the last day of a shorter month', () => {
    const fees = new Set(['2026-01-31', '2026-02-28']);
    const days = figuresBetween('2025-12-01', '2026-02-28', (date) => (fees.has(date) ? 1500 : 100));
    expect(judgeLast(days).state).toBe('normal');
  });
});

describe('a day that cannot be judged', () => {
  it('has too little history, and says so', () => {
    expect(judgeLast(figures(Array(12).fill(100), '2026-11-12'))).toMatchObject({
      state: 'unknown',
      reason: 'Too little history to judge: 11 of 21 days.',
    });
  });

  it('was never read', () => {
    const days = figures([...Array(60).fill(100), undefined], '2026-11-12');
    expect(judgeLast(days)).toMatchObject({ state: 'unknown', reason: 'The day was never read.' });
  });

  it('is judged without the days that were never read, not as if they had cost nothing', () => {
    const amounts = [...Array(40).fill(100), ...Array(8).fill(undefined), 100];
    const verdict = judgeLast(figures(amounts, '2026-11-12'));
    expect(verdict.state).toBe('normal');
    expect(verdict.expected).toBeCloseTo(100, 5);
  });

  it('does not learn from figures that are still filling', () => {
    const days = figures(Array(60).fill(100), '2026-11-12').map((day, index) =>
      index >= 58 ? { ...day, amount: 3, closed: false } : day,
    );
    const verdict = judgeDay(days, { date: '2026-11-13', amount: 100, closed: true }, policy);
    expect(verdict.expected).toBeCloseTo(100, 5);
  });
});

describe('sensitivity', () => {
  const days = figures([...Array.from({ length: 60 }, (_, index) => noisy(200, index)), 255], '2026-11-12');
  it.each([
    ['quiet', 'normal'],
    ['balanced', 'normal'],
    ['eager', 'anomalous'],
  ] as const)('%s finds a moderate rise %s', (sensitivity, state) => {
    const verdict = judgeDay(
      days.slice(0, -1),
      { date: '2026-11-12', amount: 255, closed: true },
      toPolicy(sensitivity, 25),
    );
    expect(verdict.state).toBe(state);
  });
});

describe('whatever the figures are', () => {
  const amounts = fc.array(
    fc.oneof(fc.constant(0), fc.double({ min: -1000, max: 1e6, noNaN: true }), fc.constant(undefined)),
    { minLength: 1, maxLength: 90 },
  );

  it('a verdict has numbers or none, never NaN or infinity', () => {
    fc.assert(
      fc.property(amounts, fc.double({ min: 0, max: 1000, noNaN: true }), (spend, floor) => {
        const days = figures(spend, '2026-11-12');
        const last = days.at(-1) as DailyFigure;
        const { expected = 0, limit = 0 } = judgeDay(days.slice(0, -1), last, toPolicy('balanced', floor));
        expect([expected, limit].every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('only a day that exceeds the expected by more than the floor is anomalous', () => {
    fc.assert(
      fc.property(amounts, fc.double({ min: 1, max: 1000, noNaN: true }), (spend, floor) => {
        const days = figures(spend, '2026-11-12');
        const last = days.at(-1) as DailyFigure;
        const verdict = judgeDay(days.slice(0, -1), last, toPolicy('balanced', floor));
        const isTold = verdict.state === 'anomalous' && verdict.test !== 'sustained';
        expect(isTold && (verdict.actual ?? 0) - (verdict.expected ?? 0) < floor).toBe(false);
      }),
    );
  });

  it('another unit of money changes no verdict', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 40, maxLength: 80 }), (spend) => {
        const judge = (factor: number) => {
          const days = figures(
            spend.map((amount) => amount * factor),
            '2026-11-12',
          );
          return judgeDay(days.slice(0, -1), days.at(-1) as DailyFigure, toPolicy('balanced', 25 * factor));
        };
        expect(judge(1024).state).toBe(judge(1).state);
      }),
    );
  });
});
