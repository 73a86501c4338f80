import { describe, expect, it } from 'vitest';
import { isWaiting, judgeLimit, judgeStart } from '../../../shared/compute/sagemaker/job-delay.ts';
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

  it('is stuck after an hour, and wastes nothing while its instances are not there', () => {
    expect(judgeStart(waiting, 60, now)).toEqual({
      state: 'idle',
      check: 'job-stuck-starting',
      reason: 'Starting for 3 h 10 min, 2 instances of ml.g5.xlarge, which nobody pays for before they run',
      windowStart: '2026-11-16T02:50:00Z',
      windowEnd: now,
      coverage: 1,
      confidence: 'high',
    });
  });

  it('wastes all of what it costs where its instances run and it still loads', () => {
    const loading = { ...waiting, phase: 'Downloading', startedAt: '2026-11-16T03:00:00Z' };
    expect(judgeStart(loading, 60, now)).toMatchObject({
      check: 'job-stuck-starting',
      wastedShare: 1,
      reason: 'Downloading for 3 h 10 min, 2 instances of ml.g5.xlarge, which are paid for',
    });
  });

  it('wastes nothing where spot capacity was taken from it', () => {
    const interrupted = { ...waiting, phase: 'Interrupted', startedAt: '2026-11-15T03:00:00Z' };
    expect(judgeStart(interrupted, 60, now)).not.toHaveProperty('wastedShare');
  });

  it('is fine for an hour', () => {
    expect(judgeStart(waiting, 190, now)).toMatchObject({ state: 'busy' });
    expect(judgeStart(waiting, 190, now)).not.toHaveProperty('check');
    expect(judgeStart(waiting, 189, now)).toMatchObject({ check: 'job-stuck-starting' });
  });

  it('is said as not started where it has no phases', () => {
    const processing = job({
      kind: 'processing',
      startedAt: undefined,
      waitingSince: '2026-11-16T02:50:00Z',
    });
    expect(judgeStart(processing, 60, now)?.reason).toMatch(/^not started for 3 h 10 min/);
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
