import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { publishAlert } from '../../shared/aws/sns.ts';
import { alertOf } from '../support/alert.ts';

const topic = 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts';
const sns = mockClient(SNSClient);
beforeEach(() => {
  sns.reset();
  sns.on(PublishCommand).resolves({ MessageId: 'm' });
});

const published = () => sns.commandCalls(PublishCommand)[0]?.args[0].input;

it('publishes a mail, with attributes to filter by', async () => {
  await publishAlert(new SNSClient({}), topic, alertOf());
  expect(sns).toHaveReceivedCommandOnce(PublishCommand);
  expect(published()).toMatchObject({
    TopicArn: topic,
    Subject: '[CRITICAL] EC2 in ml-dev costs $786 a day more than expected',
    Message: expect.stringContaining('What to do:\nStop i-0a1b2c3d4e5f60718'),
    MessageAttributes: {
      severity: { DataType: 'String', StringValue: 'critical' },
      kind: { DataType: 'String', StringValue: 'spend-anomaly' },
      team: { DataType: 'String', StringValue: 'search' },
      account: { DataType: 'String', StringValue: '210987654321' },
    },
  });
});

it('leaves out attributes that are empty, for which SNS would refuse the message', async () => {
  const { account: _, ...alert } = alertOf({ team: ' \u0000' });
  await publishAlert(new SNSClient({}), topic, alert);
  expect(Object.keys(published()?.MessageAttributes ?? {})).toEqual(['severity', 'kind']);
});

it('cuts a body that SNS would not take, between two characters', async () => {
  await publishAlert(new SNSClient({}), topic, alertOf({ summary: '€ '.repeat(150_000) }));
  const body = published()?.Message ?? '';
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(250 * 1024 + 4);
  expect(body.endsWith('…\n')).toBe(true);
  expect(body).not.toContain('\uFFFD');
});

it('throws where SNS does not take it', async () => {
  sns.on(PublishCommand).rejects('throttled');
  await expect(publishAlert(new SNSClient({}), topic, alertOf())).rejects.toThrow('throttled');
});
