import { DescribeAddressesCommand, DescribeVolumesCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import { inBatches } from '../batches.ts';
import type { Attached, Volume } from '../compute/storage.ts';

const volumesPage = z.object({
  Volumes: z
    .array(
      z.object({
        VolumeType: z.string(),
        Size: z.number(),
        Iops: z.number().optional(),
        Throughput: z.number().optional(),
        Attachments: z.array(z.object({ InstanceId: z.string().optional() })).default([]),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

const addresses = z.object({
  Addresses: z.array(z.object({ InstanceId: z.string().optional() })).default([]),
});

/**
 * What each instance has that is billed whether it runs or not, by instance id. A volume that several share is each
 * one's. DescribeAddresses knows no pages.
 */
export async function getAttached(
  client: EC2Client,
  instanceIds: readonly string[],
): Promise<Map<string, Attached>> {
  const attached = new Map<string, Attached>();
  for (const ids of inBatches(instanceIds, maxFilterValues)) {
    const volumes = await volumesOf(client, ids);
    const own = await addressesOf(client, ids);
    for (const id of ids) {
      attached.set(id, {
        volumes: volumes.filter(({ owners }) => owners.includes(id)).map(({ volume }) => volume),
        addresses: own.filter((owner) => owner === id).length,
      });
    }
  }
  return attached;
}

const maxFilterValues = 200;

async function volumesOf(
  client: EC2Client,
  ids: readonly string[],
): Promise<{ volume: Volume; owners: string[] }[]> {
  const Filters = [{ Name: 'attachment.instance-id', Values: [...ids] }];
  const volumes: { volume: Volume; owners: string[] }[] = [];
  let NextToken: string | undefined;
  do {
    const command = new DescribeVolumesCommand({ Filters, MaxResults: 500, NextToken });
    const page = volumesPage.parse(await client.send(command));
    for (const { VolumeType: type, Size: sizeGb, Iops, Throughput, Attachments } of page.Volumes) {
      volumes.push({
        volume: { type, sizeGb, iops: Iops, throughput: Throughput },
        owners: Attachments.flatMap(({ InstanceId }) => InstanceId ?? []),
      });
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return volumes;
}

/** The instance of each address, as often as it has one. */
async function addressesOf(client: EC2Client, ids: readonly string[]): Promise<string[]> {
  const Filters = [{ Name: 'instance-id', Values: [...ids] }];
  const answer = addresses.parse(await client.send(new DescribeAddressesCommand({ Filters })));
  return answer.Addresses.flatMap(({ InstanceId }) => InstanceId ?? []);
}
