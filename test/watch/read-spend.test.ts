import {
  CostExplorerClient,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
} from '@aws-sdk/client-cost-explorer';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { addDays, datesOf, type IsoDate, type IsoTime } from '../../shared/period.ts';
import { byUsageType, groupingKeyOf } from '../../shared/spend/grouping.ts';
import { lastRead, latest, seriesBy } from '../../shared/spend/ledger.ts';
import { readSpend, spendWindow } from '../../shared/watch/read-spend.ts';
import { openBucket } from '../support/bucket.ts';
import { costPage } from '../support/spend.ts';

const costExplorer = mockClient(CostExplorerClient);
const client = new CostExplorerClient({ region: 'us-east-1' });
const ec2 = 'Amazon Elastic Compute Cloud - Compute';
const account = '210987654321';
const monday = '2026-11-16T06:00:00Z';
const tuesday = '2026-11-17T06:00:00Z';

let bucket: ReturnType<typeof openBucket>;
let requests: number;
/** Days on a page. */
let pageSize: number;

beforeEach(() => {
  bucket = openBucket();
  requests = 0;
  pageSize = 1000;
  costExplorer.reset();
  costExplorer.on(GetCostAndUsageCommand).callsFake(answer);
});
afterEach(() => bucket.mock.restore());

type Line = readonly [IsoDate, readonly string[], number];

function answer(input: GetCostAndUsageCommandInput) {
  const { TimePeriod, NextPageToken } = input;
  const dates = datesOf({ start: TimePeriod?.Start ?? '', end: TimePeriod?.End ?? '' });
  const first = Number(NextPageToken ?? 0);
  const page = dates.slice(first, first + pageSize);
  const token = first + pageSize < dates.length ? { token: String(first + pageSize) } : {};
  return costPage(
    page.flatMap((date) => linesOf(keysOf(input), date)),
    token,
  );
}

const keysOf = ({ GroupBy = [] }: GetCostAndUsageCommandInput) => GroupBy.map(({ Key }) => Key).join();

function linesOf(keys: string, date: IsoDate): Line[] {
  switch (keys) {
    case 'RECORD_TYPE,SERVICE':
      return [
        [date, ['Usage', ec2], 100],
        [date, ['Tax', 'Tax'], 19],
      ];
    case 'LINKED_ACCOUNT,SERVICE':
      return [[date, [account, ec2], 100]];
    case 'SERVICE,USAGE_TYPE':
      return [[date, [ec2, 'BoxUsage:p4d.24xlarge'], 100]];
    default:
      return [
        [date, [`${keys}$a$b`], 60],
        [date, [`${keys}$`], 40],
      ];
  }
}

const run = (time: IsoTime, spend: object = {}) =>
  readSpend({ costExplorer: client, ledger: bucket.store }, parseConfig({ spend }), time, async () => {
    requests += 1;
  });

const asked = () =>
  costExplorer
    .commandCalls(GetCostAndUsageCommand)
    .map(({ args: [{ input }] }) => `${keysOf(input)} from ${input.TimePeriod?.Start}`);

