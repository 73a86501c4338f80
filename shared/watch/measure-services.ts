import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { attribute } from '../allocation/owner.ts';
import { listMetrics } from '../aws/cloudwatch.ts';
import { describeEach } from '../aws/describe-each.ts';
import { usesAccelerators } from '../aws/ecs.ts';
import { type ContainerPolicy, judgeContainerGpus } from '../compute/container-gpus.ts';
import { mapWorkloads, type WorkloadSource } from '../compute/container-source.ts';
import { type EcsService, serviceId } from '../compute/ecs-service.ts';
import { judgeService, type TargetGroup } from '../compute/ecs-utilization.ts';
import { isStandby } from '../compute/idleness.ts';
import { type Metric, type MetricQuery, periodSeconds, type Series, type Window } from '../compute/metric.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import { largestOf, readSeries } from './measure.ts';
import { listContainerGpus, readHolders, readRests } from './measure-containers.ts';

type Clients = { cloudWatch: CloudWatchClient; ecs: ECSClient };

type Settings = Pick<Config, 'idle' | 'tags' | 'utilization'>;

/**
 * The verdict on each service over so many minutes before `now`, by `serviceId`. A service whose tasks work on accelerators
 * is idle only by these, and what else it does may add work. $0.01 per 1,000 metrics: one a service, two a target group,
 * two where Container Insights tells of its network, and those of its GPUs.
 */
export async function measureServices(
  clients: Clients,
  services: readonly EcsService[],
  config: Settings,
  { minutes, now }: { minutes: number; now: IsoTime },
): Promise<Map<string, Utilization>> {
  if (services.length === 0) return new Map();
  const window = windowBefore(now, minutes);
  const plain = await measurePlain(clients.cloudWatch, services, config, window);
  const gpus = await measureGpus(clients, services, config, window);
  return new Map(
    services.flatMap((service) => {
      const id = serviceId(service);
      const [own, ofGpus] = [plain.get(id), gpus.get(id)];
      const verdict = ofGpus === undefined || own?.state === 'busy' ? own : ofGpus;
      return verdict ? [[id, verdict] as const] : [];
    }),
  );
}

/** The metrics of a service. */
type Sources = {
  cpu: Metric;
  balancers: { name: string; requests?: Metric; healthyHosts?: Metric }[][];
  network: { name: string; metric: Metric }[];
};

async function measurePlain(
  client: CloudWatchClient,
  services: readonly EcsService[],
  config: Settings,
  window: Window,
): Promise<Map<string, Utilization>> {
  const [hosts, traffic] = await Promise.all([
    listHosts(client, services),
    config.utilization.namespaces.includes(insights) ? listNetwork(client) : [],
  ]);
  const sources = services.map((service) => sourcesOf(service, hosts, traffic));
  const queries = sources.flatMap(({ cpu, balancers, network }): MetricQuery[] => [
    ...largestOf([cpu, ...network.map(({ metric }) => metric)]),
    ...balancers
      .flat()
      .flatMap(({ requests, healthyHosts }) => [
        ...(requests ? [{ metric: requests, statistic: 'Sum' as const }] : []),
        ...(healthyHosts ? largestOf([healthyHosts]) : []),
      ]),
  ]);
  const readings = await readSeries(client, queries, window, periodSeconds);
  return new Map(
    services.flatMap((service, index) => {
      const own = sources[index];
      return own ? [[serviceId(service), judgeService(toSignals(own, readings), window, config.idle)]] : [];
    }),
  );
}

const insights = 'ECS/ContainerInsights';

/** What tells that a target group has targets, of all load balancers; asked only where a service is behind one. */
const listHosts = async (client: CloudWatchClient, services: readonly EcsService[]): Promise<Metric[]> =>
  services.some(({ balancers }) => balancers.length > 0)
    ? listMetrics(client, { namespace: 'AWS/ApplicationELB', name: 'HealthyHostCount' })
    : [];

const directions = { NetworkRxBytes: 'network in', NetworkTxBytes: 'network out' } as const;

async function listNetwork(client: CloudWatchClient): Promise<Metric[]> {
  const names = Object.keys(directions);
  const lists = names.map((name) => listMetrics(client, { namespace: insights, name }));
  return (await Promise.all(lists)).flat();
}

