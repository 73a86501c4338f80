import { digest } from '../../alert/identity.ts';
import type { Usd } from '../../money.ts';
import type { IsoTime } from '../../period.ts';
import { counted } from '../evidence-text.ts';
import type { Resource } from '../resource.ts';
import type { Utilization } from '../utilization.ts';

export type JobKind = 'training' | 'processing' | 'transform';

/** Instances of one type in a job; a heterogeneous cluster has several. */
export type Cluster = { type: string; count: number };

/** A secondary status of SageMaker, and since when. */
export type JobPhase = { phase: string; since: IsoTime };

/** A SageMaker job, as far as money and work are concerned. */
export type Job = {
  kind: JobKind;
  name: string;
  arn: string;
  /** `InProgress`, `Stopping`, and over: `Completed`, `Failed`, `Stopped`. */
  status: string;
  /** SageMaker's secondary status, `Downloading` for example; only training jobs have one. */
  phase?: string | undefined;
  /** Since when it has been in its phase. */
  phaseSince?: IsoTime | undefined;
  /** Since when it has not been at work, after it was, or at all; absent where it is. */
  waitingSince?: IsoTime | undefined;
  /** The phases that it has waited in since then, the first at `waitingSince`; absent where SageMaker tells of none. */
  waits?: readonly JobPhase[] | undefined;
  createdAt: IsoTime;
  /** From then on its instances are paid for; absent until they run. */
  startedAt?: IsoTime | undefined;
  endedAt?: IsoTime | undefined;
  /** Empty: serverless, or the types aren't chosen yet. */
  clusters: readonly Cluster[];
  /** Seconds that are paid for of each instance; told once a training job is over. */
  billableSeconds?: number | undefined;
  /** How its instances are paid for, where not by the hour at the price of the list. */
  payment?: 'spot' | 'plan' | undefined;
  failureReason?: string | undefined;
  /** The same for jobs that were told to do the same; absent where nothing tells. */
  fingerprint?: string | undefined;
  /** It was given places of its own, such as an upload of its code: what lies there is not in the fingerprint. */
  hasOwnPlaces?: boolean | undefined;
};

/** What an hour of one instance costs in a job of a kind; undefined is unknown. */
export type RateOf = (type: string, kind: JobKind) => Usd | undefined;

const over = new Set(['Completed', 'Failed', 'Stopped']);

/** One that is deleted has ended before. */
export const isOver = ({ status, endedAt }: Job): boolean => over.has(status) || endedAt !== undefined;

export const instancesOf = ({ clusters }: Job): number => clusters.reduce((sum, { count }) => sum + count, 0);

/** Milliseconds from its start to its end, paid for or not; undefined where one of them isn't told. */
export function runtimeOf({ startedAt, endedAt }: Job): number | undefined {
  if (startedAt === undefined || endedAt === undefined) return undefined;
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}

/** Milliseconds since the epoch at which it ended. */
export const endOf = ({ endedAt, startedAt, createdAt }: Job): number =>
  Date.parse(endedAt ?? startedAt ?? createdAt);

/**
 * Dollars an hour for all instances. Unknown for a spot job that runs, whose discount is told at its end, and for a
 * training plan, whose hours are bought in advance.
 */
export const hourlyRateOf = (job: Job, rateOf: RateOf): Usd | undefined =>
  job.payment === undefined ? listRateOf(job, rateOf) : undefined;

function listRateOf({ clusters, kind }: Job, rateOf: RateOf): Usd | undefined {
  if (clusters.length === 0) return undefined;
  let sum = 0;
  for (const { type, count } of clusters) {
    const rate = rateOf(type, kind);
    if (rate === undefined) return undefined;
    sum += rate * count;
  }
  return sum;
}

/**
 * Seconds of one instance that are paid for; undefined where its end isn't told. SageMaker API reference: billable time
 * is wall-clock time, to be multiplied by the instances; where it isn't told, what lies between start and end is billed.
 */
export function billedSeconds(job: Job, now: IsoTime): number | undefined {
  const { billableSeconds, startedAt, endedAt } = job;
  if (billableSeconds !== undefined) return billableSeconds;
  if (startedAt === undefined) return 0; // nothing is billed before its instances run
  if (endedAt === undefined && isOver(job)) return undefined;
  return Math.max(0, Date.parse(endedAt ?? now) - Date.parse(startedAt)) / 1000;
}

/**
 * What it has cost so far. A spot job's billable seconds have its discount in them, so that they count at the list's
 * price; before they are told, what it costs is unknown.
 */
