import { ListSubscriptionsByTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Alert, alertSchema } from '../../shared/alert/alert.ts';
import { forgetSecret } from '../../shared/aws/ssm.ts';
import { createQueueHandler } from '../../shared/lambda.ts';
import { wasDelivered } from '../../shared/store/deliveries.ts';
import { flushOutbox, recordAlert } from '../../shared/store/outbox.ts';
import { openTable, type Table } from '../../shared/store/table.ts';
import { notify, type Outlet, outletsOf } from '../../shared/watch/notify.ts';
import { alertOf } from '../support/alert.ts';
import { context } from '../support/context.ts';
import { crashPoints } from '../support/crash.ts';
import { fakeQueue, queueEvent } from '../support/queue.ts';
import { startSlack } from '../support/slack.ts';
import { startTable } from '../support/table.ts';

const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-alerts';
const topicArn = 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts';
const webhook = 'ssm:/watchdog/webhook';
const sns = mockClient(SNSClient);
const ssm = mockClient(SSMClient);

let table: Table;
let stop: () => Promise<void>;
let slack: Awaited<ReturnType<typeof startSlack>>;
let outlets: Outlet[];

beforeEach(async () => {
  ({ table, stop } = await startTable());
  slack = await startSlack();
  sns.reset();
  sns.on(PublishCommand).resolves({ MessageId: 'm' });
  ssm.reset();
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: slack.url } });
  outlets = outletsOf({ slack: { webhook }, email: true }, services);
});
afterEach(async () => {
  forgetSecret(webhook);
  await slack.stop();
  await stop();
});

const services = { ssm: new SSMClient({}), sns: new SNSClient({}), topicArn };
const mails = () => sns.commandCalls(PublishCommand).length;
const message = (messageId = 'm1', receiveCount = 1, alert: Alert = alertOf()) => ({
  body: alert,
  messageId,
  receiveCount,
});

describe('a warning before a stop', () => {
  const warning = () => alertOf({ kind: 'stop-warning' });
  const subscribed = (...SubscriptionArns: string[]) =>
    sns.on(ListSubscriptionsByTopicCommand).resolves({
      Subscriptions: SubscriptionArns.map((SubscriptionArn) => ({ SubscriptionArn })),
    });
  const byMail = () => outletsOf({ email: true }, services);

  it('counts as delivered when somebody has subscribed', async () => {
    subscribed('PendingConfirmation', `${topicArn}:5be8f5f3-ba34-466c-a02f-0d9a1b55c4a6`);
    await notify(table, byMail(), message('m1', 1, warning()));
    expect(await wasDelivered(table, warning().id)).toBe(true);
  });

  it('does not count when nobody has confirmed a subscription, though SNS takes it', async () => {
    subscribed('PendingConfirmation', 'Deleted');
    await notify(table, byMail(), message('m1', 1, warning()));
    expect(mails()).toBe(1);
    expect(await wasDelivered(table, warning().id)).toBe(false);
  });

  it('counts when Slack has it, whoever reads the mail', async () => {
    subscribed('PendingConfirmation', 'Deleted');
    await notify(table, outlets, message('m1', 1, warning()));
    expect(await wasDelivered(table, warning().id)).toBe(true);
  });
});

describe('an alert', () => {
  it('is told through each outlet, and once however often it is delivered', async () => {
    expect(await notify(table, outlets, message('m1'))).toEqual({
      alertId: 'incident/p4d/opened',
      outlets: { email: 'sent', slack: 'sent' },
    });
    expect(await notify(table, outlets, message('m1', 2))).toMatchObject({
      outlets: { email: 'known', slack: 'known' },
    });
    await notify(table, outlets, message('m2'));
    expect(slack.seen).toHaveLength(1);
    expect(mails()).toBe(1);
  });

  it('is told once by two messages at the same time, whichever is first', async () => {
    const first = await Promise.allSettled(['m1', 'm2'].map((id) => notify(table, outlets, message(id))));
    expect(first.some(({ status }) => status === 'fulfilled')).toBe(true);
    await Promise.all(['m1', 'm2'].map((id) => notify(table, outlets, message(id, 2))));
    expect(slack.seen).toHaveLength(1);
    expect(mails()).toBe(1);
  });

  it('goes nowhere without an outlet, and says what to configure', async () => {
    await expect(
      notify(table, outletsOf({ email: true }, { ...services, topicArn: undefined }), message()),
    ).rejects.toThrow('No outlet: set alerts.slack, or alerts.email and ALERT_TOPIC_ARN');
  });

  it('reaches those outlets that are configured', () => {
    const names = (alerts: Parameters<typeof outletsOf>[0]) =>
      outletsOf(alerts, services).map(({ name }) => name);
    expect(names({ slack: { webhook }, email: true })).toEqual(['email', 'slack']);
    expect(names({ slack: { webhook }, email: false })).toEqual(['slack']);
    expect(names({ email: true })).toEqual(['email']);
  });
});

