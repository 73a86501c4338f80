import type { DateRule } from './date-rule.ts';
import type { HolidayCalendar, Holidays } from './holidays.ts';
import type { InstanceSchedulerDefinitions } from './instance-scheduler.ts';

/** Hours that recur on the wall clock of the schedule's zone, each week or as its rule says. */
export type Window = {
  /** The days on which it starts, Monday 1 to Sunday 7. */
  days: readonly number[];
  /** Minutes after midnight, inclusive. */
  start: number;
  /** Minutes after midnight of the day it starts on, exclusive; above 1440 it ends on a later day. */
  end: number;
  /** Which dates it starts on, where that is not each week. */
  rule?: DateRule;
  /** It may run then, but isn't started for it. */
  passive?: true;
};

/** What a tag's options ask for. What is absent is left to the configuration. */
export type ScheduleOptions = {
  /** Outside the hours it is stopped even when busy. */
  always: boolean;
  /** It is started again when a window opens. */
  start: boolean;
  hibernate: boolean;
  /** What can only be deleted, and made again by a start, may be. */
  allowsDelete?: boolean;
  /** Minutes between the warning and the stop. */
  graceMinutes?: number;
  /** Minutes without work before a stop. */
  idleMinutes?: number;
  /** On these dates no window starts. */
  holidays?: Holidays;
};

/** When an instance may run. */
export type Schedule = ScheduleOptions & {
  /** The hours as a person writes them, e.g. `Mon-Fri 08:00-19:00 Europe/Berlin`. */
  hours: string;
  /** None: it may never run. */
  windows: readonly Window[];
  timeZone: string;
  /** Its name in the configuration; absent where the tag itself holds the hours. */
  name?: string;
};

/** What the value of a schedule tag says. Only `schedule` ever leads to a stop. */
export type ParsedSchedule =
  | { kind: 'off' }
  | { kind: 'schedule'; schedule: Schedule }
  | { kind: 'invalid'; error: string };

/** What a tag may refer to. One object is one configuration: what was read with it is kept by its identity. */
export type ScheduleContext = {
  /** Text by name, in the grammar of the tag. */
  schedules: Readonly<Record<string, string>>;
  /** The zone of schedules that name none. */
  timeZone: string;
  holidays?: Readonly<Record<string, HolidayCalendar>> | undefined;
  /** The other schedulers whose tags are read; none that is absent. */
  compatibility?:
    | {
        instanceScheduler?: InstanceSchedulerPolicy | undefined;
        custodian?: CustodianPolicy | undefined;
      }
    | undefined;
};

/** How whatever another scheduler's tag says is carried out. */
type CarriedOut = {
  /** The key of its tag. */
  tag: string;
  /** Stopped out of hours even when busy, as the other does. */
  always: boolean;
  /** Started when the hours begin, as the other does. */
  start: boolean;
};

/** AWS Instance Scheduler's side of it. */
export type InstanceSchedulerPolicy = CarriedOut & {
  /** The zone of its schedules that name none; absent is ours. */
  timeZone?: string | undefined;
  /** Where its schedules and periods are; read when the configuration is. */
  file?: string | undefined;
  /** Its schedules and periods, as read. */
  definitions?: InstanceSchedulerDefinitions | undefined;
};

/** Cloud Custodian's side of it: what its offhour and onhour policies say. */
export type CustodianPolicy = CarriedOut & {
  /** Its default_tz, an alias such as `et` or a zone. */
  timeZone: string;
  /** The hours at which it starts and stops what names none, 0 to 23. */
  onhour: number;
  offhour: number;
  /** Whether it is off at the weekend. */
  weekends: boolean;
  /** Whether it is off at the weekend only. */
  weekendsOnly: boolean;
  /** Dates on which it neither starts nor stops, `YYYY-MM-DD`. */
  skipDays: readonly string[];
};

/** `office-hours (Mon-Fri 08:00-19:00 Europe/Berlin)`, or the hours alone where they have no name. */
export function scheduleText({ name, hours, holidays }: Schedule): string {
  const text = holidays === undefined ? hours : `${hours}, but for the holidays of ${holidays.name}`;
  return name === undefined ? text : `${name} (${text})`;
}
