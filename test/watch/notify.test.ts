import { ListSubscriptionsByTopicCommand, PublishCommand } from '@aws-sdk/client-sns';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import { alertSchema } from '../../shared/alert/alert.ts';
import { createQueueHandler, type RetryLater } from '../../shared/lambda.ts';
import { logger } from '../../shared/observability.ts';
import { getDelivery, wasDelivered } from '../../shared/store/deliveries.ts';
import { notify } from '../../shared/watch/notify.ts';
import { alertOf } from '../support/alert.ts';
import { context } from '../support/context.ts';
import { queueEvent } from '../support/queue.ts';
import type { Fault } from '../support/slack.ts';
import { byBot, byWebhook, startTelling, type Telling, topicArn } from '../support/telling.ts';

let world: Telling;
afterEach(() => world.close());

const ways: [string, object][] = [
  ['a bot', byBot],
  ['a webhook', byWebhook],
];

/** What a try that failed asked for. */
const later = async (told: Promise<unknown>): Promise<RetryLater> =>
  told.then(
    () => expect.unreachable('it was told'),
    (error: RetryLater) => error,
  );

const deliveryOf = (outlet: string, about = alertOf().id) =>
  getDelivery(world.table, { about, part: 'DELIVERY', outlet });

describe.each(ways)('an alert, by %s', (_, way) => {
  it('is told in each destination, and once however often it is delivered', async () => {
    world = await startTelling(way);
    expect(await world.tell(alertOf(), 'm1')).toEqual({
      alertId: 'incident/p4d/opened',
      outlets: { email: 'sent', slack: 'sent' },
    });
    expect(await world.tell(alertOf(), 'm1', 2)).toMatchObject({
      outlets: { email: 'known', slack: 'known' },
    });
    await world.tell(alertOf(), 'm2');
    expect([world.slack.seen.length, world.mails().length]).toEqual([1, 1]);
  });

  it('is told once by two messages at the same time, whichever is first', async () => {
    world = await startTelling(way);
    const first = await Promise.allSettled(['m1', 'm2'].map((id) => world.tell(alertOf(), id)));
    expect(first.some(({ status }) => status === 'fulfilled')).toBe(true);
    for (const result of first) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ seconds: 90 });
    }
    await Promise.all(['m1', 'm2'].map((id) => world.tell(alertOf(), id, 2)));
    expect([world.slack.seen.length, world.mails().length]).toEqual([1, 1]);
  });

  it.each<[string, Fault]>([
    ['answers 500', { status: 500 }],
    ['is gone in the middle', 'reset'],
    ['wants to be left alone for long', { status: 429, retryAfter: '30' }],
    ['answers with a page of its own', { status: 502, body: '<html>Bad gateway</html>' }],
  ])('is kept where Slack %s, mailed meanwhile, and told there later, once', async (__, fault) => {
    world = await startTelling(way);
    world.slack.fail(fault);
    const error = await later(world.tell(alertOf(), 'm1'));
    expect(error).toMatchObject({ name: 'RetryLater', message: expect.stringContaining('slack: Slack ') });
    expect([world.slack.seen.length, world.mails().length]).toEqual([0, 1]);
    await world.tell(alertOf(), 'm1', 2);
    expect([world.slack.seen.length, world.mails().length]).toEqual([1, 1]);
  });

  it('is told where Slack asks for a second, in the same run', async () => {
    world = await startTelling(way);
    world.slack.fail({ status: 429, retryAfter: '1' });
    expect(await world.tell(alertOf())).toMatchObject({ outlets: { slack: 'sent' } });
  });

  it('counts as told by mail once Slack has refused it three times', async () => {
    world = await startTelling(way);
    world.slack.fail(...Array.from({ length: 3 }, () => ({ status: 500 })));
    await later(world.tell(alertOf(), 'm1', 1));
    await later(world.tell(alertOf(), 'm1', 2));
    expect(await world.tell(alertOf(), 'm1', 3)).toMatchObject({ outlets: { slack: 'diverted' } });
    await world.tell(alertOf(), 'm2');
    expect([world.slack.seen.length, world.mails().length]).toEqual([0, 1]);
    expect(await deliveryOf('slack')).toMatchObject({
      state: 'diverted',
      why: expect.stringContaining('500'),
    });
  });

  it('does not count as told by mail for pauses that Slack asks for', async () => {
    world = await startTelling(way);
    world.slack.fail(...Array.from({ length: 4 }, () => ({ status: 429, retryAfter: '60' })));
    for (const receive of [1, 2, 3, 4]) {
      expect((await later(world.tell(alertOf(), 'm1', receive))).seconds).toBeGreaterThanOrEqual(60);
    }
    expect(await world.tell(alertOf(), 'm1', 5)).toMatchObject({ outlets: { slack: 'sent' } });
  });

  it('says in one line of the log where it went instead', async () => {
    world = await startTelling(way);
    const log = vi.spyOn(logger, 'error').mockImplementation(() => {});
    world.slack.fail({ status: 404, body: 'no_service' }, { status: 404, body: 'no_service' });
    world.slack.fail({ status: 404, body: 'no_service' });
    for (const receive of [1, 2, 3]) await world.tell(alertOf(), 'm1', receive).catch(() => {});
    expect(log.mock.calls).toEqual([
      [
        'destination failed',
        {
          destination: 'slack',
          problem: expect.stringMatching(/^Slack answered 404/),
          alertId: alertOf().id,
          toldIn: 'email',
        },
      ],
    ]);
    log.mockRestore();
  });
});

