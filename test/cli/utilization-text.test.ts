import { afterEach, describe, expect, it } from 'vitest';
import { cellsOf } from '../../cli/cells.ts';
import { evidenceText } from '../../cli/evidence-text.ts';
import { utilizationText } from '../../cli/utilization-text.ts';
import { lastingByOwner, totalsOf } from '../../cli/utilization-totals.ts';
import {
  findResource,
  type Viewed,
  type ViewedEvidence,
  type ViewedTarget,
} from '../../cli/utilization-view.ts';
import type { Point, Series } from '../../shared/compute/metric.ts';
import type { Resource } from '../../shared/compute/resource.ts';
import type { Utilization } from '../../shared/compute/utilization.ts';
import { series } from '../support/compute.ts';

const now = '2026-11-16T06:15:00Z';
const window = { start: '2026-11-16T03:10:00Z', end: '2026-11-16T06:10:00Z' };

const columns = process.stdout.columns;
afterEach(() => {
  process.stdout.columns = columns;
});

const resource = (given: Partial<Resource> = {}): Resource => ({
  kind: 'ec2-instance',
  account: '210987654321',
  region: 'eu-west-1',
  id: 'i-0d4e1f2a3b4c5d6e7',
  name: 'reranker-train',
  type: 'p4d.24xlarge',
  count: 1,
  tags: {},
  ...given,
});

const utilization = (given: Partial<Utilization> = {}): Utilization => ({
  state: 'idle',
  check: 'idle-accelerator',
  reason: '2 of 2 GPUs at 0-2 % for 3 h, 1.4 GiB of memory held, 100 % coverage',
  windowStart: window.start,
  windowEnd: window.end,
  coverage: 1,
  confidence: 'high',
  wastedShare: 1,
  ...given,
});

/** A point for each hour of the last day, all of one value but for those given by their place. */
function hourly(value: number, other: Record<number, number | undefined> = {}): Series {
  const start = Date.parse('2026-11-15T07:00:00Z');
  const points = Array.from({ length: 24 }, (_, index) => ({
    at: start + index * 3_600_000,
    value: index in other ? other[index] : value,
  }));
  return { points: points.filter((point): point is Point => point.value !== undefined) };
}

const busy = { state: 'busy', check: undefined, wastedShare: undefined } as const;

const idle: Viewed = {
  resource: resource(),
  utilization: utilization(),
  hourlyRate: 32.77,
  since: '2026-11-13T17:00:00Z',
  attribution: { owner: 'jonas', team: 'search' },
  monthToDate: 2007.16,
  courses: [
    { index: '0', series: hourly(0) },
    { index: '1', series: hourly(2, { 6: 100, 12: undefined, 13: undefined, 14: undefined }) },
  ],
};

const endpoint: Viewed = {
  resource: resource({
    kind: 'sagemaker-endpoint',
    id: 'ranker-canary',
    name: 'ranker-canary',
    type: 'ml.g5.2xlarge',
    count: 2,
  }),
  utilization: utilization({
    check: 'idle-endpoint',
    reason: 'no invocation for 12 days, 2 instances of ml.g5.2xlarge in service',
    confidence: 'low',
  }),
  since: '2026-11-04T06:00:00Z',
  attribution: { team: 'search' },
};

const worker: Viewed = {
  resource: resource({ id: 'i-0aaaaaaaaaaaaaaa1', name: 'trainer', type: 'g5.48xlarge' }),
  utilization: utilization({ ...busy, reason: '8 of 8 GPUs at work in the last 3 h: GPU 0 up to 97 %' }),
  hourlyRate: 18.18,
  attribution: {},
  courses: Array.from({ length: 10 }, (_, index) => ({ index: String(index), series: hourly(97) })),
};

const target: ViewedTarget = {
  account: '210987654321',
  accountName: 'ml-dev',
  region: 'eu-west-1',
  observations: [worker, endpoint, idle],
  waste: [
    { owner: 'jonas', monthToDate: 2007.16, hourly: 32.77, findings: 1, unpriced: 0 },
    { owner: undefined, monthToDate: 0, hourly: 0, findings: 1, unpriced: 1 },
  ],
  gaps: [{ what: 'the CloudWatch namespace CWAgent', why: 'No permission for cloudwatch:ListMetrics' }],
};

const attack = '\u001b]0;pwn\u0007\u001b[2J\u202e\u2028\n  busy  fake';

