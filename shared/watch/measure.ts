import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { attribute } from '../allocation/owner.ts';
import { discoverDeviceMetrics, getSeries, instanceMetric } from '../aws/cloudwatch.ts';
import { inBatches } from '../batches.ts';
import {
  type DeviceSignal,
  isStandby,
  judgeIdleness,
  nextQuestion,
  type Question,
} from '../compute/idleness.ts';
import type { Purpose } from '../compute/inquiry.ts';
import type { Instance, InstanceTypeFacts } from '../compute/instance.ts';
import {
  type DeviceMetrics,
  type Metric,
  type MetricQuery,
  periodSeconds,
  type Series,
  type Window,
} from '../compute/metric.ts';
import { mapDeviceMetrics, namesInstance } from '../compute/metric-source.ts';
import { historyWindow } from '../compute/rest.ts';
import { type IdlePolicy, isRead, type Measured, type Signal, type Signals } from '../compute/signals.ts';
import { type Utilization, windowBefore } from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import type { IsoTime } from '../period.ts';
import type { Gap } from './observe.ts';

/**
 * The verdict on each instance over so many minutes before `now`, by instance id; all of one target. Asks for no more
 * than changes the answer, one question after the other. $0.01 per 1,000 metrics: 1 for an instance whose first device
 * works, 27 for an idle one of 8 devices that report their power too, none for one that can't be called idle anyway.
 * A stop may follow: a metric that carries but a host's name, which another of the `neighbours` may have, counts for
 * nothing.
 */
export async function measureUtilization(
  client: CloudWatchClient,
  instances: readonly Instance[],
  facts: ReadonlyMap<string, InstanceTypeFacts>,
  config: Pick<Config, 'idle' | 'tags' | 'utilization'>,
  { minutes, now, neighbours }: { minutes: number; now: IsoTime; neighbours: readonly Instance[] },
): Promise<Map<string, Utilization>> {
  const window = windowBefore(now, minutes);
  const { namespaces } = config.utilization;
  const known = { facts, namespaces, neighbours, isForStop: true };
  const sources = await findSources(client, instances, known);
  const looks = instances.map((instance) => ({ ...lookAt(instance, config), readFrom: window.start }));
  return measureLooks(client, looks, { facts, sources, policy: config.idle, window });
}

/** What is to be found out of one instance; work counts since `readFrom`, which may be before the window. */
export type Look = {
  instance: Instance;
  readFrom: IsoTime;
  purpose: Purpose;
  isStandby: boolean;
  isForeign?: boolean;
  /** It was found to work on a part of its devices before. */
  wasSkewed?: boolean;
};

/** A look at an instance, as its tags have it. */
export function lookAt(
  instance: Instance,
  { idle, tags }: Pick<Config, 'idle' | 'tags'>,
): Omit<Look, 'readFrom'> {
  const { workload } = attribute(instance.tags, tags);
  return { instance, purpose: 'idle', isStandby: isStandby(workload, idle.standby) };
}

/** Where CloudWatch tells of the devices of a target's instances. */
export type Sources = {
  /** By instance id, by index. */
  devices: ReadonlyMap<string, readonly DeviceMetrics[]>;
  /** Namespaces that could not be read. */
  gaps: readonly Gap[];
  /** The same in a sentence; absent where there are none. */
  unreadable?: string | undefined;
};

type Known = {
  facts: ReadonlyMap<string, InstanceTypeFacts>;
  namespaces: readonly string[];
  neighbours: readonly Instance[];
  /** Only what names its instance counts: a node of another service may have the same host's name. */
  isForStop?: boolean;
  /** Also what got its last data point up to two weeks ago. */
  withSilent?: boolean;
};

/**
 * Device metrics are looked for only where there may be devices. A host's name tells of an instance only where no
 * neighbour has the same: two networks may give it twice.
 */
