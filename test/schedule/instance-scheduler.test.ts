import { describe, expect, it } from 'vitest';
import { explainSchedule } from '../../shared/schedule/explain.ts';
import {
  type InstanceSchedulerDefinitions,
  type InstanceSchedulerSchedule,
  instanceSchedulerNotes,
  parseInstanceSchedulerTag,
} from '../../shared/schedule/instance-scheduler.ts';
import type { InstanceSchedulerPeriod } from '../../shared/schedule/period.ts';
import type { InstanceSchedulerPolicy, ScheduleContext } from '../../shared/schedule/schedule.ts';
import { spanAt } from '../../shared/schedule/window.ts';

type Periods = Record<string, InstanceSchedulerPeriod>;

const contextOf = (
  definitions: InstanceSchedulerDefinitions | undefined,
  policy: Partial<InstanceSchedulerPolicy> = {},
): ScheduleContext => ({
  schedules: {},
  timeZone: 'UTC',
  compatibility: {
    instanceScheduler: { tag: 'Schedule', always: false, start: true, definitions, ...policy },
  },
});

const withPeriods = (periods: Periods, schedule: Partial<InstanceSchedulerSchedule> = {}) =>
  contextOf({ schedules: { uk: { periods: Object.keys(periods), ...schedule } }, periods });

const changes = (context: ScheduleContext, from: string, to: string) => {
  const explained = explainSchedule('uk', from, to, context, 'instance-scheduler');
  if (!explained.valid) throw new Error(explained.error);
  return explained.transitions.map(({ at, state }) => `${at.slice(0, 16)} ${state}`);
};

/** The days of a month on which a period of these days runs. */
const daysOf = (period: InstanceSchedulerPeriod, month: string) => {
  const noon = { uk: { begintime: '12:00', endtime: '13:00', ...period } };
  const next = new Date(Date.parse(`${month}-28`) + 5 * 86_400_000).toISOString().slice(0, 7);
  return changes(withPeriods(noon), `${month}-01T00:00:00Z`, `${next}-01T00:00:00Z`)
    .filter((change) => change.endsWith('up'))
    .map((change) => Number(change.slice(8, 10)));
};

const scheduleOf = (context: ScheduleContext, value = 'uk') => {
  const parsed = parseInstanceSchedulerTag(value, context);
  if (parsed.kind !== 'schedule') throw new Error(JSON.stringify(parsed));
  return parsed.schedule;
};

const errorOf = (context: ScheduleContext, value = 'uk') => {
  const parsed = parseInstanceSchedulerTag(value, context);
  return parsed.kind === 'invalid' ? parsed.error : parsed.kind;
};

