import { describe, expect, it } from 'vitest';
import { chargeCategory, currencyOf } from '../../shared/spend/charge.ts';

describe('the category of a record type', () => {
  it.each([
    ['Usage', 'Usage'],
    ['DiscountedUsage', 'Usage'],
    ['SavingsPlanCoveredUsage', 'Usage'],
    ['Savings Plan Covered Usage', 'Usage'],
    ['SavingsPlanNegation', 'Adjustment'],
    ['Refund', 'Adjustment'],
    ['SavingsPlanRecurringFee', 'Purchase'],
    ['SavingsPlanUpfrontFee', 'Purchase'],
    ['RIFee', 'Purchase'],
    ['RI fee', 'Purchase'],
    ['Recurring', 'Purchase'],
    ['Upfront', 'Purchase'],
    ['Support', 'Purchase'],
    ['Fee', 'Purchase'],
    ['Tax', 'Tax'],
    ['Credit', 'Credit'],
    ['Enterprise Discount Program Discount', 'Credit'],
    ['Bundled Discount', 'Credit'],
    ['PrivateRateDiscount', 'Credit'],
  ])('%s is %s', (recordType, category) => {
    expect(chargeCategory(recordType)).toBe(category);
  });

  it('is usage where nobody has heard of it, so that nothing hides', () => {
    expect(chargeCategory('Something AWS thought of last week')).toBe('Usage');
  });
});

describe('currency', () => {
  it('is the one that all charges are in', () => {
    expect(currencyOf([{ currency: 'CNY' }, { currency: 'CNY' }])).toBe('CNY');
    expect(currencyOf([])).toBeUndefined();
  });

  it('is refused where there are two', () => {
    expect(() => currencyOf([{ currency: 'USD' }, { currency: 'EUR' }])).toThrow(
      "Amounts in USD and EUR can't be added",
    );
  });
});
