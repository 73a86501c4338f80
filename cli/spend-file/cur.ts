import { chargeCategory } from '../../shared/spend/charge.ts';
import { type FocusCost, toUtcDate } from '../../shared/spend/focus.ts';
import { tagDimension } from '../../shared/spend/grouping.ts';
import { InputError } from '../input-error.ts';
import { toDayNumber } from './focus-export.ts';
import type { CellsSql, Layout, RowCheck, RowFault } from './layout.ts';
import { quote } from './plain.ts';
import type { SpendSource } from './source.ts';
import { type Column, dateOf, exact, firstOf, literal, numberOf, numberPattern, tagOf } from './sql.ts';

/** `lineItem/UsageStartDate` as Athena and CUR 2.0 write it: `line_item_usage_start_date`. */
const snakeCase = (name: string): string =>
  name
    .replaceAll(/[/:. -]/g, '_')
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z])/g, '_')
    .replaceAll(/_+/g, '_')
    .toLowerCase();

const columnOf = ({ columns }: SpendSource, wanted: string): Column | undefined =>
  columns.find(({ name }) => snakeCase(name) === wanted);

/** Whether it has columns as only a Cost and Usage Report has them. */
export const isCur = ({ columns }: SpendSource): boolean =>
  columns.some(({ name }) => snakeCase(name).startsWith('line_item_'));

/** What a row can't do without, whichever of the costs is read. */
const required = [
  'line_item_usage_start_date',
  'line_item_usage_account_id',
  'line_item_line_item_type',
  'line_item_unblended_cost',
  'line_item_currency_code',
];

/** A Cost and Usage Report, legacy or 2.0: line items become the days of account, service, region and usage type. */
export function curLayout(sources: readonly SpendSource[], cost: FocusCost, tags: readonly string[]): Layout {
  for (const source of sources) checkColumns(source);
  return {
    kind: 'CUR',
    dimensions: ['account', 'service', 'region', 'usageType', ...tags.map(tagDimension)],
    bitemporal: false,
    summed: true,
    sqlOf: (source) => sqlOf(source, cost, tags),
    dayOf: (text) => toDayNumber(toUtcDate(text)),
    categoryOf: (text) => (text === '' ? undefined : chargeCategory(text)),
    createCheck: () => checkOf(cost),
  };
}

function checkColumns(source: SpendSource): void {
  const missing = required.filter((name) => columnOf(source, name) === undefined);
  if (missing.length === 0) return;
  const where = source.format === 'csv' ? `${source.file}: line 1` : source.file;
  throw new InputError(
    `${where}: no column ${missing.join(', ')}: is it a Cost and Usage Report with all of its columns?`,
  );
}

function sqlOf(source: SpendSource, cost: FocusCost, tags: readonly string[]): CellsSql {
  const column = (name: string) => columnOf(source, name);
  const number = (...names: string[]) =>
    `coalesce(${[...names.map((name) => numberOf(column(name), exact)), 'NULL'].join(', ')})`;
  const account = firstOf(column('line_item_usage_account_id'));
  const type = firstOf(column('line_item_line_item_type'));
  const amount = cost === 'billed' ? number('line_item_unblended_cost') : effectiveCost(column, type, number);
  return {
    dimensions: [
      account,
      firstOf(column('product_servicecode'), column('line_item_product_code')),
      firstOf(column('product_region_code'), column('product_region')),
      firstOf(column('line_item_usage_type')),
      ...tags.map((key) => tagSql(source, key)),
    ],
    date: dateOf(column('line_item_usage_start_date')),
    category: type,
    currency: firstOf(column('line_item_currency_code')),
    amount,
    isBad: `${account} = ''`,
  };
}

/**
 * What each kind of line item costs when commitments are spread over what they cover, as AWS documents it: covered usage
 * at its effective cost, fees for what of the commitment stayed unused, and nothing for payments already spread. The
 * first column that has a value counts: net of discounts, where the report has it.
 */
