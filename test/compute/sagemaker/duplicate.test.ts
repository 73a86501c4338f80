import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeDuplicates } from '../../../shared/compute/sagemaker/duplicate.ts';
import type { Job } from '../../../shared/compute/sagemaker/job.ts';
import { ended, job, jobRates } from '../../support/jobs.ts';

const now = '2026-11-16T06:00:00Z';
const policy = { days: 7, toldSince: '2026-11-15T06:00:00Z', rateOf: jobRates };
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
        since: '2026-11-15T18:00:00Z',
        loss: 28,
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

  it('names the first of three, twice', () => {
    const third = job({ name: 'third', fingerprint: 'f', createdAt: '2026-11-16T01:00:00Z' });
    expect(
      judge(third, second, first).map(({ job: { name }, utilization: { reason } }) => [
        name,
        reason.includes('as first '),
      ]),
    ).toEqual([
      ['second', true],
      ['third', true],
    ]);
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
    ['comes at the same time every other day', { ...first, createdAt: '2026-11-13T17:59:00Z' }, second],
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

  it('is the same whatever order the jobs come in', () => {
    const jobs = [first, second, job({ name: 'third', fingerprint: 'f', createdAt: '2026-11-16T01:00:00Z' })];
    fc.assert(
      fc.property(fc.shuffledSubarray(jobs, { minLength: 3 }), (shuffled) => {
        expect(judge(...shuffled)).toEqual(judge(...jobs));
      }),
    );
  });
});