function sourcesOf(
  { cluster, name, balancers }: EcsService,
  hosts: readonly Metric[],
  traffic: readonly Metric[],
): Sources {
  const dimensions = [
    { name: 'ClusterName', value: cluster },
    { name: 'ServiceName', value: name },
  ];
  return {
    cpu: { namespace: 'AWS/ECS', name: 'CPUUtilization', dimensions },
    balancers: balancers.map((groups) => groups.map((group) => targetGroupSources(group, hosts))),
    network: traffic
      .filter((metric) => hasExactly(metric, dimensions))
      .map((metric) => ({ name: directions[metric.name as keyof typeof directions], metric })),
  };
}

/** Told under the load balancer and the group alone; by zone, too, which would count twice. */
function targetGroupSources(group: string, hosts: readonly Metric[]): Sources['balancers'][number][number] {
  const healthyHosts = hosts.find(
    ({ dimensions }) =>
      dimensions.length === 2 &&
      dimensions.some(({ name, value }) => name === 'TargetGroup' && value === group) &&
      dimensions.some(({ name }) => name === 'LoadBalancer'),
  );
  const name = group.split('/')[1] ?? group;
  if (!healthyHosts) return { name };
  return { name, healthyHosts, requests: { ...healthyHosts, name: 'RequestCount' } };
}

const hasExactly = ({ dimensions }: Metric, wanted: Metric['dimensions']): boolean =>
  dimensions.length === wanted.length &&
  wanted.every(({ name, value }) => dimensions.some((each) => each.name === name && each.value === value));

const unanswered: Series = { points: [], failure: 'CloudWatch did not answer for it' };

function toSignals({ cpu, balancers, network }: Sources, readings: ReadonlyMap<Metric, Series>) {
  const seriesOf = (metric: Metric): Series => readings.get(metric) ?? unanswered;
  return {
    cpuPercent: seriesOf(cpu),
    balancers: balancers.map((groups) =>
      groups.map(
        ({ name, requests, healthyHosts }): TargetGroup => ({
          name,
          requests: requests && seriesOf(requests),
          healthyHosts: healthyHosts && seriesOf(healthyHosts),
        }),
      ),
    ),
    // Bytes a second already (ECS developer guide: Container Insights metrics).
    network: network.map(({ name, metric }) => ({ name, bytesPerSecond: seriesOf(metric) })),
  };
}

/** The verdict on the accelerators of those services whose tasks work on some; of whose tasks nobody knows, unknown. */
async function measureGpus(
  { cloudWatch, ecs }: Clients,
  services: readonly EcsService[],
  config: Settings,
  window: Window,
): Promise<Map<string, Utilization>> {
  const asked = services.map(({ taskDefinition }) => taskDefinition);
  const uses = await describeEach(asked, (definition) => usesAccelerators(ecs, definition));
  const own = services.filter(({ taskDefinition }) => uses.get(taskDefinition) !== false);
  if (own.length === 0) return new Map();
  const workloads = config.utilization.namespaces.includes(insights)
    ? mapWorkloads(await listContainerGpus(cloudWatch, insights))
    : [];
  const found = own.flatMap((service) => {
    const workload = workloads.find((each) => isOf(each, service));
    return workload ? [{ service, workload, policy: policyOf(service, config) }] : [];
  });
  const reader = { cloudWatch, idle: config.idle };
  const holders = await readHolders(
    reader,
    found.map(({ workload }) => workload),
    window,
  );
  const reads = found.map((each, index) => ({ ...each, holders: holders[index] ?? [] }));
  const rests = await readRests(reader, reads, window);
  const verdicts = new Map(
    own.map((service) => [serviceId(service), mute(uses.get(service.taskDefinition), window)]),
  );
  for (const { service, workload, holders, policy } of reads) {
    verdicts.set(serviceId(service), judgeContainerGpus(holders, window, policy, rests.get(workload)));
  }
  return verdicts;
}

const isOf = ({ id }: WorkloadSource, { cluster, name }: EcsService): boolean =>
  id === `${cluster}/service/${name}`;

function policyOf({ tags }: EcsService, config: Settings): ContainerPolicy {
  const { workload } = attribute(tags, config.tags);
  return { ...config.idle, isStandby: isStandby(workload, config.idle.standby) };
}

const mute = (uses: boolean | Error | undefined, { start, end }: Window): Utilization => ({
  state: 'unknown',
  reason:
    uses === true
      ? 'its tasks work on accelerators, and Container Insights tells of none: missing is not idle'
      : `its task definition could not be read: ${uses instanceof Error ? uses.message : 'no answer'}`,
  windowStart: start,
  windowEnd: end,
  coverage: 0,
  confidence: 'low',
});
