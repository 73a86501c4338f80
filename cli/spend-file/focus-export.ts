import { daysBetween } from '../../shared/period.ts';
import { type FocusCost, focusColumns, toCategory, toFocusRow, toUtcDate } from '../../shared/spend/focus.ts';
import { tagDimension } from '../../shared/spend/grouping.ts';
import { InputError } from '../input-error.ts';
import type { CellsSql, Layout } from './layout.ts';
import type { SpendSource } from './source.ts';
import { dateOf, exact, firstOf, numberOf, tagOf } from './sql.ts';

const usageTypeColumns = ['x_UsageType', 'x_usage_type', 'SkuMeter'];

/** Whether it has a column that only FOCUS has. */
export const isFocus = ({ columns }: SpendSource): boolean =>
  columns.some(({ name }) => ['ChargePeriodStart', 'BilledCost', 'EffectiveCost'].includes(name));

/** An export in FOCUS columns: hours and resources become the days of account, service, region and tags. */
export function focusLayout(
  sources: readonly SpendSource[],
  cost: FocusCost,
  tags: readonly string[],
): Layout {
  for (const source of sources) checkColumns(source);
  const hasUsageType = sources.some((source) => usageTypeColumns.some((name) => columnOf(source, name)));
  return {
    kind: 'FOCUS',
    dimensions: [
      'account',
      'service',
      'region',
      ...(hasUsageType ? ['usageType'] : []),
      ...tags.map(tagDimension),
    ],
    bitemporal: false,
    summed: true,
    sqlOf: (source) => sqlOf(source, cost, hasUsageType, tags),
    dayOf: (text) => toDayNumber(toUtcDate(text)),
    categoryOf: (text) => toCategory(text),
    createCheck: () => (row) => {
      const parsed = toFocusRow(row.cells);
      return 'fault' in parsed ? parsed : { currency: parsed.row.currency };
    },
  };
}

export const toDayNumber = (date: string | undefined): number | undefined =>
  date === undefined ? undefined : daysBetween('1970-01-01', date);

function checkColumns(source: SpendSource): void {
  const missing = focusColumns.filter((name) => columnOf(source, name) === undefined);
  if (missing.length === 0) return;
  const where = source.format === 'csv' ? `${source.file}: line 1` : source.file;
  throw new InputError(`${where}: no column ${missing.join(', ')}: is it an export in FOCUS 1.0 columns?`);
}

const columnOf = ({ columns }: SpendSource, wanted: string) => columns.find(({ name }) => name === wanted);

function sqlOf(
  source: SpendSource,
  cost: FocusCost,
  hasUsageType: boolean,
  tags: readonly string[],
): CellsSql {
  const column = (name: string) => columnOf(source, name);
  const amount = numberOf(column(cost === 'billed' ? 'BilledCost' : 'EffectiveCost'), exact);
  const billingAccount = column('BillingAccountId');
  const service = firstOf(column('ServiceName'));
  return {
    dimensions: [
      firstOf(column('SubAccountId'), billingAccount),
      service,
      firstOf(column('RegionId'), column('Region')),
      ...(hasUsageType ? [firstOf(...usageTypeColumns.map(column))] : []),
      ...tags.map((key) => tagOf(column('Tags'), [key, `user:${key}`])),
    ],
    date: dateOf(column('ChargePeriodStart')),
    category: firstOf(column('ChargeCategory')),
    currency: firstOf(column('BillingCurrency')),
    amount,
    isBad: `${service} = '' OR ${firstOf(billingAccount)} = ''`,
  };
}
