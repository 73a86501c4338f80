import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
  type ListMetricsCommandInput,
  type Metric,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { EC2Client, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { generateWorld } from '../../../cli/sample/generate.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { scopeFor } from '../../../shared/aws/sts.ts';

const roleArn = 'arn:aws:iam::210987654321:role/ai-cost-watchdog-target';
const dev = { account: '210987654321', region: 'eu-west-1', roleArn };

async function listAll(client: CloudWatchClient, input: ListMetricsCommandInput): Promise<Metric[][]> {
  const pages: Metric[][] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListMetricsCommand({ ...input, NextToken }));
    pages.push(page.Metrics ?? []);
    NextToken = page.NextToken;
  } while (NextToken);
  return pages;
}

describe("the sample account's CloudWatch", () => {
  let sample: SampleAccount;
  let cloudWatch: CloudWatchClient;
  let gpus: Metric[];
  beforeAll(async () => {
    sample = await openSampleAccount({ now: '2026-11-16T18:05:00Z' });
    cloudWatch = createClient(CloudWatchClient, scopeFor(dev));
    const input = { Namespace: 'CWAgent', MetricName: 'nvidia_smi_utilization_gpu' };
    gpus = (await listAll(cloudWatch, input)).flat();
  });
  afterAll(() => sample.close());

  const gpusOf = (id: string) =>
    gpus.filter(({ Dimensions = [] }) => Dimensions.some(({ Value }) => Value === id));
  const cpuOf = (id: string): Metric => ({
    Namespace: 'AWS/EC2',
    MetricName: 'CPUUtilization',
    Dimensions: [{ Name: 'InstanceId', Value: id }],
  });
  const get = async (
    metrics: readonly Metric[],
    from: string,
    to: string,
    {
      Period = 300,
      Stat = 'Average',
      ...more
    }: Partial<GetMetricDataCommandInput> & { Period?: number; Stat?: string } = {},
  ) =>
    cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(`2026-11-${from}:00Z`),
        EndTime: new Date(`2026-11-${to}:00Z`),
        MetricDataQueries: metrics.map((metric, index) => ({
          Id: `m${index}`,
          MetricStat: { Metric: metric, Period, Stat },
        })),
        ScanBy: 'TimestampAscending',
        ...more,
      }),
    );
  const values = async (...args: Parameters<typeof get>) =>
    (await get(...args)).MetricDataResults?.map(({ Values = [] }) => Values) ?? [];

  it('names the device of each series as the agent does', () => {
    expect(gpusOf('i-0d4e7b1c93fa26501')[7]?.Dimensions).toEqual([
      { Name: 'InstanceId', Value: 'i-0d4e7b1c93fa26501' },
      { Name: 'ImageId', Value: 'ami-0c5d61202c3b9c33e' },
      { Name: 'InstanceType', Value: 'p4d.24xlarge' },
      { Name: 'index', Value: '7' },
      { Name: 'name', Value: 'NVIDIA A100-SXM4-40GB' },
      { Name: 'arch', Value: 'Ampere' },
      { Name: 'host', Value: expect.stringMatching(/^ip-10-[\d-]+\.eu-west-1\.compute\.internal$/) },
    ]);
  });

  it('lists what is published, and of MIG devices, dead agents and stopped machines what is left', async () => {
    expect(gpusOf('i-0d4e7b1c93fa26513')).toEqual([]); // no agent
    expect(gpusOf('i-0d4e7b1c93fa26515')).toHaveLength(3); // of four
    const platform = createClient(CloudWatchClient, { region: 'us-east-1' });
    const Dimensions = [{ Name: 'InstanceId', Value: 'i-0a1c0de5b7e2f4b01' }];
    const mig = (await listAll(platform, { Namespace: 'CWAgent', Dimensions }))
      .flat()
      .map(({ MetricName }) => MetricName);
    expect(mig).toContain('nvidia_smi_memory_used');
    expect(mig).not.toContain('nvidia_smi_utilization_gpu');
    const recent = (await listAll(cloudWatch, { Namespace: 'AWS/EC2', RecentlyActive: 'PT3H' })).flat();
    expect(recent).not.toContainEqual(cpuOf('i-0d4e7b1c93fa26519')); // stopped six weeks ago
  });

  it('finds the forgotten p4d at work for 25 minutes, and silent ever since', async () => {
    const [first = []] = await values(gpusOf('i-0d4e7b1c93fa26501'), '13T16:20', '13T16:45');
    expect(first.every((value) => value > 55 && value < 90)).toBe(true);
    const weekend = await values(gpusOf('i-0d4e7b1c93fa26501'), '13T16:45', '16T06:00');
    expect(weekend).toHaveLength(8);
    expect(weekend.every((gpu) => gpu.length === 735 && gpu.every((value) => value === 0))).toBe(true);
  });

  it('has no point before the launch, none of the future, and none after the agent died', async () => {
    const cpu = [cpuOf('i-0d4e7b1c93fa26516')];
    const { MetricDataResults: [result] = [] } = await get(cpu, '16T17:00', '16T23:00');
    expect(result?.Timestamps?.map((time) => time.toISOString().slice(11, 16))).toEqual([
      '17:50',
      '17:55',
      '18:00',
    ]);
    const [agent = []] = await values(gpusOf('i-0d4e7b1c93fa26514'), '16T17:30', '16T18:05');
    expect(agent).toHaveLength(3);
  });

  it('aggregates the same minutes into any period', async () => {
    const [gpu] = gpusOf('i-0d4e7b1c93fa26507');
    const one = gpu ? [gpu] : [];
    const [minutes = []] = await values(one, '16T16:00', '16T17:00', { Period: 60 });
    const [averages = []] = await values(one, '16T16:00', '16T17:00', { Period: 3600 });
    const [maxima = []] = await values(one, '16T16:00', '16T17:00', { Period: 3600, Stat: 'Maximum' });
    const [minima = []] = await values(one, '16T16:00', '16T17:00', { Period: 3600, Stat: 'Minimum' });
    const [sums = []] = await values(one, '16T16:00', '16T17:00', { Period: 3600, Stat: 'Sum' });
    expect(minutes).toHaveLength(60);
    const sum = minutes.reduce((total, value) => total + value, 0);
    expect(averages).toEqual([expect.closeTo(sum / 60, 8)]);
    expect([maxima, minima]).toEqual([[Math.max(...minutes)], [Math.min(...minutes)]]);
    expect(sums).toEqual([expect.closeTo(sum, 8)]);
  });

  it("has EC2's own metrics every five minutes, however fine the question", async () => {
    const [cpu = []] = await values([cpuOf('i-0d4e7b1c93fa26509')], '16T16:00', '16T17:00', { Period: 60 });
    expect(cpu).toHaveLength(12);
  });

  it('answers nothing where the dimensions are not exactly the published ones', async () => {
    const [gpu] = gpusOf('i-0d4e7b1c93fa26507');
    const less = { ...gpu, Dimensions: gpu?.Dimensions?.slice(0, 4) };
    expect(await values([less], '16T16:00', '16T17:00')).toEqual([[]]);
  });

  it.each(['TimestampAscending', 'TimestampDescending'] as const)(
    'gives the same points over pages, %s',
    async (ScanBy) => {
      const metrics = gpusOf('i-0d4e7b1c93fa26507');
      const whole = await get(metrics, '16T16:00', '16T17:00', { ScanBy });
      const parts: MetricDataResult[] = [];
      let NextToken: string | undefined;
      do {
        const page = await get(metrics, '16T16:00', '16T17:00', { ScanBy, MaxDatapoints: 7, NextToken });
        parts.push(...(page.MetricDataResults ?? []));
        NextToken = page.NextToken;
      } while (NextToken);
      expect(parts.filter(({ StatusCode }) => StatusCode === 'PartialData').length).toBeGreaterThan(3);
      const joined = metrics.map((_, index) =>
        parts.filter(({ Id }) => Id === `m${index}`).flatMap(({ Values = [] }) => Values),
      );
      expect(joined).toEqual(whole.MetricDataResults?.map(({ Values }) => Values));
    },
  );

  it('refuses more than 500 queries, a period that ends before it starts, and a second series of one name', async () => {
    const metric = cpuOf('i-0d4e7b1c93fa26509');
    const many = Array.from({ length: 501 }, () => metric);
    await expect(get(many, '16T16:00', '16T17:00')).rejects.toMatchObject({ name: 'ValidationError' });
    await expect(get([metric], '16T17:00', '16T16:00')).rejects.toMatchObject({ name: 'ValidationError' });
    const MetricDataQueries = [1, 2].map(() => ({
      Id: 'same',
      MetricStat: { Metric: metric, Period: 300, Stat: 'Sum' },
    }));
    await expect(get([], '16T16:00', '16T17:00', { MetricDataQueries })).rejects.toMatchObject({
      name: 'ValidationError',
    });
  });

  it('hears no more of an instance that was stopped', async () => {
    const ec2 = createClient(EC2Client, scopeFor(dev));
    await ec2.send(new StopInstancesCommand({ InstanceIds: ['i-0d4e7b1c93fa26509'] }));
    sample.setNow('2026-11-16T19:00:00Z');
    const [cpu = []] = await values([cpuOf('i-0d4e7b1c93fa26509')], '16T18:00', '16T19:00');
    sample.setNow('2026-11-16T18:05:00Z');
    expect(cpu).toHaveLength(1);
  });
});

describe('the CloudWatch of a large world', () => {
  it('lists 500 metrics a page, each once', async () => {
    const sample = await openSampleAccount({
      world: generateWorld({ instances: 1200, targets: 1 }),
      now: '2026-11-16T18:05:00Z',
    });
    const pages = await listAll(createClient(CloudWatchClient), {
      Namespace: 'AWS/EC2',
      RecentlyActive: 'PT3H',
    });
    await sample.close();
    expect(pages.map(({ length }) => length)).toEqual([500, 500, 500, 500, 500, 500, 500, 100]);
    expect(new Set(pages.flat().map((metric) => JSON.stringify(metric))).size).toBe(3600);
  });
});
