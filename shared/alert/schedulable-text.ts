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
