import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toTime } from '../../shared/period.ts';
import { parseCustodianTag } from '../../shared/schedule/custodian.ts';
import { explainSchedule } from '../../shared/schedule/explain.ts';
import type { CustodianPolicy, ScheduleContext } from '../../shared/schedule/schedule.ts';
import { spanAt, transitions } from '../../shared/schedule/window.ts';
import { custodian } from './candidate.ts';

const contextOf = (policy: Partial<CustodianPolicy> = {}): ScheduleContext => ({
  schedules: {},
  timeZone: 'UTC',
  compatibility: {
    custodian: { ...custodian, ...policy },
  },
});

const scheduleOf = (value: string, policy: Partial<CustodianPolicy> = {}) => {
  const parsed = parseCustodianTag(value, contextOf(policy));
  if (parsed.kind !== 'schedule') throw new Error(`${value}: ${JSON.stringify(parsed)}`);
  return parsed.schedule;
};

const errorOf = (value: string, policy: Partial<CustodianPolicy> = {}) => {
  const parsed = parseCustodianTag(value, contextOf(policy));
  return parsed.kind === 'invalid' ? parsed.error : parsed.kind;
};

/** Its changes in a week of November 2026, Monday to Monday. */
const week = (value: string, policy: Partial<CustodianPolicy> = {}) => {
  const explained = explainSchedule(
    value,
    ...(['2026-11-16T12:00:00Z', '2026-11-23T12:00:00Z'] as const),
    contextOf({ timeZone: 'utc', ...policy }),
    'custodian',
  );
  if (!explained.valid) throw new Error(explained.error);
  return explained.transitions.map(({ at, state }) => `${at.slice(8, 13)} ${state}`);
};

const office = { days: [1, 2, 3, 4, 5], start: 420, end: 1140 };

