import { describe, expect, it } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import { decide } from '../../shared/schedule/decision.ts';
import { hasScheduleTag, readSchedule, type StopPolicy } from '../../shared/schedule/gates.ts';
import { optInKeysText } from '../../shared/schedule/schedule-tag.ts';
import { custodian, machine, policy, stoppable } from './candidate.ts';

const theirs: StopPolicy = {
  ...policy,
  compatibility: {
    instanceScheduler: {
      tag: 'Schedule',
      always: false,
      start: true,
      definitions: {
        schedules: { uk: { periods: ['office'], timezone: 'Europe/London' } },
        periods: { office: { begintime: '09:00', endtime: '17:00', weekdays: ['mon-fri'] } },
      },
    },
    custodian,
  },
};

const zoneOf = (tags: Instance['tags'], by: StopPolicy) => {
  const parsed = readSchedule(tags, by);
  return parsed?.kind === 'schedule' ? parsed.schedule.timeZone : parsed?.kind;
};

const decided = (tags: Instance['tags'], by: StopPolicy) => {
  const instance = machine({ tags });
  return decide(stoppable({ instance, policy: by, parsed: readSchedule(tags, by) }));
};

describe('the tags of other schedulers', () => {
  it('opt nothing in unless the configuration says so', () => {
    const tags = { Schedule: 'uk', maid_offhours: 'on' };
    expect([hasScheduleTag(tags, policy), readSchedule(tags, policy)]).toEqual([false, undefined]);
    expect(decided(tags, policy)).toMatchObject({ action: 'keep', code: 'not-opted-in' });
  });

  it.each<[Instance['tags'], string | undefined]>([
    [{ Schedule: 'uk' }, 'Europe/London'],
    [{ maid_offhours: 'on' }, 'America/New_York'],
    [{ Maid_OffHours: 'tz=pt' }, 'America/Los_Angeles'], // Custodian takes its key in whatever case
    [{ Schedule: 'uk', maid_offhours: 'on' }, 'Europe/London'],
    [{ 'auto-stop': 'office-hours', Schedule: 'uk', maid_offhours: 'on' }, 'Europe/Berlin'],
    [{ 'auto-stop': 'off', Schedule: 'uk' }, 'off'],
    [{ 'auto-stop': 'Mon 8-19', Schedule: 'uk' }, 'invalid'],
    [{ 'Auto-Stop': 'office-hours', Schedule: 'uk' }, undefined],
    [{ Schedule: 'us' }, 'invalid'],
    [{ owner: 'dana' }, undefined],
  ])('%j counts as %s: ours first', (tags, expected) => {
    expect(zoneOf(tags, theirs)).toBe(expected);
  });

  it('are decided on as ours are', () => {
    expect(decided({ Schedule: 'uk' }, theirs)).toEqual({
      action: 'stop',
      code: 'idle-off-hours',
      reason: 'outside uk (mon-fri 09:00-17:00 Europe/London) since 17:00; 4 of 4 GPUs at 0 % for 45 min',
    });
  });

  it.each<[Instance['tags'], string, string]>([
    [
      { Schedule: 'us' },
      'invalid-schedule',
      'its tag "Schedule" can\'t be read: Instance Scheduler has no schedule "us", did you mean "uk"?',
    ],
    [
      { Schedule: 'uk', schedule: 'uk' },
      'ambiguous-tag',
      'the tags "Schedule" and "schedule" differ only in case',
    ],
    [{ schedule: 'uk' }, 'not-opted-in', 'no tag "Schedule"; "schedule" is written differently'],
    [{ maid_offhours: 'off' }, 'off', 'its tag "maid_offhours" says never to touch it'],
  ])('%j is kept, and its own tag named', (tags, code, reason) => {
    expect(decided(tags, theirs)).toEqual({ action: 'keep', code, reason });
  });

  it('are among the keys that opt in, as people are told', () => {
    expect(optInKeysText(theirs)).toBe('"auto-stop" or "Schedule" or "maid_offhours"');
    expect(optInKeysText(policy)).toBe('"auto-stop"');
  });

  it('start what they start only while a window is open that does', () => {
    const definitions = {
      schedules: { late: { periods: ['late'] } },
      periods: { late: { begintime: '09:00', weekdays: ['mon-fri'] } },
    };
    const late: StopPolicy = {
      ...theirs,
      compatibility: {
        instanceScheduler: { tag: 'Schedule', always: false, start: true, definitions, timeZone: 'UTC' },
      },
    };
    const at = (now: string) => {
      const instance = machine({
        tags: { Schedule: 'late' },
        state: 'stopped',
        stateTransitionReason: 'User initiated (2026-11-19 20:00:00 GMT)',
      });
      const parsed = readSchedule(instance.tags, late);
      return decide(stoppable({ instance, policy: late, parsed, now, record: {} })).code;
    };
    // Stopped by hand on Thursday evening: left alone until Friday morning, then started.
    expect([at('2026-11-19T21:00:00Z'), at('2026-11-20T08:00:00Z'), at('2026-11-20T09:05:00Z')]).toEqual([
      'stopped-by-hand',
      'stopped',
      'window-open',
    ]);
  });
});
