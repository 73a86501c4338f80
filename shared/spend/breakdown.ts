import type { Usd } from '../money.ts';
import type { IsoDate } from '../period.ts';

/** What one kind of usage cost on one day, in one account and service. */
export type UsageLine = {
  date: IsoDate;
  region: string;
  usageType: string;
  amount: Usd;
  /** In the bill's own unit; absent where the bill has none. */
  quantity?: number;
  /** E.g. `Hrs`; absent where the bill has none. */
  unit?: string;
};

/** What one owner's resources cost on one day, in one account and service. Absent names: untagged. */
export type OwnerLine = { date: IsoDate; amount: Usd; team?: string; owner?: string };
