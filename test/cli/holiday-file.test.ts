import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHolidayFile } from '../../cli/holiday-file.ts';

const event = (...lines: string[]) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n');

async function fileOf(...events: string[]): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'holidays-')), 'holidays.ics');
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//example//EN', ...events, 'END:VCALENDAR', ''];
  await writeFile(file, lines.join('\r\n'));
  return file;
}

const read = async (...events: string[]) => readHolidayFile(await fileOf(...events), 2029);
const faultOf = async (...events: string[]) =>
  read(...events).then(
    () => 'none',
    (error: Error) => error.message.replace(/^.*holidays\.ics/, 'holidays.ics'),
  );

const whole = (uid: string, start: string, ...more: string[]) =>
  event(`UID:${uid}`, `DTSTART;VALUE=DATE:${start}`, ...more);

describe('an iCalendar file', () => {
  it('has days of one date, of several to an exclusive end, and of a duration', async () => {
    const { days } = await read(
      whole('1', '20261225', 'SUMMARY:Christmas Day'),
      whole('2', '20261230', 'DTEND;VALUE=DATE:20270102', 'SUMMARY:New year'),
      whole('3', '20270401', 'DURATION:P2D', 'SUMMARY:Easter'),
      whole('4', '20270501'),
    );
    expect(days).toEqual({
      '2026-12-25': 'Christmas Day',
      '2026-12-30': 'New year',
      '2026-12-31': 'New year',
      '2027-01-01': 'New year',
      '2027-04-01': 'Easter',
      '2027-04-02': 'Easter',
      '2027-05-01': 'holiday',
    });
  });

  it('has what recurs, without its exceptions, through the last year asked for', async () => {
    const { days, through } = await read(
      whole(
        '1',
        '20261126',
        'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH',
        'EXDATE;VALUE=DATE:20281123',
        'SUMMARY:Thanksgiving',
      ),
      whole('2', '20240229', 'RRULE:FREQ=YEARLY', 'SUMMARY:Leap day'),
    );
    expect(days).toEqual({
      '2024-02-29': 'Leap day',
      '2026-11-26': 'Thanksgiving',
      '2027-11-25': 'Thanksgiving',
      '2028-02-29': 'Leap day',
      '2029-11-22': 'Thanksgiving',
    });
    expect(through).toBe('2029-12-31');
  });

  it('moves a single occurrence, and leaves out what was cancelled', async () => {
    const { days } = await read(
      whole('1', '20261003', 'RRULE:FREQ=YEARLY;COUNT=2', 'SUMMARY:Unity'),
      whole('1', '20271004', 'RECURRENCE-ID;VALUE=DATE:20271003', 'SUMMARY:Unity, on Monday'),
      whole('2', '20261101', 'STATUS:CANCELLED', 'SUMMARY:Never'),
    );
    expect(days).toEqual({ '2026-10-03': 'Unity', '2027-10-04': 'Unity, on Monday' });
  });

  it('takes from midnight to midnight for a whole day, as some programs write it', async () => {
    const { days } = await read(
      event('UID:1', 'DTSTART:20261225T000000', 'DTEND:20261226T000000', 'SUMMARY:Christmas'),
    );
    expect(days).toEqual({ '2026-12-25': 'Christmas' });
  });

  it('knows of no holiday after the last year in which it dates one itself', async () => {
    const { through } = await read(
      whole('1', '20251225', 'RRULE:FREQ=YEARLY', 'SUMMARY:Christmas'),
      whole('2', '20270328', 'SUMMARY:Easter'),
      whole('3', '20260405', 'SUMMARY:Easter'),
    );
    expect(through).toBe('2027-12-31');
  });

  it.each([
    ['of nothing', [], 'holidays.ics: no event in it'],
    ['of cancelled events', [whole('1', '20261225', 'STATUS:CANCELLED')], 'holidays.ics: no event in it'],
    [
      'of an event without a date',
      [event('UID:1', 'SUMMARY:Someday')],
      'holidays.ics: "Someday" has no date',
    ],
    [
      'of a rule that is none',
      [whole('1', '20261225', 'RRULE:FREQ=SOMETIMES')],
      'holidays.ics: not an iCalendar file: invalid frequency "SOMETIMES" expected: "SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY"',
    ],
    [
      'of appointments',
      [event('UID:1', 'DTSTART:20261211T120000', 'DTEND:20261211T130000', 'SUMMARY:Lunch')],
      'holidays.ics: "Lunch" on 2026-12-11 has a time of day: only whole days are holidays',
    ],
    [
      'of what recurs each day',
      [whole('1', '20200101', 'RRULE:FREQ=DAILY', 'SUMMARY:Standup')],
      'holidays.ics: "Standup" recurs too often for a holiday',
    ],
    [
      'of what lasts for years',
      [whole('1', '20200101', 'DTEND;VALUE=DATE:20300101', 'SUMMARY:Project')],
      'holidays.ics: "Project" on 2020-01-01 is too long for a holiday',
    ],
  ])('%s is refused', async (_, events, fault) => {
    expect(await faultOf(...events)).toBe(fault);
  });

  it('that is none, or is not there, is refused', async () => {
    const file = await fileOf();
    await writeFile(file, '{"holidays": []}');
    await expect(readHolidayFile(file, 2029)).rejects.toThrow('holidays.ics: not an iCalendar file');
    await writeFile(file, 'BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n');
    await expect(readHolidayFile(file, 2029)).rejects.toThrow('holidays.ics: not an iCalendar file');
    await writeFile(file, '');
    await expect(readHolidayFile(file, 2029)).rejects.toThrow('holidays.ics: not an iCalendar file');
    await expect(readHolidayFile('no-such.ics', 2029)).rejects.toThrow('no-such.ics: no such file');
  });
});
