import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachVolumeCommand,
  CreateVolumeCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { beforeAll, expect, it } from 'vitest';
import { createClient } from '../../shared/aws/client.ts';
import { scopeFor } from '../../shared/aws/sts.ts';
import { getAttached } from '../../shared/aws/volumes.ts';
import { emptyEmulator, launch, mlDevIreland, mlDevVirginia } from './emulator.ts';

let ec2: EC2Client;
let notebook: string;
let other: string;

beforeAll(async () => {
  await emptyEmulator();
  ec2 = createClient(EC2Client, scopeFor(mlDevIreland));
  notebook = await launch(mlDevIreland, 'g5.xlarge');
  other = await launch(mlDevIreland, 'g5.xlarge');
  await launch(mlDevVirginia, 'g5.xlarge');
  const { VolumeId } = await ec2.send(
    new CreateVolumeCommand({
      AvailabilityZone: 'eu-west-1a',
      Size: 500,
      VolumeType: 'gp3',
      Iops: 4000,
      Throughput: 250,
    }),
  );
  await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: notebook, Device: '/dev/sdh' }));
  const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
  await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: notebook }));
});

it('tells volumes and addresses of the instances that were asked for, and of no others', async () => {
  const attached = await getAttached(ec2, [notebook, other]);
  expect([...attached.keys()]).toEqual([notebook, other]);
  const [own, plain] = [attached.get(notebook), attached.get(other)];
  expect(own?.volumes).toContainEqual({ type: 'gp3', sizeGb: 500, iops: 4000, throughput: 250 });
  expect(own?.volumes).toHaveLength(2); // the root that each of them has, and this one
  expect(own?.addresses).toBe(1);
  expect(plain?.volumes).toHaveLength(1);
  expect(plain?.addresses).toBe(0);
});
