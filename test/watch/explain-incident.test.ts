import {
  CostExplorerClient,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
  GetCostAndUsageWithResourcesCommand,
} from '@aws-sdk/client-cost-explorer';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pathOf } from '../../shared/anomaly/drill-down.ts';
import type { Incident } from '../../shared/anomaly/incident.ts';
import { parseConfig } from '../../shared/config.ts';
import { datesOf } from '../../shared/period.ts';
import { recordLaunch } from '../../shared/store/launches.ts';
import { explainIncidents } from '../../shared/watch/explain-incident.ts';
import { causeOf } from '../support/cause.ts';
import { incidentOf } from '../support/incident.ts';
import { costPage } from '../support/spend.ts';
import { startTable } from '../support/table.ts';

const mock = mockClient(CostExplorerClient);
const costExplorer = new CostExplorerClient({ region: 'us-east-1' });
const time = '2026-11-16T06:00:00Z';
const start = '2026-11-14';
const p4d = 'EUW1-BoxUsage:p4d.24xlarge';

let database: Awaited<ReturnType<typeof startTable>>;
let requests: number;
beforeEach(async () => {
  database = await startTable();
  requests = 0;
  mock.reset();
  mock.on(GetCostAndUsageCommand).callsFake(answer);
  mock.on(GetCostAndUsageWithResourcesCommand).callsFake(answer);
});
afterEach(() => database.stop());

const values: Readonly<Record<string, string>> = {
  LINKED_ACCOUNT: '210987654321',
  SERVICE: 'Amazon Elastic Compute Cloud - Compute',
  REGION: 'eu-west-1',
  USAGE_TYPE: p4d,
  OPERATION: 'RunInstances',
  RECORD_TYPE: 'Usage',
  RESOURCE_ID: 'i-0d4e7b1c93fa26501',
  team: 'team$search',
  owner: 'owner$jonas',
};

/** Whatever it is grouped by, there is one part, of $800 a day since the start. */
function answer({ TimePeriod, GroupBy = [] }: GetCostAndUsageCommandInput) {
  const [first = '', second = 'RECORD_TYPE'] = GroupBy.map(({ Key }) => Key);
  const dates = datesOf({ start: TimePeriod?.Start ?? '', end: TimePeriod?.End ?? '' });
  const lines = dates
    .filter((date) => date >= start)
    .map((date) => [date, [values[first] ?? '', values[second] ?? ''], 800] as const);
  return costPage(lines, { quantity: 24 });
}

const explain = async (
  incidents: readonly Incident[],
  { resources = false, cap = 100 }: { resources?: boolean; cap?: number } = {},
) => {
  const explained = await explainIncidents(
    { costExplorer, table: database.table },
    incidents.map((incident) => ({ incident, change: 'opened' as const })),
    {
      config: parseConfig({ spend: { resources } }),
      usageTypes: ['Usage'],
      time,
      count: async () => {
        if (requests >= cap) throw new Error('used up');
        requests += 1;
      },
    },
  );
  return incidents.map(({ id }) => explained.get(id)?.cause);
};

