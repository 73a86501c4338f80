import { describe, expect, it } from 'vitest';
import { costBetween, monthlyCost, purchaseOptionOf } from '../../shared/compute/cost.ts';
import { instance } from '../support/compute.ts';

it('counts a month as 730 hours', () => {
  expect(monthlyCost(32.5)).toBe(23_725);
});

it('costs what passed between two times, and nothing backwards', () => {
  expect(costBetween(32, '2026-11-13T17:00:00Z', '2026-11-13T18:30:00Z')).toBe(48);
  expect(costBetween(32, '2026-11-13T18:30:00Z', '2026-11-13T17:00:00Z')).toBe(0);
});

describe('an instance is paid for', () => {
  it.each([
    ['on-demand', undefined],
    ['spot', 'spot'],
  ] as const)('by the hour as %s', (option, lifecycle) => {
    expect(purchaseOptionOf(instance(lifecycle && { lifecycle }))).toBe(option);
  });

  it.each(['capacity-block', 'scheduled', 'interruptible-capacity-reservation', 'other'] as const)(
    'otherwise as %s',
    (lifecycle) => {
      expect(purchaseOptionOf(instance({ lifecycle }))).toBeUndefined();
    },
  );
});
