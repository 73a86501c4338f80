import {
  BedrockClient,
  ListProvisionedModelThroughputsCommand,
  type ProvisionedModelSummary,
} from '@aws-sdk/client-bedrock';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getThroughputs } from '../../shared/aws/bedrock.ts';

const bedrock = mockClient(BedrockClient);
const client = new BedrockClient({});

beforeEach(() => bedrock.reset());

const custom = 'arn:aws:bedrock:eu-west-1:210987654321:custom-model/amazon.nova-lite-v1:0:300k/a1b2c3';
const foundation = 'arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0:300k';

const summary = (given: Partial<ProvisionedModelSummary> = {}): ProvisionedModelSummary => ({
  provisionedModelName: 'summaries',
  provisionedModelArn: 'arn:aws:bedrock:eu-west-1:210987654321:provisioned-model/3f2a9c81d0b7',
  modelArn: custom,
  desiredModelArn: custom,
  foundationModelArn: foundation,
  modelUnits: 2,
  desiredModelUnits: 2,
  status: 'InService',
  creationTime: new Date('2026-09-01T08:00:00Z'),
  lastModifiedTime: new Date('2026-09-02T08:00:00Z'),
  ...given,
});

describe('provisioned throughput', () => {
  it('comes with its units, the foundation model that has the price, and its commitment', async () => {
    bedrock.on(ListProvisionedModelThroughputsCommand).resolves({
      provisionedModelSummaries: [
        summary({
          commitmentDuration: 'OneMonth',
          commitmentExpirationTime: new Date('2026-12-01T08:00:00Z'),
        }),
      ],
    });
    expect(await getThroughputs(client)).toEqual([
      {
        name: 'summaries',
        arn: 'arn:aws:bedrock:eu-west-1:210987654321:provisioned-model/3f2a9c81d0b7',
        model: 'amazon.nova-lite-v1:0:300k',
        units: 2,
        status: 'InService',
        createdAt: '2026-09-01T08:00:00Z',
        changedAt: '2026-09-02T08:00:00Z',
        commitment: { months: 1, until: '2026-12-01T08:00:00Z' },
      },
    ]);
  });

  it('may be without commitment, or with one of a term that is newer than this code', async () => {
    bedrock.on(ListProvisionedModelThroughputsCommand).resolves({
      provisionedModelSummaries: [summary(), summary({ commitmentDuration: 'OneYear' as 'OneMonth' })],
    });
    expect((await getThroughputs(client)).map(({ commitment }) => commitment)).toEqual([
      undefined,
      { months: undefined, until: undefined },
    ]);
  });

  it('is read to the last page', async () => {
    bedrock
      .on(ListProvisionedModelThroughputsCommand)
      .resolvesOnce({ provisionedModelSummaries: [summary()], nextToken: 'next' })
      .resolvesOnce({ provisionedModelSummaries: [summary({ provisionedModelName: 'titles' })] });
    expect((await getThroughputs(client)).map(({ name }) => name)).toEqual(['summaries', 'titles']);
    expect(bedrock).toHaveReceivedNthCommandWith(ListProvisionedModelThroughputsCommand, 2, {
      nextToken: 'next',
    });
  });

  it('is none where there is none', async () => {
    bedrock.on(ListProvisionedModelThroughputsCommand).resolves({});
    expect(await getThroughputs(client)).toEqual([]);
  });

  it('is not guessed where a field is missing', async () => {
    const { modelUnits: _, ...without } = summary();
    bedrock
      .on(ListProvisionedModelThroughputsCommand)
      .resolves({ provisionedModelSummaries: [without as ProvisionedModelSummary] });
    await expect(getThroughputs(client)).rejects.toThrow('modelUnits');
  });
});
