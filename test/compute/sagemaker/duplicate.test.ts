import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DuplicatePolicy, judgeDuplicates } from '../../../shared/compute/sagemaker/duplicate.ts';
import type { Job } from '../../../shared/compute/sagemaker/job.ts';
import type { PastJobs } from '../../../shared/compute/sagemaker/job-series.ts';
import { addMilliseconds } from '../../../shared/period.ts';
import { ended, job, jobRates } from '../../support/jobs.ts';

const now = '2026-11-16T06:00:00Z';
const policy = {
  days: 7,
  toldSince: '2026-11-15T06:00:00Z',
  rateOf: jobRates,
  past: [],
  wasted: new Set<string>(),
};
const judge = (...jobs: Job[]) => judgeDuplicates(jobs, policy, now);

const first = ended({
  name: 'first',
  fingerprint: 'f',
  createdAt: '2026-11-14T09:00:00Z',
  endedAt: '2026-11-14T19:00:00Z',
});
const second = ended({ name: 'second', fingerprint: 'f' });

describe('a job that does what another did', () => {
  it('is told with what it cost, and names the first', () => {
    expect(judge(first, second)).toEqual([
      {
        job: second,
        names: ['second'],
        times: 1,
        since: '2026-11-15T18:00:00Z',
        loss: 28,
        losses: [{ at: '2026-11-16T04:00:00Z', amount: 28 }],
        atStake: 28,
        utilization: {
          state: 'ended',
          check: 'job-duplicate',
          reason:
            'the same image, hyper-parameters and data as first 32 h 55 min before, 2 instances of ml.g5.xlarge, $28.00',
          windowStart: '2026-11-15T18:00:00Z',
          windowEnd: '2026-11-16T04:00:00Z',
          coverage: 1,
          confidence: 'medium',
        },
      },
    ]);
  });

  it('is told while it runs, when it still can be stopped, as wasting all that it costs', () => {
    const [found] = judge(first, job({ name: 'second', fingerprint: 'f' }));
    expect(found).toMatchObject({
      since: '2026-11-15T18:00:00Z',
      utilization: { state: 'busy', wastedShare: 1 },
      hourlyRate: 2.8,
      atStake: expect.closeTo(33.6),
    });
    expect(found?.loss).toBeUndefined();
  });

  it('is the same episode when it has ended', () => {
    const [running] = judge(first, job({ name: 'second', fingerprint: 'f' }));
    expect(judge(first, second)[0]?.since).toBe(running?.since);
  });

  it('is less certain where each has places of its own, such as an upload of its code', () => {
    const own = { ...second, hasOwnPlaces: true };
    expect(judge(first, own)[0]?.utilization).toMatchObject({
      confidence: 'low',
      reason: expect.stringContaining('though each has places of its own, its code for example'),
    });
  });

  it('has cost nothing before it starts, and is another episode then', () => {
    const waiting = job({ name: 'second', fingerprint: 'f', startedAt: undefined });
    const [found] = judge(first, waiting);
    expect(found).toMatchObject({ since: '2026-11-15T17:55:00Z', atStake: 28 });
    expect(found?.utilization.wastedShare).toBeUndefined();
  });

  it('comes to what the first did while it has cost less', () => {
    const soon = job({ name: 'second', fingerprint: 'f', startedAt: '2026-11-16T05:00:00Z' });
    expect(judge(first, soon)[0]?.atStake).toBe(28);
  });

  it('wastes nothing of its own where it is told to do nothing', () => {
    const given = { ...policy, wasted: new Set(['second']) };
    const [found] = judgeDuplicates([first, job({ name: 'second', fingerprint: 'f' })], given, now);
    expect(found?.utilization.wastedShare).toBeUndefined();
  });

  it.each<[string, Job, Job]>([
    ['did something else', first, { ...second, fingerprint: 'g' }],
    ['did what nobody knows', { ...first, fingerprint: undefined }, { ...second, fingerprint: undefined }],
    ['repeats a failure', { ...first, status: 'Failed' }, second],
    ['failed itself', first, { ...second, status: 'Failed' }],
    ['was stopped', first, { ...second, status: 'Stopped' }],
    ['came eight days later', { ...first, createdAt: '2026-11-07T09:00:00Z' }, second],
    ['ended before what has been told', first, { ...second, endedAt: '2026-11-15T05:00:00Z' }],
    ['comes at the same time every day', { ...first, createdAt: '2026-11-14T17:52:00Z' }, second],
    ['comes at about the same time every other day', { ...first, createdAt: '2026-11-13T16:25:00Z' }, second],
    [
      'processes data, as it does each time',
      { ...first, kind: 'processing' },
      { ...second, kind: 'processing' },
    ],
  ])('is not told where it %s', (_, one, other) => {
    expect(judge(one, other)).toEqual([]);
  });

  it('is never told where the days are 0', () => {
    expect(judgeDuplicates([first, second], { ...policy, days: 0 }, now)).toEqual([]);
  });

  it('is told of jobs that were started at the same moment, once', () => {
    const twins = ['a', 'b'].map((name) => job({ name, fingerprint: 'f' }));
    expect(judge(...twins).map((found) => found.job.name)).toEqual(['b']);
  });
});

