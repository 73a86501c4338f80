import { attribute } from '../allocation/owner.ts';
import { getTypeFamily } from '../aws/ec2.ts';
import { inBatchesByWeight } from '../batches.ts';
import type { Observation } from '../compute/finding.ts';
import { isStandby } from '../compute/idleness.ts';
import type { InstanceTypeFacts } from '../compute/instance.ts';
import {
  type DeviceMetrics,
  type Metric,
  type MetricQuery,
  periodSeconds,
  type Series,
  type Window,
} from '../compute/metric.ts';
import { devicesOf } from '../compute/signals.ts';
import {
  type Candidate,
  type Course,
  type Judgement,
  judgeAverages,
  judgedAgain,
  judgeUnderuse,
  type SmallerType,
  type UnderusePolicy,
  type UnderuseRecord,
  underuseChecks,
  unread,
} from '../compute/underuse.ts';
import { windowBefore } from '../compute/utilization.ts';
import { logger } from '../observability.ts';
import { hourlyRates } from '../store/prices.ts';
import { getUnderuse, putUnderuse } from '../store/underuse.ts';
import type { FleetMember } from './fleet.ts';
import { largestOf, ownMetrics, readSeries, type Sources, seriesOf } from './measure.ts';
import type { Watched } from './observe.ts';

type Known = { facts: ReadonlyMap<string, InstanceTypeFacts>; sources: Sources };

/** Every instance that was listed, and those of them that are at work. */
type Members = { fleet: readonly FleetMember[]; working: readonly FleetMember[] };

/**
 * Which of the instances are used far below what they could, and why. Each that works is judged once a day over the
 * last days: 1 metric a device and 1 of its CPU, and twice as many more of one that may be underused, $0.01 per 1,000.
 * Where that is remembered a large fleet is judged over many runs, those first that have waited longest. What was found
 * holds until it is judged well used, whatever the instance does meanwhile: by night, or while nobody can tell.
 */
export async function observeUnderuse(
  watched: Watched,
  { fleet, working }: Members,
  known: Known,
): Promise<Observation[]> {
  const { table, target, now, readOnly, open } = watched;
  const earlier = table ? await getUnderuse(table, target) : new Map<string, UnderuseRecord>();
  const records = await judgeDue(watched, working.filter(isJudged(watched)), earlier, known);
  if (table && !readOnly) await putUnderuse(table, target, records, now);
  const found = new Set(open.filter(({ check }) => underuseChecks.includes(check)).map(({ id }) => id));
  const atWork = new Set(working.map(({ instance }) => instance.instanceId));
  return fleet.filter(isJudged(watched)).flatMap((member) => {
    const { instanceId, instanceType } = member.instance;
    const record = records.get(instanceId) ?? earlier.get(instanceId);
    const lasts = atWork.has(instanceId) || found.has(instanceId);
    return lasts && record?.type === instanceType ? toObservations(member, record) : [];
  });
}

/** Of what may hold its devices without using them nobody asks, nor of nodes, which belong to SageMaker. */
const isJudged =
  ({ config: { idle, tags } }: Watched) =>
  ({ instance, resource }: FleetMember): boolean =>
    resource.kind === 'ec2-instance' && !isStandby(attribute(instance.tags, tags).workload, idle.standby);

/** What is known now of those that are due. Of what isn't listed nothing is asked, and nothing changes. */
async function judgeDue(
  watched: Watched,
  working: readonly FleetMember[],
  earlier: ReadonlyMap<string, UnderuseRecord>,
  known: Known,
): Promise<Map<string, UnderuseRecord>> {
  const { table, now } = watched;
  const due = working
    .flatMap((member) => toSubject(member, earlier.get(member.instance.instanceId), known))
    .filter(({ record }) => Date.parse(record.dueAt) <= Date.parse(now))
    .toSorted((a, b) => Date.parse(a.record.dueAt) - Date.parse(b.record.dueAt));
  const metricsOf = ({ devices }: Subject) =>
    devices.reduce((sum, { utilization }) => sum + utilization.length, 1);
  const batches = inBatchesByWeight(due, metricsAtOnce, metricsOf);
  const records = new Map<string, UnderuseRecord>();
  for (const some of table ? batches.slice(0, batchesARun) : batches) {
    for (const [{ member, record }, judgement] of await judgeSome(watched, some)) {
      records.set(member.instance.instanceId, judgedAgain(record, judgement, now));
    }
  }
  return records;
}

const neverJudged = '1970-01-01T00:00:00Z';

/** A week of a metric in periods of five minutes is 2,016 points: so many fill two calls. */
const metricsAtOnce = 100;

