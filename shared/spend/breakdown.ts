import type { Usd } from '../money.ts';
import type { IsoDate } from '../period.ts';
import type { Scope } from './scope.ts';

/** What one kind of usage cost on one day, over all accounts. */
export type UsageLine = {
  date: IsoDate;
  usageType: string;
  /** Of an instance it tells the system, too: `RunInstances:0002` is Windows. */
  operation: string;
  amount: Usd;
  /** In the bill's own unit; absent where the bill has none. */
  quantity?: number;
  /** E.g. `Hrs`; absent where the bill has none. */
  unit?: string;
};

/**
 * By what a question to the bill can break spend down, from the whole to the single thing; `team` and `owner` are the
 * tags that name them.
 */
export const breakdownDimensions = [
  'account',
  'service',
  'region',
  'usageType',
  'operation',
  'recordType',
  'team',
  'owner',
  'resource',
] as const;
export type BreakdownDimension = (typeof breakdownDimensions)[number];

/** What a part of the spend cost on one day, by the dimensions that were asked for; empty where it has no value. */
export type PartLine = {
  date: IsoDate;
  part: Scope;
  amount: Usd;
  /** In the bill's own unit; absent where the bill has none. */
  quantity?: number;
  unit?: string;
};

/** The answer to one question: all of a scope's spend, part by part. */
export type Breakdown = { dimensions: readonly BreakdownDimension[]; lines: readonly PartLine[] };
