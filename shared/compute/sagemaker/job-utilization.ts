import { clockText, toTime } from '../../period.ts';
import { counted, lengthOf, percent } from '../evidence-text.ts';
import type { InstanceTypeFacts } from '../instance.ts';
import type { Metric, Window } from '../metric.ts';
import { type IdlePolicy, isRead, type Reading, type Signal, toReading } from '../signals.ts';
import { type Confidence, type Utilization, wholeCoverage } from '../utilization.ts';
import { allInstancesText, instancesOf, type Job, type JobKind } from './job.ts';

export type JobPolicy = Pick<IdlePolicy, 'gpuPercent' | 'cpuPercent' | 'coverage'>;

/** What one instance of a job reports, in percent of all its GPUs or CPUs. */
export type JobHost = {
  /** `algo-1`; of a transform job the instance's id. */
  name: string;
  gpu: Signal;
  cpu: Signal;
  /** Its GPUs by the hour: averages of a job at work, maxima of one that is silent. */
  hourly?: Signal;
};

export type MeasuredJob = {
  job: Job;
  /** By instance type without its `ml.`: what EC2 doesn't describe is absent. */
  facts: ReadonlyMap<string, InstanceTypeFacts>;
  hosts: readonly JobHost[];
};

const namespaces: Readonly<Record<JobKind, string>> = {
  training: '/aws/sagemaker/TrainingJobs',
  processing: '/aws/sagemaker/ProcessingJobs',
  transform: '/aws/sagemaker/TransformJobs',
};

/** The name of an instance type on EC2. */
export const ec2TypeOf = (type: string): string => type.replace(/^ml\./, '');

/**
 * The instances of a job by the name under which they report, where it follows from their number. SageMaker developer
 * guide, CloudWatch metrics: `Host` is `<job>/algo-<number>` for training and processing jobs, but `<job>/<instance id>`
 * for transform jobs, and there only CloudWatch knows it.
 */
export const hostNames = (job: Job): string[] =>
  job.kind === 'transform' ? [] : Array.from({ length: instancesOf(job) }, (_, index) => `algo-${index + 1}`);

/** What lists the metrics of transform jobs: their hosts are its `Host` dimensions. */
export const transformListing = { namespace: namespaces.transform, name: 'CPUUtilization' };

/**
 * A host's metric in percent of the whole host: SageMaker multiplies its percentages by the number of GPUs, or CPUs
 * (SageMaker developer guide). Of several instance types nobody tells which host has which: the smallest counts, so
 * that what is at work never looks silent.
 */
export function hostMetric(
  { job, facts }: Pick<MeasuredJob, 'job' | 'facts'>,
  host: string,
  signal: 'gpu' | 'cpu',
): Metric {
  const units = job.clusters.flatMap(({ type }) => {
    const known = facts.get(ec2TypeOf(type));
    return (signal === 'gpu' ? known?.accelerators?.count : known?.vcpus) ?? [];
  });
  return {
    namespace: namespaces[job.kind],
    name: signal === 'gpu' ? 'GPUUtilization' : 'CPUUtilization',
    dimensions: [{ name: 'Host', value: `${job.name}/${host}` }],
    scale: 1 / Math.max(1, Math.min(...units)),
  };
}

/** What to ask CloudWatch for next, and of which hosts. */
export type JobQuestion = { signal: 'gpu' | 'cpu'; hosts: readonly string[] };

/** Hosts that are asked before all are: where sixteen are silent, it is worth the price to ask the others. */
const firstHosts = 16;

/**
 * What to ask next of a job; undefined once no answer changes the verdict. One host at work speaks for the others. At
 * most two metrics a host.
 */
export function nextJobQuestion(
  measured: MeasuredJob,
  window: Window,
  policy: JobPolicy,
): JobQuestion | undefined {
  const readings = toReadings(measured, window, policy);
  if (isUntold(measured) || readings.some(({ busyAt }) => busyAt !== undefined)) return undefined;
  const gpus = unread(measured, 'gpu');
  if (gpus.length > 0) return { signal: 'gpu', hosts: gpus };
  // No quiet CPU makes it silent where its GPUs are in doubt, but a busy one makes it at work.
  const cpus = unread(measured, 'cpu');
  return cpus.length > 0 ? { signal: 'cpu', hosts: cpus } : undefined;
}

