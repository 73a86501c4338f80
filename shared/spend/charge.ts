import type { IsoDate } from '../period.ts';
import type { Scope } from './scope.ts';

/** What kind of charge it is, in FOCUS's words. */
export const chargeCategories = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] as const;
export type ChargeCategory = (typeof chargeCategories)[number];

/** What a day of something cost, unrounded, in its own currency; negative where money came back. */
export type Charge = {
  date: IsoDate;
  account: string;
  accountName?: string;
  service: string;
  region?: string;
  usageType?: string;
  category: ChargeCategory;
  amount: number;
  currency: string;
};

/** What a day of a part of the spend cost; `{}` in its scope is what no dimension is known of. */
export type ScopedCharge = Pick<Charge, 'date' | 'accountName' | 'category' | 'amount' | 'currency'> & {
  scope: Scope;
};

/** A charge as one of its account and service, whatever else is known of it. */
export const byAccountAndService = ({ account, service, ...charge }: Charge): ScopedCharge => {
  const { date, accountName, category, amount, currency } = charge;
  return {
    date,
    scope: { account, service },
    ...(accountName && { accountName }),
    category,
    amount,
    currency,
  };
};

const byRecordType = new Map<string, ChargeCategory>([
  ['savingsplannegation', 'Adjustment'],
  ['savingsplanrecurringfee', 'Purchase'],
  ['savingsplanupfrontfee', 'Purchase'],
  ['recurring', 'Purchase'],
  ['reservationappliedusage', 'Usage'],
  ['recurringreservationfee', 'Purchase'],
  ['upfront', 'Purchase'],
  ['upfrontreservationfee', 'Purchase'],
  ['rifee', 'Purchase'],
  ['fee', 'Purchase'],
  ['onetime', 'Purchase'],
  ['otherout-of-cyclecharges', 'Purchase'],
  ['support', 'Purchase'],
  ['supportfee', 'Purchase'],
  ['tax', 'Tax'],
  ['credit', 'Credit'],
  ['refund', 'Adjustment'],
]);

/**
 * The category of a Cost Explorer RECORD_TYPE. Its spellings vary between accounts and over time (`RIFee`, `RI fee`),
 * and discounts have names of their own (`Bundled Discount`). What is unknown is usage, so that nothing hides.
 */
export function chargeCategory(recordType: string): ChargeCategory {
  const name = recordType.toLowerCase().replaceAll(/[\s_]/g, '');
  return byRecordType.get(name) ?? (name.endsWith('discount') ? 'Credit' : 'Usage');
}

/** The one currency of all charges; undefined where there are none. Throws where there are two: they don't add up. */
export function currencyOf(charges: Iterable<Pick<Charge, 'currency'>>): string | undefined {
  let currency: string | undefined;
  for (const charge of charges) {
    if (currency !== undefined && charge.currency !== currency) {
      throw new Error(
        `Amounts in ${currency} and ${charge.currency} can't be added: give one currency at a time`,
      );
    }
    currency = charge.currency;
  }
  return currency;
}
