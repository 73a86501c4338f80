import { describe, expect, it } from 'vitest';
import type { UsageLine } from '../../shared/spend/breakdown.ts';
import { ratesPaid } from '../../shared/spend/rate.ts';

const line = (usageType: string, amount: number, quantity?: number): UsageLine => ({
  date: '2026-11-14',
  region: 'eu-west-1',
  usageType,
  amount,
  ...(quantity !== undefined && { quantity, unit: 'Hrs' }),
});

describe('the rates that were paid', () => {
  it('are cost by hour, over all days, on demand and spot apart', () => {
    const lines = [
      line('EUW1-BoxUsage:p4d.24xlarge', 700, 20),
      line('EUW1-BoxUsage:p4d.24xlarge', 110, 4),
      line('EUW1-SpotUsage:p4d.24xlarge', 96, 8),
      line('BoxUsage:u-6tb1.metal', 54, 1),
    ];
    expect(ratesPaid(lines)).toEqual([
      { region: 'eu-west-1', instanceType: 'p4d.24xlarge', purchaseOption: 'on-demand', hourlyRate: 33.75 },
      { region: 'eu-west-1', instanceType: 'p4d.24xlarge', purchaseOption: 'spot', hourlyRate: 12 },
      { region: 'eu-west-1', instanceType: 'u-6tb1.metal', purchaseOption: 'on-demand', hourlyRate: 54 },
    ]);
  });

  it.each([
    ['nothing was paid', line('EUW1-BoxUsage:g5.xlarge', 0, 24)],
    ['the bill has no hours', line('EUW1-BoxUsage:g5.xlarge', 24)],
    ['it ran for no time', line('EUW1-BoxUsage:g5.xlarge', 1, 0)],
    ['the usage type names no instance type', line('EUW1-BoxUsage', 10, 24)],
    ['the usage is no instance', line('EUW1-DataTransfer-Out-Bytes', 10, 24)],
  ])('are unknown, never 0, where %s', (_, one) => {
    expect(ratesPaid([one])).toEqual([]);
  });
});
