/** An ECS service, as far as anybody here asks. */
export type EcsService = {
  /** The cluster's name. */
  cluster: string;
  name: string;
  tags: Readonly<Record<string, string>>;
  /** `DRAINING` and `INACTIVE`: it was deleted. */
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  desiredCount: number;
  runningCount: number;
  pendingCount: number;
  isDaemon: boolean;
  /** An Express service: ECS itself manages its tasks, their scaling and their load balancer. */
  isExpress: boolean;
  /** Tasks of one revision are being replaced by another's, or a new revision's are not steady yet. */
  isDeploying: boolean;
  /** `FARGATE`, `EC2`, or the names of the capacity providers. */
  launchType: string;
  taskDefinition: string;
  /** Of each load balancer that it is behind, the target groups that may take its requests, as CloudWatch names them. */
  balancers: readonly (readonly string[])[];
  /** What Application Auto Scaling does with it; absent where it is not registered there. */
  scaling?: ServiceScaling | undefined;
};

export type ServiceScaling = {
  minCapacity: number;
  /** Neither policies nor scheduled actions change its count. */
  isSuspended: boolean;
};

/** `main/api`, unique in its account and region. */
export const serviceId = ({ cluster, name }: Pick<EcsService, 'cluster' | 'name'>): string =>
  `${cluster}/${name}`;
