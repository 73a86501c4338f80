import { DescribeNodegroupCommand, EKSClient, UpdateNodegroupConfigCommand } from '@aws-sdk/client-eks';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { awsError } from '../../cli/sample/sample.ts';
import { getNodegroups, nodegroupIdOf, startNodegroups, stopNodegroups } from '../../shared/aws/eks.ts';
import type { Schedulable } from '../../shared/schedule/schedulable.ts';
import { clearedStart, clearedStop } from '../support/cleared.ts';

const eks = mockClient(EKSClient);
const client = new EKSClient({ region: 'eu-west-1' });
beforeEach(() => void eks.reset());

const nodegroup = (changes: object = {}) => ({
  nodegroupName: 'workers',
  clusterName: 'lab',
  status: 'ACTIVE',
  scalingConfig: { minSize: 1, maxSize: 5, desiredSize: 2 },
  ...changes,
});

const describes = (changes: object = {}) =>
  eks.on(DescribeNodegroupCommand).resolves({ nodegroup: nodegroup(changes) as never });

const running: Schedulable = {
  kind: 'eks-nodegroup',
  account: '210987654321',
  region: 'eu-west-1',
  id: 'lab/workers',
  name: 'workers',
  type: '2 x m6i.xlarge',
  tags: {},
  state: 'running',
};

const stopOf = async (code: string, changes: object = {}) => {
  describes(changes);
  eks.on(UpdateNodegroupConfigCommand).rejects(awsError(code, 'No.'));
  return (await stopNodegroups(client, [clearedStop(running)]))[0];
};

describe('EKS node groups', () => {
  it('are named by their cluster and themselves', () => {
    const arn =
      'arn:aws:eks:eu-west-1:210987654321:nodegroup/lab/workers/8ac1d2e3-0f11-4f6c-9d3e-0c5b1f7a9e21';
    expect(nodegroupIdOf(arn)).toBe('lab/workers');
  });

  it('are told whole where EKS leaves out what they have none of', async () => {
    describes({ instanceTypes: null });
    expect(await getNodegroups(client, ['lab/workers'])).toEqual([
      {
        cluster: 'lab',
        name: 'workers',
        tags: {},
        status: 'ACTIVE',
        capacityType: 'ON_DEMAND',
        sizes: { minSize: 1, maxSize: 5, desiredSize: 2 },
        instanceTypes: [],
        taints: [],
        hasWarmPool: false,
        issues: [],
      },
    ]);
  });

  it('are other than what is known where EKS says something new', async () => {
    describes({ status: 'PONDERING', capacityType: 'BORROWED' });
    expect(await getNodegroups(client, ['lab/workers'])).toMatchObject([
      { status: 'other', capacityType: 'other' },
    ]);
  });

  it('are told all or not at all: an error is no absence', async () => {
    eks.on(DescribeNodegroupCommand).rejects(awsError('ServerException', 'Later.'));
    await expect(getNodegroups(client, ['lab/workers'])).rejects.toThrow('Later.');
  });
});

describe('the sizes of EKS node groups', () => {
  it.each([
    ['InvalidRequestException', {}, 'refused'],
    ['InvalidParameterException', {}, 'refused'],
    ['ResourceInUseException', { status: 'UPDATING' }, 'left'],
    ['ResourceNotFoundException', {}, 'gone'],
    ['AccessDeniedException', {}, 'failed'],
    ['InternalFailure', { scalingConfig: { minSize: 0, maxSize: 5, desiredSize: 0 } }, 'done'],
  ])('that EKS answers with %s, %o are %s', async (code, changes, outcome) => {
    expect(await stopOf(code, changes)).toMatchObject({ id: 'lab/workers', outcome });
  });

  it.each([
    [{ minSize: 1, maxSize: 5, desiredSize: 2 }, 'done'],
    [{ minSize: 1, maxSize: 5 }, 'refused'],
    [undefined, 'refused'],
  ])('stored as %o make a start that is %s', async (restore, outcome) => {
    eks.on(UpdateNodegroupConfigCommand).resolves({});
    const start = clearedStart({ ...running, state: 'stopped' }, restore);
    expect(await startNodegroups(client, [start])).toMatchObject([{ id: 'lab/workers', outcome }]);
    expect(eks.commandCalls(UpdateNodegroupConfigCommand)).toHaveLength(outcome === 'done' ? 1 : 0);
  });
});
