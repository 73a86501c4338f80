import { describe, expect, it } from 'vitest';
import { reasonOf, type Verdict } from '../../shared/anomaly/verdict.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { judgeLast } from '../support/detector.ts';
import { figures } from '../support/spend.ts';

const flat = (last: number | undefined, through = '2026-11-12') =>
  figures([...Array(60).fill(100), last], through);
/** 300 dollars every third day. */
const batch = (last: number) => figures([...Array(20).fill([300, 0, 0]).flat(), last], '2026-11-12');

describe('why', () => {
  const told: [string, readonly DailyFigure[], string][] = [
    [
      'a day is too dear',
      flat(400),
      '$400.00 on a day that should cost $100.00, and for which up to $125.00 would be usual.',
    ],
    [
      'a day is held',
      flat(1500, '2026-11-01'),
      '$1,500.00 on a day that should cost $100.00, and for which up to $125.00 would be usual. Held: it may be a fee, the next day tells.',
    ],
    [
      'several days are',
      figures([...Array(60).fill(1000), ...Array(2).fill(1240)], '2026-08-12'),
      '$2,480.00 in 2 days that should cost $2,000.00, a rise beyond any of the last weeks.',
    ],
    [
      'what cost nothing is',
      figures([...Array(60).fill(0), 300], '2026-11-12'),
      'New: $300.00 on a day, where it cost nothing so far.',
    ],
    [
      'what is new is',
      figures([...Array(60).fill(0), 20, 300], '2026-11-12'),
      'New: $300.00 on a day, where it never cost more than $20.00 a day.',
    ],
    ['a run is', batch(700), '$700.00 at once, where a run costs $300.00 and up to $475.00 would be usual.'],
    [
      'a run is on a day without one',
      figures(
        [
          ...Array(12)
            .fill([300, ...Array(13).fill(0)])
            .flat(),
          300,
          0,
          0,
          300,
        ],
        '2026-11-12',
      ),
      '$300.00 on a day without a run: one comes every 14 days.',
    ],
    [
      'a run without a rest is',
      figures([...Array(15).fill([300, 300, 0, 0]).flat(), ...Array(13).fill(300)], '2026-11-12'),
      '$3,900.00 in 13 days without a rest, where it used to rest in between.',
    ],
    ['a day is as usual', flat(100), 'Within what is usual for the day.'],
    ['a run is as usual', batch(300), 'Within what a run costs.'],
    [
      'what is new is no matter',
      figures([...Array(60).fill(0), 3], '2026-11-12'),
      'New, and below the floor.',
    ],
    ['nothing is known', flat(undefined), 'The day was never read.'],
    [
      'nothing can be said',
      figures(Array(12).fill(100), '2026-11-12'),
      'Too little history to judge: 11 of 21 days.',
    ],
  ];
  it.each(told)('%s', (_, days, reason) => {
    expect(reasonOf(judgeLast(days), 'USD')).toBe(reason);
  });

  it('is said in the currency of the spend', () => {
    const verdict: Verdict = judgeLast(flat(400));
    expect(reasonOf(verdict, 'CNY')).toMatch(/^CN¥400\.00 on a day/);
  });
});
