import { DescribeServicesCommand, ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { awsError } from '../../cli/sample/sample.ts';
import { getServices, serviceIdOf, startServices, stopServices } from '../../shared/aws/ecs.ts';
import type { Schedulable } from '../../shared/schedule/schedulable.ts';
import { clearedStart, clearedStop } from '../support/cleared.ts';

const ecs = mockClient(ECSClient);
const client = new ECSClient({ region: 'eu-west-1' });
beforeEach(() => void ecs.reset());

const arn = (group: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:210987654321:targetgroup/${group}/0123456789abcdef`;

const described = (changes: object = {}) => ({
  serviceName: 'api',
  clusterArn: 'arn:aws:ecs:eu-west-1:210987654321:cluster/lab',
  status: 'ACTIVE',
  desiredCount: 2,
  runningCount: 2,
  pendingCount: 0,
  taskDefinition: 'arn:aws:ecs:eu-west-1:210987654321:task-definition/api:7',
  ...changes,
});

const read = async (changes: object) => {
  ecs.on(DescribeServicesCommand).resolves({ services: [described(changes) as never] });
  const [service] = await getServices(client, ['lab/api']);
  return service;
};

const subject = (id: string): Schedulable => ({
  kind: 'ecs-service',
  account: '210987654321',
  region: 'eu-west-1',
  id,
  name: id,
  type: 'FARGATE',
  tags: {},
  state: 'running',
});

const stopped = (id: string): Schedulable => ({ ...subject(id), state: 'stopped' });

describe('ECS services', () => {
  it('are named by their cluster and themselves', () => {
    expect(serviceIdOf('arn:aws:ecs:eu-west-1:210987654321:service/lab/api')).toBe('lab/api');
  });

  it('are asked for by cluster', async () => {
    ecs.on(DescribeServicesCommand).resolves({ services: [] });
    await getServices(client, ['lab/api', 'prod/web', 'lab/worker']);
    expect(ecs.commandCalls(DescribeServicesCommand).map(({ args: [{ input }] }) => input)).toEqual([
      { cluster: 'lab', services: ['api', 'worker'], include: ['TAGS'] },
      { cluster: 'prod', services: ['web'], include: ['TAGS'] },
    ]);
  });

  it.each([
    ['a second deployment', { deployments: [{ status: 'PRIMARY' }, { status: 'ACTIVE' }] }],
    ['one that is not over', { deployments: [{ status: 'PRIMARY', rolloutState: 'IN_PROGRESS' }] }],
    [
      "CodeDeploy's second task set",
      {
        taskSets: [
          { status: 'PRIMARY', taskDefinition: 'a:1' },
          { status: 'ACTIVE', taskDefinition: 'a:2' },
        ],
      },
    ],
    [
      'a task set that is not steady',
      { taskSets: [{ status: 'PRIMARY', taskDefinition: 'a:1', stabilityStatus: 'STABILIZING' }] },
    ],
  ])('are being deployed with %s', async (_, changes) => {
    expect(await read(changes)).toMatchObject({ isDeploying: true });
  });

  it('are not being deployed once a deployment is over', async () => {
    expect(await read({ deployments: [{ status: 'PRIMARY', rolloutState: 'COMPLETED' }] })).toMatchObject({
      isDeploying: false,
      isDaemon: false,
      isExpress: false,
      launchType: 'unknown',
      balancers: [],
    });
  });

  it('may be served by either of two target groups, and by none of a Classic Load Balancer', async () => {
    const blueGreen = {
      targetGroupArn: arn('blue'),
      advancedConfiguration: { alternateTargetGroupArn: arn('green') },
    };
    const found = await read({ loadBalancers: [blueGreen, { loadBalancerName: 'classic' }] });
    expect(found?.balancers).toEqual([
      ['targetgroup/blue/0123456789abcdef', 'targetgroup/green/0123456789abcdef'],
      [],
    ]);
  });

  it('are what their primary task set is, where a controller of its own deploys them', async () => {
    const primary = {
      status: 'PRIMARY',
      taskDefinition: 'api:9',
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT' }],
      loadBalancers: [{ targetGroupArn: arn('green') }],
    };
    const changes = { taskDefinition: undefined, loadBalancers: [{ targetGroupArn: arn('blue') }] };
    expect(await read({ ...changes, taskSets: [primary] })).toMatchObject({
      taskDefinition: 'api:9',
      launchType: 'FARGATE_SPOT',
      balancers: [['targetgroup/green/0123456789abcdef']],
    });
  });
});

describe('the count of ECS services', () => {
  it('is given back as it was stored, and where nothing is, left as it is', async () => {
    ecs.on(UpdateServiceCommand).resolves({});
    const starts = [
      clearedStart(stopped('lab/api'), { desiredCount: 4 }),
      clearedStart(stopped('lab/web'), { desiredCount: 0 }),
      clearedStart(stopped('lab/worker')),
    ];
    expect((await startServices(client, starts)).map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      'lab/api done',
      'lab/web refused',
      'lab/worker refused',
    ]);
    expect(ecs.commandCalls(UpdateServiceCommand).map(({ args: [{ input }] }) => input)).toEqual([
      { cluster: 'lab', service: 'api', desiredCount: 4 },
    ]);
  });

  it.each([
    ['InvalidParameterException', 'refused'],
    ['ServiceNotFoundException', 'gone'],
    ['ServiceNotActiveException', 'gone'],
    ['AccessDeniedException', 'failed'],
    ['ClientException', 'failed'],
  ])('that AWS answers with %s is %s, and the next one is set', async (code, outcome) => {
    ecs.on(DescribeServicesCommand).resolves({ services: [described() as never] });
    ecs
      .on(UpdateServiceCommand)
      .resolves({})
      .on(UpdateServiceCommand, { service: 'api' })
      .rejects(awsError(code, 'No.'));
    const stops = [clearedStop(subject('lab/api')), clearedStop(subject('lab/web'))];
    expect(await stopServices(client, stops)).toMatchObject([
      { id: 'lab/api', outcome, code },
      { id: 'lab/web', outcome: 'done' },
    ]);
  });

  it('costs no call where there is nothing to set', async () => {
    expect(await stopServices(client, [])).toEqual([]);
    expect(ecs.calls()).toEqual([]);
  });
});
