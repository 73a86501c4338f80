import {
  DescribeAppCommand,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeProcessingJobCommand,
  DescribeTrainingJobCommand,
  DescribeTransformJobCommand,
  ListAppsCommand,
  ListClusterNodesCommand,
  ListClustersCommand,
  ListEndpointsCommand,
  ListInferenceComponentsCommand,
  ListNotebookInstancesCommand,
  ListProcessingJobsCommand,
  ListTrainingJobsCommand,
  type ListTrainingJobsCommandInput,
  ListTransformJobsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { scopeFor } from '../../../shared/aws/sts.ts';

const roleOf = (account: string) => `arn:aws:iam::${account}:role/ai-cost-watchdog-target`;
const clientOf = (account: string, region: string): SageMakerClient =>
  createClient(SageMakerClient, scopeFor({ account, region, roleArn: roleOf(account) }));

let sample: SampleAccount;
beforeAll(async () => {
  sample = await openSampleAccount({ now: '2026-11-16T12:00:00Z' });
});
afterAll(() => sample.close());

describe("the sample account's endpoints", () => {
  let prod: SageMakerClient;
  beforeAll(() => {
    prod = clientOf('345678901234', 'eu-west-1');
  });

  it('are listed with their ARN, page by page', async () => {
    const first = await prod.send(new ListEndpointsCommand({ MaxResults: 3 }));
    const rest = await prod.send(new ListEndpointsCommand({ NextToken: first.NextToken }));
    const names = [first, rest].map(({ Endpoints = [] }) =>
      Endpoints.map(({ EndpointName }) => EndpointName),
    );
    expect(names).toEqual([['asr-4-live', 'vision-api-live', 'assist-shared-live'], ['invoice-fields-live']]);
    expect(first.Endpoints?.[0]).toMatchObject({
      EndpointArn: 'arn:aws:sagemaker:eu-west-1:345678901234:endpoint/asr-4-live',
      EndpointStatus: 'InService',
      CreationTime: new Date('2026-06-02T09:00:00Z'),
    });
    expect(rest.NextToken).toBeUndefined();
  });

  it('have instances of a type, which their configuration tells', async () => {
    const endpoint = await prod.send(new DescribeEndpointCommand({ EndpointName: 'asr-4-live' }));
    expect(endpoint.ProductionVariants).toMatchObject([
      { VariantName: 'AllTraffic', CurrentInstanceCount: 2 },
    ]);
    const { EndpointConfigName } = endpoint;
    const config = await prod.send(new DescribeEndpointConfigCommand({ EndpointConfigName }));
    expect(config.ProductionVariants).toMatchObject([
      { VariantName: 'AllTraffic', InstanceType: 'ml.g5.2xlarge', ModelName: 'asr-4' },
    ]);
  });

  it('are serverless without a type', async () => {
    const endpoint = await prod.send(new DescribeEndpointCommand({ EndpointName: 'invoice-fields-live' }));
    expect(endpoint.ProductionVariants).toMatchObject([
      { CurrentServerlessConfig: { MemorySizeInMB: 4096, MaxConcurrency: 10 } },
    ]);
    expect(endpoint.ProductionVariants?.[0]?.CurrentInstanceCount).toBeUndefined();
  });

  it('share an instance as inference components, and then have no model of their own', async () => {
    const { InferenceComponents } = await prod.send(new ListInferenceComponentsCommand({}));
    expect(InferenceComponents).toMatchObject([
      {
        InferenceComponentName: 'summarize-2',
        EndpointName: 'assist-shared-live',
        VariantName: 'AllTraffic',
      },
      { InferenceComponentName: 'classify-5', EndpointName: 'assist-shared-live', VariantName: 'AllTraffic' },
    ]);
    const config = await prod.send(
      new DescribeEndpointConfigCommand({ EndpointConfigName: 'assist-shared-live-config' }),
    );
    expect(config.ProductionVariants?.[0]?.ModelName).toBeUndefined();
  });

  it('are refused by a name that nothing has, and another account sees none', async () => {
    const command = new DescribeEndpointCommand({ EndpointName: 'none' });
    await expect(prod.send(command)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('Could not find endpoint'),
    });
    const dev = clientOf('210987654321', 'us-east-1');
    expect((await dev.send(new ListEndpointsCommand({}))).Endpoints).toEqual([]);
  });
});

