import { BedrockClient, ListProvisionedModelThroughputsCommand } from '@aws-sdk/client-bedrock';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { scopeFor } from '../../../shared/aws/sts.ts';
import { getTags, getTagsOf } from '../../../shared/aws/tags.ts';

const roleArn = 'arn:aws:iam::210987654321:role/ai-cost-watchdog-target';

let sample: SampleAccount;
beforeAll(async () => {
  sample = await openSampleAccount({ now: '2026-11-16T12:00:00Z' });
});
afterAll(() => sample.close());

describe("the sample account's Bedrock", () => {
  it('has model units, some of them committed to', async () => {
    const client = createClient(BedrockClient, { region: 'us-east-1' });
    const first = await client.send(new ListProvisionedModelThroughputsCommand({ maxResults: 2 }));
    const { nextToken } = first;
    const rest = await client.send(new ListProvisionedModelThroughputsCommand({ nextToken }));
    expect(first.provisionedModelSummaries).toMatchObject([
      {
        provisionedModelName: 'invoice-tagger',
        provisionedModelArn: expect.stringMatching(
          /^arn:aws:bedrock:us-east-1:123456789012:provisioned-model\/[0-9a-f]{12}$/,
        ),
        modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-text-lite-v1',
        modelUnits: 1,
        status: 'InService',
      },
      { provisionedModelName: 'ticket-summaries' },
    ]);
    expect(first.provisionedModelSummaries?.[0]?.commitmentDuration).toBeUndefined();
    expect(rest.provisionedModelSummaries).toMatchObject([
      {
        provisionedModelName: 'search-embeddings',
        commitmentDuration: 'SixMonths',
        commitmentExpirationTime: new Date('2027-01-13T10:00:00Z'),
      },
    ]);
  });
});

describe("the sample account's tags", () => {
  const tagging = () =>
    createClient(
      ResourceGroupsTaggingAPIClient,
      scopeFor({ account: '210987654321', region: 'eu-west-1', roleArn }),
    );
  const arnOf = (resource: string) => `arn:aws:sagemaker:eu-west-1:210987654321:${resource}`;

  it('are there for all of a service, or for one type of it', async () => {
    const all = await getTags(tagging(), ['sagemaker']);
    expect(all.get(arnOf('notebook-instance/asr-notebook'))).toEqual({
      'auto-stop': 'office-hours; start',
      team: 'speech',
      owner: 'priya',
      project: 'asr',
    });
    expect(all.get(arnOf('app/d-7h2kq9xw4m1c/layout-study/JupyterLab/default'))).toMatchObject({
      owner: 'sofia',
    });
    const notebooks = await getTags(tagging(), ['sagemaker:notebook-instance']);
    expect([...notebooks.keys()]).toEqual([
      arnOf('notebook-instance/asr-notebook'),
      arnOf('notebook-instance/annotation-notebook'),
    ]);
  });

  it('come over pages, the last one with an empty token', async () => {
    const arns: (string | undefined)[] = [];
    let PaginationToken: string | undefined;
    do {
      const page = await tagging().send(
        new GetResourcesCommand({
          ResourceTypeFilters: ['sagemaker'],
          ResourcesPerPage: 4,
          PaginationToken,
        }),
      );
      arns.push(...(page.ResourceTagMappingList ?? []).map(({ ResourceARN }) => ResourceARN));
      PaginationToken = page.PaginationToken;
    } while (PaginationToken);
    expect(PaginationToken).toBe('');
    expect(arns).toEqual([...(await getTags(tagging(), ['sagemaker'])).keys()]);
  });

  it('are there by ARN, and not for what nobody has', async () => {
    const arn = arnOf('training-job/tile-pretrain-20261116');
    const tags = await getTagsOf(tagging(), [arn, arnOf('training-job/none')]);
    expect([...tags]).toEqual([[arn, { team: 'vision', owner: 'mei', project: 'satellite-tiles' }]]);
    const both = new GetResourcesCommand({ ResourceARNList: [arn], ResourceTypeFilters: ['sagemaker'] });
    await expect(tagging().send(both)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});
