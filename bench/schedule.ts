import { parseArgs } from 'node:util';
import { Temporal } from 'temporal-polyfill';
import { attribute } from '../shared/allocation/owner.ts';
import type { Instance } from '../shared/compute/instance.ts';
import { parseConfig } from '../shared/config.ts';
import { addMilliseconds, type IsoTime } from '../shared/period.ts';
import { weekdayOf } from '../shared/schedule/date-rule.ts';
import { type Decision, decide } from '../shared/schedule/decision.ts';
import { readSchedule } from '../shared/schedule/gates.ts';
import { schedulableInstance } from '../shared/schedule/kinds/ec2-instance.ts';
import type { Schedule, ScheduleContext } from '../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../shared/schedule/tag.ts';
import { spanAt } from '../shared/schedule/window.ts';
import { diceOf } from './detection/dice.ts';

/**
 * What it takes to read the schedule tags of a large fleet and to decide on each instance: many values in many zones,
 * the first sweep of a process and those after it. Beside it the plain way in the same run: each value parsed each
 * time, and each boundary of the days around now asked of Temporal each time.
 */
const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '200000' },
    values: { type: 'string', default: '2000' },
    plain: { type: 'string', default: '2000' },
  },
});
const instances = Number(options.instances);
const plainly = Number(options.plain);

const now = '2026-11-20T19:00:00Z'; // a Friday evening in Europe
const config = parseConfig({
  timeZone: 'Europe/Berlin',
  schedules: {
    'office-hours': 'Mon-Fri 08:00-19:00 Europe/Berlin',
    lab: 'Mon-Fri 08:00-19:00 Europe/Berlin; holidays=germany',
  },
  holidays: { germany: { dates: ['12-24..12-26', '01-01', '2026-11-20', '2027-03-26..2027-03-29'] } },
  compatibility: {
    custodian: {},
    instanceScheduler: {
      definitions: {
        schedules: { uk: { periods: ['office', 'close'], timezone: 'Europe/London' } },
        periods: {
          office: { begintime: '09:00', endtime: '17:00', weekdays: ['mon-fri'] },
          close: { begintime: '08:00', endtime: '22:00', monthdays: ['L', '15W'] },
        },
      },
    },
  },
});

const dice = diceOf('schedule');
const zones = Intl.supportedValuesOf('timeZone');
const clock = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');

/** Inline hours as people write them, each a value of its own. */
function inlineValue(): string {
  const zone = zones[dice.whole(0, zones.length - 1)] ?? 'UTC';
  const days = dice.pick(['Mon-Fri', 'Mon-Thu', 'Mon,Wed,Fri', 'Sat,Sun', 'Mon-Sun']);
  const start = 15 * Math.floor(dice.between(0, 96));
  const end = (start + 60 + 15 * Math.floor(dice.between(0, 60))) % 1440;
  const more = dice.pick(['', '', '; start', '; idle=1h', '; holidays=germany']);
  return `${days} ${clock(start)}-${clock(end)} ${zone}${more}`;
}

const inline = Array.from({ length: Number(options.values) }, inlineValue);
const theirs = [{ Schedule: 'uk' }, { maid_offhours: 'off=[(M-F,21),(U,18)];on=[(M-F,6),(U,10)];tz=pt' }];

/** A third by name, half inline, the rest as other schedulers have it. */
function scheduleTags(index: number): Instance['tags'] {
  const kind = index % 6;
  if (kind < 2) return { 'auto-stop': kind === 0 ? 'office-hours' : 'lab' };
  if (kind < 5) return { 'auto-stop': inline[index % inline.length] ?? '' };
  return theirs[index % theirs.length] ?? {};
}

const toInstance = (index: number): Instance => ({
  account: '210987654321',
  region: 'eu-west-1',
  instanceId: `i-${index.toString(16).padStart(17, '0')}`,
  instanceType: 'g5.xlarge',
  reservationId: 'r-0a1b2c3d4e5f60718',
  state: index % 5 === 0 ? 'stopped' : 'running',
  launchTime: '2026-11-19T07:30:00Z',
  tags: {
    ...scheduleTags(index),
    Name: `worker-${index}`,
    owner: 'dana',
    team: 'research',
    project: 'vision',
  },
  rootDeviceType: 'ebs',
  hibernationConfigured: false,
  managed: false,
  platform: 'linux',
});

