import { describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import { destinationsOf, routeAlert } from '../../shared/alert/destination.ts';
import { parseConfig } from '../../shared/config.ts';
import { alertOf } from '../support/alert.ts';

const slack = { token: 'ssm:/watchdog/slack-token', channel: '#ml-cost' };
const destinations = {
  search: { slack: '#search' },
  finops: { topic: 'arn:aws:sns:eu-west-1:123456789012:finops', fallback: 'search' },
  night: { slack: 'C0123456789', quietHours: 'Mon-Fri 18:00-08:00', messagesPerHour: 5 },
};
const policyOf = (alerts: object = {}) => parseConfig({ alerts: { slack, destinations, ...alerts } }).alerts;
const routed = (alerts: object, alert: Partial<Alert> = {}): string[] =>
  routeAlert(alertOf(alert), policyOf(alerts)).map(({ name }) => name);

describe('destinations', () => {
  it('are slack and email as far as they are set up, and those with a name of their own', () => {
    expect([...destinationsOf(policyOf()).keys()]).toEqual(['slack', 'email', 'search', 'finops', 'night']);
    expect([...destinationsOf(parseConfig({}).alerts).keys()]).toEqual(['email']);
    expect([...destinationsOf(parseConfig({ alerts: { email: false } }).alerts).keys()]).toEqual([]);
  });

  it('fall back to the other kind, or to whom they name', () => {
    const found = destinationsOf(policyOf());
    expect([...found.values()].map(({ name, fallback }) => [name, fallback])).toEqual([
      ['slack', 'email'],
      ['email', 'slack'],
      ['search', 'email'],
      ['finops', 'search'],
      ['night', 'email'],
    ]);
  });

  it('have no fallback where there is nothing else', () => {
    const only = destinationsOf(parseConfig({ alerts: { slack, email: false } }).alerts);
    expect(only.get('slack')).not.toHaveProperty('fallback');
  });

  it('have quiet hours and a limit of their own, or those of all', () => {
    const found = destinationsOf(policyOf({ quietHours: 'Sat-Sun 00:00-24:00', messagesPerHour: 12 }));
    expect(found.get('night')).toMatchObject({ quietHours: 'Mon-Fri 18:00-08:00', messagesPerHour: 5 });
    expect(found.get('search')).toMatchObject({ quietHours: 'Sat-Sun 00:00-24:00', messagesPerHour: 12 });
  });

  it('are reached as they say', () => {
    const found = destinationsOf(policyOf());
    expect([...found.values()].map(({ way }) => way)).toEqual([
      { by: 'bot', channel: '#ml-cost' },
      { by: 'topic' },
      { by: 'bot', channel: '#search' },
      { by: 'topic', arn: 'arn:aws:sns:eu-west-1:123456789012:finops' },
      { by: 'bot', channel: 'C0123456789' },
    ]);
  });
});

describe('an alert goes', () => {
  it.each<[string, object, Partial<Alert>]>([
    ['team', { team: 'search' }, { team: 'search' }],
    ['team, in whatever case', { team: 'Search' }, { team: ' SEARCH ' }],
    ['owner', { owner: 'mei' }, { owner: 'Mei' }],
    ['account', { account: '210987654321' }, {}],
    ['kind', { kind: 'spend-anomaly' }, {}],
    ['severity', { severity: 'critical' }, {}],
    ['one of several', { severity: ['warning', 'critical'], team: ['search', 'ads'] }, {}],
    ['nothing at all, which fits all', {}, {}],
  ])('by %s', (_, route, alert) => {
    expect(routed({ routes: [{ ...route, to: ['search'] }] }, alert)).toEqual(['search']);
  });

  it.each<[string, object, Partial<Alert>]>([
    ['of another team', { team: 'ads' }, {}],
    ['that has no owner', { owner: 'mei' }, {}],
    ['that fits in part only', { team: 'search', severity: 'info' }, {}],
  ])('where everything goes, where no route fits: one %s', (_, route, alert) => {
    expect(routed({ routes: [{ ...route, to: ['search'] }] }, alert)).toEqual(['slack', 'email']);
    expect(routed({ routes: [{ ...route, to: ['search'] }], default: ['finops'] }, alert)).toEqual([
      'finops',
    ]);
  });

  it('to all that fit, each once, in the order of the configuration', () => {
    const routes = [
      { team: 'search', to: ['finops', 'search'] },
      { severity: 'critical', to: ['search', 'slack'] },
    ];
    expect(routed({ routes })).toEqual(['slack', 'search', 'finops']);
  });

  it('where it says itself, whatever the routes say', () => {
    const routes = [{ team: 'search', to: ['search'] }];
    expect(routed({ routes }, { to: ['night', 'gone'] })).toEqual(['night']);
  });

  it.each([[['gone']], [[]]])('where everything goes, where it names only what is not there: %j', (to) => {
    expect(routed({}, { to })).toEqual(['slack', 'email']);
  });

  it('nowhere, where nothing is set up', () => {
    expect(routeAlert(alertOf(), parseConfig({ alerts: { email: false } }).alerts)).toEqual([]);
  });
});
