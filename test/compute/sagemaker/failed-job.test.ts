import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeFailures } from '../../../shared/compute/sagemaker/failed-job.ts';
import type { Job } from '../../../shared/compute/sagemaker/job.ts';
import type { PastJobs } from '../../../shared/compute/sagemaker/job-series.ts';
import { addMilliseconds } from '../../../shared/period.ts';
import { ended, jobRates } from '../../support/jobs.ts';

const now = '2026-11-16T06:00:00Z';
const policy = {
  failedCost: 20,
  days: 7,
  toldSince: '2026-11-15T06:00:00Z',
  rateOf: jobRates,
  past: [] as PastJobs[],
};
const dayMs = 86_400_000;
const judge = (jobs: readonly Job[], given: Partial<typeof policy> = {}) =>
  judgeFailures(jobs, { ...policy, ...given }, now);

/** Ten hours of two instances at $1.40. */
const failed = (given: Partial<Job> = {}): Job =>
  ended({ status: 'Failed', phase: 'Failed', failureReason: 'AlgorithmError: CUDA out of memory', ...given });

const failures = (count: number, given: Partial<Job> = {}): Job[] =>
  Array.from({ length: count }, (_, index) =>
    failed({
      name: `reranker-${index + 1}`,
      fingerprint: 'f',
      endedAt: `2026-11-${String(17 - count + index).padStart(2, '0')}T04:00:00Z`,
      billableSeconds: 3600 * 3,
      ...given,
    }),
  );

describe('a job that failed', () => {
  it('is told with what it cost, for how long it ran and the first line of why', () => {
    const failureReason =
      'AlgorithmError: CUDA out of memory\nTraceback (most recent call last):\n  File "train.py"';
    expect(judge([failed({ failureReason })])).toEqual([
      {
        job: failed({ failureReason }),
        times: 1,
        since: '2026-11-16T04:00:00Z',
        loss: 28,
        losses: [{ at: '2026-11-16T04:00:00Z', amount: 28 }],
        utilization: {
          state: 'ended',
          check: 'job-failed-late',
          reason:
            'failed after 10 h on 2 instances of ml.g5.xlarge, $28.00: AlgorithmError: CUDA out of memory',
          windowStart: '2026-11-15T18:00:00Z',
          windowEnd: '2026-11-16T04:00:00Z',
          coverage: 1,
          confidence: 'high',
        },
      },
    ]);
  });

  it.each(['MaxRuntimeExceeded', 'MaxWaitTimeExceeded'])('is also one that %s stopped', (phase) => {
    expect(
      judge([failed({ status: 'Stopped', phase, failureReason: undefined })])[0]?.utilization.reason,
    ).toBe('stopped at its limit after 10 h on 2 instances of ml.g5.xlarge, $28.00');
  });

  it.each<[string, Partial<Job>]>([
    ['cost too little', { billableSeconds: 3600 }],
    ['failed before its instances ran', { startedAt: undefined, billableSeconds: undefined }],
    ['was stopped by somebody', { status: 'Stopped', phase: 'Stopped' }],
    ['ended well', { status: 'Completed', phase: 'Completed' }],
    ['failed before what has been told', { endedAt: '2026-11-15T05:59:59Z' }],
    ['has no end', { endedAt: undefined, startedAt: undefined, billableSeconds: undefined }],
  ])('is not told where it %s', (_, given) => {
    expect(judge([failed(given)])).toEqual([]);
  });

  it('is told from an hour on where its price is unknown, and never at 0', () => {
    const clusters = [{ type: 'ml.p9.48xlarge', count: 1 }];
    const [failure] = judge([failed({ clusters })]);
    expect(failure?.loss).toBeUndefined();
    expect(failure?.utilization.reason).toContain('at a price that is unknown');
    expect(judge([failed({ clusters, billableSeconds: 3599 })])).toEqual([]);
  });

  it('ran for as long as it was there, whatever discount its billable seconds have', () => {
    const reason = judge([failed({ payment: 'spot', billableSeconds: 30_000 })])[0]?.utilization.reason;
    expect(reason).toMatch(/^failed after 10 h on 2 instances of ml\.g5\.xlarge, \$23\.33/);
  });

  it.each([undefined, '', '  \n '])('needs no reason: %j', (failureReason) => {
    expect(judge([failed({ failureReason })])[0]?.utilization.reason).toMatch(/\$28\.00$/);
  });

  it('is cut where its reason is long', () => {
    const [failure] = judge([failed({ failureReason: 'x'.repeat(5000) })]);
    expect(failure?.utilization.reason).toMatch(/: x{159}…$/);
  });
});