const costsByType: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'SavingsPlanCoveredUsage',
    ['savings_plan_net_savings_plan_effective_cost', 'savings_plan_savings_plan_effective_cost'],
  ],
  ['DiscountedUsage', ['reservation_net_effective_cost', 'reservation_effective_cost']],
]);
const otherCosts = ['line_item_net_unblended_cost', 'line_item_unblended_cost'];
const spreadTypes = ['SavingsPlanNegation', 'SavingsPlanUpfrontFee'];

function effectiveCost(
  column: (name: string) => Column | undefined,
  type: string,
  number: (...names: string[]) => string,
): string {
  const or0 = (sql: string) => `coalesce(${sql}, 0)`;
  const net = (name: string) => or0(number(`reservation_net_${name}`, `reservation_${name}`));
  const covered = [...costsByType].map(([name, names]) => `WHEN ${literal(name)} THEN ${number(...names)}`);
  const spread = spreadTypes.map((name) => `WHEN ${literal(name)} THEN 0`);
  const unusedPlan = `${or0(number('savings_plan_total_commitment_to_date'))} - ${or0(number('savings_plan_used_commitment'))}`;
  const unusedReservation = `${net('unused_amortized_upfront_fee_for_billing_period')} + ${net('unused_recurring_fee')}`;
  const reservation = firstOf(column('reservation_reservation_a_r_n'));
  return `CASE ${type} ${covered.join(' ')} ${spread.join(' ')}
    WHEN 'SavingsPlanRecurringFee' THEN ${unusedPlan}
    WHEN 'RIFee' THEN ${unusedReservation}
    WHEN 'Fee' THEN CASE WHEN ${reservation} = '' THEN ${number(...otherCosts)} ELSE 0 END
    ELSE ${number(...otherCosts)} END`;
}

/** Tags are columns of their own in a legacy report, `resourceTags/user:team`, and one map in CUR 2.0. */
function tagSql(source: SpendSource, key: string): string {
  const own = source.columns.find(({ name }) => name === `resourceTags/user:${key}`);
  const column = own ?? columnOf(source, `resource_tags_user_${snakeCase(key)}`);
  return column ? firstOf(column) : tagOf(columnOf(source, 'resource_tags'), [`user_${snakeCase(key)}`, key]);
}

const number = new RegExp(`^(${numberPattern})$`);

function checkOf(cost: FocusCost): RowCheck {
  return ({ source, cells }) => {
    const cell = (name: string) => {
      const column = columnOf(source, name);
      const text = (column && cells[column.name]) ?? '';
      return text === 'NULL' ? '' : text;
    };
    const fault = (name: string, message: string): RowFault => ({
      fault: { column: columnOf(source, name)?.name ?? name, message },
    });
    const empty = required.find((name) => name !== 'line_item_unblended_cost' && cell(name) === '');
    if (empty !== undefined) return fault(empty, 'is empty');
    const start = cell('line_item_usage_start_date');
    if (toUtcDate(start) === undefined) {
      return fault('line_item_usage_start_date', `${quote(start)} is not a date and time`);
    }
    const names = costColumns(cell('line_item_line_item_type'), cost);
    const bad = names.find((name) => cell(name) !== '' && !number.test(cell(name)));
    if (bad !== undefined) return fault(bad, `${quote(cell(bad))} is not a number`);
    const last = names.at(-1);
    if (last !== undefined && names.every((name) => cell(name) === '')) {
      return fault(
        last,
        `is empty${cost === 'effective' && !otherCosts.includes(last) ? ': try --cost billed' : ''}`,
      );
    }
    return { currency: cell('line_item_currency_code') };
  };
}

function costColumns(type: string, cost: FocusCost): readonly string[] {
  if (cost === 'billed') return ['line_item_unblended_cost'];
  if ([...spreadTypes, 'SavingsPlanRecurringFee', 'RIFee'].includes(type)) return [];
  return costsByType.get(type) ?? otherCosts;
}
