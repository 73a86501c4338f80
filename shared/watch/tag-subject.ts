import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { describeAppsById } from '../aws/sagemaker-apps.ts';
import { getEndpointSetups } from '../aws/sagemaker-endpoints.ts';
import { describeNotebooks } from '../aws/sagemaker-notebooks.ts';
import { tagInstance } from '../aws/tag-instance.ts';
import { tagSageMaker } from '../aws/tag-sagemaker.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import { clientFor } from './client-for.ts';
import type { KindContext } from './kinds/kind.ts';

/**
 * Sets one tag of what a schedule applies to, by the API that tags its kind. Apart from the kinds' own adapters: no
 * function of the stack writes a tag.
 */
export async function tagSubject(
  { clients, target }: KindContext,
  subject: Schedulable,
  key: string,
  value: string,
): Promise<void> {
  if (subject.kind === 'ec2-instance') return tagInstance(clients.ec2, subject.id, key, value);
  if (!subject.kind.startsWith('sagemaker-')) throw new Error(`Nobody knows how to tag ${subject.kind}`);
  const client = clientFor(SageMakerClient, target);
  const arn = await sageMakerArn(client, subject);
  if (arn === undefined) throw new Error(`${subject.name} is not there any more, and can carry no tag`);
  await tagSageMaker(client, arn, key, value);
}

/** As SageMaker itself spells it; undefined where it is gone. */
async function sageMakerArn(client: SageMakerClient, { kind, id }: Schedulable): Promise<string | undefined> {
  if (kind === 'sagemaker-notebook') return (await describeNotebooks(client, [id]))[0]?.arn;
  if (kind === 'sagemaker-app') return (await describeAppsById(client, [id]))[0]?.app.arn;
  return (await getEndpointSetups(client, ({ name }) => name === id))[0]?.endpoint.arn;
}