describe('what is lasting', () => {
  it.each([
    'invalid_auth',
    'token_revoked',
    'channel_not_found',
    'is_archived',
    'missing_scope',
    'not_in_channel',
  ])('%s is told by mail at once, with the reason', async (error) => {
    world = await startTelling({ ...byBot, default: ['slack'] });
    world.slack.fail({ error, needed: 'chat:write' });
    expect(await world.tell(alertOf())).toMatchObject({ outlets: { slack: 'diverted' } });
    const [mail] = world.sns.commandCalls(PublishCommand);
    expect(JSON.parse(mail?.args[0].input.Message ?? '').email.replaceAll('\n', ' ')).toContain(
      `Meant for slack, which could not take it: Slack refused chat.postMessage: ${error}, needs chat:write`,
    );
  });

  it('a token that was replaced is read anew, and nothing is diverted', async () => {
    world = await startTelling();
    world.ssm
      .on(GetParameterCommand)
      .resolvesOnce({ Parameter: { Value: 'xoxb-of-last-year' } })
      .resolves({ Parameter: { Value: world.slack.token } });
    expect(await world.tell(alertOf())).toMatchObject({ outlets: { slack: 'sent' } });
  });

  it('a webhook that was replaced is read anew, and nothing is diverted', async () => {
    world = await startTelling(byWebhook);
    world.ssm
      .on(GetParameterCommand)
      .resolvesOnce({ Parameter: { Value: `${world.slack.url}-of-last-year` } })
      .resolves({ Parameter: { Value: world.slack.url } });
    world.slack.fail({ status: 404, body: 'no_service' });
    expect(await world.tell(alertOf())).toMatchObject({ outlets: { slack: 'sent' } });
    expect(world.slack.calls()).toBe(2);
  });

  it('a secret that cannot be read is named, and the mail goes out', async () => {
    world = await startTelling();
    world.ssm.on(GetParameterCommand).rejects('ParameterNotFound');
    const { message } = await later(world.tell(alertOf()));
    expect(message).toContain("Can't read the secret ssm:/watchdog/slack-token");
    expect(world.mails()).toHaveLength(1);
  });

  it('a channel that is gone after its answer got lost is told by mail', async () => {
    world = await startTelling({ ...byBot, default: ['slack'] });
    world.slack.fail({ status: 500 });
    await later(world.tell(alertOf(), 'm1'));
    world.slack.fail({ status: 200, body: '{"ok":true,"channels":[]}' });
    expect(await world.tell(alertOf(), 'm1', 2)).toMatchObject({ outlets: { slack: 'diverted' } });
  });
});

