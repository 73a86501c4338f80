import { ListSubscriptionsByTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { alertSchema } from '../../shared/alert/alert.ts';
import { countSubscribers, publishAlert } from '../../shared/aws/sns.ts';
import type { DeliveryError } from '../../shared/outlet/delivery-error.ts';
import { alertOf } from '../support/alert.ts';

const topic = 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts';
const sns = mockClient(SNSClient);
beforeEach(() => {
  sns.reset();
  sns.on(PublishCommand).resolves({ MessageId: 'm' });
});

const client = new SNSClient({});
const published = () => sns.commandCalls(PublishCommand)[0]?.args[0].input;
/** What each protocol gets. */
const texts = (): Record<string, string> => JSON.parse(published()?.Message ?? '');
const machines = ['sqs', 'lambda', 'http', 'https', 'firehose'];

describe('what is published', () => {
  it('is a mail to people, with attributes to filter by and to know a second copy by', async () => {
    await publishAlert(client, topic, alertOf({ step: 'opened', owner: 'mei' }));
    expect(sns).toHaveReceivedCommandOnce(PublishCommand);
    expect(published()).toMatchObject({
      TopicArn: topic,
      Subject: '[CRITICAL] EC2 in ml-dev costs $786 a day more than expected',
      MessageStructure: 'json',
    });
    expect(texts()['email']).toContain('What to do:\nStop i-0a1b2c3d4e5f60718');
    expect(texts()['default']).toBe(texts()['email']);
    const attributes = Object.entries(published()?.MessageAttributes ?? {});
    expect(Object.fromEntries(attributes.map(([name, { StringValue }]) => [name, StringValue]))).toEqual({
      severity: 'critical',
      kind: 'spend-anomaly',
      team: 'search',
      owner: 'mei',
      account: '210987654321',
      step: 'opened',
      alertId: 'incident/p4d/opened',
      subject: 'incident/p4d',
    });
  });

  it('is the alert itself for programs, and a line for telephones', async () => {
    const alert = alertOf({ step: 'grown', costPerDay: 786 });
    await publishAlert(client, topic, alert);
    for (const protocol of machines) {
      expect(alertSchema.parse(JSON.parse(texts()[protocol] ?? ''))).toEqual(alert);
    }
    expect(texts()['sms']).toBe('[CRITICAL] EC2 in ml-dev costs $786 a day more than expected');
  });

  it('carries no chart, which only Slack shows', async () => {
    const chart = {
      currency: 'USD',
      start: '2026-11-01',
      actual: [1],
      expected: [1],
      limit: [2],
      since: '2026-11-01',
    };
    await publishAlert(client, topic, alertOf({ chart }));
    expect(JSON.parse(texts()['sqs'] ?? '')).not.toHaveProperty('chart');
  });

  it('says in a mail how it got there', async () => {
    await publishAlert(client, topic, alertOf(), 'Meant for slack, which could not take it: is_archived');
    expect(texts()['email']?.startsWith('Meant for slack, which could not take it: is_archived\n')).toBe(
      true,
    );
  });

  it('leaves out attributes that are empty, for which SNS would refuse the message', async () => {
    const { account: _, ...alert } = alertOf({ team: ' \u0000' });
    await publishAlert(client, topic, alert);
    expect(Object.keys(published()?.MessageAttributes ?? {})).toEqual([
      'severity',
      'kind',
      'alertId',
      'subject',
    ]);
  });

  it.each([
    ['a summary', { summary: '€ '.repeat(150_000) }],
    ['items of emoji', { items: Array.from({ length: 90 }, () => '🤖"\\'.repeat(4000)) }],
  ])(
    'fits into what SNS takes, whole and between two characters, for %s too long for it',
    async (_, given) => {
      await publishAlert(client, topic, alertOf(given));
      expect(Buffer.byteLength(published()?.Message ?? '')).toBeLessThanOrEqual(250 * 1024);
      expect(texts()['email']?.endsWith('…\n')).toBe(true);
      expect(texts()['email']).not.toContain('\uFFFD');
      expect(texts()['email']?.isWellFormed()).toBe(true);
      expect(JSON.parse(texts()['sqs'] ?? '')).toMatchObject({ id: 'incident/p4d/opened', isCut: true });
    },
  );

  it('is one of a group, and known as a copy, where the topic is a FIFO', async () => {
    await publishAlert(client, `${topic}.fifo`, alertOf());
    await publishAlert(client, `${topic}.fifo`, alertOf({ id: 'incident/p4d/grown' }));
    const [first, second] = sns.commandCalls(PublishCommand).map(({ args }) => args[0].input);
    expect(first?.MessageGroupId).toBe(second?.MessageGroupId);
    expect(first?.MessageDeduplicationId).not.toBe(second?.MessageDeduplicationId);
  });
});

describe('where SNS does not take it', () => {
  const failure = async (error: Error): Promise<DeliveryError> => {
    sns.on(PublishCommand).rejects(error);
    return publishAlert(client, topic, alertOf()).then(
      () => expect.unreachable(),
      (caught: DeliveryError) => caught,
    );
  };
  const fault = (name: string, $fault: 'client' | 'server') =>
    Object.assign(new Error('No.'), { name, $fault });

  it.each([
    ['a right that is missing', fault('AuthorizationErrorException', 'client'), true, true],
    ['a topic that is gone', fault('NotFoundException', 'client'), true, true],
    ['too many at a time', fault('ThrottledException', 'client'), false, true],
    ['its own fault', fault('InternalErrorException', 'server'), false, false],
    ['an answer that got lost', new Error('socket hang up'), false, false],
  ])('%s is known for what it is', async (_, error, isLasting, isUnsent) => {
    expect(await failure(error)).toMatchObject({ name: 'DeliveryError', isLasting, isUnsent });
  });

  it('says so in a line', async () => {
    expect((await failure(fault('NotFoundException', 'client'))).message).toBe('SNS: NotFoundException: No.');
    expect((await failure(new Error('socket hang up'))).message).toBe('SNS: socket hang up');
  });
});

it('counts those who have confirmed, over all pages', async () => {
  const subscription = (SubscriptionArn: string) => ({ SubscriptionArn });
  sns
    .on(ListSubscriptionsByTopicCommand)
    .resolvesOnce({
      Subscriptions: [subscription('PendingConfirmation'), subscription(`${topic}:1`)],
      NextToken: 'more',
    })
    .resolvesOnce({ Subscriptions: [subscription('Deleted'), subscription(`${topic}:2`)] });
  expect(await countSubscribers(client, topic)).toBe(2);
});
