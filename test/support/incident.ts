import type { Incident } from '../../shared/anomaly/incident.ts';

/** An open incident of a forgotten machine, on its second day. */
export const incidentOf = (incident: Partial<Incident> = {}): Incident => ({
  id: '210987654321/Amazon Elastic Compute Cloud - Compute/2026-11-14',
  scope: { account: '210987654321', service: 'Amazon Elastic Compute Cloud - Compute' },
  currency: 'USD',
  kind: 'rise',
  status: 'open',
  start: '2026-11-14',
  detected: '2026-11-15T06:00:00Z',
  reason: '$912.00 on a day that should cost $100.00, and for which up to $130.00 would be usual.',
  days: [
    { date: '2026-11-14', expected: 100, actual: 912, closed: true, high: true },
    { date: '2026-11-15', expected: 100, actual: 880, closed: false, high: true },
  ],
  impact: 1592,
  excessPerDay: 812,
  ...incident,
});
