import { describe, expect, it } from 'vitest';
import type { Job } from '../../../shared/compute/sagemaker/job.ts';
import { isUnpaid, isWaiting, judgeLimit, judgeStart } from '../../../shared/compute/sagemaker/job-delay.ts';
import type { Utilization } from '../../../shared/compute/utilization.ts';
import { ended, job } from '../../support/jobs.ts';

const now = '2026-11-16T06:00:00Z';

describe('a job that has not begun', () => {
  const waiting = job({
    phase: 'Starting',
    createdAt: '2026-11-16T02:50:00Z',
    waitingSince: '2026-11-16T02:50:00Z',
    startedAt: undefined,
  });

  const judge = (given: Partial<Job> = {}, minutes = 60) =>
    judgeStart({ ...waiting, ...given }, minutes, now);

  it('is stuck after an hour, and wastes nothing while its instances are not there', () => {
    expect(judge()).toEqual({
      since: '2026-11-16T02:50:00Z',
      utilization: {
        state: 'idle',
        check: 'job-stuck-starting',
        reason: 'Starting for 3 h 10 min, 2 instances of ml.g5.xlarge, which nobody pays for before they run',
        windowStart: '2026-11-16T02:50:00Z',
        windowEnd: now,
        coverage: 1,
        confidence: 'high',
      },
    });
  });

  it('wastes all of what it costs since its instances run and it still loads', () => {
    expect(judge({ phase: 'Downloading', startedAt: '2026-11-16T03:00:00Z' })).toMatchObject({
      since: '2026-11-16T03:00:00Z',
      utilization: {
        check: 'job-stuck-starting',
        wastedShare: 1,
        reason:
          'Downloading for 3 h 10 min, 2 instances of ml.g5.xlarge, which are paid for since they run, 3 h',
      },
    });
  });

  it('wastes nothing of the hours before its instances came, and says how long each phase lasted', () => {
    const waits = [
      { phase: 'Pending', since: '2026-11-15T09:54:00Z' },
      { phase: 'Downloading', since: '2026-11-16T05:54:00Z' },
    ];
    const given = { phase: 'Downloading', waitingSince: waits[0]?.since, waits };
    expect(judge({ ...given, startedAt: '2026-11-16T05:54:00Z' })).toMatchObject({
      since: '2026-11-16T05:54:00Z',
      utilization: {
        check: 'job-stuck-starting',
        wastedShare: 1,
        reason:
          'Pending for 20 h, then Downloading for 6 min, 2 instances of ml.g5.xlarge, which are paid for since they run, 6 min',
      },
    });
  });

  it.each([
    ['Interrupted', [], '2026-11-16T02:50:00Z', undefined],
    ['Downloading', ['Interrupted', 'Starting'], '2026-11-16T03:50:00Z', 1],
    ['Interrupted', ['Interrupted', 'Starting'], '2026-11-16T02:50:00Z', undefined],
  ])(
    'wastes nothing while spot capacity is taken from it: %s after %j',
    (phase, before, since, wastedShare) => {
      const waits = [...before, phase].map((name, index) => ({
        phase: name,
        since: `2026-11-16T0${index + 2}:50:00Z`,
      }));
      const delay = judge({ phase, waits, startedAt: '2026-11-15T03:00:00Z' });
      expect(delay?.since).toBe(since);
      expect(delay?.utilization.wastedShare).toBe(wastedShare);
    },
  );

  it.each<[string, boolean, Partial<Job>]>([
    ['its instances have not come', true, {}],
    ['it is stopped before they came', true, { status: 'Stopping', waitingSince: undefined }],
    ['spot capacity was taken from it', true, { phase: 'Interrupted', startedAt: '2026-11-16T02:00:00Z' }],
    ['it loads its data', false, { phase: 'Downloading', startedAt: '2026-11-16T03:00:00Z' }],
    ['it works', false, { waitingSince: undefined, startedAt: '2026-11-16T03:00:00Z' }],
    ['it was stopped before they came', false, { status: 'Stopped' }],
  ])('where %s: that nothing of its rate is paid for yet is %s', (_, expected, given) => {
    expect(isUnpaid({ ...waiting, ...given })).toBe(expected);
  });

  it('is told once where it came back to a phase again and again', () => {
    const waits = ['Interrupted', 'Starting', 'Interrupted', 'Starting'].map((phase, index) => ({
      phase,
      since: `2026-11-16T0${index + 1}:00:00Z`,
    }));
    expect(judge({ waits })?.utilization.reason).toMatch(/^Interrupted for 2 h, then Starting for 3 h,/);
  });

  it('is fine for an hour', () => {
    expect(judge({}, 190)?.utilization).toMatchObject({ state: 'busy' });
    expect(judge({}, 190)?.utilization).not.toHaveProperty('check');
    expect(judge({}, 189)?.utilization).toMatchObject({ check: 'job-stuck-starting' });
  });

  it('is not stuck while it waits for the hours that its training plan has bought', () => {
    const { utilization } = judge({ phase: 'Pending', payment: 'plan' }) ?? {};
    expect(utilization?.state).toBe('busy');
    expect(utilization?.check).toBeUndefined();
    expect(utilization?.reason).toBe(
      'Pending for 3 h 10 min, 2 instances of ml.g5.xlarge, until the hours of its training plan begin',
    );
    const waits = [
      { phase: 'Pending', since: '2026-11-16T02:50:00Z' },
      { phase: 'Downloading', since: '2026-11-16T05:00:00Z' },
    ];
    const given = {
      phase: 'Downloading',
      payment: 'plan',
      waits,
      startedAt: '2026-11-16T05:00:00Z',
    } as const;
    expect(judge(given, 60)?.utilization.check).toBeUndefined();
    expect(judge(given, 59)?.utilization.check).toBe('job-stuck-starting');
  });

  it('is said as not started where it has no phases', () => {
    expect(judge({ kind: 'processing', phase: undefined })?.utilization.reason).toMatch(
      /^not started for 3 h 10 min/,
    );
  });

  it('is no matter of one at work, one that stops, or one that is over', () => {
    const since = { waitingSince: '2026-11-16T02:50:00Z' };
    expect([job(), job({ ...since, status: 'Stopping' }), ended(since)].map(isWaiting)).toEqual([
      false,
      false,
      false,
    ]);
    expect(judgeStart(job(), 60, now)).toBeUndefined();
  });
});