/** A target in which everything that others may write is an attack. */
const foreignTarget: ViewedTarget = {
  account: attack,
  accountName: attack,
  region: attack,
  observations: [
    {
      ...idle,
      resource: resource({ id: attack, name: attack, type: attack, kind: 'sagemaker-endpoint' }),
      utilization: utilization({ reason: attack }),
      attribution: { owner: attack, team: attack, project: attack },
      proposal: { type: attack },
    },
  ],
  waste: [{ owner: attack, monthToDate: 1, hourly: 1, findings: 1, unpriced: 0 }],
  gaps: [{ what: attack, why: attack }],
};

/** What a terminal obeys; and what begins a line that nobody of us wrote. */
const obeyed = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|^ {2}busy {2}fake/mu;

describe('the list of what is used, and how', () => {
  it('has the dearest waste first, with devices and evidence, then owners and what is missing', () => {
    process.stdout.columns = 130;
    expect(`\n${utilizationText([target], now)}\n`).toBe(`
  state  name            type                         owner       rate    wasted  this month  since
  idle   reranker-train  p4d.24xlarge                 jonas   $32.77/h  $32.77/h   $2,007.16  3 days ago
    ▁▁▁▁▁▁▁▁ ▁▁█▁·▁▁▁  ml-dev eu-west-1: 2 of 2 GPUs at 0-2 % for 3 h, 1.4 GiB of memory held, 100 % coverage (idle-accelerator)
  idle   ranker-canary   endpoint, 2 x ml.g5.2xlarge  search         -         -           -  12 days ago
    ml-dev eu-west-1: no invocation for 12 days, 2 instances of ml.g5.2xlarge in service (idle-endpoint, low confidence)
  busy   trainer         g5.48xlarge                  -       $18.18/h
    ████████ ████████ ████████ ████████ ████████ ████████ ████████ ████████ +2
    ml-dev eu-west-1: 8 of 8 GPUs at work in the last 3 h: GPU 0 up to 97 %

  1 of 3 waste $32.77 of $50.95 an hour, $23,922 a month
  The price of 1 is unknown, and in none of these sums.

  wasted by      this month       now  a month  findings
  jonas           $2,007.16  $32.77/h  $23,922         1
  nobody tagged           -         -        -         1  1 of unknown price

  could not be read
    the CloudWatch namespace CWAgent in ml-dev eu-west-1: No permission for cloudwatch:ListMetrics
`);
  });

  it.each([80, 100, 120, 160])('fits into %i columns, whatever things are called', (width) => {
    process.stdout.columns = width;
    const wide = {
      ...idle,
      resource: resource({
        kind: 'sagemaker-notebook',
        name: `推論サーバー${'x'.repeat(40)}`,
        type: 'ml.g5.48xlarge',
      }),
      attribution: { owner: 'somebody-with-a-long-name' },
    };
    const long = { ...endpoint, utilization: utilization({ reason: `arn:aws:${'a'.repeat(200)}` }) };
    const text = utilizationText([{ ...target, observations: [worker, long, idle, wide] }], now);
    expect(text.split('\n').filter((line) => cellsOf(line) > width)).toEqual([]);
  });

  it('has the price and the type below where the screen is narrow', () => {
    process.stdout.columns = 80;
    const text = utilizationText([target], now);
    expect(text).toContain('    p4d.24xlarge at $32.77/h, ml-dev eu-west-1: 2 of 2 GPUs');
    expect(text).toMatch(/^ {2}state +name +owner +wasted +this month +since\n/);
  });

  it('says of nothing that it is nothing, and what could not be read all the same', () => {
    const text = utilizationText([{ ...target, observations: [], waste: [] }], now);
    expect(text).toMatch(/^ {2}Nothing that is paid for .* in 1 target\.\n\n {2}could not be read\n/);
  });

  it('counts a resource with two findings once, at the larger of them', () => {
    const second = { ...idle, utilization: utilization({ check: 'not-distributed', wastedShare: 0.5 }) };
    expect(utilizationText([{ ...target, observations: [idle, second] }], now)).toContain(
      '1 of 1 waste $32.77 of $32.77 an hour',
    );
  });

  it('does not say of what is wrong with something that it works as well', () => {
    const working = { ...idle, utilization: utilization({ ...busy, reason: 'at work' }) };
    const text = utilizationText([{ ...target, observations: [working, idle] }], now);
    expect(text).not.toContain('at work');
    expect(text).toContain('1 of 1 waste');
  });

  it('adds the waste of an owner over all accounts', () => {
    const other = { ...target, account: '123456789012', accountName: 'ml-prod', observations: [], gaps: [] };
    expect(utilizationText([target, other], now)).toMatch(/jonas +\$4,014\.32 +\$65\.54\/h/);
  });

  it.each([80, 160])('lets no text of others through to a terminal of %i columns', (width) => {
    process.stdout.columns = width;
    const text = utilizationText([foreignTarget], now);
    expect(text).toContain('pwn');
    expect(text).not.toMatch(obeyed);
  });

  it('says of a model that it is one, and not its long address again', () => {
    const arn = 'arn:aws:bedrock:us-east-1:345678901234:application-inference-profile/support-copilot';
    const model = {
      ...worker,
      resource: resource({ kind: 'bedrock-model', id: arn, type: arn, name: 'support-copilot' }),
    };
    process.stdout.columns = 160;
    expect(utilizationText([{ ...target, observations: [model] }], now)).not.toContain('arn:aws');
    const proof = evidenceText(findResource([{ ...target, observations: [model] }], arn), {}, now);
    expect(proof.match(/arn:aws/g)).toHaveLength(1);
  });
});

