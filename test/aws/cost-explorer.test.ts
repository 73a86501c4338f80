import {
  CostExplorerClient,
  type Expression,
  GetCostAndUsageCommand,
  type GetCostAndUsageCommandInput,
  GetCostAndUsageWithResourcesCommand,
} from '@aws-sdk/client-cost-explorer';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  costExplorerRegion,
  getBreakdown,
  getCharges,
  getInstanceUsage,
  getUsage,
} from '../../shared/aws/cost-explorer.ts';
import { ratesPaid } from '../../shared/spend/rate.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import { costPage } from '../support/spend.ts';

const mock = mockClient(CostExplorerClient);
const client = new CostExplorerClient({ region: 'us-east-1' });
const period = { start: '2026-11-14', end: '2026-11-16' };
const ec2 = 'Amazon Elastic Compute Cloud - Compute';

let requests: number;
const count = async () => {
  requests += 1;
};

beforeEach(() => {
  mock.reset();
  requests = 0;
});

const byRecordType = costPage([
  ['2026-11-14', ['Usage', ec2], 100],
  ['2026-11-14', ['Savings Plan Covered Usage', ec2], 20],
  ['2026-11-14', ['Credit', ec2], -30],
  ['2026-11-15', ['Tax', 'Tax'], 7],
]);

describe('the charges of a period', () => {
  it('are the usage of each account, and everything else for the whole organisation', async () => {
    mock
      .on(GetCostAndUsageCommand)
      .resolvesOnce(byRecordType)
      .resolvesOnce(costPage([['2026-11-14', ['210987654321', ec2], 120]]));
    const { charges, usageTypes } = await getCharges(client, period, count);
    expect(usageTypes).toEqual(['Usage', 'Savings Plan Covered Usage']);
    expect(charges).toEqual([
      {
        date: '2026-11-14',
        scope: { account: '210987654321', service: ec2 },
        accountName: 'ml-dev',
        category: 'Usage',
        amount: 120,
        currency: 'USD',
      },
      {
        date: '2026-11-14',
        scope: { service: ec2 },
        category: 'Credit',
        amount: -30,
        currency: 'USD',
      },
      { date: '2026-11-15', scope: { service: 'Tax' }, category: 'Tax', amount: 7, currency: 'USD' },
    ]);
    expect(requests).toBe(2);
  });

  it('are asked for as amortised net cost by day, the usage by the record types that there are', async () => {
    mock.on(GetCostAndUsageCommand).resolvesOnce(byRecordType).resolves(costPage([]));
    await getCharges(client, period, count);
    expect(mock).toHaveReceivedNthCommandWith(GetCostAndUsageCommand, 1, {
      TimePeriod: { Start: '2026-11-14', End: '2026-11-16' },
      Granularity: 'DAILY',
      Metrics: ['NetAmortizedCost'],
    });
    expect(mock).toHaveReceivedNthCommandWith(GetCostAndUsageCommand, 2, {
      Filter: { Dimensions: { Key: 'RECORD_TYPE', Values: ['Usage', 'Savings Plan Covered Usage'] } },
    });
  });

  it('are read to the last page, each page counted', async () => {
    mock
      .on(GetCostAndUsageCommand)
      .resolvesOnce({ ...byRecordType, NextPageToken: 'a' })
      .resolvesOnce(costPage([['2026-11-15', ['Usage', ec2], 1]]))
      .resolvesOnce({ ...costPage([['2026-11-14', ['210987654321', ec2], 120]]), NextPageToken: 'b' })
      .resolvesOnce(costPage([['2026-11-15', ['210987654321', ec2], 121]]));
    const { charges } = await getCharges(client, period, count);
    expect(charges.filter(({ category }) => category === 'Usage').map(({ amount }) => amount)).toEqual([
      120, 121,
    ]);
    expect(requests).toBe(4);
  });

  it('are none where nothing was charged, and the second question is not asked', async () => {
    mock.on(GetCostAndUsageCommand).resolves(costPage([]));
    expect(await getCharges(client, period, count)).toEqual({ charges: [], usageTypes: [] });
    expect(requests).toBe(1);
  });

  it('keep ten decimals', async () => {
    mock
      .on(GetCostAndUsageCommand)
      .resolvesOnce(byRecordType)
      .resolvesOnce(costPage([['2026-11-14', ['210987654321', ec2], 0.0000008]]));
    expect((await getCharges(client, period, count)).charges[0]?.amount).toBe(0.0000008);
  });
});