/** An instance decided on as a sweep does, with nothing remembered of it and without its utilisation. */
const decideOn = (instance: Instance, time: IsoTime): Decision =>
  decide({
    subject: schedulableInstance({
      instance,
      facts: { instanceType: instance.instanceType, instanceStoreGb: 0, vcpus: 4 },
      spot: undefined,
      instanceStoreTag: config.tags.instanceStore,
    }),
    parsed: readSchedule(instance.tags, config),
    attribution: attribute(instance.tags, config.tags),
    policy: config,
    now: time,
    record: {},
    warningDelivered: undefined,
    utilization: undefined,
  });

/** The state of a weekly schedule by Temporal alone, as one would write it at first. */
function plainState({ windows, timeZone }: Schedule, time: IsoTime): 'up' | 'down' {
  const at = Temporal.Instant.from(time);
  const today = at.toZonedDateTimeISO(timeZone).toPlainDate();
  const isOpen = [-1, 0].some((offset) => {
    const date = today.add({ days: offset });
    const midnight = Date.parse(date.toString()) / 86_400_000;
    const local = (minutes: number) =>
      date.toPlainDateTime().add({ minutes }).toZonedDateTime(timeZone).toInstant();
    return windows.some(
      ({ days, start, end }) =>
        days.includes(weekdayOf(midnight)) &&
        Temporal.Instant.compare(local(start), at) <= 0 &&
        Temporal.Instant.compare(at, local(end)) < 0,
    );
  });
  return isOpen ? 'up' : 'down';
}

/** Microseconds of the processor that each of so many takes: nothing here waits, but for whoever else is at work. */
function microseconds(count: number, run: (index: number) => unknown): number {
  const start = process.cpuUsage();
  for (let index = 0; index < count; index += 1) run(index);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

const row = (name: string, each: number, plain?: number): void => {
  const ratio = plain === undefined ? '' : `${(plain / each).toFixed(plain / each < 10 ? 1 : 0)}x`;
  const cells = [each.toFixed(2), plain?.toFixed(2) ?? '', ratio];
  console.log(`  ${name.padEnd(44)}${cells.map((cell) => cell.padStart(12)).join('')}`);
};

/** Of the heap, without garbage; undefined where Node was not told to let go of that (`--expose-gc`). */
function megabytes(): number | undefined {
  globalThis.gc?.();
  return globalThis.gc && process.memoryUsage().heapUsed / 1e6;
}

const fleet = Array.from({ length: instances }, (_, index) => toInstance(index));
const distinct = new Set(fleet.flatMap(({ tags }) => tags['auto-stop'] ?? [])).size;
console.log(
  `Node ${process.version}, ${instances.toLocaleString('en')} instances, ${distinct.toLocaleString('en')} values of the tag, ${zones.length} zones\n`,
);
console.log(
  `  ${'microseconds each'.padEnd(44)}${['', 'plain way', 'spared'].map((cell) => cell.padStart(12)).join('')}`,
);

// A context of its own is a configuration that nothing has been read with: the plain way parses each time.
const fresh = (): ScheduleContext => ({ ...config });
const inlineAt = (index: number): string => inline[index % inline.length] ?? '';
const schedules = inline.flatMap((value) => {
  const parsed = parseScheduleTag(value, config);
  return parsed.kind === 'schedule' ? [parsed.schedule] : [];
});
const scheduleOf = (index: number): Schedule => {
  const schedule = schedules[index % schedules.length];
  if (schedule === undefined) throw new Error('none of the values can be read');
  return schedule;
};

const parsePlainly = microseconds(plainly, (index) => parseScheduleTag(inlineAt(index), fresh()));
const parse = microseconds(instances, (index) => parseScheduleTag(inlineAt(index), config));
row('parse a value', parse, parsePlainly);

const before = megabytes();
const firstSpan = microseconds(schedules.length, (index) => spanAt(scheduleOf(index), now));
const span = microseconds(instances, (index) => spanAt(scheduleOf(index), now));
const spanPlainly = microseconds(plainly, (index) => plainState(scheduleOf(index), now));
row('its state, the first time', firstSpan, spanPlainly);
row('its state', span, spanPlainly);

const first = microseconds(instances, (index) => decideOn(fleet[index] ?? toInstance(index), now));
const decideAt = (time: IsoTime) =>
  microseconds(instances, (index) => decideOn(fleet[index] ?? toInstance(index), time));
row('parse and decide, the first sweep', first);
const later = [5, 10, 15].map((minutes) => decideAt(addMilliseconds(now, minutes * 60_000)));
row(
  'parse and decide, each later sweep',
  Math.min(...later),
  parsePlainly + spanPlainly + Math.min(...later),
);
const after = megabytes();
if (before !== undefined && after !== undefined) {
  console.log(`\n  what is kept of all that: ${(after - before).toFixed(1)} MB`);
}
