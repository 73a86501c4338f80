import { describe, expect, it } from 'vitest';
import { incidentAlert } from '../../shared/alert/incident-alert.ts';
import type { Change, Incident } from '../../shared/anomaly/incident.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import { causeOf, expired, explainedLevel } from '../support/cause.ts';
import { chartOf } from '../support/chart.ts';
import { incidentOf } from '../support/incident.ts';

const at = '2026-11-16T06:00:00Z';
const names = { '210987654321': 'ml-dev' };

const fact = (alert: ReturnType<typeof incidentAlert>, label: string) =>
  alert.facts.find((one) => one.label === label)?.value;

describe('the alert of an incident', () => {
  it('says what, how much, since when, whose, why, and what to do', () => {
    const alert = incidentAlert(incidentOf({ cause: causeOf() }), { names, change: 'opened', at });
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
      'Ask jonas whether it is meant. If not, stop it. What stays for 21 days becomes the new normal.\naws ec2 stop-instances --region eu-west-1 --instance-ids i-0d4e7b1c93fa26501',
    );
    expect(fact(alert, 'Account')).toBe('ml-dev (210987654321)');
    expect(fact(alert, 'Lost so far')).toBe('$1,592.00 since 14 Nov');
    expect(fact(alert, 'Still at stake')).toBe('$812.00 a day, $24,360 a month');
    expect(fact(alert, 'Cause')).toBe(
      'eu-west-1 › EUW1-BoxUsage:p4d.24xlarge › RunInstances › i-0d4e7b1c93fa26501',
    );
    expect(fact(alert, 'Driven by')).toBeUndefined(); // the summary says it
    expect(fact(alert, 'Actual')).toBe(
      '$880.00 on 15 Nov so far: the day is still filling, and can only rise',
    );
    expect(fact(alert, 'Above expected')).toBe('780 %');
  });

  it('says which step of it this is, under the ids that it always had', () => {
    const of = (given: Partial<Incident>, change: Change) => {
      const { id, step } = incidentAlert(incidentOf(given), { change, at });
      return [id.split('/').at(-1), step];
    };
    const told = { at, impact: 800, excessPerDay: 800, growths: 1 };
    const open = { told: { ...told, status: 'open' } } as const;
    const back = { told: { ...told, status: 'recovered' } } as const;
    expect(of({}, 'opened')).toEqual(['opened', 'opened']);
    expect(of({ status: 'recovered' }, 'opened')).toEqual(['opened', undefined]); // told and done
    expect(of(open, 'grown')).toEqual(['grown-2', 'grown']);
    expect(of(back, 'grown')).toEqual(['grown-2', 'reopened']);
    expect(of({ ...open, status: 'recovered' }, 'recovered')).toEqual(['recovered', 'recovered']);
    expect(of({ ...back, status: 'recovered' }, 'restated')).toEqual(['restated', 'restated']);
    expect(of({ ...open, status: 'accepted' }, 'accepted')).toEqual(['accepted', 'accepted']);
  });

  it('is known by its incident, what that costs a day, and its chart', () => {
    const chart = chartOf();
    expect(incidentAlert(incidentOf(), { change: 'opened', at, chart })).toMatchObject({
      incidentId: '210987654321/Amazon Elastic Compute Cloud - Compute/2026-11-14',
      costPerDay: 812,
      chart,
    });
    expect(incidentAlert(incidentOf(), { change: 'opened', at })).not.toHaveProperty('chart');
  });

  it.each<[Scope, string, string[]]>([
    [{}, 'All spend', []],
    [{ account: '210987654321' }, 'ml-dev', ['Account']],
    [{ service: 'Amazon Simple Storage Service' }, 'Amazon S3', ['Service']],
    [
      { service: 'Amazon Simple Storage Service', usageType: 'EUW1-TimedStorage-ByteHrs' },
      'EUW1-TimedStorage-ByteHrs of Amazon S3',
      ['Service', 'Usage type'],
    ],
    [{ team: 'search' }, 'team search', []],
    [{ team: '' }, 'no team', []],
    [{ project: 'reranker' }, 'project reranker', ['project']],
  ])('of %o is about %s', (scope, name, labels) => {
    const alert = incidentAlert(incidentOf({ scope }), { names, change: 'opened', at });
    expect(alert.title).toBe(`${name}: $812.00 a day above expected since 14 Nov`);
    expect(alert.facts.slice(0, labels.length).map(({ label }) => label)).toEqual(labels);
    expect(fact(alert, 'Expected')).toBe('$100.00 a day');
  });

  it('goes to the team that it is of, and else to the one that the rise belongs to', () => {
    const of = (scope: Scope) =>
      incidentAlert(incidentOf({ scope, cause: causeOf() }), { change: 'opened', at }).team;
    expect(of({ team: 'vision' })).toBe('vision');
    expect(of({ account: '210987654321' })).toBe('search');
  });

  it('names who may have caused it', () => {
    const suspects = [
      {
        instanceId: 'i-0d4e7b1c93fa26501',
        instanceType: 'p4d.24xlarge',
        launchTime: '2026-11-13T16:20:00Z',
        startedBy: 'ml-engineer/dana',
        owner: 'dana',
      },
    ];
    const { owner, team, ...nobodys } = causeOf({ suspects });
    const alert = incidentAlert(incidentOf({ cause: nobodys }), { change: 'opened', at });
    expect(alert.summary).toContain(
      'Suspect: p4d.24xlarge i-0d4e7b1c93fa26501 launched Fri 13 Nov 16:20 UTC by ml-engineer/dana',
    );
    expect(alert.action).toMatch(/^Ask dana whether it is meant\./);
  });

  it.each([
    ['grown', {}, '$812.00 a day above expected by now, $1,592.00 since 14 Nov', 'critical'],
    ['opened', { excessPerDay: 60, impact: 110 }, '$60.00 a day above expected since 14 Nov', 'warning'],
    [
      'recovered',
      { status: 'recovered', end: '2026-11-16' },
      'back to normal, $1,592.00 above expected from 14 Nov to 15 Nov',
      'info',
    ],
    [
      'opened',
      { status: 'recovered', end: '2026-11-15' },
      '$1,592.00 above expected on 14 Nov, back to normal since',
      'info',
    ],
    [
      'recovered',
      { status: 'recovered', end: '2026-11-14', impact: 0 },
      'estimate implausible, the bill was restated: nothing above expected since 14 Nov after all',
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
    const { commitment, ...dearer } = expired;
    const alert = incidentAlert(incidentOf({ cause: dearer }), { change: 'opened', at });
    expect(alert.action).toContain('a discount or a credit that ended');
    expect(alert.summary).toContain('Driven by its price, not by usage');
  });

  it('says to renew what ended, and to stop nothing', () => {
    const alert = incidentAlert(incidentOf({ cause: expired }), { change: 'opened', at });
    expect(alert.action).toMatch(
      /^Renew the Savings Plan that ended on 14 Nov, .* Nothing has to be stopped\.$/,
    );
  });

  it.each([
    ['EUW1-BoxUsage:g5.xlarge', 'find the g5.xlarge that runs in eu-west-1'],
    ['EUW1-Train:ml.g5.12xlarge', 'stop the job in SageMaker in eu-west-1'],
    ['EUW1-Host:ml.g5.xlarge', 'delete the endpoint in SageMaker'],
    ['EUW1-Notebk:ml.g5.xlarge', 'stop the notebook'],
    ['USE1-NovaPro-output-tokens', 'stop what calls the model'],
    ['EUW1-TimedStorage-ByteHrs', 'lifecycle rule'],
    ['EUW1-EBS:VolumeUsage.gp3', 'lifecycle rule'],
    ['EUW1-NatGateway-Bytes', 'what moves the data'],
    ['EUW1-AsyncPages', 'find what uses EUW1-AsyncPages in eu-west-1'],
  ])('of %s says what to do about that', (usageType, action) => {
    const levels = [explainedLevel('region', 'eu-west-1'), explainedLevel('usageType', usageType)];
    const alert = incidentAlert(incidentOf({ cause: causeOf({ levels }) }), { change: 'opened', at });
    expect(alert.action).toContain(action);
  });

  it('puts nothing into a command that is no instance and no region', () => {
    const levels = [
      explainedLevel('region', 'eu-west-1; rm -rf /'),
      explainedLevel('usageType', 'BoxUsage:p4d.24xlarge'),
      explainedLevel('resource', 'i-0d4e7b1c93fa26501'),
    ];
    const alert = incidentAlert(incidentOf({ cause: causeOf({ levels }) }), { change: 'opened', at });
    expect(alert.action).not.toContain('aws ec2');
  });

  it('tells a hundredfold bill of unchanged usage as an implausible estimate, and not as a leak', () => {
    const days = [{ date: '2026-11-14', expected: 5, actual: 817, closed: true, high: true }];
    const alert = incidentAlert(incidentOf({ days, cause: expired }), { names, change: 'opened', at });
    expect(alert.title).toBe(
      'Amazon EC2 in ml-dev: estimate implausible, $812.00 a day above expected since 14 Nov',
    );
    expect(alert.summary).toMatch(/^The estimate is implausible: .* Nothing is stopped automatically/);
    expect(alert.action).toMatch(/^Nothing yet/);
    expect(alert.severity).toBe('warning');
  });

  it('says nothing of a cause that is not known', () => {
    const alert = incidentAlert(incidentOf(), { change: 'opened', at });
    expect(fact(alert, 'Cause')).toBe('not known');
    expect(alert.action).toContain('Nobody is tagged as its owner');
  });

  it('opens Cost Explorer on what it is about, only where that is of AWS', () => {
    const [link] = incidentAlert(incidentOf(), { change: 'opened', at }).links;
    const query = new URLSearchParams(link?.url.split('?').at(-1));
    expect(query.get('startDate')).toBe('2026-10-31');
    expect(query.get('filter')).toContain('"values":[{"value":"210987654321"');
    const scope = { account: '/subscriptions/64e3', service: 'Virtual Machines' };
    expect(incidentAlert(incidentOf({ scope }), { change: 'opened', at }).links).toEqual([]);
  });

  it('keeps its id within 200 characters', () => {
    const id = `${'a'.repeat(80)}/${'s'.repeat(80)}/2026-11-14`;
    expect(incidentAlert(incidentOf({ id }), { change: 'recovered', at }).id.length).toBeLessThanOrEqual(200);
  });
});