describe('jobs that do what another did', () => {
  /** Irregular hours before now. */
  const jobsAt = (...hours: number[]): Job[] =>
    hours.map((before, index) => {
      const at = (hour: number) => addMilliseconds(now, -hour * 3_600_000);
      return ended({
        name: `job-${String(index).padStart(2, '0')}`,
        fingerprint: 'f',
        createdAt: at(before),
        startedAt: at(before),
        endedAt: at(before - 0.5),
        billableSeconds: 1800,
      });
    });
  const named = (jobs: readonly Job[], given: Partial<DuplicatePolicy> = {}) =>
    judgeDuplicates(jobs, { ...policy, ...given }, now).map(({ job: { name }, times }) => [name, times]);

  it('are one finding, which the first that repeats names', () => {
    const third = job({ name: 'third', fingerprint: 'f', createdAt: '2026-11-16T01:00:00Z' });
    expect(judge(third, second, first)).toMatchObject([
      {
        job: { name: 'second' },
        names: ['second', 'third'],
        since: '2026-11-15T18:00:00Z',
        losses: [
          { at: '2026-11-16T04:00:00Z', amount: 28 },
          { at: '2026-11-16T05:59:59Z', amount: expect.closeTo(33.6) },
        ],
        utilization: {
          state: 'busy',
          reason:
            'the same image, hyper-parameters and data as first 40 h before, 2 times alike, last as third, 44 instance hours in all, $61.60',
        },
      },
    ]);
  });

  it('are one finding where twenty-one are alike', () => {
    const hours = Array.from({ length: 21 }, (_, index) => 20 - index * 0.7);
    expect(named(jobsAt(...hours))).toEqual([['job-01', 20]]);
  });

  it('count what of them does nothing where that is told', () => {
    const running = ['b', 'c'].map((name) => job({ name, fingerprint: 'f' }));
    const given = { ...policy, wasted: new Set(['b']) };
    expect(judgeDuplicates([job({ name: 'a', fingerprint: 'f' }), ...running], given, now)).toMatchObject([
      { job: { name: 'b' }, names: ['b', 'c'], losses: [{ amount: expect.closeTo(33.6) }] },
    ]);
  });

  it('are another finding where nobody was told of those before any more', () => {
    expect(named(jobsAt(80, 76, 20))).toEqual([['job-02', 1]]);
    expect(named(jobsAt(80, 76, 39.6))).toEqual([]); // told until five hours ago
    expect(named(jobsAt(80, 56, 20.6))).toEqual([['job-02', 1]]);
    expect(named(jobsAt(80, 60, 24.2))).toEqual([['job-01', 2]]);
  });

  it.each([
    ['every night, about the same hour', [146.2, 121.9, 98.4, 74.1, 50.6, 25.8, 2.5]],
    ['twice, on two days about the same hour', [26, 3.4]],
    ['every six hours', [21, 15.2, 8.9, 3]],
    ['every two hours and a half, or three', [12.1, 9, 6.4, 3.4]],
    ['every hour, a minute sooner or later', [7, 6.02, 5, 4.01, 3, 2.02, 1.01]],
    ['every fifty hours, by turns at another hour', [103, 53, 3]],
    ['every night, with a retry in one of them', [98, 74.3, 50, 49.1, 26.2, 2]],
    ['every night, though the clocks are changed', [146, 122, 98, 73, 49, 25, 1]],
  ])('are none where they come %s', (_, hours) => {
    expect(named(jobsAt(...hours))).toEqual([]);
  });

  it('are none where a night of the schedule failed', () => {
    const nights = jobsAt(21, 15.2, 8.9, 3);
    const failed = nights.map((one, index): Job => (index === 1 ? { ...one, status: 'Failed' } : one));
    expect(named(failed)).toEqual([]);
  });

  it('are those of an afternoon, however evenly three of them come', () => {
    expect(named(jobsAt(7, 5.33, 3.83))).toEqual([['job-01', 2]]);
  });

  it('are those of two days of work, though each has its like at the same hour', () => {
    expect(named(jobsAt(37, 35.8, 31, 29.5, 13.2, 11.3, 7.4, 4.9))).toEqual([['job-01', 7]]);
    expect(named(jobsAt(37, 35.8, 31, 7.4))).toEqual([['job-01', 3]]);
  });

  it('are those beside a schedule, and not the next of the schedule', () => {
    const toldSince = '2026-11-14T06:00:00Z';
    expect(named(jobsAt(98, 74, 50, 36, 26, 2), { toldSince })).toEqual([['job-03', 1]]);
    expect(named(jobsAt(98, 74, 50, 26, 14, 2))).toEqual([]);
    expect(named(jobsAt(98, 74, 50, 26, 11, 2))).toEqual([['job-04', 1]]);
  });

  it('stay the same finding for longer than they are remembered', () => {
    // Two of them after 7 and after 31 hours, by turns: at no hour of the day again, and never evenly spaced.
    const hours = Array.from(
      { length: 48 },
      (_, index) => 950 - Math.floor(index / 2) * 38.5 - (index % 2) * 7.2,
    );
    const all = jobsAt(...hours);
    let past: PastJobs[] = [];
    const seen = new Set<string>();
    for (let day = 39; day >= 0; day -= 1) {
      const at = addMilliseconds(now, -day * 24 * 3_600_000);
      const remembered = all.filter(
        ({ endedAt = '' }) => endedAt < at && endedAt > addMilliseconds(at, -8 * 24 * 3_600_000),
      );
      const toldSince = addMilliseconds(at, -36 * 3_600_000);
      const found = judgeDuplicates(remembered, { ...policy, past, toldSince }, at);
      for (const {
        job: { name },
        times,
        loss,
      } of found) {
        seen.add(name);
        expect(loss).toBeCloseTo(times * 1.4);
      }
      past = found.flatMap((one) => one.past ?? past);
    }
    expect([...seen]).toEqual(['job-01']);
  });

  it('is the same whatever order the jobs come in', () => {
    const jobs = [first, second, job({ name: 'third', fingerprint: 'f', createdAt: '2026-11-16T01:00:00Z' })];
    fc.assert(
      fc.property(fc.shuffledSubarray(jobs, { minLength: 3 }), (shuffled) => {
        expect(judge(...shuffled)).toEqual(judge(...jobs));
      }),
    );
  });
});
