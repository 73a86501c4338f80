import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { makeProposals } from '../../cli/propose.ts';
import { openSession, type Session } from '../../cli/session.ts';
import { tagCommand } from '../../cli/tag-command.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { watchdog } from '../support/run.ts';

type Entry = { name: string; value?: string; code?: string; dollarsPerMonth?: number };

describe('propose', () => {
  let session: Session | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
  });

  it('tells a program the hours that fit each instance, or why none do', async () => {
    const { code, stdout, stderr } = await watchdog(['propose', '--sample', '--format', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const found: { proposals: Entry[]; none: Entry[]; metrics: number; cost: number } = JSON.parse(stdout);
    expect(Object.fromEntries(found.proposals.map(({ name, value }) => [name, value]))).toEqual({
      'grasp-planner': 'office-hours',
      'demand-trainer': 'Mon-Fri 20:00-05:00 Europe/Berlin',
      'neuron-sandbox': 'office-hours',
    });
    expect(found.proposals.find(({ name }) => name === 'grasp-planner')).toEqual({
      account: '123456789012',
      accountName: 'ml-platform',
      region: 'eu-west-1',
      instanceId: 'i-0e52a90d7c1b38401',
      name: 'grasp-planner',
      type: 'm6i.2xlarge',
      owner: 'anton',
      hourlyRate: expect.closeTo(0.428, 3),
      value: 'office-hours',
      hours: 'Mon-Fri 08:00-19:00 Europe/Berlin',
      pattern: 'worked on 19 of 20 weekdays between 09:00 and 18:00; 4 h in all at weekends',
      offHoursPerWeek: 113,
      savedHoursPerMonth: expect.closeTo(463.6, 1),
      dollarsPerMonth: expect.closeTo(198.42, 1),
      busyHours: 175,
      busyHoursOutside: 4,
      busyOutside: [{ start: '2026-11-07T13:00:00Z', end: '2026-11-07T17:00:00Z', hours: 4 }],
      coverage: 1,
      weeks: 4,
      foreseen: expect.closeTo(171 / 175, 5), // but for the Saturday
      confidence: 'high',
      command: expect.stringContaining('--resources i-0e52a90d7c1b38401'),
    });
    const codes = Object.fromEntries(found.none.map(({ name, code }) => [name, code]));
    expect(codes).toMatchObject({
      'tile-segmenter-train': 'around-the-clock',
      'crawl-worker': 'around-the-clock',
      'experiment-tracker': 'never-busy',
      'reranker-train': 'too-little-history',
      'notebooks-mig': 'not-measured',
      'license-server': 'off',
      'rag-api': 'protected-environment',
      'ci-runner': 'auto-scaling',
    });
    expect(found.cost).toBeCloseTo(found.metrics * 0.00001, 10);
  });

  it('shows people the dearest first, by owner, each with the line that sets its tag', async () => {
    const { code, stdout, stderr } = await watchdog(['propose', '--sample']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Hours for 3 of \d+ instances, .* save \$99\d\.\d\d a month$/m);
    const names = ['demand-trainer', 'neuron-sandbox', 'grasp-planner'].map((name) =>
      stdout.indexOf(`    ${name}  `),
    );
    expect(names.toSorted((a, b) => a - b)).toEqual(names);
    expect(stdout).toContain('none of its 126 busy hours fell outside');
    expect(stdout).toContain(
      '4 of its 175 busy hours fell outside, in which it would not have been stopped: Sat 7 Nov 14:00-18:00',
    );
    expect(stdout).toContain(
      `aws ec2 create-tags --region eu-west-1 --resources i-0e52a90d7c1b38402 --tags '[{"Key":"auto-stop","Value":"Mon-Fri 20:00-05:00 Europe/Berlin"}]'\n`,
    );
    expect(stdout).toContain(
      '\n   1  notebooks-mig: nobody can tell what it did in any of the 672 hours it ran\n',
    );
    expect(stdout).toMatch(/4 weeks of \d+ metrics read: \$0\.00\d+ of CloudWatch\.\n$/);
  });

  it('draws the week of one instance, with the hours through midnight', async () => {
    const { stdout } = await watchdog(['propose', 'demand-tr', '--sample']);
    const rows = stdout.split('\n').filter((line) => /^ {2}(Mon|Tue|Sat|Sun) /.test(line));
    expect(rows).toEqual([
      '  Mon  · · · · · · · · · · · · · · · · · · · ·[· █ █ █',
      '  Tue  █ █ █ █ ·]· · · · · · · · · · · · · · ·[· █ █ █',
      '  Sat  ▓ █ █ █ ·]· · · · · · · · · · · · · · · · · · ·',
      '  Sun  · · · · · · · · · · · · · · · · · · · · · · · ·',
    ]);
  });

  it('draws it of one that gets no hours, too, and says why', async () => {
    const { stdout } = await watchdog(['propose', 'notebooks-mig', '--sample']);
    expect(stdout).toContain('nobody can tell what it did in any of the 672 hours it ran');
    expect(stdout).toMatch(/^ {2}Mon( {1,2}\?){24}$/m);
  });

  it('proposes by fewer weeks, and for more dollars, as it is told', async () => {
    const args = ['propose', '--sample', '--weeks', '2', '--min-saving', '400', '--format', 'json'];
    const { proposals, weeks } = JSON.parse((await watchdog(args)).stdout);
    expect([weeks, proposals.map(({ name }: Entry) => name)]).toEqual([2, ['demand-trainer']]);
  });

  it.each([
    [['propose', 'nowhere', '--sample'], /^no instance is called "nowhere"/],
    [['propose', 'reranker', '--sample'], /^"reranker" may be any of i-/],
    [['propose', '--weeks', '1', '--sample'], /expected a whole number from 2 to 52/],
    [['propose', '--min-saving', 'much', '--sample'], /expected an amount such as 25/],
  ])('says in a line what is wrong with %j', async (args, line) => {
    const { code, stdout, stderr } = await watchdog(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('only reads', async () => {
    session = await openSession({ sample: true, format: 'json' });
    const before = session.sample?.instances();
    resetMeter();
    await makeProposals(session, { weeks: 4, minSaving: 10 });
    expect(Object.keys(readMeter().calls).toSorted()).toEqual([
      'CloudWatch:GetMetricData',
      'CloudWatch:ListMetrics',
      'DynamoDB:Query',
      'EC2:DescribeInstanceTypes',
      'EC2:DescribeInstances',
      'EC2:DescribeSpotInstanceRequests',
      'Pricing:GetProducts',
      'STS:AssumeRole',
    ]);
    expect(session.sample?.instances()).toEqual(before);
  });
});

describe('the line that sets a tag', () => {
  it.each(['Mon-Fri 08:00-19:00, Sat 09:00-14:00 Europe/Berlin; start', `it's "$HOME" \\ \`id\``])(
    'hands a shell exactly the value %s',
    (value) => {
      const line = tagCommand(
        { region: 'eu-west-1', instanceId: 'i-0e52a90d7c1b38401' },
        { 'auto-stop': value },
      );
      const json = execFileSync('/bin/sh', ['-c', line.replace(/^aws .*--tags /, 'printf %s ')], {
        encoding: 'utf8',
      });
      expect(JSON.parse(json)).toEqual([{ Key: 'auto-stop', Value: value }]);
    },
  );
});
