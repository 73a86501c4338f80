import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeSpotInstanceRequestsCommand,
  type EC2Client,
  type Filter,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { Instance, InstanceState, InstanceTypeFacts, SpotRequest } from '../compute/instance.ts';
import { toTime } from '../period.ts';
import type { Target } from '../target.ts';

export type InstanceFilter = {
  states?: readonly InstanceState[];
  /** Instances that carry this tag, whatever its value. */
  tagKey?: string;
  instanceIds?: readonly string[];
  reservationId?: string;
};

const tags = z
  .array(z.object({ Key: z.string(), Value: z.string() }))
  .default([])
  // Keys that differ only in case are two tags to EC2, and stay two here.
  .transform((pairs) => Object.fromEntries(pairs.map(({ Key, Value }) => [Key, Value])));

const described = z.object({
  InstanceId: z.string(),
  InstanceType: z.string(),
  State: z.object({
    Name: z.enum(['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped']),
  }),
  LaunchTime: z.date(),
  StateTransitionReason: z.string().optional(),
  Tags: tags,
  InstanceLifecycle: z
    .enum(['spot', 'scheduled', 'capacity-block', 'interruptible-capacity-reservation'])
    .or(z.string().transform(() => 'other' as const))
    .optional(),
  SpotInstanceRequestId: z.string().optional(),
  RootDeviceType: z.enum(['ebs', 'instance-store']),
  HibernationOptions: z.object({ Configured: z.boolean().optional() }).optional(),
  Operator: z.object({ Managed: z.boolean().optional() }).optional(),
  Platform: z.string().optional(),
  Placement: z.object({ Tenancy: z.string().optional() }).optional(),
  PrivateDnsName: z.string().optional(),
});

const reservations = z.object({
  Reservations: z
    .array(z.object({ ReservationId: z.string(), Instances: z.array(described).default([]) }))
    .default([]),
  NextToken: z.string().optional(),
});

/**
 * The instances of a target, all pages. Terminated ones stay listed for about an hour and come with their state. An id
 * that is not there is absent from the answer, which after a fresh launch doesn't prove that it doesn't exist.
 */
export async function getInstances(
  client: EC2Client,
  target: Target,
  { states, tagKey, instanceIds, reservationId }: InstanceFilter = {},
): Promise<Instance[]> {
  const common = [
    ...(states ? [filter('instance-state-name', states)] : []),
    ...(tagKey === undefined ? [] : [filter('tag-key', [tagKey])]),
    ...(reservationId === undefined ? [] : [filter('reservation-id', [reservationId])]),
  ];
  if (instanceIds === undefined) return describe(client, target, common);

  const instances: Instance[] = [];
  // By filter and not by `InstanceIds`: there one id that is gone fails the whole call.
  for (const ids of inBatches(instanceIds, maxFilterValues)) {
    instances.push(...(await describe(client, target, [...common, filter('instance-id', ids)])));
  }
  return instances;
}

const maxFilterValues = 200;

const filter = (Name: string, values: readonly string[]): Filter => ({ Name, Values: [...values] });

