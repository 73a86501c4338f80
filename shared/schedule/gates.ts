import type { Attribution, OwnerKeys } from '../allocation/owner.ts';
import { formatDuration } from '../compute/duration.ts';
import type { Instance, InstanceTypeFacts, SpotRequest } from '../compute/instance.ts';
import { addMilliseconds, type IsoTime } from '../period.ts';
import { clockTime } from './clock.ts';
import { runOut } from './holidays.ts';
import { parseKeepUntil } from './keep-until.ts';
import type { ParsedSchedule, Schedule, ScheduleContext } from './schedule.ts';
import { readScheduleTag, scheduleKeyOf, tagsLike } from './schedule-tag.ts';

/** What the configuration says about stopping; minutes. */
export type StopPolicy = ScheduleContext & {
  stop: { grace: number; idle: number };
  protect: { environments: readonly string[]; accounts: readonly string[] };
  tags: OwnerKeys & { schedule: string; keepUntil: string; instanceStore: string };
};

/** An instance and all that the gates ask about it. */
export type Candidate = {
  instance: Instance;
  /** Undefined where it has no schedule tag. */
  parsed: ParsedSchedule | undefined;
  /** What is known of its type; undefined is unknown. */
  facts: InstanceTypeFacts | undefined;
  /** The request behind a spot instance; undefined is unknown. */
  spot: SpotRequest | undefined;
  attribution: Attribution;
  policy: StopPolicy;
  now: IsoTime;
};

/** A candidate that a schedule applies to. */
export type Scheduled = Candidate & { schedule: Schedule };

/** What the gates ask of it, which needs no schedule tag: the zone of its times, and how long it must have been idle. */
type Asked = Omit<Candidate, 'parsed'> & { schedule: Pick<Schedule, 'timeZone' | 'idleMinutes'> };

/** Why a gate is shut. */
export type Refusal = { code: GateCode; reason: string; until?: IsoTime };

export type GateCode =
  | 'ambiguous-tag'
  | 'not-opted-in'
  | 'off'
  | 'invalid-schedule'
  | 'terminated'
  | 'stopping'
  | 'pending'
  | 'keep-until'
  | 'invalid-keep-until'
  | 'protected-environment'
  | 'protected-account'
  | 'auto-scaling'
  | 'managed'
  | 'fleet'
  | 'capacity-block'
  | 'interruptible-capacity'
  | 'scheduled-instance'
  | 'unknown-lifecycle'
  | 'spot-one-time'
  | 'spot-launch-group'
  | 'spot-unknown'
  | 'instance-store-root'
  | 'unknown-type'
  | 'instance-store-data'
  | 'recently-started';

/** Minutes without work before an instance may be stopped: its tag's, else the configuration's. */
export const idleMinutesOf = ({ idleMinutes }: Pick<Schedule, 'idleMinutes'>, { stop }: StopPolicy): number =>
  idleMinutes ?? stop.idle;

/** Minutes between the warning and the stop: its tag's, else the configuration's. */
export const graceMinutesOf = ({ graceMinutes }: Schedule, { stop }: StopPolicy): number =>
  graceMinutes ?? stop.grace;

/** Whether it has a schedule tag, in whatever case: a key written differently is told of, too. */
export const hasScheduleTag = (tags: Instance['tags'], policy: StopPolicy): boolean =>
  tagsLike(tags, [scheduleKeyOf(tags, policy)]).length > 0;

/** What an instance's own schedule tag says; undefined where it has none. */
export const readSchedule = (tags: Instance['tags'], policy: StopPolicy): ParsedSchedule | undefined =>
  readScheduleTag(tags, policy);

