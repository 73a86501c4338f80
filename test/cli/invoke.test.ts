import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionNames } from '../../cli/local-runtime.ts';
import { watchdog } from '../support/run.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'events-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(text: string): Promise<string> {
  const file = join(folder, 'event.json');
  await writeFile(file, text);
  return file;
}

/** Each function with each event that reaches it, and what it makes of that one. */
const invocations: readonly [name: string, file: string, expected: object, ...options: string[]][] = [
  [
    'watch-spend',
    'watch-spend.json',
    {
      result: { currency: 'USD', opened: 2 },
      sent: { queued: [{ kind: 'spend-anomaly' }, { kind: 'spend-anomaly' }] },
    },
  ],
  [
    'watch-utilization',
    'watch-utilization.json',
    { result: { queued: 6 }, sent: { queued: Array(6).fill({ pass: 'utilization' }) } },
  ],
  [
    'enforce-schedules',
    'enforce-schedules.json',
    { result: { queued: 6 }, sent: { queued: Array(6).fill({ pass: 'schedules' }) } },
  ],
  [
    'sweep',
    'sweep.json',
    {
      result: { batchItemFailures: [] },
      sent: {
        queued: [
          ...Array(2).fill({ kind: 'schedule-problem' }),
          ...Array(5).fill({ kind: 'stop-warning', account: '210987654321' }),
        ],
      },
    },
  ],
  [
    'sweep',
    'sweep-utilization.json',
    {
      result: { batchItemFailures: [] },
      sent: {
        queued: expect.arrayContaining([
          expect.objectContaining({
            kind: 'utilization',
            account: '210987654321',
            title: expect.stringContaining('reranker-train (p4d.24xlarge) has done nothing for 2 days'),
          }),
        ]),
      },
    },
  ],
  ['wake-schedules', 'tag-change.json', { result: { woken: 'ml-platform (123456789012), eu-west-1' } }],
  [
    'watch-launches',
    'cloudtrail-run-instances.json',
    {
      result: { launch: { instances: 2, startedBy: 'ml-engineer/dana', alerted: true } },
      sent: { queued: [{ kind: 'launch' }] },
    },
  ],
  [
    'watch-launches',
    'cloudtrail-run-instances-failed.json',
    {
      result: { launch: { ignored: 'RunInstances failed: Server.InsufficientInstanceCapacity' } },
      sent: { queued: [] },
    },
  ],
  [
    'watch-launches',
    'ec2-state-change.json',
    { result: { launch: { instances: 2, alerted: true } }, sent: { queued: [{ kind: 'launch' }] } },
  ],
  [
    'watch-spot',
    'ec2-spot-interruption.json',
    {
      result: { spot: { isDescribed: true, alerted: true } },
      sent: { queued: [{ kind: 'spot-interruption', severity: 'critical', owner: 'dana' }] },
    },
  ],
  [
    'watch-spot',
    'ec2-rebalance.json',
    {
      result: { spot: { alerted: true } },
      sent: { queued: [{ kind: 'spot-interruption', severity: 'warning' }] },
    },
  ],
  [
    'watch-jobs',
    'sagemaker-training-job-failed.json',
    {
      result: { job: { job: 'ranker-hpo-20261115', alerted: true } },
      sent: { queued: [{ kind: 'job-failure', owner: 'lena', team: 'search' }] },
    },
  ],
  [
    'send-digests',
    'send-digests.json',
    {
      result: { recorded: ['digest/weekly/2026-11-07/whole'], alerts: 1, mailed: [] },
      sent: { queued: [{ kind: 'digest', title: 'Weekly digest, 7 to 13 Nov: spend unknown' }] },
    },
  ],
  ...[
    'cost-anomaly-sns.json',
    'cost-anomaly-sns-sparse.json',
    'cost-anomaly-eventbridge.json',
    'budget-actual-sns.json',
    'budget-forecast-sns.json',
    'health-credentials-exposed.json',
  ].map((file): (typeof invocations)[number] => [
    'relay-aws-alerts',
    file,
    { result: { alerts: 1 }, sent: { queued: [{ title: expect.any(String) }] } },
  ]),
  [
    'notify',
    'alert-queue.json',
    {
      result: { batchItemFailures: [] },
      sent: {
        slack: [{ text: expect.stringContaining('Amazon Elastic Compute Cloud - Compute in ml-dev') }],
        email: [{ subject: expect.stringContaining('ml-dev') }],
        queued: [],
      },
    },
  ],
  [
    'follow-up-alerts',
    'follow-up-alerts.json',
    { result: { escalated: 0, reminded: 0, released: 0, alerts: 0 }, sent: { queued: [] } },
  ],
  [
    'slack-actions',
    'slack-acknowledge.json',
    {
      result: { statusCode: 200 },
      handedOver: [{ button: 'acknowledge', user: 'U0MEI00001', alerts: 1 }],
      sent: {
        queued: [{ step: 'acknowledged', by: 'U0MEI00001', title: expect.stringContaining('reranker') }],
      },
    },
  ],
  [
    'slack-actions',
    'slack-snooze.json',
    {
      handedOver: [{ button: 'snooze', alerts: 1 }],
      sent: {
        queued: [
          {
            step: 'snoozed',
            summary:
              'It is told again on 2026-11-23 18:05 UTC, or when it costs $1,573.08 a day, twice as much.',
          },
        ],
      },
    },
  ],
  ['slack-actions', 'slack-expected.json', { result: { statusCode: 200 }, sent: { queued: [] } }],
  [
    'slack-actions',
    'slack-expected-sent.json',
    {
      handedOver: [{ button: 'expected', alerts: 1 }],
      sent: {
        queued: [
          {
            step: 'expected',
            facts: expect.arrayContaining([{ label: 'Reason', value: 'It waits for data until Wednesday.' }]),
          },
        ],
      },
    },
  ],
  [
    'carry-out-presses',
    'carry-out-press.json',
    { result: { button: 'acknowledge', alerts: 1 }, sent: { queued: [{ step: 'acknowledged' }] } },
  ],
];

