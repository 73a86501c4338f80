import type { Finding } from '../../shared/compute/finding.ts';
import type { Resource } from '../../shared/compute/resource.ts';

/** An idle p4d, found a weekend after its last work. */
export const findingOf = (given: Partial<Finding> = {}): Finding => ({
  account: '210987654321',
  region: 'eu-west-1',
  kind: 'ec2-instance',
  id: 'i-0d4e1f2a3b4c5d6e7',
  name: 'reranker-train',
  type: 'p4d.24xlarge',
  count: 1,
  check: 'idle-accelerator',
  since: '2026-11-13T17:00:00Z',
  openedAt: '2026-11-16T06:15:00Z',
  seenAt: '2026-11-16T06:15:00Z',
  reason: '8 of 8 GPUs at 0-2 % for 3 h, 1.4 GiB of memory held, 100 % coverage',
  confidence: 'high',
  windowStart: '2026-11-16T02:15:00Z',
  windowEnd: '2026-11-16T05:05:00Z',
  coverage: 1,
  attribution: { owner: 'jonas', team: 'search' },
  hourlyRate: 32.77,
  wastedHourlyRate: 32.77,
  ...given,
});

/** The resource that a finding is about. */
export const resourceOf = (
  { account, region, kind, id, name, type, count }: Finding,
  given: Partial<Resource> = {},
): Resource => ({ account, region, kind, id, name, type, count, tags: {}, ...given });
