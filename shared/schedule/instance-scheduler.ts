import { didYouMean, ScheduleFault } from './fault.ts';
import { type InstanceSchedulerPeriod, toWindows } from './period.ts';
import { readOnce, unlessFault } from './read-once.ts';
import type {
  InstanceSchedulerPolicy,
  ParsedSchedule,
  Schedule,
  ScheduleContext,
  Window,
} from './schedule.ts';
import { resolveTimeZone } from './zone.ts';

/** A schedule of AWS Instance Scheduler, by the names of its own table. */
export type InstanceSchedulerSchedule = {
  /** Names of periods; what follows an `@` is the instance type it would be changed to. */
  periods: readonly string[];
  timezone?: string | undefined;
  override_status?: 'running' | 'stopped' | undefined;
  stop_new_instances?: boolean | undefined;
  enforced?: boolean | undefined;
  hibernate?: boolean | undefined;
  retain_running?: boolean | undefined;
  use_maintenance_window?: boolean | undefined;
  ssm_maintenance_window?: readonly string[] | undefined;
};

/** What Instance Scheduler's configuration table holds, by name. */
export type InstanceSchedulerDefinitions = {
  schedules: Readonly<Record<string, InstanceSchedulerSchedule>>;
  periods: Readonly<Record<string, InstanceSchedulerPeriod>>;
};

/**
 * Reads the value of an Instance Scheduler tag: the name of one of its schedules. Where its definitions have not been
 * read, and where one can't be read, the answer is `invalid`.
 */
export function parseInstanceSchedulerTag(value: string, context: ScheduleContext): ParsedSchedule {
  const policy = context.compatibility?.instanceScheduler;
  if (policy === undefined) return { kind: 'invalid', error: notRead };
  return readOnce(context, `instance-scheduler:${value}`, () => parse(value.trim(), policy, context));
}

const notRead =
  "Instance Scheduler's tags are not read: compatibility.instanceScheduler in the configuration names its schedules";

function parse(value: string, policy: InstanceSchedulerPolicy, context: ScheduleContext): ParsedSchedule {
  const { definitions, file } = policy;
  if (definitions === undefined) {
    const where = file === undefined ? 'are not in the configuration' : `have not been read from ${file}`;
    throw new ScheduleFault(`its schedules ${where}`);
  }
  const names = Object.keys(definitions.schedules);
  const name = names.find((each) => each === value) ?? names.find((each) => same(each, value));
  const definition = name === undefined ? undefined : definitions.schedules[name];
  if (name === undefined || definition === undefined) {
    throw new ScheduleFault(
      `Instance Scheduler has no schedule "${value}"${didYouMean(value, names) || `, expected one of ${names.join(', ')}`}`,
    );
  }
  return {
    kind: 'schedule',
    schedule: toSchedule(name, definition, definitions.periods, policy, context.timeZone),
  };
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

function toSchedule(
  name: string,
  definition: InstanceSchedulerSchedule,
  periods: InstanceSchedulerDefinitions['periods'],
  policy: InstanceSchedulerPolicy,
  ourZone: string,
): Schedule {
  const zone = definition.timezone || policy.timeZone || ourZone;
  const timeZone = resolveTimeZone(zone);
  if (timeZone === undefined) throw new ScheduleFault(`schedule "${name}": "${zone}" is not a time zone`);
  const { windows, text } = hoursOf(name, definition, periods);
  return {
    name,
    hours: `${text} ${timeZone}`,
    windows,
    timeZone,
    // Whoever asked for running ones to be retained didn't ask for busy ones to be stopped.
    always: policy.always && !definition.retain_running,
    start: policy.start,
    hibernate: definition.hibernate ?? false,
  };
}

const allWeek = [1, 2, 3, 4, 5, 6, 7];

function hoursOf(
  name: string,
  { periods: named, override_status: override }: InstanceSchedulerSchedule,
  periods: InstanceSchedulerDefinitions['periods'],
): { windows: Window[]; text: string } {
  if (override === 'running') return { windows: [{ days: allWeek, start: 0, end: 1440 }], text: 'always' };
  if (override === 'stopped') return { windows: [], text: 'never' };
  if (named.length === 0) throw new ScheduleFault(`schedule "${name}" has no period`);
  const found = named.map((each) => {
    const [period = ''] = each.split('@');
    const definition = Object.hasOwn(periods, period) ? periods[period] : undefined;
    if (definition === undefined) {
      throw new ScheduleFault(
        `schedule "${name}" names the period "${period}", which isn't there${didYouMean(period, Object.keys(periods))}`,
      );
    }
    return { period, definition };
  });
  const read = found.map(({ period, definition }) =>
    toWindows(
      period,
      definition,
      found.map((each) => each.definition),
    ),
  );
  return {
    windows: read.flatMap(({ windows }) => windows),
    text: read.map(({ text }) => text).join(', '),
  };
}

/** What is wrong with each of the schedules, by name. */
export function instanceSchedulerFaults(
  policy: InstanceSchedulerPolicy,
  timeZone: string,
): { schedule: string; fault: string }[] {
  const { schedules = {}, periods = {} } = policy.definitions ?? {};
  return Object.entries(schedules).flatMap(([schedule, definition]) => {
    const parsed = unlessFault(() => ({
      kind: 'schedule',
      schedule: toSchedule(schedule, definition, periods, policy, timeZone),
    }));
    return parsed.kind === 'invalid' ? [{ schedule, fault: parsed.error }] : [];
  });
}

/** What a schedule asks for that is not carried out, a sentence each. */
export function instanceSchedulerNotes(name: string, schedule: InstanceSchedulerSchedule): string[] {
  const windows = schedule.ssm_maintenance_window ?? [];
  const typed = schedule.periods.filter((period) => period.includes('@'));
  return [
    ...(schedule.stop_new_instances === false
      ? [`stop_new_instances: a new instance out of hours is stopped too, once it is idle and was warned of`]
      : []),
    ...(schedule.enforced
      ? [
          'enforced: what was started by hand is stopped once it is idle, and what was stopped by hand stays so',
        ]
      : []),
    ...(schedule.retain_running
      ? [
          'retain_running: what was started before its hours is stopped after them once it is idle, never busy',
        ]
      : []),
    ...(windows.length > 0 || schedule.use_maintenance_window
      ? ['maintenance windows of Systems Manager start nothing: put their hours into a period']
      : []),
    ...typed.map((period) => `${period}: no instance type is changed`),
  ].map((note) => `schedule "${name}": ${note}`);
}
