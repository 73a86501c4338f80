import { describe, expect, it } from 'vitest';
import { toDay } from '../../shared/period.ts';
import { decide } from '../../shared/schedule/decision.ts';
import { explainSchedule } from '../../shared/schedule/explain.ts';
import { readSchedule } from '../../shared/schedule/gates.ts';
import { holidayName, isHoliday, parseHolidayDate, toHolidays } from '../../shared/schedule/holidays.ts';
import type { ScheduleContext } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';
import { policy, stoppable, tagged } from './candidate.ts';

const holidaysOf = (...dates: string[]) => toHolidays('germany', { dates });
const areOf = (dates: string[], ...asked: string[]) =>
  asked.filter((date) => isHoliday(holidaysOf(...dates), toDay(date)));

const context = (holidays: ScheduleContext['holidays']): ScheduleContext => ({
  schedules: { lab: 'Mon-Fri 08:00-19:00 Europe/Berlin; holidays=germany' },
  timeZone: 'UTC',
  holidays,
});

const changes = (value: string, from: string, to: string, ...dates: string[]) => {
  const explained = explainSchedule(value, from, to, context({ germany: { dates } }));
  if (!explained.valid) throw new Error(explained.error);
  return explained.transitions.map(({ at, state }) => `${at} ${state}`);
};

describe('a holiday', () => {
  it.each([
    ['2026-12-24', ['2026-12-24']],
    ['12-25', ['2026-12-25', '2027-12-25']],
    ['2026-12-28..2027-01-02', ['2026-12-31', '2027-01-01']],
    ['2026-12-31 .. 2026-12-31', ['2026-12-31']],
    ['12-31..01-01', ['2026-12-31', '2027-01-01', '2027-12-31']],
    ['02-29', ['2028-02-29']],
    ['02-28..03-01', ['2027-03-01', '2028-02-29']],
  ])('%s is %j, and no other day', (written, expected) => {
    const asked = [
      ...['2026-12-24', '2026-12-25', '2026-12-31', '2027-01-01', '2027-03-01', '2027-03-02'],
      ...['2027-12-25', '2027-12-31', '2028-02-29'],
    ];
    expect(areOf([written], ...asked)).toEqual(expected);
  });

  it.each([
    ['2026-02-29', '"2026-02-29" is no date: expected 2026-12-24, 12-25 for each year, or two with ".."'],
    ['02-30', '"02-30" is no date: expected 2026-12-24, 12-25 for each year, or two with ".."'],
    ['25.12.', '"25.12." is no date: expected 2026-12-24, 12-25 for each year, or two with ".."'],
    ['', '"" is no date: expected 2026-12-24, 12-25 for each year, or two with ".."'],
    [
      '2026-12-28..01-02',
      '"2026-12-28..01-02" is not a span: expected two dates of one kind with ".." between',
    ],
    ['2027-01-02..2026-12-28', '"2027-01-02..2026-12-28": 2026-12-28 comes before 2027-01-02'],
    [
      '12-01..12-02..12-03',
      '"12-01..12-02..12-03" is not a span: expected two dates of one kind with ".." between',
    ],
  ])('that is written %j is refused', (written, fault) => {
    expect(() => parseHolidayDate(written)).toThrow(fault);
  });

  it('is called as its file calls it, else by the name of the calendar', () => {
    const holidays = toHolidays('germany', {
      dates: ['12-24'],
      file: 'holidays.ics',
      calendar: { through: '2026-12-31', days: { '2026-12-25': 'Erster Weihnachtstag' } },
    });
    expect(['2026-12-24', '2026-12-25', '2026-12-26'].map((date) => holidayName(holidays, date))).toEqual([
      'germany',
      'Erster Weihnachtstag',
      undefined,
    ]);
  });
});

