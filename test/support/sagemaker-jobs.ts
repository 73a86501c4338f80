import {
  DescribeProcessingJobCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  ListProcessingJobsCommand,
  ListTrainingJobsCommand,
  ListTransformJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import type { Job, JobKind } from '../../shared/compute/sagemaker/job.ts';

/** A job as SageMaker has it: what it was told to do, and the warm pool it left. */
export type KeptJob = Job & {
  hyperParameters?: Record<string, string>;
  pool?: { status: string; retainedSeconds?: number; keepAliveSeconds?: number };
};

type ListInput = {
  LastModifiedTimeAfter?: Date;
  CreationTimeAfter?: Date;
  StatusEquals?: string;
  WarmPoolStatusEquals?: string;
  MaxResults?: number;
  NextToken?: string;
};

const names = { training: 'TrainingJob', processing: 'ProcessingJob', transform: 'TransformJob' } as const;

const lists = {
  training: ListTrainingJobsCommand,
  processing: ListProcessingJobsCommand,
  transform: ListTransformJobsCommand,
};

const describes = {
  training: DescribeTrainingJobCommand,
  processing: DescribeProcessingJobCommand,
  transform: DescribeTransformJobCommand,
};

/** A SageMaker with these jobs, which change and come as the test wishes. */
export function fakeSageMaker(jobs: readonly KeptJob[]) {
  const sageMaker = mockClient(SageMakerClient);
  for (const kind of ['training', 'processing', 'transform'] as const) {
    const ofKind = () => jobs.filter((job) => job.kind === kind);
    sageMaker.on(lists[kind] as typeof ListTrainingJobsCommand).callsFake((input: ListInput) => {
      const wanted = ofKind().filter((job) => matches(job, input));
      const first = Number(input.NextToken ?? 0);
      const next = first + (input.MaxResults ?? 10);
      return {
        [`${names[kind]}Summaries`]: wanted
          .slice(first, next)
          .map((job) => ({ [`${names[kind]}Name`]: job.name, [`${names[kind]}Status`]: job.status })),
        ...(next < wanted.length && { NextToken: String(next) }),
      };
    });
    sageMaker
      .on(describes[kind] as typeof DescribeTrainingJobCommand)
      .callsFake((input: Record<string, string>) => {
        const job = ofKind().find(({ name }) => name === input[`${names[kind]}Name`]);
        if (job) return described(job);
        throw Object.assign(new Error('Requested resource not found.'), { name: 'ValidationException' });
      });
  }
  return sageMaker;
}

const matches = (job: KeptJob, input: ListInput): boolean =>
  Date.parse(job.endedAt ?? job.startedAt ?? job.createdAt) >= Number(input.LastModifiedTimeAfter ?? 0) &&
  Date.parse(job.createdAt) >= Number(input.CreationTimeAfter ?? 0) &&
  (input.StatusEquals ?? job.status) === job.status &&
  (input.WarmPoolStatusEquals ?? job.pool?.status) === job.pool?.status;

const dated = (name: string, time: string | undefined) =>
  time === undefined ? {} : { [name]: new Date(time) };

const prefixes: Readonly<Record<JobKind, string>> = {
  training: 'Training',
  processing: 'Processing',
  transform: 'Transform',
};

function described(job: KeptJob): Record<string, unknown> {
  const [{ type: InstanceType, count: InstanceCount } = {}] = job.clusters;
  const resources = { InstanceType, InstanceCount, KeepAlivePeriodInSeconds: job.pool?.keepAliveSeconds };
  return {
    [`${names[job.kind]}Name`]: job.name,
    [`${names[job.kind]}Arn`]: job.arn,
    [`${names[job.kind]}Status`]: job.status,
    CreationTime: new Date(job.createdAt),
    ...dated(`${prefixes[job.kind]}StartTime`, job.startedAt),
    ...dated(`${prefixes[job.kind]}EndTime`, job.endedAt),
    FailureReason: job.failureReason,
    SecondaryStatus: job.phase,
    SecondaryStatusTransitions:
      job.phase && job.phaseSince ? [{ Status: job.phase, StartTime: new Date(job.phaseSince) }] : [],
    BillableTimeInSeconds: job.billableSeconds,
    EnableManagedSpotTraining: job.payment === 'spot',
    HyperParameters: job.hyperParameters ?? { run: job.name },
    AlgorithmSpecification: { TrainingImage: 'pytorch' },
    AppSpecification: { ImageUri: 'pytorch' },
    ModelName: job.name,
    ResourceConfig: resources,
    ProcessingResources: { ClusterConfig: resources },
    TransformResources: resources,
    ...(job.pool && {
      WarmPoolStatus: {
        Status: job.pool.status,
        ResourceRetainedBillableTimeInSeconds: job.pool.retainedSeconds,
      },
    }),
  };
}
