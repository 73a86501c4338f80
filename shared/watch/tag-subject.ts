import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EKSClient } from '@aws-sdk/client-eks';
import { RDSClient } from '@aws-sdk/client-rds';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { describeAppsById } from '../aws/sagemaker-apps.ts';
import { getEndpointSetups } from '../aws/sagemaker-endpoints.ts';
import { describeNotebooks } from '../aws/sagemaker-notebooks.ts';
import { tagNodegroup, tagService } from '../aws/tag-container.ts';
import { tagDatabase } from '../aws/tag-database.ts';
import { tagInstance } from '../aws/tag-instance.ts';
import { tagSageMaker } from '../aws/tag-sagemaker.ts';
import { tagScalingGroup } from '../aws/tag-scaling-group.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import { clientFor } from './client-for.ts';
import type { KindContext } from './kinds/kind.ts';

/**
 * Sets one tag of what a schedule applies to, by the API that tags its kind. Apart from the kinds' own adapters: what
 * stops and starts writes no tag.
 */
export async function tagSubject(
  context: KindContext,
  subject: Schedulable,
  key: string,
  value: string,
): Promise<void> {
  const { clients, target } = context;
  const { kind, id } = subject;
  if (kind === 'ec2-instance') return tagInstance(clients.ec2, id, key, value);
  if (kind === 'auto-scaling-group') {
    return tagScalingGroup(clientFor(AutoScalingClient, target), id, key, value);
  }
  if (kind in listedTypes) return tagListed(context, subject, key, value);
  const client = clientFor(SageMakerClient, target);
  const arn = await sageMakerArn(client, subject);
  if (arn === undefined) throw new Error(`${subject.name} is not there any more, and can carry no tag`);
  await tagSageMaker(client, arn, key, value);
}

/** What the tagging API found by its schedule tag is tagged by the ARN that it told. */
async function tagListed(
  { target, taggedArns }: KindContext,
  { kind, id, name }: Schedulable,
  key: string,
  value: string,
): Promise<void> {
  const { type, isOf } = listedTypes[kind as ListedKind];
  const arn = (await taggedArns(type)).find((each) => isOf(each, id));
  if (arn === undefined) throw new Error(`${name} carries no schedule tag any more`);
  if (kind === 'ecs-service') return tagService(clientFor(ECSClient, target), arn, key, value);
  if (kind === 'eks-nodegroup') return tagNodegroup(clientFor(EKSClient, target), arn, key, value);
  await tagDatabase(clientFor(RDSClient, target), arn, key, value);
}

type ListedKind = 'rds-instance' | 'rds-cluster' | 'ecs-service' | 'eks-nodegroup';

const listedTypes: Readonly<
  Record<ListedKind, { type: string; isOf: (arn: string, id: string) => boolean }>
> = {
  'rds-instance': { type: 'rds:db', isOf: (arn, id) => arn.endsWith(`:db:${id}`) },
  'rds-cluster': { type: 'rds:cluster', isOf: (arn, id) => arn.endsWith(`:cluster:${id}`) },
  'ecs-service': { type: 'ecs:service', isOf: (arn, id) => arn.endsWith(`:service/${id}`) },
  // A node group's ARN ends with an id of its own.
  'eks-nodegroup': { type: 'eks:nodegroup', isOf: (arn, id) => arn.includes(`:nodegroup/${id}/`) },
};

/** As SageMaker itself spells it; undefined where it is gone. */
async function sageMakerArn(client: SageMakerClient, { kind, id }: Schedulable): Promise<string | undefined> {
  if (kind === 'sagemaker-notebook') return (await describeNotebooks(client, [id]))[0]?.arn;
  if (kind === 'sagemaker-app') return (await describeAppsById(client, [id]))[0]?.app.arn;
  return (await getEndpointSetups(client, ({ name }) => name === id))[0]?.endpoint.arn;
}