describe('the groupings that the configuration asks for', () => {
  const wanted = { tags: ['team'], usageTypes: true };

  it('are read beside the bill, and add up to it', async () => {
    const { ledger } = await run(monday, wanted);
    expect(asked()).toEqual([
      'RECORD_TYPE,SERVICE from 2026-05-20',
      'LINKED_ACCOUNT,SERVICE from 2026-05-20',
      'team from 2026-10-31',
      'SERVICE,USAGE_TYPE from 2026-10-31',
    ]);
    const day = latest(ledger).filter(({ date }) => date === '2026-11-15');
    expect(day.map(({ scope, category, amount }) => [groupingKeyOf(scope), category, amount])).toEqual([
      ['["service"]', 'Tax', 19],
      ['["account","service"]', 'Usage', 100],
    ]);
    const usageType = 'BoxUsage:p4d.24xlarge';
    expect(seriesBy(ledger, byUsageType).map(({ scope }) => scope)).toEqual([{ service: ec2, usageType }]);
    const teams = seriesBy(ledger, ['team']).map(({ scope, days }) => [scope['team'], days['2026-11-15']]);
    expect(teams).toEqual([
      ['', [[monday, 40]]],
      ['a$b', [[monday, 60]]],
    ]);
  });

  it('are of what is usage, as the bill is', async () => {
    await run(monday, wanted);
    expect(costExplorer).toHaveReceivedNthCommandWith(GetCostAndUsageCommand, 3, {
      GroupBy: [{ Type: 'TAG', Key: 'team' }],
      Filter: { Dimensions: { Key: 'RECORD_TYPE', Values: ['Usage'] } },
    });
  });

  it('have their past read by the next runs, as far as an answer takes, and once', async () => {
    await run(monday, wanted);
    costExplorer.resetHistory();
    for (const day of [17, 18, 19]) await run(`2026-11-${day}T06:00:00Z`, wanted);
    expect(asked().filter((question) => /RECORD|ACCOUNT/.test(question) === false)).toEqual([
      'team from 2026-11-01',
      'SERVICE,USAGE_TYPE from 2026-11-01',
      'team from 2026-07-20',
      'SERVICE,USAGE_TYPE from 2026-10-15',
      'team from 2026-11-02',
      'SERVICE,USAGE_TYPE from 2026-11-02',
      'SERVICE,USAGE_TYPE from 2026-07-21',
      'team from 2026-11-03',
      'SERVICE,USAGE_TYPE from 2026-11-03',
    ]);
  });

  it('are left out where they fail, the bill read all the same, and tried again by the next run', async () => {
    costExplorer.on(GetCostAndUsageCommand).callsFake((input: GetCostAndUsageCommandInput) => {
      if (keysOf(input) === 'team') throw new Error('throttled');
      return answer(input);
    });
    const { ledger, leftOut } = await run(monday, wanted);
    expect(leftOut).toMatchObject([{ grouping: ['team'], reason: 'throttled' }]);
    expect(lastRead(ledger, undefined, ['team']).size).toBe(0);
    expect(lastRead(ledger).has('2026-11-15')).toBe(true);
    costExplorer.on(GetCostAndUsageCommand).callsFake(answer);
    const next = await run(tuesday, wanted);
    expect(next.leftOut).toEqual([]);
    expect(seriesBy(next.ledger, ['team'])).toHaveLength(2);
  });

  it('are left out and said where the day has no requests for them', async () => {
    const { leftOut } = await run(monday, { ...wanted, dailyRequestCap: 4 });
    expect(leftOut.map(({ grouping }) => grouping)).toEqual([['team'], byUsageType]);
    expect(requests).toBe(2);
  });

  it('never take more than half of the requests of a day, however many pages there are', async () => {
    await run(monday);
    requests = 0;
    costExplorer.on(GetCostAndUsageCommand).callsFake((input: GetCostAndUsageCommandInput) => ({
      ...answer(input),
      ...(keysOf(input) === 'team' && { NextPageToken: `${Number(input.NextPageToken ?? 0) + 1}` }),
    }));
    const { leftOut } = await run(tuesday, { tags: ['team'] });
    expect(leftOut).toMatchObject([{ reason: 'more than 12 pages' }]);
    expect(requests).toBe(14);
  });
});

describe('a history of many pages', () => {
  it('is read newest days first, and by and by, where half of a day does not suffice for it', async () => {
    pageSize = 8; // of 180 days 23 pages each
    const first = await run(monday);
    expect(asked().slice(-4)).toEqual([
      'RECORD_TYPE,SERVICE from 2026-10-31',
      'RECORD_TYPE,SERVICE from 2026-10-31',
      'LINKED_ACCOUNT,SERVICE from 2026-10-31',
      'LINKED_ACCOUNT,SERVICE from 2026-10-31',
    ]);
    expect(lastRead(first.ledger).size).toBe(16);
    const known: (string | undefined)[] = [];
    for (let day = 17; day <= 21; day++) {
      const { ledger } = await run(`2026-11-${day}T06:00:00Z`);
      known.push([...lastRead(ledger).keys()].toSorted()[0]);
    }
    expect(known).toEqual(['2026-09-29', '2026-08-28', '2026-07-27', '2026-07-23', '2026-07-23']);
  });

  it('leaves no day between what was read and what is', async () => {
    pageSize = 8;
    await run(monday);
    const { ledger } = await run(tuesday);
    const days = [...lastRead(ledger).keys()].toSorted();
    expect(days).toEqual(datesOf({ start: days[0] ?? '', end: addDays(days.at(-1) ?? '', 1) }));
  });
});

describe('the days that a run looks at', () => {
  it.each([
    ['2026-11-16', '2026-07-01'],
    ['2026-11-28', '2026-07-01'],
    ['2026-11-29', '2026-08-01'],
  ])('on %s begin with %s, four months back at least, and end with the day before', (date, start) => {
    expect(spendWindow(`${date}T06:00:00Z`)).toEqual({ start, end: date });
  });
});
