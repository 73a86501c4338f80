import {
  CostExplorerClient,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
} from '@aws-sdk/client-cost-explorer';
import { PricingClient } from '@aws-sdk/client-pricing';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import budget from '../../events/budget-actual-sns.json' with { type: 'json' };
import anomalyEvent from '../../events/cost-anomaly-eventbridge.json' with { type: 'json' };
import exposed from '../../events/health-credentials-exposed.json' with { type: 'json' };
import type { Alert } from '../../shared/alert/alert.ts';
import { relayedEvent } from '../../shared/alert/aws-alert.ts';
import { pathOf } from '../../shared/anomaly/drill-down.ts';
import { toFeedback } from '../../shared/anomaly/feedback.ts';
import { parseConfig } from '../../shared/config.ts';
import { addDays, datesOf, type IsoDate, type IsoTime } from '../../shared/period.ts';
import { putFeedback } from '../../shared/store/feedback.ts';
import { getIncidents } from '../../shared/store/incidents.ts';
import { ratesOf } from '../../shared/store/prices.ts';
import { getStopBlock } from '../../shared/store/stop-block.ts';
import { relayAwsAlerts } from '../../shared/watch/relay.ts';
import { type SpendResult, watchSpend } from '../../shared/watch/spend.ts';
import { openBucket } from '../support/bucket.ts';
import { costPage } from '../support/spend.ts';
import { startTable } from '../support/table.ts';

const costExplorer = mockClient(CostExplorerClient);
const config = parseConfig({});
const ec2 = 'Amazon Elastic Compute Cloud - Compute';
const account = '210987654321';

type Day = { usage: number; credit?: number; hours?: number };
/** What Cost Explorer says of a day when asked on another. */
let bill: (date: IsoDate, today: IsoDate) => Day;
let today: IsoDate;
/** What else costs so much a day. */
let hourly: [usageType: string, amount: number][];
let bucket: ReturnType<typeof openBucket>;
let database: Awaited<ReturnType<typeof startTable>>;

beforeEach(async () => {
  hourly = [];
  bucket = openBucket();
  database = await startTable();
  bill = (date) => ({ usage: date >= '2026-11-14' ? 900 : 100 });
  costExplorer.reset();
  costExplorer.on(GetCostAndUsageCommand).callsFake(answer);
});
afterEach(async () => {
  bucket.mock.restore();
  await database.stop();
});

/** Answers each of the questions that the watch asks. */
function answer({ TimePeriod, GroupBy = [] }: GetCostAndUsageCommandInput) {
  const dates = datesOf({ start: TimePeriod?.Start ?? '', end: TimePeriod?.End ?? '' });
  const keys = GroupBy.map(({ Key }) => Key).join();
  const lines = dates.flatMap((date) => linesOf(keys, date));
  const quantity = bill(dates.at(-1) ?? '', today).hours;
  return costPage(lines, quantity === undefined ? {} : { quantity });
}

type Line = readonly [IsoDate, readonly [string, string], number];

function linesOf(keys: string, date: IsoDate): Line[] {
  const { usage, credit } = bill(date, today);
  switch (keys) {
    case 'RECORD_TYPE,SERVICE':
      return [[date, ['Usage', ec2], usage], ...(credit ? [[date, ['Credit', ec2], credit] as const] : [])];
    case 'LINKED_ACCOUNT,SERVICE':
      return [[date, [account, ec2], usage]];
    case 'team,owner':
      return [[date, ['team$search', 'owner$'], usage]];
    case 'USAGE_TYPE,OPERATION':
      return hourly.map(([usageType, amount]) => [date, [usageType, 'RunInstances'], amount] as const);
    default:
      return [[date, ['eu-west-1', 'EUW1-BoxUsage:p4d.24xlarge'], usage]];
  }
}

const run = (time: IsoTime) => {
  today = time.slice(0, 10);
  return watchSpend(
    {
      costExplorer: new CostExplorerClient({ region: 'us-east-1' }),
      ledger: bucket.store,
      table: database.table,
    },
    config,
    time,
  );
};

