import { type ECSClient, TagResourceCommand as TagEcsResourceCommand } from '@aws-sdk/client-ecs';
import { type EKSClient, TagResourceCommand } from '@aws-sdk/client-eks';

/** Sets one tag of an ECS service; whatever value it had is gone. */
export async function tagService(
  client: ECSClient,
  resourceArn: string,
  key: string,
  value: string,
): Promise<void> {
  await client.send(new TagEcsResourceCommand({ resourceArn, tags: [{ key, value }] }));
}

/** Sets one tag of an EKS node group; whatever value it had is gone. Its nodes keep theirs. */
export async function tagNodegroup(
  client: EKSClient,
  resourceArn: string,
  key: string,
  value: string,
): Promise<void> {
  await client.send(new TagResourceCommand({ resourceArn, tags: { [key]: value } }));
}
