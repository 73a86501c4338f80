import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../shared/aws/client.ts';
import { discoverMetrics, getSeries } from '../../shared/aws/cloudwatch.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { windowBefore } from '../../shared/compute/utilization.ts';
import { addMilliseconds } from '../../shared/period.ts';
import { emptyEmulator, evening, gpuData, mlDevIreland, putMetrics } from './emulator.ts';

const client = () => createClient(CloudWatchClient, scopeFor(mlDevIreland));
const hosts = Array.from({ length: 65 }, (_, index) => `i-${String(index).padStart(17, '0')}`);
const gpus = Array.from({ length: 8 }, (_, index) => index);
const [busy = '', idle = ''] = hosts;

beforeAll(async () => {
  await emptyEmulator();
  // 65 hosts of eight GPUs each: 520 metrics of each kind, more than a page and more than a call takes.
  const yesterday = addMilliseconds(evening, -86_400_000);
  const others = hosts.flatMap((host) =>
    gpus.flatMap((gpu) => gpuData(host, gpu, 50, { end: yesterday, hours: 1 / 12 })),
  );
  await putMetrics(mlDevIreland, 'CWAgent', [...others, ...gpuData(busy, 3, 97), ...gpuData(idle, 0, 0)]);
});

describe('GPU metrics', () => {
  it('finds every GPU of every host over several pages', async () => {
    resetMeter();
    const { gpus: found } = await discoverMetrics(client());
    expect([...found.keys()].toSorted()).toEqual(hosts);
    expect([...found.values()].map((devices) => devices.length)).toEqual(Array(65).fill(8));
    expect(readMeter().calls['CloudWatch:ListMetrics']).toBe(4); // two pages of each kind
  });

  it('reads back what was written, more series than one call takes', async () => {
    const { gpus: found } = await discoverMetrics(client());
    const asked = [...found].flatMap(([host, devices]) =>
      devices.flatMap(({ index, utilization: [metric] }) => (metric ? [{ host, index, metric }] : [])),
    );
    resetMeter();
    const series = await getSeries(
      client(),
      asked.map(({ metric }) => ({ metric, statistic: 'Maximum' })),
      windowBefore(evening, 45),
      300,
    );
    const reported = asked.flatMap(({ host, index }, position) => {
      const values = (series[position]?.points ?? []).map(({ value }) => value);
      return values.length > 0 ? [{ host, index, values }] : [];
    });
    expect(reported).toEqual([
      { host: busy, index: '3', values: Array(9).fill(97) },
      { host: idle, index: '0', values: Array(9).fill(0) },
    ]);
    expect(readMeter().calls['CloudWatch:GetMetricData']).toBe(2);
  });
});
