import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { PricingClient } from '@aws-sdk/client-pricing';
import { idleAlert } from '../alert/idle-alert.ts';
import { attribute } from '../allocation/owner.ts';
import {
  discoverMetrics,
  type GpuMetrics,
  getSeries,
  instanceMetric,
  type Metric,
  type MetricQuery,
} from '../aws/cloudwatch.ts';
import { getInstances, getInstanceTypeFacts } from '../aws/ec2.ts';
import { costBetween, monthlyCost } from '../compute/cost.ts';
import {
  confirmedBy,
  type IdleFinding,
  idleSince,
  type Observation,
  reviewFindings,
  toFinding,
} from '../compute/finding.ts';
import { type Instance, type InstanceTypeFacts, instanceName } from '../compute/instance.ts';
import {
  type IdlePolicy,
  judgeUtilization,
  periodSeconds,
  type Series,
  type Signals,
  startedWithin,
  type Utilization,
  type Window,
  windowBefore,
} from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import type { Usd } from '../money.ts';
import { type IsoTime, toTime } from '../period.ts';
import { closeFinding, confirmFinding, getFindings, openFinding, openingWrite } from '../store/findings.ts';
import { recordAlert } from '../store/outbox.ts';
import { hourlyRates } from '../store/prices.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';

/** `window` in minutes. */
export type Measurement = IdlePolicy & { window: number };

/**
 * The verdict on each instance over the window before `now`, by instance id; all of one target. Asks for no more than
 * changes the answer: GPU utilisation first, memory, CPU and network only of those that it doesn't show at work, and
 * nothing of those that aren't up through the window. $0.01 per 1,000 metrics: 19 for an idle instance of 8 GPUs.
 */
export async function measureUtilization(
  client: CloudWatchClient,
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  { window: minutes, ...policy }: Measurement,
  now: IsoTime,
): Promise<Map<string, Utilization>> {
  const { verdicts } = await measure(client, instances, facts, policy, windowBefore(now, minutes));
  return verdicts;
}

/** The metrics that tell of one instance. */
type Sources = { gpus: readonly GpuMetrics[]; cpu: Metric; networkIn: Metric; networkOut: Metric };

/** What CloudWatch has told so far. */
type Readings = Map<Metric, Series>;

type Measured = { verdicts: Map<string, Utilization>; sources: Map<string, Sources> };

async function measure(
  client: CloudWatchClient,
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  policy: IdlePolicy,
  window: Window,
): Promise<Measured> {
  const sources = await sourcesOf(client, instances, facts);
  const readings: Readings = new Map();
  const judge = (instance: Instance) => {
    const source = sources.get(instance.instanceId);
    const signals = source ? toSignals(source, readings) : { gpus: [] };
    return judgeUtilization({ instance, facts: facts.get(instance.instanceType), signals }, window, policy);
  };
  const ask = (asked: readonly Instance[], toQueries: (source: Sources) => MetricQuery[]) =>
    read(
      client,
      asked.flatMap(({ instanceId }) => {
        const source = sources.get(instanceId);
        return source ? toQueries(source) : [];
      }),
      window,
      readings,
    );

  const up = instances.filter((instance) => instance.state === 'running' && !startedWithin(instance, window));
  await ask(up, utilizationQueries);
  const silent = up.filter((instance) => judge(instance).state !== 'busy');
  await ask(silent, otherQueries);
  return { verdicts: new Map(instances.map((instance) => [instance.instanceId, judge(instance)])), sources };
}

/** GPU metrics are looked for only where there are GPUs: CloudWatch tells of them, never the type. */
async function sourcesOf(
  client: CloudWatchClient,
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
): Promise<Map<string, Sources>> {
  const hasGpus = ({ instanceType }: Instance) => facts.get(instanceType)?.accelerators?.kind === 'gpu';
  const discovered = instances.some(hasGpus) ? (await discoverMetrics(client)).gpus : undefined;
  return new Map(
    instances.map((instance) => {
      const { instanceId } = instance;
      const source: Sources = {
        gpus: (hasGpus(instance) && discovered?.get(instanceId)) || [],
        cpu: instanceMetric('CPUUtilization', instanceId),
        networkIn: instanceMetric('NetworkIn', instanceId),
        networkOut: instanceMetric('NetworkOut', instanceId),
      };
      return [instanceId, source];
    }),
  );
}

