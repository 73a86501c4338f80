import { discoverDeviceMetrics } from '../shared/aws/cloudwatch.ts';
import { getInstances, getInstanceTypeFacts } from '../shared/aws/ec2.ts';
import { type Accelerators, type Instance, instanceName } from '../shared/compute/instance.ts';
import type { DeviceMetrics } from '../shared/compute/metric.ts';
import { describeMissing, mapDeviceMetrics, type UnmappedHost } from '../shared/compute/metric-source.ts';
import { startedWithin, windowBefore } from '../shared/compute/utilization.ts';
import { type Target, targetName } from '../shared/target.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import { agentConfig, agentGuides } from './agent-config.ts';
import { type Finding, fail, ok, warn } from './doctor-finding.ts';
import type { Session } from './session.ts';

const check = 'GPU metrics';

/** What to do, in short: the guide to it follows once. */
const fixes = {
  gpu: 'run the CloudWatch agent on it, with the configuration below',
  mig: 'use the DCGM exporter, see below',
  neuron: 'let its NeuronCores report, see below',
  memory: 'add memory_used to what the agent measures: idle takes idle.loadedWindow until then',
  host: 'append_dimensions with InstanceId for its agent, as in the configuration below',
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
    ...(asksFor(fixes.gpu, fixes.host) ? [gpuGuide] : []),
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

/** A running instance with devices that could report, for long enough to have done so. */
type Candidate = { instance: Instance; accelerators: Accelerators };

async function checkTarget({ config, now }: Session, target: Target): Promise<Finding[]> {
  const { ec2, cloudWatch } = instanceClients(target);
  try {
    const running = await getInstances(ec2, target, { states: ['running'] });
    const types = running.map(({ instanceType }) => instanceType);
    const facts = await getInstanceTypeFacts(ec2, types);
    const window = windowBefore(now, config.idle.window);
    const candidates = running.flatMap((instance): Candidate[] => {
      const accelerators = facts.get(instance.instanceType)?.accelerators;
      return isMeasurable(accelerators) && !startedWithin(instance, window)
        ? [{ instance, accelerators }]
        : [];
    });
    if (candidates.length === 0) return [];
    const { listed, failures } = await discoverDeviceMetrics(cloudWatch, config.utilization.namespaces);
    const { devices, unmapped } = mapDeviceMetrics(listed, running, facts);
    return [
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

const isMeasurable = (accelerators: Accelerators | undefined): accelerators is Accelerators =>
  accelerators?.kind === 'gpu' || accelerators?.kind === 'neuron';

function toInstanceFindings(
  candidates: readonly Candidate[],
  devices: ReadonlyMap<string, readonly DeviceMetrics[]>,
  target: Target,
): Finding[] {
  const warnings = candidates.flatMap(({ instance, accelerators }) => {
    const own = devices.get(instance.instanceId) ?? [];
    const missing = describeMissing(accelerators, own);
    const name = `${instanceName(instance)} (${instance.instanceId}, ${instance.instanceType})`;
    return missing === undefined
      ? []
      : [warn(check, `${targetName(target)}: ${name}: ${missing}`, adviceFor(accelerators, own))];
  });
  const whole = candidates.length - warnings.length;
  const summary = `${targetName(target)}: ${whole} of ${candidates.length} accelerator instances report all their devices`;
  return [ok(check, summary), ...warnings];
}

function adviceFor({ kind, count, cores }: Accelerators, devices: readonly DeviceMetrics[]): string {
  const computing = devices.filter(({ utilization }) => utilization.length > 0).length;
  if (kind === 'neuron') return fixes.neuron;
  if (computing >= count * cores) return fixes.memory;
  return devices.length > 0 && computing === 0 ? fixes.mig : fixes.gpu;
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
