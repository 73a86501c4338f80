import type {
  DescribeScalableTargetsCommandInput,
  DescribeScalableTargetsCommandOutput,
} from '@aws-sdk/client-application-auto-scaling';
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
  const scaled = ServiceNamespace === 'sagemaker' ? endpointsAt(caller).filter((each) => each.scaled) : [];
  const targets = scaled
    .map(({ name, instances, created }) => ({
      ServiceNamespace,
      ResourceId: `endpoint/${name}/variant/${variantName}`,
      ScalableDimension: 'sagemaker:variant:DesiredInstanceCount' as const,
      MinCapacity: 1,
      MaxCapacity: Math.max(2, instances),
      RoleARN: `arn:aws:iam::${caller.account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint`,
      CreationTime: new Date(created),
    }))
    .filter(({ ResourceId }) => ResourceIds?.includes(ResourceId) ?? true);
  const { page, next } = pageOf(targets, NextToken, MaxResults);
  return { ScalableTargets: page, ...(next && { NextToken: next }) };
}