function unread({ hosts }: MeasuredJob, signal: 'gpu' | 'cpu'): string[] {
  const names = hosts.filter((host) => host[signal] === 'unread').map(({ name }) => name);
  const asked = hosts.filter((host) => isRead(host[signal])).length;
  if (asked === 0) return names.slice(0, 1);
  return asked < firstHosts ? names.slice(0, firstHosts - asked) : names;
}

const isUntold = ({ job, facts }: MeasuredJob): boolean =>
  job.clusters.length === 0 || job.clusters.some(({ type }) => !facts.has(ec2TypeOf(type)));

/** Which hosts have GPUs that SageMaker reports of: all, a number of them, or none. */
export function gpuHostsOf({ job, facts }: Pick<MeasuredJob, 'job' | 'facts'>): number {
  return job.clusters
    .filter(({ type }) => facts.get(ec2TypeOf(type))?.accelerators?.kind === 'gpu')
    .reduce((sum, { count }) => sum + count, 0);
}

function toReadings({ hosts }: MeasuredJob, window: Window, policy: JobPolicy): Reading[] {
  return hosts.flatMap(({ name, gpu, cpu }) => [
    ...(isRead(gpu) ? [toReading('utilization', name, gpu, policy.gpuPercent, window)] : []),
    ...(isRead(cpu) ? [toReading('cpu', name, cpu, policy.cpuPercent, window)] : []),
  ]);
}

/**
 * Whether a running job works: busy where any of its hosts does, idle only where all were silent over the whole window.
 * A job that loads data while its GPUs wait is at work, and so said. The memory its GPUs hold is no excuse: nobody comes
 * back to a job, and one that hangs holds all of it.
 */
export function judgeJob(measured: MeasuredJob, window: Window, policy: JobPolicy): Utilization {
  const readings = toReadings(measured, window, policy);
  const gpus = readings.filter(({ signal }) => signal === 'utilization');
  const coverage = coverageOf(measured, readings);
  const seen = { windowStart: window.start, windowEnd: window.end, coverage };
  const busyAt = readings.flatMap((reading) => reading.busyAt ?? []);
  if (busyAt.length > 0) {
    const lastBusy = toTime(Math.max(...busyAt));
    return { state: 'busy', reason: busyText(readings, window), ...seen, confidence: 'high', lastBusy };
  }
  const doubt = doubtOf(measured, readings, window, policy);
  if (doubt !== undefined) return { state: 'unknown', reason: doubt, ...seen, confidence: 'low' };
  return {
    state: 'idle',
    check: 'job-idle',
    reason: idleText(measured, readings, window),
    ...seen,
    // Of a job without GPUs the CPU alone speaks, and it may wait for what others do.
    confidence: gpus.length === 0 ? 'low' : confidenceOf(coverage),
    wastedShare: 1,
  };
}

/** What the worst-covered host reported; of a mixed cluster those without GPUs have no series of them. */
function coverageOf({ job }: MeasuredJob, readings: readonly Reading[]): number {
  const shares = readings.map(({ coverage }) => coverage);
  const told = job.clusters.length > 1 ? shares.filter((coverage) => coverage > 0) : shares;
  return told.length === 0 ? 0 : Math.min(...told);
}

export const confidenceOf = (coverage: number): Confidence => (coverage >= wholeCoverage ? 'high' : 'medium');

function busyText(readings: readonly Reading[], window: Window): string {
  const largest = (signal: Reading['signal']) =>
    readings.filter((reading) => reading.signal === signal).toSorted((a, b) => b.largest - a.largest)[0];
  const [gpu, cpu] = [largest('utilization'), largest('cpu')];
  const span = lengthOf(window);
  if (gpu?.busyAt !== undefined) return `GPUs of ${gpu.name} up to ${share(gpu.largest)} in the last ${span}`;
  const work = `CPU of ${cpu?.name} up to ${share(cpu?.largest ?? 0)} in the last ${span}`;
  if (gpu === undefined) return work;
  const isTold = readings.some(({ signal, coverage }) => signal === 'utilization' && coverage > 0);
  return isTold
    ? `${work}, while its GPUs wait at no more than ${share(gpu.largest)}: it prepares data`
    : `${work}, though its GPUs report nothing`;
}

