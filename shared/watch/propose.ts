import { attribute, ownerOf } from '../allocation/owner.ts';
import { getInstances, getInstanceTypeFacts, getSpotRequests } from '../aws/ec2.ts';
import { inBatchesByWeight } from '../batches.ts';
import { type Hour, toHours } from '../compute/hour-states.ts';
import { hourMs, hourSeconds } from '../compute/hours.ts';
import { isStandby } from '../compute/idleness.ts';
import type { Instance, InstanceTypeFacts } from '../compute/instance.ts';
import type { DeviceMetrics, Window } from '../compute/metric.ts';
import type { Stopping } from '../compute/resource.ts';
import type { Config } from '../config.ts';
import type { Usd } from '../money.ts';
import { type IsoTime, toTime } from '../period.ts';
import { stoppingByHand } from '../schedule/by-hand.ts';
import { readSchedule } from '../schedule/gates.ts';
import type { NoProposal } from '../schedule/history.ts';
import { schedulableInstance } from '../schedule/kinds/ec2-instance.ts';
import { type Proposal, proposeSchedule } from '../schedule/proposal.ts';
import type { ParsedSchedule } from '../schedule/schedule.ts';
import { hourlyRates } from '../store/prices.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';
import { toQueries, toSignals } from './evidence.ts';
import type { InstanceClients } from './instance-clients.ts';
import { findSources, ownMetrics, readSeries, type Sources } from './measure.ts';
import type { Gap } from './observe.ts';

/** The hours that are proposed for an instance, or why none are. */
export type Proposed = {
  instance: Instance;
  owner?: string | undefined;
  /** Dollars an hour while it runs; undefined is unknown. */
  hourlyRate?: Usd | undefined;
  outcome: Proposal | NoProposal | Refused;
  /** GB on its local disks, which a stop would lose, where no tag allows that. */
  lostGb?: number | undefined;
  /** Its hours, and the zone in which they are read; absent where nobody asked, for it must not be stopped. */
  past?: { hours: readonly Hour[]; timeZone: string } | undefined;
};

/** What must not be stopped whatever it does, by the code of the gate that is shut. */
type Refused = { code: string; reason: string };

export type ProposeResult = {
  target: Target;
  proposed: Proposed[];
  gaps: readonly Gap[];
  /** Metrics that CloudWatch was asked for; it charges by them. */
  metrics: number;
};

export const isProposal = (outcome: Proposed['outcome']): outcome is Proposal => 'value' in outcome;

export type ProposeOptions = {
  /** Whole weeks before now to learn from. */
  weeks: number;
  /** Dollars a month below which nothing is proposed. */
  minSaving: Usd;
};

/**
 * Learns from so many weeks of hourly maxima when each instance of a target works, and proposes hours for its schedule
 * tag. CloudWatch keeps hours for 455 days and charges by the metric, not by the point: 3 an instance, and up to 3 more a
 * device. Changes nothing, and keeps nothing.
 */
export async function proposeSchedules(
  clients: InstanceClients & { table?: Table | undefined },
  target: Target,
  config: Config,
  now: IsoTime,
  { weeks, minSaving }: ProposeOptions,
): Promise<ProposeResult> {
  const subjects = await getSubjects(clients, target, config, now);
  const open = subjects.filter(({ stop, parsed }) => stop.refusal === undefined && parsed?.kind !== 'off');
  const { sources, metrics, pasts } = await readPasts(clients, open, config, windowOf(now, weeks));
  const stopMinutes = config.stop.idle + config.stop.grace;
  const policy = { minSaving, coverage: config.idle.coverage, tailMinutes: stopMinutes, context: config };
  const proposed = subjects.map((subject): Proposed => {
    const { instance, parsed, hourlyRate, stop } = subject;
    const value = instance.tags[config.tags.schedule];
    const timeZone = parsed?.kind === 'schedule' ? parsed.schedule.timeZone : config.timeZone;
    const hours = pasts.get(instance.instanceId);
    const current = value !== undefined && parsed ? { value, parsed } : undefined;
    const past = { hours: hours ?? [], timeZone, hourlyRate, current };
    return {
      instance,
      owner: ownerOf(attribute(instance.tags, config.tags)),
      hourlyRate,
      outcome: stop.refusal ?? proposeSchedule(past, policy),
      lostGb: lostBy(instance, stop, config),
      past: hours && { hours, timeZone },
    };
  });
  return { target, proposed, gaps: sources.gaps, metrics };
}

