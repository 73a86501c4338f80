import { describe, expect, it } from 'vitest';
import { concernOf, type Launch, type LaunchedInstance } from '../../shared/compute/launch.ts';
import { instance } from '../support/compute.ts';

const policy = { hourlyRate: 10, hourlyRateWithoutOwner: 1 };

const launched = (given: Partial<LaunchedInstance> = {}): LaunchedInstance => ({
  instance: instance(),
  attribution: { owner: 'dana' },
  hasAccelerators: false,
  hourlyRate: 0.5,
  ...given,
});

const concern = (instances: LaunchedInstance[], given: Partial<Launch> = {}) =>
  concernOf(
    { reservationId: 'r-1', launchTime: '2026-11-16T06:04:40Z', isAutoScaling: false, instances, ...given },
    policy,
  );

const dear = launched({ hourlyRate: 32.77 });

describe('a launch', () => {
  it.each([
    ['is cheap and has an owner', [launched()], undefined],
    ['is dear, whoever owns it', [dear], 'burn-rate'],
    ['is dear only taken together', Array(20).fill(launched()), 'burn-rate'],
    ['stays just below the rate', [launched({ hourlyRate: 9.99 })], undefined],
    ['has no owner and costs something', [launched({ attribution: {}, hourlyRate: 1 })], 'no-owner'],
    ['has no owner and costs next to nothing', [launched({ attribution: {} })], undefined],
    ['belongs to a team', [launched({ attribution: { team: 'search' }, hourlyRate: 1 })], undefined],
    [
      'costs something in what has an owner only',
      [launched({ hourlyRate: 8 }), launched({ attribution: {} })],
      undefined,
    ],
    [
      'has an accelerator of unknown price, which is not 0',
      [launched({ hasAccelerators: true, hourlyRate: undefined })],
      'unknown-price',
    ],
    ['has no accelerator and no price', [launched({ hourlyRate: undefined })], undefined],
  ] as const)('that %s: %#', (_, instances, expected) => {
    expect(concern([...instances])).toBe(expected);
  });

  it('by Auto Scaling is no news, however dear', () => {
    expect(concern([dear], { isAutoScaling: true })).toBeUndefined();
  });
});
