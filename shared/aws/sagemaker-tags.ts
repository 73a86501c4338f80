import { ListTagsCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import { describeEach } from './describe-each.ts';

const page = z.object({
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
  NextToken: z.string().optional(),
});

/**
 * The tags of these resources as SageMaker itself has them now, by ARN, all pages: the tagging API is some time behind.
 * Those whose tags can't be read are missing.
 */
export async function getOwnTags(
  client: SageMakerClient,
  arns: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const answers = await describeEach(arns, (arn) => tagsOf(client, arn));
  return new Map(
    [...answers].flatMap(([arn, tags]) => (tags instanceof Error ? [] : [[arn, tags] as const])),
  );
}

async function tagsOf(client: SageMakerClient, ResourceArn: string): Promise<Record<string, string>> {
  const tags: Record<string, string> = {};
  let NextToken: string | undefined;
  do {
    const { Tags, NextToken: next } = page.parse(
      await client.send(new ListTagsCommand({ ResourceArn, MaxResults: 50, NextToken })),
    );
    for (const { Key, Value } of Tags) tags[Key] = Value;
    NextToken = next;
  } while (NextToken);
  return tags;
}
