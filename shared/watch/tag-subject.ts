import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { RDSClient } from '@aws-sdk/client-rds';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { describeAppsById } from '../aws/sagemaker-apps.ts';
import { getEndpointSetups } from '../aws/sagemaker-endpoints.ts';
import { describeNotebooks } from '../aws/sagemaker-notebooks.ts';
import { tagDatabase } from '../aws/tag-database.ts';
import { tagInstance } from '../aws/tag-instance.ts';
import { tagSageMaker } from '../aws/tag-sagemaker.ts';
import { tagScalingGroup } from '../aws/tag-scaling-group.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import { clientFor } from './client-for.ts';
import type { KindContext } from './kinds/kind.ts';

/**
 * Sets one tag of what a schedule applies to, by the API that tags its kind. Apart from the kinds' own adapters: no
 * function of the stack writes a tag.
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
  if (kind === 'rds-instance' || kind === 'rds-cluster') return tagRds(context, subject, key, value);
  if (!kind.startsWith('sagemaker-')) throw new Error(`Nobody knows how to tag ${kind}`);
  const client = clientFor(SageMakerClient, target);
  const arn = await sageMakerArn(client, subject);
  if (arn === undefined) throw new Error(`${subject.name} is not there any more, and can carry no tag`);
  await tagSageMaker(client, arn, key, value);
}

async function tagRds(
  { target, taggedArns }: KindContext,
  { kind, id }: Schedulable,
  key: string,
  value: string,
): Promise<void> {
  const type = kind === 'rds-instance' ? 'db' : 'cluster';
  const arn = (await taggedArns(`rds:${type}`)).find((each) => each.endsWith(`:${type}:${id}`));
  if (arn === undefined) throw new Error(`${id} carries no schedule tag any more`);
  await tagDatabase(clientFor(RDSClient, target), arn, key, value);
}

/** As SageMaker itself spells it; undefined where it is gone. */
async function sageMakerArn(client: SageMakerClient, { kind, id }: Schedulable): Promise<string | undefined> {
  if (kind === 'sagemaker-notebook') return (await describeNotebooks(client, [id]))[0]?.arn;
  if (kind === 'sagemaker-app') return (await describeAppsById(client, [id]))[0]?.app.arn;
  return (await getEndpointSetups(client, ({ name }) => name === id))[0]?.endpoint.arn;
}