describe("the sample account's notebooks and apps", () => {
  let dev: SageMakerClient;
  beforeAll(() => {
    dev = clientOf('210987654321', 'eu-west-1');
  });

  it('tells of a notebook instance that it is in service, and no more', async () => {
    const { NotebookInstances } = await dev.send(
      new ListNotebookInstancesCommand({ StatusEquals: 'InService' }),
    );
    expect(NotebookInstances).toMatchObject([
      { NotebookInstanceName: 'asr-notebook', InstanceType: 'ml.g5.xlarge' },
      { NotebookInstanceName: 'annotation-notebook', InstanceType: 'ml.t3.medium' },
    ]);
  });

  it('tells of an app when somebody did something there', async () => {
    const { Apps = [] } = await dev.send(new ListAppsCommand({}));
    const described = await Promise.all(
      Apps.map(({ DomainId, SpaceName, AppType, AppName }) =>
        dev.send(new DescribeAppCommand({ DomainId, SpaceName, AppType, AppName })),
      ),
    );
    expect(
      described.map(({ SpaceName, LastUserActivityTimestamp: last }) => [SpaceName, last?.toISOString()]),
    ).toEqual([
      ['layout-study', '2026-11-12T11:20:00.000Z'],
      ['prompt-desk', '2026-11-16T11:58:00.000Z'],
      ['survey-desk', '2026-11-16T11:58:00.000Z'],
    ]);
    const other = { DomainId: Apps[0]?.DomainId, SpaceName: 'none', AppType: 'JupyterLab' } as const;
    await expect(dev.send(new DescribeAppCommand({ ...other, AppName: 'default' }))).rejects.toMatchObject({
      name: 'ResourceNotFound',
    });
  });
});

describe("the sample account's HyperPod", () => {
  it('has a cluster of two nodes', async () => {
    const platform = createClient(SageMakerClient, { region: 'us-east-1' });
    const { ClusterSummaries = [] } = await platform.send(new ListClustersCommand({}));
    const [cluster] = ClusterSummaries;
    const { ClusterNodeSummaries } = await platform.send(
      new ListClusterNodesCommand({ ClusterName: cluster?.ClusterArn }),
    );
    expect(ClusterNodeSummaries).toMatchObject([
      {
        InstanceId: 'i-06c3b1f4a9d72e801',
        InstanceType: 'ml.g5.8xlarge',
        InstanceStatus: { Status: 'Running' },
      },
      { InstanceId: 'i-06c3b1f4a9d72e802', InstanceGroupName: 'workers' },
    ]);
  });
});

