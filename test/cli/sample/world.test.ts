import { performance } from 'node:perf_hooks';
import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { CostExplorerClient, GetCostAndUsageCommand } from '@aws-sdk/client-cost-explorer';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { describe, expect, it } from 'vitest';
import { openSampleAccount, readSampleConfig } from '../../../cli/sample/account.ts';
import { generateWorld } from '../../../cli/sample/generate.ts';
import { parseWorld, readSampleWorld } from '../../../cli/sample/world.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { parseConfig } from '../../../shared/config.ts';

const smallest = {
  now: '2026-11-16T06:00:00Z',
  accounts: [{ id: '123456789012', name: 'only', payer: true }],
  regions: { 'eu-west-1': { usagePrefix: 'EUW1-', location: 'EU (Ireland)' } },
  costAllocationTags: ['team'],
  types: { 't3.large': { vcpus: 2, memoryGib: 8, hourly: { 'eu-west-1': 0.0912 } } },
};
const instance = { id: 'i-0d4e7b1c93fa26501', type: 't3.large', launched: '2026-11-13T16:20:00Z' };

const withJobs = (spec: object) => ({ ...smallest, sageMaker: { only: { 'eu-west-1': spec } } });

describe('the file of the sample world', () => {
  it('holds some sixty instances in three accounts and two regions', () => {
    const { accounts, regions, instances } = readSampleWorld();
    const count = Object.values(instances).flatMap((byRegion) => Object.values(byRegion).flat()).length;
    expect([accounts.length, Object.keys(regions).length]).toEqual([3, 2]);
    expect(count).toBeGreaterThanOrEqual(60);
  });

  it('fits the configuration beside it: the same accounts, roles and regions', () => {
    const { accounts, regions } = readSampleWorld();
    const { targets, enforce, alerts } = parseConfig(readSampleConfig());
    expect(targets.accounts.map(({ id, name, role }) => [id, name, role])).toEqual(
      accounts.map(({ id, name, role }) => [id, name, role]),
    );
    expect(targets.regions).toEqual(Object.keys(regions));
    expect([enforce, alerts.slack?.token, alerts.slack?.channel, alerts.email]).toEqual([
      true,
      'ssm:/watchdog/slack-token',
      '#ml-cost',
      true,
    ]);
  });

  it.each([
    ['an unknown key', { ...smallest, acounts: [] }, 'acounts'],
    ['an account nobody defined', { ...smallest, instances: { other: {} } }, 'no such account'],
    ['a region nobody defined', { ...smallest, instances: { only: { 'us-west-2': [] } } }, 'no such region'],
    [
      'a type without a price there',
      { ...smallest, instances: { only: { 'eu-west-1': [{ ...instance, type: 'p5.48xlarge' }] } } },
      'p5.48xlarge has no price in eu-west-1',
    ],
    [
      'an id that is there twice',
      { ...smallest, instances: { only: { 'eu-west-1': [instance, instance] } } },
      'i-0d4e7b1c93fa26501 is there twice',
    ],
    ['an unknown key of SageMaker', withJobs({ trainingJob: [] }), 'trainingJob'],
    [
      'a SageMaker type without a price there',
      withJobs({
        apps: [{ space: 'lab', type: 'ml.p5.48xlarge', started: instance.launched, lastActive: 'now' }],
      }),
      'ml.p5.48xlarge has no price in eu-west-1',
    ],
    [
      'an endpoint that is neither on instances nor serverless',
      withJobs({ endpoints: [{ name: 'live', created: instance.launched }] }),
      'expected either a type or serverless',
    ],
    [
      'Bedrock in a region nobody defined',
      { ...smallest, bedrock: { only: { 'us-west-2': {} } } },
      'no such region',
    ],
  ])('is refused with %s, by name', (_, document, message) => {
    expect(() => parseWorld(document)).toThrow(message);
  });
});

/** What a new account answers to a handful of large questions. */
async function answers(): Promise<unknown[]> {
  const sample = await openSampleAccount({ now: '2026-11-16T18:05:00Z' });
  const [ec2, cloudWatch, costExplorer] = [
    createClient(EC2Client),
    createClient(CloudWatchClient),
    createClient(CostExplorerClient),
  ];
  const { Metrics = [] } = await cloudWatch.send(new ListMetricsCommand({}));
  const output = [
    await ec2.send(new DescribeInstancesCommand({})),
    await cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date('2026-11-16T15:00:00Z'),
        EndTime: new Date('2026-11-16T18:00:00Z'),
        MetricDataQueries: Metrics.map((Metric, index) => ({
          Id: `m${index}`,
          MetricStat: { Metric, Period: 300, Stat: 'Average' },
        })),
      }),
    ),
    await costExplorer.send(
      new GetCostAndUsageCommand({
        TimePeriod: { Start: '2026-05-20', End: '2026-11-17' },
        Granularity: 'DAILY',
        Metrics: ['NetAmortizedCost'],
        GroupBy: [{ Type: 'DIMENSION', Key: 'SERVICE' }],
      }),
    ),
  ];
  await sample.close();
  return output;
}

describe('the sample world', () => {
  it('is the same world each time, byte for byte', async () => {
    const [first, second] = [await answers(), await answers()];
    expect(JSON.stringify(first)).toBe(JSON.stringify(second));
    expect(JSON.stringify(first).length).toBeGreaterThan(100_000);
  });

  it('opens in less than a second', async () => {
    const start = performance.now();
    const sample = await openSampleAccount();
    const took = performance.now() - start;
    await sample.close();
    expect(took).toBeLessThan(1000);
  });

  it('can be made of any size, over as many targets as asked for', async () => {
    const world = generateWorld({ instances: 5000, targets: 2 });
    const sample = await openSampleAccount({ world, now: '2026-11-16T18:05:00Z' });
    const listed = sample.instances();
    await sample.close();
    expect(listed).toHaveLength(5000);
    expect(new Set(listed.map(({ account, region }) => `${account}/${region}`)).size).toBe(2);
    expect(generateWorld({ instances: 5000, targets: 2 })).toEqual(world);
  });
});