const evidence: ViewedEvidence = {
  window,
  noun: 'GPU',
  silentTraffic: 50_000,
  devices: [
    {
      index: '0',
      utilization: series(window, 0),
      memoryUsed: series(window, 700),
      power: series(window, 61.6),
    },
    { index: '1', utilization: missing(series(window, 2, { 30: 100 }), 6, 12) },
  ],
  cpu: series(window, 3),
  networkIn: series(window, 1200, { 35: 2_400_000 }),
};

/** Without the points from one place to another. */
function missing({ points }: Series, from: number, to: number): Series {
  return { points: points.filter((_, index) => index < from || index >= to) };
}

describe('the evidence of one resource', () => {
  it('is the verdict, its price, and each series with its gaps', () => {
    process.stdout.columns = 100;
    const found = findResource([target], 'reranker-train');
    expect(`\n${evidenceText(found, { evidence, rateSource: 'bill' }, now)}\n`).toBe(`
  reranker-train (p4d.24xlarge), i-0d4e1f2a3b4c5d6e7
  ml-dev (210987654321), eu-west-1; jonas, team search

  idle, idle-accelerator: 2 of 2 GPUs at 0-2 % for 3 h, 1.4 GiB of memory held, 100 % coverage
  since 2026-11-13 17:00 UTC, 2 days 13 h; judged from 2026-11-16 03:10 UTC to 2026-11-16 06:10 UTC;
  100 % covered; confidence high
  wasted $32.77 an hour, $23,922 a month; $2,007.16 since the first of the month
  price $32.77 an hour, as the bill says

  2026-11-16 03:10 UTC to 2026-11-16 06:10 UTC, the largest value of each 5 min; · where nothing was
  reported
  GPU 0       ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  max 0 %  100 % covered  0.7 GiB held  62 W
                                                 ██
                                                 ██
  GPU 1       ▁▁▁▁▁▁▁·······▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██▁▁▁▁▁  max 100 %  83 % covered
  CPU         ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂  max 3 %  100 % covered
                                                      ██
                                                      ██
  network in  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██  max 2.4 MB/s  100 % covered
                         ╵04:00        ╵05:00        ╵06:00
`);
  });

  it('names a failure of CloudWatch, once', () => {
    const failed = { points: [], failure: 'CloudWatch answered InternalError' };
    const text = evidenceText(
      findResource([target], 'trainer'),
      { evidence: { ...evidence, devices: [], cpu: failed, networkIn: failed } },
      now,
    );
    expect(text.match(/not told whole: CloudWatch answered InternalError/g)).toHaveLength(1);
    expect(text).toMatch(/CPU +·+ +0 % covered/);
  });

  it('draws nothing where nothing was measured', () => {
    const text = evidenceText(findResource([target], 'ranker-canary'), {}, now);
    expect(text).toMatch(
      /price unknown\n\n {2}Series are drawn of instances; of this, the verdict says what was read\.$/,
    );
  });

  it('has no rows of CPU and network for a HyperPod node, of which EC2 tells nothing', () => {
    const node = { ...idle, resource: resource({ kind: 'hyperpod-node' }) };
    const found = findResource([{ ...target, observations: [node] }], idle.resource.id);
    const text = evidenceText(found, { evidence }, now);
    expect(text).toMatch(
      /GPU 1 .*\n.*\n {2}EC2 tells nothing of the CPU and the network of a HyperPod node\.$/,
    );
    expect(text).not.toMatch(/^ {2}(CPU|network)/m);
    expect(evidenceText(found, { evidence: { ...evidence, devices: [] } }, now)).toMatch(
      /No series was measured for it\.\n {2}EC2 tells nothing/,
    );
  });

  it.each([
    ['a loss', { loss: 183.24 }],
    ['an end', { utilization: utilization({ state: 'ended' }) }],
  ])('has no price of what is over: %s', (_, given) => {
    const over = { ...idle, hourlyRate: undefined, monthToDate: undefined, ...given };
    const found = findResource([{ ...target, observations: [over] }], 'reranker');
    expect(evidenceText(found, {}, now)).not.toContain('price');
  });

  it('says of what is not paid for yet when it will be', () => {
    const waiting = { ...idle, isUnpaid: true, utilization: utilization({ wastedShare: undefined }) };
    const found = findResource([{ ...target, observations: [waiting] }], 'reranker');
    expect(evidenceText(found, { rateSource: 'bill' }, now)).toContain(
      '  price $32.77 an hour once it works, as the bill says\n',
    );
  });

  it('shows all that is wrong with a resource', () => {
    const second = { ...idle, utilization: utilization({ check: 'not-distributed', wastedShare: 0.5 }) };
    const found = findResource([{ ...target, observations: [idle, second] }], idle.resource.id);
    expect(evidenceText(found, { evidence }, now)).toMatch(
      /idle, idle-accelerator: .*idle, not-distributed: /s,
    );
  });
});

