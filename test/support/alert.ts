import type { Alert } from '../../shared/alert/alert.ts';

/** An alert in which only what the test is about need be said. */
export const alertOf = (given: Partial<Alert> = {}): Alert => ({
  id: 'incident/p4d/opened',
  subject: 'incident/p4d',
  kind: 'spend-anomaly',
  severity: 'critical',
  at: '2026-11-16T06:00:00Z',
  title: 'EC2 in ml-dev costs $786 a day more than expected',
  summary: 'Since Friday 2026-11-13, almost certainly: a p4d.24xlarge that nobody stopped.',
  facts: [
    { label: 'Account', value: 'ml-dev (210987654321)' },
    { label: 'Expected', value: '$64.20 a day' },
  ],
  items: ['p4d.24xlarge i-0a1b2c3d4e5f60718: $32.77 an hour'],
  action: 'Stop i-0a1b2c3d4e5f60718, or tag it auto-stop:keep-until if it is needed.',
  links: [
    { label: 'Cost Explorer', url: 'https://console.aws.amazon.com/costmanagement/home#/cost-explorer' },
  ],
  account: '210987654321',
  region: 'eu-west-1',
  team: 'search',
  ...given,
});
