import {
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeSpotInstanceRequestsCommand,
  EC2Client,
  type Instance,
  type InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getInstances, getInstanceTypeFacts, getSpotRequests, getTypeFamily } from '../../shared/aws/ec2.ts';

const ec2 = mockClient(EC2Client);
const client = new EC2Client({});
const target = { account: '210987654321', region: 'eu-west-1' };

beforeEach(() => ec2.reset());

const described = (InstanceId: string, more: Instance = {}): Instance => ({
  InstanceId,
  InstanceType: 'g5.xlarge',
  State: { Code: 16, Name: 'running' },
  LaunchTime: new Date('2026-11-13T16:20:00.000Z'),
  RootDeviceType: 'ebs',
  StateTransitionReason: '',
  ...more,
});

const page = (...instances: Instance[]) => ({
  Reservations: instances.map((instance) => ({ ReservationId: 'r-1', Instances: [instance] })),
});

describe('the instances of a target', () => {
  it('are those of all pages, a thousand a page', async () => {
    ec2
      .on(DescribeInstancesCommand)
      .resolvesOnce({ ...page(described('i-1'), described('i-2')), NextToken: 'next' })
      .resolvesOnce(page(described('i-3')));

    const found = await getInstances(client, target);

    expect(found.map(({ instanceId }) => instanceId)).toEqual(['i-1', 'i-2', 'i-3']);
    expect(ec2).toHaveReceivedNthCommandWith(DescribeInstancesCommand, 2, {
      MaxResults: 1000,
      NextToken: 'next',
    });
  });

  it('carry what money and stopping depend on', async () => {
    const spot = described('i-1', {
      State: { Name: 'terminated' },
      StateTransitionReason: 'User initiated (2026-11-13 18:02:11 GMT)',
      Tags: [
        { Key: 'Team', Value: 'search' },
        { Key: 'team', Value: 'vision' },
      ],
      InstanceLifecycle: 'spot',
      SpotInstanceRequestId: 'sir-1',
      HibernationOptions: { Configured: true },
      Operator: { Managed: true, Principal: 'eks.amazonaws.com' },
      Platform: 'Windows',
    });
    ec2.on(DescribeInstancesCommand).resolves(page(spot, described('i-2')));
    expect(await getInstances(client, target)).toEqual([
      {
        account: '210987654321',
        region: 'eu-west-1',
        instanceId: 'i-1',
        instanceType: 'g5.xlarge',
        reservationId: 'r-1',
        state: 'terminated',
        launchTime: '2026-11-13T16:20:00Z',
        stateTransitionReason: 'User initiated (2026-11-13 18:02:11 GMT)',
        tags: { Team: 'search', team: 'vision' },
        lifecycle: 'spot',
        spotInstanceRequestId: 'sir-1',
        rootDeviceType: 'ebs',
        hibernationConfigured: true,
        managed: true,
        platform: 'windows',
      },
      {
        account: '210987654321',
        region: 'eu-west-1',
        instanceId: 'i-2',
        instanceType: 'g5.xlarge',
        reservationId: 'r-1',
        state: 'running',
        launchTime: '2026-11-13T16:20:00Z',
        tags: {},
        rootDeviceType: 'ebs',
        hibernationConfigured: false,
        managed: false,
        platform: 'linux',
      },
    ]);
  });

  it('are not lost over one that is bought in a way newer than this code', async () => {
    const odd = described('i-1', { InstanceLifecycle: 'lunar' as 'spot' });
    ec2.on(DescribeInstancesCommand).resolves(page(odd, described('i-2')));
    const found = await getInstances(client, target);
    expect(found.map(({ lifecycle }) => lifecycle)).toEqual(['other', undefined]);
  });

  it('say whether they run on dedicated hardware or on a dedicated host', async () => {
    const tenancies = ['default', 'dedicated', 'host'] as const;
    const placed = tenancies.map((Tenancy) => described(`i-${Tenancy}`, { Placement: { Tenancy } }));
    ec2.on(DescribeInstancesCommand).resolves(page(...placed));
    const found = await getInstances(client, target);
    expect(found.map(({ tenancy }) => tenancy)).toEqual([undefined, 'dedicated', 'host']);
  });

  it('are asked for by filter, two hundred ids a call, so that one that is gone fails nothing', async () => {
    ec2.on(DescribeInstancesCommand).resolves(page());
    const instanceIds = Array.from({ length: 201 }, (_, index) => `i-${index}`);
    await getInstances(client, target, { instanceIds, states: ['running'], tagKey: 'auto-stop' });
    expect(ec2).toHaveReceivedCommandTimes(DescribeInstancesCommand, 2);
    expect(ec2).toHaveReceivedNthCommandWith(DescribeInstancesCommand, 2, {
      Filters: [
        { Name: 'instance-state-name', Values: ['running'] },
        { Name: 'tag-key', Values: ['auto-stop'] },
        { Name: 'instance-id', Values: ['i-200'] },
      ],
    });
  });

  it('are nobody, without a call, where no id is asked for', async () => {
    expect(await getInstances(client, target, { instanceIds: [] })).toEqual([]);
    expect(ec2).not.toHaveReceivedCommand(DescribeInstancesCommand);
  });

  it('are never a part of themselves: a page that fails fails all', async () => {
    ec2
      .on(DescribeInstancesCommand)
      .resolvesOnce({ ...page(described('i-1')), NextToken: 'next' })
      .rejectsOnce(new Error('Request limit exceeded'));
    await expect(getInstances(client, target)).rejects.toThrow('Request limit exceeded');
  });
});