describe('the usage of a period by a grouping', () => {
  const usageBy = (grouping: readonly string[], page: ReturnType<typeof costPage>) => {
    mock.on(GetCostAndUsageCommand).resolves(page);
    return getUsage(client, { grouping, period }, ['Usage'], count);
  };

  it('is asked for by dimensions of the bill', async () => {
    const page = costPage([['2026-11-14', [ec2, 'EUW1-BoxUsage:p4d.24xlarge'], 5]]);
    const usage = await usageBy(['service', 'usageType'], page);
    expect(usage).toEqual([
      {
        date: '2026-11-14',
        scope: { service: ec2, usageType: 'EUW1-BoxUsage:p4d.24xlarge' },
        category: 'Usage',
        amount: 5,
        currency: 'USD',
      },
    ]);
    expect(mock).toHaveReceivedCommandWith(GetCostAndUsageCommand, {
      GroupBy: [
        { Type: 'DIMENSION', Key: 'SERVICE' },
        { Type: 'DIMENSION', Key: 'USAGE_TYPE' },
      ],
      Filter: { Dimensions: { Key: 'RECORD_TYPE', Values: ['Usage'] } },
    });
  });

  it('is asked for by a tag, whose name may be that of a dimension', async () => {
    const usage = await usageBy(['tag:service'], costPage([['2026-11-14', ['service$search'], 5]]));
    expect(usage[0]?.scope).toEqual({ 'tag:service': 'search' });
    expect(mock).toHaveReceivedCommandWith(GetCostAndUsageCommand, {
      GroupBy: [{ Type: 'TAG', Key: 'service' }],
    });
  });

  it('has untagged spend once, and teams that differ in case or hold a dollar sign apart', async () => {
    const names = ['team$', 'team$search', 'team$Search', 'team$a$b'];
    const usage = await usageBy(['team'], costPage(names.map((name) => ['2026-11-14', [name], 1])));
    expect(usage.map(({ scope }) => scope['team'])).toEqual(['', 'search', 'Search', 'a$b']);
  });

  it('fails where a key is missing', async () => {
    const page = costPage([['2026-11-14', [ec2], 5]]);
    await expect(usageBy(['service', 'usageType'], page)).rejects.toThrow('a group with 1 of its keys');
  });
});

describe('a part never passes for the whole', () => {
  it('when a page in the middle fails', async () => {
    mock
      .on(GetCostAndUsageCommand)
      .resolvesOnce({ ...byRecordType, NextPageToken: 'a' })
      .rejects('throttled');
    await expect(getCharges(client, period, count)).rejects.toThrow('throttled');
  });

  it('when the same page comes again', async () => {
    mock.on(GetCostAndUsageCommand).resolves({ ...byRecordType, NextPageToken: 'a' });
    await expect(getCharges(client, period, count)).rejects.toThrow('its answer is incomplete');
  });

  it('when the requests of the day are used up between two pages', async () => {
    mock.on(GetCostAndUsageCommand).resolves({ ...byRecordType, NextPageToken: 'a' });
    const cap = async () => {
      if (++requests > 1) throw new Error('used up');
    };
    await expect(getCharges(client, period, cap)).rejects.toThrow('used up');
    expect(mock).toHaveReceivedCommandTimes(GetCostAndUsageCommand, 1);
  });

  it.each([
    ['an amount is missing', { Keys: ['Usage', ec2], Metrics: {} }],
    [
      'an amount is empty',
      { Keys: ['Usage', ec2], Metrics: { NetAmortizedCost: { Amount: '', Unit: 'USD' } } },
    ],
    [
      'an amount is no number',
      { Keys: ['Tax', ec2], Metrics: { NetAmortizedCost: { Amount: 'much', Unit: 'USD' } } },
    ],
    ['a key is missing', { Keys: ['Usage'], Metrics: { NetAmortizedCost: { Amount: '1', Unit: 'USD' } } }],
    ['a currency is missing', { Keys: ['Tax', ec2], Metrics: { NetAmortizedCost: { Amount: '1' } } }],
  ])('when %s', async (_, group) => {
    const ResultsByTime = [{ TimePeriod: { Start: '2026-11-14', End: '2026-11-15' }, Groups: [group] }];
    mock.on(GetCostAndUsageCommand).resolves({ ResultsByTime });
    await expect(getCharges(client, period, count)).rejects.toThrow();
  });
});

