import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import {
  getScalingGroups,
  getScheduledActions,
  scaleDownGroups,
  scaleUpGroups,
} from '../../aws/auto-scaling.ts';
import { getInstances, getInstanceTypeFacts } from '../../aws/ec2.ts';
import type { Instance, InstanceTypeFacts } from '../../compute/instance.ts';
import { judgeMembers, sumOfRates } from '../../compute/members.ts';
import type { ScalingGroup } from '../../compute/scaling-group.ts';
import { type Utilization, windowBefore } from '../../compute/utilization.ts';
import { type GroupCandidate, schedulableGroup } from '../../schedule/kinds/auto-scaling-group.ts';
import { schedulableKey } from '../../schedule/schedulable.ts';
import { hourlyRates } from '../../store/prices.ts';
import { clientFor } from '../client-for.ts';
import { measureUtilization } from '../measure.ts';
import { type Kind, type KindContext, type Listed, nothingListed } from './kind.ts';

/** Auto Scaling groups as a whole: taken down to 0, and given their sizes back. */
export const autoScalingGroups: Kind = {
  kind: 'auto-scaling-group',
  what: 'Auto Scaling groups (DescribeAutoScalingGroups, DescribeScheduledActions)',
  list,
  refresh: async (context, subjects) => {
    const names = subjects.map(({ id }) => id);
    const groups = await getScalingGroups(clientOf(context), context.target, { names });
    return (await candidatesOf(context, groups)).map(schedulableGroup);
  },
  stop: (context, stops, options) => scaleDownGroups(clientOf(context), stops, options),
  start: (context, starts, options) => scaleUpGroups(clientOf(context), starts, options),
};

const clientOf = ({ target }: KindContext): AutoScalingClient => clientFor(AutoScalingClient, target);

async function list(context: KindContext): Promise<Listed> {
  const { clients, target, config, now, table, readOnly } = context;
  const tagged = await getScalingGroups(clientOf(context), target, { tagKey: config.tags.schedule });
  if (tagged.length === 0) return nothingListed;
  const candidates = await candidatesOf(context, tagged);
  return {
    subjects: candidates.map(schedulableGroup),
    measure: (ids, minutes) =>
      measureGroups(
        context,
        candidates.filter(({ group }) => ids.includes(group.name)),
        minutes,
      ),
    rates: async () => {
      const members = candidates.flatMap(({ instances }) => instances);
      const rates = await hourlyRates({ pricing: clients.pricing, table, readOnly }, target, members, now);
      return sumOfRates(
        candidates.map(({ group }) => ({ id: group.name, members: memberIds(group) })),
        rates,
      );
    },
  };
}

/** By the definition that holds for an instance by itself: a group is idle where each of its members is. */
async function measureGroups(
  { clients, config, now }: KindContext,
  candidates: readonly GroupCandidate[],
  minutes: number,
): Promise<Map<string, Utilization>> {
  const instances = candidates.flatMap((candidate) => candidate.instances);
  const facts = new Map(candidates.flatMap((candidate) => [...candidate.facts]));
  const asked = { minutes, now, neighbours: instances };
  const measured =
    instances.length === 0
      ? new Map<string, Utilization>()
      : await measureUtilization(clients.cloudWatch, instances, facts, config, asked);
  const window = windowBefore(now, minutes);
  return new Map(
    candidates.map(({ group }) => {
      const members = memberIds(group).map((name) => ({ name, utilization: measured.get(name) }));
      return [group.name, judgeMembers(members, window)];
    }),
  );
}

/** The groups with what EC2 says of their members, and what else sets their sizes. */
async function candidatesOf(
  context: KindContext,
  groups: readonly ScalingGroup[],
): Promise<GroupCandidate[]> {
  const { config, records } = context;
  const { instances, facts } = await describedMembers(context, groups);
  const candidates: GroupCandidate[] = [];
  for (const group of groups) {
    const ids = new Set(memberIds(group));
    candidates.push({
      group,
      instances: instances.filter(({ instanceId }) => ids.has(instanceId)),
      facts,
      scheduledActions: await getScheduledActions(clientOf(context), group.name),
      record: records.get(schedulableKey({ kind: 'auto-scaling-group', id: group.name })),
      instanceStoreTag: config.tags.instanceStore,
    });
  }
  return candidates;
}

async function describedMembers(
  { clients, target }: KindContext,
  groups: readonly ScalingGroup[],
): Promise<{ instances: Instance[]; facts: ReadonlyMap<string, InstanceTypeFacts> }> {
  const instances = await getInstances(clients.ec2, target, { instanceIds: groups.flatMap(memberIds) });
  const types = instances.map(({ instanceType }) => instanceType);
  return { instances, facts: await getInstanceTypeFacts(clients.ec2, types) };
}

const memberIds = ({ members }: ScalingGroup): string[] => members.map(({ instanceId }) => instanceId);
