import type { InstanceTypeFacts } from '../../shared/compute/instance.ts';
import type { Job } from '../../shared/compute/sagemaker/job.ts';

/** A training job that has worked since yesterday evening, on two instances of one GPU each. */
export const job = (given: Partial<Job> = {}): Job => {
  const { kind = 'training', name = 'reranker-2026-11-15' } = given;
  return {
    kind,
    name,
    arn: `arn:aws:sagemaker:eu-west-1:210987654321:${kind}-job/${name}`,
    status: 'InProgress',
    createdAt: '2026-11-15T17:55:00Z',
    startedAt: '2026-11-15T18:00:00Z',
    ...(kind === 'training' && { phase: 'Training', phaseSince: '2026-11-15T18:04:00Z' }),
    clusters: [{ type: 'ml.g5.xlarge', count: 2 }],
    ...given,
  };
};

/** One that is over: ten hours of two instances. */
export const ended = (given: Partial<Job> = {}): Job =>
  job({
    status: 'Completed',
    phase: 'Completed',
    phaseSince: '2026-11-16T04:00:00Z',
    endedAt: '2026-11-16T04:00:00Z',
    billableSeconds: 36_000,
    ...given,
  });

const gpus = (instanceType: string, count: number, vcpus: number): InstanceTypeFacts => ({
  instanceType,
  accelerators: { kind: 'gpu', name: 'NVIDIA A10G', count, cores: 1, memoryMib: 24_576 },
  instanceStoreGb: 0,
  vcpus,
});

/** What EC2 says of the types that the jobs of the tests run on. */
export const jobFacts: ReadonlyMap<string, InstanceTypeFacts> = new Map(
  [
    gpus('g5.xlarge', 1, 4),
    gpus('g5.12xlarge', 4, 48),
    { instanceType: 'm5.xlarge', instanceStoreGb: 0, vcpus: 4 },
    {
      instanceType: 'trn1.2xlarge',
      accelerators: { kind: 'neuron' as const, name: 'AWS Trainium', count: 1, cores: 2, memoryMib: 32_768 },
      instanceStoreGb: 0,
      vcpus: 8,
    },
  ].map((facts) => [facts.instanceType, facts] as const),
);

/** Dollars an hour of one instance in any job. */
export const jobRates = (type: string): number | undefined =>
  ({ 'ml.g5.xlarge': 1.4, 'ml.g5.12xlarge': 7, 'ml.m5.xlarge': 0.2 })[type];