describe('a breakdown', () => {
  const asked = {
    dimensions: ['region', 'usageType'] as const,
    within: { account: '210987654321', service: ec2 },
    usageTypes: ['Usage', 'Savings Plan Covered Usage'],
    tagKeys: { team: 'Team', owner: 'Owner' },
  };
  const p4d = costPage([['2026-11-14', ['eu-west-1', 'EUW1-BoxUsage:p4d.24xlarge'], 787]], { quantity: 24 });
  const usage: Expression = {
    Dimensions: { Key: 'RECORD_TYPE', Values: ['Usage', 'Savings Plan Covered Usage'] },
  };

  it('has its parts with their quantities, of the record types that are usage', async () => {
    mock.on(GetCostAndUsageCommand).resolves(p4d);
    expect(await getBreakdown(client, asked, period, count)).toEqual([
      {
        date: '2026-11-14',
        part: { region: 'eu-west-1', usageType: 'EUW1-BoxUsage:p4d.24xlarge' },
        amount: 787,
        quantity: 24,
        unit: 'Hrs',
      },
    ]);
    expect(mock).toHaveReceivedCommandWith(GetCostAndUsageCommand, {
      GroupBy: [
        { Type: 'DIMENSION', Key: 'REGION' },
        { Type: 'DIMENSION', Key: 'USAGE_TYPE' },
      ],
      Metrics: ['NetAmortizedCost', 'UsageQuantity'],
      Filter: {
        And: [
          { Dimensions: { Key: 'LINKED_ACCOUNT', Values: ['210987654321'] } },
          { Dimensions: { Key: 'SERVICE', Values: [ec2] } },
          usage,
        ],
      },
    });
  });

  it.each<[Scope, Expression]>([
    [{}, usage],
    [{ team: 'search' }, { And: [{ Tags: { Key: 'Team', Values: ['search'] } }, usage] }],
    [{ team: '' }, { And: [{ Tags: { Key: 'Team', MatchOptions: ['ABSENT'] } }, usage] }],
    [{ project: 'a$b' }, { And: [{ Tags: { Key: 'project', Values: ['a$b'] } }, usage] }],
    [{ region: 'NoRegion' }, usage],
    [
      { usageType: 'EUW1-NatGateway-Bytes', operation: 'NatGateway' },
      {
        And: [
          { Dimensions: { Key: 'USAGE_TYPE', Values: ['EUW1-NatGateway-Bytes'] } },
          { Dimensions: { Key: 'OPERATION', Values: ['NatGateway'] } },
          usage,
        ],
      },
    ],
  ])('of %j is filtered accordingly', async (within, Filter) => {
    mock.on(GetCostAndUsageCommand).resolves(p4d);
    await getBreakdown(client, { ...asked, within }, period, count);
    expect(mock).toHaveReceivedCommandWith(GetCostAndUsageCommand, { Filter });
  });

  it.each([
    [['Team$search', 'Owner$jonas'], { team: 'search', owner: 'jonas' }],
    [['Team$', 'Owner$'], { team: '', owner: '' }],
    [['Team$a$b', 'Owner$'], { team: 'a$b', owner: '' }],
  ] as const)('reads the tags %j', async (keys, part) => {
    mock.on(GetCostAndUsageCommand).resolves(costPage([['2026-11-14', keys, 5]]));
    const dimensions = ['team', 'owner'] as const;
    expect(await getBreakdown(client, { ...asked, dimensions }, period, count)).toEqual([
      { date: '2026-11-14', amount: 5, part },
    ]);
  });

  it('asks for resources where they are to be had', async () => {
    mock
      .on(GetCostAndUsageWithResourcesCommand)
      .resolvesOnce(costPage([['2026-11-14', ['i-0abc', 'RunInstances'], 787]], { token: 'next' }))
      .resolves(costPage([['2026-11-15', ['i-0abc', 'RunInstances'], 780]]));
    const dimensions = ['resource', 'operation'] as const;
    expect(await getBreakdown(client, { ...asked, dimensions }, period, count)).toMatchObject([
      { part: { resource: 'i-0abc', operation: 'RunInstances' }, amount: 787 },
      { part: { resource: 'i-0abc', operation: 'RunInstances' }, amount: 780 },
    ]);
    expect(requests).toBe(2);
    expect(mock).toHaveReceivedNthCommandWith(GetCostAndUsageWithResourcesCommand, 1, {
      GroupBy: [
        { Type: 'DIMENSION', Key: 'RESOURCE_ID' },
        { Type: 'DIMENSION', Key: 'OPERATION' },
      ],
    });
    expect(mock).not.toHaveReceivedCommand(GetCostAndUsageCommand);
  });
});

