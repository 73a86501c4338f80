import { type IsoTime, toTime } from '../../period.ts';
import { formatDuration } from '../duration.ts';
import { counted, largestOf, lengthOf, percent, rangeOf } from '../evidence-text.ts';
import type { InstanceTypeFacts } from '../instance.ts';
import type { Metric, MetricQuery, Series, Window } from '../metric.ts';
import { type Reading, toReading } from '../signals.ts';
import { silentSince } from '../silence.ts';
import { type Utilization, wholeCoverage, windowBefore } from '../utilization.ts';

/** A notebook instance that is in service, or in maintenance, which is over by itself. */
export type Notebook = {
  name: string;
  arn: string;
  instanceType: string;
  /** SageMaker's own word: `InService`. */
  status: string;
  /** Absent where nobody can tell: maintenance sets another time. */
  startedAt?: IsoTime | undefined;
};

/**
 * What may tell of a notebook's work: SageMaker publishes nothing of it, only an agent that its user installed. Several
 * of a kind where its dimensions changed.
 */
export type NotebookMetrics = { cpu: readonly MetricQuery[]; gpus: ReadonlyMap<string, MetricQuery[]> };

/** The dimensions by which agents name their notebook; the second is that of the sample in AWS's lifecycle scripts. */
export const notebookDimensions = ['NotebookInstanceName', 'notebook_instance_name'] as const;

/** Finds the metrics of each notebook among those listed, by its name. */
export function notebookMetrics(listed: readonly Metric[]): Map<string, NotebookMetrics> {
  const byName = Map.groupBy(
    listed,
    (metric) => notebookDimensions.map((name) => dimensionOf(metric, name)).find(Boolean) ?? '',
  );
  return new Map(
    [...byName].map(([name, metrics]) => {
      const gpus = metrics.filter((metric) => metric.name === gpuMetric && dimensionOf(metric, 'index'));
      return [
        name,
        {
          cpu: metrics.flatMap(toCpuQuery),
          gpus: Map.groupBy(
            gpus.map((metric): MetricQuery => ({ metric, statistic: 'Maximum' })),
            ({ metric }) => dimensionOf(metric, 'index') ?? '',
          ),
        },
      ];
    }),
  );
}

const dimensionOf = ({ dimensions }: Metric, wanted: string): string | undefined =>
  dimensions.find(({ name }) => name === wanted)?.value;

const gpuMetric = 'nvidia_smi_utilization_gpu';
const idleMetric = 'cpu_usage_idle';
const cpuMetrics = new Set(['cpu_usage_active', idleMetric, 'CPUUtilization']);

/** The mean of a period, as EC2 tells it of an instance: a cron job's second is no work. Of all CPUs together only. */
const toCpuQuery = (metric: Metric): MetricQuery[] =>
  cpuMetrics.has(metric.name) && (dimensionOf(metric, 'cpu') ?? 'cpu-total') === 'cpu-total'
    ? [{ metric, statistic: 'Average' }]
    : [];

/** The same asked for the most work of a period: over an hour, the mean of a burst of minutes looks like silence. */
export const toPeaks = ({ cpu, gpus }: NotebookMetrics): NotebookMetrics => ({
  cpu: cpu.map(({ metric }) => ({ metric, statistic: metric.name === idleMetric ? 'Minimum' : 'Maximum' })),
  gpus,
});

/** The CPU at work, percent, from what was read of a metric that may tell how much of it isn't. */
export const toWork = ({ name }: Metric, series: Series): Series =>
  name === idleMetric
    ? { ...series, points: series.points.map(({ at, value }) => ({ at, value: 100 - value })) }
    : series;

/** What was measured; absent is what doesn't report. */
export type NotebookSignals = {
  cpuPercent?: Series | undefined;
  /** By the GPU's index, percent. */
  gpus: ReadonlyMap<string, Series>;
  /** Why nobody could look for metrics. */
  fault?: string | undefined;
};

export type NotebookPolicy = {
  /** Minutes without work before it is idle. */
  window: number;
  cpuPercent: number;
  gpuPercent: number;
  /** Share of the window that must have data, 0 to 1. */
  coverage: number;
};

