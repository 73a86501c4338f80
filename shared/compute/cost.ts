import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import type { Instance } from './instance.ts';

/** As AWS counts a month in its own price examples. */
const hoursPerMonth = 730;

/** What a rate comes to when it runs on for a month. */
export const monthlyCost = (hourlyRate: Usd): Usd => hourlyRate * hoursPerMonth;

/** What a rate came to between two points in time. */
export const costBetween = (hourlyRate: Usd, start: IsoTime, end: IsoTime): Usd =>
  (hourlyRate * Math.max(0, Date.parse(end) - Date.parse(start))) / 3_600_000;

/**
 * How an instance is paid for by the hour; undefined for those that are paid for otherwise, such as capacity blocks,
 * whose hours are bought in advance, and what runs on a dedicated host, which is paid for itself.
 */
export function purchaseOptionOf({
  lifecycle,
  tenancy,
}: Instance): 'on-demand' | 'spot' | 'dedicated' | undefined {
  if (tenancy === 'host') return undefined;
  if (lifecycle === undefined) return tenancy ?? 'on-demand';
  // No list tells under what name the bill has spot instances on dedicated hardware.
  return lifecycle === 'spot' && tenancy === undefined ? 'spot' : undefined;
}