export async function findSources(
  client: CloudWatchClient,
  instances: readonly Instance[],
  { facts, namespaces, neighbours, isForStop = false, withSilent = false }: Known,
): Promise<Sources> {
  const mayReport = ({ instanceType }: Instance) => {
    const known = facts.get(instanceType);
    const kind = known?.accelerators?.kind;
    return known === undefined || kind === 'gpu' || kind === 'neuron';
  };
  if (!instances.some(mayReport)) return { devices: new Map(), gaps: [] };
  const { listed, failures } = await discoverDeviceMetrics(client, namespaces, { withSilent });
  const certain = isForStop ? listed.filter(namesInstance) : listed;
  const own = new Set(instances.map(({ instanceId }) => instanceId));
  const others = neighbours.filter(({ instanceId }) => !own.has(instanceId));
  const gaps = failures.map(({ namespace, why }) => ({ what: `the CloudWatch namespace ${namespace}`, why }));
  const unreadable = gaps.map(({ what, why }) => `${what} could not be read: ${why}`).join('; ');
  return {
    devices: mapDeviceMetrics(certain, [...instances, ...others], facts).devices,
    gaps,
    ...(unreadable && { unreadable }),
  };
}

export type Measuring = {
  facts: ReadonlyMap<string, InstanceTypeFacts>;
  sources: Sources;
  policy: IdlePolicy;
  window: Window;
};

/** The verdict on each look, by instance id. What was read of some is forgotten before the next are looked at. */
export async function measureLooks(
  client: CloudWatchClient,
  looks: readonly Look[],
  measuring: Measuring,
): Promise<Map<string, Utilization>> {
  const verdicts = new Map<string, Utilization>();
  for (const some of inBatches(looks, looksAtOnce)) {
    for (const [id, verdict] of await measureSome(client, some, measuring)) verdicts.set(id, verdict);
  }
  return verdicts;
}

/** Enough to fill the batches of 500 metrics, few enough to be held. */
const looksAtOnce = 1000;

/** What CloudWatch has told so far: over the windows of the looks, and over the longer one. */
type Readings = { recent: Map<Metric, Series>; history: Map<Metric, Series> };

/** One look, and the metrics that tell of its instance. */
type Subject = { look: Look; devices: readonly DeviceMetrics[]; own: OwnMetrics };

type OwnMetrics = { cpu: Metric; networkIn: Metric; networkOut: Metric };

async function measureSome(
  client: CloudWatchClient,
  looks: readonly Look[],
  measuring: Measuring,
): Promise<[string, Utilization][]> {
  const { policy, sources, window } = measuring;
  const readings: Readings = { recent: new Map(), history: new Map() };
  const subjects = looks.map((look) => toSubject(look, sources));
  const since = ({ readFrom }: Look): Window => ({ ...window, start: readFrom });
  let open = subjects;
  while (open.length > 0) {
    const asked = open.flatMap((subject) => {
      const { look } = subject;
      const measured = toMeasured(subject, measuring, readings);
      const question = nextQuestion(measured, since(look), policy, look.purpose);
      return question ? [{ subject, question }] : [];
    });
    await askAll(client, asked, measuring, readings);
    open = asked.map(({ subject }) => subject);
  }
  return subjects.map((subject) => {
    const { instance, purpose } = subject.look;
    const measured = toMeasured(subject, measuring, readings);
    const sinceThen = judgeIdleness(measured, since(subject.look), policy, purpose);
    const isWork = sinceThen.state === 'busy' || subject.look.readFrom === window.start;
    return [instance.instanceId, isWork ? sinceThen : judgeIdleness(measured, window, policy, purpose)];
  });
}

const toSubject = (look: Look, { devices }: Sources): Subject => {
  const { instanceId } = look.instance;
  return { look, devices: devices.get(instanceId) ?? [], own: ownMetrics(instanceId) };
};

/** What EC2 reports of an instance, whatever runs on it. */
export const ownMetrics = (instanceId: string): OwnMetrics => ({
  cpu: instanceMetric('CPUUtilization', instanceId),
  networkIn: instanceMetric('NetworkIn', instanceId),
  networkOut: instanceMetric('NetworkOut', instanceId),
});

