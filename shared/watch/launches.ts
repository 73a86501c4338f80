import type { EC2Client } from '@aws-sdk/client-ec2';
import type { PricingClient } from '@aws-sdk/client-pricing';
import { z } from 'zod';
import { launchAlert } from '../alert/launch-alert.ts';
import { attribute } from '../allocation/owner.ts';
import { getInstances, getInstanceTypeFacts } from '../aws/ec2.ts';
import type { Instance } from '../compute/instance.ts';
import { concernOf, hourlyRateOf, type Launch } from '../compute/launch.ts';
import type { Config } from '../config.ts';
import { earlier, type IsoTime, toTime } from '../period.ts';
import { hasScheduleTag } from '../schedule/gates.ts';
import type { ScheduleRecord } from '../schedule/record.ts';
import { recordLaunch } from '../store/launches.ts';
import { recordAlert } from '../store/outbox.ts';
import { hourlyRates } from '../store/prices.ts';
import { recordEnd } from '../store/savings.ts';
import { getScheduleRecords } from '../store/schedule-records.ts';
import { getSpendWatches } from '../store/spend-watches.ts';
import type { Table } from '../store/table.ts';
import { findTarget, type Target } from '../target.ts';

const event = z.object({ account: z.string(), region: z.string(), time: z.iso.datetime() });

const stateChange = event.extend({
  'detail-type': z.literal('EC2 Instance State-change Notification'),
  detail: z.object({ 'instance-id': z.string(), state: z.string() }),
});

/** CloudTrail gives an error no response; what it gives a call that succeeded is EC2's own answer, in camel case. */
const runInstances = event.extend({
  'detail-type': z.literal('AWS API Call via CloudTrail'),
  detail: z.object({
    eventName: z.literal('RunInstances'),
    errorCode: z.string().nullish(),
    userIdentity: z.object({ arn: z.string().nullish(), invokedBy: z.string().nullish() }),
    responseElements: z
      .object({
        reservationId: z.string(),
        instancesSet: z.object({
          items: z.array(z.object({ instanceId: z.string(), launchTime: z.number() })).min(1),
        }),
      })
      .nullish(),
  }),
});

/** What EventBridge tells of instances that start. CloudTrail's form is best effort, and says who did it. */
export const launchEvent = z.discriminatedUnion('detail-type', [stateChange, runInstances]);

export type LaunchEvent = z.infer<typeof launchEvent>;

type LaunchClients = { ec2: EC2Client; pricing: PricingClient };

type Dependencies = {
  table: Table;
  config: Config;
  targets: readonly Target[];
  clientsFor: (target: Target) => LaunchClients;
};

export type LaunchResult =
  | { ignored: string }
  | {
      reservationId: string;
      launchTime: IsoTime;
      instances: number;
      /** Dollars an hour, as far as known. */
      hourlyRate: number;
      startedBy?: string | undefined;
      /** Whether this event is the one that made the alert. */
      alerted: boolean;
    };

/**
 * Records what an event says was started, and tells it where it is dear or nobody's: one alert a launch, whichever of
 * its events comes first. Throws, so that the event comes again, where EC2 doesn't list yet what it has started.
 */
export async function watchLaunches(
  { table, config, targets, clientsFor }: Dependencies,
  event: LaunchEvent,
): Promise<LaunchResult> {
  const seen = startSeen(event);
  if ('ignored' in seen) return seen;
  const target = findTarget(targets, event.account, event.region);
  if (target === undefined) return { ignored: `${event.account}, ${event.region} is not watched` };

  const clients = clientsFor(target);
  const started = await startedTogether(clients.ec2, target, seen);
  if (started.instances.length === 0) return { ignored: 'stopped, or started again, since' };
  await endSavings(table, target, config, seen, started, event.time);
  const launch = await toLaunch({ table, ...clients }, target, config, seen, started, event.time);
  await recordLaunch(table, { ...launch, instances: launch.instances.filter(isTold(seen)) }, event.time);

  const alerted = await tell(table, target, config, launch, event.time);
  return {
    reservationId: launch.reservationId,
    launchTime: launch.launchTime,
    instances: launch.instances.length,
    hourlyRate: hourlyRateOf(launch.instances),
    startedBy: launch.startedBy,
    alerted,
  };
}

/**
 * Records that an instance runs again: sooner than a pass of the schedules could, and also where it was stopped and
 * started once more since. What has just been made, or has no schedule, was never stopped by us.
 */
async function endSavings(
  table: Table,
  target: Target,
  config: Config,
  { instanceId, reservationId }: StartSeen,
  { instances, launchTime }: Started,
  toldAt: IsoTime,
): Promise<void> {
  const instance = instances.find((member) => member.instanceId === instanceId);
  if (reservationId !== undefined || !instance || !hasScheduleTag(instance.tags, config)) return;
  await recordEnd(table, target, { kind: 'ec2-instance', id: instanceId }, earlier(launchTime, toldAt));
}

/** Tells a launch that is worth it, any in an account that is watched, but for what the watchdog has started itself; whether it was told now. */
async function tell(
  table: Table,
  target: Target,
  config: Config,
  launch: Launch,
  at: IsoTime,
): Promise<boolean> {
  const watch = (await getSpendWatches(table, at, target.account)).get(target.account);
  const isWatched = watch !== undefined;
  if (concernOf(launch, config.launches, isWatched) === undefined) return false;
  const records = await getScheduleRecords(table, target);
  const isOthers = ({ instance }: Launch['instances'][number]) =>
    !isOwnStart(records.get(instance.instanceId), instance, config.stop.eventMaxAge);
  const others = { ...launch, instances: launch.instances.filter(isOthers) };
  const concern = concernOf(others, config.launches, isWatched);
  if (concern === undefined) return false;
  const ownerTag = config.tags.owner[0] ?? config.tags.team[0] ?? 'owner';
  return recordAlert(table, launchAlert({ launch: others, concern, target, ownerTag, at, watch }));
}

