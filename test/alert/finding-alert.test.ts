import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, alertSchema } from '../../shared/alert/alert.ts';
import { toEmail } from '../../shared/alert/email.ts';
import { findingAlert, findingOverAlert } from '../../shared/alert/finding-alert.ts';
import { toSlackMessage } from '../../shared/alert/slack.ts';
import { type Check, checks } from '../../shared/compute/check.ts';
import type { Ending, Finding } from '../../shared/compute/finding.ts';
import { type Resource, type ResourceKind, resourceKinds } from '../../shared/compute/resource.ts';
import type { Confidence } from '../../shared/compute/utilization.ts';
import type { RefusalCode } from '../../shared/schedule/refusal.ts';
import { findingOf, resourceOf } from '../support/finding.ts';

const tags = { schedule: 'auto-stop', instanceStore: 'auto-stop:instance-store', workload: ['workload'] };

const alert = (given: Partial<Finding> = {}, resource: Partial<Resource> = {}) => {
  const finding = findingOf(given);
  return findingAlert({
    finding,
    resource: resourceOf(finding, resource),
    target: { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' },
    tags,
    now: finding.seenAt,
  });
};

describe('the alert of a finding', () => {
  it('says what, how much, since when, whose, how sure and why', () => {
    expect(alert({}, { startedAt: '2026-11-12T08:30:00Z' })).toEqual({
      id: 'finding/210987654321/eu-west-1/ec2-instance/i-0d4e1f2a3b4c5d6e7/idle-accelerator/2026-11-13T17:00:00Z/opened',
      subject:
        'finding/210987654321/eu-west-1/ec2-instance/i-0d4e1f2a3b4c5d6e7/idle-accelerator/2026-11-13T17:00:00Z',
      kind: 'utilization',
      severity: 'critical',
      at: '2026-11-16T06:15:00Z',
      title:
        'reranker-train (p4d.24xlarge) has done nothing for 2 days 13 h: $32.77 an hour, $23,922 a month',
      summary:
        'None of its accelerators has worked since 2026-11-13 17:00 UTC. Seen: 8 of 8 GPUs at 0-2 % for 3 h, 1.4 GiB of memory held, 100 % coverage. Confidence is high: everything was read that could say otherwise.',
      facts: [
        { label: 'Account', value: 'ml-dev (210987654321), eu-west-1' },
        { label: 'Resource', value: 'i-0d4e1f2a3b4c5d6e7, p4d.24xlarge' },
        { label: 'Owner', value: 'jonas' },
        { label: 'Team', value: 'search' },
        { label: 'Running since', value: '2026-11-12 08:30 UTC' },
        { label: 'Price', value: '$32.77 an hour' },
        { label: 'Wasted so far', value: '$2,007.16' },
      ],
      items: [],
      action: [
        'Stop it if nobody needs it, or terminate it. To have it stopped out of hours from now on, tag it auto-stop with the hours in which it may run, e.g. "Mon-Fri 08:00-19:00 Europe/Berlin".',
        'aws ec2 stop-instances --region eu-west-1 --instance-ids i-0d4e1f2a3b4c5d6e7',
      ].join('\n'),
      links: [
        {
          label: 'Instance in the EC2 console',
          url: 'https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#Instances:instanceId=i-0d4e1f2a3b4c5d6e7',
        },
      ],
      account: '210987654321',
      region: 'eu-west-1',
      owner: 'jonas',
      team: 'search',
      step: 'opened',
      costPerDay: 24 * 32.77,
      pattern: 'finding/210987654321/eu-west-1/ec2-instance/i-0d4e1f2a3b4c5d6e7/idle-accelerator',
    });
  });

  it('costs so much a day only where that is known, and paid already', () => {
    expect(alert({ wastedHourlyRate: 8 }).costPerDay).toBe(192);
    expect(alert({ wastedHourlyRate: undefined })).not.toHaveProperty('costPerDay');
    expect(alert({ isUnpaid: true })).not.toHaveProperty('costPerDay');
  });

  it('is alike in all episodes of one thing, and in no other thing', () => {
    const { pattern, subject } = alert();
    expect(alert({ since: '2026-11-14T17:00:00Z' })).toMatchObject({ pattern });
    expect(alert({ since: '2026-11-14T17:00:00Z' }).subject).not.toBe(subject);
    for (const other of [{ id: 'i-0' }, { check: 'oversized' }, { region: 'us-east-1' }] as const) {
      expect(alert(other).pattern).not.toBe(pattern);
    }
  });

  it('is of the same change in every run that sees the same episode', () => {
    const { id } = alert();
    expect(alert({ seenAt: '2026-11-16T09:15:00Z', reason: 'other evidence' }).id).toBe(id);
    expect(alert({ since: '2026-11-14T17:00:00Z' }).id).not.toBe(id);
    expect(alert({ check: 'loaded-not-computing' }).id).not.toBe(id);
  });

  it('says that a price is unknown, never that it is nothing', () => {
    const { title, severity, facts } = alert({ hourlyRate: undefined, wastedHourlyRate: undefined });
    expect(title).toMatch(/: price unknown$/);
    expect(severity).toBe('warning');
    expect(facts).toContainEqual({ label: 'Price', value: 'unknown' });
    expect(facts).toContainEqual({ label: 'Wasted so far', value: 'unknown, as its price is' });
  });

  it('tells the wasted part from the price', () => {
    const { title, facts } = alert({ check: 'not-distributed', hourlyRate: 16, wastedHourlyRate: 14 });
    expect(title).toBe(
      'reranker-train (p4d.24xlarge) works on a part of its accelerators, 88 % of them idle: $14.00 an hour wasted, $10,220 a month',
    );
    expect(facts).toContainEqual({ label: 'Of which wasted', value: '$14.00 an hour, 88 %' });
    expect(facts).toContainEqual({ label: 'Wasted so far', value: '$857.50' });
  });

  it('names the type that would do, and what it saves', () => {
    const proposal = { type: 'g5.xlarge', hourlyRate: 1.11 };
    const given = { check: 'oversized', type: 'g5.12xlarge', hourlyRate: 6.24, proposal } as const;
    const { title, facts, action } = alert({ ...given, wastedHourlyRate: 5.13 });
    expect(title).toContain('(g5.12xlarge) would fit g5.xlarge: $5.13 an hour wasted');
    expect(facts).toContainEqual({
      label: 'Instead',
      value: 'g5.xlarge at $1.11 an hour, $3,744.90 a month less',
    });
    expect(action).toMatch(
      /\naws ec2 modify-instance-attribute --region eu-west-1 --instance-id i-0d4e1f2a3b4c5d6e7 --instance-type Value=g5.xlarge$/,
    );
  });

  it('tells of a job that failed how long it ran and what is lost', () => {
    const failed = { kind: 'sagemaker-training-job', check: 'job-failed-late', id: 'reranker-17' } as const;
    const spent = { name: 'reranker-17', type: 'ml.p4d.24xlarge', loss: 294.95, wastedHourlyRate: undefined };
    const ran = { length: 9 * 3_600_000, times: 1 };
    const { title, facts, action } = alert(
      { ...failed, ...spent },
      { startedAt: '2026-11-12T20:00:00Z', ran },
    );
    expect(title).toBe('Training job reranker-17 (ml.p4d.24xlarge) failed after 9 h: $294.95 lost');
    expect(facts.slice(-1)).toEqual([{ label: 'Lost', value: '$294.95' }]);
    expect(facts.map(({ label }) => label)).not.toContain('Price');
    expect(facts.map(({ label }) => label)).not.toContain('Running since');
    expect(action).toMatch(/--training-job-name reranker-17 --query FailureReason$/);
  });

  it('tells of jobs that failed alike how often, and what all of them cost', () => {
    const failed = { kind: 'sagemaker-training-job', check: 'job-failed-late', id: 'ranker-1' } as const;
    const spent = { name: 'ranker-1', type: 'ml.g5.xlarge', loss: 82.42, wastedHourlyRate: undefined };
    const ran = { length: 3 * 3_600_000, times: 3 };
    const { title, summary } = alert({ ...failed, ...spent }, { ran });
    expect(title).toBe('Training job ranker-1 (ml.g5.xlarge) failed 3 times alike: $82.42 lost');
    expect(summary).toMatch(/^The first of them ended 2026-11-13 17:00 UTC, /);
    expect(alert({ ...failed, ...spent }, { ran: { times: 1 } }).title).toMatch(/ failed: \$82\.42 lost$/);
  });

  it.each([
    ['three hours', '2026-11-16T03:15:00Z', '$32.77 an hour'],
    ['a minute less than a day', '2026-11-15T06:16:00Z', '$32.77 an hour'],
    ['a day', '2026-11-15T06:15:00Z', '$32.77 an hour, $23,922 a month'],
  ])('guesses no month from %s of idleness', (_, since, cost) => {
    expect(alert({ since }).title.split(': ')[1]).toBe(cost);
  });

  it('counts a month of what is judged over days, however new the finding is', () => {
    const { title } = alert({ check: 'small-batch', since: '2026-11-16T05:00:00Z', wastedHourlyRate: 2 });
    expect(title).toMatch(/: \$2\.00 an hour wasted, \$1,460\.00 a month$/);
  });

  it.each(['job-stuck-starting', 'job-duplicate', 'job-over-limit'] as const)(
    'says of a job whose instances do not run that %s costs nothing yet',
    (check) => {
      const waiting = { check, kind: 'sagemaker-training-job', hourlyRate: 28 } as const;
      const unpaid = alert({ ...waiting, wastedHourlyRate: undefined, isUnpaid: true });
      expect(unpaid.title).toMatch(/: \$28\.00 an hour once it works$/);
      expect(unpaid.facts).toContainEqual({ label: 'Price', value: '$28.00 an hour once it works' });
      expect(unpaid.facts.map(({ label }) => label)).not.toContain('Wasted so far');
      expect(alert({ ...waiting, wastedHourlyRate: 28 }).title).toMatch(/: \$28\.00 an hour$/);
      expect(alert({ ...waiting, wastedHourlyRate: undefined }).title).toMatch(/: \$28\.00 an hour$/);
    },
  );

  it('says at least where nobody has looked further back', () => {
    const since = '2026-11-02T07:00:00Z';
    const { title, summary, facts } = alert({ since }, { startedAt: '2026-10-01T08:00:00Z' });
    expect(title).toContain(' has done nothing for at least 14 days: ');
    expect(summary).toMatch(/^None of its accelerators has worked since at least 2026-11-02 07:00 UTC\./);
    expect(facts).toContainEqual({ label: 'Wasted so far', value: 'at least $10,986' });
  });

  it.each([
    ['it was started then', { since: '2026-11-02T07:00:00Z' }, '2026-11-02T07:00:00Z'],
    ['work was seen later', { since: '2026-11-03T07:00:00Z' }, '2026-10-01T08:00:00Z'],
    ['somebody looked earlier', { since: '2026-11-01T07:00:00Z' }, '2026-10-01T08:00:00Z'],
  ])('says exactly since when where %s', (_, given, startedAt) => {
    const { title, summary } = alert(given, { startedAt });
    expect(`${title} ${summary}`).not.toContain('at least');
  });

  it.each([
    [8, 'has used none of its GPUs for 2 days 13 h', 'The GPUs that it requests'],
    [6, 'has left 75 % of its GPUs unused for 2 days 13 h', 'Some of the GPUs that it requests'],
    [undefined, 'has left half or more of its GPUs unused for 2 days 13 h', 'Some of the GPUs'],
  ])('tells GPUs that nobody uses from some of them: $%s of $8', (wastedHourlyRate, title, meaning) => {
    const rates = { hourlyRate: wastedHourlyRate && 8, wastedHourlyRate };
    const told = alert({ ...examples['gpu-requested-unused'], check: 'gpu-requested-unused', ...rates });
    expect(told.title).toContain(title);
    expect(told.summary.startsWith(meaning)).toBe(true);
  });

  it('counts no month of what ends by itself', () => {
    const job = {
      kind: 'sagemaker-training-job',
      check: 'job-idle',
      id: 'sweep-3',
      name: 'sweep-3',
    } as const;
    expect(alert(job).title).toMatch(/ has computed nothing for 2 days 13 h: \$32\.77 an hour$/);
    const long = { ...job, check: 'job-over-limit', wastedHourlyRate: undefined } as const;
    const waited = { startedAt: '2026-11-12T10:15:00Z', runningSince: '2026-11-13T06:15:00Z' };
    const { title, facts } = alert(long, waited);
    expect(title).toMatch(/ has run for 3 days, longer than its limit: \$32\.77 an hour$/);
    expect(facts).toContainEqual({ label: 'Running since', value: '2026-11-13 06:15 UTC' });
    const stuck = alert({ ...job, check: 'job-stuck-starting' }, { startedAt: '2026-11-12T10:15:00Z' });
    expect(stuck.facts.map(({ label }) => label)).not.toContain('Running since');
  });

  it('says what a confidence rests on', () => {
    expect(alert({ confidence: 'low' }).summary).toMatch(/Confidence is low: .* Look before you act\.$/);
    expect(alert({ check: 'job-over-limit' }).summary).toMatch(/it is what SageMaker recorded\.$/);
  });

  it('gives tokens no price by the hour', () => {
    const model = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
    const { title, severity, facts } = alert({
      kind: 'bedrock-model',
      check: 'uncached-prompts',
      ...{ id: model, name: model, type: model, hourlyRate: undefined, wastedHourlyRate: undefined },
    });
    expect(title).toBe(`${model} reads hardly any prompt from the cache`);
    expect(severity).toBe('info');
    expect(facts.map(({ label }) => label)).toEqual(['Account', 'Resource', 'Owner', 'Team']);
  });

  it('names the tag that a schedule is read from, and what it says', () => {
    expect(alert({}, { tags: { 'auto-stop': 'office-hours' } }).action).toContain(
      'Its tag auto-stop is "office-hours"',
    );
    expect(alert({ check: 'loaded-not-computing' }).action).toContain('tag it workload with');
  });
});

describe('the severity of a finding', () => {
  it.each([
    ['idle at $10 an hour', { wastedHourlyRate: 10 }, 'critical'],
    ['idle below that', { wastedHourlyRate: 9.99 }, 'warning'],
    ['dear, and nobody is sure', { confidence: 'low' }, 'warning'],
    ['a loss of $500', { loss: 500, wastedHourlyRate: undefined }, 'critical'],
    ['a smaller loss', { loss: 499, wastedHourlyRate: undefined }, 'warning'],
    ['underused for little', { check: 'small-batch', wastedHourlyRate: 1.99 }, 'info'],
    ['underused for more', { check: 'small-batch', wastedHourlyRate: 2 }, 'warning'],
    ['underused at an unknown price', { check: 'small-batch', wastedHourlyRate: undefined }, 'warning'],
    ['underused, and very dear', { check: 'oversized', wastedHourlyRate: 12 }, 'critical'],
  ] as const)('of %s: %j is %s', (_, given, severity) => {
    expect(alert(given).severity).toBe(severity);
  });
});

/** For each check a kind that has it, with an id of that kind. */
const examples: Readonly<Record<Check, Partial<Finding>>> = {
  'idle-accelerator': {},
  'loaded-not-computing': {},
  'not-distributed': {},
  'data-starved': {},
  oversized: { proposal: { type: 'g5.xlarge' } },
  'small-batch': {},
  'underused-accelerator': {},
  'idle-endpoint': { kind: 'sagemaker-endpoint', id: 'ranker' },
  'underused-endpoint': { kind: 'sagemaker-endpoint', id: 'ranker' },
  'idle-notebook': { kind: 'sagemaker-notebook', id: 'dana-notebook' },
  'idle-studio-app': { kind: 'sagemaker-app', id: 'd-abc1def2/space/dana-lab/JupyterLab/default' },
  'idle-warm-pool': { kind: 'sagemaker-warm-pool', id: 'pretrain-7' },
  'job-stuck-starting': { kind: 'sagemaker-training-job', id: 'pretrain-7' },
  'job-over-limit': { kind: 'sagemaker-processing-job', id: 'features-7' },
  'job-idle': { kind: 'sagemaker-transform-job', id: 'embed-7' },
  'job-failed-late': { kind: 'sagemaker-training-job', id: 'pretrain-7' },
  'job-duplicate': { kind: 'sagemaker-training-job', id: 'pretrain-7' },
  'gpu-requested-unused': { kind: 'container-gpus', id: 'ml/search/trainer' },
  'idle-throughput': { kind: 'bedrock-throughput', id: 'summaries' },
  'underused-throughput': { kind: 'bedrock-throughput', id: 'summaries' },
  'uncached-prompts': { kind: 'bedrock-model', id: 'amazon.nova-pro-v1:0' },
};

const commandOf = (given: Partial<Finding>): string | undefined =>
  alert(given)
    .action.split('\n')
    .find((line) => line.startsWith('aws '));

describe('the next step', () => {
  it.each([
    ['idle-accelerator', 'aws ec2 stop-instances --region eu-west-1 --instance-ids i-0d4e1f2a3b4c5d6e7'],
    ['idle-endpoint', 'aws sagemaker delete-endpoint --region eu-west-1 --endpoint-name ranker'],
    [
      'idle-notebook',
      'aws sagemaker stop-notebook-instance --region eu-west-1 --notebook-instance-name dana-notebook',
    ],
    [
      'idle-studio-app',
      'aws sagemaker delete-app --region eu-west-1 --domain-id d-abc1def2 --space-name dana-lab --app-type JupyterLab --app-name default',
    ],
    [
      'idle-warm-pool',
      'aws sagemaker update-training-job --region eu-west-1 --training-job-name pretrain-7 --resource-config KeepAlivePeriodInSeconds=0',
    ],
    [
      'job-stuck-starting',
      'aws sagemaker stop-training-job --region eu-west-1 --training-job-name pretrain-7',
    ],
    [
      'job-over-limit',
      'aws sagemaker stop-processing-job --region eu-west-1 --processing-job-name features-7',
    ],
    ['job-idle', 'aws sagemaker stop-transform-job --region eu-west-1 --transform-job-name embed-7'],
    [
      'idle-throughput',
      'aws bedrock delete-provisioned-model-throughput --region eu-west-1 --provisioned-model-id summaries',
    ],
  ] as const)('of %s is a command that can be pasted', (check, command) => {
    expect(commandOf({ ...examples[check], check })).toBe(command);
  });

  it.each<[RefusalCode, string, RegExp]>([
    [
      'auto-scaling',
      'a member of the Auto Scaling group "gpus", which would replace it',
      /Scale the group in/,
    ],
    ['managed', 'another AWS service manages it', /in the service that started it/],
    ['fleet', 'it belongs to the fleet sfr-1, which would replace it', /lower its target capacity/],
    ['spot-one-time', 'the instance of a one-time spot request can not be stopped', /Terminate it/],
    ['spot-launch-group', 'it belongs to the launch group "both"', /Cancel the requests/],
    ['spot-unknown', 'nothing is known of its spot request', /See its request/],
    ['instance-store-root', 'its root is on an instance store: it can only be terminated', /Terminate it/],
    ['capacity-block', 'a capacity block is paid for in advance', /Give it work/],
    ['interruptible-capacity', 'it might not get its place back', /Terminate it/],
    ['scheduled-instance', 'a scheduled instance follows its own schedule', /Let its schedule end it/],
    ['unknown-lifecycle', 'it was bought in a way that is not known here', /See how it was bought/],
    ['protected-environment', 'the environment "prod" is protected', /Ask its owner/],
    ['protected-account', 'the account 210987654321 is protected', /Ask its owner/],
    ['invalid-keep-until', 'its tag "auto-stop:keep-until" is no date', /correct the tag/],
  ])('is no stop where the gate %s is shut, but why, and what instead', (code, reason, advice) => {
    const stop = { refusal: { code, reason } };
    for (const check of ['idle-accelerator', 'loaded-not-computing', 'oversized'] as const) {
      const { action } = alert({ ...examples[check], check }, { stop });
      expect(action).toContain(`Not to be stopped: ${reason}. `);
      expect(action).not.toMatch(/^aws |tag it auto-stop/m);
      if (check !== 'oversized') expect(action).toMatch(advice);
      else expect(action).toContain('Take the smaller type where it is launched from');
    }
  });

  it('leaves alone what its tag keeps, until then', () => {
    const { action } = alert({}, { stop: { keptUntil: '2026-11-20T21:00:00Z' } });
    expect(action).toBe('Its tag asks to leave it alone until 2026-11-20 21:00 UTC: ask its owner first.');
    const stop = { refusal: { code: 'managed', reason: 'another AWS service manages it' } };
    const both = alert({}, { stop: { ...stop, keptUntil: '2026-11-20T21:00:00Z' } }).action;
    expect(both).toMatch(/^Not to be stopped: .* until 2026-11-20 21:00 UTC/);
  });

  it('names the local disks that a stop loses, and the tag that allows it', () => {
    const stop = { lostGb: 8000 };
    const lost = 'Its 8,000 GB of local disks are lost when it stops: save what is needed first.';
    const { action } = alert({}, { stop });
    expect(action).toContain(lost);
    expect(action).toContain(', and auto-stop:instance-store with "discard".');
    expect(action).toMatch(/\naws ec2 stop-instances /);
    expect(alert({ ...examples.oversized, check: 'oversized' }, { stop }).action).toContain(lost);
    expect(alert({ check: 'loaded-not-computing' }, { stop }).action).toContain(lost);
    expect(alert({}, { stop: {} }).action).not.toContain('disks');
  });

  it('of an idle HyperPod node is SageMaker’s own: fewer of its group, or this one out of its cluster', () => {
    expect(alert({ kind: 'hyperpod-node' }).action).toContain('lower the instance count of its group');
    expect(commandOf({ kind: 'hyperpod-node', name: 'research/workers' })).toBe(
      'aws sagemaker batch-delete-cluster-nodes --region eu-west-1 --cluster-name research --node-ids i-0d4e1f2a3b4c5d6e7',
    );
  });

  it('of a profile’s app names the profile', () => {
    const id = 'd-abc1def2/user/dana/KernelGateway/datascience-1';
    expect(commandOf({ kind: 'sagemaker-app', check: 'idle-studio-app', id })).toContain(
      '--user-profile-name dana --app-type KernelGateway',
    );
  });

  it.each(['ranker; rm -rf ~', '$(id)', '-v', 'a b', '`id`', ''])(
    'puts the name %j into no command',
    (id) => {
      expect(commandOf({ kind: 'sagemaker-endpoint', check: 'idle-endpoint', id })).toBeUndefined();
    },
  );
});

const orUnknown = <T>(known: fc.Arbitrary<T>) => fc.option(known, { nil: undefined });
const money = orUnknown(fc.double({ min: 0.001, max: 1e6, noNaN: true }));
const share = orUnknown(fc.double({ min: 0, max: 1, noNaN: true }));

describe('every check', () => {
  it.each(checks)('%s is told with a title, a meaning and a step that read on', (check) => {
    const { title, summary, action } = alert({ ...examples[check], check });
    expect(title).toMatch(/^\S.*\S$/);
    expect(summary).toMatch(/^[A-Z].*\. Seen: .*\. Confidence is \w+: [^.]*\.$/);
    expect(action).toMatch(/^[A-Z][^\n]*\.(\naws \S.*)?$/);
  });

  it('is told whatever is known of its money, on every kind, without a NaN or an undefined', () => {
    const kinds = Object.values(examples).flatMap(({ kind }): ResourceKind[] => (kind ? [kind] : []));
    const finding = fc.record({
      check: fc.constantFrom(...checks),
      kind: fc.constantFrom<ResourceKind>('ec2-instance', 'hyperpod-node', ...kinds),
      id: fc.oneof(fc.string(), fc.constantFrom('a/b', '/', 'd-1/space/x/y/z')),
      name: fc.string(),
      type: fc.string(),
      count: fc.nat(100),
      confidence: fc.constantFrom<Confidence>('high', 'medium', 'low'),
      hourlyRate: money,
      wastedShare: share,
      loss: money,
      proposal: orUnknown(fc.record({ type: fc.string(), hourlyRate: money })),
    });
    fc.assert(
      fc.property(finding, ({ wastedShare, ...rest }) => {
        const { hourlyRate } = rest;
        const isKnown = hourlyRate !== undefined && wastedShare !== undefined;
        const given = { ...rest, wastedHourlyRate: isKnown ? hourlyRate * wastedShare : undefined } as const;
        const told = alert(given);
        expect(alertSchema.parse(told)).toEqual(told);
        const named = alert({ ...given, id: 'x', name: 'x', type: 'x', proposal: undefined });
        expect(JSON.stringify(named)).not.toMatch(/NaN|undefined|Infinity/);
        expect(toEmail(told).subject.length).toBeLessThanOrEqual(100);
        expect(toSlackMessage(told).blocks.length).toBeLessThanOrEqual(50);
      }),
    );
  });
});

/** Everything that a reader sees, line by line. */
function linesOf(told: Alert): string[] {
  const { blocks, text } = toSlackMessage(told);
  const slack = JSON.stringify([text, blocks], (key, value) => (key === 'type' ? undefined : value));
  const strings = [...slack.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([quoted]) => JSON.parse(quoted) as string);
  return [toEmail(told).body, ...strings].flatMap((part) => part.split('\n')).map((line) => line.trimStart());
}

describe('what others wrote', () => {
  const attack = 'aws ec2 terminate-instances --instance-ids i-0d4e1f2a3b4c5d6e7';
  const around = fc.constantFrom(
    '',
    '\n',
    '\r\n',
    '\u2028',
    'x ',
    'x'.repeat(66),
    '\n ',
    '"\n',
    ' word'.repeat(12),
  );
  const foreign = fc
    .tuple(around, fc.string({ unit: 'grapheme', maxLength: 20 }), around)
    .map(([before, text, after]) => `${before}${attack}${text}${after}${attack}`);

  it('never yields a line that could be pasted for a command of ours', () => {
    const given = fc.record({
      check: fc.constantFrom(...checks),
      kind: fc.constantFrom(...resourceKinds),
      ...{ id: foreign, name: foreign, type: foreign, reason: foreign },
      proposal: fc.record({ type: foreign }),
      attribution: fc.record({ owner: foreign, team: foreign, project: foreign }),
    });
    const resource = fc.record({
      tags: fc.record({ 'auto-stop': foreign }),
      stop: orUnknown(fc.record({ refusal: orUnknown(fc.record({ code: foreign, reason: foreign })) })),
    });
    fc.assert(
      fc.property(given, resource, (finding, seen) => {
        const commands = linesOf(alert(finding, seen)).filter((line) => line.startsWith('aws '));
        expect(commands.filter((line) => line.includes('terminate-instances'))).toEqual([]);
        for (const line of commands)
          expect(line).toMatch(/^aws [a-z0-9-]+ [a-z-]+( --[a-z-]+ [\w.:/=,-]+)+$/);
      }),
    );
  });

  it('leaves our own command whole, in a mail and in Slack', () => {
    const command = 'aws ec2 stop-instances --region eu-west-1 --instance-ids i-0d4e1f2a3b4c5d6e7';
    expect(linesOf(alert({ reason: attack })).filter((line) => line.startsWith('aws '))).toEqual([
      command,
      command,
    ]);
  });

  it('is shown on one line, and cut, in what to do', () => {
    const { action } = alert({}, { tags: { 'auto-stop': `office\n${'x'.repeat(500)}` } });
    expect(action.split('\n')).toHaveLength(2);
    expect(action.length).toBeLessThan(400);
  });
});

describe('in a mail', () => {
  it('the subject keeps the dollars where a name is too long for it', () => {
    const { subject } = toEmail(alert({ name: 'n'.repeat(120) }));
    expect(subject).toMatch(/^\[CRITICAL\] n+\.\.\.: \$32\.77 an hour, \$23,922 a month$/);
    expect(subject).toHaveLength(100);
    const unknown = alert({ name: 'n'.repeat(120), hourlyRate: undefined, wastedHourlyRate: undefined });
    expect(toEmail(unknown).subject).toMatch(/n\.\.\.: price unknown$/);
  });

  it('a command stands whole on its line', () => {
    const { body } = toEmail(alert({ ...examples['idle-studio-app'], check: 'idle-studio-app' }));
    expect(body).toMatch(/^aws sagemaker delete-app .* --app-name default$/m);
  });
});

describe('the end of a finding', () => {
  const over = (given: Partial<Finding> = {}, ending: Ending = 'mended') =>
    findingOverAlert({
      finding: findingOf({ closedAt: '2026-11-16T08:00:00Z', ...given }),
      ending,
      target: { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' },
      now: '2026-11-16T09:15:00Z',
    });

  it('says how long it lasted and what that came to, about the same subject', () => {
    const opened = alert();
    expect(over()).toMatchObject({
      id: `${opened.subject}/recovered`,
      subject: opened.subject,
      pattern: opened.pattern,
      kind: 'utilization',
      severity: 'info',
      step: 'recovered',
      at: '2026-11-16T09:15:00Z',
      title: 'reranker-train (p4d.24xlarge) works again: $2,064.51 wasted since 13 Nov',
      summary: 'It lasted from 2026-11-13 17:00 UTC to 2026-11-16 08:00 UTC, 2 days 15 h.',
      action: 'Nothing, unless it comes back.',
      account: '210987654321',
      region: 'eu-west-1',
      owner: 'jonas',
      team: 'search',
    });
    expect(over()).not.toHaveProperty('costPerDay');
  });

  it.each<[Ending, Partial<Finding>, string]>([
    ['gone', {}, 'reranker-train (p4d.24xlarge) is stopped or gone: '],
    ['gone', { kind: 'sagemaker-training-job', check: 'job-idle', type: 'ml.p4d.24xlarge' }, 'has ended: '],
    ['restarted', {}, 'was started again: '],
    ['otherwise', {}, 'is no longer as it was told: '],
    ['mended', { kind: 'sagemaker-endpoint', check: 'idle-endpoint' }, 'is invoked again: '],
  ])('of what was %s, %j, says so', (ending, given, text) => {
    expect(over(given, ending).title).toContain(text);
  });

  it('never takes an unknown price for nothing, and counts what was lost at once', () => {
    const unknown = over({ hourlyRate: undefined, wastedHourlyRate: undefined });
    expect(unknown.title).toMatch(/: price unknown since 13 Nov$/);
    expect(unknown.facts.map(({ label }) => label)).not.toContain('Wasted');
    const lost = over({ check: 'job-failed-late', wastedHourlyRate: undefined, loss: 294.95 });
    expect(lost.title).toContain('$294.95 wasted since 13 Nov');
    expect(over({ check: 'uncached-prompts' }).title).not.toContain('$');
  });

  it('fits queue, table and outlets, whatever its check', () => {
    for (const check of checks) {
      const told = over({ check, name: '<!channel>' });
      expect(alertSchema.parse(told)).toEqual(told);
      expect(JSON.stringify(toSlackMessage(told))).not.toContain('<!channel>');
      expect(toEmail(told).subject.length).toBeLessThanOrEqual(100);
    }
  });
});