describe('where everything is down', () => {
  const everythingDown = () => {
    world.slack.fail(...Array.from({ length: 40 }, () => ({ error: 'invalid_auth' })));
    world.sns.on(PublishCommand).rejects('no network');
  };

  it.each([
    ['both are to tell it', byBot],
    ['mail only stands in', { ...byBot, default: ['slack'] }],
    ['Slack only stands in', { ...byBot, default: ['email'] }],
  ])('nothing passes for told, however often it is tried: %s', async (_, alerts) => {
    world = await startTelling(alerts);
    everythingDown();
    for (let receive = 1; receive <= 12; receive += 1) {
      const error = await later(world.tell(alertOf(), 'm1', receive));
      expect(error.name).toBe('RetryLater');
    }
    expect(await wasDelivered(world.table, alertOf().id)).toBe(false);
    world.sns.on(PublishCommand).resolves({ MessageId: 'm' });
    await world.tell(alertOf(), 'm1', 13);
    expect(await wasDelivered(world.table, alertOf().id)).toBe(true);
  });

  it('what failed is named, each with its reason', async () => {
    world = await startTelling({ ...byBot, default: ['slack'] });
    everythingDown();
    const { message } = await later(world.tell(alertOf()));
    expect(message).toBe(
      'incident/p4d/opened was not delivered: slack: Slack refused chat.postMessage: invalid_auth; email: SNS: no network',
    );
  });

  it('nobody who reads no mail is told by mail: it waits for Slack', async () => {
    world = await startTelling();
    world.sns
      .on(ListSubscriptionsByTopicCommand)
      .resolves({ Subscriptions: [{ SubscriptionArn: 'PendingConfirmation' }] });
    world.slack.fail({ error: 'invalid_auth' });
    await later(world.tell(alertOf(), 'm1'));
    expect(await world.tell(alertOf(), 'm1', 2)).toMatchObject({ outlets: { slack: 'sent' } });
  });

  it('two channels that are gone are told in one mail', async () => {
    const destinations = { ml: { slack: 'C0123456789' }, finops: { slack: 'C0987654321' } };
    world = await startTelling({ ...byBot, destinations, default: ['ml', 'finops'] });
    world.slack.fail({ error: 'is_archived' }, { error: 'is_archived' });
    expect(await world.tell(alertOf())).toMatchObject({ outlets: { ml: 'diverted', finops: 'diverted' } });
    expect(world.mails()).toHaveLength(1);
  });

  it('SNS can be it: Slack has it, and takes over for good after three refusals', async () => {
    world = await startTelling();
    world.sns.on(PublishCommand).rejects('no network');
    const { message } = await later(world.tell(alertOf(), 'm1', 1));
    expect(message).toBe('incident/p4d/opened was not delivered: email: SNS: no network');
    await later(world.tell(alertOf(), 'm1', 2));
    expect(await world.tell(alertOf(), 'm1', 3)).toMatchObject({
      outlets: { slack: 'known', email: 'diverted' },
    });
    expect(world.slack.seen).toHaveLength(1);
  });

  it('where SNS alone was to tell it, Slack tells it and says why', async () => {
    world = await startTelling({ ...byBot, default: ['email'] });
    world.sns
      .on(PublishCommand)
      .rejects(Object.assign(new Error('Gone.'), { name: 'NotFoundException', $fault: 'client' }));
    expect(await world.tell(alertOf())).toMatchObject({ outlets: { email: 'diverted' } });
    expect(JSON.stringify(world.slack.posts[0]?.blocks)).toContain(
      'Meant for email, which could not take it: SNS: NotFoundException: Gone.',
    );
  });
});