export function costOf(job: Job, rateOf: RateOf, now: IsoTime): Usd | undefined {
  const seconds = billedSeconds(job, now);
  if (seconds === 0) return 0;
  const isUntold = job.payment === 'plan' || (job.payment === 'spot' && job.billableSeconds === undefined);
  const rate = isUntold ? undefined : listRateOf(job, rateOf);
  return rate === undefined || seconds === undefined ? undefined : (rate * seconds) / 3600;
}

type Place = { account: string; region: string };

/** The resource that a job is; of several types, the one that costs most. */
export function toResource(
  job: Job,
  { account, region }: Place,
  tags: Resource['tags'],
  rateOf: RateOf,
): Resource {
  const costOfCluster = ({ type, count }: Cluster): number => (rateOf(type, job.kind) ?? 0) * count;
  const [dearest] = job.clusters.toSorted((a, b) => costOfCluster(b) - costOfCluster(a));
  return {
    kind: `sagemaker-${job.kind}-job`,
    account,
    region,
    id: job.name,
    name: job.name,
    type: dearest?.type ?? 'serverless',
    count: instancesOf(job),
    // What is found of a job that waits for its instances costs nothing: once they run, it is another episode.
    startedAt: job.startedAt ?? job.createdAt,
    ...(isOver(job)
      ? { ran: { length: runtimeOf(job), times: 1 } }
      : job.waitingSince === undefined && { runningSince: job.startedAt }),
    tags,
  };
}

/** `2 instances of ml.g5.xlarge`, of several types `2 instances of ml.p4d.24xlarge and 1 of ml.m5.large`. */
export function instancesText({ clusters }: Job): string {
  const [first, ...others] = clusters;
  if (first === undefined) return 'instances that SageMaker does not name';
  const parts = others.map(({ type, count }) => `${count} of ${type}`);
  return [`${counted(first.count, 'instance')} of ${first.type}`, ...parts].join(' and ');
}

/** The same, said of each of them. */
export const allInstancesText = (job: Job): string =>
  instancesOf(job) === 1 ? instancesText(job) : `all of ${instancesText(job)}`;

/** A verdict that rests on what SageMaker says of a job, and not on what was measured. */
export const asTold = (
  job: Job,
  now: IsoTime,
  verdict: Pick<Utilization, 'state' | 'check' | 'reason' | 'wastedShare'>,
): Utilization => ({
  ...verdict,
  windowStart: job.startedAt ?? job.createdAt,
  windowEnd: job.endedAt ?? now,
  coverage: 1,
  confidence: 'high',
});

/** What a job was told to do: places and settings by name, in any order. */
export type Recipe = {
  image: string | undefined;
  settings: Readonly<Record<string, string>>;
  inputs: readonly string[];
};

/**
 * What SageMaker and its SDK put among the hyper-parameters by themselves and that says nothing of the experiment. All
 * others count: another seed is another experiment, as is another entry point (`sagemaker_program`).
 */
const ownSettings = new Set([
  'sagemaker_job_name',
  'sagemaker_container_log_level',
  'sagemaker_enable_cloudwatch_metrics',
  'sagemaker_region',
]);

/**
 * A job's fingerprint, the same for every job with the same image, settings and inputs in whatever order. In a path, a
 * part that is the job's own name is taken for any job's: the SDK puts each upload of the code, and much of the output,
 * under it.
 */
export function fingerprintOf(
  { image, settings, inputs }: Recipe,
  jobName: string,
): Pick<Job, 'fingerprint' | 'hasOwnPlaces'> {
  if (image === undefined) return {};
  const told = Object.entries(settings)
    .filter(([name]) => !ownSettings.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const places = [...told.map(([, value]) => value), ...inputs];
  const hasOwnPlaces = places.some((place) => neutral(place, jobName) !== place);
  const recipe = [
    image,
    told.map(([name, value]) => [name, neutral(value, jobName)]),
    inputs.map((input) => neutral(input, jobName)).toSorted(),
  ];
  return { fingerprint: digest(JSON.stringify(recipe)), ...(hasOwnPlaces && { hasOwnPlaces }) };
}

/** A path without the job's own name in it; values are paths, or paths in quotes. */
const neutral = (value: string, jobName: string): string =>
  value
    .split(/([/"\s])/)
    .map((part, index, parts) => (part === jobName && parts[index - 1] === '/' ? '' : part))
    .join('');
