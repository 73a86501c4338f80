import type { Usd } from '../money.ts';

export type Sensitivity = 'quiet' | 'balanced' | 'eager';

/** What it takes to call a day anomalous: all of it at once. */
export type Policy = {
  /** A smaller excess a day is noise, however unusual; in the currency of the spend. */
  floor: Usd;
  currency: string;
  /** Robust deviations above the expected spend. */
  deviations: number;
  /** Times the expected spend. */
  ratio: number;
};

const presets: Record<Sensitivity, Pick<Policy, 'deviations' | 'ratio'>> = {
  quiet: { deviations: 7, ratio: 1.5 },
  balanced: { deviations: 5, ratio: 1.25 },
  eager: { deviations: 3.5, ratio: 1.15 },
};

export const toPolicy = (sensitivity: Sensitivity, floor: Usd, currency = 'USD'): Policy => ({
  floor,
  currency,
  ...presets[sensitivity],
});