describe('the limit of a job', () => {
  const busy: Utilization = {
    state: 'busy',
    reason: 'GPUs of algo-1 up to 97 % in the last 3 h',
    windowStart: '2026-11-16T02:55:00Z',
    windowEnd: '2026-11-16T05:55:00Z',
    coverage: 1,
    confidence: 'high',
    lastBusy: '2026-11-16T05:50:00Z',
  };
  const long = job({ startedAt: '2026-11-12T22:00:00Z' });

  it('is passed since a point in time, though it works, and that by itself wastes nothing', () => {
    const verdict = judgeLimit(long, { hours: 72 }, busy, now);
    expect(verdict).toMatchObject({
      since: '2026-11-15T22:00:00Z',
      utilization: {
        state: 'busy',
        check: 'job-over-limit',
        reason: 'running for 3 days 8 h, 8 h over the limit of 3 days, 2 instances of ml.g5.xlarge',
        lastBusy: '2026-11-16T05:50:00Z',
      },
    });
    expect(verdict?.utilization).not.toHaveProperty('wastedShare');
  });

  it('may be its team’s own', () => {
    expect(judgeLimit(long, { hours: 24, team: 'vision' }, busy, now)?.utilization.reason).toContain(
      'over the limit of team vision of 24 h',
    );
  });

  it.each([
    ['it runs for as long as it may', long, 80],
    ['it has not started', job({ startedAt: undefined }), 1],
    ['it is over', ended(), 1],
  ])('is kept where %s', (_, one, hours) => {
    expect(judgeLimit(one, { hours }, busy, now)).toBeUndefined();
  });
});
