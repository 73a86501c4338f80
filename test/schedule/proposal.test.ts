import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hour, HourState } from '../../shared/compute/hour-states.ts';
import { hourMs } from '../../shared/compute/hours.ts';
import type { NoProposal } from '../../shared/schedule/history.ts';
import {
  busyTolerance,
  type Past,
  type Proposal,
  type ProposalPolicy,
  proposeSchedule,
} from '../../shared/schedule/proposal.ts';
import type { ScheduleContext } from '../../shared/schedule/schedule.ts';
import { parseScheduleTag } from '../../shared/schedule/tag.ts';
import { but, pastOf, working } from '../support/past.ts';

const context: ScheduleContext = { schedules: {}, timeZone: 'UTC' };
const policy: ProposalPolicy = { minSaving: 10, coverage: 0.9, tailMinutes: 60, context };
const berlin = 'Europe/Berlin';

const propose = (hours: readonly Hour[], given: Partial<Past> = {}, own: Partial<ProposalPolicy> = {}) =>
  proposeSchedule({ hours, timeZone: berlin, hourlyRate: 1, ...given }, { ...policy, ...own });

function proposal(found: Proposal | NoProposal): Proposal {
  if (!('value' in found)) throw new Error(found.reason);
  return found;
}

const hoursFor = (hours: readonly Hour[], given: Partial<Past> = {}) => proposal(propose(hours, given)).value;

const codeOf = (found: Proposal | NoProposal) => ('code' in found ? found.code : found.value);

const current = (value: string, of: ScheduleContext = context): Past['current'] => ({
  value,
  parsed: parseScheduleTag(value, of),
});

