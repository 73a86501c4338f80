import {
  type AppDetails,
  DescribeAppCommand,
  ListAppsCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getStudioApps } from '../../shared/aws/sagemaker-apps.ts';

const sageMaker = mockClient(SageMakerClient);
const client = new SageMakerClient({});

beforeEach(() => {
  sageMaker.reset();
  sageMaker.on(DescribeAppCommand).resolves({});
});

const app = (given: Partial<AppDetails> = {}): AppDetails => ({
  DomainId: 'd-1',
  SpaceName: 'recsys',
  AppType: 'JupyterLab',
  AppName: 'default',
  Status: 'InService',
  CreationTime: new Date('2026-11-01T08:00:00Z'),
  ResourceSpec: { InstanceType: 'ml.g5.xlarge' },
  ...given,
});

const idsOf = async () => (await getStudioApps(client)).apps.map(({ id }) => id);

describe('the Studio apps of a region', () => {
  it('come with their owner and the last activity', async () => {
    sageMaker.on(ListAppsCommand).resolves({ Apps: [app()] });
    sageMaker.on(DescribeAppCommand).resolves({
      AppArn: 'arn:aws:sagemaker:eu-west-1:210987654321:app/d-1/recsys/JupyterLab/default',
      LastHealthCheckTimestamp: new Date('2026-11-16T06:04:00.120Z'),
      LastUserActivityTimestamp: new Date('2026-11-12T17:40:00Z'),
    });
    expect(await getStudioApps(client)).toEqual({
      apps: [
        {
          id: 'd-1/space/recsys/JupyterLab/default',
          arn: 'arn:aws:sagemaker:eu-west-1:210987654321:app/d-1/recsys/JupyterLab/default',
          domainId: 'd-1',
          ownerKind: 'space',
          owner: 'recsys',
          appType: 'JupyterLab',
          instanceType: 'ml.g5.xlarge',
          createdAt: '2026-11-01T08:00:00Z',
          checkedAt: '2026-11-16T06:04:00Z',
          activeAt: '2026-11-12T17:40:00Z',
        },
      ],
      faults: [],
    });
    expect(sageMaker).toHaveReceivedCommandWith(DescribeAppCommand, {
      DomainId: 'd-1',
      SpaceName: 'recsys',
      AppType: 'JupyterLab',
      AppName: 'default',
    });
  });

  it('are those in service on all pages', async () => {
    sageMaker
      .on(ListAppsCommand)
      .resolvesOnce({ Apps: [app(), app({ SpaceName: 'old', Status: 'Deleted' })], NextToken: 'more' })
      .resolvesOnce({ Apps: [app({ SpaceName: 'nlp' }), app({ SpaceName: 'new', Status: 'Pending' })] });
    expect(await idsOf()).toEqual([
      'd-1/space/recsys/JupyterLab/default',
      'd-1/space/nlp/JupyterLab/default',
    ]);
  });

  it.each<[string, Partial<AppDetails>, string | undefined]>([
    [
      'none on the free system instance',
      { AppType: 'JupyterServer', ResourceSpec: { InstanceType: 'system' } },
      undefined,
    ],
    ['none that has no instance', { AppType: 'Canvas', ResourceSpec: undefined }, undefined],
    [
      'a kernel on what it calls system',
      { AppType: 'KernelGateway', ResourceSpec: { InstanceType: 'system' } },
      'ml.t3.medium',
    ],
    ['one whose type nothing tells', { ResourceSpec: undefined }, ''],
  ])('are those that cost something: %s', async (_, given, type) => {
    sageMaker.on(ListAppsCommand).resolves({ Apps: [app(given)] });
    const { apps } = await getStudioApps(client);
    expect(apps.map(({ instanceType }) => instanceType)).toEqual(type === undefined ? [] : [type]);
  });

  it('may belong to a user', async () => {
    const classic: Partial<AppDetails> = {
      AppType: 'KernelGateway',
      AppName: 'gpu-kernel',
      UserProfileName: 'ana',
    };
    sageMaker.on(ListAppsCommand).resolves({ Apps: [{ ...app(classic), SpaceName: undefined }] });
    expect(await idsOf()).toEqual(['d-1/user/ana/KernelGateway/gpu-kernel']);
    expect(sageMaker).toHaveReceivedCommandWith(DescribeAppCommand, { UserProfileName: 'ana' });
  });

  it('stay with their fault where they cannot be described, unless they are gone', async () => {
    sageMaker
      .on(ListAppsCommand)
      .resolves({ Apps: [app(), app({ SpaceName: 'gone' }), app({ SpaceName: 'nlp' })] });
    sageMaker.on(DescribeAppCommand, { SpaceName: 'nlp' }).rejects(new Error('Rate exceeded'));
    sageMaker
      .on(DescribeAppCommand, { SpaceName: 'gone' })
      .rejects(Object.assign(new Error('App does not exist'), { name: 'ResourceNotFound' }));
    const { apps, faults } = await getStudioApps(client);
    expect(apps.map(({ owner, fault }) => [owner, fault])).toEqual([
      ['recsys', undefined],
      ['nlp', 'Rate exceeded'],
    ]);
    expect(faults).toEqual([{ what: 'the activity of 1 Studio app (DescribeApp)', why: 'Rate exceeded' }]);
  });

  it('throw where they cannot be listed', async () => {
    sageMaker.on(ListAppsCommand).rejects(new Error('No permission'));
    await expect(getStudioApps(client)).rejects.toThrow('No permission');
  });
});