describe('the facts of a type', () => {
  const typed = (name: string, more: InstanceTypeInfo): InstanceTypeInfo => ({
    InstanceType: name as 'g5.xlarge',
    VCpuInfo: { DefaultVCpus: 4 },
    ...more,
  });

  const devices = [{ Name: 'A', Manufacturer: 'B', Count: 8, MemoryInfo: { SizeInMiB: 40_960 } }];

  it.each([
    ['gpu', { GpuInfo: { Gpus: devices } }],
    ['neuron', { NeuronInfo: { NeuronDevices: devices.map((one) => ({ ...one, CoreInfo: { Count: 2 } })) } }],
    ['inference', { InferenceAcceleratorInfo: { Accelerators: devices } }],
    ['fpga', { FpgaInfo: { Fpgas: devices } }],
    ['media', { MediaAcceleratorInfo: { Accelerators: devices } }],
  ])('tell a %s', async (kind, info) => {
    const name = `x-${kind}.large`;
    ec2.on(DescribeInstanceTypesCommand).resolves({ InstanceTypes: [typed(name, info)] });
    expect((await getInstanceTypeFacts(client, [name])).get(name)).toEqual({
      instanceType: name,
      accelerators: { kind, name: 'B A', count: 8, cores: kind === 'neuron' ? 2 : 1, memoryMib: 40_960 },
      instanceStoreGb: 0,
      vcpus: 4,
    });
  });

  it('tell those of a whole family, asked for once a process, and again where that failed', async () => {
    ec2
      .on(DescribeInstanceTypesCommand)
      .rejectsOnce(new Error('Request limit exceeded'))
      .resolves({ InstanceTypes: [typed('z5.xlarge', {}), typed('z5.12xlarge', {})] });
    const familyOf = (type: string) => getTypeFamily(client, 'eu-west-1', type);
    await expect(familyOf('z5.12xlarge')).rejects.toThrow('Request limit exceeded');
    const family = await familyOf('z5.12xlarge');
    expect(family.map(({ instanceType }) => instanceType)).toEqual(['z5.xlarge', 'z5.12xlarge']);
    expect(await familyOf('z5.xlarge')).toEqual(family);
    expect(ec2).toHaveReceivedCommandTimes(DescribeInstanceTypesCommand, 2);
    expect(ec2).toHaveReceivedCommandWith(DescribeInstanceTypesCommand, {
      Filters: [{ Name: 'instance-type', Values: ['z5.*'] }],
    });
  });

  it('tell the family of each region by itself: another may not have all of its types', async () => {
    ec2
      .on(DescribeInstanceTypesCommand)
      .resolvesOnce({ InstanceTypes: [typed('z6.xlarge', {}), typed('z6.12xlarge', {})] })
      .resolvesOnce({ InstanceTypes: [typed('z6.12xlarge', {})] });
    expect(await getTypeFamily(client, 'us-east-1', 'z6.xlarge')).toHaveLength(2);
    expect(await getTypeFamily(client, 'eu-south-2', 'z6.12xlarge')).toHaveLength(1);
    expect(await getTypeFamily(client, 'us-east-1', 'z6.12xlarge')).toHaveLength(2);
  });

  it.each([
    ['an eighth', { Count: 0, LogicalGpuCount: 1, GpuPartitionSize: 0.125 }, 2861, 1, 2861],
    ['two halves', { Count: 0, LogicalGpuCount: 2, GpuPartitionSize: 0.5 }, 22_888, 2, 11_444],
    ['a fraction that is not counted', { Count: 0 }, undefined, 1, 22_888],
    ['a whole', { Count: 4, LogicalGpuCount: 4, GpuPartitionSize: 1 }, 91_552, 4, 22_888],
  ])('count %s of a GPU as a device', async (what, gpu, total, count, memoryMib) => {
    const name = `x-${what.replaceAll(' ', '-')}.large`;
    const Gpus = [{ Name: 'L4', Manufacturer: 'NVIDIA', MemoryInfo: { SizeInMiB: 22_888 }, ...gpu }];
    const GpuInfo = { Gpus, ...(total !== undefined && { TotalGpuMemoryInMiB: total }) };
    ec2.on(DescribeInstanceTypesCommand).resolves({ InstanceTypes: [typed(name, { GpuInfo })] });
    const facts = await getInstanceTypeFacts(client, [name]);
    expect(facts.get(name)?.accelerators).toMatchObject({ kind: 'gpu', count, memoryMib });
  });

  it('tell the local disks', async () => {
    const disks = typed('x1.disks', { InstanceStorageInfo: { TotalSizeInGB: 8000 } });
    ec2.on(DescribeInstanceTypesCommand).resolves({ InstanceTypes: [disks] });
    const facts = await getInstanceTypeFacts(client, ['x1.disks']);
    expect(facts.get('x1.disks')).toEqual({ instanceType: 'x1.disks', instanceStoreGb: 8000, vcpus: 4 });
  });

  it('are asked for once a process, and only for the types that are not known', async () => {
    ec2.on(DescribeInstanceTypesCommand).callsFake(({ Filters }: { Filters: { Values: string[] }[] }) => ({
      InstanceTypes: Filters[0]?.Values.map((name) => typed(name, {})),
    }));
    await getInstanceTypeFacts(client, ['y1.large', 'y1.large', 'y2.large']);
    const facts = await getInstanceTypeFacts(client, ['y1.large', 'y2.large', 'y3.large']);
    expect([...facts.keys()]).toEqual(['y1.large', 'y2.large', 'y3.large']);
    expect(ec2).toHaveReceivedCommandTimes(DescribeInstanceTypesCommand, 2);
    expect(ec2).toHaveReceivedNthCommandWith(DescribeInstanceTypesCommand, 2, {
      Filters: [{ Name: 'instance-type', Values: ['y3.large'] }],
    });
  });

  it('are read from all pages, a hundred types a call', async () => {
    const names = Array.from({ length: 101 }, (_, index) => `z${index}.large`);
    ec2
      .on(DescribeInstanceTypesCommand)
      .resolvesOnce({ InstanceTypes: names.slice(0, 60).map((name) => typed(name, {})), NextToken: 'next' })
      .resolvesOnce({ InstanceTypes: names.slice(60, 100).map((name) => typed(name, {})) })
      .resolvesOnce({ InstanceTypes: names.slice(100).map((name) => typed(name, {})) });
    expect((await getInstanceTypeFacts(client, names)).size).toBe(101);
  });

  it('are absent for a type that EC2 does not know here', async () => {
    ec2.on(DescribeInstanceTypesCommand).resolves({ InstanceTypes: [] });
    expect((await getInstanceTypeFacts(client, ['nobody.large'])).size).toBe(0);
  });
});