/** Idle where its CPU, and each GPU that its type has, was silent through the window. */
export function judgeNotebook(
  notebook: Notebook,
  facts: InstanceTypeFacts | undefined,
  signals: NotebookSignals,
  policy: NotebookPolicy,
  now: IsoTime,
): Utilization {
  const window = windowBefore(now, policy.window);
  if (notebook.status !== 'InService') return passingVerdict(notebook, window);
  const { cpuPercent, gpus } = signals;
  const cpu = cpuPercent ? [toReading('cpu', 'CPU', cpuPercent, policy.cpuPercent, window)] : [];
  const devices = [...gpus].map(([index, series]) =>
    toReading('utilization', `GPU ${index}`, series, policy.gpuPercent, window),
  );
  const readings = [...devices, ...cpu];
  const coverage = readings.length === 0 ? 0 : Math.min(...readings.map((reading) => reading.coverage));
  const seen = { windowStart: window.start, windowEnd: window.end, coverage };
  const [busiest] = readings
    .filter(({ busyAt }) => busyAt !== undefined)
    .toSorted((a, b) => b.largest - a.largest);
  if (busiest?.busyAt !== undefined) {
    const reason = `${busiest.name} up to ${percent(busiest.largest)} in the last ${lengthOf(window)}`;
    const lastBusy = toTime(busiest.busyAt);
    return { state: 'busy', reason, ...seen, confidence: 'high', lastBusy };
  }
  const uptime = uptimeText(notebook, now);
  const doubt = doubtOf(notebook, facts, signals, readings, policy, window);
  if (doubt !== undefined) {
    return { state: 'unknown', reason: `${uptime}: ${doubt}`, ...seen, confidence: 'low' };
  }
  const gpuText = devices.length === 0 ? '' : `, ${counted(devices.length, 'GPU')} at ${rangeOf(devices)}`;
  return {
    state: 'idle',
    check: 'idle-notebook',
    reason: `CPU at most ${percent(largestOf(cpu))}${gpuText} for ${lengthOf(window)}, ${uptime}`,
    ...seen,
    confidence: coverage >= wholeCoverage ? 'high' : 'medium',
    wastedShare: 1,
  };
}

/** What it does in maintenance is SageMaker's doing. */
const passingVerdict = ({ status }: Notebook, { start, end }: Window): Utilization => ({
  state: 'unknown',
  reason: `its status is ${status}`,
  windowStart: start,
  windowEnd: end,
  coverage: 0,
  confidence: 'low',
});

const uptimeText = ({ startedAt }: Notebook, now: IsoTime): string =>
  startedAt === undefined
    ? 'in service'
    : `in service for ${formatDuration(Date.parse(now) - Date.parse(startedAt))}`;

function doubtOf(
  { instanceType, startedAt }: Notebook,
  facts: InstanceTypeFacts | undefined,
  { cpuPercent, gpus, fault }: NotebookSignals,
  readings: readonly Reading[],
  policy: NotebookPolicy,
  window: Window,
): string | undefined {
  if (fault !== undefined) return `its metrics could not be looked for: ${fault}`;
  if (cpuPercent === undefined) {
    return 'SageMaker publishes no utilisation of notebook instances, and no CloudWatch agent reports its CPU';
  }
  if (startedAt === undefined || Date.parse(startedAt) > Date.parse(window.start)) {
    return `not up through the whole window of ${lengthOf(window)}`;
  }
  const failed = readings.find(({ failure }) => failure !== undefined);
  if (failed) return `${failed.name} could not be read: ${failed.failure}`;
  if (facts === undefined) return `EC2 doesn't describe ${instanceType}: what it should report is unknown`;
  const { kind, count } = facts.accelerators ?? { kind: 'gpu', count: 0 };
  if (kind !== 'gpu') return 'its accelerators report no metric that is read';
  if (gpus.size < count) return `${gpus.size} of ${counted(count, 'GPU')} reporting`;
  const worst = readings.toSorted((a, b) => a.coverage - b.coverage)[0];
  return worst && worst.coverage < policy.coverage
    ? `${worst.name} reported for ${Math.floor(worst.coverage * 100)} % of the last ${lengthOf(window)}, too little to call it idle`
    : undefined;
}

/** Since when an idle one has been silent, from the peaks of the hours before. */
export function notebookSilentSince(
  { startedAt }: Notebook,
  { cpuPercent, gpus }: NotebookSignals,
  policy: NotebookPolicy,
  now: IsoTime,
): IsoTime {
  const { start: before } = windowBefore(now, policy.window);
  const launchTime = startedAt ?? before;
  const cpu = cpuPercent ? [cpuPercent] : [];
  const since = silentSince(cpu, { launchTime, before, percent: policy.cpuPercent });
  if (gpus.size === 0) return since;
  const ofGpus = silentSince([...gpus.values()], { launchTime, before, percent: policy.gpuPercent });
  return Date.parse(ofGpus) > Date.parse(since) ? ofGpus : since;
}
