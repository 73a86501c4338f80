import { describe, expect, it } from 'vitest';
import { findRootCause } from '../../shared/anomaly/root-cause.ts';
import { datesOf } from '../../shared/period.ts';
import type { OwnerLine, UsageLine } from '../../shared/spend/breakdown.ts';

const start = '2026-11-14';

/** The same line on each day: before the incident, and from then on. */
const lines = (
  usageType: string,
  before: { amount: number; quantity?: number } | undefined,
  after: { amount: number; quantity?: number },
): UsageLine[] =>
  datesOf({ start: '2026-11-01', end: '2026-11-16' }).flatMap((date) => {
    const cost = date < start ? before : after;
    return cost ? [{ date, region: 'eu-west-1', usageType, unit: 'Hrs', ...cost }] : [];
  });

const steady = lines('EUW1-EBS:VolumeUsage.gp3', { amount: 50 }, { amount: 52 });

describe('the cause of an incident', () => {
  it('is the kind of usage that rose most, with its share of the rise', () => {
    const p4d = lines('EUW1-BoxUsage:p4d.24xlarge', undefined, { amount: 786.96, quantity: 24 });
    expect(findRootCause([...steady, ...p4d], [], start, 'USD')).toEqual({
      region: 'eu-west-1',
      usageType: 'EUW1-BoxUsage:p4d.24xlarge',
      share: 786.96 / 788.96,
      driver: 'usage',
      sentence:
        'EUW1-BoxUsage:p4d.24xlarge in eu-west-1 makes up 100 % of the rise: $786.96 a day after $0.00, driven by usage (24 Hrs a day after 0).',
    });
  });

  it('is a price, where the same usage costs more', () => {
    const expired = lines(
      'EUW1-BoxUsage:c6i.4xlarge',
      { amount: 96, quantity: 180 },
      { amount: 192, quantity: 180 },
    );
    expect(findRootCause(expired, [], start, 'USD')).toMatchObject({
      driver: 'rate',
      sentence: expect.stringContaining('driven by its price (1.07 per unit after 0.533)'),
    });
  });

  it('is not split where the bill has no quantity', () => {
    const fee = lines('Dollar', { amount: 10 }, { amount: 90 });
    expect(findRootCause(fee, [], start, 'USD')?.driver).toBe('unknown');
  });

  it('is unknown where nothing rose', () => {
    const falling = lines('EUW1-BoxUsage:c6i.4xlarge', { amount: 96 }, { amount: 20 });
    expect(findRootCause(falling, [], start, 'USD')).toBeUndefined();
    expect(findRootCause([], [], start, 'USD')).toBeUndefined();
  });
});

describe('whose it is', () => {
  const p4d = lines('EUW1-BoxUsage:p4d.24xlarge', undefined, { amount: 800 });
  const owned = (team: string | undefined, before: number, after: number): OwnerLine[] =>
    datesOf({ start: '2026-11-01', end: '2026-11-16' }).map((date) => ({
      date,
      amount: date < start ? before : after,
      ...(team && { team }),
    }));

  it('is the team that the larger half of the rise belongs to', () => {
    const owners = [...owned('search', 100, 800), ...owned('vision', 300, 320), ...owned(undefined, 50, 80)];
    expect(findRootCause(p4d, owners, start, 'USD')).toMatchObject({ team: 'search' });
  });

  it.each([
    ['untagged spend rose most', [...owned('search', 100, 120), ...owned(undefined, 50, 800)]],
    ['no team has half of it', [...owned('a', 0, 40), ...owned('b', 0, 35), ...owned('c', 0, 35)]],
    ['nobody tags', []],
  ])('is nobody where %s', (_, owners) => {
    expect(findRootCause(p4d, owners, start, 'USD')).not.toHaveProperty('team');
  });
});
