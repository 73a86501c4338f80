import { type BedrockClient, ListProvisionedModelThroughputsCommand } from '@aws-sdk/client-bedrock';
import { z } from 'zod';
import type { Throughput } from '../compute/bedrock-throughput.ts';
import { toTime } from '../period.ts';

const page = z.object({
  provisionedModelSummaries: z
    .array(
      z.object({
        provisionedModelName: z.string(),
        provisionedModelArn: z.string(),
        foundationModelArn: z.string(),
        modelUnits: z.number(),
        status: z.string(),
        commitmentDuration: z.string().optional(),
        commitmentExpirationTime: z.date().optional(),
        creationTime: z.date(),
        lastModifiedTime: z.date(),
      }),
    )
    .default([]),
  nextToken: z.string().optional(),
});

/** The provisioned throughput of a region, all pages, whatever its state. Free of charge. */
export async function getThroughputs(client: BedrockClient): Promise<Throughput[]> {
  const throughputs: Throughput[] = [];
  let nextToken: string | undefined;
  do {
    const command = new ListProvisionedModelThroughputsCommand({ maxResults: 100, nextToken });
    const { provisionedModelSummaries, nextToken: next } = page.parse(await client.send(command));
    throughputs.push(...provisionedModelSummaries.map(toThroughput));
    nextToken = next;
  } while (nextToken);
  return throughputs;
}

type Summary = z.infer<typeof page>['provisionedModelSummaries'][number];

const toThroughput = (summary: Summary): Throughput => ({
  name: summary.provisionedModelName,
  arn: summary.provisionedModelArn,
  model: summary.foundationModelArn.slice(summary.foundationModelArn.lastIndexOf('/') + 1),
  units: summary.modelUnits,
  status: summary.status,
  createdAt: toTime(summary.creationTime.getTime()),
  changedAt: toTime(summary.lastModifiedTime.getTime()),
  commitment: commitmentOf(summary),
});

const months: Readonly<Record<string, number>> = { OneMonth: 1, SixMonths: 6 };

function commitmentOf({ commitmentDuration, commitmentExpirationTime }: Summary): Throughput['commitment'] {
  if (commitmentDuration === undefined) return undefined;
  const until = commitmentExpirationTime && toTime(commitmentExpirationTime.getTime());
  return { months: months[commitmentDuration], until };
}