/**
 * Whether a schedule has started this launch: the start is recorded before it is made, by the time of its event, and
 * made before that event is too old and its function out of time.
 */
function isOwnStart(
  { startRequestedAt, startedAt }: ScheduleRecord = {},
  { launchTime }: Instance,
  maxAgeMinutes: number,
): boolean {
  const launched = Date.parse(launchTime);
  const latest = (maxAgeMinutes + functionMinutes) * 60_000;
  return [startRequestedAt, startedAt].some(
    (at) => at !== undefined && Date.parse(at) <= launched && launched - Date.parse(at) <= latest,
  );
}

const functionMinutes = 5;

/** A start as an event tells it: of one instance, or of a whole reservation and by whom. */
type StartSeen = {
  instanceId: string;
  reservationId?: string | undefined;
  launchTime?: IsoTime | undefined;
  startedBy?: string | undefined;
  isAutoScaling: boolean;
};

function startSeen(event: LaunchEvent): StartSeen | { ignored: string } {
  if (event['detail-type'] === 'EC2 Instance State-change Notification') {
    const { 'instance-id': instanceId, state } = event.detail;
    return state === 'running'
      ? { instanceId, isAutoScaling: false }
      : { ignored: `${instanceId} is ${state}` };
  }
  const { errorCode, responseElements, userIdentity } = event.detail;
  if (errorCode) return { ignored: `RunInstances failed: ${errorCode}` };
  const first = responseElements?.instancesSet.items[0];
  if (first === undefined) return { ignored: 'RunInstances without an answer' };
  return {
    instanceId: first.instanceId,
    reservationId: responseElements?.reservationId,
    launchTime: toTime(first.launchTime),
    startedBy: principalOf(userIdentity),
    isAutoScaling: userIdentity.invokedBy === 'autoscaling.amazonaws.com',
  };
}

/** `ml-engineer/dana` of `arn:aws:sts::210987654321:assumed-role/ml-engineer/dana`; else the service that called. */
function principalOf({
  arn,
  invokedBy,
}: {
  arn?: string | null | undefined;
  invokedBy?: string | null | undefined;
}) {
  const resource = arn?.split(':').slice(5).join(':');
  return resource?.replace(/^(assumed-role|user|federated-user)\//, '') || (invokedBy ?? undefined);
}

/** A state change is recorded for its own instance: the others have theirs, and a thousand times a thousand is too many. */
const isTold =
  ({ reservationId, instanceId }: StartSeen) =>
  ({ instance }: Launch['instances'][number]): boolean =>
    reservationId !== undefined || instance.instanceId === instanceId;

type Started = { reservationId: string; launchTime: IsoTime; instances: Instance[] };

/** All of a reservation that started at the same time and are still up: an event may speak of one of twenty. */
async function startedTogether(client: EC2Client, target: Target, seen: StartSeen): Promise<Started> {
  const { instanceId } = seen;
  const members = await membersSeen(client, target, seen);
  const described = members.find((member) => member.instanceId === instanceId);
  const reservationId = seen.reservationId ?? described?.reservationId;
  const launchTime = seen.launchTime ?? described?.launchTime;
  if (reservationId === undefined || launchTime === undefined || members.length === 0) {
    throw new Error(`EC2 doesn't list ${instanceId} in ${target.account}, ${target.region} (yet)`);
  }
  const instances = members.filter((member) => member.launchTime === launchTime && isUp(member));
  return { reservationId, launchTime, instances };
}

/** The others of a reservation matter to what is told: not to a group's member, nor to what is down again. */
async function membersSeen(
  client: EC2Client,
  target: Target,
  { instanceId, reservationId }: StartSeen,
): Promise<Instance[]> {
  if (reservationId !== undefined) return getInstances(client, target, { reservationId });
  const described = await getInstances(client, target, { instanceIds: [instanceId] });
  const [instance] = described;
  if (instance === undefined || isInGroup(instance) || !isUp(instance)) return described;
  return getInstances(client, target, { reservationId: instance.reservationId });
}

const isUp = ({ state }: Instance): boolean => state === 'pending' || state === 'running';

const isInGroup = ({ tags }: Instance): boolean => 'aws:autoscaling:groupName' in tags;

async function toLaunch(
  sources: LaunchClients & { table: Table },
  target: Target,
  config: Config,
  seen: StartSeen,
  { instances, ...started }: Started,
  now: IsoTime,
): Promise<Launch> {
  const types = instances.map(({ instanceType }) => instanceType);
  const facts = await getInstanceTypeFacts(sources.ec2, types);
  const rates = await hourlyRates(sources, target, instances, now);
  return {
    ...started,
    startedBy: seen.startedBy,
    isAutoScaling: seen.isAutoScaling || instances.some(isInGroup),
    instances: instances.map((instance) => ({
      instance,
      attribution: attribute(instance.tags, config.tags),
      hasAccelerators: facts.get(instance.instanceType)?.accelerators !== undefined,
      hourlyRate: rates.get(instance.instanceId),
    })),
  };
}