/**
 * 4 million points: CloudWatch tells 90,000 a second of what is older than three hours (user guide, service quotas), and
 * a run has but minutes. In 24 runs that makes 5,280 instances of 8 devices.
 */
const batchesARun = 20;

/** A course of days spans stops and starts: the episode is older than the launch. */
function toObservations(
  { resource, hourlyRate }: FleetMember,
  { underuse, judgedAt }: UnderuseRecord,
): Observation[] {
  if (underuse === undefined) return [];
  const { proposal, ...utilization } = underuse;
  return [
    {
      resource: { ...resource, startedAt: undefined },
      utilization,
      hourlyRate,
      proposal,
      seenAt: judgedAt,
    },
  ];
}

/** What one instance is asked about: a device's metrics, and its CPU; and what is known of it. */
type Subject = {
  member: FleetMember;
  facts: InstanceTypeFacts;
  devices: readonly DeviceMetrics[];
  cpu: Metric;
  record: UnderuseRecord;
};

function toSubject(
  member: FleetMember,
  earlier: UnderuseRecord | undefined,
  { facts, sources }: Known,
): Subject[] {
  const { instanceId, instanceType: type, launchTime } = member.instance;
  const known = facts.get(type);
  const devices = sources.devices.get(instanceId) ?? [];
  if (known === undefined || devices.length < devicesOf(known)) return [];
  if (devices.some(({ isSliced }) => isSliced)) return []; // nobody knows whether all of its slices report
  const unknown = { type, dueAt: neverJudged };
  const isOther = earlier !== undefined && earlier.type !== type;
  const record = isOther ? { ...unknown, typeSince: launchTime } : (earlier ?? unknown);
  return [{ member, facts: known, devices, cpu: ownMetrics(instanceId).cpu, record }];
}

async function judgeSome(watched: Watched, subjects: readonly Subject[]): Promise<Map<Subject, Judgement>> {
  const { clients, config, now } = watched;
  const { coverage, gpuPercent, window: idleMinutes } = config.idle;
  const policy: UnderusePolicy = { ...config.utilization.underuse, coverage, gpuPercent, idleMinutes };
  const window = windowBefore(now, policy.days * 24 * 60);
  const judgements = new Map<Subject, Judgement>();
  const candidates: (Candidate & { subject: Subject })[] = [];
  const ask = (queries: readonly MetricQuery[]) =>
    readSeries(clients.cloudWatch, queries, window, periodSeconds);
  const averages = await ask(subjects.flatMap(toMeans));
  for (const subject of subjects) {
    const { record } = subject;
    const course = toCourse(subject, averages);
    const first = judgeAverages(course, courseOf(subject, window), policy, record.underuse?.check);
    if (first.outcome === 'candidate') candidates.push({ ...first, subject });
    else judgements.set(subject, first);
  }
  const largest = await ask(candidates.flatMap(({ subject }) => toLargest(subject)));
  for (const { subject, mayFitSmaller } of candidates) {
    const { member, record } = subject;
    const smaller = mayFitSmaller ? await smallerTypes(watched, subject) : [];
    const given = { rate: member.hourlyRate, earlier: record.underuse?.check };
    const course = toCourse(subject, averages, largest);
    const judgement = smaller
      ? judgeUnderuse(course, courseOf(subject, window), policy, { ...given, smaller })
      : unread;
    judgements.set(subject, judgement);
  }
  return judgements;
}

/** What it did as another type says nothing of this one. */
const courseOf = ({ record: { typeSince } }: Subject, { start, end }: Window): Window => ({
  start: typeSince && Date.parse(typeSince) > Date.parse(start) ? typeSince : start,
  end,
});

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

/**
 * The other types of its family, and what this very instance would cost as one of them, bought the same way. Undefined
 * where EC2 doesn't tell them now: what is too large can't be told then.
 */
async function smallerTypes(
  { clients, table, target, now, readOnly = false }: Watched,
  { member: { instance }, facts }: Subject,
): Promise<SmallerType[] | undefined> {
  const { instanceType } = instance;
  const family = await getTypeFamily(clients.ec2, target.region, instanceType).catch((error: unknown) => {
    logger.warn('types unknown', { type: instanceType, error: error as Error });
    return undefined;
  });
  const others = family?.filter((other) => other.instanceType !== facts.instanceType);
  const asOther = others?.map(({ instanceType: id }) => ({ ...instance, instanceId: id, instanceType: id }));
  const rates = await hourlyRates({ pricing: clients.pricing, table, readOnly }, target, asOther ?? [], now);
  return others?.map((other) => ({ facts: other, hourlyRate: rates.get(other.instanceType) }));
}
