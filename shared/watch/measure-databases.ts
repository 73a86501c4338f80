import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { type Metric, type MetricQuery, periodSeconds, type Series } from '../compute/metric.ts';
import { judgeDatabase } from '../compute/rds.ts';
import type { IdlePolicy } from '../compute/signals.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import type { IsoTime } from '../period.ts';
import { readSeries } from './measure.ts';

/**
 * What each DB instance did in so many minutes before `now`, by its identifier. $0.01 per 1,000 metrics, two of each.
 */
export async function measureDatabases(
  client: CloudWatchClient,
  ids: readonly string[],
  { minutes, now, policy }: { minutes: number; now: IsoTime; policy: IdlePolicy },
): Promise<Map<string, Utilization>> {
  if (ids.length === 0) return new Map();
  const window = windowBefore(now, minutes);
  const asked = ids.map((id) => ({
    id,
    connections: databaseMetric('DatabaseConnections', id),
    cpu: databaseMetric('CPUUtilization', id),
  }));
  const queries = asked.flatMap(({ connections, cpu }): MetricQuery[] => [
    { metric: connections, statistic: 'Maximum' },
    { metric: cpu, statistic: 'Average' },
  ]);
  const series = await readSeries(client, queries, window, periodSeconds);
  return new Map(
    asked.map(({ id, connections, cpu }) => {
      const signals = { connections: told(series, connections), cpuPercent: told(series, cpu) };
      return [id, judgeDatabase(signals, window, policy)];
    }),
  );
}

const databaseMetric = (name: string, id: string): Metric => ({
  namespace: 'AWS/RDS',
  name,
  dimensions: [{ name: 'DBInstanceIdentifier', value: id }],
});

const told = (series: ReadonlyMap<Metric, Series>, metric: Metric): Series =>
  series.get(metric) ?? { points: [], failure: 'CloudWatch did not answer for it' };
