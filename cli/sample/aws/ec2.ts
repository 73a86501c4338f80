import type {
  CreateTagsCommandInput,
  CreateTagsCommandOutput,
  DeleteTagsCommandInput,
  DeleteTagsCommandOutput,
  DescribeAddressesCommandInput,
  DescribeAddressesCommandOutput,
  DescribeInstanceAttributeCommandInput,
  DescribeInstanceAttributeCommandOutput,
  DescribeInstancesCommandInput,
  DescribeInstancesCommandOutput,
  DescribeInstanceTypesCommandInput,
  DescribeInstanceTypesCommandOutput,
  DescribeSpotInstanceRequestsCommandInput,
  DescribeSpotInstanceRequestsCommandOutput,
  DescribeSpotPriceHistoryCommandInput,
  DescribeSpotPriceHistoryCommandOutput,
  DescribeVolumesCommandInput,
  DescribeVolumesCommandOutput,
  Filter,
  Instance,
  InstanceStateChange,
  InstanceStateName,
  InstanceTypeInfo,
  StartInstancesCommandInput,
  StartInstancesCommandOutput,
  StopInstancesCommandInput,
  StopInstancesCommandOutput,
  Volume,
} from '@aws-sdk/client-ec2';
import { lastRun, type Member, placeOf, privateDnsName, startMember, stateOf, stopMember } from '../fleet.ts';
import { hexOf, noise } from '../noise.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import type { InstanceTypeSpec, VolumeSpec } from '../world.ts';

export const ec2 = {
  DescribeInstanceAttribute: describeInstanceAttribute,
  DescribeAddresses: describeAddresses,
  DescribeInstances: describeInstances,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeSpotInstanceRequests: describeSpotInstanceRequests,
  DescribeSpotPriceHistory: describeSpotPriceHistory,
  DescribeVolumes: describeVolumes,
  StopInstances: stopInstances,
  StartInstances: startInstances,
  CreateTags: createTags,
  DeleteTags: deleteTags,
};

const stateCodes: Readonly<Record<InstanceStateName, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

function describeInstances(
  input: DescribeInstancesCommandInput,
  caller: Caller,
): Reply<DescribeInstancesCommandOutput> {
  const { InstanceIds: ids = [], MaxResults, NextToken } = input;
  refuseDryRun(input);
  if (ids.length > 0 && MaxResults !== undefined) {
    throw awsError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  }
  if (MaxResults !== undefined && (MaxResults < 5 || MaxResults > 1000)) {
    const message = `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`;
    throw awsError('InvalidParameterValue', message);
  }
  const matches = listed(caller, ids).filter((member) => matchesAll(member, input.Filters ?? [], caller));
  const { page, next } = pageOf(matches, NextToken, MaxResults ?? 1000);
  const reservations = Map.groupBy(page, ({ reservationId }) => reservationId);
  return {
    Reservations: [...reservations].map(([ReservationId, members]) => ({
      ReservationId,
      OwnerId: caller.account,
      Instances: members.map((member) => toInstance(member, caller.sample.now)),
    })),
    ...next,
  };
}

/** The instances of the caller's account and region that EC2 would list; one unknown id fails the whole call. */
function listed({ sample, account, region }: Caller, ids: readonly string[]): Member[] {
  const here = (member: Member) => stateOf(member, sample.now) !== undefined;
  if (ids.length === 0) return (sample.fleet.byPlace.get(placeOf(account, region)) ?? []).filter(here);
  return [...new Set(ids)].map((id) => {
    if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
      throw awsError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    }
    const member = sample.fleet.byId.get(id);
    if (!member || member.account !== account || member.region !== region || !here(member)) {
      throw awsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    }
    return member;
  });
}

