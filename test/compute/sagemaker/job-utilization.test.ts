import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../../shared/compute/metric.ts';
import type { Job } from '../../../shared/compute/sagemaker/job.ts';
import {
  hostMetric,
  hostNames,
  type JobHost,
  judgeJob,
  type MeasuredJob,
  nextJobQuestion,
} from '../../../shared/compute/sagemaker/job-utilization.ts';
import { windowBefore } from '../../../shared/compute/utilization.ts';
import { series } from '../../support/compute.ts';
import { job, jobFacts } from '../../support/jobs.ts';

const policy = { gpuPercent: 3, cpuPercent: 5, coverage: 0.9 };

/** 02:55 to 05:55, 36 periods. */
const window = windowBefore('2026-11-16T06:00:00Z', 180);
const quiet = (value = 0): Series => series(window, value);

const hosts = (count = 2, given: Partial<JobHost> = {}): JobHost[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `algo-${index + 1}`,
    gpu: quiet(0.5),
    cpu: quiet(2),
    ...given,
  }));

/** The silent hosts, with some of them otherwise. */
const hostsWith = (others: Record<number, Partial<JobHost>>, count = 2): JobHost[] =>
  hosts(count).map((host, index) => ({ ...host, ...others[index] }));

const measured = (given: Partial<Job> = {}, found: JobHost[] = hosts()): MeasuredJob => ({
  job: job(given),
  facts: jobFacts,
  hosts: found,
});

const judge = (given: Partial<Job> = {}, found?: JobHost[]) =>
  judgeJob(measured(given, found), window, policy);

const cpuOnly = { clusters: [{ type: 'ml.m5.xlarge', count: 2 }], kind: 'processing' as const };

describe('a running job', () => {
  it('is idle where the GPUs and CPUs of all its instances were silent over the whole window', () => {
    expect(judge()).toEqual({
      state: 'idle',
      check: 'job-idle',
      reason:
        'GPUs at most 0.5 %, CPU at most 2 % on all of 2 instances of ml.g5.xlarge for 3 h, 100 % coverage',
      windowStart: window.start,
      windowEnd: window.end,
      coverage: 1,
      confidence: 'high',
      wastedShare: 1,
    });
  });

  it('is busy where one of its instances works, and says which', () => {
    expect(judge({}, hostsWith({ 1: { gpu: series(window, 0, { 30: 97 }) } }))).toMatchObject({
      state: 'busy',
      reason: 'GPUs of algo-2 up to 97 % in the last 3 h',
      lastBusy: '2026-11-16T05:25:00Z',
    });
  });

  it('is busy, and said to prepare data, where only its CPU works', () => {
    expect(judge({}, hostsWith({ 0: { cpu: quiet(64) } }))).toMatchObject({
      state: 'busy',
      reason:
        'CPU of algo-1 up to 64 % in the last 3 h, while its GPUs wait at no more than 0.5 %: it prepares data',
    });
  });

  it('is idle with less confidence where a part of the window is missing', () => {
    const found = hostsWith({ 0: { gpu: { points: quiet().points.slice(2) } } });
    expect(judge({}, found)).toMatchObject({ state: 'idle', confidence: 'medium' });
  });

  it('is idle with little confidence where it has no GPU: it may wait for what others do', () => {
    const found = hosts(2, { gpu: undefined });
    expect(judge(cpuOnly, found)).toMatchObject({
      state: 'idle',
      confidence: 'low',
      reason: 'CPU at most 2 % on all of 2 instances of ml.m5.xlarge for 3 h, 100 % coverage',
    });
  });

  it.each<[string, Partial<Job>, JobHost[], string]>([
    [
      'one of two instances reports',
      {},
      hostsWith({ 1: { gpu: { points: [] } } }),
      '1 of 2 instances reporting their GPUs',
    ],
    ['the host of one is not known', {}, hosts(1), '1 of 2 instances reporting their GPUs'],
    [
      'the CPU of one is missing',
      {},
      hostsWith({ 1: { cpu: { points: [] } } }),
      '1 of 2 instances reporting their CPU',
    ],
    ['nothing reports', {}, hosts(2, { gpu: { points: [] }, cpu: { points: [] } }), '0 of 2 instances'],
    [
      'a query failed',
      {},
      hostsWith({ 1: { gpu: { points: [], failure: 'Throttled' } } }),
      'the metrics of algo-2 could not be read: Throttled',
    ],
    [
      'too little of the window is told',
      {},
      hostsWith({ 0: { gpu: { points: quiet().points.slice(6) } } }),
      'algo-1 reported for 83 % of the last 3 h, too little to call it idle',
    ],
    ['what was told cannot be', {}, hosts(2, { gpu: quiet(-4) }), '0 of 2 instances reporting their GPUs'],
    [
      'it has been training for less than the window',
      { phaseSince: '2026-11-16T04:10:00Z' },
      hosts(),
      'Training since 2026-11-16 04:10 UTC: not through the whole window of 3 h',
    ],
    [
      'its instances are not there yet',
      { startedAt: undefined, phaseSince: undefined },
      hosts(),
      'not there yet',
    ],
    ['it names no instances', { clusters: [] }, [], 'SageMaker does not say which instances it runs on'],
    [
      'EC2 does not know its type',
      { clusters: [{ type: 'ml.g9.xlarge', count: 2 }] },
      hosts(),
      "EC2 doesn't describe g9.xlarge",
    ],
    [
      'its accelerators report nothing',
      { clusters: [{ type: 'ml.trn1.2xlarge', count: 2 }] },
      hosts(2, { gpu: undefined }),
      'no metric of the accelerators of ml.trn1.2xlarge, and a quiet CPU says nothing',
    ],
  ])('is unknown, and never idle, where %s', (_, given, found, reason) => {
    expect(judge(given, found)).toMatchObject({
      state: 'unknown',
      confidence: 'low',
      reason: expect.stringContaining(reason),
    });
    expect(judge(given, found)).not.toHaveProperty('check');
  });

  it('of two types is idle though the instances without GPUs report none', () => {
    const clusters = [
      { type: 'ml.g5.xlarge', count: 1 },
      { type: 'ml.m5.xlarge', count: 1 },
    ];
    const found = hostsWith({ 1: { gpu: { points: [] } } });
    expect(judge({ clusters }, found)).toMatchObject({ state: 'idle', coverage: 1 });
    expect(judge({ clusters }, hosts(2, { gpu: { points: [] } }))).toMatchObject({ state: 'unknown' });
  });

  it('is never idle where one point of one instance is above the threshold', () => {
    const above = fc.double({ min: 3, minExcluded: true, max: 1000, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 35 }),
        fc.integer({ min: 0, max: 4 }),
        above,
        (at, host, value) => {
          const found = hostsWith({ [host]: { gpu: series(window, 0, { [at]: value }) } }, 5);
          const clusters = [{ type: 'ml.g5.xlarge', count: 5 }];
          expect(judge({ clusters }, found).state).toBe('busy');
        },
      ),
    );
  });

  it('never becomes idle because points are lost that were not of work', () => {
    const some = fc.subarray([...quiet().points], { maxLength: 32 });
    fc.assert(
      fc.property(
        some,
        fc.integer({ min: 0, max: 1 }),
        fc.constantFrom('gpu' as const, 'cpu' as const),
        (points, host, signal) => {
          expect(judge({}, hostsWith({ [host]: { [signal]: { points } } })).state).toBe('unknown');
        },
      ),
    );
  });
});