describe('hours learnt from a past', () => {
  it.each([
    ['office hours, an hour around them', 'Mon-Fri 09:00-18:00', 'Mon-Fri 08:00-19:00'],
    ['nights of weekdays, through midnight', 'Mon-Fri 22:00-05:00', 'Mon-Fri 21:00-06:00'],
    ['a few hours of each night', 'Mon-Sun 01:00-04:00', 'Mon-Sun 00:00-05:00'],
    ['nights that begin at midnight on the day before', 'Mon-Fri 00:00-04:00', 'Sun-Thu 23:00-05:00'],
    ['weekdays around the clock', 'Mon-Fri 00:00-24:00', 'Mon-Fri 00:00-24:00'],
    ['three days a week', 'Mon,Wed,Fri 10:00-16:00', 'Mon,Wed,Fri 09:00-17:00'],
    ['a week that begins on Sunday', 'Sun-Thu 09:00-17:00', 'Sun-Thu 08:00-18:00'],
    ['a shorter Saturday', 'Mon-Fri 08:00-18:00, Sat 10:00-13:00', 'Mon-Fri 07:00-19:00, Sat 09:00-14:00'],
    [
      'an office and a nightly job',
      'Mon-Fri 10:00-17:00, Mon-Sun 02:00-04:00',
      'Mon-Sun 01:00-05:00, Mon-Fri 09:00-18:00',
    ],
    ['hours with a break at noon', 'Mon-Fri 08:00-12:00, Mon-Fri 13:00-17:00', 'Mon-Fri 07:00-18:00'],
  ])('are %s', (_, worked, proposed) => {
    expect(hoursFor(working(`${worked} ${berlin}`))).toBe(`${proposed} ${berlin}`);
  });

  it('are those of the wall clock: summer time ends within these weeks', () => {
    const inUtc = propose(working(`Mon-Fri 09:00-18:00 ${berlin}`), { timeZone: 'UTC' });
    expect(proposal(inUtc).value).toBe('Mon-Fri 06:00-18:00 UTC');
  });

  it('cover both clock hours that an hour touches in a zone half an hour off', () => {
    const hours = working('Mon-Fri 04:00-12:00 UTC'); // 09:30 to 17:30
    expect(hoursFor(hours, { timeZone: 'Asia/Kolkata' })).toBe('Mon-Fri 08:00-19:00 Asia/Kolkata');
  });

  it('leave out a run at an odd time, and say when it was', () => {
    const hours = but(working(`Mon-Fri 09:00-18:00 ${berlin}`), 'busy', '2026-11-07T13:00:00Z', 4);
    expect(propose(hours)).toMatchObject({
      value: `Mon-Fri 08:00-19:00 ${berlin}`,
      busyHours: 184,
      busyHoursOutside: 4,
      busyOutside: [{ start: '2026-11-07T13:00:00Z', end: '2026-11-07T17:00:00Z', hours: 4 }],
      pattern: 'worked on 20 of 20 weekdays between 09:00 and 18:00; 4 h in all at weekends',
    });
  });

  it('cover what happens each week', () => {
    let hours = working(`Mon-Fri 09:00-18:00 ${berlin}`);
    for (const day of ['2026-10-24', '2026-10-31', '2026-11-07', '2026-11-14']) {
      hours = but(hours, 'busy', `${day}T13:00:00Z`, 2);
    }
    expect(hoursFor(hours)).toMatch(/^Mon-Fri 08:00-19:00, Sat 1[23]:00-1[78]:00 /);
  });

  it('count hours of which nobody knows as work', () => {
    // From 20 to 21 o'clock its agent says nothing, on each day but one.
    const hours = working(`Mon-Fri 09:00-18:00 UTC`).map((hour): Hour => {
      const time = new Date(hour.at).toISOString();
      return time.slice(11, 13) === '20' && time < '2026-11-15' ? { ...hour, state: 'unknown' } : hour;
    });
    const found = proposal(propose(hours, { timeZone: 'UTC' }));
    expect(found.value).toMatch(/-22:00/);
    expect(found.coverage).toBeCloseTo(1 - 27 / 672, 5);
  });

  it('are told with how well the other weeks foresee a week, which is their confidence', () => {
    const steady = working(`Mon-Fri 09:00-18:00 ${berlin}`);
    expect(propose(steady)).toMatchObject({ foreseen: 1, confidence: 'high', weeks: 4 });
    expect(propose(working(`Mon-Fri 09:00-18:00 ${berlin}`, { weeks: 2 }))).toMatchObject({
      foreseen: 1,
      confidence: 'medium',
      weeks: 2,
    });
    // In the last week it works in the evening, of which the weeks before knew nothing.
    const moved = steady.map((hour): Hour => {
      if (hour.at < Date.parse('2026-11-09T00:00:00Z')) return hour;
      return { ...hour, state: [19, 20, 21, 22].includes((hour.at / hourMs) % 24) ? 'busy' : 'idle' };
    });
    expect(propose(moved)).toMatchObject({
      foreseen: expect.closeTo(1 - 28 / 163, 5),
      confidence: 'medium',
    });
  });

  it('are none where it runs now and then: what fits those runs foresees no other', () => {
    const runs = [
      '2026-10-20T03:00:00Z',
      '2026-10-28T14:00:00Z',
      '2026-11-05T20:00:00Z',
      '2026-11-14T09:00:00Z',
    ];
    const hours = runs.reduce<Hour[]>(
      (past, start) => but(past, 'busy', start, 6),
      pastOf(() => 'idle'),
    );
    expect(propose(hours)).toEqual({
      code: 'irregular',
      reason: "no pattern: hours learnt from the other weeks foresee but 4 % of a week's work",
    });
  });
});

describe('what the hours would have saved', () => {
  it('are the idle hours outside, an hour less each time for the wait and the warning, of a month', () => {
    // 113 hours a week are off, and it is stopped five times, and once when the past begins: 431 hours of 28 days.
    expect(propose(working(`Mon-Fri 09:00-18:00 UTC`), { timeZone: 'UTC', hourlyRate: 0.5 })).toMatchObject({
      offHoursPerWeek: 113,
      savedHoursPerMonth: expect.closeTo((431 * 30.4) / 28, 5),
      dollarsPerMonth: expect.closeTo((431 * 30.4 * 0.5) / 28, 5),
    });
  });

  it('are hours alone where the price is unknown', () => {
    const found = proposal(propose(working(`Mon-Fri 09:00-18:00 ${berlin}`), { hourlyRate: undefined }));
    expect(found.dollarsPerMonth).toBeUndefined();
    expect(found.savedHoursPerMonth).toBeGreaterThan(400);
  });

  it('are none of what was off already', () => {
    const hours = pastOf((place): HourState => {
      const isDay = place % 24 >= 8 && place % 24 < 18 && place % 168 < 120;
      return isDay ? 'busy' : 'off';
    });
    const found = propose(hours, { timeZone: 'UTC' });
    expect(found).toMatchObject({ code: 'small-saving' });
    expect(found).toMatchObject({
      reason: expect.stringContaining('off for 464 of 664 hours already, and busy in 200'),
    });
  });

  it('are none while its devices hold memory: nothing would stop it', () => {
    const hours = working(`Mon-Fri 09:00-18:00 ${berlin}`).map(
      (hour): Hour => (hour.state === 'idle' ? { ...hour, state: 'held' } : hour),
    );
    expect(codeOf(propose(hours))).toBe('memory-held');
  });
});

