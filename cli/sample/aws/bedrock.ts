import type {
  ListProvisionedModelThroughputsCommandInput,
  ListProvisionedModelThroughputsCommandOutput,
  ProvisionedModelSummary,
} from '@aws-sdk/client-bedrock';
import type { ThroughputSpec } from '../bedrock-spec.ts';
import { placeOf } from '../fleet.ts';
import { provisionedModelArn } from '../metrics/bedrock.ts';
import type { Caller, Reply } from '../sample.ts';
import { pageOf } from './page.ts';

export const bedrock = { ListProvisionedModelThroughputs: listProvisionedModelThroughputs };

function listProvisionedModelThroughputs(
  {
    statusEquals = 'InService',
    nameContains = '',
    maxResults,
    nextToken,
  }: ListProvisionedModelThroughputsCommandInput,
  caller: Caller,
): Reply<ListProvisionedModelThroughputsCommandOutput> {
  const { sample, account, region } = caller;
  const wanted = (sample.services.get(placeOf(account, region))?.bedrock?.throughputs ?? []).filter(
    ({ name, created }) =>
      created <= sample.now && statusEquals === 'InService' && name.includes(nameContains),
  );
  const { page, next } = pageOf(wanted, nextToken, maxResults ?? 10);
  return {
    provisionedModelSummaries: page.map((throughput) => toSummary(throughput, account, region)),
    ...(next && { nextToken: next }),
  };
}

function toSummary(
  { name, model, units, created, commitment }: ThroughputSpec,
  account: string,
  region: string,
): ProvisionedModelSummary {
  const modelArn = `arn:aws:bedrock:${region}::foundation-model/${model}`;
  return {
    provisionedModelName: name,
    provisionedModelArn: provisionedModelArn(account, region, name),
    modelArn,
    desiredModelArn: modelArn,
    foundationModelArn: modelArn,
    modelUnits: units,
    desiredModelUnits: units,
    status: 'InService',
    ...(commitment && {
      commitmentDuration: commitment.duration,
      commitmentExpirationTime: new Date(commitment.until),
    }),
    creationTime: new Date(created),
    lastModifiedTime: new Date(created),
  };
}