describe('what is paid for by the hour', () => {
  const p4d = 'BoxUsage:p4d.24xlarge';
  const usage = (lines: [string, string, number][]) =>
    costPage(
      lines.map(([usageType, operation, amount]) => ['2026-11-14', [usageType, operation], amount]),
      { quantity: 20 },
    );

  it('is read in one question of what it cost and how long it ran, by usage type and operation', async () => {
    mock.on(GetCostAndUsageCommand).resolves(usage([[p4d, 'RunInstances:0002', 1000]]));
    expect(await getInstanceUsage(client, period, ['Usage', 'DiscountedUsage'], count)).toEqual([
      {
        date: '2026-11-14',
        usageType: p4d,
        operation: 'RunInstances:0002',
        amount: 1000,
        quantity: 20,
        unit: 'Hrs',
      },
    ]);
    expect(requests).toBe(1);
    expect(mock).toHaveReceivedCommandWith(GetCostAndUsageCommand, {
      Metrics: ['NetAmortizedCost', 'UsageQuantity'],
      GroupBy: [
        { Type: 'DIMENSION', Key: 'USAGE_TYPE' },
        { Type: 'DIMENSION', Key: 'OPERATION' },
      ],
      Filter: {
        And: [
          {
            Dimensions: {
              Key: 'SERVICE',
              Values: [ec2, 'Amazon SageMaker', 'Amazon Bedrock', 'Amazon Relational Database Service'],
            },
          },
          { Dimensions: { Key: 'RECORD_TYPE', Values: ['Usage', 'DiscountedUsage'] } },
        ],
      },
    });
  });

  it('is nothing, and not asked for, where the bill has no usage', async () => {
    expect(await getInstanceUsage(client, period, [], count)).toEqual([]);
    expect(requests).toBe(0);
  });

  it('is left out in another currency: prices are in dollars', async () => {
    const page = costPage([['2026-11-14', ['CNN1-BoxUsage:g5.xlarge', 'RunInstances'], 24]], {
      currency: 'CNY',
      quantity: 20,
    });
    mock.on(GetCostAndUsageCommand).resolves(page);
    expect(await getInstanceUsage(client, period, ['Usage'], count)).toEqual([]);
  });

  type Charged = { recordType: string; net: number; unblended: number; hours: number; service?: string };

  /** Answers any question about a bill of one instance type, grouped and filtered as it was asked. */
  function billOf(charges: readonly Charged[]) {
    mock.on(GetCostAndUsageCommand).callsFake((input: GetCostAndUsageCommandInput) => {
      const keysOf = ({ recordType, service = ec2 }: Charged) =>
        (input.GroupBy ?? []).map(({ Key = '' }) => {
          const all: Record<string, string> = {
            RECORD_TYPE: recordType,
            SERVICE: service,
            LINKED_ACCOUNT: '210987654321',
            USAGE_TYPE: p4d,
            OPERATION: 'RunInstances',
          };
          return all[Key] ?? '';
        });
      const parts = input.Filter?.And ?? (input.Filter ? [input.Filter] : []);
      const isWanted = ({ recordType, service = ec2 }: Charged) =>
        parts.every(({ Dimensions }) =>
          Dimensions?.Values?.includes(Dimensions.Key === 'SERVICE' ? service : recordType),
        );
      const groups = Map.groupBy(charges.filter(isWanted), (charge) => keysOf(charge).join('|'));
      const sum = (own: readonly Charged[], figure: 'net' | 'unblended' | 'hours') =>
        String(own.reduce((total, charge) => total + charge[figure], 0));
      const Groups = [...groups].map(([key, own]) => ({
        Keys: key.split('|'),
        Metrics: {
          NetAmortizedCost: { Amount: sum(own, 'net'), Unit: 'USD' },
          UnblendedCost: { Amount: sum(own, 'unblended'), Unit: 'USD' },
          UsageQuantity: { Amount: sum(own, 'hours'), Unit: 'Hrs' },
        },
      }));
      return { ResultsByTime: [{ TimePeriod: { Start: '2026-11-14', End: '2026-11-15' }, Groups }] };
    });
  }

  const plans = 'Savings Plans for AWS Compute usage';
  const onDemand = (hours: number): Charged => ({
    recordType: 'Usage',
    net: 32 * hours,
    unblended: 32 * hours,
    hours,
  });
  const covered = (hours: number): Charged[] => [
    { recordType: 'SavingsPlanCoveredUsage', net: 20 * hours, unblended: 32 * hours, hours },
    { recordType: 'SavingsPlanNegation', net: 0, unblended: -32 * hours, hours },
    { recordType: 'SavingsPlanRecurringFee', net: 48, unblended: 528, hours: 24, service: plans },
  ];

  it.each<[string, Charged[], number]>([
    ['the list price on demand', [onDemand(24)], 32],
    ['what the Savings Plan takes where it covers all', covered(24), 20],
    ['the mean where a Savings Plan covers half', [onDemand(12), ...covered(12)], 26],
    [
      'what the reservation takes, not the part of its fee that nobody used',
      [
        { recordType: 'DiscountedUsage', net: 432, unblended: 0, hours: 24 },
        { recordType: 'RIFee', net: 24, unblended: 456, hours: 24 },
      ],
      18,
    ],
    [
      'the same under other spellings',
      [
        onDemand(12),
        { recordType: 'Savings Plan Covered Usage', net: 240, unblended: 384, hours: 12 },
        { recordType: 'Savings Plan Negation', net: 0, unblended: -384, hours: 12 },
      ],
      26,
    ],
    [
      'less what was negotiated',
      [
        { ...onDemand(24), net: 720 },
        { recordType: 'EdpDiscount', net: 0, unblended: -48, hours: 0 },
      ],
      30,
    ],
    [
      'the same whatever a credit pays',
      [onDemand(24), { recordType: 'Credit', net: -768, unblended: -768, hours: 24 }],
      32,
    ],
    [
      'the same whatever was paid back',
      [onDemand(24), { recordType: 'Refund', net: -100, unblended: -100, hours: -3 }],
      32,
    ],
  ])('costs %s', async (_, charges, hourlyRate) => {
    billOf(charges);
    const { usageTypes } = await getCharges(client, period, count);
    const lines = await getInstanceUsage(client, period, usageTypes, count);
    expect(ratesPaid(lines)).toEqual([
      { region: 'us-east-1', type: 'p4d.24xlarge', use: 'on-demand', platform: 'linux', hourlyRate },
    ]);
  });
});

it.each([
  ['eu-west-1', 'us-east-1'],
  ['cn-north-1', 'cn-northwest-1'],
])('is asked for %s in %s', (region, endpoint) => {
  expect(costExplorerRegion(region)).toBe(endpoint);
});