function toInstance(member: Member, now: number): Instance {
  const { spec, region, facts, tags } = member;
  const state = stateOf(member, now) ?? 'terminated';
  const run = lastRun(member, now);
  const ended = run?.to === undefined || now < run.to ? undefined : new Date(run.to);
  const address = privateDnsName(member);
  return {
    InstanceId: spec.id,
    ImageId: spec.image,
    InstanceType: spec.type as NonNullable<Instance['InstanceType']>,
    State: { Code: stateCodes[state], Name: state },
    LaunchTime: new Date(run?.from ?? spec.launched),
    StateTransitionReason: ended
      ? `${member.endedBy} (${ended.toISOString().slice(0, 19).replace('T', ' ')} GMT)`
      : '',
    ...(Object.keys(tags).length > 0 && {
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
    Placement: { AvailabilityZone: `${region}a`, Tenancy: 'default', GroupName: '' },
    Architecture: 'x86_64',
    PrivateDnsName: address,
    RootDeviceType: spec.root,
    RootDeviceName: '/dev/xvda',
    ...(spec.lifecycle && { InstanceLifecycle: spec.lifecycle }),
    ...(spec.spotRequest && { SpotInstanceRequestId: spec.spotRequest.id }),
    HibernationOptions: { Configured: spec.hibernation },
    Operator: spec.managedBy ? { Managed: true, Principal: spec.managedBy } : { Managed: false },
    ...(spec.platform === 'windows' && { Platform: 'Windows' as const }),
    PlatformDetails: spec.platform === 'windows' ? 'Windows' : 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    Monitoring: { State: 'disabled' },
    CpuOptions: { CoreCount: Math.ceil(facts.vcpus / 2), ThreadsPerCore: 2 },
    VirtualizationType: 'hvm',
    EnaSupport: true,
  };
}

type Read = (member: Member, now: number) => readonly (string | undefined)[];

const filters: Readonly<Record<string, Read>> = {
  'instance-state-name': (member, now) => [stateOf(member, now)],
  'instance-id': ({ spec }) => [spec.id],
  'instance-type': ({ spec }) => [spec.type],
  'instance-lifecycle': ({ spec }) => [spec.lifecycle],
  'reservation-id': ({ reservationId }) => [reservationId],
  'root-device-type': ({ spec }) => [spec.root],
  'spot-instance-request-id': ({ spec }) => [spec.spotRequest?.id],
  'tag-key': ({ tags }) => Object.keys(tags),
  'tag-value': ({ tags }) => Object.values(tags),
};

/** All filters must match, of each filter one value; `*` and `?` in a value are wildcards, as in EC2. */
const matchesAll = (member: Member, wanted: readonly Filter[], { sample }: Caller): boolean =>
  wanted.every(({ Name = '', Values = [] }) => {
    const read: Read | undefined = Name.startsWith('tag:')
      ? ({ tags }) => [tags[Name.slice(4)]]
      : filters[Name];
    if (!read) throw awsError('InvalidParameterValue', `The filter '${Name}' is invalid`);
    return read(member, sample.now).some(
      (actual) => actual !== undefined && Values.some((value) => matches(actual, value)),
    );
  });

function matches(actual: string, pattern: string): boolean {
  if (!/[*?]/.test(pattern)) return actual === pattern;
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${escaped}$`, 's').test(actual);
}

function pageOf<Item>(items: readonly Item[], token: string | undefined, size: number) {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start)) throw awsError('InvalidNextToken', 'The token is not valid');
  const end = start + size;
  return { page: items.slice(start, end), next: end < items.length ? { NextToken: String(end) } : {} };
}

function describeInstanceTypes(
  { InstanceTypes: names, Filters = [], MaxResults = 100, NextToken }: DescribeInstanceTypesCommandInput,
  { sample }: Caller,
): Reply<DescribeInstanceTypesCommandOutput> {
  const { types } = sample.file;
  const unknown = (names ?? []).filter((name) => !types[name]);
  if (unknown.length > 0) {
    const list = unknown.join(', ');
    throw awsError('InvalidInstanceType', `The following supplied instance types do not exist: [${list}]`);
  }
  if ((names?.length ?? 0) > 100) throw awsError('InvalidParameterValue', 'At most 100 instance types');
  const wanted = Object.entries(types)
    .filter(([name]) => !names || names.some((wish) => wish === name))
    .filter(([name]) => Filters.every((filter) => isOfType(name, filter)));
  const { page, next } = pageOf(wanted, NextToken, MaxResults);
  return { InstanceTypes: page.map(([name, facts]) => toInstanceType(name, facts)), ...next };
}

function isOfType(name: string, { Name, Values = [] }: Filter): boolean {
  if (Name !== 'instance-type') throw awsError('InvalidParameterValue', `The filter '${Name}' is invalid`);
  return Values.some((value) => matches(name, value));
}

function toInstanceType(name: string, facts: InstanceTypeSpec): InstanceTypeInfo {
  const { gpu, neuron, instanceStoreGb: disk } = facts;
  return {
    InstanceType: name as NonNullable<InstanceTypeInfo['InstanceType']>,
    CurrentGeneration: true,
    VCpuInfo: {
      DefaultVCpus: facts.vcpus,
      DefaultCores: Math.ceil(facts.vcpus / 2),
      DefaultThreadsPerCore: 2,
    },
    MemoryInfo: { SizeInMiB: facts.memoryGib * 1024 },
    InstanceStorageSupported: disk > 0,
    ...(disk > 0 && { InstanceStorageInfo: { TotalSizeInGB: disk } }),
    ...(gpu && {
      GpuInfo: {
        Gpus: [
          {
            Name: gpu.name,
            Manufacturer: 'NVIDIA',
            Count: gpu.count,
            MemoryInfo: { SizeInMiB: gpu.memoryMib },
          },
        ],
        TotalGpuMemoryInMiB: gpu.count * gpu.memoryMib,
      },
    }),
    ...(neuron && {
      NeuronInfo: {
        NeuronDevices: [
          {
            Name: neuron.name,
            Count: neuron.count,
            CoreInfo: { Count: 2, Version: 2 },
            MemoryInfo: { SizeInMiB: neuron.memoryMib },
          },
        ],
        TotalNeuronDeviceMemoryInMiB: neuron.count * neuron.memoryMib,
      },
    }),
  };
}

function describeSpotInstanceRequests(
  { SpotInstanceRequestIds: ids = [], Filters = [] }: DescribeSpotInstanceRequestsCommandInput,
  caller: Caller,
): Reply<DescribeSpotInstanceRequestsCommandOutput> {
  const requests = listed(caller, []).filter(({ spec }) => spec.spotRequest);
  const missing = ids.find((id) => !requests.some(({ spec }) => spec.spotRequest?.id === id));
  if (missing !== undefined) {
    const message = `The spot instance request ID '${missing}' does not exist`;
    throw awsError('InvalidSpotInstanceRequestID.NotFound', message);
  }
  const wanted = requests
    .filter(({ spec }) => ids.length === 0 || ids.includes(spec.spotRequest?.id ?? ''))
    .filter((member) => matchesAll(member, Filters, caller));
  return {
    SpotInstanceRequests: wanted.map(({ spec }) => ({
      SpotInstanceRequestId: spec.spotRequest?.id,
      InstanceId: spec.id,
      Type: spec.spotRequest?.type,
      State: 'active' as const,
      Status: { Code: 'fulfilled', Message: 'Your Spot request is fulfilled.' },
      InstanceInterruptionBehavior:
        spec.spotRequest?.type === 'persistent' ? ('stop' as const) : ('terminate' as const),
      CreateTime: new Date(spec.launched),
    })),
  };
}

/** One price a type: the sample's spot market stands still. */
function describeSpotPriceHistory(
  { InstanceTypes: names = [] }: DescribeSpotPriceHistoryCommandInput,
  { sample, region }: Caller,
): Reply<DescribeSpotPriceHistoryCommandOutput> {
  return {
    SpotPriceHistory: Object.entries(sample.file.types).flatMap(([name, { spot }]) =>
      spot[region] === undefined || (names.length > 0 && !names.some((wish) => wish === name))
        ? []
        : [
            {
              AvailabilityZone: `${region}a`,
              InstanceType: name as NonNullable<Instance['InstanceType']>,
              ProductDescription: 'Linux/UNIX' as const,
              SpotPrice: spot[region].toFixed(6),
              Timestamp: new Date(sample.now - 3_600_000 * (1 + Math.floor(8 * noise(name.length, 1)))),
            },
          ],
    ),
  };
}

/** The one attribute that anybody here asks for. */
function describeInstanceAttribute(
  { InstanceId = '', Attribute }: DescribeInstanceAttributeCommandInput,
  caller: Caller,
): Reply<DescribeInstanceAttributeCommandOutput> {
  if (Attribute !== 'disableApiStop') {
    throw awsError('InvalidParameterValue', `The attribute ${Attribute} is not known here.`);
  }
  const [member] = named(caller, [InstanceId]);
  return { InstanceId, DisableApiStop: { Value: member?.spec.stopProtection ?? false } };
}

function describeVolumes(
  { Filters = [], MaxResults = 500, NextToken }: DescribeVolumesCommandInput,
  caller: Caller,
): Reply<DescribeVolumesCommandOutput> {
  const wanted = attachedTo(caller, Filters, 'attachment.instance-id');
  const volumes = wanted.flatMap((member) =>
    volumesOf(member).map((volume, index) => toVolume(volume, index, member)),
  );
  const { page, next } = pageOf(volumes, NextToken, MaxResults);
  return { Volumes: page, ...next };
}

/** What nothing is said of has one disk for its system; what has its root on local disks has none. */
const volumesOf = ({ spec }: Member): VolumeSpec[] =>
  spec.volumes ?? (spec.root === 'ebs' ? [{ type: 'gp3', sizeGb: 100 }] : []);

function toVolume({ type, sizeGb, iops, throughput }: VolumeSpec, index: number, member: Member): Volume {
  const isGp3 = type === 'gp3';
  return {
    VolumeId: `vol-${hexOf(`${member.spec.id}/${index}`, 17)}`,
    VolumeType: type as NonNullable<Volume['VolumeType']>,
    Size: sizeGb,
    State: 'in-use',
    AvailabilityZone: `${member.region}a`,
    // EC2 tells what a gp3 volume comes with, too.
    ...((iops ?? isGp3) && { Iops: iops ?? 3000 }),
    ...((throughput ?? isGp3) && { Throughput: throughput ?? 125 }),
    Attachments: [{ InstanceId: member.spec.id, State: 'attached', DeleteOnTermination: index === 0 }],
  };
}

function describeAddresses(
  { Filters = [] }: DescribeAddressesCommandInput,
  caller: Caller,
): Reply<DescribeAddressesCommandOutput> {
  return {
    Addresses: attachedTo(caller, Filters, 'instance-id').flatMap(({ spec, seed }) =>
      Array.from({ length: spec.addresses }, (_, index) => ({
        InstanceId: spec.id,
        AllocationId: `eipalloc-${hexOf(`${spec.id}/${index}`, 17)}`,
        PublicIp: `203.0.113.${(seed + index) % 256}`,
        Domain: 'vpc' as const,
      })),
    ),
  };
}

/** The instances that a filter asks for by their ids; without one all of them. */
const attachedTo = (caller: Caller, wanted: readonly Filter[], name: string): Member[] =>
  listed(caller, []).filter(({ spec }) =>
    wanted.every(({ Name, Values = [] }) => {
      if (Name !== name) throw awsError('InvalidParameterValue', `The filter '${Name}' is invalid`);
      return Values.some((id) => id === spec.id);
    }),
  );

/** All of them or none: the first one that can't be stopped fails the call, as it does in EC2. */
function stopInstances(input: StopInstancesCommandInput, caller: Caller): Reply<StopInstancesCommandOutput> {
  const { now } = caller.sample;
  const members = named(caller, input.InstanceIds);
  for (const member of members) refuseStop(member, input.Hibernate === true, now);
  refuseDryRun(input);
  return {
    StoppingInstances: members.map((member) => {
      const before = stateOf(member, now) ?? 'terminated';
      if (before === 'running') stopMember(member, now);
      caller.sample.version += 1;
      return stateChange(member, before, stateOf(member, now) ?? 'terminated');
    }),
  };
}

function refuseStop(member: Member, hibernate: boolean, now: number): void {
  const { spec } = member;
  const state = stateOf(member, now);
  if (state === 'pending' || state === 'shutting-down' || state === 'terminated') {
    const message = `The instance '${spec.id}' is not in a state from which it can be stopped.`;
    throw awsError('IncorrectInstanceState', message);
  }
  if (spec.stopProtection) {
    const message = `The instance '${spec.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`;
    throw awsError('OperationNotPermitted', message);
  }
  if (spec.root === 'instance-store') {
    const message = `The instance '${spec.id}' does not have an 'ebs' root device type and cannot be stopped.`;
    throw awsError('UnsupportedOperation', message);
  }
  if (spec.spotRequest?.type === 'one-time') {
    const message = `You can't stop the Spot Instance '${spec.id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.`;
    throw awsError('UnsupportedOperation', message);
  }
  if (hibernate && !spec.hibernation) {
    const message = `The instance '${spec.id}' is not configured for hibernation.`;
    throw awsError('UnsupportedHibernationConfiguration', message);
  }
}

function startInstances(
  input: StartInstancesCommandInput,
  caller: Caller,
): Reply<StartInstancesCommandOutput> {
  const { now } = caller.sample;
  const members = named(caller, input.InstanceIds);
  for (const member of members) {
    const state = stateOf(member, now);
    if (state !== 'stopped' && state !== 'running' && state !== 'pending') {
      const message = `The instance '${member.spec.id}' is not in a state from which it can be started.`;
      throw awsError('IncorrectInstanceState', message);
    }
  }
  refuseDryRun(input);
  return {
    StartingInstances: members.map((member) => {
      const before = stateOf(member, now) ?? 'terminated';
      if (before === 'stopped') startMember(member, now);
      caller.sample.version += 1;
      return stateChange(member, before, stateOf(member, now) ?? 'terminated');
    }),
  };
}

function stateChange(
  member: Member,
  before: InstanceStateName,
  after: InstanceStateName,
): InstanceStateChange {
  return {
    InstanceId: member.spec.id,
    PreviousState: { Code: stateCodes[before], Name: before },
    CurrentState: { Code: stateCodes[after], Name: after },
  };
}

function createTags(input: CreateTagsCommandInput, caller: Caller): Reply<CreateTagsCommandOutput> {
  const members = named(caller, input.Resources);
  refuseDryRun(input);
  for (const { Key = '', Value = '' } of input.Tags ?? []) {
    if (Key.startsWith('aws:')) {
      throw awsError('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
    }
    for (const member of members) member.tags[Key] = Value;
  }
  caller.sample.version += 1;
  return {};
}

function deleteTags(input: DeleteTagsCommandInput, caller: Caller): Reply<DeleteTagsCommandOutput> {
  const members = named(caller, input.Resources);
  refuseDryRun(input);
  for (const { Key = '' } of input.Tags ?? []) for (const member of members) delete member.tags[Key];
  caller.sample.version += 1;
  return {};
}

function named(caller: Caller, ids: readonly string[] | undefined): Member[] {
  if (!ids || ids.length === 0) {
    throw awsError('MissingParameter', 'The request must contain the parameter InstanceId');
  }
  return listed(caller, ids);
}

function refuseDryRun({ DryRun }: { DryRun?: boolean | undefined }): void {
  if (DryRun) {
    throw awsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
  }
}
