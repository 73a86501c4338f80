import { describe, expect, it } from 'vitest';
import { incidentAlert } from '../../shared/alert/incident-alert.ts';
import { incidentOf } from '../support/incident.ts';

const at = '2026-11-16T06:00:00Z';
const cause = {
  region: 'eu-west-1',
  usageType: 'EUW1-BoxUsage:p4d.24xlarge',
  share: 0.97,
  driver: 'usage' as const,
  team: 'search',
  owner: 'jonas',
  sentence: 'EUW1-BoxUsage:p4d.24xlarge in eu-west-1 makes up 97 % of the rise.',
};

const fact = (alert: ReturnType<typeof incidentAlert>, label: string) =>
  alert.facts.find((one) => one.label === label)?.value;

describe('the alert of an incident', () => {
  it('says what, how much, since when, whose, why, and what to do', () => {
    const alert = incidentAlert(incidentOf({ cause }), { accountName: 'ml-dev', change: 'opened', at });
    expect(alert).toMatchObject({
      id: 'spend/210987654321/Amazon Elastic Compute Cloud - Compute/2026-11-14/opened',
      subject: 'spend/210987654321/Amazon Elastic Compute Cloud - Compute/2026-11-14',
      kind: 'spend-anomaly',
      severity: 'critical',
      title: 'Amazon EC2 in ml-dev: $812.00 a day above expected since 14 Nov',
      account: '210987654321',
      region: 'eu-west-1',
      owner: 'jonas',
      team: 'search',
    });
    expect(alert.summary).toContain('makes up 97 % of the rise');
    expect(alert.action).toBe(
      'Ask jonas, or find what uses EUW1-BoxUsage:p4d.24xlarge in eu-west-1, and stop it if nobody needs it. What stays for two weeks becomes the new normal.',
    );
    expect(fact(alert, 'At this rate')).toBe('$812.00 a day, $24,360 a month');
    expect(fact(alert, 'Actual')).toBe(
      '$880.00 on 15 Nov so far: the day is still filling, and can only rise',
    );
    expect(fact(alert, 'Above expected')).toBe('780 %');
  });

  it.each([
    ['grown', {}, '$812.00 a day above expected by now, $1,592.00 since 14 Nov', 'critical'],
    ['opened', { excessPerDay: 60 }, '$60.00 a day above expected since 14 Nov', 'warning'],
    [
      'recovered',
      { status: 'recovered', end: '2026-11-16' },
      'back to normal, $1,592.00 above expected from 14 Nov to 15 Nov',
      'info',
    ],
    [
      'opened',
      { status: 'recovered', end: '2026-11-15' },
      'back to normal, $1,592.00 above expected on 14 Nov',
      'info',
    ],
    [
      'recovered',
      { status: 'recovered', end: '2026-11-14', impact: 0 },
      'nothing above expected since 14 Nov after all, the bill was restated',
      'info',
    ],
    [
      'accepted',
      { status: 'accepted', end: '2026-11-28' },
      '$812.00 a day more is the new normal, $1,592.00 since 14 Nov',
      'info',
    ],
  ] as const)('of one that has %s says so', (change, incident, headline, severity) => {
    const alert = incidentAlert(incidentOf(incident), { change, at });
    expect(alert.title).toBe(`Amazon EC2 in 210987654321: ${headline}`);
    expect(alert.severity).toBe(severity);
  });

  it('has one id for each change, and one subject for all', () => {
    const told = { status: 'open' as const, at, impact: 100, excessPerDay: 100, growths: 1 };
    const alerts = [
      incidentAlert(incidentOf(), { change: 'opened', at }),
      incidentAlert(incidentOf(), { change: 'grown', at }),
      incidentAlert(incidentOf({ told }), { change: 'grown', at }),
      incidentAlert(incidentOf({ told }), { change: 'recovered', at }),
    ];
    expect(new Set(alerts.map(({ id }) => id)).size).toBe(4);
    expect(new Set(alerts.map(({ subject }) => subject)).size).toBe(1);
  });

  it('says n/a where no percentage makes sense', () => {
    const days = [{ date: '2026-11-14', expected: 0, actual: 300, closed: true, high: true }];
    expect(fact(incidentAlert(incidentOf({ days }), { change: 'opened', at }), 'Above expected')).toBe('n/a');
  });

  it('looks at prices, not at people, where the same usage costs more', () => {
    const alert = incidentAlert(incidentOf({ cause: { ...cause, driver: 'rate' } }), {
      change: 'opened',
      at,
    });
    expect(alert.action).toContain('a commitment that expired');
  });

  it('opens Cost Explorer on its account and service, only where there is one', () => {
    const [link] = incidentAlert(incidentOf(), { change: 'opened', at }).links;
    const query = new URLSearchParams(link?.url.split('?').at(-1));
    expect(query.get('startDate')).toBe('2026-10-31');
    expect(query.get('filter')).toContain('"values":[{"value":"210987654321"');
    expect(
      incidentAlert(incidentOf({ scope: { account: '/subscriptions/64e3', service: 'Virtual Machines' } }), {
        change: 'opened',
        at,
      }).links,
    ).toEqual([]);
  });

  it('keeps its id within 200 characters', () => {
    const id = `${'a'.repeat(80)}/${'s'.repeat(80)}/2026-11-14`;
    expect(incidentAlert(incidentOf({ id }), { change: 'recovered', at }).id.length).toBeLessThanOrEqual(200);
  });
});