describe('invoke', () => {
  it.each(invocations)('runs %s with %s', async (name, file, expected, ...options) => {
    const { code, stdout } = await watchdog(['invoke', name, '--event', `events/${file}`, ...options]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(expected);
  });

  it('has run every event of events/ and every function', () => {
    const files = new Set(invocations.map(([, file]) => file));
    const events = readdirSync('events').filter((file) => file !== 'alert.json'); // what preview shows: no function takes it
    expect([...files].toSorted()).toEqual(events.toSorted());
    expect(new Set(invocations.map(([name]) => name))).toEqual(new Set(functionNames));
  });

  it('is shown in the README, each with its function', () => {
    const readme = readFileSync('README.md', 'utf8');
    const missing = invocations.filter(
      ([name, file]) => !readme.includes(`invoke ${name} --event events/${file}`),
    );
    expect(missing).toEqual([]);
  });

  it('takes the sample event of the function where none is named, from wherever it is called', async () => {
    const { code, stdout } = await watchdog(['invoke', 'notify'], { cwd: folder });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).sent.slack).toHaveLength(1);
  });

  it('names the functions there are where one is unknown', async () => {
    expect(await watchdog(['invoke', 'watch-spent'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'no function "watch-spent": expected one of watch-spend, watch-utilization, enforce-schedules, wake-schedules, sweep, watch-launches, watch-spot, watch-jobs, send-digests, relay-aws-alerts, notify, follow-up-alerts, slack-actions, carry-out-presses\n',
    });
  });

  it('names an event file that is not there', async () => {
    expect(await watchdog(['invoke', 'notify', '--event', 'events/none.json'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'events/none.json: no such file\n',
    });
  });

  it('names an event file that is not JSON', async () => {
    const file = await fileOf('{"Records": [');
    const { code, stdout, stderr } = await watchdog(['invoke', 'notify', '--event', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^\S+event\.json: is not JSON: .*\n$/);
  });

  it.each([
    ['watch-spend', '{"time": "yesterday"}', /Invalid ISO datetime\n.*at time/],
    ['sweep', '{"records": []}', /expected array.*\n.*at Records/],
    ['relay-aws-alerts', '{"hello": "world"}', /expected what SNS sends \("Records"\) or what EventBridge/],
  ])('rejects what is no event of %s, and says what was expected', async (name, event, expected) => {
    const { code, stdout, stderr } = await watchdog(['invoke', name, '--event', await fileOf(event)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(expected);
    expect(stderr).not.toContain('    at '); // a stack is for us, not for them
  });
});
