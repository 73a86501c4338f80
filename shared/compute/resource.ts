import type { IsoTime } from '../period.ts';

/** What it is that is paid for by the hour, or by the token. */
export const resourceKinds = [
  'ec2-instance',
  'hyperpod-node',
  'sagemaker-endpoint',
  'sagemaker-notebook',
  'sagemaker-app',
  'sagemaker-training-job',
  'sagemaker-processing-job',
  'sagemaker-transform-job',
  'sagemaker-warm-pool',
  'container-gpus',
  'bedrock-throughput',
  'bedrock-model',
] as const;

export type ResourceKind = (typeof resourceKinds)[number];

/** What ends without anybody's doing: nobody pays a month of it. */
const passing: ReadonlySet<ResourceKind> = new Set([
  'sagemaker-training-job',
  'sagemaker-processing-job',
  'sagemaker-transform-job',
  'sagemaker-warm-pool',
]);

export const endsByItself = (kind: ResourceKind): boolean => passing.has(kind);

/** Since when it is up, or at work, as people understand it; undefined where it isn't, or AWS doesn't say. */
export const runsSince = ({ kind, startedAt, runningSince }: Resource): IsoTime | undefined =>
  endsByItself(kind) ? runningSince : startedAt;

/** What whoever stops it by hand should know. */
export type Stopping = {
  /** Why it can't or mustn't be stopped, with a code to group by; absent where nothing is known to forbid it. */
  refusal?: { code: string; reason: string } | undefined;
  /** Until then its tag asks to leave it alone. */
  keptUntil?: IsoTime | undefined;
  /** GB on local disks, gone when it stops. */
  lostGb?: number | undefined;
};

/** One thing in a target that is judged by what it does. */
export type Resource = {
  kind: ResourceKind;
  account: string;
  region: string;
  /** Unique among its kind in its target: an instance id, an endpoint's name. */
  id: string;
  /** What people call it. */
  name: string;
  /** `p4d.24xlarge`, `ml.g5.xlarge`, a model's id; with several types the one that costs most. */
  type: string;
  /** Instances, or model units, paid for at the same time. */
  count: number;
  /** Since when it has been up as it is: what was found before is another episode. Absent where AWS doesn't say. */
  startedAt?: IsoTime | undefined;
  /** Of a job: since when it is at work. Absent where it waits, or is over. */
  runningSince?: IsoTime | undefined;
  /** Of a job that is over: how long it ran, in milliseconds, and how many that ended alike are told as one. */
  ran?: { length?: number | undefined; times: number } | undefined;
  tags: Readonly<Record<string, string>>;
  /** What stands against stopping it; absent where nobody has looked. */
  stop?: Stopping | undefined;
  /** Instances that it is a part of, and that are paid for as a whole: the nodes that may carry a workload. */
  within?: readonly string[] | undefined;
};