const utilizationQueries = ({ gpus }: Pick<Sources, 'gpus'>): MetricQuery[] =>
  gpus.flatMap(({ utilization }) => utilization.map((metric) => ({ metric, statistic: 'Maximum' })));

const otherQueries = ({ gpus, cpu, networkIn, networkOut }: Sources): MetricQuery[] => [
  ...gpus.flatMap(({ memoryUsed }) =>
    memoryUsed.map((metric): MetricQuery => ({ metric, statistic: 'Maximum' })),
  ),
  { metric: cpu, statistic: 'Maximum' },
  { metric: networkIn, statistic: 'Sum' },
  { metric: networkOut, statistic: 'Sum' },
];

async function read(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  window: Window,
  readings: Readings,
  period = periodSeconds,
): Promise<void> {
  const series = await getSeries(client, queries, window, period);
  for (const [index, { metric }] of queries.entries()) {
    const told = series[index];
    if (told) readings.set(metric, told);
  }
}

const toSignals = ({ gpus, cpu, networkIn, networkOut }: Sources, readings: Readings): Signals => ({
  gpus: gpus.map(({ index, utilization, memoryUsed }) => ({
    index,
    utilization: joined(utilization, readings),
    memoryUsedMib: joined(memoryUsed, readings),
  })),
  cpuPercent: readings.get(cpu),
  networkIn: perSecond(readings.get(networkIn)),
  networkOut: perSecond(readings.get(networkOut)),
});

/** One device under several sets of dimensions is one device. */
function joined(metrics: readonly Metric[], readings: Readings): Series | undefined {
  const parts = metrics.flatMap((metric) => readings.get(metric) ?? []);
  if (parts.length <= 1) return parts[0];
  return {
    points: parts.flatMap(({ points }) => points),
    failure: parts.find(({ failure }) => failure !== undefined)?.failure,
  };
}

const perSecond = (series: Series | undefined): Series | undefined =>
  series && {
    ...series,
    points: series.points.map(({ at, value }) => ({ at, value: value / periodSeconds })),
  };

/** One running accelerator instance, as a table or a program shows it. */
type InstanceUtilization = {
  account: string;
  accountName?: string | undefined;
  region: string;
  instanceId: string;
  name: string;
  instanceType: string;
  owner?: string | undefined;
  team?: string | undefined;
  state: Utilization['state'];
  reason: string;
  /** 0 to 1. */
  coverage: number;
  /** Only while idle. */
  idleSince?: IsoTime | undefined;
  /** Dollars; undefined where the price is unknown. */
  hourlyRate?: Usd | undefined;
  monthlyRunRate?: Usd | undefined;
  /** Dollars since `idleSince`; only while idle. */
  wastedSoFar?: Usd | undefined;
};

export type UtilizationResult = {
  account: string;
  region: string;
  /** The most wasteful first. */
  instances: InstanceUtilization[];
  /** Findings: opened and told, seen again, over. */
  opened: number;
  confirmed: number;
  closed: number;
};

export type UtilizationClients = {
  ec2: EC2Client;
  cloudWatch: CloudWatchClient;
  pricing: PricingClient;
  table: Table;
};

/**
 * One pass over the running accelerator instances of a target: verdicts, and what they mean for the findings. An idle
 * episode is told once, however often it is seen; a repeat of the same pass changes nothing.
 */
export async function watchUtilization(
  clients: UtilizationClients,
  target: Target,
  config: Config,
  now: IsoTime,
): Promise<UtilizationResult> {
  const { instances, facts } = await getAccelerators(clients.ec2, target);
  const window = windowBefore(now, config.idle.window);
  const { verdicts, sources } = await measure(clients.cloudWatch, instances, facts, config.idle, window);
  const rates = await hourlyRates(clients, target, instances, now);
  const observed = instances.flatMap((instance): Observation[] => {
    const utilization = verdicts.get(instance.instanceId);
    const hourlyRate = rates.get(instance.instanceId);
    return utilization ? [{ instance, utilization, hourlyRate }] : [];
  });
  const pass: Pass = { clients, target, config, now, sources };
  const { findings, ...counts } = await settleFindings(pass, observed);
  const rows = observed.map((observation) => toRow(pass, observation, findings));
  return {
    account: target.account,
    region: target.region,
    instances: rows.toSorted((a, b) => (b.wastedSoFar ?? 0) - (a.wastedSoFar ?? 0)),
    ...counts,
  };
}