describe('the evidence of what others have named', () => {
  it('lets none of their text through to the terminal', () => {
    const failed = { points: [], failure: attack };
    const devices = [{ index: attack, utilization: failed }];
    const found = findResource([foreignTarget], attack);
    const text = evidenceText(found, { evidence: { ...evidence, noun: 'GPU', devices } }, now);
    expect(text).toContain('pwn');
    expect(text).not.toMatch(obeyed);
  });

  it.each([80, 100, 160])('fits into %i columns', (width) => {
    process.stdout.columns = width;
    const index = 'GPU-8fd3c1a2-0000-1111-2222-333344445555';
    const devices = evidence.devices.map((device) => ({ ...device, index }));
    const text = evidenceText(findResource([target], 'trainer'), { evidence: { ...evidence, devices } }, now);
    expect(text.split('\n').filter((line) => cellsOf(line) > width)).toEqual([]);
  });
});

describe('what all of it costs', () => {
  const job = (given: Partial<Viewed>): Viewed => ({
    ...idle,
    resource: resource({ kind: 'sagemaker-training-job', id: 'job', name: 'job' }),
    monthToDate: undefined,
    ...given,
  });

  it('is counted once for a workload and the node that carries it', () => {
    const workload: Viewed = {
      ...idle,
      resource: resource({ kind: 'container-gpus', id: 'a/b', name: 'a/b', within: [idle.resource.id] }),
      hourlyRate: 8,
    };
    expect(totalsOf([idle, workload])).toMatchObject({ hourlyRate: 32.77, wasted: 32.77, lasting: 32.77 });
    const node = { ...idle, utilization: utilization(busy) };
    expect(totalsOf([node, workload])).toMatchObject({ hourlyRate: 32.77, wasted: 8, wasting: 1 });
    const elsewhere = { ...workload, resource: { ...workload.resource, within: ['i-other'] } };
    expect(totalsOf([idle, elsewhere])).toMatchObject({ wasted: 40.77 });
  });

  it('counts the part of a node that two workloads leave unused', () => {
    const skewed = { ...idle, hourlyRate: 10, utilization: utilization({ wastedShare: 0.5 }) };
    const workload = (id: string): Viewed => ({
      ...idle,
      resource: resource({ kind: 'container-gpus', id, name: id, within: [idle.resource.id] }),
      hourlyRate: 4,
    });
    expect(totalsOf([skewed, workload('a'), workload('b')])).toMatchObject({ hourlyRate: 10, wasted: 8 });
  });

  it('has a workload only with what none of its nodes wastes, whoever it belongs to', () => {
    const workload: Viewed = {
      ...idle,
      resource: resource({
        kind: 'container-gpus',
        id: 'a/b',
        name: 'a/b',
        within: [idle.resource.id, worker.resource.id],
      }),
      hourlyRate: 40,
      attribution: { owner: 'mira' },
    };
    const seen = [idle, worker, workload];
    expect(totalsOf(seen)).toMatchObject({ hourlyRate: 50.95, wasted: 40, lasting: 40 });
    const lasting = lastingByOwner(seen);
    expect(lasting.get('jonas')).toBe(32.77);
    expect(lasting.get('mira')).toBeCloseTo(7.23, 9);
    const waste = [{ owner: 'mira', monthToDate: 1, hourly: 7.23, findings: 1, unpriced: 0 }];
    expect(utilizationText([{ ...target, observations: seen, waste }], now)).toMatch(/mira .* \$5,277\.90 /);
  });

  it.each([
    ['Pending', 'job-stuck-starting'],
    ['a duplicate', 'job-duplicate'],
    ['over its limit', 'job-over-limit'],
    ['fresh', undefined],
  ] as const)('has no part of a job whose instances do not run yet: it is %s', (_, check) => {
    const waiting = job({
      utilization: utilization({ check, wastedShare: undefined }),
      hourlyRate: 28.08,
      isUnpaid: true,
    });
    expect(totalsOf([waiting])).toMatchObject({ paidFor: 0, hourlyRate: 0, wasted: 0, unpriced: 0 });
  });

  it('has all of a job that loads, and is paid for', () => {
    const loading = job({ utilization: utilization({ check: 'job-stuck-starting' }), hourlyRate: 28.08 });
    expect(totalsOf([loading])).toMatchObject({ paidFor: 1, wasting: 1, hourlyRate: 28.08, wasted: 28.08 });
  });

  it('has what was lost apart, and no month of what ends by itself', () => {
    const failed = job({
      utilization: utilization({ state: 'ended', check: 'job-failed-late', wastedShare: undefined }),
      hourlyRate: undefined,
      loss: 82.42,
    });
    const silent = job({
      resource: resource({ kind: 'sagemaker-training-job', id: 'silent', name: 'silent' }),
      hourlyRate: 2,
    });
    process.stdout.columns = 100;
    const text = utilizationText([{ ...target, observations: [failed, silent] }], now);
    expect(text).toMatch(
      /\n {2}1 of 1 waste \$2\.00 of \$2\.00 an hour\n {2}lost this month: \$82\.42 by jobs that are over \(1 in the list\)\n/,
    );
    expect(utilizationText([{ ...target, observations: [failed, silent, idle] }], now)).toContain(
      '2 of 2 waste $34.77 of $34.77 an hour, $23,922 a month, jobs and warm pools apart',
    );
  });

  it('does not call the price of a token unknown', () => {
    const model: Viewed = {
      ...worker,
      resource: resource({ kind: 'bedrock-model', id: 'amazon.nova-pro-v1:0' }),
      hourlyRate: undefined,
    };
    expect(totalsOf([model])).toMatchObject({ paidFor: 0, unpriced: 0 });
    const text = utilizationText([{ ...target, observations: [model], waste: [], gaps: [] }], now);
    expect(text).not.toMatch(/waste \$|unknown/);
  });

  it('says nothing of a month of what is idle since this morning', () => {
    const fresh = { ...idle, since: '2026-11-16T03:10:00Z' };
    const text = evidenceText(findResource([{ ...target, observations: [fresh] }], 'reranker'), {}, now);
    expect(text).toContain('wasted $32.77 an hour; $2,007.16 since the first of the month');
  });

  it('shows what an earlier run has measured as that', () => {
    const earlier = { ...idle, seenAt: '2026-11-16T05:00:00Z' };
    const text = evidenceText(findResource([{ ...target, observations: [earlier] }], 'reranker'), {}, now);
    expect(text.replace(/\n {2}/g, ' ')).toContain('measured 2026-11-16 05:00 UTC');
  });
});