describe('where it goes', () => {
  it('is said by the routes, all that fit', async () => {
    const destinations = { search: { slack: '#search' }, finops: { topic: `${topicArn}-finops` } };
    const routes = [
      { team: 'Search', to: ['search'] },
      { severity: 'critical', to: ['finops', 'search'] },
    ];
    world = await startTelling({ ...byBot, destinations, routes });
    expect((await world.tell(alertOf())).outlets).toEqual({ search: 'sent', finops: 'sent' });
    expect((await world.tell(alertOf({ id: 'b', team: 'other', severity: 'info' }))).outlets).toEqual({
      slack: 'sent',
      email: 'sent',
    });
    const topics = world.sns.commandCalls(PublishCommand).map(({ args }) => args[0].input.TopicArn);
    expect(topics).toEqual([`${topicArn}-finops`, topicArn]);
  });

  it.each([
    ['a bot', { oncall: { slack: '#oncall' } }],
    ['a topic', { oncall: { topic: `${topicArn}-oncall` } }],
  ])('is also where the problem was told while it was worse: %s', async (_, destinations) => {
    world = await startTelling({
      ...byBot,
      destinations,
      routes: [{ severity: 'critical', to: ['oncall'] }],
      default: ['slack'],
    });
    const step = (name: 'opened' | 'grown' | 'recovered', severity: Alert['severity'], hour: number) =>
      alertOf({ id: `i/${name}`, subject: 'i', step: name, severity, at: `2026-11-16T0${hour}:00:00Z` });
    expect((await world.tell(step('opened', 'warning', 1))).outlets).toEqual({ slack: 'sent' });
    expect((await world.tell(step('grown', 'critical', 2))).outlets).toEqual({
      oncall: 'sent',
      slack: 'sent',
    });
    expect((await world.tell(step('recovered', 'info', 3))).outlets).toEqual({
      slack: 'sent',
      oncall: 'sent',
    });
    const other = { ...step('recovered', 'info', 3), id: 'j/recovered', subject: 'j' };
    expect((await world.tell(other)).outlets).toEqual({ slack: 'sent' });
  });

  it('is where everything goes, where it names a destination that is no longer there', async () => {
    world = await startTelling({ ...byBot, default: ['email'] });
    expect((await world.tell(alertOf({ to: ['ml-platform-old'] }))).outlets).toEqual({ email: 'sent' });
  });

  it('is nowhere without a destination, and says what to configure', async () => {
    world = await startTelling({ email: false });
    await expect(world.tell(alertOf())).rejects.toThrow('No destination: set alerts.slack, or alerts.email');
  });
});

describe('a warning before a stop', () => {
  const warning = () => alertOf({ kind: 'stop-warning' });
  const subscribed = (...SubscriptionArns: string[]) =>
    world.sns.on(ListSubscriptionsByTopicCommand).resolves({
      Subscriptions: SubscriptionArns.map((SubscriptionArn) => ({ SubscriptionArn })),
    });

  it('counts as delivered when somebody has subscribed', async () => {
    world = await startTelling({ email: true });
    subscribed('PendingConfirmation', `${topicArn}:5be8f5f3-ba34-466c-a02f-0d9a1b55c4a6`);
    await world.tell(warning());
    expect(await wasDelivered(world.table, warning().id)).toBe(true);
  });

  it('does not count when nobody has confirmed a subscription, though SNS takes it', async () => {
    world = await startTelling({ email: true });
    subscribed('PendingConfirmation', 'Deleted');
    await world.tell(warning());
    expect(world.mails()).toHaveLength(1);
    expect(await wasDelivered(world.table, warning().id)).toBe(false);
  });

  it('counts when Slack has it, whoever reads the mail', async () => {
    world = await startTelling();
    subscribed('PendingConfirmation', 'Deleted');
    await world.tell(warning());
    expect(await wasDelivered(world.table, warning().id)).toBe(true);
  });

  it('does not count where Slack is down and nobody reads the mail', async () => {
    world = await startTelling();
    subscribed('PendingConfirmation');
    world.slack.fail(...Array.from({ length: 12 }, () => ({ error: 'is_archived' })));
    for (let receive = 1; receive <= 12; receive += 1) await later(world.tell(warning(), 'm1', receive));
    expect(await wasDelivered(world.table, warning().id)).toBe(false);
  });

  it('is mailed once though SNS cannot say for a while who reads it', async () => {
    world = await startTelling({ email: true });
    world.sns
      .on(ListSubscriptionsByTopicCommand)
      .rejectsOnce('throttled')
      .resolves({ Subscriptions: [{ SubscriptionArn: `${topicArn}:1` }] });
    await later(world.tell(warning(), 'm1'));
    await world.tell(warning(), 'm1', 2);
    expect(world.mails()).toHaveLength(1);
    expect(await wasDelivered(world.table, warning().id)).toBe(true);
  });

  it('is told in quiet hours, and however much else is told', async () => {
    world = await startTelling({ ...byBot, quietHours: 'Mon-Sun 00:00-23:59', messagesPerHour: 1 });
    await world.tell(alertOf({ id: 'other', severity: 'warning' }));
    expect((await world.tell(warning())).outlets).toEqual({ slack: 'sent', email: 'sent' });
  });

  it('that is held up counts from when it is seen', async () => {
    world = await startTelling({ ...byBot, email: false });
    world.slack.fail({ status: 500 });
    await later(world.tell(warning(), 'm1'));
    expect(await wasDelivered(world.table, warning().id)).toBe(false);
    await world.tell(warning(), 'm1', 2);
    expect(await wasDelivered(world.table, warning().id)).toBe(true);
  });
});