/** The running instances that have accelerators, and those of which nobody can say. */
async function getAccelerators(client: EC2Client, target: Target) {
  const running = await getInstances(client, target, { states: ['running'] });
  const types = running.map(({ instanceType }) => instanceType);
  const facts = await getInstanceTypeFacts(client, types);
  const instances = running.filter(({ instanceType }) => {
    const known = facts.get(instanceType);
    return known === undefined || known.accelerators !== undefined;
  });
  return { instances, facts };
}

type Pass = {
  clients: UtilizationClients;
  target: Target;
  config: Config;
  now: IsoTime;
  sources: ReadonlyMap<string, Sources>;
};

/** Opens, confirms and closes; `findings` are those open now, by instance id. */
async function settleFindings(pass: Pass, observed: readonly Observation[]) {
  const { clients, target, now } = pass;
  const { closed, confirmed, opened } = reviewFindings(await getFindings(clients.table, target), observed);
  for (const finding of closed) await closeFinding(clients.table, finding, now);

  const findings = new Map<string, IdleFinding>();
  for (const { finding, observation } of confirmed) {
    const seen = confirmedBy(finding, observation, now);
    await confirmFinding(clients.table, seen);
    findings.set(seen.instanceId, seen);
  }
  const since = await idleSinces(pass, opened);
  for (const observation of opened) {
    const { instance, utilization } = observation;
    const finding = toFinding(observation, since.get(instance) ?? utilization.windowStart, now);
    await tell(pass, finding, instance);
    findings.set(finding.instanceId, finding);
  }
  return { findings, opened: opened.length, confirmed: confirmed.length, closed: closed.length };
}

/** An episode that was told before, and only interrupted by its CPU or its memory, is open again without a word. */
async function tell({ clients: { table }, target, config }: Pass, finding: IdleFinding, instance: Instance) {
  const attribution = attribute(instance.tags, config.tags);
  const alert = idleAlert({ finding, instance, attribution, target, tags: config.tags });
  const isNew = await recordAlert(table, alert, [openingWrite(table, finding)]);
  if (!isNew) await openFinding(table, finding);
}

/** How far back to look for the last work: CloudWatch keeps hours for longer, nobody needs to be told. */
const lookBackMs = 14 * 24 * 3_600_000;

/** Since when the GPUs of newly idle instances have been silent; once an episode, so that hourly maxima will do. */
async function idleSinces({ clients, config, now, sources }: Pass, opened: readonly Observation[]) {
  const hour = 3600;
  const end = Math.ceil(Date.parse(now) / 1000 / hour) * hour * 1000;
  const window = { start: toTime(end - lookBackMs), end: toTime(end) };
  const queried = opened.map((observation) => ({
    observation,
    gpus: sources.get(observation.instance.instanceId)?.gpus ?? [],
  }));
  const queries = queried.flatMap(utilizationQueries);
  const readings: Readings = new Map();
  await read(clients.cloudWatch, queries, window, readings, hour);
  return new Map(
    queried.map(({ observation, gpus }) => {
      const hours = gpus.map(({ utilization }) => joined(utilization, readings) ?? { points: [] });
      return [observation.instance, idleSince(observation, hours, config.idle.gpuPercent)] as const;
    }),
  );
}

function toRow(
  { target, config, now }: Pass,
  { instance, utilization, hourlyRate }: Observation,
  findings: ReadonlyMap<string, IdleFinding>,
): InstanceUtilization {
  const { owner, team } = attribute(instance.tags, config.tags);
  const since = utilization.state === 'idle' ? findings.get(instance.instanceId)?.idleSince : undefined;
  return {
    account: instance.account,
    accountName: target.accountName,
    region: instance.region,
    instanceId: instance.instanceId,
    name: instanceName(instance),
    instanceType: instance.instanceType,
    owner,
    team,
    state: utilization.state,
    reason: utilization.reason,
    coverage: utilization.coverage,
    idleSince: since,
    hourlyRate,
    monthlyRunRate: hourlyRate === undefined ? undefined : monthlyCost(hourlyRate),
    wastedSoFar:
      since === undefined || hourlyRate === undefined ? undefined : costBetween(hourlyRate, since, now),
  };
}
