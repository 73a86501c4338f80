import type { Usd } from '../money.ts';
import type { UsageLine } from './breakdown.ts';

/** What an hour is paid for: of an instance by purchase option, of SageMaker by what runs there, of a model unit. */
export type RateUse =
  | 'on-demand'
  | 'spot'
  | 'hosting'
  | 'training'
  | 'processing'
  | 'transform'
  | 'notebook'
  | 'studio'
  | 'cluster'
  | 'model-unit';

/** Something that has a price by the hour. */
export type Priced = {
  region: string;
  /** `g5.xlarge`, `ml.g5.xlarge`; of a model unit the model's id. */
  type: string;
  use: RateUse;
  platform?: 'linux' | 'windows' | undefined;
};

/** What an instance type really cost, by the bill: discounts are in it. */
export type RatePaid = {
  region: string;
  instanceType: string;
  purchaseOption: 'on-demand' | 'spot';
  hourlyRate: Usd;
};

const purchaseOptions = { BoxUsage: 'on-demand', SpotUsage: 'spot' } as const;

/** `EUW1-BoxUsage:p4d.24xlarge`; in us-east-1 without a prefix. */
const instanceUsage = /^(?:[A-Z0-9]+-)?(BoxUsage|SpotUsage):([a-z0-9-]+\.[a-z0-9-]+)$/;

/** Hourly rates by region, type and purchase option; what was not paid for is left out, and so stays unknown. */
export function ratesPaid(lines: readonly UsageLine[]): RatePaid[] {
  const instances = lines.flatMap(({ region, usageType, amount, quantity = 0 }) => {
    const [, usage, instanceType] = instanceUsage.exec(usageType) ?? [];
    if (instanceType === undefined || quantity <= 0) return [];
    const purchaseOption = purchaseOptions[usage as keyof typeof purchaseOptions];
    return [{ region, instanceType, purchaseOption, amount, quantity }];
  });
  const groups = Map.groupBy(
    instances,
    (line) => `${line.region} ${line.instanceType} ${line.purchaseOption}`,
  );
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { region, instanceType, purchaseOption } = first;
    const amount = others.reduce((sum, line) => sum + line.amount, first.amount);
    const hours = others.reduce((sum, line) => sum + line.quantity, first.quantity);
    return amount > 0 ? [{ region, instanceType, purchaseOption, hourlyRate: amount / hours }] : [];
  });
}
