import { describe, expect, it } from 'vitest';
import { creditEnded } from '../../shared/anomaly/credit.ts';
import { addDays } from '../../shared/period.ts';

const days = (amounts: readonly number[]) =>
  amounts.map((amount, index) => ({ date: addDays('2026-11-01', index), amount }));
const flat = (count: number, amount: number) => Array<number>(count).fill(amount);

describe('a credit that ended', () => {
  it('is said where the usage is what it was and nothing is taken off it any more', () => {
    expect(creditEnded(days(flat(14, 120)), days([...flat(10, -45), ...flat(4, 0)]))).toEqual({
      endedOn: '2026-11-11',
      perDay: 45,
      usage: { before: 120, after: 120 },
    });
  });

  it('is said where it paid for everything, and the net was 0', () => {
    const found = creditEnded(days(flat(14, 120)), days(flat(10, -120)));
    expect(found).toMatchObject({ endedOn: '2026-11-11', perDay: 120 });
  });

  it.each([
    ['it goes on', flat(14, 120), flat(14, -45)],
    ['it is two days late, as credits are', flat(14, 120), flat(12, -45)],
    ['its usage ended with it', [...flat(10, 120), ...flat(4, 0)], flat(10, -45)],
    ['there never was one', flat(14, 120), []],
    ['it came once and was no habit', flat(14, 120), [0, 0, 0, -400]],
    ['no day is known', [], []],
  ])('is none where %s', (_, usage, credits) => {
    expect(creditEnded(days(usage), days(credits))).toBeUndefined();
  });
});
