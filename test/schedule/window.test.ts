import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { type IsoTime, toTime } from '../../shared/period.ts';
import type { Schedule } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';
import { isUp, nextTransition, spanAt, transitions, windowAt } from '../../shared/schedule/window.ts';

function schedule(value: string): Schedule {
  const parsed = parseScheduleTag(value, { schedules: {}, timeZone: 'UTC' });
  if (parsed.kind !== 'schedule') throw new Error(JSON.stringify(parsed));
  return parsed.schedule;
}

const changes = (value: string, from: IsoTime, to: IsoTime) => {
  const { initial, transitions: found } = transitions(schedule(value), from, to);
  return [initial, ...found.map(({ at, state }) => `${at} ${state}`)];
};

describe('a window', () => {
  it.each([
    ['Friday 21:59:59', '2026-11-20T21:59:59Z', false],
    ['Friday 22:00', '2026-11-20T22:00:00Z', true],
    ['Saturday 05:59', '2026-11-21T05:59:00Z', true],
    ['Saturday 05:59:59', '2026-11-21T05:59:59Z', true],
    ['Saturday 06:00', '2026-11-21T06:00:00Z', false],
    ['Saturday 23:00', '2026-11-21T23:00:00Z', false],
    ['Monday 05:59', '2026-11-23T05:59:00Z', false],
    ['Tuesday 05:59', '2026-11-24T05:59:00Z', true],
  ])('that crosses midnight belongs to the day it starts: on %s', (_, time, expected) => {
    expect(isUp(schedule('Mon-Fri 22:00-06:00 UTC'), time)).toBe(expected);
  });

  it('is judged by the local weekday: Monday 06:30 in Auckland is Sunday in UTC', () => {
    const monday = schedule('Mon 06:00-07:00 Pacific/Auckland');
    expect(isUp(monday, '2026-11-15T17:30:00Z')).toBe(true);
    expect(isUp(monday, '2026-11-16T17:30:00Z')).toBe(false);
  });

  it('is one with the window that it touches or overlaps', () => {
    const value = 'Mon 08:00-12:00, Mon 12:00-14:00, Mon 13:00-19:00 UTC';
    expect(changes(value, '2026-11-16T00:00:00Z', '2026-11-17T00:00:00Z')).toEqual([
      'down',
      '2026-11-16T08:00:00Z up',
      '2026-11-16T19:00:00Z down',
    ]);
    expect(windowAt(schedule(value), '2026-11-16T12:00:00Z')).toEqual({
      start: '2026-11-16T08:00:00Z',
      end: '2026-11-16T19:00:00Z',
    });
  });

  it('is one across midnight where the next day goes on', () => {
    expect(windowAt(schedule('Mon-Wed 00:00-24:00 UTC'), '2026-11-17T12:00:00Z')).toEqual({
      start: '2026-11-16T00:00:00Z',
      end: '2026-11-19T00:00:00Z',
    });
  });

  it('is not there outside hours', () => {
    expect(windowAt(schedule('Mon-Fri 08:00-19:00 UTC'), '2026-11-16T19:00:00Z')).toBeUndefined();
  });

  it('of a whole week never begins nor ends', () => {
    const allWeek = schedule('Mon-Sun 00:00-24:00 Europe/Berlin');
    expect(windowAt(allWeek, '2026-11-16T12:00:00Z')).toEqual({});
    expect(nextTransition(allWeek, '2026-11-16T12:00:00Z')).toBeUndefined();
    expect(transitions(allWeek, '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z')).toEqual({
      initial: 'up',
      transitions: [],
    });
  });
});

describe('transitions', () => {
  it('are those of the local clock, in UTC', () => {
    const value = 'Mon-Fri 08:00-19:00 Europe/Berlin';
    expect(changes(value, '2026-11-20T00:00:00Z', '2026-11-23T12:00:00Z')).toEqual([
      'down',
      '2026-11-20T07:00:00Z up',
      '2026-11-20T18:00:00Z down',
      '2026-11-23T07:00:00Z up',
    ]);
  });

  it('take in the first instant, after the state that ends there, and leave the last one out', () => {
    const value = 'Mon-Fri 08:00-19:00 UTC';
    expect(changes(value, '2026-11-20T08:00:00Z', '2026-11-20T19:00:00Z')).toEqual([
      'down',
      '2026-11-20T08:00:00Z up',
    ]);
    expect(changes(value, '2026-11-20T19:00:00Z', '2026-11-20T19:00:01Z')).toEqual([
      'up',
      '2026-11-20T19:00:00Z down',
    ]);
    expect(changes(value, '2026-11-20T08:00:01Z', '2026-11-20T19:00:00Z')).toEqual(['up']);
    expect(changes(value, '2026-11-20T19:00:00Z', '2026-11-20T19:00:00Z')).toEqual(['up']);
  });

  it('follow one another: the next one is told from either state', () => {
    const office = schedule('Mon-Fri 08:00-19:00 Europe/Berlin');
    expect(nextTransition(office, '2026-11-20T12:00:00Z')).toEqual({
      at: '2026-11-20T18:00:00Z',
      state: 'down',
    });
    expect(nextTransition(office, '2026-11-20T18:00:00Z')).toEqual({
      at: '2026-11-23T07:00:00Z',
      state: 'up',
    });
    expect(spanAt(office, '2026-11-21T12:00:00Z')).toEqual({
      state: 'down',
      since: '2026-11-20T18:00:00Z',
      until: '2026-11-23T07:00:00Z',
    });
  });
});

