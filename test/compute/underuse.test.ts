import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../shared/compute/check.ts';
import type { Point, Series } from '../../shared/compute/metric.ts';
import {
  type Course,
  type Judgement,
  judgeAverages,
  judgedAgain,
  judgeUnderuse,
  type Underuse,
  type UnderusePolicy,
  type UnderuseRecord,
  underuseChecks,
} from '../../shared/compute/underuse.ts';
import { windowBefore } from '../../shared/compute/utilization.ts';
import { parseConfig } from '../../shared/config.ts';
import { type Trace, toCourse, traces } from '../support/traces.ts';

const { idle, utilization } = parseConfig({});
const policy: UnderusePolicy = {
  ...utilization.underuse,
  coverage: idle.coverage,
  gpuPercent: idle.gpuPercent,
  idleMinutes: idle.window,
};
const now = '2026-11-16T06:00:00Z';
const week = windowBefore(now, policy.days * 24 * 60);

/** Four GPUs at 14 %, with 11 % of their memory. */
const quarter = traces['one quarter of an instance'];
const single = traces['training on small batches'];
const smaller = [{ facts: single.facts, hourlyRate: 1.123 }];

const courseOf = (trace: Trace, given: Partial<Trace> = {}): Course => toCourse({ ...trace, ...given }, week);

/** The course with every device's series of this kind changed. */
const withEach = (
  course: Course,
  field: 'averages' | 'peaks' | 'memoryMib',
  to: (one: Series) => Series,
) => ({
  ...course,
  devices: course.devices.map((device) => ({ ...device, [field]: to(device[field] ?? { points: [] }) })),
});

const failed = ({ points }: Series): Series => ({ points, failure: 'Throttled' });

const checkOf = (judgement: Judgement): string | undefined =>
  judgement.outcome === 'flaw' ? judgement.underuse.check : judgement.outcome;

const judge = (course: Course, earlier?: Check, given = { rate: 6.331, smaller }): string | undefined =>
  checkOf(judgeUnderuse(course, week, policy, { ...given, earlier }));

describe('how well an instance is used is unknown', () => {
  it.each([
    ['a mean', withEach(courseOf(quarter), 'averages', failed)],
    ['a maximum', withEach(courseOf(quarter), 'peaks', failed)],
    ['memory', withEach(courseOf(quarter), 'memoryMib', failed)],
    ['the CPU', { ...courseOf(quarter), cpu: failed(courseOf(quarter).cpu) }],
  ])('where %s could not be read, whatever the rest says', (_, course) => {
    expect(judgeUnderuse(course, week, policy, { rate: 6.331, smaller })).toEqual({
      outcome: 'unknown',
      wait: 0,
    });
  });

  it('until it has run for a day', () => {
    const twoHoursADay = courseOf(quarter, { cpu: (minute) => (minute % 1440 < 120 ? 6 : undefined) });
    expect(judgeAverages(twoHoursADay, week, policy)).toEqual({ outcome: 'unknown', wait: 10 * 3_600_000 });
  });

  it('until its devices can have reported for long enough', () => {
    const gaps = courseOf(quarter, { utilization: (minute) => (minute % 1440 < 288 ? undefined : 14) });
    const judgement = judgeAverages(gaps, week, policy);
    expect(judgement).toEqual({ outcome: 'unknown', wait: expect.closeTo(0.1 * 7 * 24 * 3_600_000, -7) });
  });

  it('where nothing that fits was found any more, and it is no better used', () => {
    const edge = courseOf(quarter, { utilization: () => 31, memory: () => 71 });
    expect(judge(edge, 'oversized', { rate: 6.331, smaller: [] })).toBe('unknown');
  });

  it.each<Check>(['oversized', 'small-batch'])(
    'where it was %s and its memory is told no more',
    (earlier) => {
      expect(judge(courseOf(quarter, { memory: () => undefined }), earlier)).toBe('unknown');
    },
  );
});

describe('what fits a smaller type', () => {
  const roomy = [{ facts: { ...single.facts, vcpus: 40 }, hourlyRate: 1.123 }];
  const judged = (given: Partial<Trace>) =>
    judge(courseOf(quarter, { cpu: () => 1, ...given }), undefined, { rate: 6.331, smaller: roomy });

  it('holds on one device what all hold together', () => {
    expect(judged({ memory: () => 19 })).toBe('oversized');
    expect(judged({ memory: () => 21 })).toBe('small-batch'); // 84 % together
  });

  it('holds it at the worst of times, not for 95 % of them', () => {
    const peak = (minute: number) => (minute % 1440 < 5 ? 95 : 5);
    expect(judged({ memory: peak })).toBe('underused-accelerator');
  });

  it('is told by the memory of every device, most of the time', () => {
    const rarely = (minute: number) => (minute % 10 < 5 ? undefined : 5);
    expect(judged({ memory: rarely })).toBe('underused-accelerator');
    expect(judged({ memory: (minute) => (minute % 100 < 5 ? undefined : 5) })).toBe('oversized');
    const { devices, ...course } = courseOf(quarter);
    const [first, ...others] = devices;
    const mute = { ...course, devices: [{ ...first, memoryMib: undefined }, ...others] } as Course;
    expect(judge(mute, undefined, { rate: 6.331, smaller: roomy })).toBe('underused-accelerator');
  });

  it('is no type of unknown memory', () => {
    const { accelerators } = single.facts;
    const odd = { ...single.facts, ...(accelerators && { accelerators: { ...accelerators, memoryMib: 0 } }) };
    const course = courseOf(quarter, { memory: () => 0 });
    expect(judge(course, undefined, { rate: 6.331, smaller: [{ facts: odd, hourlyRate: 1 }] })).toBe(
      'small-batch',
    );
  });
});

