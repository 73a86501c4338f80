import type { Attribution, OwnerKeys } from '../allocation/owner.ts';
import { formatDuration } from '../compute/duration.ts';
import { addMilliseconds, type IsoTime } from '../period.ts';
import { clockTime } from './clock.ts';
import { runOut } from './holidays.ts';
import { parseKeepUntil } from './keep-until.ts';
import type { Refusal } from './refusal.ts';
import type { Schedulable } from './schedulable.ts';
import type { ParsedSchedule, Schedule, ScheduleContext } from './schedule.ts';
import { readScheduleTag, scheduleKeyOf, tagsLike } from './schedule-tag.ts';

/** What the configuration says about stopping; minutes. */
export type StopPolicy = ScheduleContext & {
  stop: { grace: number; idle: number; hibernateFallback?: boolean };
  protect: { environments: readonly string[]; accounts: readonly string[] };
  tags: OwnerKeys & { schedule: string; keepUntil: string; instanceStore: string };
};

/** What may be stopped or started, and all that the gates ask about it. */
export type Candidate = {
  subject: Schedulable;
  /** Undefined where it has no schedule tag. */
  parsed: ParsedSchedule | undefined;
  attribution: Attribution;
  policy: StopPolicy;
  now: IsoTime;
};

/** A candidate that a schedule applies to. */
export type Scheduled = Candidate & { schedule: Schedule };

/** What the gates ask of it, which needs no schedule tag: the zone of its times, and how long it must have been idle. */
type Asked = Omit<Candidate, 'parsed'> & {
  schedule: Pick<Schedule, 'timeZone' | 'idleMinutes'> & { allowsDelete?: boolean };
};

/** Minutes without work before something may be stopped: its tag's, else the configuration's. */
export const idleMinutesOf = ({ idleMinutes }: Pick<Schedule, 'idleMinutes'>, { stop }: StopPolicy): number =>
  idleMinutes ?? stop.idle;

/** Minutes between the warning and the stop: its tag's, else the configuration's. */
export const graceMinutesOf = ({ graceMinutes }: Schedule, { stop }: StopPolicy): number =>
  graceMinutes ?? stop.grace;

/** Whether it has a schedule tag, in whatever case: a key written differently is told of, too. */
export const hasScheduleTag = (tags: Schedulable['tags'], policy: StopPolicy): boolean =>
  tagsLike(tags, [scheduleKeyOf(tags, policy)]).length > 0;

/** What its own schedule tag says; undefined where it has none. */
export const readSchedule = (tags: Schedulable['tags'], policy: StopPolicy): ParsedSchedule | undefined =>
  readScheduleTag(tags, policy);

/** Whether a schedule applies to it at all: the schedule, or why none does. */
export function optIn({
  subject,
  parsed,
  policy,
  now,
}: Candidate): { schedule: Schedule } | { refusal: Refusal } {
  const key = scheduleKeyOf(subject.tags, policy);
  if (subject.state === 'gone') return refuse('terminated', 'it is terminated');
  const found = tagsLike(subject.tags, [key]).map(([name]) => name);
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

const refuse = (code: Refusal['code'], reason: string): { refusal: Refusal } => ({
  refusal: { code, reason },
});

type Gate = (candidate: Asked) => Refusal | undefined;

/** One that starts can't be stopped yet, and is looked at again; one that stops needs no call. */
const state: Gate = ({ subject }) => {
  if (subject.state === 'starting') {
    return { code: 'pending', reason: 'it is starting: looked at again with the next run' };
  }
  return subject.state === 'stopping' ? { code: 'stopping', reason: 'it is stopping already' } : undefined;
};

/** Protection counts however its key is written: who tagged it meant it. */
export const keepUntil: Gate = ({ subject, policy, schedule, now }) => {
  for (const [key, value] of tagsLike(subject.tags, [policy.tags.keepUntil])) {
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
const environment: Gate = ({ subject, attribution, policy }) => {
  const tagged = tagsLike(subject.tags, policy.tags.environment).map(([, value]) => value.trim());
  const values = attribution.environment === undefined ? tagged : [attribution.environment, ...tagged];
  const protectedValues = new Set(policy.protect.environments.map(lowerCase));
  const found = values.find((value) => protectedValues.has(lowerCase(value)));
  return found === undefined
    ? undefined
    : { code: 'protected-environment', reason: `the environment "${found}" is protected` };
};

const account: Gate = ({ subject, policy }) =>
  policy.protect.accounts.includes(subject.account)
    ? { code: 'protected-account', reason: `the account ${subject.account} is protected` }
    : undefined;

/** What its own kind says: see `eligibility/`. */
const eligibility: Gate = ({ subject }) => subject.refusal;

/** What its own kind says of a stop alone: what would be lost by it. */
const stopEligibility: Gate = ({ subject }) => subject.stopRefusal;

/** EC2 refuses to stop what has it on: whoever is told of the stop would be told in vain. */
const stopProtection: Gate = ({ subject }) =>
  subject.stopProtected
    ? { code: 'stop-protection', reason: 'its stop protection (DisableApiStop) is on' }
    : undefined;

/** What is gone can be made again, and isn't the same: only who says so outright has it deleted. */
const deletion: Gate = ({ subject, schedule }) =>
  subject.isDeletedToStop && !schedule.allowsDelete
    ? {
        code: 'delete-not-allowed',
        reason: 'to stop it is to delete it, which the option "delete" of its tag would allow',
      }
    : undefined;

/** Whoever has just started it has not had the time to be seen at work. */
const uptime: Gate = ({ subject: { startedAt }, schedule, policy, now }) => {
  if (startedAt === undefined) return undefined;
  const idleMinutes = idleMinutesOf(schedule, policy);
  const minutes = (Date.parse(now) - Date.parse(startedAt)) / 60_000;
  if (minutes >= idleMinutes) return undefined;
  return {
    code: 'recently-started',
    reason: `started at ${clockTime(startedAt, schedule.timeZone, now)}, less than ${formatDuration(idleMinutes * 60_000)} ago`,
    until: addMilliseconds(startedAt, idleMinutes * 60_000),
  };
};

/** Gates that hold whatever becomes of it meanwhile: by hand, too, it had better not be stopped. */
export const lastingGates: readonly Gate[] = [environment, account, eligibility];

/** Gates that hold at any hour, for a start as for a stop. */
export const gates: readonly Gate[] = [state, keepUntil, ...lastingGates];

/** Gates that only what is up must pass, to be stopped. */
export const stopGates: readonly Gate[] = [stopEligibility, stopProtection, uptime];

/** The gate that is asked when everything else says stop: what it forbids is still worth proposing. */
export const lastStopGates: readonly Gate[] = [deletion];

/** The first of the gates that is shut. */
export function refusalOf(candidate: Asked, through: readonly Gate[]): Refusal | undefined {
  for (const gate of through) {
    const refusal = gate(candidate);
    if (refusal) return refusal;
  }
  return undefined;
}

const lowerCase = (text: string): string => text.toLowerCase();
