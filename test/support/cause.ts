import type { RootCause } from '../../shared/anomaly/root-cause.ts';
import type { BreakdownDimension } from '../../shared/spend/breakdown.ts';

/** A level that one value explains. */
export const explainedLevel = (dimension: BreakdownDimension, value: string, share = 0.97) => ({
  dimension,
  parts: [{ value, before: 0, after: 786.96 }],
  other: { count: 3, before: 90, after: 114 },
  risen: 2,
  share,
});

/** The cause of a forgotten p4d. */
export const causeOf = (cause: Partial<RootCause> = {}): RootCause => ({
  levels: [
    explainedLevel('region', 'eu-west-1'),
    explainedLevel('usageType', 'EUW1-BoxUsage:p4d.24xlarge'),
    explainedLevel('operation', 'RunInstances'),
    explainedLevel('resource', 'i-0d4e7b1c93fa26501'),
  ],
  cost: { before: 0, after: 786.96 },
  share: 0.97,
  driver: 'usage',
  split: { usage: 786.96, rate: 0, unknown: 0, quantity: { before: 0, after: 24, unit: 'Hrs' } },
  suspects: [],
  team: 'search',
  owner: 'jonas',
  excessPerDay: 812,
  ...cause,
});

/** The same hours at twice the price: nothing covers them any more. */
export const expired = causeOf({
  driver: 'rate',
  levels: [explainedLevel('region', 'eu-west-1'), explainedLevel('usageType', 'EUW1-BoxUsage:c6i.4xlarge')],
  cost: { before: 96, after: 192 },
  split: {
    usage: 0,
    rate: 96,
    unknown: 0,
    quantity: { before: 180, after: 180, unit: 'Hrs' },
    price: { before: 96 / 180, after: 192 / 180 },
  },
  commitment: { kind: 'savings-plan', endedOn: '2026-11-14', covered: { before: 180, after: 0 } },
});