/** One question to each instance that the round before has left open. */
async function askAll(
  client: CloudWatchClient,
  asked: readonly { subject: Subject; question: Question }[],
  { policy, window }: Measuring,
  readings: Readings,
): Promise<void> {
  const isLonger = ({ question }: (typeof asked)[number]) => question.signal === 'history';
  const recent = asked.filter((one) => !isLonger(one));
  for (const [start, some] of Map.groupBy(recent, ({ subject }) => subject.look.readFrom)) {
    await readSeries(client, some.flatMap(toQueries), { ...window, start }, periodSeconds, readings.recent);
  }
  const longer = asked.filter(isLonger).flatMap(toQueries);
  await readSeries(client, longer, historyWindow(window, policy), periodSeconds, readings.history);
}

function toQueries({ subject, question }: { subject: Subject; question: Question }): MetricQuery[] {
  const { devices, own } = subject;
  if (question.signal === 'cpu') return largestOf([own.cpu]);
  if (question.signal === 'network') {
    return [own.networkIn, own.networkOut].map((metric) => ({ metric, statistic: 'Sum' }));
  }
  const field = fields[question.signal];
  const { indexes } = question;
  return devices.filter(({ index }) => indexes.includes(index)).flatMap((device) => largestOf(device[field]));
}

const fields = {
  utilization: 'utilization',
  history: 'utilization',
  memory: 'memoryUsed',
  power: 'power',
} as const satisfies Record<DeviceSignal, keyof DeviceMetrics>;

/** The largest sample of each period, so that a burst isn't averaged away. */
export const largestOf = (metrics: readonly Metric[]): MetricQuery[] =>
  metrics.map((metric) => ({ metric, statistic: 'Maximum' }));

/** Reads into a map by metric; what CloudWatch leaves out of its answer has failed. */
export async function readSeries(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  window: Window,
  period: number,
  into = new Map<Metric, Series>(),
): Promise<Map<Metric, Series>> {
  const series = await getSeries(client, queries, window, period);
  for (const [index, { metric }] of queries.entries()) {
    into.set(metric, series[index] ?? { points: [], failure: 'CloudWatch did not answer for it' });
  }
  return into;
}

function toMeasured(
  { look, devices, own }: Subject,
  { facts, sources }: Measuring,
  { recent, history }: Readings,
): Measured {
  const signals: Signals = {
    devices: devices.map(({ index, utilization, memoryUsed, power, isSliced }) => ({
      index,
      isSliced,
      utilization: joined(utilization, recent),
      memoryUsedMib: joined(memoryUsed, recent),
      powerWatts: joined(power, recent),
      history: joined(utilization, history),
    })),
    cpuPercent: recent.get(own.cpu),
    networkIn: perSecond(recent.get(own.networkIn)),
    networkOut: perSecond(recent.get(own.networkOut)),
  };
  const { instance, isStandby, isForeign, wasSkewed } = look;
  return {
    instance,
    facts: facts.get(instance.instanceType),
    signals,
    isStandby,
    isForeign,
    wasSkewed,
    unreadable: sources.unreadable,
  };
}

/** One device under several sets of dimensions is one device. */
function joined(metrics: readonly Metric[], readings: ReadonlyMap<Metric, Series>): Signal {
  if (metrics.length === 0) return undefined;
  const parts = metrics.flatMap((metric) => readings.get(metric) ?? []);
  const [first, ...others] = parts;
  if (first === undefined) return 'unread';
  if (others.length === 0) return first;
  return {
    points: parts.flatMap(({ points }) => points),
    failure: parts.find(({ failure }) => failure !== undefined)?.failure,
  };
}

/** What was read of a metric; undefined where it doesn't exist. */
export function seriesOf(
  metrics: readonly Metric[],
  readings: ReadonlyMap<Metric, Series>,
): Series | undefined {
  const series = joined(metrics, readings);
  return isRead(series) ? series : undefined;
}

/** What was counted in a period of so many seconds as a rate. */
export const perSecond = (series: Series | undefined, seconds = periodSeconds): Series | undefined =>
  series && {
    ...series,
    points: series.points.map(({ at, value }) => ({ at, value: value / seconds })),
  };
