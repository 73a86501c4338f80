import {
  ApplicationAutoScalingClient,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateClusterCommand as CreateEksClusterCommand,
  CreateNodegroupCommand,
  EKSClient,
} from '@aws-sdk/client-eks';
import { beforeAll, describe, expect, it } from 'vitest';
import { getServiceScaling } from '../../shared/aws/application-auto-scaling.ts';
import { createClient } from '../../shared/aws/client.ts';
import {
  getServices,
  serviceIdOf,
  startServices,
  stopServices,
  usesAccelerators,
} from '../../shared/aws/ecs.ts';
import { getNodegroups, nodegroupIdOf, startNodegroups, stopNodegroups } from '../../shared/aws/eks.ts';
import type { EcsService } from '../../shared/compute/ecs-service.ts';
import type { EksNodegroup } from '../../shared/compute/eks-nodegroup.ts';
import { schedulableService } from '../../shared/schedule/kinds/ecs-service.ts';
import { schedulableNodegroup } from '../../shared/schedule/kinds/eks-nodegroup.ts';
import { clearedStart, clearedStop } from '../support/cleared.ts';
import { emptyEmulator } from './emulator.ts';

const target = { account: '123456789012', region: 'eu-west-1' };
const { region } = target;

beforeAll(emptyEmulator);

describe('ECS services, over the wire', () => {
  const client = createClient(ECSClient, { region });
  const scaling = createClient(ApplicationAutoScalingClient, { region });
  let id: string;
  let gpuTasks: string;

  beforeAll(async () => {
    await client.send(new CreateClusterCommand({ clusterName: 'lab' }));
    const { taskDefinition } = await client.send(
      new RegisterTaskDefinitionCommand({
        family: 'trainer',
        containerDefinitions: [
          {
            name: 'trainer',
            image: 'trainer',
            memory: 512,
            resourceRequirements: [{ type: 'GPU', value: '1' }],
          },
        ],
      }),
    );
    gpuTasks = taskDefinition?.taskDefinitionArn ?? '';
    await client.send(
      new RegisterTaskDefinitionCommand({
        family: 'api',
        containerDefinitions: [{ name: 'api', image: 'api', memory: 512 }],
      }),
    );
    const { service } = await client.send(
      new CreateServiceCommand({
        cluster: 'lab',
        serviceName: 'api',
        taskDefinition: 'api',
        desiredCount: 3,
        launchType: 'FARGATE',
        tags: [{ key: 'auto-stop', value: 'office-hours' }],
      }),
    );
    id = serviceIdOf(service?.serviceArn ?? '');
    await scaling.send(
      new RegisterScalableTargetCommand({
        ServiceNamespace: 'ecs',
        ResourceId: 'service/lab/api',
        ScalableDimension: 'ecs:service:DesiredCount',
        MinCapacity: 2,
        MaxCapacity: 6,
        SuspendedState: { DynamicScalingInSuspended: true },
      }),
    );
  });

  const described = async (): Promise<EcsService> => {
    const [service] = await getServices(client, [id]);
    if (!service) throw new Error(`No service ${id}`);
    return service;
  };

  /** The emulator runs no task, and so never comes to the end of a deployment. */
  const running = async () => ({
    ...schedulableService(await described(), target),
    state: 'running' as const,
    refusal: undefined,
  });

  it('are described with their tags, and what does not exist is left out', async () => {
    expect(await getServices(client, [id, 'lab/nothing'])).toMatchObject([
      {
        cluster: 'lab',
        name: 'api',
        desiredCount: 3,
        tags: { 'auto-stop': 'office-hours' },
        isDaemon: false,
      },
    ]);
  });

  it('are told by their task definitions whether they work on GPUs', async () => {
    expect(await usesAccelerators(client, gpuTasks)).toBe(true);
    expect(await usesAccelerators(client, (await described()).taskDefinition)).toBe(false);
  });

  it('are told by Application Auto Scaling how far they may fall', async () => {
    expect(await getServiceScaling(scaling, [id, 'lab/nothing'])).toEqual(
      new Map([[id, { minCapacity: 2, isSuspended: false }]]),
    );
  });

  it('are left alone while their first deployment lasts', async () => {
    expect(schedulableService(await described(), target)).toMatchObject({
      state: 'starting',
      refusal: { code: 'pending' },
    });
  });

  it('go down to no task and come back with the count they had', async () => {
    expect(await stopServices(client, [clearedStop(await running())])).toEqual([{ id, outcome: 'done' }]);
    expect(await described()).toMatchObject({ desiredCount: 0 });
    const stopped = { ...(await running()), state: 'stopped' as const };
    expect(await startServices(client, [clearedStart(stopped)])).toMatchObject([
      { id, outcome: 'refused', code: 'NothingToRestore' },
    ]);
    const start = clearedStart(stopped, { desiredCount: 3 });
    expect(await startServices(client, [start])).toEqual([{ id, outcome: 'done' }]);
    expect(await described()).toMatchObject({ desiredCount: 3 });
  });

  it('that are gone spoil nothing', async () => {
    const gone = { ...(await running()), id: 'lab/gone' };
    expect(await stopServices(client, [clearedStop(gone), clearedStop(await running())])).toMatchObject([
      { id: 'lab/gone', outcome: 'gone' },
      { id, outcome: 'done' },
    ]);
  });
});

