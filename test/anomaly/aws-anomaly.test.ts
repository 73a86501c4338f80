import { describe, expect, it } from 'vitest';
import {
  type AwsAnomaly,
  awsAnomalyOf,
  coveringIncident,
  daysSeen,
} from '../../shared/anomaly/aws-anomaly.ts';
import { type Incident, markTold } from '../../shared/anomaly/incident.ts';
import { incidentOf } from '../support/incident.ts';

const account = '210987654321';
const service = 'Amazon Elastic Compute Cloud - Compute';
const at = '2026-11-16T06:05:00Z';

const anomaly = (given: Partial<AwsAnomaly> = {}): AwsAnomaly => ({
  anomalyId: 'a1',
  places: [{ account, service, region: 'eu-west-1', usageType: 'EUW1-BoxUsage:p4d.24xlarge' }],
  start: '2026-11-13',
  end: '2026-11-15',
  impact: 1423.6,
  ...given,
});

const told = (given: Partial<Incident> = {}): Incident =>
  markTold(incidentOf(given), 'opened', '2026-11-15T06:00:00Z');

describe('an anomaly of AWS', () => {
  it('is what an open incident of the same account, service and days has told', () => {
    expect(coveringIncident(anomaly(), [told()], at)?.id).toBe(told().id);
  });

  it.each<[string, Partial<AwsAnomaly>, Incident]>([
    ['nobody was told of', {}, incidentOf()],
    ['is in another account', { places: [{ account: '345678901234', service }] }, told()],
    ['is of another service', { places: [{ account, service: 'Amazon Bedrock' }] }, told()],
    ['ended before it began', {}, told({ start: '2026-11-01', end: '2026-11-13', status: 'recovered' })],
    ['began after it ended', { start: '2026-11-10', end: '2026-11-12' }, told()],
    ['has no days to compare', { start: undefined } as never, told()],
    ['names no account', { places: [{ service }] }, told()],
    ['names nothing at all', { places: [] }, told()],
    ['has another usage type', {}, told({ scope: { account, service, usageType: 'EUW1-DataTransfer' } })],
    ['is of a team alone', {}, told({ scope: { team: 'search' } })],
    ['is of the account alone', {}, told({ scope: { account } })],
    ['was restated away', {}, { ...told(), status: 'recovered', impact: 0 }],
  ])('is told where the incident %s', (_, given, incident) => {
    expect(coveringIncident(anomaly(given), [incident], at)).toBeUndefined();
  });

  it('is the same in other letters, and where the incident has just ended', () => {
    const incident = told({
      scope: { account, service: service.toUpperCase() },
      end: '2026-11-15',
      status: 'recovered',
    });
    expect(coveringIncident(anomaly(), [incident], at)).toBe(incident);
  });

  it('goes on until AWS speaks of it where it has no end', () => {
    const { end: _, ...open } = anomaly({ start: '2026-11-10' });
    expect(coveringIncident(open, [told()], at)).toBeDefined();
    expect(coveringIncident(open, [told()], '2026-11-12T06:00:00Z')).toBeUndefined();
  });

  it('of an account, by a monitor of accounts, is any incident of that account', () => {
    const ofAccount = anomaly({ places: [{ account }] });
    expect(coveringIncident(ofAccount, [told()], at)).toBeDefined();
    expect(coveringIncident(ofAccount, [told({ scope: { service } })], at)).toBeUndefined();
  });

  it('with two root causes is told unless both are', () => {
    const places = [
      { account, service },
      { account: '345678901234', service },
    ];
    const other = told({ id: 'other', scope: { account: '345678901234', service } });
    expect(coveringIncident(anomaly({ places }), [told()], at)).toBeUndefined();
    expect(coveringIncident(anomaly({ places }), [told(), other], at)).toBeDefined();
  });

  it('is what the incident has told under which a part of it is folded', () => {
    const carrier = told({ id: 'team/2026-11-14', scope: { team: 'search' } });
    const part = incidentOf({ partOf: carrier.id });
    expect(coveringIncident(anomaly(), [part, carrier], at)).toBe(carrier);
  });
});

describe('what our own series have of it', () => {
  it('are the days of the incident that are days of the anomaly', () => {
    const end = { end: '2026-11-14' };
    expect(daysSeen(incidentOf(), anomaly(end), at)).toEqual({ days: 1, actual: 912, expected: 100 });
    expect(daysSeen(incidentOf(), anomaly(), at)).toEqual({ days: 2, actual: 1792, expected: 200 });
  });
});

describe('an incident of ours', () => {
  it('is seen by AWS, too, in any series that it was seen in; the largest of several', () => {
    const known = [1000, 2000, 500].map((impact) => ({ ...anomaly({ impact }), at }));
    const team = incidentOf({ scope: { team: 'search' } });
    expect(awsAnomalyOf(team, [team.scope], known)).toBeUndefined();
    expect(awsAnomalyOf(team, [team.scope, { account, service }], known)?.impact).toBe(2000);
  });
});
