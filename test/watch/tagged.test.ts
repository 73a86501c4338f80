import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import type { Observation } from '../../shared/compute/finding.ts';
import { asTold, toResource } from '../../shared/compute/sagemaker/job.ts';
import { parseConfig } from '../../shared/config.ts';
import { withTags } from '../../shared/watch/tagged.ts';
import { targetClients } from '../../shared/watch/target-clients.ts';
import { job } from '../support/jobs.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
const now = '2026-11-16T06:15:00Z';
const watched = { clients: targetClients(target), target, config: parseConfig({}), now, open: [] };
const observation: Observation = {
  resource: toResource(job(), target, {}, () => 2),
  utilization: asTold(job(), now, { state: 'busy', reason: 'GPUs up to 88 %' }),
};
const found = [{ observation, arns: [job().arn, 'arn:aws:sagemaker:eu-west-1:210987654321:domain/d-1'] }];

it('lets the first of those that carry its tags say whose it is', async () => {
  const tagged = (ResourceARN: string, Value: string) => ({ ResourceARN, Tags: [{ Key: 'owner', Value }] });
  mockClient(ResourceGroupsTaggingAPIClient)
    .on(GetResourcesCommand)
    .resolves({
      ResourceTagMappingList: [tagged(found[0]?.arns[1] ?? '', 'platform'), tagged(job().arn, 'jonas')],
    });
  const { observations, gaps } = await withTags(watched, found);
  expect(observations).toMatchObject([{ resource: { tags: { owner: 'jonas' } } }]);
  expect(observations[0]).not.toHaveProperty('tagsUnread');
  expect(gaps).toEqual([]);
});

it('says of each that its tags could not be read, so that nobody forgets whose it was', async () => {
  mockClient(ResourceGroupsTaggingAPIClient).on(GetResourcesCommand).rejects(new Error('Rate exceeded'));
  const { observations, gaps } = await withTags(watched, found);
  expect(observations).toEqual([{ ...observation, tagsUnread: true }]);
  expect(gaps).toEqual([{ what: 'the tags of SageMaker resources (GetResources)', why: 'Rate exceeded' }]);
});
