import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openSampleAccount, readSampleConfig, type SampleAccount } from '../../cli/sample/account.ts';
import pressEvent from '../../events/carry-out-press.json' with { type: 'json' };
import { type Alert, alertSchema } from '../../shared/alert/alert.ts';
import { parseConfig } from '../../shared/config.ts';
import { openTable, type Table } from '../../shared/store/table.ts';
import { homeOf, targetsOf } from '../../shared/target.ts';
import { enforceSchedules } from '../../shared/watch/enforce-schedules.ts';
import { targetClients } from '../../shared/watch/target-clients.ts';
import { context } from '../support/context.ts';
import { evening } from '../support/evening.ts';

const app = {
  token: 'ssm:/watchdog/slack-token',
  channel: '#ml-cost',
  signingSecret: 'ssm:/watchdog/slack-signing-secret',
};
const settings = { ...(readSampleConfig() as object), alerts: { slack: app, email: true } };

let sample: SampleAccount;
let table: Table;
let handler: (event: unknown, context: never) => Promise<unknown>;

beforeAll(async () => {
  sample = await openSampleAccount({ now: evening });
  table = openTable('watchdog');
  process.env['WATCHDOG_CONFIG'] = JSON.stringify(settings);
  ({ handler } = (await import('../../functions/carry-out-presses.ts')) as never);
});
afterAll(() => sample.close());

const run = (event: object) => handler(event, context as never);

/** Everybody whose machines idle is warned, in every account and region. */
async function warnAll(): Promise<Alert[]> {
  const config = parseConfig(settings);
  for (const target of targetsOf(config, homeOf(process.env))) {
    const given = { remainingMs: () => 300_000, arrivedAt: evening };
    await enforceSchedules({ ...targetClients(target), table }, target, config, evening, given);
  }
  const { Items = [] } = await table.client.send(
    new ScanCommand({
      TableName: table.name,
      FilterExpression: 'sk = :sk',
      ExpressionAttributeValues: { ':sk': 'RECORD' },
    }),
  );
  return z
    .array(z.object({ alert: alertSchema }))
    .parse(Items)
    .flatMap(({ alert }) => (alert.kind === 'stop-warning' ? [alert] : []));
}

const keepUntilTags = () =>
  sample.instances().filter(({ tags }) => tags['auto-stop:keep-until'] === '2026-11-16T20:06:00Z');

describe('carry-out-presses', () => {
  it('keeps what was warned, of every kind and in every account, and calls nothing that stops, measures or prices', async () => {
    const warnings = await warnAll();
    const kinds = new Set(
      warnings.flatMap(({ schedulables = [] }) => schedulables.map(({ key }) => key.split('#')[0])),
    );
    expect([...kinds]).toEqual(
      expect.arrayContaining(['ecs-service', 'eks-nodegroup', 'auto-scaling-group', 'sagemaker-notebook']),
    );
    const before = sample.calls.length;
    for (const [index, { id }] of warnings.entries()) {
      const press = {
        ...pressEvent,
        id: `press-${index}`,
        button: 'keep-2h',
        alertId: id,
        at: '2026-11-16T18:06:00Z',
      };
      expect(await run(press)).toMatchObject({
        button: 'keep-2h',
        user: 'U0MEI00001',
        alertId: expect.any(String),
      });
    }
    expect(keepUntilTags().length).toBeGreaterThan(3);
    const called = new Set(sample.calls.slice(before).map(({ call }) => call));
    const changing = [...called].filter((call) => !/:(Describe|Get|List|AssumeRole|SendMessage)/.test(call));
    expect(changing.toSorted()).toEqual([
      'AutoScaling:CreateOrUpdateTags',
      'EC2:CreateTags',
      'ECS:TagResource',
      'EKS:TagResource',
      'RDS:AddTagsToResource',
      'SageMaker:AddTags',
    ]);
    const unneeded = [...called].filter((call) => /CloudWatch|Pricing|DescribeInstanceAttribute/.test(call));
    expect(unneeded).toEqual([]);
  });

  it('hands what it tells to the queue at once', async () => {
    const queued = sample.queues
      .receive(sample.env['ALERT_QUEUE_URL'] ?? '', 100)
      .map(({ body }) => JSON.parse(body));
    const answers = queued.filter(({ inThreadOf }) => inThreadOf !== undefined);
    expect(answers.length).toBeGreaterThan(3);
    for (const { title } of answers) expect(title).toMatch(/^Kept for 2 h by mei: /);
  });

  it('refuses what is no press', async () => {
    await expect(run({ ...pressEvent, button: 'delete-everything' })).rejects.toThrow(/Unexpected event/);
    await expect(run({ ...pressEvent, user: { id: 'B0T', name: 'bot' } })).rejects.toThrow(
      /Unexpected event/,
    );
  });
});
