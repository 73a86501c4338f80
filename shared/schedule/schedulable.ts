import type { IsoTime } from '../period.ts';
import type { Refusal } from './refusal.ts';

/** What a schedule turns off and on. */
export type SchedulableKind =
  | 'ec2-instance'
  | 'auto-scaling-group'
  | 'ecs-service'
  | 'eks-nodegroup'
  | 'rds-instance'
  | 'rds-cluster'
  | 'sagemaker-notebook'
  | 'sagemaker-app'
  | 'sagemaker-endpoint';

export type PowerState = 'starting' | 'running' | 'stopping' | 'stopped' | 'gone';

/** One thing that a schedule may turn off and on, whatever service runs it: all that the decision asks about it. */
export type Schedulable = {
  kind: SchedulableKind;
  account: string;
  region: string;
  /** Unique among its kind in its target: an instance id, a database's identifier, `cluster/service`. */
  id: string;
  /** What people call it. */
  name: string;
  /** `g5.xlarge`, `db.r6g.large`; of what has members, theirs. */
  type: string;
  tags: Readonly<Record<string, string>>;
  state: PowerState;
  /** Since when it is up as it is, reset by every start; absent where AWS doesn't say. */
  startedAt?: IsoTime | undefined;
  /** When it went down, as AWS tells; absent while it is up, or where AWS doesn't say. */
  stoppedAt?: IsoTime | undefined;
  /** Why it is never ours to stop or start, whatever becomes of it meanwhile; absent where nothing forbids it. */
  refusal?: Refusal | undefined;
  /** Why it may not be stopped, though it may be started. */
  stopRefusal?: Refusal | undefined;
  /** It can hibernate. */
  hibernates?: boolean | undefined;
  /** To stop it is to delete it: only its tag's option `delete` allows that. */
  isDeletedToStop?: boolean | undefined;
  /** GB on local disks, gone when it stops; undefined is unknown. */
  instanceStoreGb?: number | undefined;
  /** Whether EC2 refuses to stop it by its own protection; undefined where nobody has asked. */
  stopProtected?: boolean | undefined;
  /** What a start has to give back: sizes, a configuration's name. Kept from before the stop. */
  restore?: Readonly<Record<string, string | number>> | undefined;
};

/** What tells it from everything else of its target. EC2 instances have the ids that they always had. */
export const schedulableKey = ({ kind, id }: Pick<Schedulable, 'kind' | 'id'>): string =>
  kind === 'ec2-instance' ? id : `${kind}#${id}`;
