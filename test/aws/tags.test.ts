import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getTags, getTagsOf } from '../../shared/aws/tags.ts';

const tagging = mockClient(ResourceGroupsTaggingAPIClient);
const client = new ResourceGroupsTaggingAPIClient({});

beforeEach(() => tagging.reset());

const arn = (name: string) => `arn:aws:sagemaker:eu-west-1:210987654321:endpoint/${name}`;

const tagged = (name: string, tags: Record<string, string>) => ({
  ResourceARN: arn(name),
  Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
});

describe('the tags of a service', () => {
  it('are those of all pages, until the token is empty', async () => {
    tagging
      .on(GetResourcesCommand)
      .resolvesOnce({
        ResourceTagMappingList: [tagged('ranker', { team: 'search' })],
        PaginationToken: 'next',
      })
      .resolvesOnce({
        ResourceTagMappingList: [tagged('embedder', { Team: 'search', team: 'vision' })],
        PaginationToken: '',
      });
    expect(await getTags(client, ['sagemaker'])).toEqual(
      new Map([
        [arn('ranker'), { team: 'search' }],
        [arn('embedder'), { Team: 'search', team: 'vision' }],
      ]),
    );
    expect(tagging).toHaveReceivedNthCommandWith(GetResourcesCommand, 2, {
      ResourceTypeFilters: ['sagemaker'],
      PaginationToken: 'next',
    });
  });

  it('are empty for what lost its last tag, and for a region without any', async () => {
    tagging
      .on(GetResourcesCommand)
      .resolvesOnce({ ResourceTagMappingList: [tagged('ranker', {})] })
      .resolvesOnce({});
    expect(await getTags(client, ['sagemaker'])).toEqual(new Map([[arn('ranker'), {}]]));
    expect(await getTags(client, ['bedrock'])).toEqual(new Map());
  });

  it('are nothing in part: a page that fails fails the question', async () => {
    tagging
      .on(GetResourcesCommand)
      .resolvesOnce({
        ResourceTagMappingList: [tagged('ranker', { team: 'search' })],
        PaginationToken: 'next',
      })
      .rejectsOnce(new Error('Rate exceeded'));
    await expect(getTags(client, ['sagemaker'])).rejects.toThrow('Rate exceeded');
  });
});

describe('the tags of some resources', () => {
  it('are asked for by their ARNs, a hundred a call, and absent for what has none', async () => {
    tagging.on(GetResourcesCommand).resolves({ ResourceTagMappingList: [tagged('e-7', { team: 'search' })] });
    const arns = Array.from({ length: 101 }, (_, index) => arn(`e-${index}`));
    expect(await getTagsOf(client, arns)).toEqual(new Map([[arn('e-7'), { team: 'search' }]]));
    expect(tagging).toHaveReceivedCommandTimes(GetResourcesCommand, 2);
    expect(tagging).toHaveReceivedNthCommandWith(GetResourcesCommand, 2, { ResourceARNList: [arn('e-100')] });
  });

  it('are not asked for where there are none', async () => {
    expect((await getTagsOf(client, [])).size).toBe(0);
    expect(tagging).not.toHaveReceivedCommand(GetResourcesCommand);
  });
});
