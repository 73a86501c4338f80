import type { EC2Client } from '@aws-sdk/client-ec2';
import { getInstances, getInstanceTypeFacts, getSpotRequests, isStopProtected } from '../../aws/ec2.ts';
import { startInstances, stopInstances } from '../../aws/power.ts';
import { inBatches } from '../../batches.ts';
import type { Instance, InstanceTypeFacts } from '../../compute/instance.ts';
import { logger } from '../../observability.ts';
import { hasScheduleTag } from '../../schedule/gates.ts';
import { schedulableInstance } from '../../schedule/kinds/ec2-instance.ts';
import type { Schedulable } from '../../schedule/schedulable.ts';
import { hourlyRates } from '../../store/prices.ts';
import { measureUtilization } from '../measure.ts';
import type { Kind, KindContext, Listed } from './kind.ts';

/** EC2 instances, each by itself. */
export const ec2Instances: Kind = {
  kind: 'ec2-instance',
  what: 'EC2 instances (DescribeInstances)',
  list,
  refresh: async (context, subjects) => {
    const instanceIds = subjects.map(({ id }) => id);
    const fresh = await getInstances(context.clients.ec2, context.target, { instanceIds });
    return toSchedulables(context, fresh, await factsOf(context, fresh));
  },
  confirm,
  stop: ({ clients }, stops, options) => stopInstances(clients.ec2, stops, options),
  start: ({ clients }, starts, options) => startInstances(clients.ec2, starts, options),
};

async function list(context: KindContext): Promise<Listed> {
  const { clients, target, config, now, table, readOnly } = context;
  const instances = await getInstances(clients.ec2, target);
  const tagged = instances.filter(({ tags }) => hasScheduleTag(tags, config));
  const facts = await factsOf(context, tagged);
  return {
    subjects: await toSchedulables(context, tagged, facts),
    running: instances.filter(({ state }) => state === 'running').length,
    measure: (ids, minutes) =>
      measureUtilization(
        clients.cloudWatch,
        tagged.filter(({ instanceId }) => ids.includes(instanceId)),
        facts,
        config,
        { minutes, now, neighbours: instances },
      ),
    rates: () => hourlyRates({ pricing: clients.pricing, table, readOnly }, target, tagged, now),
  };
}

async function confirm({ clients }: KindContext, subjects: readonly Schedulable[]): Promise<Schedulable[]> {
  const confirmed: Schedulable[] = [];
  for (const batch of inBatches(subjects, concurrentCalls)) {
    const asked = batch.map(async (subject) => ({
      ...subject,
      stopProtected: await protectionOf(clients.ec2, subject.id),
    }));
    confirmed.push(...(await Promise.all(asked)));
  }
  return confirmed;
}

const concurrentCalls = 5;

/** Where it can't be asked, EC2 answers with the stop itself. */
const protectionOf = (client: EC2Client, instanceId: string): Promise<boolean | undefined> =>
  isStopProtected(client, instanceId).catch((error: Error) => {
    logger.warn('stop protection not known', { instanceId, error });
    return undefined;
  });

const factsOf = ({ clients }: KindContext, instances: readonly Instance[]) =>
  getInstanceTypeFacts(
    clients.ec2,
    instances.map(({ instanceType }) => instanceType),
  );

async function toSchedulables(
  { clients, config }: KindContext,
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
): Promise<Schedulable[]> {
  const requests = instances.flatMap(({ spotInstanceRequestId }) => spotInstanceRequestId ?? []);
  const spots = await getSpotRequests(clients.ec2, requests);
  return instances.map((instance) =>
    schedulableInstance({
      instance,
      facts: facts.get(instance.instanceType),
      spot: spots.get(instance.spotInstanceRequestId ?? ''),
      instanceStoreTag: config.tags.instanceStore,
    }),
  );
}
