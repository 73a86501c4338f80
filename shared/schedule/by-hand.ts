import type { Stopping } from '../compute/resource.ts';
import { type Candidate, keepUntil, lastingGates, refusalOf } from './gates.ts';

/**
 * What whoever stops an instance by hand should know: the gates that the product itself would not pass, and what is
 * lost. Nothing of it depends on a schedule tag, but the zone of its keep-until tag.
 */
export function stoppingByHand({ parsed, ...candidate }: Candidate): Stopping {
  const { timeZone } = parsed?.kind === 'schedule' ? parsed.schedule : candidate.policy;
  const asked = { ...candidate, schedule: { timeZone } };
  const kept = keepUntil(asked);
  // A tag that can't be read protects without an end.
  const refusal = refusalOf(asked, lastingGates) ?? (kept?.until === undefined ? kept : undefined);
  const lostGb = candidate.subject.instanceStoreGb ?? 0;
  return {
    ...(refusal && { refusal: { code: refusal.code, reason: refusal.reason } }),
    ...(kept?.until !== undefined && { keptUntil: kept.until }),
    ...(lostGb > 0 && { lostGb }),
  };
}
