import { monthlyCost } from '../compute/cost.ts';
import { type Finding, lastsUntil } from '../compute/finding.ts';
import { endsByItself } from '../compute/resource.ts';
import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';

/** Something to do about a finding, and what that saves. */
export type Recommendation = {
  finding: Finding;
  /** Dollars a month, if it would go on as it is. */
  monthly: Usd;
};

/**
 * What saves most, the dearest first: one thing to do for each resource, and none for what ends by itself, has no known
 * price, or rests on an indirect sign alone. Of a workload and the nodes that carry it the dearer one.
 */
export function bestRecommendations(
  findings: readonly Finding[],
  now: IsoTime,
  count: number,
): Recommendation[] {
  const candidates = findings
    .filter((finding) => isCertain(finding, now))
    .map((finding) => ({ finding, monthly: monthlyCost(savedRate(finding)) }))
    .filter(({ monthly }) => monthly > 0)
    .toSorted((a, b) => b.monthly - a.monthly);
  const best: Recommendation[] = [];
  const taken = new Set<string>();
  for (const candidate of candidates) {
    const { account, region, id, within = [] } = candidate.finding;
    const keys = [id, ...within].map((one) => [account, region, one].join('#'));
    if (best.length === count) break;
    if (keys.some((key) => taken.has(key))) continue;
    for (const key of keys) taken.add(key);
    best.push(candidate);
  }
  return best;
}

const isCertain = (finding: Finding, now: IsoTime): boolean =>
  finding.closedAt === undefined &&
  Date.parse(lastsUntil(finding, now)) >= Date.parse(now) &&
  finding.confidence !== 'low' &&
  finding.isUnpaid !== true &&
  !endsByItself(finding.kind);

/** Dollars an hour; with something else in its place no more than the difference. */
function savedRate({ hourlyRate, wastedHourlyRate = 0, proposal }: Finding): Usd {
  if (proposal?.hourlyRate === undefined || hourlyRate === undefined) return wastedHourlyRate;
  return hourlyRate - proposal.hourlyRate;
}
