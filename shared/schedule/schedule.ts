/** Hours that recur each week on the wall clock of the schedule's zone. */
export type Window = {
  /** The days on which it starts, Monday 1 to Sunday 7. */
  days: readonly number[];
  /** Minutes after midnight, inclusive. */
  start: number;
  /** Minutes after midnight of the day it starts on, exclusive; above 1440 it ends on the next day. */
  end: number;
};

/** What a tag's options ask for. What is absent is left to the configuration. */
export type ScheduleOptions = {
  /** Outside the hours it is stopped even when busy. */
  always: boolean;
  /** It is started again when a window opens. */
  start: boolean;
  hibernate: boolean;
  /** What can only be deleted, and made again by a start, may be. */
  allowsDelete: boolean;
  /** Minutes between the warning and the stop. */
  graceMinutes?: number;
  /** Minutes without work before a stop. */
  idleMinutes?: number;
};

/** When an instance may run. */
export type Schedule = ScheduleOptions & {
  /** The hours as a person writes them, e.g. `Mon-Fri 08:00-19:00 Europe/Berlin`. */
  hours: string;
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

/** What a tag may refer to. */
export type ScheduleContext = {
  /** Text by name, in the grammar of the tag. */
  schedules: Readonly<Record<string, string>>;
  /** The zone of schedules that name none. */
  timeZone: string;
};

/** `office-hours (Mon-Fri 08:00-19:00 Europe/Berlin)`, or the hours alone where they have no name. */
export const scheduleText = ({ name, hours }: Schedule): string =>
  name === undefined ? hours : `${name} (${hours})`;
