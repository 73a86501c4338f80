import type { Instance, InstanceTypeFacts } from './instance.ts';

/** One instance of a group, as the group sees it. */
type GroupMember = {
  instanceId: string;
  instanceType?: string | undefined;
  /** `InService`, `Pending:Wait`, `Standby` */
  lifecycleState: string;
  isProtected: boolean;
};

/** An Auto Scaling group, as EC2 Auto Scaling describes it. */
export type ScalingGroup = {
  account: string;
  region: string;
  name: string;
  arn: string;
  min: number;
  max: number;
  desired: number;
  members: readonly GroupMember[];
  /** Processes that somebody has suspended: `Terminate`. */
  suspended: readonly string[];
  hasWarmPool: boolean;
  isBeingDeleted: boolean;
  /** Another AWS service runs it. */
  managed: boolean;
  tags: Readonly<Record<string, string>>;
};

/** What EC2 says of the members, where it lists them. */
export type DescribedMembers = {
  instances: readonly Instance[];
  facts: ReadonlyMap<string, InstanceTypeFacts>;
};
