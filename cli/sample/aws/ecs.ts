import type {
  DescribeServicesCommandInput,
  DescribeServicesCommandOutput,
  DescribeTaskDefinitionCommandInput,
  DescribeTaskDefinitionCommandOutput,
  Service,
  TagResourceCommandInput,
  TagResourceCommandOutput,
  UntagResourceCommandInput,
  UntagResourceCommandOutput,
  UpdateServiceCommandInput,
  UpdateServiceCommandOutput,
} from '@aws-sdk/client-ecs';
import type { ServiceSpec } from '../container-spec.ts';
import { type SampleService, setDesired, tasksOf } from '../containers.ts';
import { placeOf } from '../fleet.ts';
import { targetGroup } from '../metrics/ecs.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const ecs = {
  DescribeServices: describeServices,
  DescribeTaskDefinition: describeTaskDefinition,
  UpdateService: updateService,
  TagResource: tagResource,
  UntagResource: untagResource,
};

type Place = Pick<Caller, 'account' | 'region'>;

const arnOf = ({ account, region }: Place, resource: string): string =>
  `arn:aws:ecs:${region}:${account}:${resource}`;

export const serviceArn = (place: Place, { cluster, name }: Pick<ServiceSpec, 'cluster' | 'name'>): string =>
  arnOf(place, `service/${cluster}/${name}`);

const servicesAt = ({ sample, account, region }: Caller): SampleService[] =>
  (sample.services.get(placeOf(account, region))?.ecs ?? []).filter(({ spec }) => spec.created <= sample.now);

function describeServices(
  { cluster = 'default', services: names = [], include = [] }: DescribeServicesCommandInput,
  caller: Caller,
): Reply<DescribeServicesCommandOutput> {
  if (names.length < 1 || names.length > 10) {
    throw awsError('InvalidParameterException', 'Service names should have 1 to 10 elements.');
  }
  const here = servicesAt(caller).filter(({ spec }) => spec.cluster === cluster);
  if (here.length === 0) throw awsError('ClusterNotFoundException', 'Cluster not found.');
  const found = here.filter(({ spec }) => names.includes(spec.name));
  const missing = names.filter((name) => !found.some(({ spec }) => spec.name === name));
  return {
    services: found.map((service) => toService(service, caller, include.includes('TAGS'))),
    failures: missing.map((name) => ({ arn: serviceArn(caller, { cluster, name }), reason: 'MISSING' })),
  };
}

function toService(service: SampleService, caller: Caller, withTags: boolean): Service {
  const { spec, tags, desired } = service;
  const { running, pending } = tasksOf(service, caller.sample.now);
  const { cluster, name } = spec;
  const taskDefinition = taskDefinitionArn(caller, spec);
  return {
    serviceName: name,
    serviceArn: serviceArn(caller, spec),
    clusterArn: arnOf(caller, `cluster/${cluster}`),
    status: 'ACTIVE',
    desiredCount: desired,
    runningCount: running,
    pendingCount: pending,
    launchType: spec.launch,
    schedulingStrategy: spec.daemon ? 'DAEMON' : 'REPLICA',
    ...(spec.express && { resourceManagementType: 'ECS' as const }),
    deploymentController: { type: 'ECS' },
    taskDefinition,
    createdAt: new Date(spec.created),
    loadBalancers: spec.requests
      ? [
          {
            targetGroupArn: `arn:aws:elasticloadbalancing:${caller.region}:${caller.account}:${targetGroup(name)}`,
            containerName: name,
            containerPort: 8080,
          },
        ]
      : [],
    deployments: [
      {
        id: `ecs-svc/${name}`,
        status: 'PRIMARY',
        taskDefinition,
        desiredCount: desired,
        runningCount: running,
        pendingCount: pending,
        rolloutState: spec.deploying ? 'IN_PROGRESS' : 'COMPLETED',
      },
    ],
    ...(withTags && { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) }),
  };
}

const taskDefinitionArn = (place: Place, { cluster, name }: ServiceSpec): string =>
  arnOf(place, `task-definition/${cluster}-${name}:7`);

function describeTaskDefinition(
  { taskDefinition = '' }: DescribeTaskDefinitionCommandInput,
  caller: Caller,
): Reply<DescribeTaskDefinitionCommandOutput> {
  const service = servicesAt(caller).find(({ spec }) => taskDefinitionArn(caller, spec) === taskDefinition);
  if (!service) throw awsError('ClientException', 'Unable to describe task definition.');
  const { name, gpus } = service.spec;
  return {
    taskDefinition: {
      taskDefinitionArn: taskDefinition,
      cpu: '1024',
      memory: '4096',
      containerDefinitions: [
        {
          name,
          essential: true,
          ...(gpus > 0 && { resourceRequirements: [{ type: 'GPU' as const, value: String(gpus) }] }),
        },
      ],
    },
  };
}

function updateService(
  { cluster = 'default', service: name, desiredCount }: UpdateServiceCommandInput,
  caller: Caller,
): Reply<UpdateServiceCommandOutput> {
  const service = servicesAt(caller).find(({ spec }) => spec.cluster === cluster && spec.name === name);
  if (!service) throw awsError('ServiceNotFoundException', 'Service not found.');
  if (desiredCount !== undefined) {
    if (service.spec.daemon) {
      const message = 'The daemon scheduling strategy does not support a desired count for services.';
      throw awsError('InvalidParameterException', message);
    }
    setDesired(service, desiredCount, caller.sample.now);
  }
  return { service: toService(service, caller, false) };
}

function taggable(caller: Caller, arn: string | undefined): SampleService {
  const service = servicesAt(caller).find(({ spec }) => serviceArn(caller, spec) === arn);
  if (!service) throw awsError('InvalidParameterException', 'The specified service is not found.');
  return service;
}

function tagResource(
  { resourceArn, tags = [] }: TagResourceCommandInput,
  caller: Caller,
): Reply<TagResourceCommandOutput> {
  const service = taggable(caller, resourceArn);
  for (const { key = '', value = '' } of tags) service.tags[key] = value;
  return {};
}

function untagResource(
  { resourceArn, tagKeys = [] }: UntagResourceCommandInput,
  caller: Caller,
): Reply<UntagResourceCommandOutput> {
  const service = taggable(caller, resourceArn);
  for (const key of tagKeys) delete service.tags[key];
  return {};
}
