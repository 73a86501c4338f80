import { afterEach, describe, expect, it } from 'vitest';
import { makePlans } from '../../cli/plan.ts';
import { openSession, type Session } from '../../cli/session.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { watchdog } from '../support/run.ts';

type Entry = { name: string; action: string; hourlyRate?: number };

describe('plan', () => {
  let session: Session | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
  });

  it('tells a program what is to be done with each instance, and why', async () => {
    const { code, stdout, stderr } = await watchdog(['plan', '--sample', '--format', 'json']);
    const entries: Entry[] = JSON.parse(stdout);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(entries.filter(({ action }) => action === 'warn')).toHaveLength(16);
    expect(entries.find(({ name }) => name === 'support-chat-train')).toEqual({
      account: '210987654321',
      region: 'eu-west-1',
      kind: 'ec2-instance',
      id: 'i-0d4e7b1c93fa26507',
      instanceId: 'i-0d4e7b1c93fa26507',
      name: 'support-chat-train',
      owner: 'dana',
      action: 'keep',
      code: 'busy',
      until: '2026-11-16T19:00:00Z', // by then it can have been silent for 45 minutes
      reason: expect.stringContaining('but busy: GPU 0 up to 100 % in the last 45 min'),
      utilization: expect.objectContaining({ state: 'busy', coverage: 1 }),
      hourlyRate: expect.closeTo(18.18, 2),
    });
    // An unknown price is unknown, never 0.
    expect(entries.find(({ name }) => name === 'fleet-worker')).not.toHaveProperty('hourlyRate');
  });

  it('shows people what changes first, in columns', async () => {
    const { code, stdout, stderr } = await watchdog(['plan', '--sample']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [heading = '', ...lines] = stdout.split('\n');
    const rows = lines.filter((line) => /^ {2}(stop|warn|start|keep|defer) {2}/.test(line));
    expect(rows).toHaveLength(58);
    for (const title of ['what', 'account', 'why']) {
      const column = heading.indexOf(title);
      expect(rows.filter((row) => !/^ {2}\S/.test(row.slice(column - 2)))).toEqual([]);
    }
    expect(stdout).toMatch(/^ {2}16 to warn \(\$[\d.]+ an hour\), 42 to keep$/m);
  });

  it('groups what it shows by owner, whoever has most to lose first', async () => {
    const { stdout } = await watchdog(['plan', '--sample']);
    const owners = [...stdout.matchAll(/^ {2}(\w+): (.*)$/gm)].map(([, owner, what]) => [owner, what]);
    expect(owners.slice(0, 2)).toEqual([
      ['vision', '2 to warn ($12.66 an hour), 2 to keep'],
      ['priya', '3 to warn ($6.37 an hour), 2 to keep'],
    ]);
  });

  it('shows what the next day would bring, by the evaluator itself', async () => {
    const { stdout } = await watchdog(['plan', '--sample', '--for', '24h']);
    expect(stdout).toContain('The next 24 h, if what is busy or unknown stays so');
    expect(stdout).toMatch(/19:25 Europe\/Berlin +warn +sweep-1 +\$6\.33\/h +vision\n/);
    expect(stdout).toMatch(/19:40 Europe\/Berlin +stop +sweep-1 +\$6\.33\/h +vision\n/);
    expect(stdout).toMatch(/22:00 Europe\/Berlin +start +nightly-eval/);
    expect(stdout).toMatch(/Down for \d+ hours in all: \$[\d,.]+ less, and 1 of unknown price\./);
    expect(stdout).toContain('That is at what they cost now. `watchdog savings` counts less: ');
    const { stdout: json } = await watchdog(['plan', '--sample', '--for', '24h', '--format', 'json']);
    const entry = JSON.parse(json).find(({ name }: Entry) => name === 'sweep-1');
    expect(
      entry.forecast.steps.map(({ at, action }: { at: string; action: string }) => [at, action]),
    ).toEqual([
      ['2026-11-16T18:25:00Z', 'warn'],
      ['2026-11-16T18:40:00Z', 'stop'],
    ]);
    expect(entry.forecast.hoursOff).toBeCloseTo(23.75, 9);
  });

  it.each(['soon', '0h', '20d'])('refuses %j as a time to look ahead, in one line', async (length) => {
    const { code, stderr } = await watchdog(['plan', '--sample', '--for', length]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^--for ".*": expected minutes, hours or days up to 14 days, e\.g\. 24h\n$/);
  });

  it('does not promise to spare for its work what is stopped even when busy', async () => {
    const { stdout } = await watchdog(['plan', '--sample'], { env: { COLUMNS: '400' } });
    const text = stdout.replace(/\n {20,}/g, ' ');
    expect(text).toMatch(/render-preview .* stopped even when busy; to be stopped in 15 min\n/);
    expect(text).toMatch(/simulation-lab .* to be hibernated in 15 min unless it gets busy\n/);
    expect(text).toMatch(/\(endpoint\) .* to be deleted in 15 min unless it gets busy\n/);
    expect(text).toMatch(/load-test .* to be stopped in 15 min unless it gets busy\n/);
  });

  it('only reads', async () => {
    session = await openSession({ sample: true, format: 'json' });
    const before = session.sample?.instances();
    resetMeter();
    await makePlans(session);
    expect(Object.keys(readMeter().calls).toSorted()).toEqual([
      'ApplicationAutoScaling:DescribeScalableTargets',
      'AutoScaling:DescribeAutoScalingGroups',
      'AutoScaling:DescribeScheduledActions',
      'CloudWatch:GetMetricData',
      'CloudWatch:ListMetrics',
      'DynamoDB:GetItem',
      'DynamoDB:Query',
      'EC2:DescribeInstanceAttribute',
      'EC2:DescribeInstanceTypes',
      'EC2:DescribeInstances',
      'EC2:DescribeSpotInstanceRequests',
      'ECS:DescribeServices',
      'ECS:DescribeTaskDefinition',
      'EKS:DescribeNodegroup',
      'Pricing:GetProducts',
      'RDS:DescribeDBClusters',
      'RDS:DescribeDBInstances',
      'ResourceGroupsTaggingAPI:GetResources',
      'STS:AssumeRole',
      'SageMaker:DescribeApp',
      'SageMaker:DescribeEndpoint',
      'SageMaker:DescribeEndpointConfig',
      'SageMaker:DescribeModel',
      'SageMaker:ListApps',
      'SageMaker:ListEndpoints',
      'SageMaker:ListNotebookInstances',
      'SageMaker:ListTags',
    ]);
    expect(session.sample?.instances()).toEqual(before);
  });

  it('says in a line that there are no credentials', async () => {
    const env = { AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' };
    const { code, stdout, stderr } = await watchdog(['plan'], { env, timeoutMs: 10_000 });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^no credentials that AWS accepts: .* \(or try --sample\)\n$/);
  });
});

describe('doctor', () => {
  it('finds the sample account in order, and names each thing to mend', async () => {
    const { code, stdout, stderr } = await watchdog(['doctor', '--sample', '--format', 'json']);
    const findings: { check: string; status: string; detail: string; fix?: string }[] = JSON.parse(stdout);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(findings.filter(({ check }) => check === 'targets')).toHaveLength(6);
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(findings).toContainEqual({
      check: 'schedule tags',
      status: 'warn',
      detail: expect.stringContaining('ocr-dev (i-0d4e7b1c93fa2650f)'),
      fix: 'correct the tag',
    });
    expect(findings.filter(({ status, fix }) => status === 'warn' && fix === undefined)).toEqual([]);
  });
});
