import { type AutoScalingClient, CreateOrUpdateTagsCommand } from '@aws-sdk/client-auto-scaling';

/** Sets one tag of an Auto Scaling group, and of none of its members; whatever value it had is gone. */
export async function tagScalingGroup(
  client: AutoScalingClient,
  name: string,
  key: string,
  value: string,
): Promise<void> {
  const tag = { ResourceId: name, ResourceType: 'auto-scaling-group', Key: key, Value: value };
  await client.send(new CreateOrUpdateTagsCommand({ Tags: [{ ...tag, PropagateAtLaunch: false }] }));
}
