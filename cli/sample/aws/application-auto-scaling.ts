import type {
  DescribeScalableTargetsCommandInput,
  DescribeScalableTargetsCommandOutput,
} from '@aws-sdk/client-application-auto-scaling';
import { placeOf } from '../fleet.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const applicationAutoScaling = { DescribeScalableTargets: describeScalableTargets };

/** Of ECS alone. */
function describeScalableTargets(
  { ServiceNamespace, ResourceIds = [] }: DescribeScalableTargetsCommandInput,
  { sample, account, region }: Caller,
): Reply<DescribeScalableTargetsCommandOutput> {
  if (ServiceNamespace !== 'ecs') {
    throw awsError('ValidationException', `The sample account scales nothing of ${ServiceNamespace}.`);
  }
  const services = sample.services.get(placeOf(account, region))?.ecs ?? [];
  return {
    ScalableTargets: services.flatMap(({ spec: { cluster, name, minCapacity, created } }) => {
      const ResourceId = `service/${cluster}/${name}`;
      if (minCapacity === undefined || !ResourceIds.includes(ResourceId)) return [];
      return [
        {
          ServiceNamespace: 'ecs' as const,
          ScalableDimension: 'ecs:service:DesiredCount' as const,
          ResourceId,
          MinCapacity: minCapacity,
          MaxCapacity: Math.max(10, minCapacity),
          RoleARN: `arn:aws:iam::${account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService`,
          CreationTime: new Date(created),
          SuspendedState: {
            DynamicScalingInSuspended: false,
            DynamicScalingOutSuspended: false,
            ScheduledScalingSuspended: false,
          },
        },
      ];
    }),
  };
}