describe('a flaw that was found before', () => {
  it.each<[number, Check | undefined, string]>([
    [29.9, undefined, 'underused-accelerator'],
    [30.1, undefined, 'well used'],
    [30.1, 'underused-accelerator', 'underused-accelerator'],
    [34.9, 'underused-accelerator', 'underused-accelerator'],
    [35.1, 'underused-accelerator', 'well used'],
  ])('at %s %%, %s before, makes it %s', (percent, earlier, outcome) => {
    expect(judge(courseOf(single, { utilization: () => percent, memory: () => 71 }), earlier)).toBe(outcome);
  });

  it.each<[number, number, string]>([
    [54, 44, 'small-batch'],
    [56, 44, 'well used'],
    [54, 46, 'well used'],
  ])('of small batches at %s %% and %s %% of its memory makes it %s', (percent, memory, outcome) => {
    const course = courseOf(single, { utilization: () => percent, memory: () => memory });
    expect(judge(course, 'small-batch')).toBe(outcome);
    expect(judge(course)).toBe('well used');
  });

  it.each<[number, string]>([
    [86, 'data-starved'],
    [84, 'well used'],
  ])('of too little data lasts at a CPU of %s %%: %s', (cpu, outcome) => {
    const course = courseOf(traces['data-starved training'], { cpu: () => cpu });
    expect(judge(course, 'data-starved')).toBe(outcome);
    expect(judge(course)).toBe('well used');
  });

  it('stays the same where another holds too, and is looked at in full', () => {
    const course = courseOf(quarter);
    for (const check of ['oversized', 'small-batch', 'underused-accelerator'] as const) {
      expect(judge(course, check)).toBe(check);
    }
    const starved = courseOf(traces['data-starved training'], { utilization: () => 72 });
    expect(judgeAverages(starved, week, policy).outcome).toBe('well used');
    expect(judgeAverages(starved, week, policy, 'data-starved').outcome).toBe('candidate');
  });

  it('never makes a flaw of what is well used by a wide margin', () => {
    const percent = fc.double({ min: 75, max: 100, noNaN: true });
    fc.assert(
      fc.property(percent, fc.constantFrom(...underuseChecks), (value, earlier) => {
        expect(judge(courseOf(single, { utilization: () => value }), earlier)).toBe('well used');
      }),
      { numRuns: 20 },
    );
  });
});

describe('points', () => {
  it('outside of the window change nothing', () => {
    const course = courseOf(traces['data-starved training']);
    const noise = fc.array(
      fc.record({
        days: fc.integer({ min: 1, max: 20 }),
        value: fc.double({ min: 0, max: 100, noNaN: true }),
      }),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(noise, fc.boolean(), (places, isAfter) => {
        const points = places.map(({ days, value }): Point => {
          const from = Date.parse(isAfter ? week.end : week.start);
          return { at: from + (isAfter ? days - 1 : -days) * 86_400_000, value };
        });
        const more = (one: Series): Series => ({ points: [...points, ...one.points] });
        const noisy = withEach(
          withEach(withEach(course, 'averages', more), 'peaks', more),
          'memoryMib',
          more,
        );
        expect(judgeUnderuse({ ...noisy, cpu: more(course.cpu) }, week, policy)).toEqual(
          judgeUnderuse(course, week, policy),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('that are lost never make a well used one underused', () => {
    const course = courseOf(traces.training);
    const mask = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(mask, (kept) => {
        const thin = ({ points }: Series): Series => ({
          points: points.filter((_, place) => kept[place % kept.length]),
        });
        const thinned = withEach(withEach(course, 'averages', thin), 'memoryMib', thin);
        expect(judgeUnderuse(thinned, week, policy).outcome).not.toBe('flaw');
      }),
      { numRuns: 30 },
    );
  });
});

describe('what is known of an instance', () => {
  const found = (check: Check): Judgement => ({ outcome: 'flaw', underuse: { check } as Underuse });
  const known = (underuse?: Check): UnderuseRecord => ({
    type: 'g5.12xlarge',
    dueAt: now,
    judgedAt: '2026-11-15T06:00:00Z',
    ...(underuse && { underuse: { check: underuse } as Underuse }),
  });

  it('stays as it is while nobody can tell, and is looked at an hour later, or as soon as it can be known', () => {
    const record = known('oversized');
    expect(judgedAgain(record, { outcome: 'unknown', wait: 0 }, now)).toEqual({
      ...record,
      dueAt: '2026-11-16T06:50:00Z',
    });
    expect(judgedAgain(record, { outcome: 'unknown', wait: 10 * 3_600_000 }, now)).toEqual({
      ...record,
      dueAt: '2026-11-16T16:00:00Z',
    });
  });

  it('ends where it is well used', () => {
    expect(judgedAgain(known('oversized'), { outcome: 'well used' }, now)).toEqual({
      type: 'g5.12xlarge',
      typeSince: undefined,
      dueAt: '2026-11-17T05:30:00Z',
      judgedAt: now,
    });
  });

  it('becomes another flaw when that is found twice in a row', () => {
    const once = judgedAgain(known('oversized'), found('small-batch'), now);
    expect(once).toMatchObject({ judgedAt: '2026-11-15T06:00:00Z', underuse: { check: 'oversized' } });
    expect(judgedAgain(once, found('small-batch'), now)).toMatchObject({
      judgedAt: now,
      underuse: { check: 'small-batch' },
    });
    const between = judgedAgain(once, found('oversized'), now);
    expect(judgedAgain(between, found('small-batch'), now)).toMatchObject({
      underuse: { check: 'oversized' },
    });
  });

  it('becomes a flaw at once where there was none', () => {
    expect(judgedAgain(known(), found('small-batch'), now)).toMatchObject({
      underuse: { check: 'small-batch' },
    });
  });
});