describe('a schedule with holidays', () => {
  it('opens no window on one, and runs on to its end what started the day before', () => {
    // Friday's window runs into a Saturday holiday; Saturday's own doesn't start.
    const value = 'Fri,Sat 20:00-06:00 UTC; holidays=germany';
    expect(changes(value, '2026-12-25T00:00:00Z', '2026-12-28T00:00:00Z', '2026-12-26')).toEqual([
      '2026-12-25T20:00:00Z up',
      '2026-12-26T06:00:00Z down',
    ]);
  });

  it('judges by the date of its own zone', () => {
    // Auckland's 25 December begins at 11:00 UTC on the 24th.
    const value = 'Mon-Sun 00:00-24:00 Pacific/Auckland; holidays=germany';
    expect(changes(value, '2026-12-23T00:00:00Z', '2026-12-27T00:00:00Z', '12-25')).toEqual([
      '2026-12-24T11:00:00Z down',
      '2026-12-25T11:00:00Z up',
    ]);
  });

  it('may be a named one, whose name a tag need not repeat, and a tag may choose others', () => {
    const calendars = context({ germany: { dates: ['2026-11-23'] }, bavaria: { dates: ['2026-11-24'] } });
    const downOn = (value: string) => {
      const explained = explainSchedule(value, '2026-11-23T00:00:00Z', '2026-11-25T00:00:00Z', calendars);
      return explained.valid && explained.transitions.map(({ at }) => at.slice(0, 10));
    };
    expect(downOn('lab')).toEqual(['2026-11-24', '2026-11-24']);
    expect(downOn('lab; holidays=Bavaria')).toEqual(['2026-11-23', '2026-11-23']);
  });

  it('is shown with their name', () => {
    const input = stoppable({
      policy: { ...policy, ...context({ germany: { dates: ['2026-11-20'] } }) },
      now: '2026-11-20T12:00:00Z',
    });
    const { policy: german, subject } = input;
    const tags = { ...subject.tags, 'auto-stop': 'lab' };
    const decided = decide({ ...input, subject: { ...subject, tags }, parsed: readSchedule(tags, german) });
    expect(decided.reason).toContain(
      'outside lab (Mon-Fri 08:00-19:00 Europe/Berlin, but for the holidays of germany) since Thu 19:00',
    );
  });

  it('that has none but holidays for a year is down for the year, and says until when', () => {
    const value = 'Mon-Fri 08:00-19:00 UTC; holidays=germany';
    expect(changes(value, '2026-12-31T18:00:00Z', '2028-01-04T00:00:00Z', '2027-01-01..2027-12-31')).toEqual([
      '2026-12-31T19:00:00Z down',
      '2028-01-03T08:00:00Z up',
      '2028-01-03T19:00:00Z down',
    ]);
  });

  it.each([
    ['lab; holidays=', 'column 6: "holidays" needs a name of the configuration, e.g. holidays=germany'],
    ['lab; holidays=germny', 'column 6: unknown holidays "germny", did you mean "germany"?'],
    ['lab; holidays=us', 'column 6: unknown holidays "us", expected one of germany'],
  ])('%j is refused', (value, error) => {
    expect(parseScheduleTag(value, context({ germany: { dates: ['12-25'] } }))).toEqual({
      kind: 'invalid',
      error,
    });
  });

  it('is refused where the configuration names no holidays at all', () => {
    expect(parseScheduleTag('Mon 08:00-19:00; holidays=us', { schedules: {}, timeZone: 'UTC' })).toEqual({
      kind: 'invalid',
      error: 'column 18: unknown holidays "us": the configuration names none',
    });
  });
});

describe('holidays that are not known', () => {
  const file = 'holidays.ics';
  const calendar = { through: '2026-12-31', days: { '2026-12-25': 'Christmas' } };
  const decideAt = (now: string, holidays: ScheduleContext['holidays'], state: 'running' | 'stopped') => {
    const knowing = { ...policy, holidays };
    const instance = tagged(
      { 'auto-stop': 'Mon-Fri 08:00-19:00 Europe/Berlin; holidays=germany; start' },
      { state },
    );
    return decide(
      stoppable({ policy: knowing, instance, parsed: readSchedule(instance.tags, knowing), now }),
    );
  };

  it.each(['running', 'stopped'] as const)('keep it %s: the file has not been read', (state) => {
    const decision = decideAt('2026-11-20T19:00:00Z', { germany: { dates: ['12-25'], file } }, state);
    expect(decision).toEqual({
      action: 'keep',
      code: 'invalid-schedule',
      reason:
        'its tag "auto-stop" can\'t be read: the holidays "germany" are not known: holidays.ics has not been read',
    });
  });

  it.each(['running', 'stopped'] as const)('keep it %s: their year is over', (state) => {
    const decision = decideAt('2027-01-04T12:00:00Z', { germany: { dates: [], file, calendar } }, state);
    expect(decision).toEqual({
      action: 'keep',
      code: 'invalid-schedule',
      reason: 'the holidays "germany" are known through 2026-12-31 only: renew the file, and deploy again',
    });
  });

  it('are known to the end of their last day, in the last of all zones', () => {
    const { reason } = decideAt(
      '2027-01-01T11:59:00Z',
      { germany: { dates: [], file, calendar } },
      'running',
    );
    expect(reason).toContain('Mon-Fri 08:00-19:00 Europe/Berlin, but for the holidays of germany');
  });

  it('are not explained beyond what is known', () => {
    const known = context({ germany: { dates: [], file, calendar } });
    const explain = (to: string) => explainSchedule('lab', '2026-12-01T00:00:00Z', to, known).valid;
    expect([explain('2026-12-31T00:00:00Z'), explain('2027-02-01T00:00:00Z')]).toEqual([true, false]);
  });
});