describe('an incident is explained', () => {
  it('down to region, usage type, operation and tag, by at most three requests', async () => {
    const [cause] = await explain([incidentOf()]);
    expect(pathOf(cause?.levels ?? [])).toEqual({
      region: 'eu-west-1',
      usageType: p4d,
      team: 'search',
      owner: 'jonas',
      operation: 'RunInstances',
    });
    expect(cause).toMatchObject({ driver: 'usage', team: 'search', owner: 'jonas', excessPerDay: 812 });
    expect(requests).toBe(3);
  });

  it('down to the resource where that is enabled, of the last 14 days', async () => {
    const [cause] = await explain([incidentOf()], { resources: true });
    expect(pathOf(cause?.levels ?? [])).toMatchObject({ resource: 'i-0d4e7b1c93fa26501' });
    expect(mock).toHaveReceivedCommandWith(GetCostAndUsageWithResourcesCommand, {
      TimePeriod: { Start: '2026-11-02', End: '2026-11-16' },
    });
    expect(requests).toBe(3);
  });

  it.each(['DataUnavailableException', 'AccessDeniedException', 'ValidationException'])(
    'without the resource where Cost Explorer says %s, which is asked once a run',
    async (name) => {
      mock.on(GetCostAndUsageWithResourcesCommand).rejects(Object.assign(new Error('no'), { name }));
      const other = incidentOf({ id: 'other', scope: { account: '1', service: 'Amazon S3' } });
      const [cause] = await explain([incidentOf(), other], { resources: true });
      expect(pathOf(cause?.levels ?? [])).toMatchObject({
        region: 'eu-west-1',
        usageType: p4d,
        team: 'search',
      });
      expect(mock).toHaveReceivedCommandTimes(GetCostAndUsageWithResourcesCommand, 1);
    },
  );

  it.each<[string, Incident['scope'], object]>([
    ['all spend', {}, { account: '210987654321', region: 'eu-west-1', usageType: p4d, team: 'search' }],
    ['a team', { team: 'search' }, { account: '210987654321', usageType: p4d, owner: 'jonas' }],
    ['an account', { account: '210987654321' }, { usageType: p4d, region: 'eu-west-1', team: 'search' }],
    ['a service', { service: 'Amazon Bedrock' }, { account: '210987654321', usageType: p4d, team: 'search' }],
  ])('that is of %s', async (_, scope, path) => {
    const [cause] = await explain([incidentOf({ scope })]);
    expect(pathOf(cause?.levels ?? [])).toMatchObject(path);
    expect(requests).toBe(3);
  });

  it('as a Savings Plan that ended: the same hours, covered before and on demand since', async () => {
    mock.on(GetCostAndUsageCommand).callsFake(({ TimePeriod, GroupBy = [] }: GetCostAndUsageCommandInput) => {
      const dates = datesOf({ start: TimePeriod?.Start ?? '', end: TimePeriod?.End ?? '' });
      const isOfRecords = GroupBy[0]?.Key === 'RECORD_TYPE';
      const keysOn = (date: string) => {
        const recordType = date < start ? 'Savings Plan Covered Usage' : 'Usage';
        return [isOfRecords ? recordType : 'eu-west-1', isOfRecords ? 'RunInstances' : p4d] as const;
      };
      const lines = dates.map((date) => [date, keysOn(date), date < start ? 400 : 800] as const);
      return costPage(lines, { quantity: 24 });
    });
    const [cause] = await explain([incidentOf()]);
    expect(cause).toMatchObject({
      driver: 'rate',
      split: { usage: expect.closeTo(0), rate: expect.closeTo(400) },
      commitment: { kind: 'savings-plan', endedOn: start },
    });
  });

  it('with what was launched there, of that type, about then', async () => {
    const instance = {
      account: '210987654321',
      region: 'eu-west-1',
      instanceId: 'i-0d4e7b1c93fa26501',
      instanceType: 'p4d.24xlarge',
    };
    const launch = (instanceId: string, instanceType: string, launchTime: string) =>
      recordLaunch(
        database.table,
        {
          reservationId: 'r-1',
          launchTime,
          startedBy: 'ml-engineer/dana',
          isAutoScaling: false,
          instances: [
            { instance: { ...instance, instanceId, instanceType }, attribution: { owner: 'dana' } },
          ],
        },
        launchTime,
      );
    await launch('i-0d4e7b1c93fa26501', 'p4d.24xlarge', '2026-11-13T16:20:00Z');
    await launch('i-0d4e7b1c93fa26502', 'g5.xlarge', '2026-11-13T16:20:00Z');
    await launch('i-0d4e7b1c93fa26503', 'p4d.24xlarge', '2026-11-10T16:20:00Z');
    const [cause] = await explain([incidentOf()]);
    expect(cause?.suspects).toMatchObject([
      { instanceId: 'i-0d4e7b1c93fa26501', startedBy: 'ml-engineer/dana', owner: 'dana' },
    ]);
  });
});

