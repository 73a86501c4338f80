import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceTypeFacts } from '../../../shared/compute/instance.ts';
import type { Series } from '../../../shared/compute/metric.ts';
import {
  judgeNotebook,
  type Notebook,
  type NotebookPolicy,
  type NotebookSignals,
  notebookMetrics,
  toWork,
} from '../../../shared/compute/sagemaker/notebook.ts';
import { windowBefore } from '../../../shared/compute/utilization.ts';
import { m5, p4d, series } from '../../support/compute.ts';
import { metric } from '../../support/published.ts';

const now = '2026-11-16T06:05:00Z';
const policy: NotebookPolicy = { window: 720, cpuPercent: 5, gpuPercent: 3, coverage: 0.9 };
const window = windowBefore(now, policy.window);

const quiet = (value = 1): Series => series(window, value);
const oneGpu: InstanceTypeFacts = {
  ...m5,
  accelerators: { kind: 'gpu', name: 'NVIDIA T4', count: 1, cores: 1, memoryMib: 16_384 },
};

const notebook: Notebook = {
  name: 'explore',
  arn: 'arn:aws:sagemaker:eu-west-1:210987654321:notebook-instance/explore',
  instanceType: 'ml.g4dn.xlarge',
  status: 'InService',
  startedAt: '2026-11-11T06:05:00Z',
};

const gpus = (...all: Series[]) => new Map(all.map((each, index) => [String(index), each]));

const judge = (
  signals: Partial<NotebookSignals>,
  facts: InstanceTypeFacts | undefined = oneGpu,
  given: Partial<Notebook> = {},
) => judgeNotebook({ ...notebook, ...given }, facts, { gpus: new Map(), ...signals }, policy, now);

describe('a notebook instance', () => {
  it('is idle where its CPU and its GPU were silent', () => {
    expect(judge({ cpuPercent: quiet(1.2), gpus: gpus(quiet(0)) })).toEqual({
      state: 'idle',
      check: 'idle-notebook',
      reason: 'CPU at most 1.2 %, 1 GPU at 0 % for 12 h, in service for 5 days',
      windowStart: window.start,
      windowEnd: window.end,
      coverage: 1,
      confidence: 'high',
      wastedShare: 1,
    });
  });

  it('is idle by its CPU alone where its type has no GPU', () => {
    expect(judge({ cpuPercent: quiet() }, m5)).toMatchObject({ check: 'idle-notebook' });
  });

  it('is idle with less confidence where some of its points are missing', () => {
    const points = quiet().points.slice(10);
    expect(judge({ cpuPercent: { points } }, m5)).toMatchObject({ state: 'idle', confidence: 'medium' });
  });

  it.each([
    ['its CPU', { cpuPercent: series(window, 1, { 40: 30 }), gpus: gpus(quiet(0)) }, /^CPU up to 30 %/],
    ['its GPU', { cpuPercent: quiet(), gpus: gpus(series(window, 0, { 7: 88 })) }, /^GPU 0 up to 88 %/],
    ['its CPU, though no GPU reports', { cpuPercent: quiet(60) }, /^CPU up to 60 % in the last 12 h$/],
  ])('is busy by %s', (_, signals, reason) => {
    const verdict = judge(signals);
    expect(verdict).toMatchObject({ state: 'busy' });
    expect(verdict.reason).toMatch(reason);
  });

  it.each<[string, Partial<NotebookSignals>, InstanceTypeFacts | undefined, Partial<Notebook>, RegExp]>([
    ['it has no agent', {}, oneGpu, {}, /^in service for 5 days: SageMaker publishes no utilisation/],
    ['only its GPU reports', { gpus: gpus(quiet(0)) }, oneGpu, {}, /no CloudWatch agent reports its CPU$/],
    ['its GPU does not report', { cpuPercent: quiet() }, oneGpu, {}, /: 0 of 1 GPU reporting$/],
    [
      'seven of eight report',
      { cpuPercent: quiet(), gpus: gpus(...Array.from({ length: 7 }, () => quiet(0))) },
      p4d,
      {},
      /7 of 8 GPUs/,
    ],
    [
      'EC2 does not know its type',
      { cpuPercent: quiet() },
      undefined,
      {},
      /EC2 doesn't describe ml.g4dn.xlarge/,
    ],
    [
      'it has Neuron devices',
      { cpuPercent: quiet() },
      { ...m5, accelerators: { kind: 'neuron', name: 'Inferentia', count: 1, cores: 4, memoryMib: 8192 } },
      {},
      /its accelerators report no metric/,
    ],
    [
      'it was started within the window',
      { cpuPercent: quiet() },
      m5,
      { startedAt: '2026-11-16T01:05:00Z' },
      /^in service for 5 h: not up through/,
    ],
    [
      'nobody knows since when it is up',
      { cpuPercent: quiet() },
      m5,
      { startedAt: undefined },
      /^in service: not up through/,
    ],
    [
      'it is in maintenance, whatever its CPU does',
      { cpuPercent: quiet(90) },
      m5,
      { status: 'InMaintenance', startedAt: undefined },
      /^its status is InMaintenance$/,
    ],
    [
      'its CPU could not be read',
      { cpuPercent: { ...quiet(), failure: 'Throttled' } },
      m5,
      {},
      /CPU could not be read: Throttled$/,
    ],
    [
      'its agent died',
      { cpuPercent: { points: quiet().points.slice(0, 120) } },
      m5,
      {},
      /CPU reported for 83 % of the last 12 h/,
    ],
    [
      'its metrics could not be looked for',
      { fault: 'No permission' },
      m5,
      {},
      /could not be looked for: No permission$/,
    ],
  ])('is unknown where %s', (_, signals, facts, given, reason) => {
    // The default would stand in for what is undefined.
    const verdict = judgeNotebook(
      { ...notebook, ...given },
      facts,
      { gpus: new Map(), ...signals },
      policy,
      now,
    );
    expect(verdict).toMatchObject({ state: 'unknown', confidence: 'low' });
    expect(verdict.check).toBeUndefined();
    expect(verdict.reason).toMatch(reason);
  });

  it('is never idle without its CPU, nor with a GPU less than it has, whatever is told', () => {
    const points = fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 143 }).map((place) => Date.parse(window.start) + place * 300_000),
        value: fc.oneof(fc.constant(0), fc.double({ min: -5, max: 200 })),
      }),
    );
    fc.assert(
      fc.property(points, points, (one, other) => {
        const found = gpus({ points: one });
        expect(judge({ gpus: found }, oneGpu).state).not.toBe('idle');
        expect(judge({ cpuPercent: { points: other }, gpus: found }, p4d).state).not.toBe('idle');
      }),
    );
  });
});