describe('the days of a period', () => {
  // November 2026 begins on a Sunday and has 30 days.
  it.each<[InstanceSchedulerPeriod, number[]]>([
    [{ weekdays: ['mon-wed'] }, [2, 3, 4, 9, 10, 11, 16, 17, 18, 23, 24, 25, 30]],
    [{ weekdays: ['Sat-Sun'] }, [1, 7, 8, 14, 15, 21, 22, 28, 29]],
    [{ weekdays: ['fri-mon'], monthdays: ['1-9'] }, [1, 2, 6, 7, 8, 9]],
    [{ weekdays: ['Monday', 'wednesday'], monthdays: ['1-9'] }, [2, 4, 9]],
    [{ weekdays: ['0,2'], monthdays: ['1-9'] }, [2, 4, 9]],
    [{ weekdays: ['mon/2'], monthdays: ['1-9'] }, [1, 2, 4, 6, 8, 9]],
    [{ weekdays: ['Mon#1'] }, [2]],
    [{ weekdays: ['Mon#5'] }, [30]],
    [{ weekdays: ['0#3', 'Fri#3'] }, [16, 20]],
    [{ weekdays: ['FriL'] }, [27]],
    [{ weekdays: ['monL', 'tue#1'] }, [3, 30]],
    [{ weekdays: ['L'], monthdays: ['1-9'] }, [1, 8]],
    [{ weekdays: ['*'], monthdays: ['7'] }, [7]],
    [{ monthdays: ['1', '15'] }, [1, 15]],
    [{ monthdays: ['1-3, 7-9'] }, [1, 2, 3, 7, 8, 9]],
    [{ monthdays: ['1/7'] }, [1, 8, 15, 22, 29]],
    [{ monthdays: ['1-15/7'] }, [1, 8, 15]],
    [{ monthdays: ['*/10'] }, [1, 11, 21]],
    [{ monthdays: ['L'] }, [30]],
    [{ monthdays: ['28-L'] }, [28, 29, 30]],
    [{ monthdays: ['29-31'] }, [29, 30]],
    [{ monthdays: ['31'] }, []],
    [{ monthdays: ['31W'] }, []],
    [{ monthdays: ['15W'] }, [16]], // a Sunday: the Monday after
    [{ monthdays: ['14W'] }, [13]], // a Saturday: the Friday before
    [{ monthdays: ['1W'] }, [2]],
    [{ monthdays: ['10W'] }, [10]],
    [{ monthdays: ['15'], months: ['nov'] }, [15]],
    [{ monthdays: ['15'], months: ['oct-jan'] }, [15]],
    [{ monthdays: ['15'], months: ['11'] }, [15]],
    [{ monthdays: ['15'], months: ['jan/2'] }, [15]],
    [{ monthdays: ['15'], months: ['jan-mar', 'December'] }, []],
  ])('%j in November 2026 are %j', (period, expected) => {
    expect(daysOf(period, '2026-11')).toEqual(expected);
  });

  it('nearest to one stays in its month', () => {
    expect(daysOf({ monthdays: ['1W'] }, '2026-08')).toEqual([3]); // Saturday the 1st: Monday, not July
    expect(daysOf({ monthdays: ['31W'] }, '2026-05')).toEqual([29]); // Sunday the 31st: Friday, not June
  });

  it('last in February knows the leap years', () => {
    expect(daysOf({ monthdays: ['L'] }, '2027-02')).toEqual([28]);
    expect(daysOf({ monthdays: ['L'] }, '2028-02')).toEqual([29]);
  });

  it.each<[InstanceSchedulerPeriod, string]>([
    [{ weekdays: ['mox'] }, 'weekdays: "mox" can\'t be read'],
    [{ weekdays: ['7'] }, 'weekdays: "7" can\'t be read'],
    [{ weekdays: ['mon#6'] }, 'weekdays: "mon#6" counts from #1 to #5'],
    [{ monthdays: ['0'] }, 'monthdays: "0" can\'t be read'],
    [{ monthdays: ['32W'] }, 'monthdays: "32" can\'t be read'],
    [{ monthdays: ['20-10'] }, 'monthdays: "20-10" ends before it starts'],
    [{ monthdays: ['1/0'] }, 'monthdays: "1/0" can\'t be read'],
    [{ months: ['13'] }, 'months: "13" can\'t be read'],
    [{ months: ['L'] }, 'months: "L" can\'t be read'],
    [{ begintime: '9' }, 'begintime: "9" is not a time of day such as 09:00'],
    [{ endtime: '24:00' }, 'endtime: "24:00" is not a time of day such as 09:00'],
    [{ begintime: '09:00', endtime: '09:00' }, 'it begins and ends at 09:00'],
  ])('%j is refused', (period, fault) => {
    expect(errorOf(withPeriods({ office: period }))).toBe(`period "office": ${fault}`);
  });
});

describe('the times of a period', () => {
  const week = ['2026-11-16T00:00:00Z', '2026-11-19T00:00:00Z'] as const;

  it('are those of its schedule’s zone, else of the configured one, else of ours', () => {
    const periods = { office: { begintime: '09:00', endtime: '17:00', weekdays: ['mon'] } };
    const berlin = withPeriods(periods, { timezone: 'Europe/Berlin' });
    expect(changes(berlin, ...week)).toEqual(['2026-11-16T08:00 up', '2026-11-16T16:00 down']);
    const { instanceScheduler } = berlin.compatibility ?? {};
    const definitions = { schedules: { uk: { periods: ['office'] } }, periods };
    expect(instanceScheduler && scheduleOf(contextOf(definitions)).timeZone).toBe('UTC');
    expect(scheduleOf(contextOf(definitions, { timeZone: 'Asia/Tokyo' })).timeZone).toBe('Asia/Tokyo');
  });

  it('run across midnight where they end before they begin, by the day they begin on', () => {
    const nights = { night: { begintime: '22:00', endtime: '06:00', weekdays: ['mon'] } };
    expect(changes(withPeriods(nights), ...week)).toEqual(['2026-11-16T22:00 up', '2026-11-17T06:00 down']);
  });

  it('are the whole day where there are none', () => {
    expect(changes(withPeriods({ tue: { weekdays: ['tue'] } }), ...week)).toEqual([
      '2026-11-17T00:00 up',
      '2026-11-18T00:00 down',
    ]);
  });

  it('that end at 23:59, or a minute before another period, are joined with what follows', () => {
    // Instance Scheduler's own example of Monday 9:00 to Wednesday 17:00.
    const periods = {
      first: { begintime: '09:00', endtime: '23:59', weekdays: ['mon'] },
      middle: { weekdays: ['tue'] },
      last: { begintime: '00:00', endtime: '16:59', weekdays: ['wed'] },
      late: { begintime: '17:00', endtime: '18:00', weekdays: ['wed'] },
    };
    expect(changes(withPeriods(periods), ...week)).toEqual(['2026-11-16T09:00 up', '2026-11-18T18:00 down']);
  });

  it('that only begin leave it alone until then, and start it each day', () => {
    const schedule = scheduleOf(withPeriods({ office: { begintime: '09:00', weekdays: ['mon-fri'] } }));
    expect(spanAt(schedule, '2026-11-16T08:00:00Z')).toEqual({
      state: 'up',
      since: '2026-11-16T00:00:00Z',
      until: '2026-11-21T00:00:00Z',
      passive: true,
    });
    expect(spanAt(schedule, '2026-11-17T10:00:00Z')).toMatchObject({
      state: 'up',
      opened: '2026-11-17T09:00:00Z',
    });
    expect(spanAt(schedule, '2026-11-21T10:00:00Z').state).toBe('down');
  });

  it('that only end never start it', () => {
    const schedule = scheduleOf(withPeriods({ office: { endtime: '18:00', weekdays: ['mon-fri'] } }));
    expect(spanAt(schedule, '2026-11-16T10:00:00Z')).toMatchObject({ state: 'up', passive: true });
    expect(spanAt(schedule, '2026-11-16T18:00:00Z')).toMatchObject({ state: 'down' });
  });
});