describe('EKS node groups, over the wire', () => {
  const client = createClient(EKSClient, { region });
  let id: string;

  beforeAll(async () => {
    await client.send(
      new CreateEksClusterCommand({
        name: 'research',
        roleArn: 'arn:aws:iam::123456789012:role/eks',
        resourcesVpcConfig: { subnetIds: ['subnet-1', 'subnet-2'] },
      }),
    );
    const { nodegroup } = await client.send(
      new CreateNodegroupCommand({
        clusterName: 'research',
        nodegroupName: 'workers',
        subnets: ['subnet-1'],
        nodeRole: 'arn:aws:iam::123456789012:role/nodes',
        scalingConfig: { minSize: 1, maxSize: 5, desiredSize: 2 },
        taints: [{ key: 'team', value: 'nlp', effect: 'NO_SCHEDULE' }],
        tags: { 'auto-stop': 'office-hours' },
      }),
    );
    id = nodegroupIdOf(nodegroup?.nodegroupArn ?? '');
  });

  const described = async (): Promise<EksNodegroup> => {
    const [nodegroup] = await getNodegroups(client, [id]);
    if (!nodegroup) throw new Error(`No node group ${id}`);
    return nodegroup;
  };

  /** The emulator launches no node. */
  const seen = async (state: 'running' | 'stopped') => {
    const candidate = { nodegroup: await described(), nodes: [], facts: new Map(), instanceStoreTag: '' };
    return { ...schedulableNodegroup(candidate, target), state };
  };

  it('are described with their tags, and what does not exist is left out', async () => {
    expect(await getNodegroups(client, [id, 'research/nothing'])).toMatchObject([
      {
        cluster: 'research',
        name: 'workers',
        status: 'ACTIVE',
        capacityType: 'ON_DEMAND',
        sizes: { minSize: 1, maxSize: 5, desiredSize: 2 },
        taints: ['team'],
        tags: { 'auto-stop': 'office-hours' },
      },
    ]);
  });

  it('go down to no node, keep their largest size, and come back with the sizes they had', async () => {
    const running = await seen('running');
    expect(await stopNodegroups(client, [clearedStop(running)])).toEqual([{ id, outcome: 'done' }]);
    expect((await described()).sizes).toEqual({ minSize: 0, maxSize: 5, desiredSize: 0 });
    const start = clearedStart(await seen('stopped'), running.restore);
    expect(await startNodegroups(client, [start])).toEqual([{ id, outcome: 'done' }]);
    expect((await described()).sizes).toEqual({ minSize: 1, maxSize: 5, desiredSize: 2 });
  });

  it('that are gone spoil nothing', async () => {
    const gone = { ...(await seen('running')), id: 'research/gone' };
    const stops = [clearedStop(gone), clearedStop(await seen('running'))];
    expect(await stopNodegroups(client, stops)).toMatchObject([
      { id: 'research/gone', outcome: 'gone' },
      { id, outcome: 'done' },
    ]);
  });
});
