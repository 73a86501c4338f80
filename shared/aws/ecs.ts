import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import { type EcsService, serviceId } from '../compute/ecs-service.ts';
import type { ClearedStart, ClearedStop } from '../schedule/clearance.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import { changeEach } from './change-each.ts';
import type { Changed } from './change-outcome.ts';
import type { PowerOptions } from './power.ts';
import { restored } from './restored.ts';
import { untilThrottled } from './throttling.ts';
import { sharedBucket } from './token-bucket.ts';

const loadBalancer = z.object({
  targetGroupArn: z.string().optional(),
  loadBalancerName: z.string().optional(),
  advancedConfiguration: z.object({ alternateTargetGroupArn: z.string().optional() }).optional(),
});

const providers = z.array(z.object({ capacityProvider: z.string() })).default([]);

const described = z.object({
  serviceName: z.string(),
  clusterArn: z.string(),
  status: z.enum(['ACTIVE', 'DRAINING', 'INACTIVE']),
  desiredCount: z.number(),
  runningCount: z.number(),
  pendingCount: z.number(),
  schedulingStrategy: z.string().default('REPLICA'), // services of before there was another
  resourceManagementType: z.string().optional(),
  launchType: z.string().optional(),
  capacityProviderStrategy: providers,
  taskDefinition: z.string().optional(), // of an external controller's service its task sets have it
  loadBalancers: z.array(loadBalancer).default([]),
  deployments: z.array(z.object({ status: z.string(), rolloutState: z.string().optional() })).default([]),
  taskSets: z
    .array(
      z.object({
        status: z.string(),
        stabilityStatus: z.string().optional(),
        taskDefinition: z.string(),
        launchType: z.string().optional(),
        capacityProviderStrategy: providers,
        loadBalancers: z.array(loadBalancer).default([]),
      }),
    )
    .default([]),
  tags: z
    .array(z.object({ key: z.string(), value: z.string() }))
    .default([])
    .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, value]))),
});

type Described = z.infer<typeof described>;

const answer = z.object({ services: z.array(described).default([]) });

/** What DescribeServices takes in one call. */
const servicesPerCall = 10;

/** The services of these ids (`main/api`), their tags with them; one that ECS doesn't know is absent. */
export async function getServices(client: ECSClient, ids: readonly string[]): Promise<EcsService[]> {
  const services: EcsService[] = [];
  for (const [cluster, own] of Map.groupBy(ids.map(partsOf), ([cluster]) => cluster)) {
    for (const some of inBatches(own, servicesPerCall)) {
      const names = some.map(([, name]) => name);
      const command = new DescribeServicesCommand({ cluster, services: names, include: ['TAGS'] });
      services.push(...answer.parse(await client.send(command)).services.map(toService));
    }
  }
  return services;
}

function partsOf(id: string): [cluster: string, name: string] {
  const [cluster = '', name = ''] = id.split('/');
  return [cluster, name];
}

/** `main/api` of `arn:aws:ecs:eu-west-1:123456789012:service/main/api`. Only what has its cluster in its ARN can have tags. */
export const serviceIdOf = (arn: string): string => arn.slice(arn.indexOf('/') + 1);

function toService(service: Described): EcsService {
  const { serviceName, clusterArn, status, desiredCount, runningCount, pendingCount, tags } = service;
  const primary = service.taskSets.find((set) => set.status === 'PRIMARY');
  const { launchType, capacityProviderStrategy } = primary ?? service;
  const names = capacityProviderStrategy.map(({ capacityProvider }) => capacityProvider);
  return {
    cluster: clusterArn.slice(clusterArn.lastIndexOf('/') + 1),
    name: serviceName,
    tags,
    status,
    desiredCount,
    runningCount,
    pendingCount,
    isDaemon: service.schedulingStrategy === 'DAEMON',
    isExpress: service.resourceManagementType === 'ECS',
    isDeploying: isDeploying(service),
    launchType: launchType ?? (names.join(', ') || 'unknown'),
    taskDefinition: primary?.taskDefinition ?? service.taskDefinition ?? '',
    balancers: (primary ?? service).loadBalancers.map(targetGroupsOf),
  };
}

/** Of a rolling or blue/green deployment the service tells, of CodeDeploy's and of an external controller's its task sets. */
const isDeploying = ({ deployments, taskSets }: Described): boolean =>
  deployments.length > 1 ||
  deployments.some(({ rolloutState }) => rolloutState === 'IN_PROGRESS') ||
  taskSets.length > 1 ||
  taskSets.some(({ stabilityStatus }) => stabilityStatus === 'STABILIZING');

