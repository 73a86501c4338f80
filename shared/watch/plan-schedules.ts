import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { PricingClient } from '@aws-sdk/client-pricing';
import { type Attribution, attribute, ownerOf } from '../allocation/owner.ts';
import { getInstances, getInstanceTypeFacts, getSpotRequests } from '../aws/ec2.ts';
import type { Instance } from '../compute/instance.ts';
import type { Utilization } from '../compute/utilization.ts';
import type { Config } from '../config.ts';
import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';
import {
  type Decision,
  type DecisionInput,
  decide,
  type InstanceRecord,
  needsUtilization,
} from '../schedule/decision.ts';
import { hasScheduleTag, idleMinutesOf, readSchedule } from '../schedule/gates.ts';
import { wasDelivered } from '../store/deliveries.ts';
import { getInstanceRecords } from '../store/instance-records.ts';
import { hourlyRates } from '../store/prices.ts';
import { getStopBlock, type StopBlock } from '../store/stop-block.ts';
import type { Table } from '../store/table.ts';
import { getWork, type Work } from '../store/work.ts';
import type { Target } from '../target.ts';
import { measureUtilization } from './measure.ts';

export type ScheduleClients = {
  ec2: EC2Client;
  cloudWatch: CloudWatchClient;
  pricing: PricingClient;
  /** Absent where no stack is deployed: then nothing is remembered of earlier runs. */
  table?: Table | undefined;
};

/** One instance that carries the schedule tag, what is to be done with it, and what that rests on. */
export type Planned = {
  instance: Instance;
  attribution: Attribution;
  owner?: string | undefined;
  decision: Decision;
  input: DecisionInput;
  /** What is stored of it, whatever counted of that here. */
  stored?: InstanceRecord | undefined;
  utilization?: Utilization | undefined;
  /** Dollars an hour at the price really paid; undefined where it is unknown. */
  hourlyRate?: Usd | undefined;
};

export type Plan = {
  target: Target;
  planned: Planned[];
  /** Instances running in the target, opted in or not. */
  running: number;
};

/**
 * What to do with each instance of a target that carries the schedule tag; changes nothing, and with `readOnly` keeps
 * no price it looked up either. Utilisation is measured only where the answer depends on it, or of all running ones
 * with `measureAll`.
 */
export async function planSchedules(
  clients: ScheduleClients,
  target: Target,
  config: Config,
  now: IsoTime,
  { measureAll = false, readOnly = false } = {},
): Promise<Plan> {
  const instances = await getInstances(clients.ec2, target);
  const tagged = instances.filter(({ tags }) => hasScheduleTag(tags, config));
  const stored = clients.table ? await getInstanceRecords(clients.table, target) : noRecords;
  const gathered = await gather(clients, target, tagged, stored, config, now);
  const block = await blockOf(clients, gathered, config, now);
  const inputs = gathered.map((input) => ({ ...input, block }));
  const isMeasured = (input: DecisionInput) =>
    needsUtilization(input) || (measureAll && input.instance.state === 'running');
  const utilization = await measure(clients, inputs.filter(isMeasured), {
    config,
    now,
    neighbours: instances,
  });
  const rates = await hourlyRates({ ...clients, readOnly }, target, tagged, now);
  const planned = inputs.map((unmeasured): Planned => {
    const { instance, attribution } = unmeasured;
    const measured = utilization.get(instance.instanceId);
    const input = { ...unmeasured, utilization: measured };
    return {
      instance,
      attribution,
      owner: ownerOf(attribution),
      decision: decide(input),
      input,
      stored: stored.get(instance.instanceId),
      utilization: measured,
      hourlyRate: rates.get(instance.instanceId),
    };
  });
  return { target, planned, running: instances.filter(({ state }) => state === 'running').length };
}

const noRecords: ReadonlyMap<string, InstanceRecord> = new Map();
const noWork: ReadonlyMap<string, Work> = new Map();

async function gather(
  { ec2, table }: ScheduleClients,
  target: Target,
  instances: readonly Instance[],
  records: ReadonlyMap<string, InstanceRecord>,
  config: Config,
  now: IsoTime,
): Promise<DecisionInput[]> {
  const spotIds = instances.flatMap(({ spotInstanceRequestId }) => spotInstanceRequestId ?? []);
  const facts = await getInstanceTypeFacts(
    ec2,
    instances.map(({ instanceType }) => instanceType),
  );
  const spots = await getSpotRequests(ec2, spotIds);
  const running = instances.filter(({ state }) => state === 'running');
  const work = table && running.length > 0 ? await getWork(table, target) : noWork;
  const delivered = await deliveredWarnings(
    table,
    running.flatMap(({ instanceId }) => records.get(instanceId) ?? []),
  );
  return instances.map((instance) => {
    const record = currentRecord(records.get(instance.instanceId), config);
    return {
      instance,
      parsed: readSchedule(instance.tags, config),
      facts: facts.get(instance.instanceType),
      spot: spots.get(instance.spotInstanceRequestId ?? ''),
      attribution: attribute(instance.tags, config.tags),
      policy: config,
      now,
      record,
      lastBusy: work.get(instance.instanceId)?.lastBusy,
      warningDelivered: record.warning && delivered.has(record.warning.alertId),
      utilization: undefined,
    };
  });
}

/** What forbids every stop, asked for before anything is measured for one. */
async function blockOf(
  { table }: ScheduleClients,
  inputs: readonly DecisionInput[],
  { enforce }: Config,
  now: IsoTime,
): Promise<StopBlock | undefined> {
  const mayStop = (input: DecisionInput) => ['not-measured', 'always-off-hours'].includes(decide(input).code);
  return enforce && table && inputs.some(mayStop) ? getStopBlock(table, now) : undefined;
}

/** A warning given while only observing said that nothing would happen: it doesn't count once stops are enforced. */
function currentRecord(record: InstanceRecord | undefined, { enforce }: Config): InstanceRecord {
  const { warning, ...rest } = record ?? {};
  return warning && (warning.observed ?? false) === !enforce ? { ...rest, warning } : rest;
}

async function deliveredWarnings(
  table: Table | undefined,
  records: readonly InstanceRecord[],
): Promise<Set<string>> {
  const ids = new Set(records.flatMap(({ warning }) => warning?.alertId ?? []));
  const delivered = new Set<string>();
  for (const id of ids) if (table && (await wasDelivered(table, id))) delivered.add(id);
  return delivered;
}

/** Each instance over its own idle window: those that share one are asked for together. */
async function measure(
  { cloudWatch }: ScheduleClients,
  inputs: readonly DecisionInput[],
  { config, now, neighbours }: { config: Config; now: IsoTime; neighbours: readonly Instance[] },
): Promise<Map<string, Utilization>> {
  const windowOf = ({ parsed }: DecisionInput) =>
    parsed?.kind === 'schedule' ? idleMinutesOf(parsed.schedule, config) : config.stop.idle;
  const measured = new Map<string, Utilization>();
  for (const [windowMinutes, group] of Map.groupBy(inputs, windowOf)) {
    const facts = new Map(
      group.flatMap(({ facts, instance }) => (facts ? [[instance.instanceType, facts]] : [])),
    );
    const instances = group.map(({ instance }) => instance);
    const results = await measureUtilization(cloudWatch, instances, facts, config, {
      minutes: windowMinutes,
      now,
      neighbours,
    });
    for (const [id, utilization] of results) measured.set(id, utilization);
  }
  return measured;
}
