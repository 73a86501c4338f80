import { AddTagsCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';

/** Sets one tag; whatever value it had is gone. */
export async function tagSageMaker(
  client: SageMakerClient,
  ResourceArn: string,
  Key: string,
  Value: string,
): Promise<void> {
  await client.send(new AddTagsCommand({ ResourceArn, Tags: [{ Key, Value }] }));
}