describe('an off-hours tag', () => {
  it.each([
    ['off=(M-F,19);on=(M-F,7)', [office]],
    ['off=[(M-F,19)];on=[(M-F,7)]', [office]],
    ['off=[M-F,19];on=[M-F,7];', [office]],
    ['"off=(m-f,19);on=(m-f,7)"', [office]],
    ['on=(M-F,07); off=(M-F,19)', [office]],
    ['offu3du28mu2dfu2c19u29u3bonu3du28mu2dfu2c7u29', [office]], // as services write it that forbid the signs
    ['', [office]],
    ['on', [office]],
    ['Offhours tz=ET', [office]],
    ['tz=', [office]],
    ['off=(M-F,20)', [{ ...office, end: 1200 }]],
    ['on=(M-F,8)', [{ ...office, start: 480 }]],
    [
      'off=[(M-F,21),(U,18)];on=[(M-F,6),(U,10)]',
      [
        { days: [1, 2, 3, 4, 5], start: 360, end: 1260 },
        { days: [7], start: 600, end: 1080 },
      ],
    ],
    ['on=[(S-M,10)];off=(S-M,19)', [{ days: [1, 6, 7], start: 600, end: 1140 }]],
    ['on=(H,22);off=(F,6)', [{ days: [4], start: 1320, end: 1800 }]],
    ['on=(M,7);off=(F,19)', [{ days: [1], start: 420, end: 4 * 1440 + 1140 }]],
  ])('%j is on at these hours', (value, windows) => {
    expect(scheduleOf(value)).toMatchObject({ windows, timeZone: 'America/New_York', start: true });
  });

  it.each(['off', 'OFF', '"off"', 'off=disabled;on=disabled'])('%j is never touched', (value) => {
    expect(parseCustodianTag(value, contextOf())).toEqual({ kind: 'off' });
  });

  it.each([
    ['pt', 'America/Los_Angeles'],
    ['PST', 'America/Los_Angeles'],
    ['at', 'America/Phoenix'],
    ['ct', 'America/Chicago'],
    ['mdt', 'America/Denver'],
    ['it', 'Asia/Kolkata'],
    ['ist', 'Europe/Dublin'],
    ['gmt', 'Etc/GMT'],
    ['nzst', 'Pacific/Auckland'],
    ['europe/berlin', 'Europe/Berlin'],
  ])('in the zone %s is in %s', (alias, timeZone) => {
    expect(scheduleOf(`off=(M-F,19);on=(M-F,7);tz=${alias}`).timeZone).toBe(timeZone);
    expect(scheduleOf('on', { timeZone: alias }).timeZone).toBe(timeZone);
  });

  it('without hours has those of the policy', () => {
    expect(week('on', { onhour: 8, offhour: 18, weekends: false })).toHaveLength(14);
    expect(scheduleOf('tz=pt', { onhour: 8, offhour: 18 }).windows).toEqual([
      { days: [1, 2, 3, 4, 5], start: 480, end: 1080 },
    ]);
    // On from Monday to Friday, and off at the weekend alone.
    expect(week('on', { weekendsOnly: true })).toEqual(['20T19 down', '23T07 up']);
  });

  it('that is never switched on is stopped all the same, and not started', () => {
    const schedule = scheduleOf('off=(M-F,20);on=disabled');
    expect(schedule).toMatchObject({ windows: [{ ...office, end: 1200 }], start: false });
  });

  it('that is never switched off is started each morning, and never stopped', () => {
    const schedule = scheduleOf('on=(M-F,7);off=disabled;tz=utc');
    expect(week('on=(M-F,7);off=disabled')).toEqual([]);
    expect(spanAt(schedule, '2026-11-21T12:00:00Z')).toEqual({ state: 'up', passive: true });
    expect(spanAt(schedule, '2026-11-20T12:00:00Z')).toEqual({
      state: 'up',
      opened: '2026-11-20T07:00:00Z',
    });
    const skipping = scheduleOf('on=(M-F,7);off=disabled;tz=utc', { skipDays: ['2026-11-20'] });
    expect(spanAt(skipping, '2026-11-20T12:00:00Z')).toEqual({ state: 'up', passive: true });
  });

  it('is stopped when idle, unless the configuration says even when busy', () => {
    expect([scheduleOf('on').always, scheduleOf('on', { always: true }).always]).toEqual([false, true]);
    expect(scheduleOf('on', { start: false }).start).toBe(false);
  });

  it.each([
    [
      'off=(M-F,19);on=(N-F,7)',
      'column 17: "(n-f,7)" can\'t be read: expected days and an hour from 0 to 23, e.g. (M-F,19)',
    ],
    [
      'off=(M-F,24)',
      'column 5: "(m-f,24)" can\'t be read: expected days and an hour from 0 to 23, e.g. (M-F,19)',
    ],
    ['off=(M-F)', 'column 5: "(m-f)" can\'t be read: expected days and an hour from 0 to 23, e.g. (M-F,19)'],
    [
      'off=(M-T-F,12)',
      'column 5: "(m-t-f,12)" can\'t be read: expected days and an hour from 0 to 23, e.g. (M-F,19)',
    ],
    ['off=()', 'column 5: "()" can\'t be read: expected days and an hour from 0 to 23, e.g. (M-F,19)'],
    ['off=(M-F,5);zebra=blue', 'column 13: "zebra=blue" is none of off=(M-F,19), on=(M-F,7) and tz=et'],
    ['true', 'column 1: "true" is none of off=(M-F,19), on=(M-F,7) and tz=et'],
    ['off=(M,5);off=(T,5)', 'column 11: "off" stands there twice'],
    ['off=(M-F,7);on=(M-F,7)', 'it is switched on and off in the same hour'],
    ['tz=evt', '"evt" is not a time zone that Custodian knows'],
  ])('%j is refused', (value, error) => {
    expect(errorOf(value)).toBe(error);
  });

  it('is not read unless the configuration says so', () => {
    expect(parseCustodianTag('on', { schedules: {}, timeZone: 'UTC' })).toEqual({
      kind: 'invalid',
      error: "Custodian's tags are not read: compatibility.custodian in the configuration turns that on",
    });
  });
});