/** Nothing is more than whole; SageMaker's samples are a little at times. */
const share = (value: number): string => percent(Math.min(100, value));

function doubtOf(
  measured: MeasuredJob,
  readings: readonly Reading[],
  window: Window,
  policy: JobPolicy,
): string | undefined {
  return (
    doubtOfJob(measured, window) ??
    doubtOfQueries(readings) ??
    doubtOfHosts(measured, readings) ??
    doubtOfCoverage(readings, window, policy)
  );
}

function doubtOfJob(measured: MeasuredJob, window: Window): string | undefined {
  const { job, facts } = measured;
  if (job.clusters.length === 0) return 'SageMaker does not say which instances it runs on';
  const foreign = job.clusters.find(({ type }) => !facts.has(ec2TypeOf(type)));
  if (foreign) return `EC2 doesn't describe ${ec2TypeOf(foreign.type)}: what it should report is unknown`;
  const since = job.phaseSince ?? job.startedAt;
  if (since === undefined) return 'its instances are not there yet';
  if (Date.parse(since) <= Date.parse(window.start)) return undefined;
  return `${job.phase ?? 'running'} since ${clockText(since)}: not through the whole window of ${lengthOf(window)}`;
}

function doubtOfQueries(readings: readonly Reading[]): string | undefined {
  const failed = readings.find(({ failure }) => failure !== undefined);
  return failed && `the metrics of ${failed.name} could not be read: ${failed.failure}`;
}

/** Hosts that reported nothing are not silent ones; in a mixed cluster those without GPUs report none. */
function doubtOfHosts(measured: MeasuredJob, readings: readonly Reading[]): string | undefined {
  const { job, facts } = measured;
  const [all, withGpus] = [instancesOf(job), gpuHostsOf(measured)];
  const mute = job.clusters.find(({ type }) => {
    const kind = facts.get(ec2TypeOf(type))?.accelerators?.kind;
    return kind !== undefined && kind !== 'gpu';
  });
  if (mute)
    return `SageMaker reports no metric of the accelerators of ${mute.type}, and a quiet CPU says nothing`;
  const gpus = reporting(readings, 'utilization');
  if (gpus < withGpus) return `${gpus} of ${counted(withGpus, 'instance')} reporting their GPUs`;
  const cpus = reporting(readings, 'cpu');
  return cpus < all ? `${cpus} of ${counted(all, 'instance')} reporting their CPU` : undefined;
}

const reporting = (readings: readonly Reading[], signal: Reading['signal']): number =>
  readings.filter((reading) => reading.signal === signal && reading.coverage > 0).length;

function doubtOfCoverage(
  readings: readonly Reading[],
  window: Window,
  policy: JobPolicy,
): string | undefined {
  const [worst] = readings.filter(({ coverage }) => coverage > 0).toSorted((a, b) => a.coverage - b.coverage);
  if (worst === undefined || worst.coverage >= policy.coverage) return undefined;
  const covered = Math.floor(worst.coverage * 100);
  return `${worst.name} reported for ${covered} % of the last ${lengthOf(window)}, too little to call it idle`;
}

function idleText({ job }: MeasuredJob, readings: readonly Reading[], window: Window): string {
  const largest = (signal: Reading['signal']) =>
    Math.max(0, ...readings.filter((reading) => reading.signal === signal).map((reading) => reading.largest));
  const reported = readings.filter(({ coverage }) => coverage > 0).map(({ coverage }) => coverage);
  const coverage = `${Math.floor(Math.min(...reported) * 100)} % coverage`;
  const cpu = `CPU at most ${share(largest('cpu'))}`;
  const hasGpus = readings.some(({ signal, coverage }) => signal === 'utilization' && coverage > 0);
  const work = hasGpus ? `GPUs at most ${share(largest('utilization'))}, ${cpu}` : cpu;
  return `${work} on ${allInstancesText(job)} for ${lengthOf(window)}, ${coverage}`;
}
