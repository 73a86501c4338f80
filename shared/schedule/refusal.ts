import type { IsoTime } from '../period.ts';

/** Why something is left as it is. */
export type Refusal = {
  /** A stable code to group by. */
  code: RefusalCode;
  /** A sentence a person understands. */
  reason: string;
  /** When this may change at the earliest, where that is known. */
  until?: IsoTime;
};

/** The codes of the gates that all kinds pass, and those of each kind's own eligibility. */
export type RefusalCode =
  | 'ambiguous-tag'
  | 'not-opted-in'
  | 'off'
  | 'invalid-schedule'
  | 'terminated'
  | 'stopping'
  | 'pending'
  | 'keep-until'
  | 'invalid-keep-until'
  | 'protected-environment'
  | 'protected-account'
  | 'recently-started'
  | 'stop-protection'
  | 'delete-not-allowed'
  // EC2 instances
  | 'auto-scaling'
  | 'managed'
  | 'fleet'
  | 'capacity-block'
  | 'interruptible-capacity'
  | 'scheduled-instance'
  | 'unknown-lifecycle'
  | 'spot-one-time'
  | 'spot-launch-group'
  | 'spot-unknown'
  | 'instance-store-root'
  | 'unknown-type'
  | 'instance-store-data'
  // SageMaker
  | 'not-in-service'
  | 'app-type'
  | 'app-deleted'
  | 'inference-components'
  | 'aws-tags'
  | 'no-environment'
  | 'costs-nothing'
  | 'endpoint-unread'
  | 'endpoint-changed'
  | 'endpoint-encrypted'
  | 'endpoint-scaled'
  | 'endpoint-model-gone'
  // RDS
  | 'cluster-member'
  | 'read-replica'
  | 'sql-server-multi-az'
  | 'rds-custom'
  | 'unsupported-engine'
  | 'multi-az-cluster'
  | 'aurora-serverless-v1'
  | 'unsupported-engine-mode'
  | 'global-database'
  | 'no-members'
  // Auto Scaling groups
  | 'managed-group'
  | 'scheduled-actions'
  | 'suspended-process'
  | 'warm-pool'
  | 'scale-in-protection'
  | 'standby'
  // ECS services
  | 'daemon'
  | 'held-by-scaling'
  // EKS node groups
  | 'nodegroup-unhealthy'
  | 'system-nodes';
