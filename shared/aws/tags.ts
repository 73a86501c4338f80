import {
  GetResourcesCommand,
  type ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { z } from 'zod';
import { inBatches } from '../batches.ts';

const page = z.object({
  ResourceTagMappingList: z
    .array(
      z.object({
        ResourceARN: z.string(),
        Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
      }),
    )
    .default([]),
  PaginationToken: z.string().optional(), // empty on the last page
});

/**
 * The tags of what a region holds of these types (`sagemaker`, or narrower `sagemaker:endpoint`), by ARN; all pages,
 * free of charge. What never had a tag is absent.
 */
export async function getTags(
  client: ResourceGroupsTaggingAPIClient,
  resourceTypes: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const tags = new Map<string, Record<string, string>>();
  let PaginationToken: string | undefined;
  do {
    const command = new GetResourcesCommand({
      ResourceTypeFilters: [...resourceTypes],
      ResourcesPerPage: 100,
      PaginationToken,
    });
    const { ResourceTagMappingList, PaginationToken: next } = page.parse(await client.send(command));
    for (const { ResourceARN, Tags } of ResourceTagMappingList) {
      tags.set(ResourceARN, Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])));
    }
    PaginationToken = next;
  } while (PaginationToken);
  return tags;
}

/** What a schedule may turn off and on, beside what lists its own tags: EC2 instances and Auto Scaling groups. */
const schedulableTypes = ['rds:db', 'rds:cluster', 'ecs:service', 'eks:nodegroup', 'sagemaker'];

/**
 * The ARNs of what carries that tag key, whatever its value, by resource type (`rds:db`, `sagemaker:endpoint`); all
 * pages, free of charge. Keys count as they are written.
 */
export async function getTaggedArns(
  client: ResourceGroupsTaggingAPIClient,
  key: string,
): Promise<Map<string, string[]>> {
  const arns: string[] = [];
  let PaginationToken: string | undefined;
  do {
    const command = new GetResourcesCommand({
      ResourceTypeFilters: schedulableTypes,
      TagFilters: [{ Key: key }],
      ResourcesPerPage: 100,
      PaginationToken,
    });
    const { ResourceTagMappingList, PaginationToken: next } = page.parse(await client.send(command));
    arns.push(...ResourceTagMappingList.map(({ ResourceARN }) => ResourceARN));
    PaginationToken = next;
  } while (PaginationToken);
  return Map.groupBy(arns, resourceTypeOf);
}

/** `rds:db` of `arn:aws:rds:eu-west-1:123456789012:db:orders`, `ecs:service` of `arn:aws:ecs:...:service/main/api`. */
function resourceTypeOf(arn: string): string {
  const [, , service, , , resource = ''] = arn.split(':');
  return `${service}:${resource.split('/')[0]}`;
}

/**
 * The tags of these resources, by ARN: where a service never forgets what it had, as SageMaker its jobs, the few that are
 * asked for cost a hundredth of all.
 */
export async function getTagsOf(
  client: ResourceGroupsTaggingAPIClient,
  arns: readonly string[],
): Promise<Map<string, Record<string, string>>> {
  const tags = new Map<string, Record<string, string>>();
  for (const ResourceARNList of inBatches(arns, 100)) {
    const answer = await client.send(new GetResourcesCommand({ ResourceARNList }));
    for (const { ResourceARN, Tags } of page.parse(answer).ResourceTagMappingList) {
      tags.set(ResourceARN, Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])));
    }
  }
  return tags;
}