async function describe(client: EC2Client, target: Target, filters: Filter[]): Promise<Instance[]> {
  const instances: Instance[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeInstancesCommand({
      ...(filters.length > 0 && { Filters: filters }),
      MaxResults: 1000,
      NextToken,
    });
    const page = reservations.parse(await client.send(command));
    for (const { ReservationId, Instances } of page.Reservations) {
      instances.push(...Instances.map((instance) => toInstance(instance, ReservationId, target)));
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return instances;
}

const toInstance = (
  instance: z.infer<typeof described>,
  reservationId: string,
  { account, region }: Target,
): Instance => ({
  account,
  region,
  instanceId: instance.InstanceId,
  instanceType: instance.InstanceType,
  reservationId,
  state: instance.State.Name,
  launchTime: toTime(instance.LaunchTime.getTime()),
  ...(instance.StateTransitionReason && { stateTransitionReason: instance.StateTransitionReason }),
  tags: instance.Tags,
  ...(instance.InstanceLifecycle && { lifecycle: instance.InstanceLifecycle }),
  ...(instance.SpotInstanceRequestId && { spotInstanceRequestId: instance.SpotInstanceRequestId }),
  rootDeviceType: instance.RootDeviceType,
  hibernationConfigured: instance.HibernationOptions?.Configured ?? false,
  managed: instance.Operator?.Managed ?? false,
  platform: instance.Platform?.toLowerCase() === 'windows' ? 'windows' : 'linux',
  ...(instance.PrivateDnsName && { privateDnsName: instance.PrivateDnsName }),
  ...tenancyOf(instance),
});

const tenancyOf = ({ Placement }: z.infer<typeof described>): Pick<Instance, 'tenancy'> => {
  const tenancy = Placement?.Tenancy;
  return tenancy === 'dedicated' || tenancy === 'host' ? { tenancy } : {};
};

const device = z.object({
  Name: z.string().optional(),
  Manufacturer: z.string().optional(),
  Count: z.number(),
  LogicalGpuCount: z.number().optional(),
  CoreInfo: z.object({ Count: z.number().optional() }).optional(),
  MemoryInfo: z.object({ SizeInMiB: z.number().optional() }).optional(),
});

const typeFacts = z.object({
  InstanceType: z.string(),
  VCpuInfo: z.object({ DefaultVCpus: z.number() }),
  InstanceStorageInfo: z.object({ TotalSizeInGB: z.number() }).optional(),
  GpuInfo: z.object({ Gpus: z.array(device), TotalGpuMemoryInMiB: z.number().optional() }).optional(),
  NeuronInfo: z.object({ NeuronDevices: z.array(device) }).optional(),
  InferenceAcceleratorInfo: z.object({ Accelerators: z.array(device) }).optional(),
  FpgaInfo: z.object({ Fpgas: z.array(device) }).optional(),
  MediaAcceleratorInfo: z.object({ Accelerators: z.array(device) }).optional(),
});

const typesPage = z.object({
  InstanceTypes: z.array(typeFacts).default([]),
  NextToken: z.string().optional(),
});

/** What is known of a type is the same in every account and region, and doesn't change while a process lives. */
const knownTypes = new Map<string, InstanceTypeFacts>();

/**
 * Every type of the same family (`g5` of `g5.12xlarge`) that EC2 knows in this region; asked for once a process, and
 * only for what may be too large.
 */
export function getTypeFamily(
  client: EC2Client,
  region: string,
  instanceType: string,
): Promise<InstanceTypeFacts[]> {
  const family = instanceType.split('.')[0] ?? instanceType;
  const key = `${region}#${family}`; // another region may not have all of them
  const known = knownFamilies.get(key);
  if (known) return known;
  const asked = describeTypes(client, [filter('instance-type', [`${family}.*`])]);
  knownFamilies.set(key, asked);
  asked.catch(() => knownFamilies.delete(key)); // what failed is asked again
  return asked;
}

const knownFamilies = new Map<string, Promise<InstanceTypeFacts[]>>();

/** The facts of the types that EC2 knows in this region; each asked for once a process. */
export async function getInstanceTypeFacts(
  client: EC2Client,
  types: Iterable<string>,
): Promise<Map<string, InstanceTypeFacts>> {
  const wanted = [...new Set(types)];
  const missing = wanted.filter((type) => !knownTypes.has(type));
  // By filter and not by `InstanceTypes`: there one type that is unknown here fails the whole call.
  for (const batch of inBatches(missing, typesPerCall)) {
    for (const facts of await describeTypes(client, [filter('instance-type', batch)])) {
      knownTypes.set(facts.instanceType, facts);
    }
  }
  return new Map(
    wanted.flatMap((type) => {
      const facts = knownTypes.get(type);
      return facts ? [[type, facts] as const] : [];
    }),
  );
}

const typesPerCall = 100; // the largest page there is

async function describeTypes(client: EC2Client, Filters: Filter[]): Promise<InstanceTypeFacts[]> {
  const facts: InstanceTypeFacts[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeInstanceTypesCommand({ Filters, MaxResults: typesPerCall, NextToken });
    const page = typesPage.parse(await client.send(command));
    facts.push(...page.InstanceTypes.map(toFacts));
    NextToken = page.NextToken;
  } while (NextToken);
  return facts;
}

function toFacts(type: z.infer<typeof typeFacts>): InstanceTypeFacts {
  // Inf1 is told twice, as Neuron and as inference accelerator: the first kind that is there says it.
  const kinds = [
    ['gpu', type.GpuInfo?.Gpus.map((gpu) => toLogical(gpu, type.GpuInfo?.TotalGpuMemoryInMiB))],
    ['neuron', type.NeuronInfo?.NeuronDevices],
    ['inference', type.InferenceAcceleratorInfo?.Accelerators],
    ['fpga', type.FpgaInfo?.Fpgas],
    ['media', type.MediaAcceleratorInfo?.Accelerators],
  ] as const;
  const found = kinds.flatMap(([kind, devices]) =>
    devices?.[0] ? [{ kind, devices, first: devices[0] }] : [],
  );
  const accelerators = found.map(({ kind, devices, first }) => ({
    kind,
    name: [first.Manufacturer, first.Name].filter(Boolean).join(' '),
    count: devices.reduce((sum, { Count }) => sum + Count, 0),
    cores: kind === 'neuron' ? (first.CoreInfo?.Count ?? 1) : 1,
    memoryMib: first.MemoryInfo?.SizeInMiB ?? 0,
  }))[0];
  return {
    instanceType: type.InstanceType,
    ...(accelerators && { accelerators }),
    instanceStoreGb: type.InstanceStorageInfo?.TotalSizeInGB ?? 0,
    vcpus: type.VCpuInfo.DefaultVCpus,
  };
}

/**
 * A fraction of a GPU is a device too: of g6f and gr6f EC2 tells `Count` 0 and `LogicalGpuCount` 1 (EC2 API reference,
 * GpuDeviceInfo), and in total the memory of the fraction.
 */
function toLogical(gpu: z.infer<typeof device>, totalMib = 0): z.infer<typeof device> {
  const Count = gpu.LogicalGpuCount || gpu.Count || 1;
  if (Count === gpu.Count) return gpu;
  return { ...gpu, Count, ...(totalMib > 0 && { MemoryInfo: { SizeInMiB: totalMib / Count } }) };
}

const spotPage = z.object({
  SpotInstanceRequests: z
    .array(
      z.object({
        SpotInstanceRequestId: z.string(),
        Type: z.enum(['one-time', 'persistent']),
        LaunchGroup: z.string().optional(),
        Tags: tags,
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/** The spot requests behind instances, by request id. One that EC2 no longer lists is absent. */
export async function getSpotRequests(
  client: EC2Client,
  requestIds: readonly string[],
): Promise<Map<string, SpotRequest>> {
  const requests = new Map<string, SpotRequest>();
  for (const ids of inBatches([...new Set(requestIds)], maxFilterValues)) {
    let NextToken: string | undefined;
    do {
      const command = new DescribeSpotInstanceRequestsCommand({
        Filters: [filter('spot-instance-request-id', ids)],
        MaxResults: 1000,
        NextToken,
      });
      const page = spotPage.parse(await client.send(command));
      for (const request of page.SpotInstanceRequests) {
        requests.set(request.SpotInstanceRequestId, toSpotRequest(request));
      }
      NextToken = page.NextToken;
    } while (NextToken);
  }
  return requests;
}

type DescribedRequest = z.infer<typeof spotPage>['SpotInstanceRequests'][number];

function toSpotRequest({ Type, LaunchGroup, Tags }: DescribedRequest): SpotRequest {
  const fleet = Tags['aws:ec2spot:fleet-request-id'] ?? Tags['aws:ec2:fleet-id'];
  return {
    type: Type,
    ...(LaunchGroup && { launchGroup: LaunchGroup }),
    ...(fleet && { fleet }),
  };
}

const stopAttribute = z.object({ DisableApiStop: z.object({ Value: z.boolean().optional() }).optional() });

/** Whether EC2 itself refuses to stop the instance (DisableApiStop). One call an instance: no other API tells. */
export async function isStopProtected(client: EC2Client, instanceId: string): Promise<boolean> {
  const command = new DescribeInstanceAttributeCommand({
    InstanceId: instanceId,
    Attribute: 'disableApiStop',
  });
  return stopAttribute.parse(await client.send(command)).DisableApiStop?.Value ?? false;
}
