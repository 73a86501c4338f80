import { ListNotebookInstancesCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getNotebooks } from '../../shared/aws/sagemaker-notebooks.ts';

const sageMaker = mockClient(SageMakerClient);

beforeEach(() => sageMaker.reset());

const notebook = (NotebookInstanceName: string) => ({
  NotebookInstanceName,
  NotebookInstanceArn: `arn:aws:sagemaker:eu-west-1:210987654321:notebook-instance/${NotebookInstanceName}`,
  NotebookInstanceStatus: 'InService' as const,
  InstanceType: 'ml.g4dn.xlarge' as const,
  CreationTime: new Date('2025-03-01T10:00:00Z'),
  LastModifiedTime: new Date('2026-11-13T16:20:00Z'),
});

describe('the notebook instances of a region', () => {
  it('are those in service on all pages, since they were started', async () => {
    sageMaker
      .on(ListNotebookInstancesCommand)
      .resolvesOnce({ NotebookInstances: [notebook('explore')], NextToken: 'more' })
      .resolvesOnce({ NotebookInstances: [notebook('train')] });
    expect(await getNotebooks(new SageMakerClient({}))).toMatchObject([
      {
        name: 'explore',
        arn: 'arn:aws:sagemaker:eu-west-1:210987654321:notebook-instance/explore',
        instanceType: 'ml.g4dn.xlarge',
        startedAt: '2026-11-13T16:20:00Z',
      },
      { name: 'train' },
    ]);
    expect(sageMaker).toHaveReceivedNthCommandWith(ListNotebookInstancesCommand, 2, {
      StatusEquals: 'InService',
      NextToken: 'more',
    });
  });

  it('are none where there is none', async () => {
    sageMaker.on(ListNotebookInstancesCommand).resolves({});
    expect(await getNotebooks(new SageMakerClient({}))).toEqual([]);
  });
});
