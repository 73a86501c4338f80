import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toTime } from '../../shared/period.ts';
import { type OffPeriod, offHoursAfter, resourceKey } from '../../shared/schedule/off-period.ts';
import {
  countPeriods,
  monthOf,
  monthSpan,
  type SavingsFacts,
  savedIn,
  savingsBy,
  savingsIn,
} from '../../shared/schedule/savings.ts';
import { offPeriod, scheduleOf } from '../support/savings.ts';

const november = monthSpan('2026-11');

const facts = (periods: readonly OffPeriod[], ends: readonly string[] = []): SavingsFacts => ({
  periods,
  ends: new Map([['ec2-instance#i-1', ends]]),
});

const hoursOf = (period: Partial<OffPeriod>, ends: readonly string[] = []): number =>
  savingsIn(countPeriods(facts([offPeriod(period)], ends)), november).hours;

describe('the hours of a stop', () => {
  it.each<[string, Partial<OffPeriod>, string[], number]>([
    ['until it was started', {}, ['2026-11-17T05:00:00Z'], 9],
    ['until its schedule opens, however long it stays off', {}, ['2026-11-17T11:00:00Z'], 12],
    ['until the earliest evidence of a start', {}, ['2026-11-17T04:00:20Z', '2026-11-17T04:00:00Z'], 8],
    ['not ended by a start before it', {}, ['2026-11-16T07:00:00Z', '2026-11-17T05:00:00Z'], 9],
    ['until it was seen off last, where nothing has ended it', { seenAt: '2026-11-17T02:00:00Z' }, [], 6],
    ['none, where it was not seen again', {}, [], 0],
    ['from when it was seen to be off', { offSince: '2026-11-16T20:30:00Z' }, ['2026-11-17T05:00:00Z'], 8.5],
    [
      'none, where it ran before it was off',
      { offSince: '2026-11-16T20:30:00Z' },
      ['2026-11-16T20:10:00Z'],
      0,
    ],
  ])('are %s', (_, period, ends, hours) => {
    expect(hoursOf(period, ends)).toBe(hours);
  });

  it.each([
    ['23, when summer time begins', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
    ['24, on other days', '2026-11-14T23:00:00Z', '2026-11-15T23:00:00Z', 24],
    ['25, when summer time ends', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
  ])('of a whole Sunday in Berlin are %s', (_, from, until, hours) => {
    const stoppedAt = toTime(Date.parse(from) - 24 * 3_600_000);
    const offHours = offHoursAfter(scheduleOf('Mon-Fri 08:00-19:00 Europe/Berlin'), stoppedAt);
    const times = { stoppedAt, offSince: stoppedAt, seenAt: toTime(Date.parse(until) + 3_600_000) };
    const [sunday] = countPeriods(facts([offPeriod({ ...times, offHours })]));
    expect(sunday && savedIn(sunday, { from, until }).hours).toBe(hours);
  });

  it('end where the next stop of the same machine begins, so that none counts twice', () => {
    const first = offPeriod({ seenAt: '2026-11-17T08:00:00Z' });
    const second = offPeriod({
      stoppedAt: '2026-11-17T02:00:00Z',
      offSince: '2026-11-17T02:00:00Z',
      startedAt: '2026-11-17T01:00:00Z',
      seenAt: '2026-11-17T08:00:00Z',
    });
    expect(savingsIn(countPeriods(facts([second, first])), november)).toMatchObject({
      hours: 5 + 6, // it ran for an hour in between
      periods: 2,
      resources: 1,
    });
  });
});

describe('the dollars of a stop', () => {
  const end = '2026-11-17T00:00:00Z'; // four hours
  const dollarsOf = (given: Partial<OffPeriod>) => {
    const [period] = countPeriods(facts([offPeriod(given)], [end]));
    return period && savedIn(period, november);
  };

  it('are its rate, less what was billed all the same', () => {
    expect(dollarsOf({})).toEqual({ hours: 4, dollars: { gross: 8, stillBilled: 1, net: 7 } });
  });

  it('are never less than none: what its disks cost is no loss that the stop made', () => {
    expect(dollarsOf({ stillBilledHourlyRate: 3 })).toEqual({
      hours: 4,
      dollars: { gross: 8, stillBilled: 8, net: 0 },
    });
  });

  it.each([
    ['its rate', { hourlyRate: undefined }],
    ['what is still billed', { stillBilledHourlyRate: undefined }],
  ])('are unknown, never 0, where %s is unknown; its hours count', (_, given) => {
    expect(dollarsOf(given)).toEqual({ hours: 4 });
  });

  it('fall into the month of the bill, which is a UTC one', () => {
    const overNewYear = offPeriod({
      stoppedAt: '2026-12-31T20:00:00Z',
      offSince: '2026-12-31T20:00:00Z',
      offHours: [{ from: '2026-12-31T20:00:00Z', until: '2027-01-01T08:00:00Z' }],
      seenAt: '2027-01-01T08:00:00Z',
    });
    const counted = countPeriods(facts([overNewYear]));
    expect(savingsIn(counted, monthSpan('2026-12'))).toMatchObject({ hours: 4, net: 7, periods: 1 });
    expect(savingsIn(counted, monthSpan('2027-01'))).toMatchObject({ hours: 8, net: 14, periods: 1 });
    expect(savingsIn(counted, monthSpan('2027-02'))).toMatchObject({ hours: 0, net: 0, periods: 0 });
  });
});

describe('the savings of a month', () => {
  const night = { seenAt: '2026-11-17T00:00:00Z' };
  const periods = countPeriods({
    periods: [
      offPeriod(night),
      offPeriod({ ...night, id: 'i-2', owner: 'dana', hourlyRate: 10 }),
      offPeriod({ ...night, id: 'i-3', team: undefined, owner: undefined, hourlyRate: undefined }),
      offPeriod({ ...night, id: 'i-4', schedule: 'us-office', rateSource: 'pricing-api' }),
    ],
    ends: new Map([['ec2-instance#i-2', ['2026-11-16T23:00:00Z']]]),
  });

  it("are told by team, the most first, and what is nobody's last", () => {
    expect(savingsBy(periods, 'team', november)).toEqual([
      {
        group: 'vision',
        resources: 3,
        periods: 3,
        open: 2,
        hours: 11,
        gross: 46,
        stillBilled: 2.75,
        net: 43.25,
        unpricedHours: 0,
        listPricedHours: 4,
      },
      {
        group: undefined,
        resources: 1,
        periods: 1,
        open: 1,
        hours: 4,
        gross: 0,
        stillBilled: 0,
        net: 0,
        unpricedHours: 4,
        listPricedHours: 0,
      },
    ]);
  });

  it.each([
    ['owner', ['dana', 'mei', undefined]],
    ['schedule', ['office-hours', 'us-office']],
    ['resource', ['i-2', 'i-1', 'i-4', 'i-3'].map((id) => `210987654321/eu-west-1/ec2-instance/${id}`)],
  ] as const)('are told by %s', (by, groups) => {
    expect(savingsBy(periods, by, november).map(({ group }) => group)).toEqual(groups);
  });

  it('name a resource as people do', () => {
    expect(savingsBy(periods, 'resource', november)[0]?.name).toBe('vision-notebook');
  });

  it.each([
    ['2026-02', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    ['2026-12', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['2028-02', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ])('of %s are those of whole UTC days', (month, from, until) => {
    expect(monthSpan(month)).toEqual({ from, until });
    expect(monthOf(from)).toBe(month);
  });
});

const hour = 3_600_000;
const start = Date.parse('2026-10-20T00:00:00Z');
const at = (hours: number) => toTime(start + hours * hour);
const schedule = scheduleOf('Mon-Fri 08:00-19:00 Europe/Berlin');
const price = fc.option(
  fc.integer({ min: 0, max: 400 }).map((cents) => cents / 100),
  { nil: undefined },
);

/** Stops of a few machines in six weeks around the end of summer time, whatever else is known of them. */
const anyPeriod = fc
  .record({
    id: fc.constantFrom('i-1', 'i-2'),
    team: fc.constantFrom('vision', 'llm', undefined),
    stopped: fc.integer({ min: 0, max: 1000 }),
    delay: fc.integer({ min: 0, max: 3 }),
    seen: fc.integer({ min: 0, max: 200 }),
    ran: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    hourlyRate: price,
    stillBilledHourlyRate: price,
  })
  .map(({ stopped, delay, seen, ran, ...known }) =>
    offPeriod({
      ...known,
      stoppedAt: at(stopped),
      offSince: at(stopped + delay),
      seenAt: at(stopped + seen),
      startedAt: ran === undefined ? undefined : at(stopped - ran),
      offHours: offHoursAfter(schedule, at(stopped)),
    }),
  );

const anyFacts = fc
  .record({
    periods: fc.uniqueArray(anyPeriod, {
      maxLength: 12,
      selector: ({ id, stoppedAt }) => `${id} ${stoppedAt}`,
    }),
    ends: fc.array(fc.tuple(fc.constantFrom('i-1', 'i-2'), fc.integer({ min: 0, max: 1200 })), {
      maxLength: 12,
    }),
  })
  .map(({ periods, ends }): SavingsFacts => {
    const times = Map.groupBy(ends, ([id]) => resourceKey({ kind: 'ec2-instance', id }));
    return {
      periods,
      ends: new Map([...times].map(([key, own]) => [key, own.map(([, hours]) => at(hours))])),
    };
  });

const byStart = (a: { from: string }, b: { from: string }) => Date.parse(a.from) - Date.parse(b.from);

const all = { from: at(-1000), until: at(5000) };

describe('whatever is on record', () => {
  it('saves no less than nothing and no more than the gross, group by group', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        for (const { hours, unpricedHours, gross, stillBilled, net } of savingsBy(
          countPeriods(given),
          'team',
          all,
        )) {
          expect(net).toBeGreaterThanOrEqual(0);
          expect(net).toBeLessThanOrEqual(gross + 1e-9);
          expect(gross - stillBilled).toBeCloseTo(net, 6);
          expect(unpricedHours).toBeLessThanOrEqual(hours + 1e-9);
        }
      }),
    );
  });

  it('comes to the same by months, by groups and in one', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const periods = countPeriods(given);
        const whole = savingsIn(periods, all);
        const months = ['2026-10', '2026-11', '2026-12', '2027-01'].map((month) =>
          savingsIn(periods, monthSpan(month)),
        );
        for (const parts of [months, savingsBy(periods, 'team', all), savingsBy(periods, 'resource', all)]) {
          for (const figure of ['hours', 'gross', 'net', 'unpricedHours'] as const) {
            const sum = parts.reduce((total, part) => total + part[figure], 0);
            expect(sum).toBeCloseTo(whole[figure], 6);
          }
        }
      }),
    );
  });

  it('counts no moment of a machine twice', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        for (const own of Map.groupBy(countPeriods(given), resourceKey).values()) {
          const spans = own.flatMap(({ counted }) => counted).toSorted(byStart);
          const overlapping = spans.filter(({ from }, index) => from < (spans[index - 1]?.until ?? ''));
          expect(overlapping).toEqual([]);
        }
      }),
    );
  });

  it('counts nothing within the hours of the schedule, nor a week after the stop', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        for (const { counted, stoppedAt, offHours } of countPeriods(given)) {
          const latest = toTime(Date.parse(stoppedAt) + 7 * 24 * hour);
          const isOff = (from: string, until: string) =>
            offHours.some((off) => off.from <= from && until <= off.until);
          expect(counted.filter(({ from, until }) => until > latest || !isOff(from, until))).toEqual([]);
        }
      }),
    );
  });

  it('does not depend on the order in which it arrived', () => {
    fc.assert(
      fc.property(
        anyFacts,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (given, chance) => {
          const shuffled = <Item>(items: readonly Item[]): Item[] =>
            items
              .map((item) => ({ item, place: chance.next().value }))
              .toSorted((a, b) => a.place - b.place)
              .map(({ item }) => item);
          const reordered: SavingsFacts = {
            periods: shuffled(given.periods),
            ends: new Map(
              shuffled([...given.ends]).map(([key, times]) => [key, shuffled([...times, ...times])]),
            ),
          };
          const [one, other] = [given, reordered].map((each) => savingsIn(countPeriods(each), all));
          expect(other?.hours).toBeCloseTo(one?.hours ?? Number.NaN, 6);
          expect(other?.net).toBeCloseTo(one?.net ?? Number.NaN, 6);
        },
      ),
    );
  });
});
