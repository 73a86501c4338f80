import type { IsoDate } from '../period.ts';
import { type Charge, type ChargeCategory, chargeCategories } from './charge.ts';

/**
 * One row of a FOCUS export, as far as this product reads it. It carries both costs: `billed` is what the invoice
 * says, `effective` spreads what was paid in advance over its use, and is what Cost Explorer calls NetAmortizedCost.
 */
export type FocusRow = Omit<Charge, 'amount' | 'usageType'> & { billed: number; effective: number };

export type FocusCost = 'billed' | 'effective';

/** The columns that a row can't do without. */
export const focusColumns = [
  'BilledCost',
  'EffectiveCost',
  'BillingCurrency',
  'BillingAccountId',
  'ChargeCategory',
  'ChargePeriodStart',
  'ServiceName',
] as const;

/** What is wrong with a row, by the column it is in. */
export type FocusFault = { column: string; message: string };

type Cells = Readonly<Record<string, string | undefined>>;

/** Reads a row's cells by column; the faults are those that make it unusable. Exports write null as `NULL`. */
export function toFocusRow(cells: Cells): { row: FocusRow } | { fault: FocusFault } {
  const text = (column: string) => textOf(cells[column]);
  const missing = focusColumns.find((column) => text(column) === undefined);
  if (missing !== undefined) return { fault: { column: missing, message: 'is empty' } };
  const billed = toNumber(text('BilledCost'));
  if (billed === undefined) return fault(cells, 'BilledCost', 'is not a number');
  const effective = toNumber(text('EffectiveCost'));
  if (effective === undefined) return fault(cells, 'EffectiveCost', 'is not a number');
  const date = toUtcDate(text('ChargePeriodStart') ?? '');
  if (date === undefined) return fault(cells, 'ChargePeriodStart', 'is not a date and time');
  const category = toCategory(text('ChargeCategory'));
  if (category === undefined) {
    return fault(cells, 'ChargeCategory', `is none of ${chargeCategories.join(', ')}`);
  }
  const currency = text('BillingCurrency') ?? '';
  if (!/^[A-Z]{3}$/.test(currency)) return fault(cells, 'BillingCurrency', 'is no currency such as USD');
  const account = text('SubAccountId') ?? text('BillingAccountId') ?? '';
  const accountName = text('SubAccountName');
  const region = text('RegionId') ?? text('Region');
  return {
    row: {
      date,
      account,
      ...(accountName && { accountName }),
      service: text('ServiceName') ?? '',
      ...(region && { region }),
      category,
      currency,
      billed,
      effective,
    },
  };
}

/** Charges of one of the two costs. */
export const toCharges = (rows: readonly FocusRow[], cost: FocusCost): Charge[] =>
  rows.map(({ billed, effective, ...row }) => ({ ...row, amount: cost === 'billed' ? billed : effective }));

/** What a group of rows comes to, all of it and the credits in it; the groups add up to the file. */
export type FocusTotal = { name: string; billed: number; effective: number; credits: FocusCredits };
export type FocusCredits = { billed: number; effective: number };

/** Totals by what `nameOf` says, the dearest first; rows of which it says nothing are one group, `none`. */
export function totalsBy(
  rows: readonly FocusRow[],
  nameOf: (row: FocusRow) => string | undefined,
): FocusTotal[] {
  return [...Map.groupBy(rows, (row) => nameOf(row) ?? 'none')]
    .map(([name, own]) => totalOf(name, own))
    .toSorted((a, b) => b.billed - a.billed || a.name.localeCompare(b.name));
}

export const totalOf = (name: string, rows: readonly FocusRow[]): FocusTotal => ({
  name,
  ...sumOf(rows),
  credits: sumOf(rows.filter(({ category }) => category === 'Credit')),
});

const sumOf = (rows: readonly FocusRow[]): FocusCredits => ({
  billed: rows.reduce((sum, { billed }) => sum + billed, 0),
  effective: rows.reduce((sum, { effective }) => sum + effective, 0),
});

const textOf = (cell: string | undefined): string | undefined => {
  const text = cell?.trim();
  return text === undefined || text === '' || text === 'NULL' ? undefined : text;
};

function fault(cells: Cells, column: string, message: string): { fault: FocusFault } {
  return { fault: { column, message: `${JSON.stringify(cells[column]?.slice(0, 60))} ${message}` } };
}

const toNumber = (text = ''): number | undefined =>
  /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;

/** FOCUS writes `2024-09-18T22:00:00Z`, exports in use also `2024-09-18 22:00:00`, and mean UTC. */
export function toUtcDate(text: string): IsoDate | undefined {
  const [, date = '', time = '00:00:00', zone = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(?: ?(Z|UTC|[+-]\d{2}:\d{2}))?$/.exec(
      text,
    ) ?? [];
  const isReal = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(isReal.getTime()) || isReal.toISOString().slice(0, 10) !== date) return undefined;
  const instant = new Date(`${date}T${time}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString().slice(0, 10);
}

export const toCategory = (text = ''): ChargeCategory | undefined =>
  chargeCategories.find((category) => category.toLowerCase() === text.toLowerCase());