describe('nothing is proposed', () => {
  const office = working(`Mon-Fri 09:00-18:00 ${berlin}`);

  it.each<[string, readonly Hour[], NoProposal['code']]>([
    ['for what did not run', pastOf(() => 'off'), 'never-ran'],
    ['by a past of less than two weeks', office.slice(-13 * 24), 'too-little-history'],
    [
      'by a past that began a few days ago',
      office.map((hour, place): Hour => (place < 500 ? { ...hour, state: 'off' } : hour)),
      'too-little-history',
    ],
    [
      'for what ran on a few days only',
      pastOf((place) => (place % 168 < 12 ? 'busy' : 'off')),
      'too-little-history',
    ],
    ['where nothing is known', pastOf(() => 'unknown'), 'not-measured'],
    [
      'where too little is known',
      office.map((hour, place): Hour => (place % 8 === 0 ? { ...hour, state: 'unknown' } : hour)),
      'poor-coverage',
    ],
    ['for what never works', pastOf(() => 'idle'), 'never-busy'],
    [
      'for what worked once',
      but(
        pastOf(() => 'idle'),
        'busy',
        '2026-10-28T09:00:00Z',
        6,
      ),
      'hardly-used',
    ],
    ['for what always works', pastOf(() => 'busy'), 'around-the-clock'],
    [
      'for what works in every third hour',
      pastOf((place) => (place % 3 === 0 ? 'busy' : 'idle')),
      'irregular',
    ],
    [
      'for what nearly always works',
      pastOf((place) => (place % 5 === 0 ? 'idle' : 'busy')),
      'around-the-clock',
    ],
  ])('%s', (_, hours, code) => expect(codeOf(propose(hours))).toBe(code));

  it('below the dollars that a tag is worth', () => {
    expect(codeOf(propose(office, { hourlyRate: 0.01 }))).toBe('small-saving');
    expect(codeOf(propose(office, { hourlyRate: 0.01 }, { minSaving: 1 }))).toContain('Mon-Fri');
  });

  it('for what is never to be touched', () => {
    expect(codeOf(propose(office, { current: current('off') }))).toBe('off');
  });
});

describe('a name of the configuration', () => {
  const office = working(`Mon-Fri 09:00-18:00 ${berlin}`);
  const withNames = (schedules: Record<string, string>) =>
    codeOf(propose(office, {}, { context: { schedules, timeZone: 'UTC' } }));

  it.each([
    ['saves as much', 'Mon-Fri 08:00-19:00 Europe/Berlin', 'team-hours'],
    ['saves hardly less', 'Mon-Fri 08:00-20:00 Europe/Berlin', 'team-hours'],
    ['saves notably less', 'Mon-Fri 06:00-22:00 Europe/Berlin', 'Mon-Fri 08:00-19:00 Europe/Berlin'],
    ['leaves out work', 'Mon-Thu 08:00-19:00 Europe/Berlin', 'Mon-Fri 08:00-19:00 Europe/Berlin'],
    ['stops what is busy', 'Mon-Fri 08:00-19:00 Europe/Berlin; always', 'Mon-Fri 08:00-19:00 Europe/Berlin'],
    ['means never', 'off', 'Mon-Fri 08:00-19:00 Europe/Berlin'],
  ])('is taken or left where it %s', (_, hours, value) =>
    expect(withNames({ 'team-hours': hours })).toBe(value),
  );
});

