import { expect, it } from 'vitest';
import { creditAlert } from '../../shared/alert/credit-alert.ts';

it('says that a credit ended, that usage is what it was, and what it costs from now on', () => {
  const ended = { endedOn: '2026-11-11', perDay: 45, usage: { before: 118, after: 120 } };
  const alert = creditAlert(ended, {
    service: 'Amazon Elastic Compute Cloud - Compute',
    currency: 'USD',
    at: '2026-11-16T06:00:00Z',
  });
  expect(alert).toMatchObject({
    id: 'credit/Amazon Elastic Compute Cloud - Compute/2026-11-11/ended',
    severity: 'info',
    title: 'Amazon EC2: credit ended on 11 Nov, $45.00 a day more to pay',
  });
  expect(alert.summary).toContain('Usage is what it was: $120.00 a day after $118.00.');
  expect(alert.facts).toContainEqual({ label: 'More to pay', value: '$45.00 a day, $1,350.00 a month' });
});
