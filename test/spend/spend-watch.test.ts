import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toTime } from '../../shared/period.ts';
import {
  type SpendWatch,
  standingWatches,
  type WatchNews,
  watchAfter,
} from '../../shared/spend/spend-watch.ts';

const news = (at: string, isClosed = false): WatchNews => ({
  account: '210987654321',
  cause: 'exposure-1',
  reason: 'Credentials of this account were exposed',
  alertId: `alert-${at}`,
  at,
  isClosed,
});

const watchOf = (told: readonly WatchNews[]): SpendWatch | undefined =>
  told.reduce<SpendWatch | undefined>((known, one) => watchAfter(known, one) ?? known, undefined);

describe('a watch over an account', () => {
  it('lasts for 14 days from the first news', () => {
    expect(watchOf([news('2026-11-16T06:05:00Z')])).toMatchObject({
      since: '2026-11-16T06:05:00Z',
      until: '2026-11-30T06:05:00Z',
    });
  });

  it('lasts longer with each further news, and began with the first, in whatever order they come', () => {
    const told = [news('2026-11-16T06:00:00Z'), news('2026-11-18T06:00:00Z')];
    for (const order of [told, told.toReversed()]) {
      expect(watchOf(order)).toMatchObject({ since: '2026-11-16T06:00:00Z', until: '2026-12-02T06:00:00Z' });
    }
  });

  it('ends when its cause is closed, and what is older opens nothing', () => {
    const opened = news('2026-11-16T06:00:00Z');
    const closed = news('2026-11-17T06:00:00Z', true);
    for (const order of [
      [opened, closed],
      [closed, opened],
    ]) {
      expect(watchOf(order)).toMatchObject({ until: '2026-11-17T06:00:00Z', isClosed: true });
    }
  });

  it('opens again with news that come after the end', () => {
    const again = news('2026-11-20T06:00:00Z');
    expect(watchOf([news('2026-11-16T06:00:00Z'), news('2026-11-17T06:00:00Z', true), again])).toMatchObject({
      since: '2026-11-20T06:00:00Z',
      isClosed: false,
    });
  });

  it('stands or not, and until the same time, whatever the order and however often news come', () => {
    const hours = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 6 });
    const story = hours.chain((at) =>
      fc.tuple(fc.constant(at), fc.infiniteStream(fc.boolean())).chain(([times, closes]) => {
        const told = times.map((hour) =>
          news(toTime(Date.parse('2026-11-16T00:00:00Z') + hour * 3_600_000), closes.next().value),
        );
        return fc.tuple(
          fc.constant(told),
          fc.shuffledSubarray([...told, ...told], { minLength: told.length * 2, maxLength: told.length * 2 }),
        );
      }),
    );
    fc.assert(
      fc.property(story, ([told, shuffled]) => {
        const inOrder = watchOf(told.toSorted((a, b) => (a.at < b.at ? -1 : 1)));
        const anyhow = watchOf(shuffled);
        expect([anyhow?.until, anyhow?.isClosed]).toEqual([inOrder?.until, inOrder?.isClosed]);
      }),
    );
  });

  it('stands beside another in the same account: the end of one is not the end of both', () => {
    const one = watchOf([news('2026-11-16T06:00:00Z'), news('2026-11-17T06:00:00Z', true)]);
    const other = watchOf([{ ...news('2026-11-16T06:00:00Z'), cause: 'exposure-2' }]);
    const watches = [one, other].filter((watch) => watch !== undefined);
    expect([...standingWatches(watches, '2026-11-18T00:00:00Z').values()]).toEqual([other]);
    expect(standingWatches(watches, '2026-12-18T00:00:00Z').size).toBe(0);
  });
});
