import type { News } from '../../shared/alert/alert.ts';

/** What the presses in events/ are about: told in Slack before anybody pressed anything. */
export const sampleProblem: News = {
  id: 'utilization/210987654321/eu-west-1/i-0c5d6e7f8a9b01234/idle-accelerator/opened',
  subject: 'utilization/210987654321/eu-west-1/i-0c5d6e7f8a9b01234/idle-accelerator',
  kind: 'utilization',
  severity: 'critical',
  step: 'opened',
  at: '2026-11-16T17:00:00Z',
  title: 'reranker-train (p4d.24xlarge) has done nothing for 2 days',
  summary: 'None of its 8 GPUs has worked since Saturday 2026-11-14 16:00 UTC.',
  facts: [{ label: 'Owner', value: 'jonas' }],
  items: [],
  action: 'Stop it, or tag it with the hours in which it may run.',
  links: [],
  account: '210987654321',
  region: 'eu-west-1',
  owner: 'jonas',
  costPerDay: 786.54,
  pattern: 'idle-accelerator/210987654321/jonas',
};
