import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeOf, type Incident, incidentId, runRate, severityOf } from '../../shared/anomaly/incident.ts';
import { type Scope, scopeKey } from '../../shared/spend/scope.ts';
import { incidentOf } from '../support/incident.ts';

const start = '2026-11-14';

describe('the id of an incident', () => {
  it.each<[Scope, string]>([
    [{ service: 'Amazon S3', account: '210987654321' }, '210987654321/Amazon S3/2026-11-14'],
    [{ account: '210987654321' }, '210987654321/2026-11-14'],
    [{ service: 'Amazon S3' }, 'service=Amazon S3/2026-11-14'],
    [{ team: 'search', account: '210987654321' }, '210987654321/team=search/2026-11-14'],
    [
      { usageType: 'EUW1-Requests', service: 'Amazon S3' },
      'service=Amazon S3/usageType=EUW1-Requests/2026-11-14',
    ],
    [{}, 'total/2026-11-14'],
  ])('of %j is %s', (scope, id) => expect(incidentId(scope, start)).toBe(id));

  it.each<[string, Scope, Scope]>([
    ['two services of one long name', { service: `${'s'.repeat(300)}1` }, { service: `${'s'.repeat(300)}2` }],
    [
      'a value with a slash',
      { account: 'a', service: 'b/team=c' },
      { account: 'a', service: 'b', team: 'c' },
    ],
    ['an account called total', { account: 'total' }, {}],
    ['an account without a name', { account: '' }, {}],
  ])('tells %s apart', (_, one, other) => expect(incidentId(one, start)).not.toBe(incidentId(other, start)));

  it('is bounded, its own for each scope, and the same in any order of the dimensions', () => {
    const scope = fc.dictionary(fc.constantFrom('account', 'service', 'team'), fc.string({ maxLength: 200 }));
    fc.assert(
      fc.property(scope, scope, (one, other) => {
        const id = incidentId(one, start);
        expect(id.length).toBeLessThanOrEqual(171);
        expect(id === incidentId(other, start)).toBe(scopeKey(one) === scopeKey(other));
        expect(incidentId(Object.fromEntries(Object.entries(one).toReversed()), start)).toBe(id);
      }),
    );
  });
});

describe('the severity of an incident', () => {
  /** One day that costs so much above 100, where up to `limit` would have been usual. */
  const dayOf = (excess: number, limit?: number): Partial<Incident> => ({
    days: [
      {
        date: start,
        expected: 100,
        actual: 100 + excess,
        ...(limit !== undefined && { limit }),
        closed: true,
        high: true,
      },
    ],
    impact: excess,
    excessPerDay: excess,
  });

  it.each([
    ['$500 a day are critical', dayOf(500), 'critical'],
    ['$499 a day are a warning', dayOf(499), 'warning'],
    ['$250 a day, twice as far off as the limit, are a warning', dayOf(250, 225), 'warning'],
    ['$250 a day, four times as far off as the limit, are critical', dayOf(250, 162), 'critical'],
    ['$249 a day are no more than double, however far off', dayOf(249, 100.01), 'warning'],
    ['$25 a day are a warning', dayOf(25, 130), 'warning'],
    ['$24 a day can wait', dayOf(24, 130), 'info'],
    ['what is muted can wait', { ...dayOf(5000), status: 'muted' as const }, 'info'],
    ['what is over counts by its days', { ...dayOf(600), status: 'recovered' as const }, 'critical'],
    ['a mean day counts where the newest is cheaper', { ...dayOf(600), excessPerDay: 10 }, 'critical'],
    ['a new service has no limit to exceed', { ...dayOf(30, 100), kind: 'new' as const }, 'warning'],
  ])('%s', (_, incident, severity) => expect(severityOf(incidentOf(incident))).toBe(severity));
});

describe('what an incident goes on costing', () => {
  it.each([
    ['open', 'open', { perDay: 812, perMonth: 24_360 }],
    ['muted', 'muted', { perDay: 812, perMonth: 24_360 }],
    ['recovered', 'recovered', { perDay: 0, perMonth: 0 }],
    ['accepted as normal', 'accepted', { perDay: 0, perMonth: 0 }],
  ] as const)('where it is %s', (_, status, rate) => expect(runRate(incidentOf({ status }))).toEqual(rate));
});

describe('a muted incident', () => {
  it('is not told, whether it is new or known', () => {
    const told = {
      status: 'open',
      at: '2026-11-15T06:00:00Z',
      impact: 100,
      excessPerDay: 10,
      growths: 0,
    } as const;
    expect(changeOf(incidentOf({ status: 'muted' }))).toBeUndefined();
    expect(changeOf(incidentOf({ status: 'muted', told }))).toBeUndefined();
    expect(changeOf(incidentOf({ status: 'recovered', told }))).toBe('recovered');
  });
});