describe('what is asked', () => {
  it('is asked once for two incidents on the same scope and days', async () => {
    const [one, other] = await explain([incidentOf(), incidentOf({ id: 'again' })]);
    expect(other).toEqual(one);
    expect(requests).toBe(3);
  });

  it.each([
    ['has its cause', { cause: causeOf({ excessPerDay: 500 }) }, 0],
    ['has doubled since', { cause: causeOf({ excessPerDay: 400 }) }, 3],
    ['is over', { status: 'recovered', end: '2026-11-16' }, 0],
    ['is a part of another one', { partOf: 'another' }, 0],
    ['is of what is too small to be followed', { scope: { account: 'other', service: 'other' } }, 0],
  ] as const)('is about one that %s: %#', async (_, incident, asked) => {
    await explain([incidentOf(incident)]);
    expect(requests).toBe(asked);
  });

  it('is about five incidents a run, what is new first', async () => {
    const scopes = Array.from({ length: 7 }, (_, index) => ({ service: `Service ${index}` }));
    const causes = await explain(scopes.map((scope, id) => incidentOf({ id: `${id}`, scope })));
    expect(causes.map((cause) => cause !== undefined)).toEqual([true, true, true, true, true, false, false]);
  });

  it('is about a new leak, while five dearer ones could not be explained so far', async () => {
    const older = Array.from({ length: 5 }, (_, index) =>
      incidentOf({ id: `${index}`, scope: { service: `Service ${index}` } }),
    );
    const fresh = incidentOf({ id: 'new', scope: { service: 'Service 5' }, excessPerDay: 30 });
    const explained = await explainIncidents(
      { costExplorer, table: database.table },
      [...older.map((incident) => ({ incident })), { incident: fresh, change: 'opened' as const }],
      { config: parseConfig({}), usageTypes: ['Usage'], time, count: async () => {} },
    );
    expect([...explained.keys()]).toEqual(['new', '0', '1', '2', '3']);
  });

  it('counts every page: what takes more than three requests is left out, what is known is told', async () => {
    mock
      .on(GetCostAndUsageCommand)
      .resolvesOnce({ ...answerFor('REGION', 'USAGE_TYPE'), NextPageToken: 'b' })
      .resolvesOnce(answerFor('REGION', 'USAGE_TYPE'))
      .resolvesOnce({ ...answerFor('team', 'owner'), NextPageToken: 'b' })
      .rejects('asked a fourth time');
    const [cause] = await explain([incidentOf()]);
    expect(pathOf(cause?.levels ?? [])).toEqual({ region: 'eu-west-1', usageType: p4d });
    expect(requests).toBe(3);
  });

  it('leaves an incident as it is where not even the first question is answered', async () => {
    expect(await explain([incidentOf()], { cap: 0 })).toEqual([undefined]);
    mock.on(GetCostAndUsageCommand).rejects('throttled');
    expect(await explain([incidentOf()])).toEqual([undefined]);
  });

  it('is asked no more where the bill shows nothing that rose', async () => {
    mock.on(GetCostAndUsageCommand).callsFake(() => costPage([]));
    const [cause] = await explain([incidentOf()]);
    expect(cause?.levels).toEqual([]);
    expect(requests).toBe(1);
    await explain([incidentOf(cause ? { cause } : {})]);
    expect(requests).toBe(1);
  });
});

const answerFor = (...keys: string[]) =>
  answer({
    TimePeriod: { Start: '2026-10-31', End: '2026-11-16' },
    GroupBy: keys.map((Key) => ({ Key })),
    Granularity: 'DAILY',
    Metrics: [],
  });
