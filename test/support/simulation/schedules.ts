import type { Hours } from './hours.ts';

/** What the value of a schedule tag is meant to say. */
export type Meaning =
  | { kind: 'never' }
  | ({
      kind: 'hours';
      always: boolean;
      start: boolean;
      hibernate: boolean;
      /** Minutes. */
      grace: number;
      idle: number;
    } & Hours);

export type TagValue = { value: string; meaning: Meaning };

const weekdays = [1, 2, 3, 4, 5];
const everyDay = [...weekdays, 6, 7];

const hours = (
  zone: string,
  windows: Hours['windows'],
  options: Partial<Extract<Meaning, { kind: 'hours' }>> = {},
): Meaning => ({
  kind: 'hours',
  zone,
  windows,
  always: false,
  start: false,
  hibernate: false,
  grace: 15,
  idle: 45,
  ...options,
});

const at = (hour: number, minute = 0): number => hour * 60 + minute;
const never: Meaning = { kind: 'never' };
const office = [{ days: weekdays, from: at(8), to: at(19) }];

/** The names that the configuration gives. */
export const namedSchedules = {
  'office-hours': 'Mon-Fri 08:00-19:00 Europe/Berlin',
  'night-shift': 'Mon-Fri 22:00-06:00 Europe/Berlin; start',
} as const;

const night = [{ days: weekdays, from: at(22), to: at(30) }];

/** Values of the schedule tag, each with what it is meant to say. */
export const tagValues: readonly TagValue[] = [
  { value: 'office-hours', meaning: hours('Europe/Berlin', office) },
  { value: ' Office-Hours ; ', meaning: hours('Europe/Berlin', office) },
  { value: 'office-hours; start', meaning: hours('Europe/Berlin', office, { start: true }) },
  {
    value: 'office-hours; start; grace=30m',
    meaning: hours('Europe/Berlin', office, { start: true, grace: 30 }),
  },
  { value: 'office-hours; always', meaning: hours('Europe/Berlin', office, { always: true }) },
  { value: 'night-shift', meaning: hours('Europe/Berlin', night, { start: true }) },
  { value: 'night-shift; idle=30m', meaning: hours('Europe/Berlin', night, { start: true, idle: 30 }) },
  {
    value: 'Mon-Fri 09:00-18:00 America/New_York; start; hibernate',
    meaning: hours('America/New_York', [{ days: weekdays, from: at(9), to: at(18) }], {
      start: true,
      hibernate: true,
    }),
  },
  {
    value: 'Mon-Fri 08:00-12:00, Mon-Fri 13:00-18:00 Pacific/Auckland; idle=30m',
    meaning: hours(
      'Pacific/Auckland',
      [
        { days: weekdays, from: at(8), to: at(12) },
        { days: weekdays, from: at(13), to: at(18) },
      ],
      { idle: 30 },
    ),
  },
  {
    value: 'Fri-Mon 10:00-24:00 Asia/Kolkata; idle=1h',
    meaning: hours('Asia/Kolkata', [{ days: [5, 6, 7, 1], from: at(10), to: at(24) }], { idle: 60 }),
  },
  {
    // Ends within the hour that a clock change skips, or repeats.
    value: 'Sat 20:00-02:30 Europe/Berlin; always; grace=0m',
    meaning: hours('Europe/Berlin', [{ days: [6], from: at(20), to: at(26, 30) }], {
      always: true,
      grace: 0,
    }),
  },
  {
    value: 'Mon-Sun 01:30-04:00 America/New_York; start; idle=30m',
    meaning: hours('America/New_York', [{ days: everyDay, from: at(1, 30), to: at(4) }], {
      start: true,
      idle: 30,
    }),
  },
  { value: 'off', meaning: never },
  { value: 'Never', meaning: never },
  { value: 'ofice-hours', meaning: never },
  { value: 'weekdays 8 to 6', meaning: never },
  { value: 'Mon-Fri 08:00-08:00', meaning: never },
  { value: 'Mon-Fri 08:00-19:00 CST', meaning: never },
];
