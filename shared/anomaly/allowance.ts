import type { Usd } from '../money.ts';

/** What was planned, or said to be fine: so many times the expected, and so many dollars a day on top. */
export type Allowance = {
  factor: number;
  excess: Usd;
  /** Times the expected because of a season, for what follows its users: nothing else has a season. */
  season: number;
};

export const noAllowance: Allowance = { factor: 1, excess: 0, season: 1 };

export const isPlanned = ({ factor, excess }: Allowance): boolean => factor > 1 || excess > 0;
