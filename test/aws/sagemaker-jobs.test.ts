import {
  DescribeProcessingJobCommand,
  DescribeTrainingJobCommand,
  type DescribeTrainingJobResponse,
  DescribeTransformJobCommand,
  ListProcessingJobsCommand,
  ListTrainingJobsCommand,
  ListTransformJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getJob, getWarmPool, listJobs } from '../../shared/aws/sagemaker-jobs.ts';

const sageMaker = mockClient(SageMakerClient);
const client = new SageMakerClient({});

beforeEach(() => sageMaker.reset());

const at = (clock: string): Date => new Date(`2026-11-16T${clock}:00.000Z`);

describe('the jobs of a kind', () => {
  const summary = {
    CreationTime: at('01:00'),
    TrainingJobArn: 'arn',
    TrainingJobStatus: 'Completed' as const,
  };

  it('are those of all pages, a hundred a page and the newest first', async () => {
    sageMaker
      .on(ListTrainingJobsCommand)
      .resolvesOnce({ TrainingJobSummaries: [{ ...summary, TrainingJobName: 'a' }], NextToken: 'next' })
      .resolvesOnce({ TrainingJobSummaries: [{ ...summary, TrainingJobName: 'b' }] });
    const listing = await listJobs(client, 'training', { modifiedAfter: '2026-11-16T03:00:00Z' });
    expect(listing).toEqual({ names: ['a', 'b'], isWhole: true });
    expect(sageMaker).toHaveReceivedNthCommandWith(ListTrainingJobsCommand, 2, {
      MaxResults: 100,
      SortBy: 'CreationTime',
      SortOrder: 'Descending',
      LastModifiedTimeAfter: at('03:00'),
      NextToken: 'next',
    });
  });

  it('are read over pages that are empty, as those of a status are', async () => {
    sageMaker
      .on(ListProcessingJobsCommand)
      .resolvesOnce({ ProcessingJobSummaries: [], NextToken: 'next' })
      .resolvesOnce({
        ProcessingJobSummaries: [
          {
            ProcessingJobName: 'tokenize',
            ProcessingJobArn: 'arn',
            CreationTime: at('01:00'),
            ProcessingJobStatus: 'InProgress',
          },
        ],
      });
    expect(await listJobs(client, 'processing', { isInProgress: true })).toEqual({
      names: ['tokenize'],
      isWhole: true,
    });
    expect(sageMaker).toHaveReceivedNthCommandWith(ListProcessingJobsCommand, 1, {
      StatusEquals: 'InProgress',
    });
  });

  it('are none where there are none', async () => {
    sageMaker.on(ListTransformJobsCommand).resolves({ TransformJobSummaries: [] });
    expect(await listJobs(client, 'transform', {})).toEqual({ names: [], isWhole: true });
  });

  it('are looked through up to 10,000, and then said not to be all', async () => {
    sageMaker.on(ListTrainingJobsCommand).resolves({
      TrainingJobSummaries: Array.from({ length: 100 }, (_, index) => ({
        ...summary,
        TrainingJobName: `j-${index}`,
      })),
      NextToken: 'more',
    });
    const { names, isWhole } = await listJobs(client, 'training', {});
    expect([names.length, isWhole]).toEqual([10_000, false]);
  });

  it('with a warm pool are asked for by its status', async () => {
    sageMaker.on(ListTrainingJobsCommand).resolves({ TrainingJobSummaries: [] });
    await listJobs(client, 'training', { isWarm: true, createdAfter: '2026-11-16T03:00:00Z' });
    expect(sageMaker).toHaveReceivedNthCommandWith(ListTrainingJobsCommand, 1, {
      WarmPoolStatusEquals: 'Available',
      CreationTimeAfter: at('03:00'),
    });
  });
});

