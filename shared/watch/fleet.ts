import { attribute } from '../allocation/owner.ts';
import { getInstances, getInstanceTypeFacts, getSpotRequests } from '../aws/ec2.ts';
import { type ClusterNode, getClusterNodes } from '../aws/sagemaker-clusters.ts';
import { getTagsOf } from '../aws/tags.ts';
import {
  type Instance,
  type InstanceTypeFacts,
  instanceName,
  type SpotRequest,
} from '../compute/instance.ts';
import type { Resource, ResourceKind } from '../compute/resource.ts';
import type { Usd } from '../money.ts';
import { stoppingByHand } from '../schedule/by-hand.ts';
import { readSchedule } from '../schedule/gates.ts';
import { schedulableInstance } from '../schedule/kinds/ec2-instance.ts';
import { hourlyRates, ratesOf } from '../store/prices.ts';
import { findSources, type Sources } from './measure.ts';
import type { Gap, Watched } from './observe.ts';

/** An instance that has accelerators, or of which nobody can say, and what it costs. */
export type FleetMember = { instance: Instance; resource: Resource; hourlyRate?: Usd | undefined };

export type Fleet = {
  members: readonly FleetMember[];
  facts: ReadonlyMap<string, InstanceTypeFacts>;
  complete: readonly ResourceKind[];
  gaps: readonly Gap[];
};

/** The same before anybody asks what they cost, or what stands against stopping them. */
export type Hosts = Omit<Fleet, 'members'> & { instances: readonly Instance[]; nodes: readonly Instance[] };

/** The accelerator instances of a target, stopped ones too: those of EC2, and the nodes of HyperPod clusters. */
export async function getHosts({ clients, target }: Pick<Watched, 'clients' | 'target'>): Promise<Hosts> {
  const nodes = await getNodes({ clients, target });
  const all = await getInstances(clients.ec2, target, {
    states: ['pending', 'running', 'stopping', 'stopped'],
  });
  const types = [...all, ...nodes.instances].map(({ instanceType }) => ec2Type(instanceType));
  const facts = await getInstanceTypeFacts(clients.ec2, types);
  // A node's type is EC2's under SageMaker's name.
  for (const { instanceType } of nodes.instances) {
    const known = facts.get(ec2Type(instanceType));
    if (known) facts.set(instanceType, known);
  }
  const mayAccelerate = ({ instanceType }: Instance) => {
    const known = facts.get(instanceType);
    return known === undefined || known.accelerators !== undefined;
  };
  return {
    instances: all.filter(mayAccelerate),
    nodes: nodes.instances.filter(mayAccelerate),
    facts,
    complete: ['ec2-instance', ...nodes.complete],
    gaps: nodes.gaps,
  };
}

/** The same with what each costs, and what stands against stopping it. */
export async function getFleet(watched: Watched): Promise<Fleet> {
  const { clients, table, target, config, now, readOnly = false } = watched;
  const { instances, nodes, facts, complete, gaps } = await getHosts(watched);
  const sources = { pricing: clients.pricing, table, readOnly };
  const rates = await hourlyRates(sources, target, instances, now);
  const priced = nodes.map(({ region, instanceType }) => ({
    region,
    type: instanceType,
    use: 'cluster' as const,
  }));
  const nodeRates = await ratesOf(sources, priced, now);
  const spots = await getSpots(watched, instances);
  const stopOf = (instance: Instance) =>
    stoppingByHand({
      subject: schedulableInstance({
        instance,
        facts: facts.get(instance.instanceType),
        spot: spots.requests.get(instance.spotInstanceRequestId ?? ''),
        instanceStoreTag: config.tags.instanceStore,
      }),
      parsed: readSchedule(instance.tags, config),
      attribution: attribute(instance.tags, config.tags),
      policy: config,
      now,
    });
  return {
    members: [
      ...instances.map((instance) => {
        const member = toMember(instance, 'ec2-instance', rates.get(instance.instanceId));
        return { ...member, resource: { ...member.resource, stop: stopOf(instance) } };
      }),
      ...nodes.map((instance, index) => toMember(instance, 'hyperpod-node', nodeRates[index])),
    ],
    facts,
    complete,
    gaps: [...gaps, ...spots.gaps],
  };
}

/** `p5.48xlarge` of `ml.p5.48xlarge` */
const ec2Type = (type: string): string => type.replace(/^ml\./, '');

const toMember = (instance: Instance, kind: ResourceKind, hourlyRate: Usd | undefined): FleetMember => ({
  instance,
  resource: {
    kind,
    account: instance.account,
    region: instance.region,
    id: instance.instanceId,
    name: instanceName(instance),
    type: instance.instanceType,
    count: 1,
    startedAt: instance.launchTime,
    tags: instance.tags,
  },
  hourlyRate,
});

/** The requests behind spot instances; one call where there are any, else none. */
async function getSpots({ clients }: Watched, instances: readonly Instance[]) {
  const gaps: Gap[] = [];
  const ids = instances.flatMap(({ spotInstanceRequestId }) => spotInstanceRequestId ?? []);
  const requests = await getSpotRequests(clients.ec2, ids).catch((error: unknown) => {
    gaps.push({ what: 'spot requests', why: (error as Error).message });
    return new Map<string, SpotRequest>();
  });
  return { requests, gaps };
}

type Nodes = { instances: Instance[]; complete: ResourceKind[]; gaps: Gap[] };

/** A role that may not list clusters has none to watch, and says so: EC2's instances are none the worse. */
async function getNodes({ clients, target }: Pick<Watched, 'clients' | 'target'>): Promise<Nodes> {
  const gaps: Gap[] = [];
  const noteGap = (what: string) => (error: unknown) => {
    gaps.push({ what, why: (error as Error).message });
    return undefined;
  };
  const found = await getClusterNodes(clients.sageMaker, target).catch(noteGap('HyperPod clusters'));
  if (found === undefined) return { instances: [], complete: [], gaps };
  const { nodes, faults } = found;
  // A node has its cluster's tags: they say whose it is.
  const arns = [...new Set(nodes.map(({ clusterArn }) => clusterArn))];
  const tags = await getTagsOf(clients.tagging, arns).catch(noteGap('the tags of HyperPod clusters'));
  const instances = nodes.map((node) => toInstance(node, tags?.get(node.clusterArn) ?? {}));
  return { instances, complete: faults.length === 0 ? ['hyperpod-node'] : [], gaps: [...faults, ...gaps] };
}

/** A node as the instance that it is, in an account of SageMaker's. */
const toInstance = (node: ClusterNode, tags: Readonly<Record<string, string>>): Instance => ({
  account: node.account,
  region: node.region,
  instanceId: node.instanceId,
  instanceType: node.instanceType,
  reservationId: node.clusterName,
  state: node.status === 'Running' ? 'running' : 'pending',
  launchTime: node.launchTime,
  tags: { ...tags, Name: `${node.clusterName}/${node.instanceGroup}` },
  rootDeviceType: 'ebs',
  hibernationConfigured: false,
  managed: true,
  platform: 'linux',
  ...(node.privateDnsName && { privateDnsName: node.privateDnsName }),
});

/** Where CloudWatch tells of the devices of those that run. */
export function sourcesOfFleet({ clients, config }: Watched, { members, facts }: Fleet): Promise<Sources> {
  const neighbours = members.map(({ instance }) => instance);
  const running = neighbours.filter(({ state }) => state === 'running');
  const { namespaces } = config.utilization;
  return findSources(clients.cloudWatch, running, { facts, namespaces, neighbours });
}
