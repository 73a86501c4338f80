import { describe, expect, it } from 'vitest';
import { changeSince, daysIn, movers, perDay, spendIn } from '../../shared/spend/period-change.ts';
import { figures, seriesOf } from '../support/spend.ts';

const week = { start: '2026-11-08', end: '2026-11-15' };
const weekBefore = { start: '2026-11-01', end: '2026-11-08' };
const through = '2026-11-14';

const twoWeeks = (before: number, now: number) => [...Array(7).fill(before), ...Array(7).fill(now)];

describe('the days of a period', () => {
  it('add up over the series, and leave out what is not counted', () => {
    const series = [seriesOf(figures([10, 20], through), 'A'), seriesOf(figures([1, 2], through), 'B')];
    const period = { start: '2026-11-13', end: '2026-11-15' };
    expect(daysIn(series, period).map(({ amount }) => amount)).toEqual([11, 22]);
    expect(daysIn(series, period, ({ service }) => service === 'B').map(({ amount }) => amount)).toEqual([
      1, 2,
    ]);
  });

  it('are unknown where none was read, and zero where what is asked for cost nothing', () => {
    const series = [seriesOf(figures([undefined, 20], through), 'A')];
    const days = daysIn(series, { start: '2026-11-12', end: '2026-11-15' }, () => false);
    expect(days).toEqual([
      { date: '2026-11-12', amount: undefined, closed: false },
      { date: '2026-11-13', amount: undefined, closed: false },
      { date: '2026-11-14', amount: 0, closed: true },
    ]);
  });

  it('still fill where one of the series does', () => {
    const [closed = { date: through, amount: 1, closed: true }] = figures([5], through);
    const series = [seriesOf([closed], 'A'), seriesOf([{ ...closed, closed: false }], 'B')];
    expect(daysIn(series, { start: through, end: '2026-11-15' })).toEqual([
      { date: through, amount: 10, closed: false },
    ]);
  });
});

describe('a period', () => {
  it('compares with another by its mean day, so that February compares with March', () => {
    const february = spendIn(figures(Array(28).fill(100), '2026-02-28'), {
      start: '2026-02-01',
      end: '2026-03-01',
    });
    const march = spendIn(figures(Array(31).fill(110), '2026-03-31'), {
      start: '2026-03-01',
      end: '2026-04-01',
    });
    expect(changeSince(february, march)).toBeCloseTo(0.1, 12);
  });

  it('has no mean day, and no change, where nothing is known', () => {
    const nothing = spendIn([], week);
    expect(nothing).toEqual({ period: week, total: 0, known: 0, filling: 0 });
    expect(perDay(nothing)).toBeUndefined();
    expect(changeSince(nothing, spendIn(figures([5], through), week))).toBeUndefined();
  });

  it('has no change since a time that cost nothing', () => {
    const days = figures(twoWeeks(0, 10), through);
    expect(changeSince(spendIn(days, weekBefore), spendIn(days, week))).toBeUndefined();
  });
});

describe('what has moved', () => {
  const moved = (before: number, now: number, least = 1) =>
    movers([seriesOf(figures(twoWeeks(before, now), through))], [weekBefore, week], least);

  it.each([
    [100, 130, 'risen', 210],
    [100, 40, 'fallen', -420],
    [0, 30, 'new', 210],
    [30, 0, 'ended', -210],
  ] as const)('from $%d to $%d a day is %s by $%d in the week', (before, now, kind, difference) => {
    expect(moved(before, now)).toMatchObject([{ kind, difference }]);
  });

  it('is nothing below the least', () => {
    expect(moved(100, 104, 5)).toEqual([]);
    expect(moved(0, 0, 0)).toEqual([]);
  });

  it('comes with the largest first, up or down', () => {
    const series = [
      seriesOf(figures(twoWeeks(10, 20), through), 'A'),
      seriesOf(figures(twoWeeks(90, 10), through), 'B'),
    ];
    expect(movers(series, [weekBefore, week], 1).map(({ scope }) => scope['service'])).toEqual(['B', 'A']);
  });

  it('says on which day what is new or has ended was charged, where it was one alone', () => {
    const fee = [...Array(3).fill(0), 1450, ...Array(10).fill(0)];
    expect(movers([seriesOf(figures(fee, through))], [weekBefore, week], 1)).toMatchObject([
      { kind: 'ended', onlyOn: '2026-11-04' },
    ]);
    expect(moved(0, 30)[0]).not.toHaveProperty('onlyOn');
  });

  it('is unknown where nothing was read before', () => {
    const days = figures([...Array(7).fill(undefined), ...Array(7).fill(10)], through);
    expect(movers([seriesOf(days)], [weekBefore, week], 1)).toEqual([]);
  });
});
