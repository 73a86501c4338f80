import type { SchedulableKind } from '../schedule/schedulable.ts';

/** What people call one of a kind, and several. */
export const schedulableNouns: Readonly<Record<SchedulableKind, { one: string; many: string }>> = {
  'ec2-instance': { one: 'instance', many: 'instances' },
  'auto-scaling-group': { one: 'Auto Scaling group', many: 'Auto Scaling groups' },
  'ecs-service': { one: 'ECS service', many: 'ECS services' },
  'eks-nodegroup': { one: 'EKS node group', many: 'EKS node groups' },
  'rds-instance': { one: 'database', many: 'databases' },
  'rds-cluster': { one: 'database cluster', many: 'database clusters' },
  'sagemaker-notebook': { one: 'notebook instance', many: 'notebook instances' },
  'sagemaker-app': { one: 'Studio app', many: 'Studio apps' },
  'sagemaker-endpoint': { one: 'endpoint', many: 'endpoints' },
};

/** What a stop does to one of a kind, for whoever is warned of it. */
const effects: Readonly<Partial<Record<SchedulableKind, string>>> = {
  'ec2-instance': 'A stop ends what runs, and keeps the EBS volumes and the private address.',
  'auto-scaling-group':
    'An Auto Scaling group is taken down to 0: its members are terminated, with what is on their root volumes.',
  'rds-instance': 'A stopped database ends its connections, and keeps its storage and its address.',
  'rds-cluster': 'A stopped database cluster ends its connections, and keeps its storage and its addresses.',
};

/** What goes on costing of one of a kind that is down. */
const remains: Readonly<Partial<Record<SchedulableKind, string>>> = {
  'ec2-instance': 'EBS volumes and Elastic IP addresses go on costing.',
  'rds-instance': 'Database storage and backups go on costing.',
  'rds-cluster': 'Database storage and backups go on costing.',
};

export const effectText = (kinds: readonly SchedulableKind[]): string => sentences(kinds, effects);

export const remainsText = (kinds: readonly SchedulableKind[]): string => sentences(kinds, remains);

/** Each sentence once, in the order in which they come up. */
const sentences = (
  kinds: readonly SchedulableKind[],
  texts: Readonly<Partial<Record<SchedulableKind, string>>>,
): string => [...new Set(kinds.flatMap((kind) => texts[kind] ?? []))].join(' ');
