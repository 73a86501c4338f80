import { PublishCommand } from '@aws-sdk/client-sns';
import { afterEach, describe, expect, it } from 'vitest';
import { blockFaults } from '../../cli/sample/slack-limits.ts';
import type { Alert } from '../../shared/alert/alert.ts';
import { answerWrite, type ConversationChange } from '../../shared/store/conversations.ts';
import { forgetDelivery } from '../../shared/store/deliveries.ts';
import { muteWrite } from '../../shared/store/mutes.ts';
import { recordAlert } from '../../shared/store/outbox.ts';
import { transact } from '../../shared/store/table.ts';
import { followUpAlerts } from '../../shared/watch/follow-up.ts';
import { alertOf } from '../support/alert.ts';
import type { Fault } from '../support/slack.ts';
import { byBot, byWebhook, startTelling, type Telling } from '../support/telling.ts';

let world: Telling;
afterEach(() => world.close());

const subject = 'spend/p4d';
const news = (step: NonNullable<Alert['step']>, hour: number, given: Partial<Alert> = {}): Alert =>
  alertOf({
    id: `${subject}/${step}-${hour}`,
    subject,
    step,
    at: `2026-11-16T${String(hour).padStart(2, '0')}:00:00Z`,
    title: `EC2 ${step}`,
    costPerDay: 786,
    ...given,
  });
const opened = news('opened', 6);
const grown = news('grown', 8, { costPerDay: 1200 });
const recovered = news('recovered', 12);

/** Somebody answers: what is known of the problem changes, and an alert says so in its thread. */
async function answer(step: 'acknowledged' | 'snoozed', hour: number, change: ConversationChange) {
  const alert = news(step, hour, { by: 'U0123456789', title: `${step}.` });
  expect(await transact(world.table, [answerWrite(world.table, subject, change)])).toBe(true);
  await world.tell(alert);
}

const said = (hour: number) => ({
  at: `2026-11-16T${String(hour).padStart(2, '0')}:00:00Z`,
  by: 'U0123456789',
});

const roots = () => world.threads().map(({ text }) => text);

describe('the same news again, and in another order', () => {
  const all = [opened, grown, recovered];
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ].map((order) => order.map((index) => all[index] as Alert));

  it.each(orders.map((order) => [order.map(({ step }) => step).join(', '), order]))(
    'as a bot end in one message and its replies: %s',
    async (_, order) => {
      world = await startTelling();
      for (const alert of [...order, ...order]) await world.tell(alert);
      const [thread, ...others] = world.threads();
      expect(others).toEqual([]);
      expect(thread?.text).toBe('✅ EC2 recovered');
      expect(new Set(thread?.replies)).toEqual(new Set(['🔴 EC2 grown', '✅ EC2 recovered']));
    },
  );

  it('by webhook are one message each', async () => {
    world = await startTelling(byWebhook);
    for (const alert of [grown, opened, recovered, opened, grown]) await world.tell(alert);
    expect(roots()).toEqual(['🔴 EC2 grown', '🔴 EC2 opened', '✅ EC2 recovered']);
    expect(JSON.stringify(world.slack.posts[0]?.blocks)).toContain('A webhook can only post');
  });

  it('by mail are one mail each', async () => {
    world = await startTelling({ email: true });
    for (const alert of [grown, opened, recovered, opened, grown]) await world.tell(alert);
    expect(world.mails()).toHaveLength(3);
  });

  it('a budget that falls below its threshold again is an alert and a correction', async () => {
    world = await startTelling();
    await world.tell(opened);
    await world.tell(news('restated', 9));
    expect(world.threads()).toEqual([{ text: '✅ EC2 restated', replies: ['✅ EC2 restated'] }]);
  });

  it('news of one problem that reach two workers at once share one message', async () => {
    world = await startTelling();
    const first = await Promise.allSettled([world.tell(opened, 'm1'), world.tell(grown, 'm2')]);
    for (const [index, { status }] of first.entries()) {
      if (status === 'rejected') await world.tell([opened, grown][index] as Alert, `m${index + 1}`, 2);
    }
    expect(world.threads()).toEqual([{ text: '🔴 EC2 grown', replies: ['🔴 EC2 grown'] }]);
  });

  it('the newest stays, though what an earlier one wrote arrives last', async () => {
    world = await startTelling();
    await world.tell(opened);
    const later = news('grown', 10);
    // The reply of the first, and then its change of the message, which takes its time.
    world.slack.fail(undefined, { slow: 250 });
    const slow = world.tell(grown);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await world.tell(later);
    await slow;
    expect(JSON.stringify(world.slack.posts[0]?.blocks)).toContain('2026-11-16 10:00:00Z');
    expect(world.threads()).toEqual([{ text: '🔴 EC2 grown', replies: ['🔴 EC2 grown', '🔴 EC2 grown'] }]);
  });
});

