import { expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';

const alerting = (given: object) => ({
  alerts: {
    slack: { token: 'ssm:/watchdog/slack-token', channel: '#ml-cost' },
    destinations: { search: { slack: '#search' } },
    ...given,
  },
});

it('takes destinations, routes and quiet hours as the documentation shows them', () => {
  const config = parseConfig(
    alerting({
      routes: [{ team: ['search', 'ads'], severity: 'critical', to: ['search', 'email'] }],
      quietHours: 'Mon-Sun 19:00-08:00, Sat-Sun 00:00-24:00',
      escalation: { to: ['search'] },
    }),
  );
  expect(config.alerts.escalation).toEqual({ hours: 4, severity: 'critical', to: ['search'] });
});

it.each([
  [
    alerting({ routes: [{ team: 'search', to: ['serach'] }] }),
    'alerts.routes.0.to: unknown destination "serach", did you mean "search"?',
  ],
  [
    alerting({ routes: [{ kind: 'aws-budgets', to: ['search'] }] }),
    'alerts.routes.0.kind: unknown "aws-budgets", did you mean "aws-budget"?',
  ],
  [
    alerting({ routes: [{ severity: ['warning', 'urgent'], to: ['search'] }] }),
    'alerts.routes.0.severity: unknown "urgent", expected one of info, warning, critical',
  ],
  [
    alerting({ routes: [{ severity: 3, to: ['search'] }] }),
    'alerts.routes.0.severity: expected one or more of info, warning, critical',
  ],
  [alerting({ default: ['nowhere'] }), 'expected one of slack, email, search'],
  [alerting({ escalation: { to: ['finop'] } }), 'alerts.escalation.to: unknown destination "finop"'],
  [
    alerting({ destinations: { search: { slack: '#search', fallback: 'mail' } } }),
    'alerts.destinations.search.fallback: unknown destination "mail", did you mean "email"?',
  ],
  [alerting({ email: false, default: ['email'] }), 'unknown destination "email"'],
  [
    alerting({ destinations: { both: { slack: '#a', webhook: 'ssm:/b' } } }),
    'alerts.destinations.both: names exactly one of slack, webhook and topic',
  ],
  [alerting({ destinations: { email: { slack: '#a' } } }), 'alerts.destinations.email: is a name of its own'],
  [alerting({ destinations: { a: { topic: 'finops' } } }), 'expected the ARN of an SNS topic'],
  [
    alerting({ destinations: { a: { slack: 'finops' } } }),
    'expected the id of a channel such as C0123456789',
  ],
  [{ alerts: { slack: { token: 'ssm:/t' } } }, 'alerts.slack.channel: a token needs a channel'],
  [
    { alerts: { slack: { webhook: 'ssm:/w', channel: '#a' } } },
    'alerts.slack.channel: only a token can choose a channel',
  ],
  [
    { alerts: { slack: { token: 'ssm:/t', channel: '#a', webhook: 'ssm:/w' } } },
    'alerts.slack.token: name a token or a webhook, one of both',
  ],
  [{ alerts: { slack: {} } }, 'alerts.slack.token: name a token or a webhook, one of both'],
  [{ alerts: { slack: { token: 'xoxb-1', channel: '#a' } } }, 'expected ssm:/path or secretsmanager:name'],
  [
    { alerts: { slack: { webhook: 'ssm:/w', signingSecret: 'ssm:/s' } } },
    'alerts.slack.signingSecret: only a token brings buttons',
  ],
  [
    { alerts: { slack: { webhook: 'ssm:/w' }, destinations: { search: { slack: '#search' } } } },
    'alerts.destinations.search.slack: a channel needs a bot: set alerts.slack.token',
  ],
  [
    { alerts: { quietHours: 'Mon-Sun 00:00-24:00' } },
    'alerts.quietHours: they never end: nothing would be told',
  ],
  [
    alerting({ destinations: { search: { slack: '#search', quietHours: 'off' } } }),
    'alerts.destinations.search.quietHours: leave it out to be told at any time',
  ],
  [{ alerts: { messagesPerHour: 0 } }, 'alerts.messagesPerHour'],
  [{ alerts: { routes: [{ kind: 'spend', to: ['email'] }] } }, 'alerts.routes.0.kind'],
])('refuses %j', (document, fault) => {
  expect(() => parseConfig(document)).toThrow(fault);
});
