import { describe, expect, it } from 'vitest';
import { noAllowance } from '../../shared/anomaly/allowance.ts';
import { assumeDay, judgeDay, learnDay } from '../../shared/anomaly/detector.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import { toDay } from '../../shared/period.ts';
import type { DailyFigure } from '../../shared/spend/series.ts';
import { datesOfState, judgeLast, learn, policy, turnsOf } from '../support/detector.ts';
import { figures, figuresBetween, isWeekend, weekday } from '../support/spend.ts';

const noisy = (base: number, index: number) => base * (1 + 0.05 * Math.sin(index * 2.4));
const noisyDays = (base: number, days: number) =>
  Array.from({ length: days }, (_, index) => noisy(base, index));

describe('a day that is told', () => {
  it('costs far more than the days before it', () => {
    const verdict = judgeLast(figures([...Array(60).fill(100), 400], '2026-11-12'));
    expect(verdict).toMatchObject({ state: 'anomalous', test: 'day', actual: 400, high: true });
    expect(verdict.expected).toBeCloseTo(100, 3);
    expect(verdict.limit).toBeCloseTo(125, 3);
  });

  it('is a Saturday without its weekend dip', () => {
    const working = (date: string) => (isWeekend(date) ? 40 : 200);
    const days = figuresBetween('2026-09-01', '2026-11-13', working);
    const verdict = judgeLast([...days, { date: '2026-11-14', amount: 200, closed: true }]);
    expect(verdict.state).toBe('anomalous');
    expect(verdict.expected).toBeCloseTo(40, 3);
  });

  it('is the first day of a new service above the floor, without a percentage to show', () => {
    const verdict = judgeLast(figures([...Array(60).fill(0), 300], '2026-11-12'));
    expect(verdict).toMatchObject({ state: 'anomalous', test: 'new', expected: 0, limit: 25 });
  });

  it.each([9, 20])('follows another one %d days ago, which hides nothing', (days) => {
    const amounts = [...Array(50).fill(100), 900, ...Array(days).fill(100), 500];
    expect(judgeLast(figures(amounts, '2026-11-12')).state).toBe('anomalous');
  });

  it('is a Wednesday as dear as only a Thursday was', () => {
    const days = figuresBetween('2026-09-01', '2026-11-11', (date) =>
      date === '2026-11-11' ? 148 : date === '2026-10-22' ? 124 : 100,
    );
    expect(judgeLast(days).state).toBe('anomalous');
  });

  it('costs three times the dearest day, however noisy the series', () => {
    const wild = Array.from({ length: 60 }, (_, index) => (index % 5 === 2 ? 400 : 100));
    expect(judgeLast(figures([...wild, 1000], '2026-11-13')).state).toBe('normal');
    expect(judgeLast(figures([...wild, 1300], '2026-11-13')).state).toBe('anomalous');
  });

  it('is above the limit already though its figure is still filling', () => {
    const { state } = learn(figures(Array(60).fill(100), '2026-11-14'));
    const verdict = judgeDay(state, { day: toDay('2026-11-15'), amount: 300 }, policy, noAllowance, 0);
    expect(verdict).toMatchObject({ state: 'anomalous', actual: 300 });
  });
});

