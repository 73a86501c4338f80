import {
  CostExplorerClient,
  type Expression,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
  GetCostAndUsageWithResourcesCommand,
  GetDimensionValuesCommand,
  GetTagsCommand,
  type ResultByTime,
} from '@aws-sdk/client-cost-explorer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { getInstanceUsage } from '../../../shared/aws/cost-explorer.ts';
import { scopeFor } from '../../../shared/aws/sts.ts';
import { rateKey, ratesPaid } from '../../../shared/spend/rate.ts';

const compute = 'Amazon Elastic Compute Cloud - Compute';
const groupBy = (...keys: string[]): NonNullable<GetCostAndUsageCommandInput['GroupBy']> =>
  keys.map((Key) => ({ Type: /^[A-Z_]+$/.test(Key) ? 'DIMENSION' : 'TAG', Key }));
const is = (
  Key: 'SERVICE' | 'RECORD_TYPE' | 'USAGE_TYPE' | 'LINKED_ACCOUNT',
  ...Values: string[]
): Expression => ({
  Dimensions: { Key, Values },
});
const p4d: Expression = {
  And: [is('LINKED_ACCOUNT', '210987654321'), is('USAGE_TYPE', 'EUW1-BoxUsage:p4d.24xlarge')],
};

describe("the sample account's Cost Explorer", () => {
  let sample: SampleAccount;
  let costExplorer: CostExplorerClient;
  beforeEach(async () => {
    sample = await openSampleAccount({ now: '2026-11-16T06:00:00Z', groupsPerPage: 40 });
    costExplorer = createClient(CostExplorerClient);
  });
  afterEach(() => sample.close());

  const pagesOf = async (
    Start: string,
    End: string,
    more: Partial<GetCostAndUsageCommandInput> = {},
  ): Promise<ResultByTime[][]> => {
    const pages: ResultByTime[][] = [];
    let NextPageToken: string | undefined;
    do {
      const page = await costExplorer.send(
        new GetCostAndUsageCommand({
          TimePeriod: { Start, End },
          Granularity: 'DAILY',
          Metrics: ['NetAmortizedCost'],
          ...more,
          NextPageToken,
        }),
      );
      pages.push(page.ResultsByTime ?? []);
      NextPageToken = page.NextPageToken;
    } while (NextPageToken);
    return pages;
  };
  type Metric = 'NetAmortizedCost' | 'UnblendedCost' | 'UsageQuantity';
  const amount = (
    metrics: NonNullable<ResultByTime['Total']> | undefined,
    metric: Metric = 'NetAmortizedCost',
  ) => Number(metrics?.[metric]?.Amount);
  /** Sums of the groups by their keys, over all pages and days. */
  const sums = async (...args: Parameters<typeof pagesOf>) => {
    const found: Record<string, number> = {};
    for (const { Groups = [] } of (await pagesOf(...args)).flat()) {
      for (const { Keys = [], Metrics } of Groups) {
        found[Keys.join('|')] = (found[Keys.join('|')] ?? 0) + amount(Metrics);
      }
    }
    return found;
  };
  const total = (found: Record<string, number>) =>
    Object.values(found).reduce((sum, value) => sum + value, 0);

  it.each([
    ['account and service', ['LINKED_ACCOUNT', 'SERVICE']],
    ['usage type and region', ['USAGE_TYPE', 'REGION']],
    ['team', ['team']],
    ['record type and model', ['RECORD_TYPE', 'model']],
  ])('adds up to the ungrouped total by %s, over many pages', async (_, keys) => {
    const ungrouped = (await pagesOf('2026-10-28', '2026-11-16')).flat();
    const days = ungrouped.reduce((sum, { Total }) => sum + amount(Total), 0);
    const args = ['2026-10-28', '2026-11-16', { GroupBy: groupBy(...keys) }] as const;
    expect((await pagesOf(...args)).length).toBeGreaterThan(1);
    expect(total(await sums(...args))).toBeCloseTo(days, 5);
  });

  it('breaks a day over two pages, and repeats no group', async () => {
    const pages = await pagesOf('2026-11-02', '2026-11-05', {
      GroupBy: groupBy('LINKED_ACCOUNT', 'USAGE_TYPE'),
    });
    const days = pages.map((page) => page.map(({ TimePeriod }) => TimePeriod?.Start));
    expect(days[0]?.at(-1)).toBe(days[1]?.[0]);
    const keys = pages
      .flat()
      .flatMap(({ TimePeriod, Groups = [] }) =>
        Groups.map(({ Keys = [] }) => [TimePeriod?.Start, ...Keys].join('|')),
      );
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('charges the p4d its price for the hours it ran', async () => {
    sample.setNow('2026-11-20T06:00:00Z');
    const results = (
      await pagesOf('2026-11-12', '2026-11-16', { Filter: p4d, Metrics: ['UnblendedCost', 'UsageQuantity'] })
    ).flat();
    expect(results.map(({ Total }) => amount(Total, 'UsageQuantity'))).toEqual([
      0,
      expect.closeTo(7 + 40 / 60, 8),
      24,
      24,
    ]);
    const rates = results
      .slice(1)
      .map(({ Total }) => amount(Total, 'UnblendedCost') / amount(Total, 'UsageQuantity'));
    expect(rates).toEqual([
      expect.closeTo(32.7726, 6),
      expect.closeTo(32.7726, 6),
      expect.closeTo(32.7726, 6),
    ]);
  });

  it('tells what an hour really costs: less than the list price where a Savings Plan covers most of it', async () => {
    const period = { start: '2026-11-07', end: '2026-11-14' };
    const lines = await getInstanceUsage(
      costExplorer,
      period,
      ['Usage', 'SavingsPlanCoveredUsage'],
      async () => {},
    );
    const rates = new Map(ratesPaid(lines).map((rate) => [rateKey(rate), rate.hourlyRate]));
    // 180 hours a day for $96 of the commitment, and 24 at the list price of $0.7296.
    expect(rates.get('eu-west-1#c6i.4xlarge#on-demand')).toBeCloseTo((96 + 24 * 0.7296) / 204, 6);
    expect(rates.get('eu-west-1#p4d.24xlarge#on-demand')).toBeCloseTo(32.7726, 6);
    expect(rates.get('eu-west-1#g5.xlarge#spot')).toBeCloseTo(0.4482, 6);
    expect(rates.get('us-east-1#titantextlite#model-unit')).toBeCloseTo(7.1, 6);
  });

  it('counts in the unit of what it adds up, where that is one', async () => {
    const Metrics = ['UsageQuantity'];
    const unit = async (Filter: Expression) =>
      (await pagesOf('2026-11-14', '2026-11-15', { Metrics, Filter })).flat()[0]?.Total?.['UsageQuantity']
        ?.Unit;
    expect([await unit(p4d), await unit(is('LINKED_ACCOUNT', '210987654321'))]).toEqual(['Hrs', 'N/A']);
  });

  it('reads yesterday short of a few percent, and whole two days later', async () => {
    const more = { GroupBy: groupBy('SERVICE'), Filter: is('RECORD_TYPE', 'Usage') };
    const args = ['2026-11-15', '2026-11-16', more] as const;
    const early = await sums(...args);
    sample.setNow('2026-11-18T06:00:00Z');
    const late = await sums(...args);
    const shares = Object.keys(late).map((service) => (early[service] ?? 0) / (late[service] ?? 0));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.94);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    expect(total(early)).toBeLessThan(total(late));
    sample.setNow('2026-12-24T06:00:00Z');
    expect(await sums(...args)).toEqual(late);
  });

  it('has a part of today, and nothing of tomorrow', async () => {
    sample.setNow('2026-11-16T18:00:00Z');
    const [today, tomorrow] = (await pagesOf('2026-11-16', '2026-11-18'))
      .flat()
      .map(({ Total }) => amount(Total));
    const [whole] = (await pagesOf('2026-11-12', '2026-11-13')).flat().map(({ Total }) => amount(Total));
    expect(today).toBeGreaterThan((whole ?? 0) * 0.3);
    expect(today).toBeLessThan((whole ?? 0) * 1.2);
    expect(tomorrow).toBe(0);
  });

  it('breathes with the week', async () => {
    const training = is('USAGE_TYPE', 'USE1-Train:ml.g5.12xlarge');
    const Filter = { And: [training, is('RECORD_TYPE', 'Usage')] };
    const days = (await pagesOf('2026-10-05', '2026-10-12', { Filter }))
      .flat()
      .map(({ Total }) => amount(Total));
    const [workdays, weekend] = [days.slice(0, 5), days.slice(5)];
    expect(Math.max(...weekend)).toBeLessThan(Math.min(...workdays) / 2);
  });

  it('charges the monthly fees on the 1st and the weekly training on Saturdays', async () => {
    const daysWith = async (Filter: Expression) =>
      (await pagesOf('2026-09-20', '2026-11-16', { Filter }))
        .flat()
        .filter(({ Total }) => amount(Total) !== 0)
        .map(({ TimePeriod }) => TimePeriod?.Start);
    expect(await daysWith(is('SERVICE', 'AWS Support (Business)'))).toEqual(['2026-10-01', '2026-11-01']);
    const saturdays = await daysWith({
      And: [is('LINKED_ACCOUNT', '345678901234'), is('USAGE_TYPE', 'EUW1-Train:ml.g5.12xlarge')],
    });
    expect(saturdays).toHaveLength(8);
    expect(saturdays.every((date) => new Date(date ?? '').getUTCDay() === 6)).toBe(true);
  });

  it('has a Bedrock job that runs away on Saturday', async () => {
    const Filter = { And: [is('LINKED_ACCOUNT', '345678901234'), is('SERVICE', 'Amazon Bedrock')] };
    const days = (await pagesOf('2026-11-11', '2026-11-16', { Filter }))
      .flat()
      .map(({ Total }) => amount(Total));
    expect(Math.max(...days.slice(0, 3))).toBeLessThan(130);
    expect(Math.min(...days.slice(3))).toBeGreaterThan(800);
  });

  it('tells usage from credits, refunds, tax and Savings Plans', async () => {
    const types = await sums('2026-10-20', '2026-11-16', {
      GroupBy: groupBy('RECORD_TYPE'),
      Metrics: ['NetAmortizedCost'],
    });
    expect(types['Credit']).toBeLessThan(0);
    expect(types['Refund']).toBeCloseTo(-212, 6);
    expect(types['Tax']).toBeCloseTo(4870, 6);
    expect(types['SavingsPlanCoveredUsage']).toBeGreaterThan(0);
    expect(Object.keys(types)).toContain('Usage');
  });

  it('writes a tag group as key and value, and what has no tag with an empty one', async () => {
    const teams = await sums('2026-11-14', '2026-11-15', {
      GroupBy: groupBy('team'),
      Filter: is('SERVICE', compute),
    });
    expect(Object.keys(teams)).toEqual(expect.arrayContaining(['team$', 'team$search', 'team$platform']));
    const inactive = await sums('2026-11-14', '2026-11-15', { GroupBy: groupBy('auto-stop') });
    expect(Object.keys(inactive)).toEqual(['auto-stop$']); // no cost allocation tag
  });

  it.each<[string, Expression, Expression]>([
    ['Not', { Not: is('SERVICE', compute) }, is('SERVICE', compute)],
    [
      'Or',
      { Or: [is('RECORD_TYPE', 'Usage'), is('RECORD_TYPE', 'Fee')] },
      { Not: { Or: [is('RECORD_TYPE', 'Usage'), is('RECORD_TYPE', 'Fee')] } },
    ],
    [
      'an absent tag',
      { Tags: { Key: 'team', MatchOptions: ['ABSENT'] } },
      { Not: { Tags: { Key: 'team', MatchOptions: ['ABSENT'] } } },
    ],
  ])('splits the whole by %s and its opposite', async (_, one, other) => {
    const sumOf = async (Filter?: Expression) => {
      const days = (await pagesOf('2026-10-28', '2026-11-08', Filter ? { Filter } : {})).flat();
      return days.reduce((sum, { Total }) => sum + amount(Total), 0);
    };
    const [first, second] = [await sumOf(one), await sumOf(other)];
    expect(Math.min(Math.abs(first), Math.abs(second))).toBeGreaterThan(10);
    expect(first + second).toBeCloseTo(await sumOf(), 5);
  });

  it('answers nothing to a value that nothing has', async () => {
    expect(
      await sums('2026-11-10', '2026-11-12', {
        Filter: is('SERVICE', 'No such'),
        GroupBy: groupBy('SERVICE'),
      }),
    ).toEqual({});
  });

  it('shows a member account its own spend only', async () => {
    const roleArn = 'arn:aws:iam::210987654321:role/ai-cost-watchdog-target';
    costExplorer = createClient(
      CostExplorerClient,
      scopeFor({ account: '210987654321', region: 'us-east-1', roleArn }),
    );
    const accounts = await sums('2026-11-10', '2026-11-12', { GroupBy: groupBy('LINKED_ACCOUNT') });
    expect(Object.keys(accounts)).toEqual(['210987654321']);
  });

  it('calls the open month estimated, and a month with its invoice not', async () => {
    const months = await pagesOf('2026-10-01', '2026-11-16', { Granularity: 'MONTHLY' });
    expect(
      months.flat().map(({ TimePeriod, Estimated }) => [TimePeriod?.Start, TimePeriod?.End, Estimated]),
    ).toEqual([
      ['2026-10-01', '2026-11-01', false],
      ['2026-11-01', '2026-11-16', true],
    ]);
  });

  it.each<[string, Partial<GetCostAndUsageCommandInput>]>([
    ['three groupings', { GroupBy: groupBy('SERVICE', 'REGION', 'team') }],
    ['a dimension it does not know', { GroupBy: groupBy('WEATHER') }],
    ['a period that ends before it starts', { TimePeriod: { Start: '2026-11-10', End: '2026-11-10' } }],
    ['no metric', { Metrics: [] }],
  ])('refuses %s', async (_, more) => {
    await expect(pagesOf('2026-11-10', '2026-11-12', more)).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('knows the accounts by name and the values of a tag', async () => {
    const TimePeriod = { Start: '2026-11-01', End: '2026-11-16' };
    const { DimensionValues } = await costExplorer.send(
      new GetDimensionValuesCommand({ TimePeriod, Dimension: 'LINKED_ACCOUNT' }),
    );
    expect(DimensionValues).toContainEqual({ Value: '210987654321', Attributes: { description: 'ml-dev' } });
    const { Tags } = await costExplorer.send(new GetTagsCommand({ TimePeriod, TagKey: 'team' }));
    expect(Tags).toEqual(expect.arrayContaining(['', 'llm', 'search', 'vision']));
  });

  describe('resource by resource', () => {
    const ask = (Start: string, Filter: Expression | undefined = is('SERVICE', compute), ...keys: string[]) =>
      costExplorer.send(
        new GetCostAndUsageWithResourcesCommand({
          TimePeriod: { Start, End: '2026-11-15' },
          Granularity: 'DAILY',
          Metrics: ['NetAmortizedCost'],
          GroupBy: groupBy(...keys, 'OPERATION'),
          Filter,
        }),
      );

    it('says which instance cost what', async () => {
      const { ResultsByTime = [] } = await ask(
        '2026-11-14',
        { And: [p4d, is('SERVICE', compute)] },
        'RESOURCE_ID',
      );
      expect(ResultsByTime[0]?.Groups).toEqual([
        {
          Keys: ['i-0d4e7b1c93fa26501', 'RunInstances'],
          Metrics: { NetAmortizedCost: { Amount: expect.stringMatching(/^7\d\d\./), Unit: 'USD' } },
        },
      ]);
    });

    it.each([
      ['days that are too long ago', () => ask('2026-11-01', undefined, 'RESOURCE_ID')],
      ['no service in particular', () => ask('2026-11-14', is('RECORD_TYPE', 'Usage'), 'RESOURCE_ID')],
      ['no resource', () => ask('2026-11-14', undefined, 'REGION')],
      [
        'resources of the aggregate',
        () => pagesOf('2026-11-14', '2026-11-15', { GroupBy: groupBy('RESOURCE_ID') }),
      ],
    ])('refuses %s', async (_, refused) => {
      await expect(refused()).rejects.toMatchObject({ name: 'ValidationException' });
    });
  });
});
