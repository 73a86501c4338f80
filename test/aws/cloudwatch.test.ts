import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { discoverMetrics, getSeries, instanceMetric, type MetricQuery } from '../../shared/aws/cloudwatch.ts';

const cloudWatch = mockClient(CloudWatchClient);
const client = new CloudWatchClient({});

beforeEach(() => cloudWatch.reset());

const listed = (MetricName: string, dimensions: Record<string, string>) => ({
  Namespace: 'CWAgent',
  MetricName,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

describe('discovery', () => {
  const utilization = (dimensions: Record<string, string>) =>
    listed('nvidia_smi_utilization_gpu', dimensions);
  const memory = (dimensions: Record<string, string>) => listed('nvidia_smi_memory_used', dimensions);

  beforeEach(() => cloudWatch.on(ListMetricsCommand).resolves({ Metrics: [] }));

  const given = (MetricName: string, ...Metrics: ReturnType<typeof listed>[]) =>
    cloudWatch
      .on(ListMetricsCommand, { MetricName, Namespace: 'CWAgent', RecentlyActive: 'PT3H' })
      .resolves({ Metrics });

  it('finds the GPUs of an instance, whatever dimensions the agent adds, in the order of their index', async () => {
    given(
      'nvidia_smi_utilization_gpu',
      utilization({ InstanceId: 'i-1', index: '10', host: 'ip-10-0-0-1' }),
      utilization({
        InstanceId: 'i-1',
        index: '2',
        name: 'A100',
        arch: 'Ampere',
        host: 'ip-10-0-0-1',
        ImageId: 'ami-1',
      }),
    );
    given('nvidia_smi_memory_used', memory({ InstanceId: 'i-1', index: '2' }));
    const { gpus } = await discoverMetrics(client);
    expect(
      gpus
        .get('i-1')
        ?.map(({ index, utilization, memoryUsed }) => [index, utilization.length, memoryUsed.length]),
    ).toEqual([
      ['2', 1, 1],
      ['10', 1, 0],
    ]);
  });

  it('knows a device that reports its memory only, as a MIG device does', async () => {
    given('nvidia_smi_memory_used', memory({ InstanceId: 'i-1', index: '0' }));
    expect((await discoverMetrics(client)).gpus.get('i-1')).toMatchObject([{ index: '0', utilization: [] }]);
  });

  it('takes no sum over all GPUs for a device', async () => {
    given('nvidia_smi_utilization_gpu', utilization({ InstanceId: 'i-1' }));
    expect((await discoverMetrics(client)).gpus.size).toBe(0);
  });

  it('names the hosts whose metrics carry no instance id', async () => {
    given(
      'nvidia_smi_utilization_gpu',
      utilization({ index: '0', host: 'ip-10-0-0-2' }),
      utilization({ index: '1', host: 'ip-10-0-0-2' }),
      utilization({ InstanceId: 'i-1', index: '0', host: 'ip-10-0-0-1' }),
    );
    const { gpus, unmappedHosts } = await discoverMetrics(client);
    expect([...gpus.keys()]).toEqual(['i-1']);
    expect(unmappedHosts).toEqual(['ip-10-0-0-2']);
  });

  it('reads every page', async () => {
    cloudWatch
      .on(ListMetricsCommand, { MetricName: 'nvidia_smi_utilization_gpu' })
      .resolvesOnce({ Metrics: [utilization({ InstanceId: 'i-1', index: '0' })], NextToken: 'next' })
      .resolvesOnce({ Metrics: [utilization({ InstanceId: 'i-2', index: '0' })] });
    expect([...(await discoverMetrics(client)).gpus.keys()]).toEqual(['i-1', 'i-2']);
  });
});

describe('series', () => {
  const window = { start: '2026-11-16T05:10:00Z', end: '2026-11-16T05:25:00Z' };
  const times = ['05:10', '05:15', '05:20'].map((clock) => new Date(`2026-11-16T${clock}:00Z`));
  const [first, second, third] = times.map((time) => time.getTime());

  const cpu = (instanceId: string): MetricQuery => ({
    metric: instanceMetric('CPUUtilization', instanceId),
    statistic: 'Maximum',
  });

  const complete = (Id: string, Values: number[], Timestamps = times) => ({
    Id,
    StatusCode: 'Complete' as const,
    Timestamps,
    Values,
  });

  it('come in the order of the queries, each with its points oldest first', async () => {
    cloudWatch.on(GetMetricDataCommand).resolves({
      MetricDataResults: [complete('q1', [3, 2, 1], times.toReversed()), complete('q0', [7, 8, 9])],
    });
    expect(await getSeries(client, [cpu('i-1'), cpu('i-2')], window, 300)).toEqual([
      {
        points: [
          { at: first, value: 7 },
          { at: second, value: 8 },
          { at: third, value: 9 },
        ],
      },
      {
        points: [
          { at: first, value: 1 },
          { at: second, value: 2 },
          { at: third, value: 3 },
        ],
      },
    ]);
    expect(cloudWatch).toHaveReceivedNthCommandWith(GetMetricDataCommand, 1, {
      StartTime: new Date('2026-11-16T05:10:00Z'),
      EndTime: new Date('2026-11-16T05:25:00Z'),
    });
  });

  it('are the same over two pages, the first of which is called partial', async () => {
    cloudWatch
      .on(GetMetricDataCommand)
      .resolvesOnce({
        MetricDataResults: [{ ...complete('q0', [9], times.slice(2)), StatusCode: 'PartialData' }],
        NextToken: 'next',
      })
      .resolvesOnce({ MetricDataResults: [complete('q0', [7, 8], times.slice(0, 2))] });
    expect(await getSeries(client, [cpu('i-1')], window, 300)).toEqual([
      {
        points: [
          { at: first, value: 7 },
          { at: second, value: 8 },
          { at: third, value: 9 },
        ],
      },
    ]);
  });

  it.each([
    ['PartialData', 'CloudWatch answered PartialData'],
    ['InternalError', 'CloudWatch answered InternalError: Throttled'],
    ['Forbidden', 'CloudWatch answered Forbidden: Throttled'],
  ] as const)('have failed alone where theirs is the last word %s', async (StatusCode, failure) => {
    const Messages = StatusCode === 'PartialData' ? [] : [{ Value: 'Throttled' }];
    cloudWatch.on(GetMetricDataCommand).resolves({
      MetricDataResults: [{ ...complete('q0', [7, 8, 9]), StatusCode, Messages }, complete('q1', [7, 8, 9])],
    });
    const [failed, whole] = await getSeries(client, [cpu('i-1'), cpu('i-2')], window, 300);
    expect(failed).toMatchObject({ points: [{ value: 7 }, { value: 8 }, { value: 9 }], failure });
    expect(whole?.failure).toBeUndefined();
  });

  it('have failed where CloudWatch leaves them out', async () => {
    cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [] });
    expect(await getSeries(client, [cpu('i-1')], window, 300)).toEqual([
      { points: [], failure: 'CloudWatch did not answer for it' },
    ]);
  });

  it('are asked for five hundred a call, and a call that fails spoils only its own', async () => {
    cloudWatch.on(GetMetricDataCommand).callsFake(({ MetricDataQueries = [] }: GetMetricDataCommandInput) => {
      const ids = MetricDataQueries.map(({ MetricStat }) => MetricStat?.Metric?.Dimensions?.[0]?.Value);
      if (ids.includes('i-0')) throw new Error('Rate exceeded');
      return { MetricDataResults: MetricDataQueries.map(({ Id = '' }) => complete(Id, [1, 2, 3])) };
    });
    const queries = Array.from({ length: 1001 }, (_, index) => cpu(`i-${index}`));
    const series = await getSeries(client, queries, window, 300);
    expect(cloudWatch).toHaveReceivedCommandTimes(GetMetricDataCommand, 3);
    expect(series.map(({ failure }) => failure).filter(Boolean)).toEqual(Array(500).fill('Rate exceeded'));
    expect(series.slice(500).every(({ points }) => points.length === 3)).toBe(true);
  });

  it('are asked for fewer a call where a long window would hold more points than a call may', async () => {
    cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [] });
    const week = { start: '2026-11-09T05:00:00Z', end: '2026-11-16T05:00:00Z' };
    await getSeries(
      client,
      Array.from({ length: 100 }, (_, index) => cpu(`i-${index}`)),
      week,
      300,
    );
    // 2,016 points a week: 50 series fit into 100,800.
    expect(cloudWatch).toHaveReceivedCommandTimes(GetMetricDataCommand, 2);
  });

  it('make no call where none is asked for', async () => {
    expect(await getSeries(client, [], window, 300)).toEqual([]);
    expect(cloudWatch).not.toHaveReceivedCommand(GetMetricDataCommand);
  });
});