describe('a day that is not told', () => {
  const quiet: [string, readonly DailyFigure[]][] = [
    ['costs what the days before it cost', figures(Array(61).fill(100), '2026-11-12')],
    ['costs a cent more than a flat series', figures([...Array(60).fill(100), 100.01], '2026-11-12')],
    ['exceeds by less than the floor', figures([...Array(60).fill(4), 28], '2026-11-12')],
    ['exceeds by less than a quarter', figures([...Array(60).fill(1000), 1240], '2026-11-12')],
    ['has ten decimals and no dollars', figures([...Array(60).fill(0.0000008), 0.0000016], '2026-11-12')],
    ['is cheaper than expected', figures([...Array(60).fill(100), 10], '2026-11-12')],
    ['gives money back', figures([...Array(60).fill(100), -40], '2026-11-12')],
    ['follows a day that gave money back', figures([...Array(59).fill(100), -900, 100], '2026-11-12')],
    ['is a new service below the floor', figures([...Array(60).fill(0), 20], '2026-11-12')],
    [
      'is a Thursday, of which one was nearly as dear a few weeks ago',
      figuresBetween('2026-09-01', '2026-11-12', (date) =>
        date === '2026-11-12' ? 148 : date === '2026-10-22' ? 124 : 100,
      ),
    ],
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
      'is a Monday after the weekend',
      figuresBetween('2026-09-01', '2026-11-16', (date) => (isWeekend(date) ? 40 : 200)),
    ],
    [
      'is the Saturday on which models are trained every week',
      figuresBetween('2026-09-01', '2026-11-14', (date) => (weekday(date) === 6 ? 500 : 90)),
    ],
  ];
  it.each(quiet)('%s', (_, days) => {
    expect(judgeLast(days)).toMatchObject({ state: 'normal' });
  });

  it('was dear before a short step down, and is so again', () => {
    const amounts = [...Array(60).fill(400), ...Array(10).fill(100), ...Array(20).fill(400)];
    expect(turnsOf(learn(figures(amounts, '2026-11-12')))).toEqual([]);
  });

  it('is one of a level that was left, on the day after the step down', () => {
    const { state } = learn(figures([...Array(60).fill(400), ...Array(6).fill(100)], '2026-11-12'));
    const verdict = judgeDay(state, { day: toDay('2026-11-13'), amount: 100 }, policy);
    expect(verdict.expected).toBeCloseTo(100, 3);
  });
});

describe('a day that cannot be judged', () => {
  it('has too little history', () => {
    const verdict = judgeLast(figures(Array(12).fill(100), '2026-11-12'));
    expect(verdict).toMatchObject({ state: 'unknown', expected: Number.NaN, limit: Number.NaN });
    expect(verdict.grounds).toEqual({ of: 'history', known: 11, needed: 21 });
  });

  it('was never read', () => {
    const verdict = judgeLast(figures([...Array(60).fill(100), undefined], '2026-11-12'));
    expect(verdict).toMatchObject({ state: 'unknown', actual: Number.NaN, grounds: { of: 'unread' } });
  });
});

describe('days that were never read', () => {
  it('are not learnt as if they had cost nothing', () => {
    const amounts = [...Array(40).fill(100), ...Array(8).fill(undefined), 100];
    const verdict = judgeLast(figures(amounts, '2026-11-12'));
    expect(verdict.state).toBe('normal');
    expect(verdict.expected).toBeCloseTo(100, 3);
  });

  it('neither open nor end an incident', () => {
    const amounts = [...Array(60).fill(100), undefined, 400, undefined, undefined, 400, 100, 100];
    expect(turnsOf(learn(figures(amounts, '2026-11-12')))).toEqual([
      ['2026-11-07', 'opens'],
      ['2026-11-12', 'recovers'],
    ]);
  });
});

describe('days that still fill', () => {
  it('change nothing of what is known', () => {
    const { state } = learn(figures(Array(60).fill(100), '2026-11-12'));
    const before = state.slice();
    const eve = { day: toDay('2026-11-13'), amount: 3 };
    const verdict = judgeDay(state, eve, policy, noAllowance, 1);
    const next = judgeDay(assumeDay(state, eve, verdict, 1), { day: eve.day + 1, amount: 100 }, policy);
    expect(next.expected).toBeCloseTo(100, 3);
    expect(state).toEqual(before);
  });

  it('count in a span that ends on the next one', () => {
    const { state } = learn(figures(noisyDays(200, 70), '2026-11-12'));
    const eve = { day: toDay('2026-11-13'), amount: 249 };
    const verdict = judgeDay(state, eve, policy, noAllowance, 1);
    const last = { day: eve.day + 1, amount: 249 };
    expect(verdict.state).toBe('normal');
    expect(judgeDay(state, last, policy, noAllowance, 0).state).toBe('normal');
    const assumed = assumeDay(state, eve, verdict, 1);
    expect(judgeDay(assumed, last, policy, noAllowance, 0)).toMatchObject({ test: 'span', span: 2 });
  });
});

