import { getTypeFamily } from '../aws/ec2.ts';
import { inBatchesByWeight } from '../batches.ts';
import type { Observation } from '../compute/finding.ts';
import type { InstanceTypeFacts } from '../compute/instance.ts';
import {
  type DeviceMetrics,
  type Metric,
  type MetricQuery,
  periodSeconds,
  type Series,
} from '../compute/metric.ts';
import {
  busiestP95,
  type Course,
  detailPercent,
  judgeUnderuse,
  type SmallerType,
  type Underuse,
  type UnderusePolicy,
} from '../compute/underuse.ts';
import { windowBefore } from '../compute/utilization.ts';
import type { IsoTime } from '../period.ts';
import { ratesOf } from '../store/prices.ts';
import { getUnderuse, putUnderuse, type UnderuseRecord } from '../store/underuse.ts';
import { seriesOf } from './evidence.ts';
import type { FleetMember } from './fleet.ts';
import { largestOf, ownMetrics, readSeries, type Sources } from './measure.ts';
import type { Watched } from './observe.ts';

type Known = { facts: ReadonlyMap<string, InstanceTypeFacts>; sources: Sources };

/**
 * Which of the instances that work are used far below what they could, and why. Each is judged once a day over the
 * last days: 1 metric a device and 1 of its CPU, and twice as many more of one that may be underused, $0.01 per 1,000.
 * Where that is remembered a large fleet is judged over many runs, those first that have waited longest.
 */
export async function observeUnderuse(
  watched: Watched,
  working: readonly FleetMember[],
  known: Known,
): Promise<Observation[]> {
  const { table, target, now, readOnly } = watched;
  const earlier = table ? await getUnderuse(table, target) : new Map<string, UnderuseRecord>();
  const judgedAt = ({ instance }: FleetMember) =>
    Date.parse(earlier.get(instance.instanceId)?.judgedAt ?? neverJudged);
  const due = working.filter((member) => Date.parse(now) - judgedAt(member) > rejudgeMs);
  const metricsOf = ({ instance }: FleetMember) =>
    (known.sources.devices.get(instance.instanceId) ?? []).reduce(
      (sum, { utilization }) => sum + utilization.length,
      1,
    );
  const oldestFirst = due.toSorted((a, b) => judgedAt(a) - judgedAt(b));
  const batches = inBatchesByWeight(oldestFirst, metricsAtOnce, metricsOf);
  const judged = new Map<string, UnderuseRecord>();
  for (const some of table ? batches.slice(0, batchesARun) : batches) {
    for (const [id, underuse] of await judgeSome(watched, some, known))
      judged.set(id, { judgedAt: now, underuse });
  }
  if (table && !readOnly) await putUnderuse(table, target, judged);
  return working.flatMap((member) => {
    const record = judged.get(member.instance.instanceId) ?? earlier.get(member.instance.instanceId);
    return record?.underuse ? [toObservation(member, record.underuse, record.judgedAt)] : [];
  });
}

/** Once a day; an hourly event is some seconds early at times. */
const rejudgeMs = 23.5 * 3_600_000;

const neverJudged = '1970-01-01T00:00:00Z';

/** A week of a metric in periods of five minutes is 2,016 points: so many fill two calls. */
const metricsAtOnce = 100;

/**
 * 4 million points: CloudWatch tells 90,000 a second of what is older than three hours (user guide, service quotas), and
 * a run has but minutes. In 24 runs that makes 5,280 instances of 8 devices.
 */
const batchesARun = 20;

/** A course of days spans stops and starts: the episode is older than the launch. */
const toObservation = (
  { resource, hourlyRate }: FleetMember,
  { proposal, ...utilization }: Underuse,
  judgedAt: IsoTime,
): Observation => ({
  resource: { ...resource, startedAt: undefined },
  utilization,
  hourlyRate,
  proposal,
  seenAt: judgedAt,
});

/** What one instance is asked about: a device's metrics, and its CPU. */
type Subject = {
  member: FleetMember;
  facts: InstanceTypeFacts;
  devices: readonly DeviceMetrics[];
  cpu: Metric;
};

async function judgeSome(
  watched: Watched,
  members: readonly FleetMember[],
  { facts, sources }: Known,
): Promise<[string, Underuse | undefined][]> {
  const { clients, config, now } = watched;
  const policy: UnderusePolicy = { ...config.utilization.underuse, coverage: config.idle.coverage };
  const window = windowBefore(now, policy.days * 24 * 60);
  const subjects = members.flatMap((member): Subject[] => {
    const { instanceId, instanceType } = member.instance;
    const known = facts.get(instanceType);
    const devices = sources.devices.get(instanceId) ?? [];
    return known && devices.length > 0
      ? [{ member, facts: known, devices, cpu: ownMetrics(instanceId).cpu }]
      : [];
  });
  const ask = (queries: readonly MetricQuery[]) =>
    readSeries(clients.cloudWatch, queries, window, periodSeconds);
  const averages = await ask(subjects.flatMap(toMeans));
  const candidates = subjects.flatMap((subject) => {
    const p95 = busiestP95(toCourse(subject, averages), window, policy);
    return p95 !== undefined && p95 < detailPercent ? [{ subject, p95 }] : [];
  });
  const largest = await ask(candidates.flatMap(({ subject }) => toLargest(subject)));
  const found: [string, Underuse | undefined][] = members.map(({ instance }) => [
    instance.instanceId,
    undefined,
  ]);
  for (const { subject, p95 } of candidates) {
    const course = toCourse(subject, averages, largest);
    const { instance, hourlyRate: rate } = subject.member;
    const smaller = p95 < policy.percent ? await smallerTypes(watched, subject) : [];
    found.push([instance.instanceId, judgeUnderuse(course, window, policy, { rate, smaller })]);
  }
  return found;
}

const toMeans = ({ devices, cpu }: Subject): MetricQuery[] =>
  [...devices.flatMap(({ utilization }) => utilization), cpu].map((metric) => ({
    metric,
    statistic: 'Average',
  }));

const toLargest = ({ devices }: Subject): MetricQuery[] =>
  devices.flatMap(({ utilization, memoryUsed }) => largestOf([...utilization, ...memoryUsed]));

type Readings = ReadonlyMap<Metric, Series>;

const toCourse = (
  { facts, devices, cpu }: Subject,
  averages: Readings,
  largest: Readings = new Map(),
): Course => ({
  facts,
  devices: devices.map(({ index, utilization, memoryUsed }) => ({
    index,
    averages: seriesOf(utilization, averages) ?? { points: [] },
    peaks: seriesOf(utilization, largest),
    memoryMib: seriesOf(memoryUsed, largest),
  })),
  cpu: averages.get(cpu) ?? { points: [] },
});

/** The other types of its family, as far as EC2 tells them to this role; their prices on demand. */
async function smallerTypes(
  { clients, table, now, readOnly = false }: Watched,
  { member: { instance }, facts }: Subject,
): Promise<SmallerType[]> {
  const { region, platform } = instance;
  const family = await getTypeFamily(clients.ec2, instance.instanceType);
  const others = family.filter(({ instanceType }) => instanceType !== facts.instanceType);
  const priced = others.map(({ instanceType: type }) => ({
    region,
    type,
    use: 'on-demand' as const,
    platform,
  }));
  const rates = await ratesOf({ pricing: clients.pricing, table, readOnly }, priced, now);
  return others.map((one, index) => ({ facts: one, hourlyRate: rates[index] }));
}
