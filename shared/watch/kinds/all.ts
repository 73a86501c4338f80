import type { SchedulableKind } from '../../schedule/schedulable.ts';
import { autoScalingGroups } from './auto-scaling-groups.ts';
import { ec2Instances } from './ec2-instances.ts';
import { ecsServices } from './ecs-services.ts';
import { eksNodegroups } from './eks-nodegroups.ts';
import type { Kind } from './kind.ts';
import { rdsClusters } from './rds-clusters.ts';
import { rdsInstances } from './rds-instances.ts';
import { sageMakerApps } from './sagemaker-apps.ts';
import { sageMakerEndpoints } from './sagemaker-endpoints.ts';
import { sageMakerNotebooks } from './sagemaker-notebooks.ts';

/** Every kind that schedules turn off and on. */
export const kinds: readonly Kind[] = [
  ec2Instances,
  autoScalingGroups,
  ecsServices,
  eksNodegroups,
  rdsInstances,
  rdsClusters,
  sageMakerNotebooks,
  sageMakerApps,
  sageMakerEndpoints,
];

/** The adapter of a kind; throws where there is none. */
export function kindOf(name: SchedulableKind): Kind {
  const kind = kinds.find((each) => each.kind === name);
  if (kind === undefined) throw new Error(`Nobody knows how to stop or start ${name}`);
  return kind;
}
