import type {
  DescribeProcessingJobCommandInput,
  DescribeProcessingJobCommandOutput,
  DescribeTrainingJobCommandInput,
  DescribeTrainingJobCommandOutput,
  DescribeTransformJobCommandInput,
  DescribeTransformJobCommandOutput,
  ListProcessingJobsCommandInput,
  ListProcessingJobsCommandOutput,
  ListTrainingJobsCommandInput,
  ListTrainingJobsCommandOutput,
  ListTransformJobsCommandInput,
  ListTransformJobsCommandOutput,
  ProcessingClusterConfig,
  ResourceConfig,
  SecondaryStatus,
  SecondaryStatusTransition,
  TrainingJobStatus,
  TransformResources,
  WarmPoolStatus,
} from '@aws-sdk/client-sagemaker';
import { placeOf } from '../fleet.ts';
import { type JobSpec, startOf } from '../sagemaker-spec.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import { pageOf } from './page.ts';

export const sageMakerJobs = {
  ListTrainingJobs: listTrainingJobs,
  DescribeTrainingJob: describeTrainingJob,
  ListProcessingJobs: listProcessingJobs,
  DescribeProcessingJob: describeProcessingJob,
  ListTransformJobs: listTransformJobs,
  DescribeTransformJob: describeTransformJob,
};

type Kind = 'trainingJobs' | 'processingJobs' | 'transformJobs';

const resources = {
  trainingJobs: 'training-job',
  processingJobs: 'processing-job',
  transformJobs: 'transform-job',
} as const;

const defaultPage = 10;
const minute = 60_000;

/** A job at a point in time. */
type Look = {
  job: JobSpec;
  arn: string;
  status: TrainingJobStatus & ('InProgress' | JobSpec['outcome']);
  /** Absent while it waits for its instances. */
  startedAt?: Date;
  endedAt?: Date;
  modifiedAt: Date;
};

function jobsAt(kind: Kind, { sample, account, region }: Caller): Look[] {
  const { now } = sample;
  const jobs = sample.services.get(placeOf(account, region))?.sageMaker?.[kind] ?? [];
  return jobs
    .filter(({ created }) => created <= now)
    .map((job) => {
      const [hasStarted, hasEnded] = [startOf(job) <= now, job.ended <= now];
      return {
        job,
        arn: `arn:aws:sagemaker:${region}:${account}:${resources[kind]}/${job.name}`,
        status: hasEnded ? job.outcome : ('InProgress' as const),
        ...(hasStarted && { startedAt: new Date(startOf(job)) }),
        ...(hasEnded && { endedAt: new Date(job.ended) }),
        modifiedAt: new Date(modifiedAt(job, now)),
      };
    })
    .toSorted((one, other) => other.job.created - one.job.created);
}

/** When its status changed last, by itself or that of its warm pool. */
function modifiedAt(job: JobSpec, now: number): number {
  const poolEnd = job.ended + (job.keepAlive ?? 0) * minute;
  const changes = [job.created, startOf(job), job.ended, poolEnd];
  return Math.max(...changes.filter((at) => at <= now));
}

type Asked = {
  StatusEquals?: string | undefined;
  NameContains?: string | undefined;
  CreationTimeAfter?: Date | undefined;
  LastModifiedTimeAfter?: Date | undefined;
  LastModifiedTimeBefore?: Date | undefined;
  SortOrder?: string | undefined;
  MaxResults?: number | undefined;
  NextToken?: string | undefined;
};

/** The page that is asked for, the newest job first unless told otherwise. */
function listed(kind: Kind, asked: Asked, caller: Caller, isWanted = (_: Look) => true) {
  const { MaxResults = defaultPage } = asked;
  if (MaxResults < 1 || MaxResults > 100) {
    throw awsError('ValidationException', 'Value at maxResults must be between 1 and 100');
  }
  const wanted = jobsAt(kind, caller).filter((look) => matches(look, asked) && isWanted(look));
  if (asked.SortOrder === 'Ascending') wanted.reverse();
  const { page, next } = pageOf(wanted, asked.NextToken, MaxResults);
  return { page, ...(next && { NextToken: next }) };
}

const matches = ({ job, status, modifiedAt }: Look, asked: Asked): boolean =>
  (asked.StatusEquals ?? status) === status &&
  job.name.includes(asked.NameContains ?? '') &&
  job.created >= (asked.CreationTimeAfter?.getTime() ?? 0) &&
  modifiedAt >= (asked.LastModifiedTimeAfter ?? new Date(0)) &&
  modifiedAt <= (asked.LastModifiedTimeBefore ?? modifiedAt);

