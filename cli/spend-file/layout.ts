import type { ChargeCategory } from '../../shared/spend/charge.ts';
import type { SpendSource } from './source.ts';

/** How a kind of file is read: which columns mean what, and what makes a row unusable. */
export type Layout = {
  kind: 'plain' | 'FOCUS' | 'CUR';
  /** In the order in which they are shown; a cell without a value is the empty string. */
  dimensions: readonly string[];
  bitemporal: boolean;
  /** Whether many rows make one figure. If not, two rows of the same figure are a fault. */
  summed: boolean;
  sqlOf: (source: SpendSource) => CellsSql;
  /** Days since 1970-01-01. */
  dayOf: (date: string) => number | undefined;
  categoryOf: (text: string) => ChargeCategory | undefined;
  /** Looks at the rows one after the other; the first fault is the one that is told. */
  createCheck: () => RowCheck;
};

/** SQL expressions over one source; all are text and never null, but for the amount and `isBad`. */
export type CellsSql = {
  dimensions: readonly string[];
  date: string;
  /** Absent where the file doesn't say. */
  observed?: string;
  category: string;
  currency: string;
  /** Null where it is no number. */
  amount: string;
  /** What else than an amount a row may lack. */
  isBad?: string;
};

export type RowCheck = (row: SpendRow) => RowFault | { currency: string };
export type RowFault = { fault: { column?: string; message: string } };

export type SpendRow = {
  source: SpendSource;
  /** `line 7`, `row 7` */
  at: string;
  cells: Readonly<Record<string, string>>;
};