/** Whether a schedule applies to it at all: the schedule, or why none does. */
export function optIn({
  instance,
  parsed,
  policy,
  now,
}: Candidate): { schedule: Schedule } | { refusal: Refusal } {
  const key = scheduleKeyOf(instance.tags, policy);
  if (instance.state === 'terminated' || instance.state === 'shutting-down') {
    return refuse('terminated', 'it is terminated');
  }
  const found = tagsLike(instance.tags, [key]).map(([name]) => name);
  if (found.length > 1) {
    const names = found.toSorted().map((name) => `"${name}"`);
    return refuse('ambiguous-tag', `the tags ${names.join(' and ')} differ only in case`);
  }
  if (parsed === undefined) {
    const near = found[0] === undefined || found[0] === key ? '' : `; "${found[0]}" is written differently`;
    return refuse('not-opted-in', `no tag "${key}"${near}`);
  }
  if (parsed.kind === 'off') return refuse('off', `its tag "${key}" says never to touch it`);
  const ended =
    parsed.kind === 'schedule' && parsed.schedule.holidays && runOut(parsed.schedule.holidays, now);
  if (ended) return refuse('invalid-schedule', ended);
  if (parsed.kind === 'schedule') return parsed;
  return refuse('invalid-schedule', `its tag "${key}" can't be read: ${parsed.error}`);
}

const refuse = (code: GateCode, reason: string): { refusal: Refusal } => ({ refusal: { code, reason } });

type Gate = (candidate: Asked) => Refusal | undefined;

/** One that starts can't be stopped yet, and is looked at again; one that stops needs no call. */
const state: Gate = ({ instance }) => {
  if (instance.state === 'pending') {
    return { code: 'pending', reason: 'it is starting: looked at again with the next run' };
  }
  return instance.state === 'stopping' ? { code: 'stopping', reason: 'it is stopping already' } : undefined;
};

/** Protection counts however its key is written: who tagged it meant it. */
export const keepUntil: Gate = ({ instance, policy, schedule, now }) => {
  for (const [key, value] of tagsLike(instance.tags, [policy.tags.keepUntil])) {
    const until = parseKeepUntil(value, schedule.timeZone);
    if (until === undefined) {
      const reason = `its tag "${key}" is no date or date-time: "${value}"; protected until it is one`;
      return { code: 'invalid-keep-until', reason };
    }
    if (Date.parse(now) < Date.parse(until)) {
      const reason = `kept by its tag "${key}" until ${clockTime(until, schedule.timeZone, now)}`;
      return { code: 'keep-until', reason, until };
    }
  }
  return undefined;
};

/** Every environment tag counts, not only the first one found: `environment: dev` must not hide `stage: prod`. */
const environment: Gate = ({ instance, attribution, policy }) => {
  const tagged = tagsLike(instance.tags, policy.tags.environment).map(([, value]) => value.trim());
  const values = attribution.environment === undefined ? tagged : [attribution.environment, ...tagged];
  const protectedValues = new Set(policy.protect.environments.map(lowerCase));
  const found = values.find((value) => protectedValues.has(lowerCase(value)));
  return found === undefined
    ? undefined
    : { code: 'protected-environment', reason: `the environment "${found}" is protected` };
};

const account: Gate = ({ instance, policy }) =>
  policy.protect.accounts.includes(instance.account)
    ? { code: 'protected-account', reason: `the account ${instance.account} is protected` }
    : undefined;

/** A group takes a stopped member for unhealthy and replaces it. */
const autoScaling: Gate = ({ instance }) => {
  const group = instance.tags['aws:autoscaling:groupName'];
  return group === undefined
    ? undefined
    : {
        code: 'auto-scaling',
        reason: `a member of the Auto Scaling group "${group}", which would replace it`,
      };
};

const managed: Gate = ({ instance }) =>
  instance.managed ? { code: 'managed', reason: 'another AWS service manages it' } : undefined;

/** As with Auto Scaling: what a fleet misses it launches again. */
const fleet: Gate = ({ instance, spot }) => {
  const id =
    spot?.fleet ?? instance.tags['aws:ec2spot:fleet-request-id'] ?? instance.tags['aws:ec2:fleet-id'];
  return id === undefined
    ? undefined
    : { code: 'fleet', reason: `it belongs to the fleet ${id}, which would replace it` };
};