describe('a problem that grows', () => {
  it('is one message that changes, with a thread in which what got worse is for all to see', async () => {
    world = await startTelling();
    await world.tell(opened);
    await world.tell(grown);
    expect(world.threads()).toEqual([{ text: '🔴 EC2 grown', replies: ['🔴 EC2 grown'] }]);
    await world.tell(recovered);
    expect(world.threads()).toEqual([
      { text: '✅ EC2 recovered', replies: ['🔴 EC2 grown', '✅ EC2 recovered'] },
    ]);
    expect(world.slack.posts.map(({ isBroadcast }) => isBroadcast)).toEqual([false, true, false]);
    await world.tell(news('reopened', 20));
    expect(world.threads()).toMatchObject([
      { text: '🔴 EC2 reopened', replies: [{}, {}, '🔴 EC2 reopened'].map(() => expect.any(String)) },
    ]);
  });

  it('is told again where nobody acknowledged, in the same thread', async () => {
    world = await startTelling({ ...byBot, escalation: { hours: 4 } });
    await world.tell(opened);
    world.at('2026-11-16T10:10:00Z');
    await followUpAlerts(world.table, world.config.alerts, '2026-11-16T10:10:00Z');
    const escalated = news('escalated', 10, { id: `${subject}/escalated/${opened.id}` });
    await world.tell(escalated);
    expect(world.threads()).toEqual([{ text: '🔴 EC2 opened', replies: ['🔴 EC2 escalated'] }]);
    expect(JSON.stringify(world.slack.posts[0]?.blocks)).toContain('nobody had acknowledged it');
  });

  it('shows who has seen it, and each answer in its thread once', async () => {
    world = await startTelling();
    await world.tell(opened);
    await answer('acknowledged', 7, { acknowledged: said(7) });
    await world.tell(news('acknowledged', 7, { by: 'U0123456789', title: 'acknowledged.' }));
    expect(world.threads()).toEqual([{ text: '👀 EC2 opened', replies: ['<@U0123456789> acknowledged.'] }]);
  });

  it('an answer that overtakes what it answers waits for it', async () => {
    world = await startTelling();
    world.slack.fail('lost');
    await expect(world.tell(opened, 'm1')).rejects.toThrow("can't be reached");
    const seen = news('acknowledged', 7, { by: 'U0123456789', title: 'acknowledged.' });
    await expect(world.tell(seen, 'm2')).rejects.toMatchObject({ seconds: 90 });
    await world.tell(opened, 'm1', 2);
    await world.tell(seen, 'm2', 2);
    expect(world.threads()).toEqual([{ text: '🔴 EC2 opened', replies: ['<@U0123456789> acknowledged.'] }]);
  });

  it.each([
    ['in quiet hours', { quietHours: 'Mon-Sun 22:00-07:00' }],
    ['beyond what the channel takes in an hour', { messagesPerHour: 1 }],
  ])('grows in its thread alone %s, unless it is critical', async (_, policy) => {
    const minor = (alert: Alert): Alert => ({ ...alert, severity: 'warning' });
    world = await startTelling({ ...byBot, ...policy, email: false }, '2026-11-16T21:59:00Z');
    await world.tell(minor(opened));
    world.at('2026-11-16T22:30:00Z');
    await world.tell(alertOf({ id: 'other', severity: 'critical' }));
    await world.tell(minor(grown));
    await world.tell(news('grown', 9, { title: 'EC2 burns' }));
    const shown = world.slack.posts.filter(({ threadTs }) => threadTs !== undefined);
    expect(shown.map(({ text, isBroadcast }) => [text, isBroadcast])).toEqual([
      ['🟠 EC2 grown', false],
      ['🔴 EC2 burns', true],
    ]);
  });

  it('that was told in the place of a channel that is gone is over there, too', async () => {
    const destinations = { search: { slack: '#search', fallback: 'slack' } };
    world = await startTelling({ ...byBot, email: false, destinations, default: ['search'] });
    world.slack.fail({ error: 'is_archived' });
    expect((await world.tell(opened)).outlets).toEqual({ search: 'diverted' });
    expect(JSON.stringify(world.slack.posts[0]?.blocks)).toContain(
      'Meant for search, which could not take it',
    );
    expect((await world.tell(recovered)).outlets).toEqual({ search: 'sent', slack: 'sent' });
    expect(world.threads()).toEqual([
      { text: '✅ EC2 recovered', replies: ['✅ EC2 recovered'] },
      { text: '✅ EC2 recovered', replies: ['✅ EC2 recovered'] },
    ]);
  });

  it('that is to be told anew has a new message, and goes on in its thread', async () => {
    world = await startTelling({ ...byBot, email: false });
    await world.tell(opened);
    await forgetDelivery(world.table, opened, 'slack');
    await world.tell(opened);
    await world.tell(grown);
    expect(world.threads()).toEqual([
      { text: '🔴 EC2 opened', replies: [] },
      { text: '🔴 EC2 grown', replies: ['🔴 EC2 grown'] },
    ]);
  });

  it('that has two channels has its message in each', async () => {
    const destinations = { search: { slack: '#search' } };
    world = await startTelling({ ...byBot, destinations, default: ['slack', 'search'] });
    for (const alert of [opened, grown]) await world.tell(alert);
    expect(world.threads()).toEqual([
      { text: '🔴 EC2 grown', replies: ['🔴 EC2 grown'] },
      { text: '🔴 EC2 grown', replies: ['🔴 EC2 grown'] },
    ]);
  });

  it.each([
    ['somebody deleted', 'message_not_found'],
    ['the workspace lets nobody change any more', 'edit_window_closed'],
    ['is of an app that was replaced', 'cant_update_message'],
  ])('whose message %s goes on in its thread', async (_, error) => {
    world = await startTelling({ ...byBot, email: false });
    await world.tell(opened);
    world.slack.fail(undefined, { error });
    expect(await world.tell(grown)).toMatchObject({ outlets: { slack: 'sent' } });
  });
});

