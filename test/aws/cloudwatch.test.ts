import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  ListMetricsCommand,
  type ListMetricsCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  discoverDeviceMetrics,
  eachSeries,
  getSeries,
  instanceMetric,
  listMetrics,
} from '../../shared/aws/cloudwatch.ts';
import type { MetricQuery } from '../../shared/compute/metric.ts';
import { deviceMetricNames } from '../../shared/compute/metric-source.ts';

const cloudWatch = mockClient(CloudWatchClient);
const client = new CloudWatchClient({});

beforeEach(() => cloudWatch.reset());

const listed = (MetricName: string, dimensions: Record<string, string> = {}, Namespace = 'CWAgent') => ({
  Namespace,
  MetricName,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

describe('a listing', () => {
  it('holds what was active in the last three hours, of every page', async () => {
    cloudWatch
      .on(ListMetricsCommand, { Namespace: 'CWAgent', MetricName: 'disk_used', RecentlyActive: 'PT3H' })
      .resolvesOnce({ Metrics: [listed('disk_used', { path: '/' })], NextToken: 'next' })
      .resolvesOnce({ Metrics: [listed('disk_used', { path: '/data' })] });
    expect(await listMetrics(client, { namespace: 'CWAgent', name: 'disk_used' })).toEqual([
      { namespace: 'CWAgent', name: 'disk_used', dimensions: [{ name: 'path', value: '/' }] },
      { namespace: 'CWAgent', name: 'disk_used', dimensions: [{ name: 'path', value: '/data' }] },
    ]);
    expect(cloudWatch).toHaveReceivedNthCommandWith(ListMetricsCommand, 2, { NextToken: 'next' });
  });

  it('may be narrowed to dimensions, whatever their value', async () => {
    cloudWatch.on(ListMetricsCommand).resolves({});
    const dimensions = [{ name: 'ClusterName', value: 'ml' }, { name: 'PodName' }];
    expect(await listMetrics(client, { namespace: 'ContainerInsights', dimensions })).toEqual([]);
    expect(cloudWatch).toHaveReceivedCommandWith(ListMetricsCommand, {
      Dimensions: [{ Name: 'ClusterName', Value: 'ml' }, { Name: 'PodName' }],
    });
  });
});

describe('discovery', () => {
  const utilization = (InstanceId: string) =>
    listed('nvidia_smi_utilization_gpu', { InstanceId, index: '0' });

  /** Answers a namespace by name, and without one by a first page that is not the last. */
  const large = (...Metrics: ReturnType<typeof listed>[]) =>
    cloudWatch
      .on(ListMetricsCommand)
      .callsFake(({ MetricName }: ListMetricsCommandInput) =>
        MetricName === undefined
          ? { Metrics: Array(500).fill(listed('disk_used')), NextToken: 'next' }
          : { Metrics: Metrics.filter((metric) => metric.MetricName === MetricName) },
      );

  it('takes one call for a small namespace, and of it what tells of a device', async () => {
    cloudWatch.on(ListMetricsCommand).resolves({ Metrics: [listed('disk_used'), utilization('i-1')] });
    const { listed: found, failures } = await discoverDeviceMetrics(client, ['CWAgent']);
    expect(found.map(({ name }) => name)).toEqual(['nvidia_smi_utilization_gpu']);
    expect(failures).toEqual([]);
    expect(cloudWatch).toHaveReceivedCommandTimes(ListMetricsCommand, 1);
  });

  it('asks a large namespace for the names that count, and never reads all of it', async () => {
    large(utilization('i-1'), listed('DCGM_FI_DEV_GPU_UTIL', { InstanceId: 'i-2', gpu: '0' }));
    const { listed: found } = await discoverDeviceMetrics(client, ['CWAgent']);
    expect(found.map(({ name }) => name)).toEqual(['nvidia_smi_utilization_gpu', 'DCGM_FI_DEV_GPU_UTIL']);
    expect(cloudWatch).toHaveReceivedCommandTimes(ListMetricsCommand, 1 + deviceMetricNames.length);
    expect(cloudWatch).not.toHaveReceivedCommandWith(ListMetricsCommand, { NextToken: 'next' });
  });

  it('names a namespace that it may not read, and reads the others', async () => {
    cloudWatch.on(ListMetricsCommand).resolves({ Metrics: [utilization('i-1')] });
    cloudWatch.on(ListMetricsCommand, { Namespace: 'Secret' }).rejects(new Error('No permission'));
    const { listed: found, failures } = await discoverDeviceMetrics(client, ['Secret', 'CWAgent', 'Secret']);
    expect(failures).toEqual([{ namespace: 'Secret', why: 'No permission' }]);
    expect(found).toHaveLength(1);
  });

  it('reads a fleet of twenty thousand instances of eight GPUs, and keeps what they share once', async () => {
    const metrics = (page: number) =>
      Array.from({ length: 500 }, (_, place) => {
        const gpu = page * 500 + place;
        return listed('nvidia_smi_utilization_gpu', { InstanceId: `i-${gpu >> 3}`, index: String(gpu & 7) });
      });
    cloudWatch.on(ListMetricsCommand).callsFake(({ MetricName, NextToken }: ListMetricsCommandInput) => {
      if (MetricName === undefined) return { Metrics: [], NextToken: 'next' };
      const page = Number(NextToken ?? 0);
      return MetricName === 'nvidia_smi_utilization_gpu'
        ? { Metrics: metrics(page), ...(page < 319 && { NextToken: String(page + 1) }) }
        : {};
    });
    const { listed: found, failures } = await discoverDeviceMetrics(client, ['CWAgent']);
    expect(failures).toEqual([]);
    expect(found).toHaveLength(160_000);
    expect(new Set(found.flatMap(({ dimensions }) => dimensions)).size).toBe(20_000 + 8);
  });

  it('never takes a part of a namespace for the whole', async () => {
    large(utilization('i-1'));
    cloudWatch
      .on(ListMetricsCommand, { MetricName: 'nvidia_smi_power_draw' })
      .rejects(new Error('Rate exceeded'));
    expect(await discoverDeviceMetrics(client, ['CWAgent'])).toEqual({
      listed: [],
      failures: [{ namespace: 'CWAgent', why: 'Rate exceeded' }],
    });
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

  it("come in the unit that a metric's scale gives", async () => {
    cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [complete('q0', [0, 0.5, 1])] });
    const query: MetricQuery = { metric: { ...cpu('i-1').metric, scale: 100 }, statistic: 'Average' };
    const [series] = await getSeries(client, [query], window, 300);
    expect(series?.points.map(({ value }) => value)).toEqual([0, 50, 100]);
  });

  it('keep both points of one time, and none that is no number', async () => {
    const values = [7, 9, Number.NaN, Number.POSITIVE_INFINITY, -1];
    const at = [0, 0, 1, 1, 2].flatMap((index) => times[index] ?? []);
    cloudWatch.on(GetMetricDataCommand).resolves({
      MetricDataResults: [complete('q0', values, at), complete('q1', [1, 2, 3])],
    });
    const [odd, sound] = await getSeries(client, [cpu('i-1'), cpu('i-2')], window, 300);
    expect(odd?.points).toEqual([
      { at: first, value: 7 },
      { at: first, value: 9 },
      { at: third, value: -1 },
    ]);
    expect(sound?.points).toHaveLength(3);
  });

  it.each(['Average', 'Minimum', 'SampleCount'] as const)('may be asked for by %s', async (statistic) => {
    cloudWatch.on(GetMetricDataCommand).resolves({});
    await getSeries(client, [{ ...cpu('i-1'), statistic }], window, 300);
    expect(cloudWatch.commandCalls(GetMetricDataCommand)[0]?.args[0].input).toMatchObject({
      MetricDataQueries: [{ MetricStat: { Stat: statistic } }],
    });
  });

  it('that were told whole before a later page failed have not failed', async () => {
    cloudWatch
      .on(GetMetricDataCommand)
      .resolvesOnce({
        MetricDataResults: [
          complete('q0', [7, 8, 9]),
          { ...complete('q1', [1], times.slice(0, 1)), StatusCode: 'PartialData' },
        ],
        NextToken: 'next',
      })
      .rejectsOnce(new Error('Rate exceeded'));
    const series = await getSeries(client, [cpu('i-1'), cpu('i-2'), cpu('i-3')], window, 300);
    expect(series.map(({ points, failure }) => [points.length, failure])).toEqual([
      [3, undefined],
      [1, 'Rate exceeded'],
      [0, 'Rate exceeded'],
    ]);
  });

  describe('that one query spoils', () => {
    const refusing = (code: string, ...refused: string[]) =>
      cloudWatch
        .on(GetMetricDataCommand)
        .callsFake(({ MetricDataQueries = [] }: GetMetricDataCommandInput) => {
          const ids = MetricDataQueries.map(
            ({ MetricStat }) => MetricStat?.Metric?.Dimensions?.[0]?.Value ?? '',
          );
          if (refused.some((id) => ids.includes(id)))
            throw Object.assign(new Error('refused'), { name: code });
          return { MetricDataResults: MetricDataQueries.map(({ Id = '' }) => complete(Id, [1, 2, 3])) };
        });
    const queries = Array.from({ length: 500 }, (_, index) => cpu(`i-${index}`));
    const failed = async () => {
      const series = await getSeries(client, queries, window, 300);
      expect(series).toHaveLength(500);
      return series.flatMap(({ failure }, index) => (failure === undefined ? [] : [index]));
    };

    it.each(['ValidationError', 'InvalidParameterValue'])(
      'have failed no further than that one: %s',
      async (code) => {
        refusing(code, 'i-17', 'i-499');
        expect(await failed()).toEqual([17, 499]);
        expect(cloudWatch.commandCalls(GetMetricDataCommand).length).toBeLessThan(40);
      },
    );

    it.each(['ThrottlingException', 'AccessDenied', 'TimeoutError'])(
      'are not asked for again after %s',
      async (code) => {
        refusing(code, 'i-17');
        expect(await failed()).toHaveLength(500);
        expect(cloudWatch).toHaveReceivedCommandTimes(GetMetricDataCommand, 1);
      },
    );

    it('take no more than some calls where all of them are refused', async () => {
      refusing('ValidationError', ...queries.map((_, index) => `i-${index}`));
      expect(await failed()).toHaveLength(500);
      expect(cloudWatch.commandCalls(GetMetricDataCommand).length).toBeLessThan(60);
    });
  });

  it('are handed over batch by batch, each with its queries', async () => {
    cloudWatch
      .on(GetMetricDataCommand)
      .callsFake(({ MetricDataQueries = [] }: GetMetricDataCommandInput) => ({
        MetricDataResults: MetricDataQueries.map(({ Id = '', MetricStat }) =>
          complete(Id, [Number(MetricStat?.Metric?.Dimensions?.[0]?.Value?.slice(2))], times.slice(0, 1)),
        ),
      }));
    const queries = Array.from({ length: 1001 }, (_, index) => cpu(`i-${index}`));
    const seen: [MetricQuery | undefined, number | undefined][] = [];
    const sizes: number[] = [];
    await eachSeries(client, queries, window, 300, (asked, series) => {
      sizes.push(series.length);
      for (const [index, { points }] of series.entries()) seen.push([asked[index], points[0]?.value]);
    });
    expect(sizes).toEqual([500, 500, 1]);
    expect(seen).toEqual(queries.map((query, index) => [query, index]));
  });

  it('make no call where none is asked for', async () => {
    expect(await getSeries(client, [], window, 300)).toEqual([]);
    expect(cloudWatch).not.toHaveReceivedCommand(GetMetricDataCommand);
  });
});
