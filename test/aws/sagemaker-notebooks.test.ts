import {
  ListNotebookInstancesCommand,
  type NotebookInstanceStatus,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getNotebooks } from '../../shared/aws/sagemaker-notebooks.ts';

const sageMaker = mockClient(SageMakerClient);

beforeEach(() => sageMaker.reset());

const notebook = (
  NotebookInstanceName: string,
  NotebookInstanceStatus: NotebookInstanceStatus = 'InService',
) => ({
  NotebookInstanceName,
  NotebookInstanceArn: `arn:aws:sagemaker:eu-west-1:210987654321:notebook-instance/${NotebookInstanceName}`,
  NotebookInstanceStatus,
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
        status: 'InService',
        startedAt: '2026-11-13T16:20:00Z',
      },
      { name: 'train' },
    ]);
    expect(sageMaker).toHaveReceivedNthCommandWith(ListNotebookInstancesCommand, 2, {
      NextToken: 'more',
    });
  });

  it('are those in maintenance too, of which nobody knows since when they are up, and none that was stopped', async () => {
    sageMaker.on(ListNotebookInstancesCommand).resolves({
      NotebookInstances: [
        notebook('waiting', 'PendingMaintenance'),
        notebook('patched', 'InMaintenance'),
        ...(['Pending', 'Stopping', 'Stopped', 'Failed', 'Deleting', 'Updating'] as const).map((status) =>
          notebook(status, status),
        ),
      ],
    });
    const notebooks = await getNotebooks(new SageMakerClient({}));
    expect(notebooks.map(({ name, status, startedAt }) => [name, status, startedAt])).toEqual([
      ['waiting', 'PendingMaintenance', undefined],
      ['patched', 'InMaintenance', undefined],
    ]);
  });

  it('are none where there is none', async () => {
    sageMaker.on(ListNotebookInstancesCommand).resolves({});
    expect(await getNotebooks(new SageMakerClient({}))).toEqual([]);
  });
});