describe('a problem that was put off', () => {
  const snoozed = { ...said(7), until: '2026-11-17T07:00:00Z', costPerDay: 786 };
  const begin = async (alerts: object = byBot) => {
    world = await startTelling(alerts);
    await world.tell(opened);
    await answer('snoozed', 7, { snoozed });
  };

  it('makes no sound while it grows, and its message is up to date', async () => {
    await begin();
    expect((await world.tell(grown)).outlets).toEqual({ slack: 'silent', email: 'silent' });
    expect(world.threads()).toEqual([{ text: '💤 EC2 grown', replies: ['<@U0123456789> snoozed.'] }]);
    expect(world.mails()).toHaveLength(1);
  });

  it('breaks through once it has doubled', async () => {
    await begin();
    await world.tell(news('grown', 9, { costPerDay: 1572 }));
    expect(world.threads()[0]?.replies).toEqual(['<@U0123456789> snoozed.', '🔴 EC2 grown']);
    expect(world.mails()).toHaveLength(2);
  });

  it('breaks through in mail alone, too', async () => {
    world = await startTelling({ email: true });
    await world.tell(opened);
    await transact(world.table, [answerWrite(world.table, subject, { snoozed })]);
    expect((await world.tell(grown)).outlets).toEqual({ email: 'silent' });
    expect((await world.tell(news('grown', 9, { costPerDay: 1572 }))).outlets).toEqual({ email: 'sent' });
  });

  it('that it is over is told', async () => {
    await begin();
    await world.tell(recovered);
    expect(world.threads()[0]).toEqual({
      text: '✅ EC2 recovered',
      replies: ['<@U0123456789> snoozed.', '✅ EC2 recovered'],
    });
  });

  it('comes again when its snooze ends, once, and grows aloud from then on', async () => {
    await begin();
    world.at('2026-11-17T07:10:00Z');
    const again = () => followUpAlerts(world.table, world.config.alerts, '2026-11-17T07:10:00Z');
    expect(await again()).toMatchObject({ reminded: 1 });
    expect(await again()).toMatchObject({ reminded: 0 });
    await world.tell(news('reminded', 13, { title: 'Still there' }));
    await world.tell(news('grown', 14));
    expect(world.threads()[0]).toEqual({
      text: '🔴 EC2 grown',
      replies: ['<@U0123456789> snoozed.', '🔴 Still there', '🔴 EC2 grown'],
    });
  });

  it('what is expected makes no sound until its mute ends', async () => {
    world = await startTelling();
    const pattern = 'training on p4d';
    const mute = { pattern, at: opened.at, until: '2026-11-20T00:00:00Z', by: 'mei' };
    await transact(world.table, [muteWrite(world.table, mute)]);
    expect((await world.tell({ ...opened, pattern })).outlets).toEqual({ slack: 'silent', email: 'silent' });
    world.at('2026-11-20T00:00:00Z');
    expect((await world.tell(news('grown', 20, { pattern }))).outlets).toEqual({
      slack: 'sent',
      email: 'sent',
    });
  });
});

