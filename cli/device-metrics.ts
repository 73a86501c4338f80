import { discoverDeviceMetrics } from '../shared/aws/cloudwatch.ts';
import { counted } from '../shared/compute/evidence-text.ts';
import { type Accelerators, type Instance, instanceName } from '../shared/compute/instance.ts';
import type { DeviceMetrics, Window } from '../shared/compute/metric.ts';
import { describeMissing, mapDeviceMetrics, type UnmappedHost } from '../shared/compute/metric-source.ts';
import { startedWithin, windowBefore } from '../shared/compute/utilization.ts';
import { type Target, targetName } from '../shared/target.ts';
import { getHosts, type Hosts } from '../shared/watch/fleet.ts';
import { targetClients } from '../shared/watch/target-clients.ts';
import { agentConfig, agentGuides } from './agent-config.ts';
import { type Finding, fail, ok, warn } from './doctor-finding.ts';
import type { Session } from './session.ts';

const check = 'GPU metrics';

/** What to do, in short: the guide to it follows once. */
const fixes = {
  gpu: 'run the CloudWatch agent on it, with the configuration below',
  node: 'let it report: on EKS by the CloudWatch Observability add-on, else by the CloudWatch agent, started by the lifecycle script of its instance group, with the configuration below',
  device:
    'restart its agent, and look at the device that stays away (nvidia-smi, neuron-ls): it may be broken',
  mig: 'use the DCGM exporter, see below',
  neuron: 'let its NeuronCores report, see below',
  memory: 'add memory_used to what the agent measures: idle takes idle.loadedWindow until then',
  host: 'append_dimensions with InstanceId for its agent, as in the configuration below',
  listing: 'allow what is missing (docs/permissions.md): until then nothing of it is watched',
  namespace: 'allow cloudwatch:ListMetrics (docs/permissions.md), or correct utilization.namespaces',
} as const;

/**
 * Which running accelerator instances don't tell what their devices do, target by target, and once how to make them.
 * Reads no data points, and so costs nothing.
 */
export async function checkDeviceMetrics(session: Session): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const target of session.targets) findings.push(...(await checkTarget(session, target)));
  if (findings.length === 0) return [ok(check, 'no accelerator instance runs that should report')];
  const asksFor = (...wanted: string[]) => findings.some(({ fix = '' }) => wanted.includes(fix));
  return [
    ...findings,
    ...(asksFor(fixes.gpu, fixes.node, fixes.host) ? [gpuGuide] : []),
    ...(asksFor(fixes.mig)
      ? [warn(check, 'nvidia-smi tells no utilisation of MIG devices', agentGuides.mig)]
      : []),
    ...(asksFor(fixes.neuron) ? [warn(check, 'how NeuronCores report', agentGuides.neuron)] : []),
  ];
}

const gpuGuide: Finding = {
  ...warn(check, 'how GPUs report: the configuration of the CloudWatch agent', agentGuides.gpu),
  config: agentConfig,
};

/** A running instance with devices that could report, for long enough to have done so; a node is a HyperPod cluster's. */
type Candidate = { instance: Instance; accelerators: Accelerators; isNode: boolean };

async function checkTarget({ config, now }: Session, target: Target): Promise<Finding[]> {
  const clients = targetClients(target);
  try {
    const hosts = await getHosts({ clients, target });
    const candidates = candidatesAmong(hosts, windowBefore(now, config.idle.window));
    const unlisted = hosts.gaps.map(({ what, why }) =>
      warn(check, `${targetName(target)}: ${what} can't be read: ${why}`, fixes.listing),
    );
    if (candidates.length === 0) return unlisted;
    const { namespaces } = config.utilization;
    const { listed, failures } = await discoverDeviceMetrics(clients.cloudWatch, namespaces);
    const { devices, unmapped } = mapDeviceMetrics(listed, [...hosts.instances, ...hosts.nodes], hosts.facts);
    return [
      ...unlisted,
      ...failures.map(({ namespace, why }) =>
        warn(
          check,
          `${targetName(target)}: the namespace ${namespace} can't be read: ${why}`,
          fixes.namespace,
        ),
      ),
      ...toInstanceFindings(candidates, devices, target),
      ...toHostFindings(unmapped, target),
    ];
  } catch (error) {
    return [
      fail(check, `${targetName(target)}: ${(error as Error).message}`, 'see the check of this target'),
    ];
  }
}

function candidatesAmong({ instances, nodes, facts }: Hosts, window: Window): Candidate[] {
  const isNode = new Set(nodes);
  return [...instances, ...nodes].flatMap((instance) => {
    const accelerators = facts.get(instance.instanceType)?.accelerators;
    const mayReport = instance.state === 'running' && !startedWithin(instance, window);
    return mayReport && isMeasurable(accelerators)
      ? [{ instance, accelerators, isNode: isNode.has(instance) }]
      : [];
  });
}

const isMeasurable = (accelerators: Accelerators | undefined): accelerators is Accelerators =>
  accelerators?.kind === 'gpu' || accelerators?.kind === 'neuron';

function toInstanceFindings(
  candidates: readonly Candidate[],
  devices: ReadonlyMap<string, readonly DeviceMetrics[]>,
  target: Target,
): Finding[] {
  const warnings = candidates.flatMap((candidate) => {
    const { instance, accelerators } = candidate;
    const own = devices.get(instance.instanceId) ?? [];
    const missing = describeMissing(accelerators, own);
    const name = `${instanceName(instance)} (${instance.instanceId}, ${instance.instanceType})`;
    return missing === undefined
      ? []
      : [warn(check, `${targetName(target)}: ${name}: ${missing}`, adviceFor(candidate, own))];
  });
  const whole = candidates.length - warnings.length;
  const summary = `${targetName(target)}: ${whole} of ${counted(candidates.length, 'accelerator instance')} reporting all devices`;
  return [ok(check, summary), ...warnings];
}

/** An agent that reports some of its devices is there, and configured: what it lacks is a device. */
function adviceFor({ accelerators, isNode }: Candidate, devices: readonly DeviceMetrics[]): string {
  const { kind, count, cores } = accelerators;
  const computing = devices.filter(({ utilization }) => utilization.length > 0).length;
  const holding = devices.filter(({ memoryUsed }) => memoryUsed.length > 0).length;
  if (computing > 0 && computing < count * cores) return fixes.device;
  if (computing > 0 && holding > 0) return fixes.device;
  if (kind === 'neuron') return fixes.neuron;
  if (computing > 0) return fixes.memory;
  if (devices.length > 0) return fixes.mig;
  return isNode ? fixes.node : fixes.gpu;
}

/** Hosts with the same trouble in one line: a cluster has hundreds. */
function toHostFindings(unmapped: readonly UnmappedHost[], target: Target): Finding[] {
  const alike = Map.groupBy(unmapped, ({ namespace, why }) => `${namespace}: ${why}`);
  return [...alike].map(([trouble, hosts]) => {
    const names = hosts.slice(0, shownHosts).map(({ host }) => host);
    const more = hosts.length > shownHosts ? ` and ${hosts.length - shownHosts} more` : '';
    const detail = `metrics without an instance id in ${trouble}: ${names.join(', ')}${more}`;
    return warn(check, `${targetName(target)}: ${detail}`, fixes.host);
  });
}

const shownHosts = 5;
