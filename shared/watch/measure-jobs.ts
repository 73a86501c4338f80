import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { getSeries, listMetrics } from '../aws/cloudwatch.ts';
import { hourSeconds } from '../compute/hours.ts';
import type { InstanceTypeFacts } from '../compute/instance.ts';
import { type MetricQuery, periodSeconds, type Statistic, type Window } from '../compute/metric.ts';
import type { Job } from '../compute/sagemaker/job.ts';
import {
  isMature,
  type JobUnderusePolicy,
  judgeJobUnderuse,
  silentSince,
  wholeHours,
} from '../compute/sagemaker/job-hours.ts';
import {
  gpuHostsOf,
  hostMetric,
  hostNames,
  type JobHost,
  type JobPolicy,
  judgeJob,
  type MeasuredJob,
  nextJobQuestion,
  transformListing,
} from '../compute/sagemaker/job-utilization.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import type { IsoTime } from '../period.ts';
import type { Gap } from './observe.ts';
import { attempt } from './read-jobs.ts';

/** `window` in minutes. */
export type JobMeasurement = { idle: JobPolicy & { window: number }; underuse: JobUnderusePolicy };

export type JobVerdict = { job: Job; utilization: Utilization; since?: IsoTime | undefined };

/**
 * The verdicts on running jobs, in their order. One question after the other, and of no job more than changes its
 * verdict: one metric for one that works, three an instance for one that doesn't, or that has worked for a day.
 */
export async function measureJobs(
  client: CloudWatchClient,
  jobs: readonly Job[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  { idle, underuse }: JobMeasurement,
  now: IsoTime,
  gaps: Gap[],
): Promise<JobVerdict[]> {
  const window = windowBefore(now, idle.window);
  const measured = await unmeasured(client, jobs, facts, gaps);
  while (await askNext(client, measured, window, idle));
  const verdicts = measured.map((one) => ({ one, utilization: judgeJob(one, window, idle) }));

  const silent = verdicts.filter(({ utilization }) => utilization.state === 'idle').map(({ one }) => one);
  await askHours(client, silent, 'Maximum', { days: silentDays, now });
  const mature = verdicts.flatMap(({ one, utilization }) => {
    const hours = wholeHours(one.job, underuse.days, now);
    return utilization.state === 'busy' && isMature(one, hours, underuse) ? [one] : [];
  });
  await askHours(client, mature, 'Average', { days: underuse.days, now });
  return verdicts.map(({ one, utilization }) => {
    if (silent.includes(one))
      return { job: one.job, utilization, since: silentSince(one, window, idle.gpuPercent) };
    const hours = wholeHours(one.job, underuse.days, now);
    const underused = mature.includes(one) ? judgeJobUnderuse(one, hours, underuse) : undefined;
    return underused
      ? { job: one.job, utilization: { ...underused, lastBusy: utilization.lastBusy }, since: hours.start }
      : { job: one.job, utilization };
  });
}

/** How far back to look for the last work of a job that is silent. */
const silentDays = 14;

type Measuring = Omit<MeasuredJob, 'hosts'> & { hosts: JobHost[] };

async function unmeasured(
  client: CloudWatchClient,
  jobs: readonly Job[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  gaps: Gap[],
): Promise<Measuring[]> {
  const hasTransform = jobs.some(({ kind }) => kind === 'transform');
  const listed = hasTransform
    ? await attempt('the metrics of SageMaker transform jobs', gaps, () =>
        listMetrics(client, transformListing),
      )
    : [];
  const hosts = (listed ?? []).flatMap(({ dimensions }) => dimensions.map(({ value }) => value));
  return jobs.map((job) => {
    const names =
      job.kind === 'transform'
        ? hosts
            .filter((host) => host.startsWith(`${job.name}/`))
            .map((host) => host.slice(job.name.length + 1))
        : hostNames(job);
    const gpu = gpuHostsOf({ job, facts }) > 0 ? 'unread' : undefined;
    return { job, facts, hosts: names.map((name): JobHost => ({ name, gpu, cpu: 'unread' })) };
  });
}

type Asked = { host: JobHost; signal: 'gpu' | 'cpu'; query: MetricQuery };

/** One question to each job that the round before has left open; false where none is. */
async function askNext(
  client: CloudWatchClient,
  measured: readonly Measuring[],
  window: Window,
  policy: JobPolicy,
): Promise<boolean> {
  const asked = measured.flatMap((one): Asked[] => {
    const question = nextJobQuestion(one, window, policy);
    if (question === undefined) return [];
    const { signal } = question;
    return one.hosts
      .filter(({ name }) => question.hosts.includes(name))
      .map((host) => ({ host, signal, query: queryOf(one, host, signal, 'Maximum') }));
  });
  const series = await getSeries(
    client,
    asked.map(({ query }) => query),
    window,
    periodSeconds,
  );
  for (const [index, { host, signal }] of asked.entries()) {
    host[signal] = series[index] ?? { points: [], failure: 'CloudWatch did not answer for it' };
  }
  return asked.length > 0;
}

const queryOf = (
  one: Measuring,
  { name }: JobHost,
  signal: 'gpu' | 'cpu',
  statistic: Statistic,
): MetricQuery => ({
  metric: hostMetric(one, name, signal),
  statistic,
});

/** What the GPUs of these jobs did by the hour, CPUs where they have none. */
async function askHours(
  client: CloudWatchClient,
  measured: readonly Measuring[],
  statistic: Statistic,
  { days, now }: { days: number; now: IsoTime },
): Promise<void> {
  if (measured.length === 0) return;
  const asked = measured.flatMap((one) =>
    one.hosts.map((host) => ({
      host,
      query: queryOf(one, host, gpuHostsOf(one) > 0 ? 'gpu' : 'cpu', statistic),
    })),
  );
  const starts = measured.map(({ job }) => wholeHours(job, days, now));
  const [first] = starts.toSorted((a, b) => Date.parse(a.start) - Date.parse(b.start));
  if (first === undefined) return;
  const series = await getSeries(
    client,
    asked.map(({ query }) => query),
    first,
    hourSeconds,
  );
  for (const [index, { host }] of asked.entries()) host.hourly = series[index];
}