describe('a skipped day', () => {
  it('is not switched on', () => {
    const skipDays = ['2026-11-18', '2026-11-19'];
    expect(week('off=(M-F,19);on=(M-F,7)', { skipDays })).toEqual([
      '16T19 down',
      '17T07 up',
      '17T19 down',
      '20T07 up',
      '20T19 down',
      '23T07 up',
    ]);
  });

  it('is not switched off either: what was on stays on until the next time', () => {
    expect(week('on=(M-F,22);off=(T-S,6)', { skipDays: ['2026-11-18'] })).toEqual([
      '16T22 up',
      '17T06 down',
      '17T22 up',
      '19T06 down',
      '19T22 up',
      '20T06 down',
      '20T22 up',
      '21T06 down',
    ]);
  });

  it('is one of the zone of the tag', () => {
    const explained = explainSchedule(
      'off=(M-U,20);on=(M-U,8);tz=nzst',
      ...(['2026-12-23T12:00:00Z', '2026-12-26T12:00:00Z'] as const),
      contextOf({ skipDays: ['2026-12-25'] }),
      'custodian',
    );
    expect(explained).toMatchObject({
      transitions: [
        { at: '2026-12-23T19:00:00Z', state: 'up' },
        { at: '2026-12-24T07:00:00Z', state: 'down' },
        { at: '2026-12-25T19:00:00Z', state: 'up' },
        { at: '2026-12-26T07:00:00Z', state: 'down' },
      ],
    });
  });
});

describe('Custodian, run each hour,', () => {
  const letters = 'MTWHFSU';
  const hourOfWeek = fc.uniqueArray(fc.integer({ min: 0, max: 167 }), { minLength: 2, maxLength: 12 });
  const from = Date.parse('2026-11-02T00:00:00Z');
  const hourMs = 3_600_000;
  const skipDay = fc
    .integer({ min: -9, max: 36 })
    .map((day) => toTime(from + day * 24 * hourMs).slice(0, 10));

  const listOf = (events: readonly number[]) =>
    `[${events.map((hour) => `(${letters[Math.floor(hour / 24)]},${hour % 24})`).join(',')}]`;

  const hourOf = (at: number) => ((new Date(at).getUTCDay() + 6) % 7) * 24 + new Date(at).getUTCHours();
  const leadHours = 8 * 7 * 24; // before `from`, for each state to be that of an event
  const hours = Array.from(
    { length: leadHours + 28 * 24 },
    (_, index) => from + (index - leadHours) * hourMs,
  );

  /** As Custodian runs: once an hour it does what is due in that very hour, unless the day is skipped. */
  function simulate(on: readonly number[], off: readonly number[], skipDays: readonly string[]) {
    const done = hours
      .filter((at) => !skipDays.includes(toTime(at).slice(0, 10)))
      .filter((at) => on.includes(hourOf(at)) || off.includes(hourOf(at)))
      .map((at) => ({ at: toTime(at), state: on.includes(hourOf(at)) ? 'up' : 'down' }));
    return done.filter(
      ({ at, state }, index) => state !== (done[index - 1]?.state ?? 'down') && Date.parse(at) >= from,
    );
  }

  it('switches at the same times', () => {
    fc.assert(
      fc.property(
        hourOfWeek,
        fc.integer({ min: 1, max: 11 }),
        fc.uniqueArray(skipDay, { maxLength: 12 }),
        (drawn, split, skipDays) => {
          const cut = Math.min(split, drawn.length - 1);
          const [on, off] = [drawn.slice(0, cut), drawn.slice(cut)];
          const schedule = scheduleOf(`on=${listOf(on)};off=${listOf(off)};tz=utc`, { skipDays });
          expect(transitions(schedule, toTime(from), toTime(from + 28 * 24 * hourMs)).transitions).toEqual(
            simulate(on, off, skipDays),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