describe('the queue', () => {
  const handlerOf = () =>
    createQueueHandler(alertSchema, (one) => notify(world.teller, one, '2026-11-16T06:00:05Z'));
  const record = (messageId: string, alert: Alert) =>
    queueEvent({ messageId, body: JSON.stringify(alert), receiveCount: 1 }).Records;

  it('gets back only the messages that failed', async () => {
    world = await startTelling();
    world.slack.fail({ status: 500 });
    const Records = ['a', 'b', 'c'].flatMap((id) => record(id, alertOf({ id })));
    expect(await handlerOf()({ Records }, context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'a' }],
    });
    expect(world.slack.seen).toHaveLength(2);
  });

  it.each(['hello', '{}', JSON.stringify({ ...alertOf(), kind: 'unheard-of' })])(
    'parks a message that is no alert: %s',
    async (body) => {
      world = await startTelling();
      const answer = await handlerOf()(queueEvent({ messageId: 'm1', body, receiveCount: 1 }), context);
      expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
      expect([world.slack.calls(), world.mails().length]).toEqual([0, 0]);
    },
  );

  it.each([
    ['webhook', byWebhook, () => new URL(world.slack.url).pathname],
    ['token', byBot, () => world.slack.token],
  ])('never shows the %s in a log', async (_, way, secret) => {
    world = await startTelling(way);
    const lines: string[] = [];
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((line) => lines.push(String(line)) > 0),
    );
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG');
    vi.resetModules();
    const talkative = await import('../../shared/lambda.ts');
    const talking = talkative.createQueueHandler(alertSchema, (one) =>
      notify(world.teller, one, '2026-11-16T06:00:05Z'),
    );
    world.slack.fail('reset');
    await talking({ Records: record('m1', alertOf()) }, context);
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
    expect(lines.join('')).toContain("Slack can't be reached");
    expect(lines.join('')).not.toContain(secret());
  });

  it('waits longer after each failure, never at the same time as others, and 15 minutes at most', async () => {
    world = await startTelling({ ...byBot, email: false });
    const pauses: number[] = [];
    world.slack.fail(...Array.from({ length: 9 }, () => ({ status: 500 })));
    for (let receive = 1; receive <= 9; receive += 1) {
      pauses.push((await later(world.tell(alertOf(), 'm1', receive))).seconds);
    }
    for (const [index, pause] of pauses.entries()) {
      const longest = Math.min(900, 15 * 2 ** index);
      expect(pause).toBeGreaterThanOrEqual(longest / 2);
      expect(pause).toBeLessThanOrEqual(longest);
    }
  });
});