describe('a training job', () => {
  const described = (given: Partial<DescribeTrainingJobResponse> = {}): DescribeTrainingJobResponse => ({
    TrainingJobName: 'reranker',
    TrainingJobArn: 'arn:aws:sagemaker:eu-west-1:210987654321:training-job/reranker',
    ModelArtifacts: { S3ModelArtifacts: 's3://models/reranker/model.tar.gz' },
    TrainingJobStatus: 'Completed',
    SecondaryStatus: 'Completed',
    SecondaryStatusTransitions: [
      { Status: 'Starting', StartTime: at('01:00'), EndTime: at('01:04') },
      { Status: 'Downloading', StartTime: at('01:04'), EndTime: at('01:06') },
      { Status: 'Training', StartTime: at('01:06'), EndTime: at('03:00') },
      { Status: 'Uploading', StartTime: at('03:00'), EndTime: at('03:01') },
      { Status: 'Completed', StartTime: at('03:01'), EndTime: at('03:01') },
    ],
    HyperParameters: { epochs: '10' },
    AlgorithmSpecification: { TrainingImage: 'image', TrainingInputMode: 'File' },
    InputDataConfig: [
      {
        ChannelName: 'train',
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://corpus/train/' } },
      },
    ],
    ResourceConfig: { InstanceType: 'ml.g5.xlarge', InstanceCount: 2, VolumeSizeInGB: 100 },
    StoppingCondition: { MaxRuntimeInSeconds: 86_400 },
    CreationTime: at('01:00'),
    TrainingStartTime: at('01:03'),
    TrainingEndTime: at('03:01'),
    BillableTimeInSeconds: 7080,
    ...given,
  });
  const get = (given: Partial<DescribeTrainingJobResponse> = {}) => {
    sageMaker.on(DescribeTrainingJobCommand).resolves(described(given));
    return getJob(client, 'training', 'reranker');
  };

  it('carries what money and work depend on', async () => {
    expect(await get()).toEqual({
      kind: 'training',
      name: 'reranker',
      arn: 'arn:aws:sagemaker:eu-west-1:210987654321:training-job/reranker',
      status: 'Completed',
      phase: 'Completed',
      phaseSince: '2026-11-16T03:01:00Z',
      createdAt: '2026-11-16T01:00:00Z',
      startedAt: '2026-11-16T01:03:00Z',
      endedAt: '2026-11-16T03:01:00Z',
      clusters: [{ type: 'ml.g5.xlarge', count: 2 }],
      billableSeconds: 7080,
      fingerprint: expect.stringMatching(/^[0-9a-f]{14}$/),
    });
  });

  it('that waits has done so since it was created, whatever phases it went through', async () => {
    const waiting = await get({
      TrainingJobStatus: 'InProgress',
      SecondaryStatus: 'Pending',
      SecondaryStatusTransitions: [
        { Status: 'Pending', StartTime: at('01:10') },
        { Status: 'Starting', StartTime: at('01:01'), EndTime: at('01:10') },
      ],
      TrainingStartTime: undefined,
      TrainingEndTime: undefined,
      BillableTimeInSeconds: undefined,
    });
    expect(waiting).toMatchObject({
      phase: 'Pending',
      phaseSince: '2026-11-16T01:10:00Z',
      waitingSince: '2026-11-16T01:00:00Z',
      waits: [
        { phase: 'Starting', since: '2026-11-16T01:00:00Z' },
        { phase: 'Pending', since: '2026-11-16T01:10:00Z' },
      ],
    });
    expect(waiting).toMatchObject({ startedAt: undefined, endedAt: undefined, billableSeconds: undefined });
  });

  it('that waits again has done so since it worked last', async () => {
    const interrupted = await get({
      TrainingJobStatus: 'InProgress',
      SecondaryStatus: 'Starting',
      EnableManagedSpotTraining: true,
      SecondaryStatusTransitions: [
        { Status: 'Starting', StartTime: at('01:00') },
        { Status: 'Training', StartTime: at('01:06') },
        { Status: 'Interrupted', StartTime: at('02:00') },
        { Status: 'Starting', StartTime: at('02:05') },
      ],
    });
    expect(interrupted).toMatchObject({
      waitingSince: '2026-11-16T02:00:00Z',
      payment: 'spot',
      waits: [
        { phase: 'Interrupted', since: '2026-11-16T02:00:00Z' },
        { phase: 'Starting', since: '2026-11-16T02:05:00Z' },
      ],
    });
  });

  it('without a word of its phases waits since it was created', async () => {
    const waiting = await get({
      TrainingJobStatus: 'InProgress',
      SecondaryStatus: 'Starting',
      SecondaryStatusTransitions: undefined,
    });
    expect(waiting).toMatchObject({ phaseSince: undefined, waitingSince: '2026-11-16T01:00:00Z' });
    expect(waiting).not.toHaveProperty('waits');
  });

  it.each([
    [
      'several types are several clusters, groups of one type one',
      {
        InstanceGroups: [
          { InstanceGroupName: 'a', InstanceType: 'ml.p4d.24xlarge' as const, InstanceCount: 1 },
          { InstanceGroupName: 'b', InstanceType: 'ml.m5.large' as const, InstanceCount: 2 },
          { InstanceGroupName: 'c', InstanceType: 'ml.p4d.24xlarge' as const, InstanceCount: 3 },
        ],
      },
      [
        { type: 'ml.p4d.24xlarge', count: 4 },
        { type: 'ml.m5.large', count: 2 },
      ],
    ],
    [
      'what was chosen counts, and not what was asked for',
      {
        InstanceType: 'ml.g5.xlarge' as const,
        InstanceCount: 2,
        SelectedInstanceType: 'ml.g6.xlarge' as const,
        SelectedInstanceCount: 4,
      },
      [{ type: 'ml.g6.xlarge', count: 4 }],
    ],
    ['nothing is chosen yet', { InstancePreferences: [] }, []],
  ])('names its instances: %s', async (_, config, clusters) => {
    expect(await get({ ResourceConfig: { VolumeSizeInGB: 100, ...config } })).toMatchObject({ clusters });
  });

  it('on a training plan is paid for in advance', async () => {
    const ResourceConfig = {
      InstanceType: 'ml.p5.48xlarge' as const,
      InstanceCount: 1,
      TrainingPlanArn: 'arn:plan',
    };
    expect(await get({ ResourceConfig })).toMatchObject({ payment: 'plan' });
  });

  it('may say next to nothing, as a serverless one that has just been asked for', async () => {
    const bare = await get({
      SecondaryStatus: undefined,
      SecondaryStatusTransitions: undefined,
      HyperParameters: undefined,
      AlgorithmSpecification: undefined,
      InputDataConfig: undefined,
      ResourceConfig: undefined,
      FailureReason: '',
    });
    expect(bare).toMatchObject({ clusters: [], failureReason: '' });
    expect(bare).not.toHaveProperty('fingerprint');
  });

  it.each([
    ['another seed', { HyperParameters: { epochs: '10', seed: '2' } }],
    ['another variable of its environment', { Environment: { PRECISION: 'bf16' } }],
    [
      'another command',
      {
        AlgorithmSpecification: {
          TrainingImage: 'image',
          TrainingInputMode: 'File' as const,
          ContainerArguments: ['--fast'],
        },
      },
    ],
    [
      'data of a file system',
      {
        InputDataConfig: [
          {
            ChannelName: 'train',
            DataSource: {
              FileSystemDataSource: {
                FileSystemId: 'fs-1',
                FileSystemAccessMode: 'ro' as const,
                FileSystemType: 'FSxLustre' as const,
                DirectoryPath: '/corpus',
              },
            },
          },
        ],
      },
    ],
  ])('is another with %s', async (_, given) => {
    const same = await get();
    expect((await get(given))?.fingerprint).not.toBe(same?.fingerprint);
  });

  it('is the same though it writes to another place, on other instances', async () => {
    const same = await get();
    const other = await get({
      OutputDataConfig: { S3OutputPath: 's3://elsewhere/' },
      ModelArtifacts: { S3ModelArtifacts: 's3://elsewhere/model.tar.gz' },
      CheckpointConfig: { S3Uri: 's3://elsewhere/checkpoints' },
      ResourceConfig: { InstanceType: 'ml.p4d.24xlarge', InstanceCount: 1, VolumeSizeInGB: 10 },
    });
    expect(other?.fingerprint).toBe(same?.fingerprint);
  });

  it.each([
    ['ResourceNotFound', 'whatever'],
    ['ValidationException', 'Requested resource not found.'],
  ])('is gone where SageMaker says %s', async (name, message) => {
    sageMaker.on(DescribeTrainingJobCommand).rejects(Object.assign(new Error(message), { name }));
    expect(await getJob(client, 'training', 'reranker')).toBeUndefined();
    expect(await getWarmPool(client, 'reranker')).toBeUndefined();
  });

  it('is not gone where it may not be read, or the question was wrong', async () => {
    for (const [name, message] of [
      ['AccessDeniedException', 'not authorized: role not found'],
      ['ValidationException', 'Member must satisfy regular expression pattern'],
    ] as const) {
      sageMaker.on(DescribeTrainingJobCommand).rejects(Object.assign(new Error(message), { name }));
      await expect(getJob(client, 'training', 'reranker')).rejects.toThrow(message);
      await expect(getWarmPool(client, 'reranker')).rejects.toThrow(message);
    }
  });

  it('leaves a warm pool, until that is used or gone', async () => {
    const ResourceConfig = {
      InstanceType: 'ml.g5.xlarge' as const,
      InstanceCount: 2,
      KeepAlivePeriodInSeconds: 1800,
    };
    const WarmPoolStatus = { Status: 'Available' as const, ResourceRetainedBillableTimeInSeconds: 600 };
    sageMaker.on(DescribeTrainingJobCommand).resolves(described({ ResourceConfig, WarmPoolStatus }));
    expect(await getWarmPool(client, 'reranker')).toMatchObject({
      job: { name: 'reranker', endedAt: '2026-11-16T03:01:00Z' },
      keepAliveSeconds: 1800,
      retainedSeconds: 600,
    });
    sageMaker
      .on(DescribeTrainingJobCommand)
      .resolves(described({ ResourceConfig, WarmPoolStatus: { Status: 'Reused', ReusedByJob: 'next' } }));
    expect(await getWarmPool(client, 'reranker')).toBeUndefined();
  });
});

