import { describe, expect, it } from 'vitest';
import { noAllowance } from '../../shared/anomaly/allowance.ts';
import { learnDay } from '../../shared/anomaly/detector.ts';
import { newDetector } from '../../shared/anomaly/detector-state.ts';
import { toPolicy } from '../../shared/anomaly/policy.ts';
import { allowanceFor, isSteady } from '../../shared/anomaly/steady.ts';
import { toDay } from '../../shared/period.ts';

/** Eight weeks of it, before Christmas. */
const learned = (amountOn: (index: number) => number) => {
  const state = newDetector();
  for (let index = 0; index < 56; index++) {
    learnDay(state, { day: toDay('2026-10-25') + index, amount: amountOn(index) }, toPolicy('balanced', 25));
  }
  return state;
};

const disks = learned(() => 300);
const shop = learned((index) => (index % 7 < 5 ? 300 : 180));
const christmas = { ...noAllowance, season: 2 };

describe('a season', () => {
  it('stretches what follows its users', () => {
    expect(isSteady(shop)).toBe(false);
    expect(allowanceFor(shop, christmas)).toEqual({ factor: 2, excess: 0, season: 2 });
  });

  it('is nothing to what is steady all year, so that what is forgotten over the holidays is told', () => {
    expect(isSteady(disks)).toBe(true);
    expect(allowanceFor(disks, christmas)).toBe(noAllowance);
    const { verdict } = learnDay(
      disks.slice(),
      { day: toDay('2026-12-20'), amount: 500 },
      toPolicy('balanced', 25),
      christmas,
    );
    expect(verdict.state).toBe('anomalous');
  });

  it('leaves a plan of the same days as it is', () => {
    const both = { factor: 1.4, excess: 10, season: 2 };
    expect(allowanceFor(disks, both)).toEqual(both);
    expect(allowanceFor(shop, both)).toEqual({ ...both, factor: 2 });
  });
});
