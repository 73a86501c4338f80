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
    ['on-demand', {}],
    ['spot', { lifecycle: 'spot' }],
    ['dedicated', { tenancy: 'dedicated' }],
  ] as const)('by the hour as %s', (option, given) => {
    expect(purchaseOptionOf(instance(given))).toBe(option);
  });

  it.each([
    ['on a dedicated host, which is paid for itself', { tenancy: 'host' }],
    ['as a spot instance on dedicated hardware', { lifecycle: 'spot', tenancy: 'dedicated' }],
    ['as a spot instance on a dedicated host', { lifecycle: 'spot', tenancy: 'host' }],
  ] as const)('otherwise %s', (_, given) => {
    expect(purchaseOptionOf(instance(given))).toBeUndefined();
  });

  it.each(['capacity-block', 'scheduled', 'interruptible-capacity-reservation', 'other'] as const)(
    'otherwise as %s',
    (lifecycle) => {
      expect(purchaseOptionOf(instance({ lifecycle }))).toBeUndefined();
    },
  );
});