const lifecycles: Readonly<Record<string, Refusal>> = {
  'capacity-block': {
    code: 'capacity-block',
    reason: 'a capacity block is paid for in advance: stopping it saves nothing',
  },
  'interruptible-capacity-reservation': {
    code: 'interruptible-capacity',
    reason: 'it runs in an interruptible capacity reservation, and might not get its place back',
  },
  scheduled: { code: 'scheduled-instance', reason: 'a scheduled instance follows its own schedule' },
  other: { code: 'unknown-lifecycle', reason: 'it was bought in a way that is not known here' },
};

const lifecycle: Gate = ({ instance }) =>
  instance.lifecycle === undefined ? undefined : lifecycles[instance.lifecycle];

/** Only a persistent request that stands alone lets its instance be stopped; the others terminate it or refuse. */
const spotRequest: Gate = ({ instance, spot }) => {
  if (instance.lifecycle !== 'spot' && instance.spotInstanceRequestId === undefined) return undefined;
  if (spot === undefined) return { code: 'spot-unknown', reason: 'nothing is known of its spot request' };
  if (spot.type !== 'persistent') {
    return { code: 'spot-one-time', reason: 'the instance of a one-time spot request can not be stopped' };
  }
  return spot.launchGroup === undefined
    ? undefined
    : { code: 'spot-launch-group', reason: `it belongs to the launch group "${spot.launchGroup}"` };
};

const instanceStoreRoot: Gate = ({ instance }) =>
  instance.rootDeviceType === 'instance-store'
    ? { code: 'instance-store-root', reason: 'its root is on an instance store: it can only be terminated' }
    : undefined;

/** What a stop would lose: data on local disks is gone for good. */
const instanceStoreData: Gate = ({ instance, facts, policy }) => {
  if (facts === undefined) {
    return { code: 'unknown-type', reason: `nothing is known of the type ${instance.instanceType}` };
  }
  const key = policy.tags.instanceStore;
  if (facts.instanceStoreGb === 0 || instance.tags[key]?.trim().toLowerCase() === 'discard') return undefined;
  const reason = `a stop would lose ${facts.instanceStoreGb} GB on instance-store volumes; "${key}: discard" allows it`;
  return { code: 'instance-store-data', reason };
};

/** Whoever has just started it has not had the time to be seen at work. */
const uptime: Gate = ({ instance, schedule, policy, now }) => {
  const idleMinutes = idleMinutesOf(schedule, policy);
  const minutes = (Date.parse(now) - Date.parse(instance.launchTime)) / 60_000;
  if (minutes >= idleMinutes) return undefined;
  return {
    code: 'recently-started',
    reason: `started at ${clockTime(instance.launchTime, schedule.timeZone, now)}, less than ${formatDuration(idleMinutes * 60_000)} ago`,
    until: addMilliseconds(instance.launchTime, idleMinutes * 60_000),
  };
};

/** Gates that hold whatever becomes of it meanwhile: by hand, too, it had better not be stopped. */
export const lastingGates: readonly Gate[] = [
  environment,
  account,
  autoScaling,
  managed,
  fleet,
  lifecycle,
  spotRequest,
  instanceStoreRoot,
];

/** Gates that hold at any hour, for a start as for a stop. */
export const gates: readonly Gate[] = [state, keepUntil, ...lastingGates];

/** Gates that only a running instance must pass, to be stopped. */
export const stopGates: readonly Gate[] = [instanceStoreData, uptime];

/** The first of the gates that is shut. */
export function refusalOf(candidate: Asked, through: readonly Gate[]): Refusal | undefined {
  for (const gate of through) {
    const refusal = gate(candidate);
    if (refusal) return refusal;
  }
  return undefined;
}

const lowerCase = (text: string): string => text.toLowerCase();