describe('a schedule', () => {
  const office = { office: { begintime: '09:00', endtime: '17:00', weekdays: ['mon-fri'] } };

  it('is started when it opens, stopped when idle, and told by its periods', () => {
    expect(scheduleOf(withPeriods(office, { timezone: 'Europe/London' }))).toMatchObject({
      name: 'uk',
      hours: 'mon-fri 09:00-17:00 Europe/London',
      start: true,
      always: false,
      hibernate: false,
    });
  });

  it('is stopped when busy where the configuration says so, unless it retains what runs', () => {
    const definitions = {
      schedules: {
        uk: { periods: ['office'], hibernate: true },
        kept: { periods: ['office'], retain_running: true },
      },
      periods: office,
    };
    const context = contextOf(definitions, { always: true, start: false });
    expect(scheduleOf(context)).toMatchObject({ always: true, hibernate: true, start: false });
    expect(scheduleOf(context, 'kept').always).toBe(false);
  });

  it.each(['running', 'stopped'] as const)('that is overridden is %s at all times', (status) => {
    const schedule = scheduleOf(withPeriods(office, { override_status: status }));
    const state = status === 'running' ? 'up' : 'down';
    expect(spanAt(schedule, '2026-11-16T03:00:00Z')).toEqual({ state });
    expect(spanAt(schedule, '2026-11-16T12:00:00Z')).toEqual({ state });
  });

  it('is found whatever its case, its own exact case first', () => {
    const definitions = {
      schedules: { UK: { periods: ['office'], hibernate: true }, uk: { periods: ['office'] } },
      periods: office,
    };
    expect(scheduleOf(contextOf(definitions), ' UK ').hibernate).toBe(true);
    expect(scheduleOf(withPeriods(office), 'Uk').name).toBe('uk');
  });

  it('changes no instance type', () => {
    const context = contextOf({ schedules: { uk: { periods: ['office@t3.micro'] } }, periods: office });
    expect(scheduleOf(context).windows).toHaveLength(1);
  });

  it.each([
    ['ku', withPeriods(office), 'Instance Scheduler has no schedule "ku", expected one of uk'],
    ['ukk', withPeriods(office), 'Instance Scheduler has no schedule "ukk", did you mean "uk"?'],
    ['uk', contextOf(undefined, { file: 'table.json' }), 'its schedules have not been read from table.json'],
    ['uk', contextOf(undefined), 'its schedules are not in the configuration'],
    [
      'uk',
      contextOf({ schedules: { uk: { periods: ['ofice'] } }, periods: office }),
      'schedule "uk" names the period "ofice", which isn\'t there, did you mean "office"?',
    ],
    ['uk', contextOf({ schedules: { uk: { periods: [] } }, periods: {} }), 'schedule "uk" has no period'],
    [
      'uk',
      withPeriods(office, { timezone: 'Europe/Nowhere' }),
      'schedule "uk": "Europe/Nowhere" is not a time zone',
    ],
    [
      'uk',
      { schedules: {}, timeZone: 'UTC' },
      "Instance Scheduler's tags are not read: compatibility.instanceScheduler in the configuration names its schedules",
    ],
  ])('%j is refused where it has to be', (value, context, error) => {
    expect(errorOf(context, value)).toBe(error);
  });

  it('says what is not carried out of it', () => {
    expect(
      instanceSchedulerNotes('uk', {
        periods: ['office@t3.micro'],
        stop_new_instances: false,
        enforced: true,
        retain_running: true,
        use_maintenance_window: true,
      }).map((note) => note.split(':')[1]?.trim()),
    ).toEqual([
      'stop_new_instances',
      'enforced',
      'retain_running',
      'maintenance windows of Systems Manager start nothing',
      'office@t3.micro',
    ]);
    expect(instanceSchedulerNotes('uk', { periods: ['office'], hibernate: true })).toEqual([]);
  });
});
