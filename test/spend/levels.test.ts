import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SpendHistory } from '../../shared/spend/history.ts';
import { historyLevels, rollUp, seriesLevels } from '../../shared/spend/levels.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import type { SpendSeries } from '../../shared/spend/series.ts';
import { figures } from '../support/spend.ts';

const through = '2026-11-15';
const series = (scope: Scope, ...amounts: (number | undefined)[]): SpendSeries => ({
  scope,
  currency: 'USD',
  days: figures(amounts, through),
});
const scopes = (levels: readonly { scope: Scope }[]) => levels.map(({ scope }) => scope);
const find = <One extends { scope: Scope }>(levels: readonly One[], scope: Scope) =>
  levels.find((one) => JSON.stringify(one.scope) === JSON.stringify(scope));

describe('the levels of series by account and service', () => {
  const leaves = [
    series({ account: 'dev', service: 'EC2' }, 10, 20),
    series({ account: 'dev', service: 'EBS' }, 1, 2),
    series({ account: 'prod', service: 'EC2' }, 100, 200),
  ];

  it('are the series, each account, each service and the total', () => {
    const levels = seriesLevels(leaves);
    expect(levels.slice(0, 3)).toEqual(leaves);
    expect(levels.slice(3)).toEqual([
      series({ account: 'dev' }, 11, 22),
      series({ service: 'EC2' }, 110, 220),
      series({}, 111, 222),
    ]);
  });

  it('leave out a sum that is one series, or the same as another sum', () => {
    const oneAccount = leaves.slice(0, 2);
    expect(scopes(seriesLevels(oneAccount)).slice(2)).toEqual([{ account: 'dev' }]);
    expect(seriesLevels(leaves.slice(0, 1))).toHaveLength(1);
    expect(seriesLevels([])).toEqual([]);
  });

  it('keep what was folded away in the total, and nowhere else', () => {
    const rest = series({ account: 'other', service: 'other' }, 5, 5);
    const levels = seriesLevels([...leaves, rest]);
    expect(find(levels, {})?.days.map(({ amount }) => amount)).toEqual([116, 227]);
    expect(find(levels, { account: 'other' })).toBeUndefined();
  });

  it('know a day only where all their series do, and have it complete only where all have', () => {
    const [first, second] = [
      series({ account: 'dev', service: 'EC2' }, 10, 20, undefined),
      series({ account: 'dev', service: 'EBS' }, 1, undefined, 3),
    ];
    const filling = {
      ...second,
      days: second.days.with(0, { date: '2026-11-13', amount: 1, closed: false }),
    };
    expect(seriesLevels([first, filling])[2]?.days).toEqual([
      { date: '2026-11-13', amount: 11, closed: false },
      { date: '2026-11-14', amount: undefined, closed: true },
      { date: '2026-11-15', amount: undefined, closed: true },
    ]);
  });

  it('add what the first and the second run saw of a day, where it is known of all that cost something', () => {
    const seen = (scope: Scope, ...days: SpendSeries['days']): SpendSeries => ({
      scope,
      currency: 'USD',
      days,
    });
    const day = { date: '2026-11-15', closed: true };
    const sums = (...days: SpendSeries['days']) =>
      seriesLevels(days.map((one, index) => seen({ account: 'dev', service: `${index}` }, one))).at(-1)?.days;
    const idle = { ...day, amount: 0 };
    expect(sums({ ...day, amount: 10, seen: [8, 9] }, { ...day, amount: 5, seen: [1, 5] }, idle)).toEqual([
      { ...day, amount: 15, seen: [9, 14] },
    ]);
    expect(sums({ ...day, amount: 10, seen: [8, 9] }, { ...day, amount: 5, seen: [Number.NaN, 5] })).toEqual([
      { ...day, amount: 15, seen: [Number.NaN, 14] },
    ]);
    expect(sums({ ...day, amount: 10, seen: [8, 9] }, { ...day, amount: 5 })).toEqual([
      { ...day, amount: 15 },
    ]);
  });

  it('add series by date, where one begins later', () => {
    const levels = seriesLevels([
      series({ account: 'dev', service: 'EC2' }, 3),
      series({ account: 'dev', service: 'EBS' }, 1, 2),
    ]);
    expect(levels[2]).toEqual(series({ account: 'dev' }, 1, 5));
  });

  it('show two accounts apart though their total stays flat', () => {
    const offsetting = [
      series({ account: 'dev', service: 'EC2' }, 100, 40),
      series({ account: 'prod', service: 'EC2' }, 100, 160),
    ];
    expect(seriesLevels(offsetting)).toEqual([...offsetting, series({ service: 'EC2' }, 200, 200)]);
  });

  it('of series by account, service and team are each of the three by itself', () => {
    const levels = seriesLevels([
      series({ account: 'dev', service: 'EC2', team: 'search' }, 1),
      series({ account: 'dev', service: 'EBS', team: 'vision' }, 2),
      series({ account: 'prod', service: 'EC2', team: 'vision' }, 4),
    ]);
    expect(scopes(levels).slice(3)).toEqual([{ account: 'dev' }, { service: 'EC2' }, { team: 'vision' }, {}]);
  });

  it('of two cuts of the same spend count nothing twice', () => {
    const byTeam = [series({ team: 'search' }, 60, 60), series({ team: 'vision' }, 51, 162)];
    const levels = seriesLevels([...leaves, ...byTeam]);
    expect(find(levels, {})?.days.map(({ amount }) => amount)).toEqual([111, 222]);
    expect(levels).toHaveLength(8);
  });
});

