import {
  DescribeProcessingJobCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  ListProcessingJobsCommand,
  ListTrainingJobsCommand,
  ListTransformJobsCommand,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import { type Cluster, fingerprintOf, type Job, type JobKind } from '../compute/sagemaker/job.ts';
import { isStartingPhase } from '../compute/sagemaker/job-delay.ts';
import type { WarmPool } from '../compute/sagemaker/warm-pool.ts';
import { type IsoTime, toTime } from '../period.ts';
import { errorCode } from './error.ts';

/** Which jobs to list. */
export type JobFilter = {
  /** Created, or changed their status, since then. */
  modifiedAfter?: IsoTime;
  createdAfter?: IsoTime;
  isInProgress?: boolean;
  /** Training jobs that are over, whose instances wait for the next. */
  isWarm?: boolean;
};

/** `isWhole`: there was nothing beyond the last page that was read. */
export type JobListing = { names: string[]; isWhole: boolean };

const name = z.string();
const NextToken = z.string().optional();

const pages = {
  training: z
    .object({ TrainingJobSummaries: z.array(z.object({ TrainingJobName: name })).default([]), NextToken })
    .transform((page) => ({
      names: page.TrainingJobSummaries.map(({ TrainingJobName }) => TrainingJobName),
      next: page.NextToken,
    })),
  processing: z
    .object({ ProcessingJobSummaries: z.array(z.object({ ProcessingJobName: name })).default([]), NextToken })
    .transform((page) => ({
      names: page.ProcessingJobSummaries.map(({ ProcessingJobName }) => ProcessingJobName),
      next: page.NextToken,
    })),
  transform: z
    .object({ TransformJobSummaries: z.array(z.object({ TransformJobName: name })).default([]), NextToken })
    .transform((page) => ({
      names: page.TransformJobSummaries.map(({ TransformJobName }) => TransformJobName),
      next: page.NextToken,
    })),
} as const;

/**
 * The names of the jobs of a kind, the newest first, at most 10,000 looked through: SageMaker keeps every job for ever,
 * and takes a page of all of them before it leaves out those of another status (API reference, ListTrainingJobs).
 */
export async function listJobs(
  client: SageMakerClient,
  kind: JobKind,
  filter: JobFilter,
): Promise<JobListing> {
  const names: string[] = [];
  let token: string | undefined;
  for (let count = 0; count < maxPages; count += 1) {
    const page = pages[kind].parse(await send(client, kind, { ...toInput(filter), NextToken: token }));
    names.push(...page.names);
    token = page.next;
    if (!token) return { names, isWhole: true };
  }
  return { names, isWhole: false };
}

const maxPages = 100;

const toInput = ({ modifiedAfter, createdAfter, isInProgress, isWarm }: JobFilter) => ({
  SortBy: 'CreationTime' as const,
  SortOrder: 'Descending' as const,
  MaxResults: 100,
  ...(modifiedAfter !== undefined && { LastModifiedTimeAfter: new Date(modifiedAfter) }),
  ...(createdAfter !== undefined && { CreationTimeAfter: new Date(createdAfter) }),
  ...(isInProgress && { StatusEquals: 'InProgress' as const }),
  ...(isWarm && { WarmPoolStatusEquals: 'Available' as const }),
});

type ListInput = ReturnType<typeof toInput> & { NextToken: string | undefined };

function send(client: SageMakerClient, kind: JobKind, input: ListInput): Promise<unknown> {
  if (kind === 'training') return client.send(new ListTrainingJobsCommand(input));
  const { WarmPoolStatusEquals: _, ...common } = input;
  return kind === 'processing'
    ? client.send(new ListProcessingJobsCommand(common))
    : client.send(new ListTransformJobsCommand(common));
}

/** What a job is and was told to do; undefined where SageMaker doesn't know it any more. */
export async function getJob(
  client: SageMakerClient,
  kind: JobKind,
  jobName: string,
): Promise<Job | undefined> {
  try {
    return await describers[kind](client, jobName);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const describers = {
  training: async (client: SageMakerClient, TrainingJobName: string) =>
    toTrainingJob(trainingJob.parse(await client.send(new DescribeTrainingJobCommand({ TrainingJobName })))),
  processing: async (client: SageMakerClient, ProcessingJobName: string) =>
    toProcessingJob(
      processingJob.parse(await client.send(new DescribeProcessingJobCommand({ ProcessingJobName }))),
    ),
  transform: async (client: SageMakerClient, TransformJobName: string) =>
    toTransformJob(
      transformJob.parse(await client.send(new DescribeTransformJobCommand({ TransformJobName }))),
    ),
} as const;

/** Of some jobs that are gone SageMaker says that the request is invalid. */
const isGone = (error: unknown): boolean =>
  errorCode(error) === 'ResourceNotFound' ||
  (errorCode(error) === 'ValidationException' &&
    error instanceof Error &&
    /not found|could not find|does not exist/i.test(error.message));

/** The warm pool that a training job left; undefined where there is none any more. */
export async function getWarmPool(client: SageMakerClient, jobName: string): Promise<WarmPool | undefined> {
  try {
    const answer = await client.send(new DescribeTrainingJobCommand({ TrainingJobName: jobName }));
    const described = trainingJob.parse(answer);
    if (described.WarmPoolStatus?.Status !== 'Available') return undefined;
    return {
      job: toTrainingJob(described),
      keepAliveSeconds: described.ResourceConfig?.KeepAlivePeriodInSeconds,
      retainedSeconds: described.WarmPoolStatus.ResourceRetainedBillableTimeInSeconds,
    };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const date = z.date().transform((time) => toTime(time.getTime()));
const texts = z.record(z.string(), z.string()).default({});
const list = z.array(z.string()).default([]);

/** What is chosen out of several preferences stands beside what was asked for. */
const sized = {
  InstanceType: z.string().optional(),
  InstanceCount: z.number().optional(),
  SelectedInstanceType: z.string().optional(),
  SelectedInstanceCount: z.number().optional(),
};

const trainingJob = z.object({
  TrainingJobName: name,
  TrainingJobArn: z.string(),
  TrainingJobStatus: z.string(),
  SecondaryStatus: z.string().optional(),
  SecondaryStatusTransitions: z.array(z.object({ Status: z.string(), StartTime: date })).default([]),
  FailureReason: z.string().optional(),
  HyperParameters: texts,
  Environment: texts,
  AlgorithmSpecification: z
    .object({
      TrainingImage: z.string().optional(),
      AlgorithmName: z.string().optional(),
      ContainerEntrypoint: list,
      ContainerArguments: list,
    })
    .optional(),
  InputDataConfig: z
    .array(
      z.object({
        ChannelName: z.string(),
        DataSource: z
          .object({
            S3DataSource: z.object({ S3Uri: z.string() }).optional(),
            FileSystemDataSource: z
              .object({ FileSystemId: z.string(), DirectoryPath: z.string() })
              .optional(),
            DatasetSource: z.object({ DatasetArn: z.string() }).optional(),
          })
          .optional(),
      }),
    )
    .default([]),
  ResourceConfig: z
    .object({
      ...sized,
      InstanceGroups: z.array(z.object({ InstanceType: z.string(), InstanceCount: z.number() })).default([]),
      KeepAlivePeriodInSeconds: z.number().optional(),
      TrainingPlanArn: z.string().optional(),
    })
    .optional(),
  WarmPoolStatus: z
    .object({ Status: z.string(), ResourceRetainedBillableTimeInSeconds: z.number().optional() })
    .optional(),
  EnableManagedSpotTraining: z.boolean().optional(),
  CreationTime: date,
  TrainingStartTime: date.optional(),
  TrainingEndTime: date.optional(),
  BillableTimeInSeconds: z.number().optional(),
});

type TrainingJob = z.infer<typeof trainingJob>;

const toTrainingJob = (described: TrainingJob): Job => ({
  kind: 'training',
  name: described.TrainingJobName,
  arn: described.TrainingJobArn,
  status: described.TrainingJobStatus,
  phase: described.SecondaryStatus,
  ...phaseTimes(described),
  createdAt: described.CreationTime,
  startedAt: described.TrainingStartTime,
  endedAt: described.TrainingEndTime,
  clusters: clustersOf(described.ResourceConfig),
  billableSeconds: described.BillableTimeInSeconds,
  payment: paymentOf(described),
  failureReason: described.FailureReason,
  ...fingerprintOf(trainingRecipe(described), described.TrainingJobName),
});

function paymentOf({ EnableManagedSpotTraining, ResourceConfig }: TrainingJob): Job['payment'] {
  if (ResourceConfig?.TrainingPlanArn !== undefined) return 'plan';
  return EnableManagedSpotTraining ? 'spot' : undefined;
}

/** Since when it has been in its phase, and since when in none in which it works. */
function phaseTimes({
  SecondaryStatus: phase,
  SecondaryStatusTransitions,
  CreationTime,
  TrainingStartTime,
}: TrainingJob): Pick<Job, 'phaseSince' | 'waitingSince' | 'waits'> {
  const phases = SecondaryStatusTransitions.toSorted(
    (a, b) => Date.parse(a.StartTime) - Date.parse(b.StartTime),
  );
  const current = phases.at(-1);
  const phaseSince = current !== undefined && current.Status === phase ? current.StartTime : undefined;
  if (phase === undefined || !isStartingPhase(phase)) return { phaseSince };
  const worked = phases.findLastIndex(({ Status }) => !isStartingPhase(Status));
  const began = worked < 0 ? CreationTime : phases[worked + 1]?.StartTime;
  const waitingSince = began ?? phaseSince ?? TrainingStartTime ?? CreationTime;
  const waits = phases.slice(worked + 1).map(({ Status, StartTime }, index) => ({
    phase: Status,
    since: index === 0 ? waitingSince : StartTime,
  }));
  return { phaseSince, waitingSince, ...(phaseSince !== undefined && { waits }) };
}

const clustersOf = (resources: TrainingJob['ResourceConfig']): Cluster[] =>
  merged([
    ...(resources?.InstanceGroups ?? []).map(({ InstanceType, InstanceCount }) => ({
      type: InstanceType,
      count: InstanceCount,
    })),
    ...clusterOf(resources ?? {}),
  ]);

type Sized = {
  InstanceType?: string | undefined;
  InstanceCount?: number | undefined;
  SelectedInstanceType?: string | undefined;
  SelectedInstanceCount?: number | undefined;
};

function clusterOf(sizes: Sized): Cluster[] {
  const type = sizes.SelectedInstanceType ?? sizes.InstanceType;
  const count = sizes.SelectedInstanceCount ?? sizes.InstanceCount;
  return type === undefined || count === undefined ? [] : [{ type, count }];
}

/** Groups of the same type are one. */
const merged = (clusters: readonly Cluster[]): Cluster[] =>
  [...Map.groupBy(clusters, ({ type }) => type)]
    .map(([type, alike]) => ({ type, count: alike.reduce((sum, { count }) => sum + count, 0) }))
    .filter(({ count }) => count > 0);

const trainingRecipe = ({
  AlgorithmSpecification: algorithm,
  HyperParameters,
  Environment,
  InputDataConfig,
}: TrainingJob) => ({
  image: algorithm?.TrainingImage ?? algorithm?.AlgorithmName,
  settings: {
    ...HyperParameters,
    ...environmentOf(Environment),
    ...commandOf(algorithm?.ContainerEntrypoint, algorithm?.ContainerArguments),
  },
  inputs: InputDataConfig.map(({ ChannelName, DataSource: source }) => {
    const files = source?.FileSystemDataSource;
    const place =
      source?.S3DataSource?.S3Uri ??
      (files && `${files.FileSystemId}:${files.DirectoryPath}`) ??
      source?.DatasetSource?.DatasetArn ??
      '';
    return `${ChannelName} ${place}`;
  }),
});

/** Named apart from hyper-parameters, which may be called the same. */
const environmentOf = (environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([key, value]) => [`environment ${key}`, value]));

const commandOf = (
  entrypoint: readonly string[] = [],
  args: readonly string[] = [],
): Record<string, string> => ({ ' entrypoint': entrypoint.join(' '), ' arguments': args.join(' ') });

const processingJob = z.object({
  ProcessingJobName: name,
  ProcessingJobArn: z.string(),
  ProcessingJobStatus: z.string(),
  FailureReason: z.string().optional(),
  ExitMessage: z.string().optional(),
  Environment: texts,
  AppSpecification: z
    .object({ ImageUri: z.string(), ContainerEntrypoint: list, ContainerArguments: list })
    .optional(),
  ProcessingInputs: z
    .array(
      z.object({
        InputName: z.string(),
        S3Input: z.object({ S3Uri: z.string().default('') }).optional(),
        DatasetDefinition: z
          .object({
            AthenaDatasetDefinition: z.object({ QueryString: z.string() }).optional(),
            RedshiftDatasetDefinition: z.object({ QueryString: z.string() }).optional(),
          })
          .optional(),
      }),
    )
    .default([]),
  ProcessingResources: z.object({ ClusterConfig: z.object(sized).optional() }).optional(),
  CreationTime: date,
  ProcessingStartTime: date.optional(),
  ProcessingEndTime: date.optional(),
});

const toProcessingJob = (described: z.infer<typeof processingJob>): Job => ({
  kind: 'processing',
  name: described.ProcessingJobName,
  arn: described.ProcessingJobArn,
  status: described.ProcessingJobStatus,
  ...waiting(described.CreationTime, described.ProcessingStartTime),
  createdAt: described.CreationTime,
  startedAt: described.ProcessingStartTime,
  endedAt: described.ProcessingEndTime,
  clusters: merged(clusterOf(described.ProcessingResources?.ClusterConfig ?? {})),
  failureReason: described.FailureReason || described.ExitMessage,
  ...fingerprintOf(processingRecipe(described), described.ProcessingJobName),
});

/** Processing and transform jobs have no phases: they wait until they have started. */
const waiting = (createdAt: IsoTime, startedAt: IsoTime | undefined): Pick<Job, 'waitingSince'> =>
  startedAt === undefined ? { waitingSince: createdAt } : {};

const processingRecipe = ({ AppSpecification: app, ...described }: z.infer<typeof processingJob>) => ({
  image: app?.ImageUri,
  settings: {
    ...environmentOf(described.Environment),
    ...commandOf(app?.ContainerEntrypoint, app?.ContainerArguments),
  },
  inputs: described.ProcessingInputs.map(({ InputName, S3Input, DatasetDefinition: dataset }) => {
    const { AthenaDatasetDefinition: athena, RedshiftDatasetDefinition: redshift } = dataset ?? {};
    return `${InputName} ${S3Input?.S3Uri ?? athena?.QueryString ?? redshift?.QueryString ?? ''}`;
  }),
});

const transformJob = z.object({
  TransformJobName: name,
  TransformJobArn: z.string(),
  TransformJobStatus: z.string(),
  FailureReason: z.string().optional(),
  ModelName: z.string().optional(),
  Environment: texts,
  TransformInput: z
    .object({
      DataSource: z.object({ S3DataSource: z.object({ S3Uri: z.string() }).optional() }).optional(),
    })
    .optional(),
  TransformResources: z.object(sized).optional(),
  CreationTime: date,
  TransformStartTime: date.optional(),
  TransformEndTime: date.optional(),
});

const toTransformJob = (described: z.infer<typeof transformJob>): Job => ({
  kind: 'transform',
  name: described.TransformJobName,
  arn: described.TransformJobArn,
  status: described.TransformJobStatus,
  ...waiting(described.CreationTime, described.TransformStartTime),
  createdAt: described.CreationTime,
  startedAt: described.TransformStartTime,
  endedAt: described.TransformEndTime,
  clusters: merged(clusterOf(described.TransformResources ?? {})),
  failureReason: described.FailureReason,
  ...fingerprintOf(
    {
      image: described.ModelName,
      settings: environmentOf(described.Environment),
      inputs: [described.TransformInput?.DataSource?.S3DataSource?.S3Uri ?? ''],
    },
    described.TransformJobName,
  ),
});