describe('where an outlet is down', () => {
  it('the other one tells the alert, and the one that was down when it is back', async () => {
    slack.fail({ status: 500 });
    await expect(notify(table, outlets, message('m1', 1))).rejects.toThrow(
      'incident/p4d/opened was not delivered: slack: Slack answered 500',
    );
    expect([slack.seen.length, mails()]).toEqual([0, 1]);
    await notify(table, outlets, message('m1', 2));
    expect([slack.seen.length, mails()]).toEqual([1, 1]);
  });

  it('SNS can be it', async () => {
    sns.on(PublishCommand).rejectsOnce('no network').resolves({});
    await expect(notify(table, outlets, message('m1', 1))).rejects.toThrow('email: no network');
    expect(slack.seen).toHaveLength(1);
    await notify(table, outlets, message('m1', 2));
    expect(slack.seen).toHaveLength(1);
    expect(mails()).toBe(2);
  });

  it('a webhook that was replaced is read anew', async () => {
    ssm.on(GetParameterCommand).resolves({ Parameter: { Value: `${slack.url}-old` } });
    slack.fail({ status: 404, body: 'no_service' });
    await expect(notify(table, outlets, message('m1', 1))).rejects.toThrow('Slack answered 404 no_service');
    await notify(table, outlets, message('m1', 2));
    expect(ssm).toHaveReceivedCommandTimes(GetParameterCommand, 2);
  });

  it('a missing secret is told as such, and the mail goes out', async () => {
    ssm.on(GetParameterCommand).rejects('ParameterNotFound');
    await expect(notify(table, outlets, message())).rejects.toThrow(`Can't read the secret ${webhook}`);
    expect(mails()).toBe(1);
  });
});

describe('the queue', () => {
  const handler = createQueueHandler(alertSchema, (one) => notify(table, outlets, one));

  it('gets back only the messages that failed', async () => {
    slack.fail({ status: 500 });
    const event = (messageId: string, id: string) =>
      queueEvent({ messageId, body: JSON.stringify(alertOf({ id })), receiveCount: 1 }).Records;
    const answer = await handler(
      { Records: [...event('m1', 'a'), ...event('m2', 'b'), ...event('m3', 'c')] },
      context,
    );
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(slack.seen).toHaveLength(2);
  });

  it('parks an alert that Slack never takes; everybody has it by mail', async () => {
    const queue = fakeQueue();
    slack.fail(...Array.from({ length: 5 }, () => ({ status: 500 })));
    await recordAlert(table, alertOf());
    await flushOutbox(table, new SQSClient({}), queueUrl);
    await queue.drain(handler, context);
    queue.sqs.restore();
    expect(queue.dead).toHaveLength(1);
    expect([slack.seen.length, mails()]).toEqual([0, 1]);
  });

  it.each(['hello', '{}', JSON.stringify({ ...alertOf(), kind: 'unheard-of' })])(
    'parks a message that is no alert: %s',
    async (body) => {
      const answer = await handler(queueEvent({ messageId: 'm1', body, receiveCount: 1 }), context);
      expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
      expect([slack.calls(), mails()]).toEqual([0, 0]);
    },
  );

  it('never shows the address of the webhook in a log', async () => {
    const lines: string[] = [];
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((line) => lines.push(String(line)) > 0),
    );
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
    vi.resetModules();
    const talkative = await import('../../shared/lambda.ts');
    const talking = talkative.createQueueHandler(alertSchema, (one) => notify(table, outlets, one));
    slack.fail('reset');
    await talking(queueEvent({ messageId: 'm1', body: JSON.stringify(alertOf()), receiveCount: 1 }), context);
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
    expect(lines.join('')).toContain("Slack can't be reached");
    expect(lines.join('')).not.toContain(new URL(slack.url).pathname);
  });

  it('makes one message of each alert, however its messages are repeated and mixed', async () => {
    const order = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(order, fc.uuid(), async (ids, run) => {
        slack.seen.length = 0;
        for (const [index, id] of ids.entries()) {
          await notify(table, outlets, message(`${run}-${index}`, 1, alertOf({ id: `${run}-${id}` })));
        }
        expect(slack.seen).toHaveLength(new Set(ids).size);
      }),
      { numRuns: 15 },
    );
  });
});

it('shows an alert exactly once wherever the way to it is killed, but between an answer and its record', async () => {
  const gaps: number[] = [];
  let killed = true;
  for (let steps = 0; killed; steps += 1) {
    const alert = alertOf({ id: `incident/killed-at-${steps}` });
    const points = crashPoints();
    const queue = fakeQueue(points.around);
    const doomed = openTable(table.name);
    points.watch(doomed.client);
    const seen = { slack: 0, email: 0 };
    const watched = (['email', 'slack'] as const).map((name) => ({
      name,
      send: () =>
        points.around(async () => {
          seen[name] += 1;
        }),
    }));
    const handler = createQueueHandler(alertSchema, (one) => notify(doomed, watched, one));
    const run = async () => {
      await recordAlert(doomed, alert);
      await flushOutbox(doomed, new SQSClient({}), queueUrl);
      await queue.drain(handler, context, points.wasKilled);
    };

    points.killAt(steps);
    await run().catch(() => undefined);
    killed = points.wasKilled();
    const inGap = await unrecorded(alert.id, seen);
    points.restart();
    await run();
    queue.sqs.restore();

    const expected = { slack: inGap.includes('slack') ? 2 : 1, email: inGap.includes('email') ? 2 : 1 };
    expect(seen, `killed at step ${steps}`).toEqual(expected);
    expect(queue.dead).toEqual([]);
    if (inGap.length > 0) gaps.push(steps);
  }
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.length).toBeLessThan(8);
});

/** The outlets that showed the alert without a record that they did. */
async function unrecorded(alertId: string, seen: Record<'slack' | 'email', number>): Promise<string[]> {
  const found: string[] = [];
  for (const outlet of ['slack', 'email'] as const) {
    const Key = { pk: `ALERT#${alertId}`, sk: `DELIVERY#${outlet}` };
    const { Item } = await table.client.send(new GetCommand({ TableName: table.name, Key }));
    if (seen[outlet] > 0 && Item?.['state'] !== 'sent') found.push(outlet);
  }
  return found;
}