describe('where summer time begins', () => {
  it('a boundary at a time that does not exist takes effect at the first instant after it', () => {
    // 02:00 to 03:00 in Berlin on 2026-03-29, at 01:00Z.
    expect(changes('Sun 02:30-05:00 Europe/Berlin', '2026-03-29T00:00:00Z', '2026-03-29T12:00:00Z')).toEqual([
      'down',
      '2026-03-29T01:00:00Z up',
      '2026-03-29T03:00:00Z down',
    ]);
    expect(changes('Sun 00:00-02:30 Europe/Berlin', '2026-03-29T00:00:00Z', '2026-03-29T12:00:00Z')).toEqual([
      'up',
      '2026-03-29T01:00:00Z down',
    ]);
  });

  it('a window within the leap never opens', () => {
    const value = 'Sun 02:10-02:50 Europe/Berlin';
    expect(changes(value, '2026-03-28T00:00:00Z', '2026-03-30T00:00:00Z')).toEqual(['down']);
    expect(nextTransition(schedule(value), '2026-03-28T00:00:00Z')).toEqual({
      at: '2026-04-05T00:10:00Z',
      state: 'up',
    });
  });

  it('the night is an hour shorter, where midnight itself is leapt over too', () => {
    // 00:00 to 01:00 in Santiago on 2026-09-06, at 04:00Z.
    expect(
      changes('Sun 00:00-06:00 America/Santiago', '2026-09-06T00:00:00Z', '2026-09-06T12:00:00Z'),
    ).toEqual(['down', '2026-09-06T04:00:00Z up', '2026-09-06T09:00:00Z down']);
  });

  it('a leap of half an hour is one of half an hour', () => {
    // 02:00 to 02:30 on Lord Howe Island on 2026-10-04, at 15:30Z the day before.
    expect(
      changes('Sun 02:15-05:00 Australia/Lord_Howe', '2026-10-03T12:00:00Z', '2026-10-04T00:00:00Z'),
    ).toEqual(['down', '2026-10-03T15:30:00Z up', '2026-10-03T18:00:00Z down']);
  });
});

describe('where summer time ends', () => {
  // 03:00 back to 02:00 in Berlin on 2026-10-25, at 01:00Z.
  it.each([
    ['an end', 'Sat 20:00-02:30 Europe/Berlin', ['up', '2026-10-25T00:30:00Z down']],
    [
      'a start',
      'Sun 02:30-08:00 Europe/Berlin',
      ['down', '2026-10-25T00:30:00Z up', '2026-10-25T07:00:00Z down'],
    ],
    [
      'both',
      'Sun 02:10-02:50 Europe/Berlin',
      ['down', '2026-10-25T00:10:00Z up', '2026-10-25T00:50:00Z down'],
    ],
  ])('%s within the hour that repeats takes effect once', (_, value, expected) => {
    expect(changes(value, '2026-10-24T22:00:00Z', '2026-10-25T12:00:00Z')).toEqual(expected);
  });

  it('a window around it lasts an hour longer', () => {
    expect(windowAt(schedule('Sun 00:00-24:00 Europe/Berlin'), '2026-10-25T12:00:00Z')).toEqual({
      start: '2026-10-24T22:00:00Z',
      end: '2026-10-25T23:00:00Z',
    });
  });
});

it('survives a day that a zone left out altogether', () => {
  // Samoa went from Thursday 2011-12-29 to Saturday 2011-12-31, at 10:00Z on the 30th.
  expect(changes('Thu-Sat 08:00-19:00 Pacific/Apia', '2011-12-29T12:00:00Z', '2011-12-31T10:00:00Z')).toEqual(
    [
      'down',
      '2011-12-29T18:00:00Z up',
      '2011-12-30T05:00:00Z down',
      '2011-12-30T18:00:00Z up',
      '2011-12-31T05:00:00Z down',
    ],
  );
});