describe('an instance that has a tag', () => {
  const office = working(`Mon-Fri 09:00-18:00 ${berlin}`);
  const with_ = (value: string) => propose(office, { current: current(value) });

  it('keeps it where it fits', () => {
    expect(with_(`Mon-Fri 08:00-19:00 ${berlin}`)).toEqual({
      code: 'current-fits',
      reason: 'its tag fits: worked on 20 of 20 weekdays between 09:00 and 18:00; nothing at weekends',
    });
    expect(codeOf(with_(`Mon-Fri 07:00-19:00 ${berlin}`))).toBe('current-fits');
  });

  it('gets narrower hours where they save notably more, with the options that it has', () => {
    expect(with_(`Mon-Sun 06:00-22:00 ${berlin}; start;grace=30m;`)).toMatchObject({
      value: `Mon-Fri 08:00-19:00 ${berlin}; start; grace=30m`,
      current: `Mon-Sun 06:00-22:00 ${berlin}; start;grace=30m;`,
      dollarsPerMonth: expect.closeTo(((108 - 49) * 30.4) / 7, 0), // what the tag saves already is no news
    });
  });

  it('is told where it works outside of its hours', () => {
    const found = with_(`Mon-Fri 11:00-19:00 ${berlin}`);
    expect(found).toEqual({
      code: 'works-outside-current',
      reason: `worked 40 of 180 busy hours outside its hours; "Mon-Fri 08:00-19:00 ${berlin}" would cover them`,
    });
  });

  it('gets hours in place of what nobody can read', () => {
    expect(with_('weekdays 8 to 6; foo')).toMatchObject({
      value: `Mon-Fri 08:00-19:00 ${berlin}`,
      current: 'weekdays 8 to 6; foo',
    });
  });
});

describe('whatever the past', () => {
  const states = fc.constantFrom<HourState>('busy', 'idle', 'idle', 'idle', 'held', 'unknown', 'off');
  const zones = fc.constantFrom('UTC', berlin, 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe');
  /** Blocks that recur each week, and hours in which it is otherwise. */
  const recipes = fc.record({
    blocks: fc.array(fc.record({ at: fc.nat(167), length: fc.integer({ min: 1, max: 60 }), state: states })),
    odd: fc.array(fc.record({ at: fc.nat(671), length: fc.integer({ min: 1, max: 12 }), state: states })),
    rest: fc.constantFrom<HourState>('idle', 'idle', 'busy', 'off'),
    timeZone: zones,
  });
  type Recipe = typeof recipes extends fc.Arbitrary<infer Value> ? Value : never;

  function made({ blocks, odd, rest }: Recipe): Hour[] {
    const within = (place: number, run: { at: number; length: number }, of: number) =>
      (place - run.at + of) % of < run.length;
    return pastOf(
      (place) =>
        odd.find((run) => within(place, run, 672))?.state ??
        blocks.find((block) => within(place % 168, block, 168))?.state ??
        rest,
    );
  }

  it('a value can be read, leaves out no more work than is tolerated, and saves no more than ran idle', () => {
    let proposals = 0;
    fc.assert(
      fc.property(recipes, (recipe) => {
        const hours = made(recipe);
        const found = propose(hours, { timeZone: recipe.timeZone, hourlyRate: 2 });
        if (!('value' in found)) {
          expect(found.reason).not.toBe('');
          return;
        }
        proposals += 1;
        const idle = hours.filter(({ state }) => state === 'idle').length;
        const first = hours.findIndex(({ state }) => state !== 'off');
        const months = (hours.length - first) / 24 / 30.4;
        const { busyHours, busyHoursOutside, dollarsPerMonth = 0, busyOutside } = found;
        expect(parseScheduleTag(found.value, context).kind).toBe('schedule');
        expect(busyHoursOutside).toBeLessThanOrEqual(busyTolerance * busyHours);
        expect(busyOutside.reduce((sum, stretch) => sum + stretch.hours, 0)).toBe(busyHoursOutside);
        expect(dollarsPerMonth * months).toBeLessThanOrEqual(idle * 2 + 1e-6);
      }),
      { numRuns: 150 },
    );
    expect(proposals).toBeGreaterThan(20);
  });

  it('hours of which nothing is known never make a proposal', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 672, maxLength: 672 }), zones, (known, timeZone) => {
        const hours = pastOf((place) => (known[place] ? 'off' : 'unknown'));
        expect(propose(hours, { timeZone })).not.toHaveProperty('value');
      }),
      { numRuns: 50 },
    );
  });
});
