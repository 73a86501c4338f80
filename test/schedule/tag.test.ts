import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';

const context = {
  timeZone: 'Europe/Berlin',
  schedules: {
    'office-hours': 'Mon-Fri 08:00-19:00 Europe/Berlin; idle=1h',
    nights: 'Mon-Fri 20:00-06:00',
    untouched: 'off',
    broken: 'Mon 25:00-26:00',
    alias: 'office-hours',
    itself: 'itself',
  },
};

const parse = (value: string) => parseScheduleTag(value, context);

function scheduleOf(value: string) {
  const parsed = parse(value);
  if (parsed.kind !== 'schedule') throw new Error(`${value}: ${JSON.stringify(parsed)}`);
  return parsed.schedule;
}

const errorOf = (value: string) => {
  const parsed = parse(value);
  return parsed.kind === 'invalid' ? parsed.error : parsed.kind;
};

describe('the hours of a schedule tag', () => {
  it('are days, a start and an end in minutes, and a zone', () => {
    expect(parse('Mon-Fri 08:00-19:00 America/New_York')).toEqual({
      kind: 'schedule',
      schedule: {
        hours: 'Mon-Fri 08:00-19:00 America/New_York',
        windows: [{ days: [1, 2, 3, 4, 5], start: 480, end: 1140 }],
        timeZone: 'America/New_York',
        always: false,
        start: false,
        hibernate: false,
      },
    });
  });

  it('are in the configured zone where they name none', () => {
    expect(scheduleOf('Mon 08:00-19:00').timeZone).toBe('Europe/Berlin');
  });

  it('join days and windows by commas, and tell the two apart', () => {
    expect(scheduleOf('Mon,Wed 08:00-12:00, Sat 10:00-14:00 Asia/Tokyo')).toMatchObject({
      timeZone: 'Asia/Tokyo',
      windows: [
        { days: [1, 3], start: 480, end: 720 },
        { days: [6], start: 600, end: 840 },
      ],
    });
    expect(scheduleOf('Mon,Wed-Thu,Sun 08:00-12:00,Sat 10:00-14:00').windows).toEqual([
      { days: [1, 3, 4, 7], start: 480, end: 720 },
      { days: [6], start: 600, end: 840 },
    ]);
  });

  it.each([
    ['Fri-Mon 08:00-19:00', [1, 5, 6, 7], 480, 1140],
    ['Mon-Sun 00:00-24:00', [1, 2, 3, 4, 5, 6, 7], 0, 1440],
    ['Sun-Sat 00:00-24:00', [1, 2, 3, 4, 5, 6, 7], 0, 1440],
    ['Mon-Fri 22:00-06:00', [1, 2, 3, 4, 5], 1320, 1800],
    ['Fri 20:00-00:00', [5], 1200, 1440],
    ['Fri 20:00-24:00', [5], 1200, 1440],
    ['monday,TUE 8:00-9:30', [1, 2], 480, 570],
  ])('%s starts on %j from minute %i to %i', (value, days, start, end) => {
    expect(scheduleOf(value).windows).toEqual([{ days, start, end }]);
  });

  it.each([
    ['Etc/GMT+5', 'Etc/GMT+5'],
    ['America/Port-au-Prince', 'America/Port-au-Prince'],
    ['america/port-au-prince', 'America/Port-au-Prince'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['utc', 'UTC'],
    ['GMT', 'GMT'],
  ])('resolve the zone %s', (zone, timeZone) => {
    expect(scheduleOf(`Mon 08:00-19:00 ${zone}`).timeZone).toBe(timeZone);
  });

  it('take one zone for all windows, named at the end or with each the same', () => {
    expect(scheduleOf('Mon 08:00-12:00 UTC, Sat 10:00-14:00 utc').timeZone).toBe('UTC');
    expect(errorOf('Mon 08:00-12:00 UTC, Sat 10:00-14:00 Asia/Tokyo')).toBe(
      'column 38: "Asia/Tokyo" differs from "UTC": one zone holds for all windows',
    );
    expect(errorOf('Mon 08:00-12:00 UTC, Sat 10:00-14:00')).toBe(
      'column 17: the zone holds for all windows: write "UTC" at the end',
    );
  });
});

describe('a schedule tag', () => {
  it.each(['off', 'ignore', 'never', ' OFF ', '"Never";'])('%s is never touched', (value) => {
    expect(parse(value)).toEqual({ kind: 'off' });
  });

  it.each([
    '  Mon-Fri   08:00-19:00\tEurope/Berlin  ',
    '"Mon-Fri 08:00-19:00 Europe/Berlin"',
    "'Mon-Fri 08:00-19:00 Europe/Berlin';",
    '“mon-fri 08:00-19:00 europe/berlin;”',
    'MON-FRI 08:00-19:00 EUROPE/BERLIN; ;',
    'Mon - Fri 08:00 - 19:00 Europe/Berlin',
    'Mon–Fri 08:00–19:00 Europe/Berlin',
    'Mon-Fri\u00a008:00-19:00',
  ])('%j means the same as without its ornaments', (value) => {
    expect(scheduleOf(value)).toEqual(scheduleOf('Mon-Fri 08:00-19:00 Europe/Berlin'));
  });

  it('reads its options after semicolons', () => {
    const value = 'Mon-Fri 08:00-19:00 UTC; always; Start;hibernate; grace=30m; IDLE = 2 h;';
    expect(scheduleOf(value)).toMatchObject({
      always: true,
      start: true,
      hibernate: true,
      graceMinutes: 30,
      idleMinutes: 120,
    });
  });

  it('may ask for no grace', () => {
    expect(scheduleOf('Mon 08:00-19:00; grace=0m').graceMinutes).toBe(0);
  });

  it('may be 256 characters long, and no longer', () => {
    const value = 'Mon 08:00-19:00';
    expect(parse(value.padEnd(256)).kind).toBe('schedule');
    expect(errorOf(value.padEnd(257))).toBe('it is longer than 256 characters, more than a tag can hold');
  });
});

describe('a named schedule', () => {
  it('is looked up in the configuration, whatever its case', () => {
    expect(scheduleOf('Office-Hours')).toEqual({
      ...scheduleOf('Mon-Fri 08:00-19:00 Europe/Berlin; idle=1h'),
      name: 'office-hours',
    });
  });

  it('takes the options of the tag on top of its own', () => {
    expect(scheduleOf('office-hours; start; grace=1h')).toMatchObject({
      start: true,
      graceMinutes: 60,
      idleMinutes: 60,
    });
    expect(scheduleOf('office-hours; idle=2h').idleMinutes).toBe(120);
  });

  it('may say never to touch', () => {
    expect(parse('untouched')).toEqual({ kind: 'off' });
  });

  it('is told with its name where its own text is wrong', () => {
    expect(errorOf('broken')).toBe(
      'schedule "broken" of the configuration: column 5: "25:00" is not a time of day (00:00 to 24:00)',
    );
  });

  it.each(['alias', 'itself'])('does not refer to another name (%s)', (value) => {
    expect(errorOf(value)).toBe(`schedule "${value}" of the configuration: a name can't stand for a name`);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])(
    'is never found where the language has the word %s',
    (value) => {
      expect(errorOf(value)).toContain(`unknown schedule "${value}"`);
    },
  );

  it('is read anew with other schedules or another default zone', () => {
    expect(
      parseScheduleTag('nights', { schedules: { nights: 'Mon 20:00-23:00' }, timeZone: 'UTC' }),
    ).toMatchObject({
      schedule: { hours: 'Mon 20:00-23:00 UTC' },
    });
    expect(scheduleOf('nights').hours).toBe('Mon-Fri 20:00-06:00 Europe/Berlin');
  });
});

describe('a value that can not be read', () => {
  it.each([
    ['', 'it is empty: expected hours such as Mon-Fri 08:00-19:00, a name, or off'],
    [' ; ', 'it is empty: expected hours such as Mon-Fri 08:00-19:00, a name, or off'],
    ['Mon-Fri 25:00-19:00', 'column 9: "25:00" is not a time of day (00:00 to 24:00)'],
    ['  Mon-Fri 08:00-19:60', 'column 17: "19:60" is not a time of day (00:00 to 24:00)'],
    ['Mon-Fri 08:00-24:01', 'column 15: "24:01" is not a time of day (00:00 to 24:00)'],
    ['Mon-Fri 24:00-08:00', 'column 9: 24:00 can only end a window: write 00:00'],
    [
      'Mon-Fri 08:00-08:00',
      'column 9: the window starts and ends at 08:00: for a whole day write 00:00-24:00',
    ],
    ['Mon-Fri 08:00', 'column 9: "08:00" is not a span of time such as 08:00-19:00'],
    ['Mon-Fri', 'column 8: hours such as 08:00-19:00 expected here'],
    ['Mon-Fri 08:00-19:00,', 'column 21: a day such as Mon expected here'],
    ['08:00-19:00', 'column 1: a window begins with its days, e.g. Mon-Fri 08:00-19:00'],
    ['Mon 08:00-12:00, 13:00-17:00', 'column 18: a window begins with its days, e.g. Mon-Fri 08:00-19:00'],
    ['Mon 08:00-12:00 13:00-17:00', 'column 17: a window is joined by "," and begins with its days'],
    ['daily 08:00-19:00', 'column 1: "daily" is written Mon-Sun'],
    ['* 08:00-19:00', 'column 1: "*" is written Mon-Sun'],
    ['Mon-Fry 08:00-19:00', 'column 5: "Fry" is not a day (Mon, Tue, ... Sun), did you mean "Fri"?'],
    ['Mon-Mon 08:00-19:00', 'column 1: "Mon-Mon" is one day or a whole week: write Mon or Mon-Sun'],
    ['Mon-Fri 08:00-19:00 always', 'column 21: the option "always" stands after a ";"'],
    [
      'Mon 08:00-19:00 UTC Tue',
      'column 21: "Tue" is one word too many: windows are joined by ",", options follow after ";"',
    ],
    ['ofice-hours', 'column 1: unknown schedule "ofice-hours", did you mean "office-hours"?'],
    ['office-hours Europe/Berlin', 'the name "office-hours" stands alone: options follow after ";"'],
    ['of', 'column 1: unknown schedule "of", did you mean "off"?'],
    ['off; start', 'column 6: an instance that is never touched has no options'],
    ['Mon 08:00-19:00; alway', 'column 18: unknown option "alway", did you mean "always"?'],
    [
      'Mon 08:00-19:00; foo',
      'column 18: unknown option "foo", expected one of always, start, hibernate, delete, grace, idle, holidays',
    ],
    ['Mon 08:00-19:00; always=yes', 'column 18: the option "always" takes no value'],
    ['Mon 08:00-19:00; start; start', 'column 25: the option "start" stands there twice'],
    ['Mon 08:00-19:00; grace=5m; grace=10m', 'column 28: the option "grace" stands there twice'],
    ['Mon 08:00-19:00; grace=30', 'column 18: "grace" needs minutes or hours, e.g. grace=30m or grace=2h'],
    ['Mon 08:00-19:00; idle=-5m', 'column 18: "idle" needs minutes or hours, e.g. idle=30m or idle=2h'],
    ['Mon 08:00-19:00; idle=5m', 'column 18: "idle" is at least 15m and at most 168h'],
    ['office-hours; idle', 'column 15: "idle" needs minutes or hours, e.g. idle=30m or idle=2h'],
    [
      'Mon 08:00-19:00 Europe/Berln',
      'column 17: "Europe/Berln" is not a time zone such as Europe/Berlin, did you mean "Europe/Berlin"?',
    ],
    [
      'Mon 08:00-19:00 tokyo',
      'column 17: "tokyo" is not a time zone such as Europe/Berlin, did you mean "Asia/Tokyo"?',
    ],
    ['Mon 08:00-19:00 +02:00', 'column 17: "+02:00" is not a time zone such as Europe/Berlin'],
  ])('%j: %s', (value, error) => {
    expect(errorOf(value)).toBe(error);
  });

  it.each(['IST', 'CST', 'BST', 'EST', 'PST', 'MST', 'cet'])('names the ambiguous zone %s', (zone) => {
    expect(errorOf(`Mon-Fri 08:00-19:00 ${zone}`)).toMatch(
      new RegExp(`^column 21: "${zone}" is ambiguous: write the place instead, e.g. \\w+/`),
    );
  });

  it('names a default zone that does not exist', () => {
    expect(parseScheduleTag('Mon 08:00-19:00', { schedules: {}, timeZone: 'Mars/Base' })).toEqual({
      kind: 'invalid',
      error: 'the configured time zone "Mars/Base" is unknown',
    });
  });
});

describe('whatever the value', () => {
  const piece = fc.constantFrom(
    ...[
      'Mon',
      'Fri-Mon',
      'Mon,Wed',
      '08:00-19:00',
      '22:00-06:00',
      '24:00',
      '25:00-',
      'UTC',
      'Europe/Berlin',
      'IST',
    ],
    ...[
      'office-hours',
      'off',
      ',',
      ';',
      ' ',
      '-',
      '"',
      '=',
      'grace=30m',
      'idle=45m',
      'always',
      'start',
      '\u200b',
      '\ud800',
    ],
  );
  const almost = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(' '));
  const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 60 }), almost);

  it('there is an answer, and the same one again', () => {
    fc.assert(
      fc.property(value, (text) => {
        const parsed = parse(text);
        expect(['off', 'schedule', 'invalid']).toContain(parsed.kind);
        expect(parseScheduleTag(text, { ...context, schedules: { ...context.schedules } })).toEqual(parsed);
      }),
      { numRuns: 3000 },
    );
  });

  it('a schedule that was read is read the same from its own hours', () => {
    fc.assert(
      fc.property(almost, (text) => {
        const parsed = parse(text);
        fc.pre(parsed.kind === 'schedule');
        const { hours, windows, timeZone } = parsed.schedule;
        expect(scheduleOf(hours)).toMatchObject({ hours, windows, timeZone });
      }),
      { numRuns: 100, maxSkipsPerRun: 1000 },
    );
  });
});
