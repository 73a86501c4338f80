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

/** What everything else is tuned to. */
export const balanced = { deviations: 5, ratio: 1.25 } as const;

const presets: Record<Sensitivity, Pick<Policy, 'deviations' | 'ratio'>> = {
  quiet: { deviations: 7, ratio: 1.5 },
  balanced,
  eager: { deviations: 4, ratio: 1.2 },
};

export const toPolicy = (sensitivity: Sensitivity, floor: Usd, currency = 'USD'): Policy => ({
  floor,
  currency,
  ...presets[sensitivity],
});
