import { EKSClient } from '@aws-sdk/client-eks';
import { getInstances, getInstanceTypeFacts } from '../../aws/ec2.ts';
import { getNodegroups, nodegroupIdOf, startNodegroups, stopNodegroups } from '../../aws/eks.ts';
import { type EksNodegroup, nodegroupId, nodegroupOf } from '../../compute/eks-nodegroup.ts';
import { type Instance, type InstanceTypeFacts, instanceName } from '../../compute/instance.ts';
import { judgeMembers, sumOfRates } from '../../compute/members.ts';
import { type Utilization, windowBefore } from '../../compute/utilization.ts';
import type { Usd } from '../../money.ts';
import { hasScheduleTag } from '../../schedule/gates.ts';
import { schedulableNodegroup } from '../../schedule/kinds/eks-nodegroup.ts';
import { restoreOf } from '../../schedule/restore.ts';
import { type Schedulable, schedulableKey } from '../../schedule/schedulable.ts';
import { hourlyRates } from '../../store/prices.ts';
import { clientFor } from '../client-for.ts';
import { measureUtilization } from '../measure.ts';
import type { Kind, KindContext, Listed } from './kind.ts';

/** Managed node groups of EKS: to no node and back to the sizes they had. */
export const eksNodegroups: Kind = {
  kind: 'eks-nodegroup',
  what: 'EKS node groups (DescribeNodegroup)',
  list,
  refresh: async (context, subjects) => {
    const groups = await describe(
      context,
      subjects.map(({ id }) => id),
    );
    return groups.map((group) => toSchedulable(context, group));
  },
  stop: ({ target }, stops, options) => stopNodegroups(clientFor(EKSClient, target), stops, options),
  start: ({ target }, starts, options) => startNodegroups(clientFor(EKSClient, target), starts, options),
};

/** A node group, its nodes, and what is known of their types. */
type Group = { nodegroup: EksNodegroup; nodes: Instance[]; facts: ReadonlyMap<string, InstanceTypeFacts> };

async function list(context: KindContext): Promise<Listed> {
  const arns = await context.taggedArns('eks:nodegroup');
  const groups = await describe(context, arns.map(nodegroupIdOf));
  const tagged = groups.filter(({ nodegroup }) => hasScheduleTag(nodegroup.tags, context.config));
  return {
    subjects: tagged.map((group) => toSchedulable(context, group)),
    measure: (ids, minutes) => measure(context, tagged.filter(isOneOf(ids)), minutes),
    rates: () => ratesOfAll(context, tagged),
  };
}

const isOneOf =
  (ids: readonly string[]) =>
  ({ nodegroup }: Group): boolean =>
    ids.includes(nodegroupId(nodegroup));

async function describe({ clients, target }: KindContext, ids: readonly string[]): Promise<Group[]> {
  const nodegroups = await getNodegroups(clientFor(EKSClient, target), ids);
  if (nodegroups.length === 0) return [];
  const nodes = await getInstances(clients.ec2, target, {
    tagKey: 'eks:nodegroup-name',
    states: ['pending', 'running', 'shutting-down', 'stopping'],
  });
  const byGroup = Map.groupBy(nodes, nodegroupOf);
  const groups = nodegroups.map((nodegroup) => ({
    nodegroup,
    nodes: byGroup.get(nodegroupId(nodegroup)) ?? [],
  }));
  const types = groups.flatMap((group) => group.nodes.map(({ instanceType }) => instanceType));
  const facts = await getInstanceTypeFacts(clients.ec2, types);
  return groups.map((group) => ({ ...group, facts }));
}

function toSchedulable({ target, config, now, records }: KindContext, group: Group): Schedulable {
  const candidate = { ...group, instanceStoreTag: config.tags.instanceStore };
  const subject = schedulableNodegroup(candidate, target);
  const record = records.get(schedulableKey(subject)) ?? {};
  return { ...subject, restore: restoreOf(subject, { record, policy: config, now }) };
}

/** Every node by the same definition as any other instance. */
async function measure(
  { clients, config, now }: KindContext,
  groups: readonly Group[],
  minutes: number,
): Promise<Map<string, Utilization>> {
  const nodes = groups.flatMap((group) => group.nodes);
  const facts = groups[0]?.facts ?? new Map();
  const options = { minutes, now, neighbours: nodes };
  const measured = await measureUtilization(clients.cloudWatch, nodes, facts, config, options);
  const window = windowBefore(now, minutes);
  return new Map(
    groups.map((group) => {
      const members = group.nodes.map((node) => ({
        name: instanceName(node),
        utilization: measured.get(node.instanceId),
      }));
      return [nodegroupId(group.nodegroup), judgeMembers(members, window)];
    }),
  );
}

/** What all nodes cost together; with one of them of unknown price it is unknown. */
async function ratesOfAll(
  { clients, table, readOnly, target, now }: KindContext,
  groups: readonly Group[],
): Promise<Map<string, Usd>> {
  const nodes = groups.flatMap((group) => group.nodes);
  const rates = await hourlyRates({ pricing: clients.pricing, table, readOnly }, target, nodes, now);
  const whole = groups.map((group) => ({
    id: nodegroupId(group.nodegroup),
    members: group.nodes.map(({ instanceId }) => instanceId),
  }));
  return sumOfRates(whole, rates);
}