describe('minute by minute', () => {
  const day = 86_400_000;
  const zones = [
    ...[
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'Pacific/Auckland',
      'UTC',
    ],
    ...[
      'America/Santiago',
      'America/Havana',
      'Pacific/Kiritimati',
      'Etc/GMT+12',
      'Africa/Cairo',
      'Pacific/Chatham',
    ],
  ];
  // Spans around the changes of the clocks, and anywhere.
  const around = [
    '2026-03-08',
    '2026-03-29',
    '2026-04-05',
    '2026-09-06',
    '2026-09-27',
    '2026-10-04',
    '2026-10-25',
    '2026-11-01',
  ];
  const from = fc.oneof(
    fc.constantFrom(...around).map((date) => Date.parse(date) - day),
    fc
      .integer({ min: Date.parse('2024-01-01') / day, max: Date.parse('2028-01-01') / day })
      .map((date) => date * day),
  );
  const minute = fc.oneof(
    fc.integer({ min: 0, max: 1439 }),
    fc.integer({ min: 0, max: 12 }).map((count) => count * 15),
  );
  const window = fc
    .record({
      days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      start: minute,
      length: fc.oneof(fc.integer({ min: 1, max: 1439 }), fc.integer({ min: 1, max: 90 })),
    })
    .map(({ days, start, length }) => ({ days, start, end: start + length }));

  /** The wall clock in minutes since 1970-01-01, as a clock shows it that is never turned back. */
  function* wallClock(timeZone: string, start: number, minutes: number) {
    let shown = Number.NEGATIVE_INFINITY;
    for (let at = start; at < start + minutes * 60_000; at += 60_000) {
      const offset =
        Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).offsetNanoseconds / 6e10;
      shown = Math.max(shown, at / 60_000 + offset);
      yield { at, shown };
    }
  }

  const isOpen = ({ days, start, end }: Schedule['windows'][number], shown: number) =>
    [0, 1].some((back) => {
      const date = Math.floor(shown / 1440) - back;
      const weekday = ((((date + 3) % 7) + 7) % 7) + 1;
      const minutes = shown - date * 1440;
      return days.includes(weekday) && start <= minutes && minutes < end;
    });

  const beforehand = 180; // minutes, for the clock to have shown what it repeats

  /** Whether it is open in each minute of two days and one minute. */
  function readMinutes(windows: Schedule['windows'], timeZone: string, start: number) {
    return wallClock(timeZone, start - beforehand * 60_000, 2 * 1440 + 1 + beforehand)
      .filter(({ at }) => at >= start)
      .map(({ at, shown }) => ({ at, state: windows.some((one) => isOpen(one, shown)) ? 'up' : 'down' }))
      .toArray();
  }

  it('agrees with a clock on the wall that is never turned back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(window, { minLength: 1, maxLength: 3 }),
        from,
        (timeZone, windows, start) => {
          const tested: Schedule = { ...schedule('Mon 08:00-19:00'), windows, timeZone };
          const minutes = readMinutes(windows, timeZone, start - 60_000);
          const changed = minutes.filter(
            ({ state }, index) => index > 0 && state !== minutes[index - 1]?.state,
          );

          expect(transitions(tested, toTime(start), toTime(start + 2 * day))).toEqual({
            initial: minutes[0]?.state, // of the minute before
            transitions: changed.map(({ at, state }) => ({ at: toTime(at), state })),
          });
          const sample = minutes.filter((_, index) => index % 7 === 0);
          expect(sample.map(({ at }) => isUp(tested, toTime(at)))).toEqual(
            sample.map(({ state }) => state === 'up'),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('tells each span by the transitions at its ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(window, { minLength: 1, maxLength: 3 }),
        from,
        (timeZone, windows, at) => {
          const tested: Schedule = { ...schedule('Mon 08:00-19:00'), windows, timeZone };
          const { state, since, until } = spanAt(tested, toTime(at));
          const opposite = state === 'up' ? 'down' : 'up';
          expect(state).toBe(isUp(tested, toTime(at)) ? 'up' : 'down');
          if (since)
            expect(
              transitions(tested, toTime(Date.parse(since) - 1000), toTime(at + 1000)).transitions,
            ).toEqual([{ at: since, state }]);
          if (until) expect(nextTransition(tested, toTime(at))).toEqual({ at: until, state: opposite });
        },
      ),
      { numRuns: 200 },
    );
  });
});