describe('text that somebody else wrote', () => {
  it.each([
    ['a mention of all', '<!channel> <!here|x> <@U024BE7LH> <#C024BE7LH>'],
    ['marks', '*bold* _it_ ~gone~ `code` > said'],
    ['5,000 characters', 'x&<>'.repeat(1250)],
    ['emoji', '👩‍👩‍👧 🤖 :tada:'],
    ['nothing', ''],
    ['a line of commands', 'aws iam create-user --user-name x\naws s3 rm s3://x'],
  ])('is shown as it is, cut, and pages nobody: %s', async (_, text) => {
    world = await startTelling();
    const hostile = (alert: Alert): Alert => ({
      ...alert,
      title: text,
      summary: text,
      facts: [{ label: text, value: text }],
      items: [text],
      action: text,
      links: [{ label: text, url: 'https://console.aws.amazon.com/' }],
      owner: text,
    });
    for (const alert of [opened, grown, recovered]) {
      expect((await world.tell(hostile(alert))).outlets).toEqual({ slack: 'sent', email: 'sent' });
    }
    for (const { text: shown, blocks } of world.slack.posts) {
      expect(blockFaults(blocks)).toEqual([]);
      expect(shown.length).toBeLessThanOrEqual(3000);
      expect(JSON.stringify([shown, blocks])).not.toMatch(/<[!@#]/);
    }
    for (const { args } of world.sns.commandCalls(PublishCommand)) {
      expect(args[0].input.Subject).toMatch(/^[\x20-\x7E]{1,100}$/);
    }
  });
});

describe('a bad moment of Slack', () => {
  const tellUntilTold = async (alert: Alert) => {
    for (let receive = 1; receive <= 12; receive += 1) {
      if (
        await world.tell(alert, `m-${alert.id}`, receive).then(
          () => true,
          () => false,
        )
      )
        return;
    }
    expect.unreachable('it was never told');
  };
  /** The same of another problem. */
  const another =
    (index: number) =>
    (alert: Alert): Alert => ({ ...alert, id: `${alert.id}/${index}`, subject: `${subject}/${index}` });
  const faults: [string, Fault][] = [
    ['a lost answer', 'lost'],
    ['a reset', 'reset'],
    ['a 500', { status: 500 }],
    ['a long pause', { status: 429, retryAfter: '30' }],
    ['a word of its own', { error: 'internal_error' }],
    ['a refusal', { error: 'ratelimited' }],
  ];

  it.each(faults)(
    '%s at any call of a story leaves each message there once, in bot mode',
    async (_, fault) => {
      world = await startTelling({ ...byBot, email: false });
      // Each call of the story once: the post, the reply and the change of each of its news.
      for (let call = 0; call < 6; call += 1) {
        world.slack.fail(...Array.from({ length: call }, () => undefined), fault);
        for (const alert of [opened, grown, recovered].map(another(call))) await tellUntilTold(alert);
        expect(world.threads().slice(call), `at call ${call}`).toEqual([
          { text: '✅ EC2 recovered', replies: ['🔴 EC2 grown', '✅ EC2 recovered'] },
        ]);
      }
    },
  );

  it('two in a row do: an answer that got lost, and then no answer to whether it did', async () => {
    world = await startTelling({ ...byBot, email: false });
    for (const [index, [name, second]] of faults.entries()) {
      const [first, next] = [opened, grown].map(another(index)) as [Alert, Alert];
      await world.tell(first);
      world.slack.fail('lost', second, second);
      await tellUntilTold(next);
      expect(world.threads().slice(index), name).toEqual([
        { text: '🔴 EC2 grown', replies: ['🔴 EC2 grown'] },
      ]);
    }
  });

  it('a time-out leaves it there once, though Slack had it', async () => {
    world = await startTelling({ ...byBot, email: false });
    world.slack.fail({ late: 6000 });
    const alert = alertOf();
    await expect(world.tell(alert, 'm1')).rejects.toThrow('TimeoutError');
    await world.tell(alert, 'm1', 2);
    expect(roots()).toHaveLength(1);
  });

  it('a lost answer of a webhook makes a second copy that says what it is', async () => {
    world = await startTelling({ ...byWebhook, email: false });
    world.slack.fail('lost');
    await expect(world.tell(alertOf(), 'm1')).rejects.toThrow("can't be reached");
    await world.tell(alertOf(), 'm1', 2);
    expect(roots()).toHaveLength(2);
    const shown = world.slack.posts.map(({ blocks }) =>
      JSON.stringify(blocks).includes('may be a second copy'),
    );
    expect(shown).toEqual([false, true]);
  });

  it('what was not recorded by the outbox is shown all the same', async () => {
    world = await startTelling();
    const { id } = opened;
    await recordAlert(world.table, opened);
    expect(await recordAlert(world.table, opened)).toBe(false);
    expect(await world.tell(opened)).toMatchObject({ alertId: id, outlets: { slack: 'sent' } });
  });
});