describe('sensitivity', () => {
  const days = figures([...noisyDays(200, 60), 255], '2026-11-12');
  it.each([
    ['quiet', 'normal'],
    ['balanced', 'normal'],
    ['eager', 'anomalous'],
  ] as const)('%s finds a moderate rise %s', (sensitivity, state) => {
    expect(judgeLast(days, toPolicy(sensitivity, 25)).state).toBe(state);
  });

  const week = figures([...noisyDays(200, 63), ...Array(7).fill(232)], '2026-11-12');
  it.each([
    ['quiet', []],
    ['balanced', ['2026-11-11']],
    ['eager', ['2026-11-10']],
  ] as const)('%s finds a small lasting rise on %j', (sensitivity, dates) => {
    const learnt = learn(week, { policy: toPolicy(sensitivity, 25) });
    expect(turnsOf(learnt).map(([date]) => date)).toEqual(dates);
  });
});

describe('what was planned', () => {
  const days = figures([...Array(60).fill(100), ...Array(10).fill(220), 100, 100], '2026-11-14');
  const during = (date: string) => date >= '2026-11-03' && date <= '2026-11-12';

  it('is no incident within what it may cost', () => {
    const allowanceOn = (date: string) => (during(date) ? { ...noAllowance, factor: 2.5 } : noAllowance);
    expect(turnsOf(learn(days, { allowanceOn }))).toEqual([]);
  });

  it('is none by dollars either', () => {
    const allowanceOn = (date: string) => (during(date) ? { ...noAllowance, excess: 130 } : noAllowance);
    expect(turnsOf(learn(days, { allowanceOn }))).toEqual([]);
  });

  it('is one where it costs more than that', () => {
    const allowanceOn = (date: string) => (during(date) ? { ...noAllowance, factor: 1.9 } : noAllowance);
    expect(turnsOf(learn(days, { allowanceOn }))[0]).toEqual(['2026-11-03', 'opens']);
  });

  it('is not what is expected afterwards', () => {
    const allowanceOn = (date: string) => (during(date) ? { ...noAllowance, factor: 2.5 } : noAllowance);
    const last = learn(days, { allowanceOn }).days.at(-1)?.verdict;
    expect(last?.expected).toBeCloseTo(100, 3);
  });
});