describe('the resource that is meant', () => {
  it.each(['i-0d4e1f2a3b4c5d6e7', 'i-0d4', 'reranker-train', 'rer'])('is found by %s', (query) => {
    expect(findResource([target], query).resource.id).toBe('i-0d4e1f2a3b4c5d6e7');
  });

  it('is the one that is called so, though others begin alike', () => {
    const longer = { ...idle, resource: resource({ id: 'i-0eeeeeeeeeeeeeeee', name: 'reranker-train-2' }) };
    const both = [{ ...target, observations: [longer, idle] }];
    expect(findResource(both, 'reranker-train').resource.id).toBe('i-0d4e1f2a3b4c5d6e7');
  });

  it('may be any of several: each is named', () => {
    expect(() => findResource([target], 'i-0')).toThrow(
      '"i-0" may be any of trainer (i-0aaaaaaaaaaaaaaa1), ec2-instance in 210987654321 eu-west-1; reranker-train (i-0d4e1f2a3b4c5d6e7), ec2-instance in 210987654321 eu-west-1',
    );
  });

  it('is asked for without a word that the terminal obeys', () => {
    const two = { ...foreignTarget, observations: [idle, ...foreignTarget.observations] };
    const questions = [() => findResource([foreignTarget, two], attack), () => findResource([], attack)];
    for (const question of questions) expect(question).not.toThrow(obeyed);
    for (const question of questions) expect(question).toThrow('pwn');
  });

  it.each(['nobody', ''])('is none for %j', (query) => {
    expect(() => findResource([target], query)).toThrow(`no resource is called "${query}"`);
  });
});