/** What a run on each of these days of November told, e.g. `15 opened`. */
async function changesOf(first: number, last: number): Promise<string[]> {
  const told: string[] = [];
  for (let day = first; day <= last; day++) {
    const { incidents } = await run(`2026-11-${day}T06:00:00Z`);
    told.push(...incidents.flatMap(({ change }) => (change ? [`${day} ${change}`] : [])));
  }
  return told;
}

const monthKey = (month: string) => `ledger/v2/month=${month}/charges.parquet`;

/** The periods of which the bill was read. */
const bills = () =>
  asked().flatMap(({ GroupBy, TimePeriod }) => (GroupBy?.[0]?.Key === 'RECORD_TYPE' ? [TimePeriod] : []));

const asked = () => costExplorer.commandCalls(GetCostAndUsageCommand).map(({ args: [{ input }] }) => input);

async function alerts() {
  const { Items = [] } = await database.table.client.send(
    new QueryCommand({
      TableName: database.table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.map(({ alert }) => alert as Alert);
}

const monday = '2026-11-16T06:00:00Z';

describe('the first run', () => {
  it('tells with a chart of the weeks before, and of the days that it tells of', async () => {
    await run(monday);
    const [alert] = await alerts();
    expect(alert).toMatchObject({
      step: 'opened',
      costPerDay: expect.closeTo(800, 3),
      incidentId: alert?.subject.replace('spend/', ''),
      chart: { start: '2026-10-05', since: '2026-11-14', currency: 'USD' },
    });
    expect(alert?.chart?.actual.slice(-3)).toEqual([100, 900, 900]);
    expect(alert?.chart?.expected.slice(-3)).toEqual([100, 100, 100]);
    expect(JSON.stringify(alert?.chart).length).toBeLessThan(1000);
  });

  it('reads the whole history, judges the last two weeks, and explains what it found', async () => {
    const result = await run(monday);
    expect(asked()[0]?.TimePeriod).toEqual({ Start: '2026-05-20', End: '2026-11-16' });
    expect(result).toMatchObject({ opened: 1, requests: 6, currency: 'USD' });
    expect(result.period).toEqual({ start: '2026-10-31', end: '2026-11-16' });
    expect(result.incidents).toMatchObject([
      { scope: { account, service: ec2 }, accountName: 'ml-dev', start: '2026-11-14', change: 'opened' },
    ]);
    const [incident] = result.incidents;
    expect(pathOf(incident?.cause?.levels ?? [])).toMatchObject({
      region: 'eu-west-1',
      usageType: 'EUW1-BoxUsage:p4d.24xlarge',
      team: 'search',
    });
    expect(incident?.because).toMatch(/^EUW1-BoxUsage:p4d\.24xlarge .* makes up 100 % of the rise/);
    expect(await alerts()).toMatchObject([
      { title: 'Amazon EC2 in ml-dev: $800.00 a day above expected since 14 Nov', team: 'search' },
    ]);
  });

  it('never asks for the current day', async () => {
    await run(monday);
    expect(asked().every(({ TimePeriod }) => (TimePeriod?.End ?? '') <= '2026-11-16')).toBe(true);
  });

  it('tells the newest complete day, and usage apart from credits', async () => {
    bill = () => ({ usage: 100, credit: -40 });
    const result = await run(monday);
    expect(result.day).toEqual({
      date: '2026-11-13',
      total: 100,
      services: [{ service: ec2, amount: 100 }],
    });
    expect(result.monthToDate).toEqual({ Usage: 1500, Credit: -600 });
    expect(result.opened).toBe(0);
  });

  it('finds usage that a credit pays for in full', async () => {
    bill = (date) => (date >= '2026-11-14' ? { usage: 900, credit: -900 } : { usage: 100, credit: -100 });
    expect((await run(monday)).opened).toBe(1);
  });

  it('reports an account that was charged nothing', async () => {
    costExplorer.on(GetCostAndUsageCommand).resolves(costPage([]));
    const result = await run(monday);
    expect(result).toMatchObject({ series: [], incidents: [], opened: 0 });
  });
});

describe('the same event again', () => {
  it('asks Cost Explorer nothing and tells nothing twice', async () => {
    await run(monday);
    const known = await getIncidents(database.table);
    const again = await run(monday);
    expect(again).toMatchObject({ requests: 0, opened: 0, grown: 0, incidents: [] });
    expect(await getIncidents(database.table)).toEqual(known);
    expect(await alerts()).toHaveLength(1);
  });

  it('in two runs at once tells once', async () => {
    const results = await Promise.all([run(monday), run(monday)]);
    expect(results.map(({ opened }) => opened).toSorted()).toEqual([0, 1]);
    expect(await alerts()).toHaveLength(1);
  });

  it('that comes a day late is answered from what was known then', async () => {
    await run(monday);
    await run('2026-11-17T06:00:00Z');
    const known = await getIncidents(database.table);
    const late = await run(monday);
    expect(late).toMatchObject({ requests: 0, opened: 0, recovered: 0 });
    expect(await getIncidents(database.table)).toEqual(known);
  });
});

describe('the next runs', () => {
  it('read the newest days again, and once a week all back to the first day of the previous month', async () => {
    await run(monday);
    costExplorer.resetHistory();
    const starts: string[] = [];
    for (let day = 17; day <= 24; day++) {
      await run(`2026-11-${day}T06:00:00Z`);
      starts.push(bills().at(-1)?.Start ?? '');
    }
    expect(starts).toEqual([
      '2026-11-01',
      '2026-11-02',
      '2026-11-03',
      '2026-11-04',
      '2026-11-05',
      '2026-11-06',
      '2026-10-01',
      '2026-11-08',
    ]);
  });

  it('read each month of the ledger once', async () => {
    await run(monday);
    bucket.mock.resetHistory();
    await run('2026-11-17T06:00:00Z');
    const read = bucket.mock.commandCalls(GetObjectCommand).map(({ args: [{ input }] }) => input.Key);
    expect(read).toEqual(['2026-07', '2026-08', '2026-09', '2026-10', '2026-11'].map(monthKey));
  });

  it('tell one incident of a leak: opened, a week later grown, then recovered', async () => {
    bill = (date) => ({ usage: date >= '2026-11-14' && date < '2026-11-25' ? 900 : 100 });
    expect(await changesOf(14, 30)).toEqual(['15 opened', '23 grown', '29 recovered']);
    expect(new Set((await alerts()).map(({ id }) => id)).size).toBe(3);
  });

  it('tell nothing more of a leak that somebody said to be expected', async () => {
    bill = (date) => ({ usage: date >= '2026-11-14' && date < '2026-11-26' ? 900 : 100 });
    expect(await changesOf(14, 16)).toEqual(['15 opened']);
    const [stored] = (await getIncidents(database.table)).values();
    if (stored === undefined) throw new Error('nothing to answer');
    await putFeedback(database.table, toFeedback(stored.incident, { answer: 'expected', at: monday }));
    expect(await changesOf(17, 30)).toEqual([]);
  });

  it('update the incident when its day is restated by 30 %', async () => {
    bill = (date, on) => {
      if (date !== '2026-11-15') return { usage: 100 };
      return { usage: on > '2026-11-16' ? 390 : 300 };
    };
    const [first] = (await run(monday)).incidents;
    const [second] = (await run('2026-11-17T06:00:00Z')).incidents;
    expect(second).toMatchObject({ id: first?.id, change: undefined });
    expect(second?.impact).toBeCloseTo(290, 3);
  });

  it('tell a complete day that is restated from 100 to 2000 as one incident, once', async () => {
    bill = (date, on) => ({ usage: date === '2026-11-08' && on >= '2026-11-18' ? 2000 : 100 });
    const told = await changesOf(16, 23);
    expect(told).toEqual(['18 opened']);
    expect(await alerts()).toMatchObject([
      { title: 'Amazon EC2 in ml-dev: $1,900.00 above expected on 8 Nov, back to normal since' },
    ]);
  });

  it('count what the first day of an incident turns out to cost, without a word', async () => {
    expect(await changesOf(15, 18)).toEqual(['15 opened']);
    const [known] = (await getIncidents(database.table)).values();
    const before = known?.incident;
    bill = (date) => ({ usage: date === '2026-11-14' ? 2000 : date > '2026-11-14' ? 900 : 100 });
    const [after] = (await run('2026-11-18T18:00:00Z')).incidents;
    expect(after).toMatchObject({ id: before?.id, change: undefined });
    expect((after?.impact ?? 0) - (before?.impact ?? 0)).toBeCloseTo(1100, 6);
  });

  it('close an incident whose day is restated to normal, and say so once', async () => {
    bill = (date, on) => ({ usage: date === '2026-11-14' && on < '2026-11-18' ? 900 : 100 });
    expect(await changesOf(15, 22)).toEqual(['15 opened', '18 recovered']);
    expect((await alerts()).map(({ title }) => title)).toContain(
      'Amazon EC2 in ml-dev: estimate implausible, the bill was restated: nothing above expected since 14 Nov after all',
    );
  });

  it('make up for runs that were skipped', async () => {
    bill = (date) => ({ usage: date === '2026-11-19' || date === '2026-11-20' ? 900 : 100 });
    await run(monday);
    const [incident] = (await run('2026-11-27T06:00:00Z')).incidents;
    expect(incident).toMatchObject({ start: '2026-11-19', end: '2026-11-21', status: 'recovered' });
    expect(incident?.change).toBe('opened');
  });

  it('take again a month of the ledger that was damaged', async () => {
    bill = () => ({ usage: 100 });
    await run(monday);
    bucket.objects.set(monthKey('2026-09'), new Uint8Array([1, 2, 3]));
    costExplorer.resetHistory();
    await run('2026-11-17T06:00:00Z');
    expect(asked()[0]?.TimePeriod).toEqual({ Start: '2026-09-01', End: '2026-11-17' });
  });
});

describe('when something fails', () => {
  it('a page of the bill stops the run before anything is judged', async () => {
    costExplorer.on(GetCostAndUsageCommand).rejects('throttled');
    await expect(run(monday)).rejects.toThrow('throttled');
    expect(bucket.objects.size).toBe(0);
    expect(await alerts()).toEqual([]);
  });

  it('an incident whose cause cannot be read is told without it', async () => {
    costExplorer.on(GetCostAndUsageCommand).callsFake((input: GetCostAndUsageCommandInput) => {
      if (input.Filter?.And) throw new Error('throttled');
      return answer(input);
    });
    const result = await run(monday);
    expect(result.opened).toBe(1);
    expect(result.incidents[0]?.cause).toBeUndefined();
    expect(await alerts()).toHaveLength(1);
  });

  it('a crash before the newest month was written leaves the bill to be read by the retry', async () => {
    bucket.broken.add(monthKey('2026-11'));
    await expect(run(monday)).rejects.toThrow('InternalError');
    expect(bucket.objects.has(monthKey('2026-10'))).toBe(true);
    expect(await run(monday)).toMatchObject({ opened: 1 });
    expect(await alerts()).toHaveLength(1);
  });

  it('the cap on requests stops a run with what to do about it', async () => {
    bill = () => ({ usage: 100 });
    for (let hour = 10; hour <= 20; hour++) await run(`2026-11-16T${hour}:00:00Z`);
    await expect(run('2026-11-16T21:00:00Z')).rejects.toThrow('raise spend.dailyRequestCap');
    expect(asked()).toHaveLength(24);
  });
});

describe('what an hour really costs', () => {
  const rates = async (time: IsoTime) =>
    ratesOf(
      { table: database.table, pricing: new PricingClient({}) },
      [
        { region: 'eu-west-1', type: 'p4d.24xlarge', use: 'spot' },
        { region: 'eu-west-1', type: 'ml.g5.xlarge', use: 'hosting' },
        { region: 'eu-west-1', type: 'amazon.nova-2-lite-v1:0', use: 'model-unit' },
      ],
      time,
    );
  const ofHours = () => asked().filter(({ GroupBy }) => GroupBy?.some(({ Key }) => Key === 'OPERATION'));

  beforeEach(() => {
    hourly = [
      ['EUW1-SpotUsage:p4d.24xlarge', 240],
      ['EU-Host:ml.g5.xlarge', 36],
      ['EUW1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits', 1452],
    ];
    bill = () => ({ usage: 100, hours: 24 });
  });

  it('is read in one question of the last full days, and once a week', async () => {
    await run(monday);
    expect(await rates(monday)).toEqual([10, 1.5, 60.5]);
    expect(ofHours()).toMatchObject([
      {
        TimePeriod: { Start: '2026-11-07', End: '2026-11-14' },
        Filter: { And: [{}, { Dimensions: { Key: 'RECORD_TYPE', Values: ['Usage'] } }] },
      },
    ]);
    await run('2026-11-22T06:00:00Z');
    expect(ofHours()).toHaveLength(1);
    await run('2026-11-23T06:00:00Z');
    expect(ofHours()).toHaveLength(2);
  });
});

describe('the causes of incidents', () => {
  const services = Array.from({ length: 7 }, (_, index) => `Service ${index}`);
  /** What each service costs on a day; the breakdown of one tells its name. */
  let costs: (service: string, date: IsoDate) => number;
  let isBreakdownRead: boolean;
  const wanted = ({ Filter }: GetCostAndUsageCommandInput, key: string): string[] =>
    Filter?.And?.find(({ Dimensions }) => Dimensions?.Key === key)?.Dimensions?.Values ?? [];

  const linesFor = (input: GetCostAndUsageCommandInput, date: IsoDate): Line[] => {
    const [own = ''] = wanted(input, 'SERVICE');
    const each = (key: string) =>
      services.map((service): Line => [date, [key, service], costs(service, date)]);
    switch (input.GroupBy?.map(({ Key }) => Key).join()) {
      case 'RECORD_TYPE,SERVICE':
        return [...each('Usage'), [date, ['Fee', 'Service 0'], 1]];
      case 'LINKED_ACCOUNT,SERVICE':
        return each(account);
      case 'team,owner':
        return [[date, ['team$search', 'owner$'], costs(own, date)]];
      default:
        // Whoever asks for all record types is told of a fee that is much larger than the leak.
        return wanted(input, 'RECORD_TYPE').join() === 'Usage'
          ? [[date, ['eu-west-1', `use of ${own}`], costs(own, date)]]
          : [[date, ['global', 'a fee'], date >= '2026-11-14' ? 50_000 : 0]];
    }
  };

  beforeEach(() => {
    isBreakdownRead = true;
    costs = (service, date) => (service === 'Service 0' && date >= '2026-11-14' ? 900 : 100);
    costExplorer.on(GetCostAndUsageCommand).callsFake((input: GetCostAndUsageCommandInput) => {
      if (input.Filter?.And && !isBreakdownRead) throw new Error('throttled');
      const { Start = '', End = '' } = input.TimePeriod ?? {};
      return costPage(datesOf({ start: Start, end: End }).flatMap((date) => linesFor(input, date)));
    });
  });

  const causesOf = ({ incidents }: SpendResult) =>
    incidents.map(({ scope, cause }) => [scope['service'], cause && pathOf(cause.levels)['usageType']]);

  it('are looked for in what was judged: a fee on the same days is none', async () => {
    expect(causesOf(await run(monday))).toEqual([['Service 0', 'use of Service 0']]);
  });

  it('that could not be read are read by a later run, and by the same event again, without a word', async () => {
    isBreakdownRead = false;
    expect(causesOf(await run(monday))).toEqual([['Service 0', undefined]]);
    isBreakdownRead = true;
    const again = await run(monday);
    expect(again).toMatchObject({ requests: 4, opened: 0 });
    expect(causesOf(again)).toEqual([['Service 0', 'use of Service 0']]);
    expect((await run('2026-11-17T06:00:00Z')).requests).toBe(2);
    expect(await alerts()).toHaveLength(1);
  });
});

describe('a bill that cannot be believed', () => {
  const jump = (hours: (date: IsoDate) => number) => (date: IsoDate) => ({
    usage: date >= '2026-11-15' ? 100_000 : 100,
    hours: hours(date),
  });

  it('blocks every stop for two days', async () => {
    bill = jump(() => 24);
    await run(monday);
    expect(await getStopBlock(database.table, '2026-11-17T18:00:00Z')).toMatchObject({
      reason: expect.stringContaining("The bill can't be believed"),
    });
    expect(await getStopBlock(database.table, '2026-11-18T07:00:00Z')).toBeUndefined();
  });

  it('is not one whose usage is unknown', async () => {
    bill = (date) => ({ usage: date >= '2026-11-15' ? 100_000 : 100 });
    await run(monday);
    expect(await getStopBlock(database.table, monday)).toBeUndefined();
  });
});

it('reads what instances really cost, once a week', async () => {
  bill = () => ({ usage: 100, hours: 24 });
  const days = Array.from({ length: 9 }, (_, index) => addDays('2026-11-16', index));
  const requests: number[] = [];
  for (const day of days) requests.push((await run(`${day}T06:00:00Z`)).requests);
  expect(requests).toEqual([3, 2, 2, 2, 2, 2, 2, 3, 2]);
});

describe('a leak that Cost Anomaly Detection sees too', () => {
  const relay = () => relayAwsAlerts({ table: database.table, config }, relayedEvent.parse(anomalyEvent));
  const incidentId = `${account}/${ec2}/2026-11-14`;
  const { anomalyId } = anomalyEvent.detail;
  const ours = async () => (await alerts()).find(({ id }) => id.startsWith('spend/')) as Alert | undefined;
  const awsFact = async () => (await ours())?.facts.find(({ label }) => label === 'Cost Anomaly Detection');

  it('is told by us alone where we come first', async () => {
    await run(monday);
    expect(await relay()).toEqual({ recorded: [], known: [], covered: [{ anomalyId, incidentId }] });
    expect(await alerts()).toHaveLength(1);
    expect(await awsFact()).toBeUndefined();
  });

  it('names what AWS told where that came first, and AWS tells nothing more', async () => {
    expect((await relay()).recorded).toHaveLength(1);
    await run(monday);
    expect((await awsFact())?.value).toBe(
      'told it on 2026-11-16: $1,423.60 above what it expected since 13 Nov by now',
    );
    expect(await ours()).toMatchObject({ anomalyId, links: [{}, { label: 'Anomaly in the AWS console' }] });
    expect(await relay()).toEqual({ recorded: [], known: [], covered: [{ anomalyId, incidentId }] });
    expect(await alerts()).toHaveLength(2);
  });

  it('is said in what we tell later that AWS saw in the meantime', async () => {
    await run(monday);
    await relay();
    bill = (date) => ({ usage: date >= '2026-11-17' ? 4000 : date >= '2026-11-14' ? 900 : 100 });
    await run('2026-11-19T06:00:00Z');
    const grown = (await alerts()).find(({ id }) => id.endsWith('grown-1')) as Alert | undefined;
    expect(grown?.facts.find(({ label }) => label === 'Cost Anomaly Detection')?.value).toMatch(
      /^sees it too, on 2026-11-16/,
    );
  });
});

describe('an account whose credentials were exposed', () => {
  const expose = (event: unknown = exposed) =>
    relayAwsAlerts({ table: database.table, config }, relayedEvent.parse(event));
  const spend = async () => ((await alerts()) as Alert[]).filter(({ kind }) => kind === 'spend-anomaly');

  it('is told of a few dollars a day that are no news anywhere else', async () => {
    bill = (date) => ({ usage: date >= '2026-11-14' ? 124 : 100 });
    await run(monday);
    expect(await spend()).toEqual([]);
    await expose();
    await run('2026-11-17T06:00:00Z');
    expect(await spend()).toMatchObject([
      {
        severity: 'critical',
        summary: expect.stringContaining(
          'Credentials of this account were exposed on 16 Nov: until 30 Nov unusual spend there is told from $1 a day on.',
        ),
      },
    ]);
  });

  it('is as any other once that is settled', async () => {
    await expose();
    await expose({
      ...exposed,
      time: '2026-11-16T07:00:00Z',
      detail: { ...exposed.detail, communicationId: 'closed', statusCode: 'closed' },
    });
    bill = (date) => ({ usage: date >= '2026-11-14' ? 124 : 100 });
    await run('2026-11-17T06:00:00Z');
    expect(await spend()).toEqual([]);
  });
});

it('keeps what an account has used this month for what AWS Budgets tells of it', async () => {
  await run(monday);
  const relayed = await relayAwsAlerts({ table: database.table, config }, relayedEvent.parse(budget));
  const alert = ((await alerts()) as Alert[]).find(({ id }) => id === relayed.recorded[0]);
  expect(alert?.facts.at(-1)).toEqual({
    label: 'Our own figures',
    value: '$3,100.00 of usage in the whole account this month, through 15 Nov', // 13 days at $100, two at $900
  });
});
