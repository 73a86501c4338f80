import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../../shared/compute/metric.ts';
import type { Job } from '../../../shared/compute/sagemaker/job.ts';
import {
  isMature,
  judgeJobUnderuse,
  silentSince,
  wholeHours,
} from '../../../shared/compute/sagemaker/job-hours.ts';
import type { JobHost } from '../../../shared/compute/sagemaker/job-utilization.ts';
import { windowBefore } from '../../../shared/compute/utilization.ts';
import { job, jobFacts } from '../../support/jobs.ts';

const now = '2026-11-16T06:20:00Z';
const policy = { days: 7, hours: 24, percent: 30, coverage: 0.9 };
const hourMs = 3_600_000;

const long = (given: Partial<Job> = {}): Job => job({ startedAt: '2026-11-13T05:40:00Z', ...given });
const hours = wholeHours(long(), 7, now);

const course = (value: number, other: Record<number, number> = {}): Series => ({
  points: Array.from({ length: 72 }, (_, index) => ({
    at: Date.parse(hours.start) + index * hourMs,
    value: other[index] ?? value,
  })),
});

const host = (name: string, hourly: Series): JobHost => ({ name, gpu: hourly, cpu: 'unread', hourly });
const judge = (...courses: Series[]) => {
  const hosts = courses.map((hourly, index) => host(`algo-${index + 1}`, hourly));
  return judgeJobUnderuse({ job: long(), facts: jobFacts, hosts }, hours, policy);
};

describe('the hours to look at', () => {
  it('are the whole ones since its start', () => {
    expect(hours).toEqual({ start: '2026-11-13T06:00:00Z', end: '2026-11-16T06:00:00Z' });
  });

  it('are those of the last days where it has run for longer', () => {
    expect(wholeHours(long({ startedAt: '2026-10-01T00:00:00Z' }), 7, now).start).toBe(
      '2026-11-09T06:00:00Z',
    );
  });

  it('are none where it has just begun', () => {
    const { start, end } = wholeHours(job({ startedAt: '2026-11-16T06:10:00Z' }), 7, now);
    expect(start).toBe(end);
  });
});

describe('a job at work', () => {
  it('is underused where its GPUs stay below the percentage on every instance', () => {
    expect(judge(course(12, { 3: 90, 4: 90 }), course(21))).toEqual({
      state: 'underused',
      check: 'underused-accelerator',
      reason:
        'GPUs at 21 % or less in 95 % of the last 3 days on all of 2 instances of ml.g5.xlarge, 100 % coverage',
      windowStart: hours.start,
      windowEnd: hours.end,
      coverage: 1,
      confidence: 'high',
      wastedShare: 0.79,
    });
  });

  it.each([
    ['one instance has enough to do', [course(12), course(64)]],
    ['one does not report', [course(12), { points: [] }]],
    ['one is not there', [course(12)]],
    ['one could not be read', [course(12), { ...course(12), failure: 'Throttled' }]],
    ['too many hours are missing', [course(12), { points: course(12).points.slice(10) }]],
    ['what was told cannot be', [course(12), course(Number.NaN)]],
  ])('is not called underused where %s', (_, courses) => {
    expect(judge(...courses)).toBeUndefined();
  });

  it('is asked only after a day, and where all its instances are of one type with GPUs', () => {
    const isAsked = (given: Partial<Job>) => {
      const one = long(given);
      return isMature({ job: one, facts: jobFacts }, wholeHours(one, 7, now), policy);
    };
    expect(isAsked({})).toBe(true);
    expect(isAsked({ startedAt: '2026-11-15T07:00:00Z' })).toBe(false);
    expect(isAsked({ clusters: [{ type: 'ml.m5.xlarge', count: 1 }] })).toBe(false);
    expect(
      isAsked({
        clusters: [
          { type: 'ml.g5.xlarge', count: 1 },
          { type: 'ml.g5.12xlarge', count: 1 },
        ],
      }),
    ).toBe(false);
  });
});

describe('a silent job', () => {
  const window = windowBefore(now, 180);
  const since = (...courses: (Series | undefined)[]) => {
    const hosts = courses.map(
      (hourly, index): JobHost => ({ name: `algo-${index + 1}`, gpu: undefined, cpu: 'unread', hourly }),
    );
    return silentSince(
      { job: long({ phaseSince: '2026-11-13T05:50:00Z' }), facts: jobFacts, hosts },
      window,
      3,
    );
  };

  it('has been so since the last hour in which one of its instances worked', () => {
    expect(since(course(0, { 30: 80 }), course(0, { 50: 40 }))).toBe('2026-11-15T09:00:00Z');
  });

  it('has been so since its first whole hour where none ever worked', () => {
    expect(since(course(0), course(1))).toBe('2026-11-13T06:00:00Z');
  });

  it('has been so since it began where that hour was told, too', () => {
    const at = Date.parse('2026-11-13T05:00:00Z');
    const points = [...course(0).points, { at, value: 0 }];
    expect(since({ points })).toBe('2026-11-13T05:50:00Z');
  });

  const without = (...missing: number[]): Series => ({
    points: course(0).points.filter((_, index) => !missing.includes(index)),
  });

  it('has been so only since the hour that nobody knows of', () => {
    expect(since(course(0), without(40))).toBe('2026-11-14T23:00:00Z');
    expect(since(without(10, 40), without(20))).toBe('2026-11-14T23:00:00Z');
    expect(since(course(0, { 40: Number.NaN }))).toBe('2026-11-14T23:00:00Z');
    expect(since(course(0, { 40: -1 }))).toBe('2026-11-14T23:00:00Z');
  });

  it('has been so for the window only, where the hours before are not told', () => {
    expect(since(course(0), undefined)).toBe(window.start);
    expect(since(course(0), { points: [], failure: 'Throttled' })).toBe(window.start);
  });

  it('has been so no shorter than the window, in whose first hour it may have worked', () => {
    expect(since(course(0, { 68: 80 }), course(0, { 69: 80 }))).toBe(window.start);
  });

  it('is not vouched for by those of a mixed cluster that have no GPUs', () => {
    const clusters = [
      { type: 'ml.g5.xlarge', count: 1 },
      { type: 'ml.m5.xlarge', count: 1 },
    ];
    const hosts = [course(0, { 30: 80 }), { points: [] }].map((hourly, index) =>
      host(`algo-${index}`, hourly),
    );
    const mixed = { job: long({ clusters, phaseSince: undefined }), facts: jobFacts, hosts };
    expect(silentSince(mixed, window, 3)).toBe('2026-11-14T13:00:00Z');
    expect(silentSince({ ...mixed, hosts: hosts.slice(1) }, window, 3)).toBe(window.start);
  });

  it('was silent in each hour since then, by what every instance told', () => {
    const hourly = fc.array(fc.constantFrom(0, 2, 80, Number.NaN, undefined), {
      minLength: 72,
      maxLength: 72,
    });
    fc.assert(
      fc.property(hourly, hourly, (...courses) => {
        const start = Date.parse(hours.start);
        const series = courses.map((values) => ({
          points: values.flatMap((value, index) =>
            value === undefined ? [] : [{ at: start + index * hourMs, value }],
          ),
        }));
        const first = Date.parse(since(...series));
        expect(first).toBeLessThanOrEqual(Date.parse(window.start));
        for (let hour = first; hour < Date.parse(window.start); hour += hourMs) {
          const index = Math.floor((hour - start) / hourMs);
          for (const values of courses) expect([0, 2]).toContain(values[index]);
        }
      }),
    );
  });
});
