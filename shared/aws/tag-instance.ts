import { CreateTagsCommand, type EC2Client } from '@aws-sdk/client-ec2';

/** Sets one tag of an instance; whatever value it had is gone. */
export async function tagInstance(
  client: EC2Client,
  instanceId: string,
  key: string,
  value: string,
): Promise<void> {
  await client.send(new CreateTagsCommand({ Resources: [instanceId], Tags: [{ Key: key, Value: value }] }));
}