describe('an incident', () => {
  it('opens, and recovers after two calm days', () => {
    const learnt = learn(figures([...Array(60).fill(100), 400, 400, 100, 100, 100], '2026-11-12'));
    expect(turnsOf(learnt)).toEqual([
      ['2026-11-08', 'opens'],
      ['2026-11-11', 'recovers'],
    ]);
  });

  it('goes on through one calm day', () => {
    const learnt = learn(figures([...Array(60).fill(100), 400, 100, 400, 100], '2026-11-12'));
    expect(turnsOf(learnt)).toEqual([['2026-11-09', 'opens']]);
  });

  it('goes on while a quarter of its excess is left, though that alone would be usual', () => {
    const turnsAt = (left: number) =>
      turnsOf(learn(figures([...Array(60).fill(100), 160, 160, left, left], '2026-11-12')));
    expect(turnsAt(116)).toEqual([['2026-11-09', 'opens']]);
    expect(turnsAt(114)).toEqual([
      ['2026-11-09', 'opens'],
      ['2026-11-12', 'recovers'],
    ]);
  });

  it('is the same one where it comes back within eight days', () => {
    const again = (pause: number, amount: number) =>
      turnsOf(
        learn(figures([...Array(60).fill(100), 400, ...Array(pause).fill(100), amount], '2026-11-12')),
      ).at(-1);
    expect(again(7, 400)).toEqual(['2026-11-12', 'returns']);
    expect(again(8, 400)).toEqual(['2026-11-12', 'opens']);
    expect(again(3, 900)).toEqual(['2026-11-12', 'opens']); // far larger: another one
  });

  it('that shows every weekend is one, until it is accepted', () => {
    const days = figuresBetween('2026-01-05', '2026-06-30', (date) =>
      isWeekend(date) && date >= '2026-05-01' ? 300 : 100,
    );
    expect(turnsOf(learn(days))).toEqual([
      ['2026-05-02', 'opens'],
      ['2026-05-05', 'recovers'],
      ['2026-05-09', 'returns'],
      ['2026-05-12', 'recovers'],
      ['2026-05-16', 'returns'],
      ['2026-05-19', 'recovers'],
      ['2026-05-23', 'is accepted'],
    ]);
  });

  it('is the new normal after 21 closed days, and the next leak is found', () => {
    const amounts = [...Array(60).fill(100), ...Array(30).fill(400), ...Array(3).fill(1300)];
    const learnt = learn(figures(amounts, '2026-11-12'));
    expect(turnsOf(learnt)).toEqual([
      ['2026-10-11', 'opens'],
      ['2026-10-31', 'is accepted'],
      ['2026-11-10', 'opens'],
    ]);
    expect(learnt.days.at(-3)?.verdict.expected).toBeCloseTo(400, 3);
  });

  it('that was planned until a date is not the new normal 21 days after it began, but after the plan', () => {
    const days = figures([...Array(60).fill(100), ...Array(60).fill(400)], '2026-11-12');
    expect(turnsOf(learn(days, { acceptFrom: '2026-10-20' }))).toEqual([
      ['2026-09-14', 'opens'],
      ['2026-11-08', 'is accepted'],
    ]);
  });

  it('is expected to cost what was before it, however long it is planned to last', () => {
    const days = figures([...Array(60).fill(100), ...Array(120).fill(400)], '2026-11-12');
    const learnt = learn(days, { acceptFrom: '2027-01-01' });
    expect(turnsOf(learnt)).toEqual([['2026-07-16', 'opens']]);
    expect(learnt.days.at(-1)?.verdict.expected).toBeCloseTo(100, 3);
  });

  it('is not learnt from while it is open', () => {
    const learnt = learn(figures([...Array(60).fill(100), ...Array(15).fill(400), 100, 100], '2026-11-12'));
    expect(learnt.days.at(-1)?.verdict.expected).toBeCloseTo(100, 3);
  });
});

describe('money that is given back', () => {
  it('is nothing to go by, and hides no leak', () => {
    const learnt = learn(figures([...Array(60).fill(100), -900, -900, 100, 400], '2026-11-12'));
    expect(turnsOf(learnt)).toEqual([['2026-11-12', 'opens']]);
    expect(learnt.days.at(-1)?.verdict.expected).toBeCloseTo(100, 3);
  });
});

describe('the unit of money', () => {
  it('may be so small that a day costs less than a millionth', () => {
    const days = figures([...Array(60).fill(8e-7), 64e-7], '2026-11-12');
    const verdict = judgeLast(days, toPolicy('balanced', 1e-6));
    expect(verdict.state).toBe('anomalous');
    expect(verdict.expected).toBeCloseTo(8e-7, 10);
  });
});

describe('what was found on the eve', () => {
  it('is found again once the day is complete', () => {
    const { state } = learn(figures(Array(60).fill(100), '2026-11-12'));
    const day = toDay('2026-11-13');
    expect(judgeDay(state, { day, amount: 300 }, policy, noAllowance, 0).state).toBe('anomalous');
    expect(learnDay(state, { day, amount: 320 }, policy).turn).toBe('opens');
  });

  it('waits where it may be a fee', () => {
    const days = figures([...Array(60).fill(100), 1500, 100, 100], '2026-11-03');
    expect(datesOfState(learn(days), 'held')).toEqual(['2026-11-01']);
    expect(turnsOf(learn(days))).toEqual([]);
  });
});