/** So many weeks of hours that are over. The last one may not be in CloudWatch as a whole yet, and counts all the same. */
function windowOf(now: IsoTime, weeks: number): Window {
  const end = Math.floor(Date.parse(now) / hourMs) * hourMs;
  return { start: toTime(end - weeks * 168 * hourMs), end: toTime(end) };
}

type Subject = {
  instance: Instance;
  facts: InstanceTypeFacts | undefined;
  parsed: ParsedSchedule | undefined;
  stop: Stopping;
  hourlyRate: Usd | undefined;
};

/** Every instance that is there for long, what it costs, and what stands against stopping it. */
async function getSubjects(
  { ec2, pricing, table }: InstanceClients & { table?: Table | undefined },
  target: Target,
  config: Config,
  now: IsoTime,
): Promise<Subject[]> {
  const instances = await getInstances(ec2, target, {
    states: ['pending', 'running', 'stopping', 'stopped'],
  });
  const facts = await getInstanceTypeFacts(
    ec2,
    instances.map(({ instanceType }) => instanceType),
  );
  const spots = await getSpotRequests(
    ec2,
    instances.flatMap(({ spotInstanceRequestId }) => spotInstanceRequestId ?? []),
  );
  const rates = await hourlyRates({ pricing, table, readOnly: true }, target, instances, now);
  return instances.map((instance): Subject => {
    const known = facts.get(instance.instanceType);
    const parsed = readSchedule(instance.tags, config);
    const stop = stoppingByHand({
      subject: schedulableInstance({
        instance,
        facts: known,
        spot: spots.get(instance.spotInstanceRequestId ?? ''),
        instanceStoreTag: config.tags.instanceStore,
      }),
      parsed,
      attribution: attribute(instance.tags, config.tags),
      policy: config,
      now,
    });
    return { instance, facts: known, parsed, stop, hourlyRate: rates.get(instance.instanceId) };
  });
}

/** Some thousand series of some weeks are held at a time. */
const metricsAtOnce = 3000;

async function readPasts(
  { cloudWatch }: InstanceClients,
  subjects: readonly Subject[],
  config: Config,
  window: Window,
): Promise<{ sources: Sources; metrics: number; pasts: Map<string, Hour[]> }> {
  const instances = subjects.map(({ instance }) => instance);
  const facts = new Map(
    subjects.flatMap(({ instance, facts }) => (facts ? [[instance.instanceType, facts] as const] : [])),
  );
  const { namespaces } = config.utilization;
  const known = { facts, namespaces, neighbours: instances, isForStop: true, withSilent: true };
  const sources = await findSources(cloudWatch, instances, known);
  const asked = subjects.map((subject) => {
    const { instanceId } = subject.instance;
    const devices: readonly DeviceMetrics[] = sources.devices.get(instanceId) ?? [];
    const own = ownMetrics(instanceId);
    return { subject, devices, own, queries: toQueries(devices, own) };
  });
  const pasts = new Map<string, Hour[]>();
  for (const some of inBatchesByWeight(asked, metricsAtOnce, ({ queries }) => queries.length)) {
    const queries = some.flatMap((one) => one.queries);
    const readings = await readSeries(cloudWatch, queries, window, hourSeconds);
    for (const { subject, devices, own } of some) {
      const { instance } = subject;
      const { workload } = attribute(instance.tags, config.tags);
      const whose = { ...subject, isStandby: isStandby(workload, config.idle.standby) };
      const signals = toSignals(devices, own, readings, hourSeconds);
      pasts.set(instance.instanceId, toHours(whose, signals, window, config.idle));
    }
  }
  return { sources, pasts, metrics: asked.reduce((sum, { queries }) => sum + queries.length, 0) };
}

/** Local disks whose loss no tag allows yet: without it enforce-schedules would not stop it. */
const lostBy = ({ tags }: Instance, { lostGb }: Stopping, config: Config): number | undefined =>
  tags[config.tags.instanceStore]?.trim().toLowerCase() === 'discard' ? undefined : lostGb;
