import { createHash } from 'node:crypto';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import event from '../../events/alert-queue.json' with { type: 'json' };
import { context } from '../support/context.ts';
import { startSlack } from '../support/slack.ts';
import { startTable } from '../support/table.ts';

const sns = mockClient(SNSClient);
const ssm = mockClient(SSMClient);
let slack: Awaited<ReturnType<typeof startSlack>>;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ stop } = await startTable());
  slack = await startSlack();
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: slack.url } });
  sns.on(PublishCommand).resolves({ MessageId: 'm' });
  process.env['WATCHDOG_CONFIG'] = JSON.stringify({
    alerts: { slack: { webhook: 'ssm:/watchdog/webhook' } },
  });
});
afterAll(async () => {
  delete process.env['WATCHDOG_CONFIG'];
  await slack.stop();
  await stop();
});

it('tells the alert of the sample event in Slack and by mail, once', async () => {
  const { handler } = await import('../../functions/notify.ts');
  expect(await handler(event, context)).toEqual({ batchItemFailures: [] });
  expect(await handler(event, context)).toEqual({ batchItemFailures: [] });
  expect(slack.seen.map(({ text }) => text)).toEqual([
    '🔴 Amazon Elastic Compute Cloud - Compute in ml-dev costs $786.54 a day more than expected',
  ]);
  expect(sns).toHaveReceivedCommandOnce(PublishCommand);
  expect(sns).toHaveReceivedCommandWith(PublishCommand, {
    TopicArn: 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts',
  });
});

it('refuses an event that is none of a queue, and says what it expected', async () => {
  const { handler } = await import('../../functions/notify.ts');
  await expect(handler({ time: '2026-11-16T06:00:00Z' }, context)).rejects.toThrow(
    /Unexpected event\n(.*\n)*.*Records/,
  );
});

it('has a sample event that is as true as its checksum', () => {
  for (const { body, md5OfBody } of event.Records) {
    expect(createHash('md5').update(body).digest('hex')).toBe(md5OfBody);
  }
});
