import type { IsoTime } from '../period.ts';

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** An EC2 instance, as far as money and stopping are concerned. */
export type Instance = {
  account: string;
  region: string;
  instanceId: string;
  instanceType: string;
  reservationId: string;
  state: InstanceState;
  /** Reset by EC2 on every start. */
  launchTime: IsoTime;
  /** EC2's own words, e.g. `User initiated (2026-11-13 18:02:11 GMT)`; absent while it runs. */
  stateTransitionReason?: string;
  tags: Readonly<Record<string, string>>;
  /** Absent: on demand. `other`: a way to buy that is newer than this code. */
  lifecycle?: 'spot' | 'scheduled' | 'capacity-block' | 'interruptible-capacity-reservation' | 'other';
  spotInstanceRequestId?: string;
  rootDeviceType: 'ebs' | 'instance-store';
  /** Configured at launch; without it EC2 refuses to hibernate. */
  hibernationConfigured: boolean;
  /** `Operator.Managed`: another AWS service runs this instance. */
  managed: boolean;
  platform: 'linux' | 'windows';
  /** Absent: on hardware that is shared with others. */
  tenancy?: 'dedicated' | 'host';
  /** `ip-10-0-1-2.eu-west-1.compute.internal`; absent once it is terminated. */
  privateDnsName?: string;
};

/** What a person calls it: its Name tag, else its id. */
export const instanceName = ({ tags, instanceId }: Instance): string => tags['Name']?.trim() || instanceId;

/** When `User initiated (2026-11-20 18:00:00 GMT)` was; undefined where the text holds no time. */
export function transitionTime(reason: string | undefined): IsoTime | undefined {
  const [, date, time] = /\((\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}) (?:GMT|UTC)\)/.exec(reason ?? '') ?? [];
  const at = `${date}T${time}Z`;
  return Number.isNaN(Date.parse(at)) ? undefined : at;
}

export type AcceleratorKind = 'gpu' | 'neuron' | 'inference' | 'fpga' | 'media';

export type Accelerators = {
  kind: AcceleratorKind;
  name: string;
  /** Devices; what reports its utilisation is a device, or each of its `cores`. */
  count: number;
  /** Cores of one device that report by themselves (NeuronCores); 1 for what reports as a whole. */
  cores: number;
  /** What one device has; 0 where AWS doesn't say. */
  memoryMib: number;
};

/** What `DescribeInstanceTypes` says of a type, as far as money and idleness are concerned. */
export type InstanceTypeFacts = {
  instanceType: string;
  /** Absent for a type that has none. */
  accelerators?: Accelerators;
  /** Local disks, gone when the instance stops; 0 where it has none. */
  instanceStoreGb: number;
  vcpus: number;
};

/** The request behind a spot instance: only a persistent one that stands alone lets its instance be stopped. */
export type SpotRequest = {
  type: 'one-time' | 'persistent';
  /** Instances that start and end together. */
  launchGroup?: string;
  /** The Spot Fleet or EC2 Fleet that made the request, and that would replace a stopped instance. */
  fleet?: string;
};