/** The group that takes the requests, and the one that takes its place; of a Classic Load Balancer there is none. */
const targetGroupsOf = ({ targetGroupArn, advancedConfiguration }: z.infer<typeof loadBalancer>): string[] =>
  [targetGroupArn, advancedConfiguration?.alternateTargetGroupArn].flatMap((arn) =>
    arn === undefined ? [] : arn.slice(arn.lastIndexOf(':') + 1),
  );

const definition = z.object({
  taskDefinition: z.object({
    containerDefinitions: z
      .array(
        z.object({
          resourceRequirements: z.array(z.object({ type: z.string() })).default([]),
          linuxParameters: z
            .object({ devices: z.array(z.object({ hostPath: z.string() })).default([]) })
            .optional(),
        }),
      )
      .default([]),
  }),
});

/** A revision never changes: each is asked for once a process. */
const knownDefinitions = new Map<string, boolean>();

/**
 * Whether the tasks of a revision work on accelerators: GPUs they request, NeuronCores they have as devices (ECS developer
 * guide: task definitions for GPU workloads, for machine learning inference).
 */
export async function usesAccelerators(client: ECSClient, taskDefinition: string): Promise<boolean> {
  const known = knownDefinitions.get(taskDefinition);
  if (known !== undefined) return known;
  const command = new DescribeTaskDefinitionCommand({ taskDefinition });
  const { containerDefinitions } = definition.parse(await client.send(command)).taskDefinition;
  const uses = containerDefinitions.some(
    ({ resourceRequirements, linuxParameters }) =>
      resourceRequirements.some(({ type }) => type === 'GPU' || type === 'InferenceAccelerator') ||
      linuxParameters?.devices.some(({ hostPath }) => /^\/dev\/(neuron|nvidia)/.test(hostPath)),
  );
  knownDefinitions.set(taskDefinition, uses);
  return uses;
}

/** Takes services that the last gate has cleared down to no task; with `startServices` the only caller of UpdateService. */
export const stopServices = (
  client: ECSClient,
  stops: readonly ClearedStop[],
  options: PowerOptions = {},
): Promise<Changed[]> =>
  setCounts(
    client,
    stops.map(({ subject }) => ({ subject, id: subject.id, desiredCount: 0 })),
    options,
  );

/** Gives services that the last gate has cleared the count back that they had; without it they are left as they are. */
export async function startServices(
  client: ECSClient,
  starts: readonly ClearedStart[],
  options: PowerOptions = {},
): Promise<Changed[]> {
  const { known, unknown } = restored(starts, (restore) => wholeCount.safeParse(restore).data);
  const counts = known.map(({ subject, size }) => ({ subject, id: subject.id, ...size }));
  return [...(await setCounts(client, counts, options)), ...unknown];
}

const wholeCount = z.object({ desiredCount: z.number().int().positive() });

type Count = { subject: Schedulable; id: string; desiredCount: number };

/** Errors that speak of the service (ECS API reference, UpdateService). */
const ofAService = new Set([
  'InvalidParameterException',
  'NamespaceNotFoundException',
  'PlatformTaskDefinitionIncompatibilityException',
  'PlatformUnknownException',
  'UnsupportedFeatureException',
]);

const noService = new Set([
  'ClusterNotFoundException',
  'ServiceNotActiveException',
  'ServiceNotFoundException',
]);

async function setCounts(
  client: ECSClient,
  counts: readonly Count[],
  { remainingMs }: PowerOptions,
): Promise<Changed[]> {
  const [first] = counts;
  if (!first) return [];
  const { account, region } = first.subject; // one client is one account in one region
  return changeEach(
    counts,
    {
      send: ({ id, desiredCount }) => {
        const [cluster, service] = partsOf(id);
        const command = new UpdateServiceCommand({ cluster, service, desiredCount });
        return client.send(untilThrottled(command, ofAService));
      },
      ofOne: ofAService,
      gone: noService,
      // After an error with effect the count is what tells.
      outcomeOf: async ({ id, desiredCount }) => {
        const [service] = await getServices(client, [id]);
        return service && serviceId(service) === id && service.desiredCount === desiredCount
          ? { outcome: 'done' }
          : undefined;
      },
    },
    { calls: sharedBucket({ account, region, api: 'UpdateService' }, updateRate), remainingMs },
  );
}

/** ECS publishes no limit of this call that holds everywhere; so few never met one. */
const updateRate = { burst: 10, perSecond: 2 };
