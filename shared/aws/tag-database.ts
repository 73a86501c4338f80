import { AddTagsToResourceCommand, type RDSClient } from '@aws-sdk/client-rds';

/** Sets one tag of a DB instance or cluster; whatever value it had is gone. */
export async function tagDatabase(client: RDSClient, arn: string, key: string, value: string): Promise<void> {
  await client.send(new AddTagsToResourceCommand({ ResourceName: arn, Tags: [{ Key: key, Value: value }] }));
}
