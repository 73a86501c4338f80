import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  DescribeInstanceTypesCommand,
  DescribeSpotInstanceRequestsCommand,
  DescribeVolumesCommand,
  EC2Client,
  type Instance,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { scopeFor } from '../../../shared/aws/sts.ts';
import { getAttached } from '../../../shared/aws/volumes.ts';

const roleArn = 'arn:aws:iam::210987654321:role/ai-cost-watchdog-target';
const forgotten = 'i-0d4e7b1c93fa26501';
const vision = 'i-0d4e7b1c93fa26502';

describe("the sample account's EC2", () => {
  let sample: SampleAccount;
  let ec2: EC2Client;
  beforeEach(async () => {
    sample = await openSampleAccount({ now: '2026-11-16T18:05:00Z' });
    ec2 = createClient(EC2Client, scopeFor({ account: '210987654321', region: 'eu-west-1', roleArn }));
  });
  afterEach(() => sample.close());

  const describeAll = async (input: DescribeInstancesCommandInput = {}): Promise<Instance[]> => {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand(input));
    return Reservations.flatMap(({ Instances = [] }) => Instances);
  };
  const stateOf = async (id: string) => (await describeAll({ InstanceIds: [id] }))[0]?.State?.Name;

  it('tells of an instance what EC2 tells', async () => {
    expect(await describeAll({ InstanceIds: [forgotten] })).toMatchObject([
      {
        InstanceId: forgotten,
        InstanceType: 'p4d.24xlarge',
        State: { Code: 16, Name: 'running' },
        LaunchTime: new Date('2026-11-13T16:20:00Z'),
        RootDeviceType: 'ebs',
        StateTransitionReason: '',
        HibernationOptions: { Configured: false },
        Operator: { Managed: false },
        Tags: expect.arrayContaining([{ Key: 'team', Value: 'search' }]),
      },
    ]);
  });

  it('tells what is attached to an instance: a disk for its system, where nothing else is said', async () => {
    const annotation = 'i-0d4e7b1c93fa26504';
    const attached = await getAttached(ec2, [annotation, vision, 'i-0d4e7b1c93fa26510']);
    expect([...attached]).toEqual([
      [annotation, { volumes: [{ type: 'gp3', sizeGb: 100, iops: 3000, throughput: 125 }], addresses: 1 }],
      [vision, { volumes: [{ type: 'gp3', sizeGb: 500, iops: 3000, throughput: 125 }], addresses: 0 }],
      ['i-0d4e7b1c93fa26510', { volumes: [], addresses: 0 }], // its root is on a local disk
    ]);
  });

  it('knows volumes by the instance they are attached to alone', async () => {
    const Filters = [{ Name: 'size', Values: ['500'] }];
    await expect(ec2.send(new DescribeVolumesCommand({ Filters }))).rejects.toThrow(
      "The filter 'size' is invalid",
    );
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({ MaxResults: 5 }));
    expect(Volumes).toHaveLength(5);
  });

  it('gives every instance once over pages of five', async () => {
    const ids: (string | undefined)[] = [];
    let NextToken: string | undefined;
    let pages = 0;
    do {
      const page = await ec2.send(new DescribeInstancesCommand({ MaxResults: 5, NextToken }));
      const instances = page.Reservations?.flatMap(({ Instances = [] }) => Instances) ?? [];
      expect(instances.length).toBeLessThanOrEqual(5);
      ids.push(...instances.map(({ InstanceId }) => InstanceId));
      NextToken = page.NextToken;
      pages += 1;
    } while (NextToken);
    const all = (await describeAll()).map(({ InstanceId }) => InstanceId);
    expect(pages).toBe(Math.ceil(all.length / 5));
    expect(ids.toSorted()).toEqual(all.toSorted());
  });

  it('keeps accounts and regions apart', async () => {
    const us = createClient(EC2Client, scopeFor({ account: '210987654321', region: 'us-east-1', roleArn }));
    const own = createClient(EC2Client);
    const names = async (client: EC2Client) => {
      const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}));
      return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId));
    };
    const [dev, devUs, platform] = [await names(ec2), await names(us), await names(own)];
    expect(dev).toContain(forgotten);
    expect(devUs).toContain('i-0d4e7b1c93fa26601');
    expect(platform).toContain('i-0a1c0de5b7e2f4a01');
    expect(new Set([...dev, ...devUs, ...platform]).size).toBe(dev.length + devUs.length + platform.length);
  });

  it.each([
    ['of a state', { Name: 'instance-state-name', Values: ['stopped'] }, ['nightly-eval', 'old-demo']],
    ['with a tag, whatever its value', { Name: 'tag-key', Values: ['aws:ec2:fleet-id'] }, ['fleet-worker']],
    ['with a value of a tag', { Name: 'tag:auto-stop', Values: ['*always*'] }, ['render-preview']],
    ['of a reservation', { Name: 'reservation-id', Values: ['r-0aa11bb2'] }, ['sweep-1', 'sweep-2']],
  ])('filters those %s', async (_, filter, expected) => {
    const found = await describeAll({ Filters: [filter] });
    expect(found.map(({ Tags = [] }) => Tags.find(({ Key }) => Key === 'Name')?.Value)).toEqual(expected);
  });

  it('lists nothing that is not launched yet, and what was terminated for an hour', async () => {
    const ids = async () => (await describeAll()).map(({ InstanceId }) => InstanceId);
    expect(await ids()).toContain('i-0d4e7b1c93fa2651a');
    sample.setNow('2026-11-16T18:40:00Z');
    expect(await ids()).not.toContain('i-0d4e7b1c93fa2651a');
    sample.setNow('2026-11-16T06:00:00Z');
    expect(await ids()).not.toContain('i-0f31c4a7d1b2e9a05');
  });

  it.each([
    [
      'an unknown id, and no other is described',
      ['i-00000000000000000', vision],
      'InvalidInstanceID.NotFound',
    ],
    ['an id of another account', ['i-0c9f2a6e4b8d13701'], 'InvalidInstanceID.NotFound'],
    ['what is no id', ['vision-notebook'], 'InvalidInstanceID.Malformed'],
  ])('refuses %s', async (_, InstanceIds, name) => {
    await expect(describeAll({ InstanceIds })).rejects.toMatchObject({ name, $fault: 'client' });
  });

  it('refuses ids and a page size together, and a filter it does not know', async () => {
    await expect(describeAll({ InstanceIds: [vision], MaxResults: 5 })).rejects.toMatchObject({
      name: 'InvalidParameterCombination',
    });
    await expect(describeAll({ Filters: [{ Name: 'colour', Values: ['red'] }] })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });

  it.each([4, 1001])('refuses a page of %i', async (MaxResults) => {
    await expect(describeAll({ MaxResults })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('stops an instance, which takes a while, and starts it anew', async () => {
    const { StoppingInstances } = await ec2.send(new StopInstancesCommand({ InstanceIds: [vision] }));
    expect(StoppingInstances).toEqual([
      {
        InstanceId: vision,
        PreviousState: { Code: 16, Name: 'running' },
        CurrentState: { Code: 64, Name: 'stopping' },
      },
    ]);
    expect(await stateOf(vision)).toBe('stopping');
    sample.setNow('2026-11-16T18:10:00Z');
    expect(await describeAll({ InstanceIds: [vision] })).toMatchObject([
      { State: { Name: 'stopped' }, StateTransitionReason: 'User initiated (2026-11-16 18:05:00 GMT)' },
    ]);
    await ec2.send(new StartInstancesCommand({ InstanceIds: [vision] }));
    expect(await stateOf(vision)).toBe('pending');
    sample.setNow('2026-11-16T18:15:00Z');
    expect(await describeAll({ InstanceIds: [vision] })).toMatchObject([
      { State: { Name: 'running' }, LaunchTime: new Date('2026-11-16T18:10:00Z') },
    ]);
  });

  it('stops a stopped one again without a word', async () => {
    const { StoppingInstances } = await ec2.send(
      new StopInstancesCommand({ InstanceIds: ['i-0d4e7b1c93fa26519'] }),
    );
    expect(StoppingInstances).toMatchObject([{ CurrentState: { Name: 'stopped' } }]);
  });

  it.each([
    ['a one-time spot instance', 'i-0d4e7b1c93fa2650b', 'UnsupportedOperation'],
    ['an instance-store root', 'i-0d4e7b1c93fa26510', 'UnsupportedOperation'],
    ['stop protection', 'i-0d4e7b1c93fa26512', 'OperationNotPermitted'],
    ['a terminated instance', 'i-0d4e7b1c93fa2651a', 'IncorrectInstanceState'],
  ])('refuses to stop %s, and with it the whole call', async (_, id, name) => {
    const command = new StopInstancesCommand({ InstanceIds: [vision, id] });
    await expect(ec2.send(command)).rejects.toMatchObject({ name });
    expect(await stateOf(vision)).toBe('running');
  });

  it('refuses to stop what has just started, and to start what still stops', async () => {
    await ec2.send(new StopInstancesCommand({ InstanceIds: [vision] }));
    const start = new StartInstancesCommand({ InstanceIds: [vision] });
    await expect(ec2.send(start)).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
    sample.setNow('2026-11-16T18:10:00Z');
    await ec2.send(start);
    const stop = new StopInstancesCommand({ InstanceIds: [vision] });
    await expect(ec2.send(stop)).rejects.toMatchObject({ name: 'IncorrectInstanceState' });
  });

  it('hibernates only what was configured for it', async () => {
    const hibernate = (id: string) =>
      ec2.send(new StopInstancesCommand({ InstanceIds: [id], Hibernate: true }));
    await expect(hibernate(vision)).rejects.toMatchObject({ name: 'UnsupportedHibernationConfiguration' });
    await hibernate('i-0d4e7b1c93fa26505');
    expect(await stateOf('i-0d4e7b1c93fa26505')).toBe('stopping');
  });

  it('changes nothing on a dry run', async () => {
    const command = new StopInstancesCommand({ InstanceIds: [vision], DryRun: true });
    await expect(ec2.send(command)).rejects.toMatchObject({ name: 'DryRunOperation' });
    expect(await stateOf(vision)).toBe('running');
  });

  it('keeps the tags it is given', async () => {
    const Tags = [{ Key: 'auto-stop:keep-until', Value: '2026-11-17' }];
    await ec2.send(new CreateTagsCommand({ Resources: [vision], Tags }));
    expect((await describeAll({ InstanceIds: [vision] }))[0]?.Tags).toContainEqual(Tags[0]);
  });

  it('describes accelerators and local disks of a type, and no type it does not know', async () => {
    const types = async (...names: string[]) =>
      (await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: names as never[] }))).InstanceTypes;
    expect(await types('p4d.24xlarge')).toMatchObject([
      {
        VCpuInfo: { DefaultVCpus: 96 },
        GpuInfo: { Gpus: [{ Name: 'A100', Count: 8, MemoryInfo: { SizeInMiB: 40960 } }] },
        InstanceStorageInfo: { TotalSizeInGB: 8000 },
      },
    ]);
    expect(await types('inf2.xlarge')).toMatchObject([
      { NeuronInfo: { NeuronDevices: [{ Count: 1, CoreInfo: { Count: 2 } }] } },
    ]);
    expect((await types('m6i.xlarge'))?.[0]?.GpuInfo).toBeUndefined();
    await expect(types('p4d.24xlarge', 'x9.huge')).rejects.toMatchObject({ name: 'InvalidInstanceType' });
  });

  it('describes a whole family of types by its name', async () => {
    const Filters = [{ Name: 'instance-type', Values: ['g5.*', 'inf2.*'] }];
    const { InstanceTypes = [] } = await ec2.send(new DescribeInstanceTypesCommand({ Filters }));
    expect(InstanceTypes.map(({ InstanceType }) => InstanceType)).toEqual([
      'g5.xlarge',
      'g5.2xlarge',
      'g5.4xlarge',
      'g5.8xlarge',
      'g5.12xlarge',
      'g5.48xlarge',
      'inf2.xlarge',
    ]);
    const other = new DescribeInstanceTypesCommand({ Filters: [{ Name: 'colour', Values: ['red'] }] });
    await expect(ec2.send(other)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('gives each instance the private name by which agents know it', async () => {
    const platform = createClient(EC2Client);
    const { Reservations = [] } = await platform.send(
      new DescribeInstancesCommand({ InstanceIds: ['i-0b7d2f90c3e14a60c', 'i-0b7d2f90c3e14a60d'] }),
    );
    const names = Reservations.flatMap(({ Instances = [] }) =>
      Instances.map(({ PrivateDnsName }) => PrivateDnsName),
    );
    expect(new Set(names)).toEqual(new Set(['ip-10-0-4-12.eu-west-1.compute.internal'])); // in two networks
  });

  it('tells one-time from persistent spot requests', async () => {
    const { SpotInstanceRequests = [] } = await ec2.send(
      new DescribeSpotInstanceRequestsCommand({
        SpotInstanceRequestIds: ['sir-4k7m1c9p', 'sir-8n2x5t1q'],
      }),
    );
    expect(SpotInstanceRequests.map(({ Type }) => Type)).toEqual(['persistent', 'one-time']);
    await expect(
      ec2.send(new DescribeSpotInstanceRequestsCommand({ SpotInstanceRequestIds: ['sir-none'] })),
    ).rejects.toMatchObject({ name: 'InvalidSpotInstanceRequestID.NotFound' });
  });
});