it('describes a processing job, whose failure may stand in its exit message', async () => {
  sageMaker.on(DescribeProcessingJobCommand).resolves({
    ProcessingJobName: 'tokenize',
    ProcessingJobArn: 'arn:tokenize',
    ProcessingJobStatus: 'Failed',
    FailureReason: '',
    ExitMessage: 'no space left on device',
    ProcessingResources: {
      ClusterConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 3, VolumeSizeInGB: 30 },
    },
    AppSpecification: { ImageUri: 'image', ContainerArguments: ['--fast'] },
    ProcessingInputs: [
      { InputName: 'a', S3Input: { S3Uri: 's3://corpus/raw/', S3DataType: 'S3Prefix' } },
      {
        InputName: 'b',
        DatasetDefinition: {
          AthenaDatasetDefinition: {
            Catalog: 'c',
            Database: 'd',
            QueryString: 'SELECT 1',
            OutputS3Uri: 's3://x/',
            OutputFormat: 'PARQUET',
          },
        },
      },
    ],
    CreationTime: at('01:00'),
    ProcessingStartTime: at('01:05'),
    ProcessingEndTime: at('02:05'),
  });
  expect(await getJob(client, 'processing', 'tokenize')).toEqual({
    kind: 'processing',
    name: 'tokenize',
    arn: 'arn:tokenize',
    status: 'Failed',
    createdAt: '2026-11-16T01:00:00Z',
    startedAt: '2026-11-16T01:05:00Z',
    endedAt: '2026-11-16T02:05:00Z',
    clusters: [{ type: 'ml.m5.xlarge', count: 3 }],
    failureReason: 'no space left on device',
    fingerprint: expect.any(String),
  });
});

it('describes a transform job, which waits until it has started', async () => {
  sageMaker.on(DescribeTransformJobCommand).resolves({
    TransformJobName: 'embed',
    TransformJobArn: 'arn:embed',
    TransformJobStatus: 'InProgress',
    ModelName: 'embedder',
    TransformInput: { DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://corpus/' } } },
    TransformResources: { InstanceType: 'ml.g5.xlarge', InstanceCount: 1 },
    CreationTime: at('01:00'),
  });
  expect(await getJob(client, 'transform', 'embed')).toMatchObject({
    kind: 'transform',
    status: 'InProgress',
    waitingSince: '2026-11-16T01:00:00Z',
    clusters: [{ type: 'ml.g5.xlarge', count: 1 }],
  });
});