describe("the sample account's jobs", () => {
  let dev: SageMakerClient;
  let devUs: SageMakerClient;
  beforeAll(() => {
    dev = clientOf('210987654321', 'eu-west-1');
    devUs = clientOf('210987654321', 'us-east-1');
  });

  const namesOf = async (client: SageMakerClient, input: ListTrainingJobsCommandInput) =>
    (await client.send(new ListTrainingJobsCommand(input))).TrainingJobSummaries?.map(
      ({ TrainingJobName }) => TrainingJobName,
    );
  const describeJob = (client: SageMakerClient, TrainingJobName: string) =>
    client.send(new DescribeTrainingJobCommand({ TrainingJobName }));

  it('are listed the newest first, by status, and by when they changed', async () => {
    expect(await namesOf(dev, { StatusEquals: 'InProgress' })).toEqual([
      'support-chat-13b-20261116',
      'defect-det-12-20261116',
      'tile-pretrain-20261116',
      'reranker-v4-long-20261113',
    ]);
    expect(await namesOf(dev, { StatusEquals: 'Failed' })).toEqual([
      'ranker-hpo-20261115',
      'ranker-hpo-20261114',
      'ranker-hpo-20261113',
    ]);
    const LastModifiedTimeAfter = new Date('2026-11-16T00:00:00Z');
    expect(await namesOf(dev, { StatusEquals: 'Failed', LastModifiedTimeAfter })).toEqual([
      'ranker-hpo-20261115',
    ]);
  });

  it('come over pages of two, each once', async () => {
    const names: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await dev.send(new ListTrainingJobsCommand({ MaxResults: 2, NextToken }));
      names.push(...(page.TrainingJobSummaries ?? []).map(({ TrainingJobName }) => TrainingJobName));
      NextToken = page.NextToken;
    } while (NextToken);
    expect(names).toEqual(await namesOf(dev, {}));
    await expect(namesOf(dev, { MaxResults: 101 })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('wait for instances that are not there, and have not started', async () => {
    expect(await describeJob(dev, 'support-chat-13b-20261116')).toMatchObject({
      TrainingJobStatus: 'InProgress',
      SecondaryStatus: 'Starting',
      ResourceConfig: { InstanceType: 'ml.p4d.24xlarge', InstanceCount: 1 },
      SecondaryStatusTransitions: [
        { Status: 'Starting', StatusMessage: expect.stringContaining('Insufficient capacity') },
      ],
    });
    expect((await describeJob(dev, 'support-chat-13b-20261116')).TrainingStartTime).toBeUndefined();
  });

  it('tell when they failed after how many seconds, and why', async () => {
    expect(await describeJob(devUs, 'support-chat-7b-20261115')).toMatchObject({
      TrainingJobStatus: 'Failed',
      FailureReason: expect.stringContaining('CUDA out of memory'),
      TrainingEndTime: new Date('2026-11-16T02:10:00Z'),
      BillableTimeInSeconds: 9 * 3600,
    });
    expect((await describeJob(dev, 'reranker-v4-long-20261113')).BillableTimeInSeconds).toBeUndefined();
  });

  it('are told to do the same twice', async () => {
    const [one, other] = await Promise.all(
      ['support-ablation-20261113', 'support-ablation-20261115'].map((name) => describeJob(devUs, name)),
    );
    for (const key of ['HyperParameters', 'AlgorithmSpecification', 'InputDataConfig'] as const) {
      expect(other?.[key]).toEqual(one?.[key]);
    }
  });

  it('leave a warm pool, until it ends', async () => {
    const command = new ListTrainingJobsCommand({ WarmPoolStatusEquals: 'Available' });
    expect((await devUs.send(command)).TrainingJobSummaries).toMatchObject([
      {
        TrainingJobName: 'support-eval-20261116',
        TrainingJobStatus: 'Completed',
        WarmPoolStatus: { Status: 'Available', ResourceRetainedBillableTimeInSeconds: 25 * 60 },
      },
    ]);
    sample.setNow('2026-11-16T18:05:00Z');
    const later = await devUs.send(command);
    sample.setNow('2026-11-16T12:00:00Z');
    expect(later.TrainingJobSummaries).toEqual([]);
  });

  it('process and transform', async () => {
    const prodUs = clientOf('345678901234', 'us-east-1');
    const { ProcessingJobSummaries = [] } = await prodUs.send(
      new ListProcessingJobsCommand({ StatusEquals: 'InProgress' }),
    );
    const [{ ProcessingJobName } = {}] = ProcessingJobSummaries;
    expect(await prodUs.send(new DescribeProcessingJobCommand({ ProcessingJobName }))).toMatchObject({
      ProcessingJobStatus: 'InProgress',
      ProcessingStartTime: new Date('2026-11-16T05:00:00Z'),
      ProcessingResources: { ClusterConfig: { InstanceType: 'ml.m5.4xlarge', InstanceCount: 1 } },
    });
    const prod = clientOf('345678901234', 'eu-west-1');
    const { TransformJobSummaries = [] } = await prod.send(new ListTransformJobsCommand({}));
    const [{ TransformJobName } = {}] = TransformJobSummaries;
    expect(await prod.send(new DescribeTransformJobCommand({ TransformJobName }))).toMatchObject({
      TransformJobStatus: 'InProgress',
      TransformResources: { InstanceType: 'ml.g5.xlarge', InstanceCount: 1 },
    });
  });

  it('are not known before they are created, nor by another name', async () => {
    sample.setNow('2026-11-13T12:00:00Z');
    const names = await namesOf(dev, {});
    sample.setNow('2026-11-16T12:00:00Z');
    expect(names).toEqual(['reranker-v4-long-20261113']);
    await expect(describeJob(dev, 'none')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