function find(kind: Kind, name: string | undefined, caller: Caller): Look {
  const look = jobsAt(kind, caller).find(({ job }) => job.name === name);
  if (!look) throw awsError('ValidationException', 'Requested resource not found.');
  return look;
}

function listTrainingJobs(
  input: ListTrainingJobsCommandInput,
  caller: Caller,
): Reply<ListTrainingJobsCommandOutput> {
  const { now } = caller.sample;
  const { WarmPoolStatusEquals: pool } = input;
  const isWanted = ({ job }: Look) => pool === undefined || warmPoolOf(job, now)?.Status === pool;
  const { page, ...next } = listed('trainingJobs', input, caller, isWanted);
  return {
    TrainingJobSummaries: page.map((look) => ({
      TrainingJobName: look.job.name,
      TrainingJobArn: look.arn,
      CreationTime: new Date(look.job.created),
      ...(look.endedAt && { TrainingEndTime: look.endedAt }),
      LastModifiedTime: look.modifiedAt,
      TrainingJobStatus: look.status,
      SecondaryStatus: secondaryStatusOf(look),
      ...withPool(look.job, now),
    })),
    ...next,
  };
}

const secondaryStatusOf = ({ status, startedAt }: Look): SecondaryStatus =>
  status !== 'InProgress' ? status : startedAt ? 'Training' : 'Starting';

function withPool(job: JobSpec, now: number): { WarmPoolStatus?: WarmPoolStatus } {
  const pool = warmPoolOf(job, now);
  return pool ? { WarmPoolStatus: pool } : {};
}

/** Its instances stay for the next job once it has completed; what failed keeps none. */
function warmPoolOf({ keepAlive, ended, outcome }: JobSpec, now: number): WarmPoolStatus | undefined {
  if (keepAlive === undefined || outcome !== 'Completed') return undefined;
  if (now < ended) return { Status: 'InUse' };
  const end = ended + keepAlive * minute;
  return {
    Status: now < end ? 'Available' : 'Terminated',
    ResourceRetainedBillableTimeInSeconds: (Math.min(now, end) - ended) / 1000,
  };
}

function describeTrainingJob(
  { TrainingJobName }: DescribeTrainingJobCommandInput,
  caller: Caller,
): Reply<DescribeTrainingJobCommandOutput> {
  const look = find('trainingJobs', TrainingJobName, caller);
  const { job, arn, status, startedAt, endedAt } = look;
  const seconds = startedAt && ((endedAt?.getTime() ?? caller.sample.now) - startedAt.getTime()) / 1000;
  return {
    TrainingJobName,
    TrainingJobArn: arn,
    ModelArtifacts: {
      S3ModelArtifacts:
        status === 'Completed' ? `s3://ml-models-${caller.account}/${job.name}/output/model.tar.gz` : '',
    },
    TrainingJobStatus: status,
    SecondaryStatus: secondaryStatusOf(look),
    ...failureOf(look),
    HyperParameters: job.hyperparameters,
    AlgorithmSpecification: { TrainingImage: job.image, TrainingInputMode: 'File' },
    RoleArn: `arn:aws:iam::${caller.account}:role/sagemaker-training`,
    InputDataConfig: [
      {
        ChannelName: 'train',
        DataSource: {
          S3DataSource: {
            S3DataType: 'S3Prefix',
            S3Uri: job.data,
            S3DataDistributionType: 'FullyReplicated',
          },
        },
      },
    ],
    OutputDataConfig: { S3OutputPath: `s3://ml-models-${caller.account}/` },
    ResourceConfig: {
      InstanceType: job.type as NonNullable<ResourceConfig['InstanceType']>,
      InstanceCount: job.instances,
      VolumeSizeInGB: 200,
      ...(job.keepAlive && { KeepAlivePeriodInSeconds: job.keepAlive * 60 }),
    },
    ...withPool(job, caller.sample.now),
    StoppingCondition: { MaxRuntimeInSeconds: 432_000 },
    CreationTime: new Date(job.created),
    ...(startedAt && { TrainingStartTime: startedAt }),
    ...(endedAt && { TrainingEndTime: endedAt }),
    LastModifiedTime: look.modifiedAt,
    SecondaryStatusTransitions: transitionsOf(look),
    EnableManagedSpotTraining: false,
    // Told once it is over: while it runs nobody has counted yet.
    ...(endedAt &&
      seconds !== undefined && { TrainingTimeInSeconds: seconds, BillableTimeInSeconds: seconds }),
  };
}