describe('a crash loop', () => {
  it('is one failure, with how often and what all of it cost, however little each did', () => {
    const found = judge(failures(4));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      job: { name: 'reranker-1' },
      times: 4,
      since: '2026-11-13T04:00:00Z',
      loss: expect.closeTo(33.6),
      utilization: {
        windowEnd: '2026-11-16T04:00:00Z',
        reason:
          'failed 4 times alike in 3 days, last as reranker-4, 24 instance hours in all, $33.60: AlgorithmError: CUDA out of memory',
      },
    });
  });

  it('stays the same failure when it goes on', () => {
    const [before] = judgeFailures(
      failures(4).slice(0, 3),
      { ...policy, toldSince: '2026-11-14T06:00:00Z' },
      now,
    );
    const [after] = judge(failures(4));
    expect([before?.job.name, before?.since]).toEqual([after?.job.name, after?.since]);
  });

  it('is over when nobody is told of it any more: the next failure is another', () => {
    const old = failed({ name: 'reranker-0', fingerprint: 'f', endedAt: '2026-11-11T15:59:00Z' });
    expect(judge([old, ...failures(4)])[0]?.job.name).toBe('reranker-1');
    const late = { ...old, endedAt: '2026-11-11T16:00:00Z' };
    expect(judge([late, ...failures(4)])[0]?.job.name).toBe('reranker-0');
  });

  it('names those before it that were told by themselves, and counts them in, but not their cost once more', () => {
    const before = ['07', '09', '11'].map((day) =>
      failed({
        name: `old-${day}`,
        fingerprint: 'f',
        endedAt: `2026-11-${day}T04:00:00Z`,
        billableSeconds: 7200,
      }),
    );
    const last = failed({ name: 'last', fingerprint: 'f', billableSeconds: 18_000 });
    expect(judge([...before, last])).toMatchObject([
      {
        job: { name: 'last' },
        loss: 14,
        utilization: {
          reason:
            'failed after 10 h on 2 instances of ml.g5.xlarge, $14.00, after 2 failures alike in the 7 days before, $11.20: AlgorithmError: CUDA out of memory',
        },
      },
    ]);
  });

  it('is none of jobs that did different things, or of which nobody knows what they did', () => {
    const apart = failures(4).map((job, index) => ({
      ...job,
      fingerprint: `f${index}`,
      billableSeconds: 36_000,
    }));
    expect(judge(apart)).toHaveLength(1);
    expect(judge(failures(4, { fingerprint: undefined, billableSeconds: 36_000 }))).toHaveLength(1);
  });

  it('costs an unknown sum where one of its prices is unknown', () => {
    const jobs = failures(4);
    jobs[0] = { ...(jobs[0] as Job), clusters: [{ type: 'ml.p9.48xlarge', count: 1 }] };
    expect(judge(jobs)[0]?.loss).toBeUndefined();
  });

  it('loses by the month in which each of them ended', () => {
    const ends = ['2026-10-31T03:00:00Z', '2026-11-01T03:00:00Z', '2026-11-02T03:00:00Z'];
    const jobs = ends.map((endedAt, index) => failed({ name: `job-${index}`, fingerprint: 'f', endedAt }));
    expect(judge(jobs, { toldSince: '2026-11-01T00:00:00Z' })[0]).toMatchObject({
      since: '2026-10-31T03:00:00Z',
      losses: ends.map((at) => ({ at, amount: 28 })),
    });
  });

  const nights = (count: number, hours = 24): Job[] =>
    Array.from({ length: count }, (_, index) =>
      failed({
        name: `night-${String(index).padStart(4, '0')}`,
        fingerprint: 'f',
        endedAt: addMilliseconds(now, -(count - index) * hours * 3_600_000),
        billableSeconds: 3600,
      }),
    );

  it('tells the newest fifty of its losses, and those before as the last of their month', () => {
    const [found] = judge(nights(200, 12), { days: 300 });
    expect(found?.losses).toHaveLength(50 + 3);
    expect(found?.losses?.[0]?.at).toBe('2026-08-31T18:00:00Z');
    expect(found?.losses?.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(200 * 2.8);
    expect(found?.loss).toBeCloseTo(200 * 2.8);
  });

  /** What a watch sees of it day by day, to which jobs of more than 31 days ago are unknown. */
  const watchDaily = (all: readonly Job[], days: number) => {
    let past: PastJobs[] = [];
    return Array.from({ length: days }, (_, index) => {
      const at = addMilliseconds(now, -(days - index - 1) * dayMs);
      const jobs = all.filter(
        ({ endedAt = '' }) => endedAt < at && endedAt >= addMilliseconds(at, -31 * dayMs),
      );
      const toldSince = addMilliseconds(at, -36 * 3_600_000);
      const found = judgeFailures(jobs, { ...policy, toldSince, past }, at);
      past = found.flatMap((one) => one.past ?? past);
      return { at, found };
    });
  };

  it('stays the same failure for longer than its jobs are remembered, and counts all of them', () => {
    const all = nights(100);
    const seen = watchDaily(all, 90).flatMap(({ found }) => found);
    expect(seen).toHaveLength(90);
    expect(new Set(seen.map(({ job, since }) => `${job.name} ${since}`)).size).toBe(1);
    expect(seen.at(-1)).toMatchObject({
      times: 100,
      loss: expect.closeTo(280),
      utilization: {
        reason: expect.stringContaining('failed 100 times alike in 99 days, last as night-0099'),
      },
    });
  });

  it('is another when it was over before, however long it went on', () => {
    const all = nights(100).filter((_, index) => index !== 95 && index !== 96);
    const names = watchDaily(all, 90).map(({ found }) => found[0]?.job.name);
    expect(new Set(names)).toEqual(new Set(['night-0000', undefined, 'night-0097']));
  });

  it('is another when it did something else', () => {
    const [kept] = watchDaily(nights(60), 50).at(-1)?.found ?? [];
    const other = nights(1).map((one) => ({ ...one, fingerprint: 'g', billableSeconds: 36_000 }));
    expect(judge(other, { past: kept?.past ? [kept.past] : [] })[0]?.job.name).toBe('night-0000');
  });

  it('is the same whatever order the jobs come in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(failures(6), { minLength: 6 }), (jobs) => {
        expect(judge(jobs)).toEqual(judge(failures(6)));
      }),
    );
  });
});