describe('the metrics of notebook instances', () => {
  const agent = (name: string, dimensions: Record<string, string>) => metric('CWAgent', name, dimensions);
  const namesOf = (found: ReturnType<typeof notebookMetrics>) =>
    Object.fromEntries(
      [...found].map(([name, { cpu, gpus }]) => [
        name,
        [cpu.map((query) => query.metric.name), [...gpus.keys()]],
      ]),
    );

  it('are found by either name of the dimension', () => {
    const found = notebookMetrics([
      agent('cpu_usage_active', { NotebookInstanceName: 'explore', cpu: 'cpu-total' }),
      agent('nvidia_smi_utilization_gpu', { NotebookInstanceName: 'explore', index: '0', name: 'T4' }),
      metric('SageMakerNotebookInstances', 'cpu_usage_idle', {
        notebook_instance_name: 'train',
        cpu: 'cpu-total',
      }),
    ]);
    expect(namesOf(found)).toEqual({
      explore: [['cpu_usage_active'], ['0']],
      train: [['cpu_usage_idle'], []],
    });
  });

  it('are not those of one CPU of many, of all GPUs together, or of something else', () => {
    const found = notebookMetrics([
      agent('cpu_usage_active', { NotebookInstanceName: 'explore', cpu: 'cpu3' }),
      agent('nvidia_smi_utilization_gpu', { NotebookInstanceName: 'explore' }),
      agent('mem_used_percent', { NotebookInstanceName: 'explore' }),
    ]);
    expect(namesOf(found)).toEqual({ explore: [[], []] });
  });

  it('tell the work of a CPU by what it does not do', () => {
    const idle = agent('cpu_usage_idle', { NotebookInstanceName: 'explore' });
    expect(toWork(idle, { points: [{ at: 0, value: 98.5 }], failure: 'Throttled' })).toEqual({
      points: [{ at: 0, value: 1.5 }],
      failure: 'Throttled',
    });
    const active = agent('cpu_usage_active', { NotebookInstanceName: 'explore' });
    expect(toWork(active, { points: [{ at: 0, value: 98.5 }] }).points).toEqual([{ at: 0, value: 98.5 }]);
  });
});
