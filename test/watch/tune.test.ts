import { describe, expect, it } from 'vitest';
import { type TuneTrial, tune, tuneSettings } from '../../shared/watch/tune.ts';

const trial = (part: Partial<TuneTrial>): TuneTrial => ({
  sensitivity: 'balanced',
  floor: 25,
  alerts: 12,
  alertsPerMonth: 1,
  incidents: 8,
  impact: 9_000,
  impactAfterAlert: 6_000,
  ...part,
});

describe('what is tried', () => {
  it('is every sensitivity with floors around that of today', () => {
    const settings = tuneSettings(25);
    expect(settings).toHaveLength(18);
    expect(settings.filter(({ sensitivity }) => sensitivity === 'quiet').map(({ floor }) => floor)).toEqual([
      5, 10, 25, 50, 100, 250,
    ]);
  });

  it('has floors where today there is none', () => {
    expect(new Set(tuneSettings(0).map(({ floor }) => floor))).toEqual(new Set([5, 10, 25, 50, 100, 250]));
  });
});

describe('what is recommended', () => {
  const eager = trial({ sensitivity: 'eager', alerts: 60, alertsPerMonth: 5, impactAfterAlert: 8_000 });
  const balanced = trial({});
  const quiet = trial({ sensitivity: 'quiet', alerts: 4, alertsPerMonth: 0.3, impactAfterAlert: 4_000 });

  it.each([
    ['everything that is worth something, where there is room for it', 6, eager],
    ['what fits', 2, balanced],
    ['the limit itself', 1, balanced],
    ['little, where little is wanted', 0.5, quiet],
  ])('is %s', (_, wanted, expected) => {
    expect(tune([eager, balanced, quiet], wanted)).toMatchObject({ recommended: expected, isEnough: true });
  });

  it('is the calmest setting where none is calm enough, and says so', () => {
    expect(tune([eager, balanced, quiet], 0.1)).toMatchObject({ recommended: quiet, isEnough: false });
  });

  it('is the one with fewer alerts where two save the same, then the calmer one, then the higher floor', () => {
    const fewer = trial({ alerts: 10, floor: 10 });
    expect(tune([balanced, fewer], 9).recommended).toBe(fewer);
    const calmer = trial({ sensitivity: 'quiet' });
    expect(tune([balanced, calmer], 9).recommended).toBe(calmer);
    const higher = trial({ floor: 50 });
    expect(tune([balanced, higher], 9).recommended).toBe(higher);
  });

  it('needs something to choose from', () => {
    expect(() => tune([], 4)).toThrow('no setting to choose from');
  });
});
