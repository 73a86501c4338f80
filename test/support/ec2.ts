import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandInput,
  DescribeInstanceTypesCommand,
  EC2Client,
  type Filter,
  type InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import type { Instance } from '../../shared/compute/instance.ts';

/** An EC2 with these instances, and with types of NVIDIA GPUs: p4d has eight, g5.12xlarge four, g5.2xlarge one. */
export function fakeEc2(instances: readonly Instance[]) {
  const ec2 = mockClient(EC2Client);
  ec2.on(DescribeInstancesCommand).callsFake(({ Filters = [] }: DescribeInstancesCommandInput) => ({
    Reservations: instances
      .filter((instance) => Filters.every((filter) => matches(instance, filter)))
      .map(described),
  }));
  ec2.on(DescribeInstanceTypesCommand).resolves({ InstanceTypes: types });
  return ec2;
}

function matches({ state, instanceId, reservationId }: Instance, { Name, Values = [] }: Filter): boolean {
  const value = { 'instance-state-name': state, 'instance-id': instanceId, 'reservation-id': reservationId }[
    Name ?? ''
  ];
  if (value === undefined) throw new Error(`The filter '${Name}' is invalid`);
  return Values.includes(value);
}

const described = (instance: Instance) => ({
  ReservationId: instance.reservationId,
  Instances: [
    {
      InstanceId: instance.instanceId,
      InstanceType: instance.instanceType as 'p4d.24xlarge',
      State: { Name: instance.state },
      LaunchTime: new Date(instance.launchTime),
      ...(instance.stateTransitionReason && { StateTransitionReason: instance.stateTransitionReason }),
      RootDeviceType: instance.rootDeviceType,
      Tags: Object.entries(instance.tags).map(([Key, Value]) => ({ Key, Value })),
      ...(instance.lifecycle === 'spot' && { InstanceLifecycle: 'spot' as const }),
      ...(instance.spotInstanceRequestId && { SpotInstanceRequestId: instance.spotInstanceRequestId }),
    },
  ],
});

const gpuType = (InstanceType: InstanceTypeInfo['InstanceType'], Count: number): InstanceTypeInfo => ({
  InstanceType,
  VCpuInfo: { DefaultVCpus: Count * 12 },
  GpuInfo: { Gpus: [{ Name: 'A100', Manufacturer: 'NVIDIA', Count, MemoryInfo: { SizeInMiB: 40_960 } }] },
});

const types: InstanceTypeInfo[] = [
  gpuType('p4d.24xlarge', 8),
  gpuType('g5.12xlarge', 4),
  gpuType('g5.2xlarge', 1),
  { InstanceType: 'm5.xlarge', VCpuInfo: { DefaultVCpus: 4 } },
  {
    InstanceType: 'trn1.32xlarge',
    VCpuInfo: { DefaultVCpus: 128 },
    NeuronInfo: { NeuronDevices: [{ Name: 'Trainium', Count: 16, MemoryInfo: { SizeInMiB: 32_768 } }] },
  },
];