describe('the metrics of a job', () => {
  it('are normalised: 400 % on four GPUs is 100 %, and 4,800 % on 48 CPUs too', () => {
    const four = measured({ clusters: [{ type: 'ml.g5.12xlarge', count: 1 }] });
    expect(hostMetric(four, 'algo-1', 'gpu')).toEqual({
      namespace: '/aws/sagemaker/TrainingJobs',
      name: 'GPUUtilization',
      dimensions: [{ name: 'Host', value: 'reranker-2026-11-15/algo-1' }],
      scale: 1 / 4,
    });
    expect(hostMetric(four, 'algo-1', 'cpu')).toMatchObject({ name: 'CPUUtilization', scale: 1 / 48 });
  });

  it('of two types are divided by the smaller number: work never looks like silence', () => {
    const clusters = [
      { type: 'ml.g5.12xlarge', count: 1 },
      { type: 'ml.g5.xlarge', count: 1 },
    ];
    expect(hostMetric(measured({ clusters }), 'algo-1', 'gpu').scale).toBe(1);
    expect(hostMetric(measured({ clusters }), 'algo-1', 'cpu').scale).toBe(1 / 4);
  });

  it('are those of each instance by its number, but of transform jobs only CloudWatch knows the hosts', () => {
    expect(hostNames(job())).toEqual(['algo-1', 'algo-2']);
    expect(hostNames(job({ kind: 'transform' }))).toEqual([]);
  });

  it('are never shown above 100 %', () => {
    expect(judge({}, hosts(2, { gpu: quiet(101.3) })).reason).toBe(
      'GPUs of algo-1 up to 100 % in the last 3 h',
    );
  });
});

describe('what is asked of a job', () => {
  const unread = (count: number): JobHost[] => hosts(count, { gpu: 'unread', cpu: 'unread' });
  const next = (
    found: JobHost[],
    given: Partial<Job> = { clusters: [{ type: 'ml.g5.xlarge', count: found.length }] },
  ) => nextJobQuestion(measured(given, found), window, policy);

  it('is the GPUs of its first instance, and nothing more where they work', () => {
    expect(next(unread(40))).toEqual({ signal: 'gpu', hosts: ['algo-1'] });
    const working = unread(40);
    working[0] = { name: 'algo-1', gpu: quiet(80), cpu: 'unread' };
    expect(next(working)).toBeUndefined();
  });

  it('is sixteen instances where the first is silent, then all, and their CPUs at last', () => {
    const found = unread(40);
    const answer = (): string[] => {
      const question = next(found);
      for (const host of found) if (question?.hosts.includes(host.name)) host[question.signal] = quiet();
      return question ? [`${question.signal} of ${question.hosts.length}`] : [];
    };
    const rounds = Array.from({ length: 8 }, answer).flat();
    expect(rounds).toEqual(['gpu of 1', 'gpu of 15', 'gpu of 24', 'cpu of 1', 'cpu of 15', 'cpu of 24']);
  });

  it.each<[string, Partial<Job>]>([
    ['names no instances', { clusters: [] }],
    ['runs on what EC2 does not know', { clusters: [{ type: 'ml.g9.xlarge', count: 2 }] }],
  ])('is nothing where it %s: no answer would change the verdict', (_, given) => {
    expect(next(unread(2), given)).toBeUndefined();
  });
});
