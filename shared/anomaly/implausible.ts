import type { Incident } from './incident.ts';

/** Times the expected spend from which a bill is doubted rather than believed, where usage doesn't explain it. */
const implausibleRatio = 100;

/** Whether an incident looks like an error of the bill: a jump beyond reason of the price of unchanged usage. */
export function isImplausible({ status, cause, days }: Incident): boolean {
  const newest = days.at(-1);
  if (status !== 'open' || cause?.driver !== 'rate' || newest === undefined) return false;
  return newest.expected > 0 && newest.actual > implausibleRatio * newest.expected;
}