describe('the requests behind spot instances', () => {
  it('say whether they are persistent, and whose fleet or launch group they belong to', async () => {
    ec2
      .on(DescribeSpotInstanceRequestsCommand)
      .resolvesOnce({
        SpotInstanceRequests: [
          { SpotInstanceRequestId: 'sir-1', Type: 'persistent' },
          { SpotInstanceRequestId: 'sir-2', Type: 'one-time', LaunchGroup: 'sweep' },
        ],
        NextToken: 'next',
      })
      .resolvesOnce({
        SpotInstanceRequests: [
          {
            SpotInstanceRequestId: 'sir-3',
            Type: 'persistent',
            Tags: [{ Key: 'aws:ec2spot:fleet-request-id', Value: 'sfr-1' }],
          },
        ],
      });
    const requests = await getSpotRequests(client, ['sir-1', 'sir-2', 'sir-3', 'sir-1']);
    expect(Object.fromEntries(requests)).toEqual({
      'sir-1': { type: 'persistent' },
      'sir-2': { type: 'one-time', launchGroup: 'sweep' },
      'sir-3': { type: 'persistent', fleet: 'sfr-1' },
    });
    expect(ec2).toHaveReceivedNthCommandWith(DescribeSpotInstanceRequestsCommand, 1, {
      Filters: [{ Name: 'spot-instance-request-id', Values: ['sir-1', 'sir-2', 'sir-3'] }],
    });
  });

  it('are not asked for where there are none', async () => {
    expect((await getSpotRequests(client, [])).size).toBe(0);
    expect(ec2).not.toHaveReceivedCommand(DescribeSpotInstanceRequestsCommand);
  });
});
