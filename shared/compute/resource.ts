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
  tags: Readonly<Record<string, string>>;
  /** Instances that it is a part of, and that are paid for as a whole: the nodes that may carry a workload. */
  within?: readonly string[] | undefined;
};