const failureOf = ({ job, status }: Look) =>
  status === 'Failed' && job.failure !== undefined ? { FailureReason: job.failure } : {};

function transitionsOf({ job, status, startedAt, endedAt }: Look): SecondaryStatusTransition[] {
  const starting = {
    Status: 'Starting' as const,
    StartTime: new Date(job.created),
    ...(startedAt && { EndTime: startedAt }),
    StatusMessage: startedAt
      ? 'Preparing the instances for training'
      : 'Insufficient capacity error from EC2 while launching instances, retrying!',
  };
  const training = startedAt && {
    Status: 'Training' as const,
    StartTime: startedAt,
    ...(endedAt && { EndTime: endedAt }),
    StatusMessage: 'Training image download completed. Training in progress.',
  };
  const over = endedAt &&
    status !== 'InProgress' && {
      Status: status,
      StartTime: endedAt,
      EndTime: endedAt,
      StatusMessage: `Training job ${status.toLowerCase()}`,
    };
  return [starting, ...(training ? [training] : []), ...(over ? [over] : [])];
}

function listProcessingJobs(
  input: ListProcessingJobsCommandInput,
  caller: Caller,
): Reply<ListProcessingJobsCommandOutput> {
  const { page, ...next } = listed('processingJobs', input, caller);
  return {
    ProcessingJobSummaries: page.map((look) => ({
      ProcessingJobName: look.job.name,
      ProcessingJobArn: look.arn,
      CreationTime: new Date(look.job.created),
      ...(look.endedAt && { ProcessingEndTime: look.endedAt }),
      LastModifiedTime: look.modifiedAt,
      ProcessingJobStatus: look.status,
      ...failureOf(look),
    })),
    ...next,
  };
}

function describeProcessingJob(
  { ProcessingJobName }: DescribeProcessingJobCommandInput,
  caller: Caller,
): Reply<DescribeProcessingJobCommandOutput> {
  const look = find('processingJobs', ProcessingJobName, caller);
  const { job, arn, status, startedAt, endedAt } = look;
  return {
    ProcessingJobName,
    ProcessingJobArn: arn,
    ProcessingJobStatus: status,
    ...failureOf(look),
    ProcessingInputs: [
      {
        InputName: 'input',
        S3Input: {
          S3Uri: job.data,
          LocalPath: '/opt/ml/processing/input',
          S3DataType: 'S3Prefix',
          S3InputMode: 'File',
        },
      },
    ],
    ProcessingResources: {
      ClusterConfig: {
        InstanceType: job.type as ProcessingClusterConfig['InstanceType'],
        InstanceCount: job.instances,
        VolumeSizeInGB: 100,
      },
    },
    AppSpecification: { ImageUri: job.image },
    Environment: job.hyperparameters,
    CreationTime: new Date(job.created),
    ...(startedAt && { ProcessingStartTime: startedAt }),
    ...(endedAt && { ProcessingEndTime: endedAt }),
    LastModifiedTime: look.modifiedAt,
  };
}

function listTransformJobs(
  input: ListTransformJobsCommandInput,
  caller: Caller,
): Reply<ListTransformJobsCommandOutput> {
  const { page, ...next } = listed('transformJobs', input, caller);
  return {
    TransformJobSummaries: page.map((look) => ({
      TransformJobName: look.job.name,
      TransformJobArn: look.arn,
      CreationTime: new Date(look.job.created),
      ...(look.endedAt && { TransformEndTime: look.endedAt }),
      LastModifiedTime: look.modifiedAt,
      TransformJobStatus: look.status,
      ...failureOf(look),
    })),
    ...next,
  };
}

function describeTransformJob(
  { TransformJobName }: DescribeTransformJobCommandInput,
  caller: Caller,
): Reply<DescribeTransformJobCommandOutput> {
  const look = find('transformJobs', TransformJobName, caller);
  const { job, arn, status, startedAt, endedAt } = look;
  return {
    TransformJobName,
    TransformJobArn: arn,
    TransformJobStatus: status,
    ...failureOf(look),
    ModelName: job.image,
    Environment: job.hyperparameters,
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: job.data } },
      SplitType: 'Line',
    },
    TransformOutput: { S3OutputPath: `s3://ml-models-${caller.account}/${job.name}/` },
    TransformResources: {
      InstanceType: job.type as TransformResources['InstanceType'],
      InstanceCount: job.instances,
    },
    CreationTime: new Date(job.created),
    ...(startedAt && { TransformStartTime: startedAt }),
    ...(endedAt && { TransformEndTime: endedAt }),
  };
}
