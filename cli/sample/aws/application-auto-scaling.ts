import type {
  DescribeScalableTargetsCommandInput,
  DescribeScalableTargetsCommandOutput,
} from '@aws-sdk/client-application-auto-scaling';
import { placeOf } from '../fleet.ts';
import { variantName } from '../metrics/sagemaker.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';
import { pageOf } from './page.ts';
import { endpointsAt } from './sagemaker.ts';

export const applicationAutoScaling = { DescribeScalableTargets: describeScalableTargets };

function describeScalableTargets(
  { ServiceNamespace, ResourceIds, MaxResults = 50, NextToken }: DescribeScalableTargetsCommandInput,
  caller: Caller,
): Reply<DescribeScalableTargetsCommandOutput> {
  if (ServiceNamespace === undefined) {
    throw awsError('ValidationException', "Value null at 'serviceNamespace' failed to satisfy constraint");
  }
  const targets = [...scaledEndpoints(caller), ...scaledServices(caller)].filter(
    (target) =>
      target.ServiceNamespace === ServiceNamespace && (ResourceIds?.includes(target.ResourceId) ?? true),
  );
  const { page, next } = pageOf(targets, NextToken, MaxResults);
  return { ScalableTargets: page, ...(next && { NextToken: next }) };
}

const scaledEndpoints = (caller: Caller) =>
  endpointsAt(caller)
    .filter(({ scaled }) => scaled)
    .map(({ name, instances, created }) => ({
      ServiceNamespace: 'sagemaker' as const,
      ResourceId: `endpoint/${name}/variant/${variantName}`,
      ScalableDimension: 'sagemaker:variant:DesiredInstanceCount' as const,
      MinCapacity: 1,
      MaxCapacity: Math.max(2, instances),
      RoleARN: roleOf(caller, 'sagemaker', 'SageMakerEndpoint'),
      CreationTime: new Date(created),
    }));

const scaledServices = (caller: Caller) =>
  (caller.sample.services.get(placeOf(caller.account, caller.region))?.ecs ?? []).flatMap(
    ({ spec: { cluster, name, minCapacity, created } }) =>
      minCapacity === undefined
        ? []
        : [
            {
              ServiceNamespace: 'ecs' as const,
              ResourceId: `service/${cluster}/${name}`,
              ScalableDimension: 'ecs:service:DesiredCount' as const,
              MinCapacity: minCapacity,
              MaxCapacity: Math.max(10, minCapacity),
              RoleARN: roleOf(caller, 'ecs', 'ECSService'),
              CreationTime: new Date(created),
              SuspendedState: {
                DynamicScalingInSuspended: false,
                DynamicScalingOutSuspended: false,
                ScheduledScalingSuspended: false,
              },
            },
          ],
  );

const roleOf = ({ account }: Caller, service: string, name: string): string =>
  `arn:aws:iam::${account}:role/aws-service-role/${service}.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_${name}`;