const day = 20_000;
/** Figures as `[day, observed, amount]`. */
const history = (scope: Scope, ...read: [number, number, number][]): SpendHistory => ({
  scope,
  category: 'Usage',
  days: Int32Array.from(read, ([on]) => on),
  observed: Int32Array.from(read, ([, observed]) => observed),
  amounts: Float64Array.from(read, ([, , amount]) => amount),
});
const lines = ({ days, observed, amounts }: SpendHistory) =>
  Array.from(days, (on, index) => [on - day, (observed[index] ?? 0) - day, amounts[index]]);

describe('histories rolled up', () => {
  it('say of each reading what was known then: the newest figure of every part', () => {
    const [total] = rollUp(
      [
        history({ service: 'EC2' }, [day, day + 1, 10], [day, day + 3, 15], [day + 1, day + 2, 20]),
        history({ service: 'EBS' }, [day, day + 2, 1], [day, day + 3, 2]),
      ],
      [],
    );
    expect(total && lines(total)).toEqual([
      [0, 1, 10],
      [0, 2, 11],
      [0, 3, 17],
      [1, 2, 20],
    ]);
    expect(total?.scope).toEqual({});
  });

  it('are one for each value of what is asked for, and leave out what has none', () => {
    const parts = [
      history({ account: 'dev', service: 'EC2' }, [day, day + 1, 1]),
      history({ account: 'prod', service: 'EC2' }, [day, day + 1, 2]),
      history({ account: 'dev', service: 'EBS' }, [day, day + 1, 4]),
      history({ team: 'search' }, [day, day + 1, 5]),
    ];
    const rolled = rollUp(parts, ['account']);
    expect(rolled.map(({ scope, amounts }) => [scope, ...amounts])).toEqual([
      [{ account: 'dev' }, 5],
      [{ account: 'prod' }, 2],
    ]);
  });

  it('never add credits to usage', () => {
    const parts = [
      history({ service: 'EC2' }, [day, day + 1, 10]),
      { ...history({ service: 'EC2' }, [day, day + 1, -10]), category: 'Credit' as const },
      history({ service: 'EBS' }, [day, day + 1, 5]),
    ];
    const sums = historyLevels(parts).filter(({ scope }) => Object.keys(scope).length === 0);
    expect(sums.map(({ category, amounts }) => [category, ...amounts])).toEqual([['Usage', 15]]);
  });

  const figure = fc.tuple(
    fc.integer({ min: day, max: day + 3 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: -9, max: 99 }),
  );
  const part = fc
    .uniqueArray(figure, { selector: ([on, lag]) => `${on} ${lag}`, maxLength: 8 })
    .map((read) =>
      read
        .map(([on, lag, amount]): [number, number, number] => [on, on + lag, amount])
        .toSorted((a, b) => a[0] - b[0] || a[1] - b[1]),
    );
  const known = (read: readonly [number, number, number][], on: number, by: number) =>
    read.findLast(([date, observed]) => date === on && observed <= by)?.[2] ?? 0;

  it('know on every morning the sum of what their parts knew, in any order of the parts', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const histories = parts.map((read, index) => history({ service: String(index) }, ...read));
        const [total] = rollUp(histories, []);
        if (total === undefined) throw new Error('There is a total');
        expect(rollUp(histories.toReversed(), [])).toEqual([total]);
        const read = lines(total).map(([on = 0, at = 0, amount = 0]) => [on + day, at + day, amount]);
        for (let on = day; on < day + 4; on += 1)
          for (let by = on + 1; by < on + 6; by += 1)
            expect(known(read as [number, number, number][], on, by)).toBe(
              parts.reduce((sum, own) => sum + known(own, on, by), 0),
            );
      }),
    );
  });
});
