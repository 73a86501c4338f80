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
    expect(entries.filter(({ action }) => action === 'warn')).toHaveLength(9);
    expect(entries.find(({ name }) => name === 'support-chat-train')).toEqual({
      account: '210987654321',
      region: 'eu-west-1',
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
    const rows = lines.filter((line) => /^ {2}(stop|warn|start|keep) /.test(line));
    expect(rows).toHaveLength(35);
    expect(rows.slice(0, 9).every((row) => row.startsWith('  warn'))).toBe(true);
    for (const title of ['instance', 'account', 'owner', 'why']) {
      const column = heading.indexOf(title);
      expect(rows.filter((row) => !/^ {2}\S/.test(row.slice(column - 2)))).toEqual([]);
    }
    expect(stdout).toMatch(/0 to stop, 9 to warn \(\$25\.33 an hour\), 0 to start, 26 to keep/);
  });

  it('does not promise to spare for its work what is stopped even when busy', async () => {
    const { stdout } = await watchdog(['plan', '--sample'], { env: { COLUMNS: '400' } });
    const text = stdout.replace(/\n {20,}/g, ' ');
    expect(text).toMatch(/render-preview .* stopped even when busy; to be stopped in 15 min\n/);
    expect(text).toMatch(/simulation-lab .* to be stopped in 15 min unless it gets busy\n/);
  });

  it('only reads', async () => {
    session = await openSession({ sample: true, format: 'json' });
    const before = session.sample?.instances();
    resetMeter();
    await makePlans(session);
    expect(Object.keys(readMeter().calls).toSorted()).toEqual([
      'ApplicationAutoScaling:DescribeScalableTargets',
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
      'ResourceGroupsTaggingAPI:GetResources',
      'STS:AssumeRole',
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
