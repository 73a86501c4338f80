import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { RDSClient } from '@aws-sdk/client-rds';
import { tagDatabase } from '../aws/tag-database.ts';
import { tagInstance } from '../aws/tag-instance.ts';
import { tagScalingGroup } from '../aws/tag-scaling-group.ts';
import type { Schedulable } from '../schedule/schedulable.ts';
import { clientFor } from './client-for.ts';
import type { KindContext } from './kinds/kind.ts';

/**
 * Sets one tag of what a schedule applies to, by the API that tags its kind. Apart from the kinds' own adapters: no
 * function of the stack writes a tag.
 */
export async function tagSubject(
  context: KindContext,
  { kind, id }: Schedulable,
  key: string,
  value: string,
): Promise<void> {
  const { clients, target } = context;
  if (kind === 'ec2-instance') return tagInstance(clients.ec2, id, key, value);
  if (kind === 'auto-scaling-group') {
    return tagScalingGroup(clientFor(AutoScalingClient, target), id, key, value);
  }
  const type = databaseTypes[kind];
  if (type === undefined) throw new Error(`Nobody knows how to tag ${kind}`);
  const arn = (await context.taggedArns(`rds:${type}`)).find((each) => each.endsWith(`:${type}:${id}`));
  if (arn === undefined) throw new Error(`${id} carries no schedule tag any more`);
  return tagDatabase(clientFor(RDSClient, target), arn, key, value);
}

const databaseTypes: Readonly<Partial<Record<Schedulable['kind'], string>>> = {
  'rds-instance': 'db',
  'rds-cluster': 'cluster',
};
