import { afterEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import { answerAlert } from '../../shared/alert/answer-alert.ts';
import { answerWrite, getConversation } from '../../shared/store/conversations.ts';
import { putFeedback } from '../../shared/store/feedback.ts';
import { dueFollowUps } from '../../shared/store/follow-ups.ts';
import { muteWrite } from '../../shared/store/mutes.ts';
import { getAlert, recordAlert } from '../../shared/store/outbox.ts';
import { transact } from '../../shared/store/table.ts';
import { followUpAlerts } from '../../shared/watch/follow-up.ts';
import { alertOf } from '../support/alert.ts';
import { incidentOf } from '../support/incident.ts';
import { byBot, startTelling, type Telling } from '../support/telling.ts';

let world: Telling;
afterEach(() => world.close());

const opened = (given: Partial<Alert> = {}) => alertOf({ step: 'opened', costPerDay: 786, ...given });
const minor = (given: Partial<Alert> = {}) => opened({ severity: 'warning', ...given });

/** Runs the follow-ups of a time, and tells what comes of them; returns what it came to. */
async function followUp(time: string) {
  world.at(time);
  const done = await followUpAlerts(world.table, world.config.alerts, time);
  return done;
}

describe('what nobody acknowledged', () => {
  const escalating = { ...byBot, escalation: { hours: 4, to: ['slack', 'email'] } };

  it('is told again after the hours, once', async () => {
    world = await startTelling(escalating);
    await world.tell(opened());
    expect(await followUp('2026-11-16T09:55:00Z')).toMatchObject({ escalated: 0 });
    expect(await followUp('2026-11-16T10:05:00Z')).toMatchObject({ escalated: 1 });
    expect(await followUp('2026-11-16T10:10:00Z')).toMatchObject({ escalated: 0 });
    const alert = await getAlert(world.table, 'incident/p4d/escalated/incident/p4d/opened');
    await world.tell(alert as Alert);
    expect(world.threads()).toEqual([
      {
        text: '🔴 EC2 in ml-dev costs $786 a day more than expected',
        replies: ['🔴 Nobody has acknowledged for 4 h: EC2 in ml-dev costs $786 a day more than expected'],
      },
    ]);
    const [root, reply] = world.slack.posts;
    expect(reply?.isBroadcast).toBe(true);
    expect(JSON.stringify(root?.blocks)).toContain('nobody had acknowledged it');
  });

  it.each([
    ['was acknowledged', { acknowledged: { at: '2026-11-16T07:00:00Z', by: 'U0123456' } }],
    [
      'was said to be expected',
      {
        answered: {
          at: '2026-11-16T07:00:00Z',
          by: 'U0123456',
          answer: 'expected',
          until: '2026-12-16T07:00:00Z',
        },
      },
    ],
    [
      'is snoozed',
      { snoozed: { at: '2026-11-16T07:00:00Z', by: 'U0123456', until: '2026-11-17T07:00:00Z' } },
    ],
  ] as const)('is left alone where it %s', async (_, change) => {
    world = await startTelling(escalating);
    await world.tell(opened());
    expect(await transact(world.table, [answerWrite(world.table, 'incident/p4d', change)])).toBe(true);
    expect(await followUp('2026-11-16T10:05:00Z')).toMatchObject({ escalated: 0 });
    expect(await dueFollowUps(world.table, '2026-12-31T00:00:00Z')).toEqual([]);
  });

  it('is left alone where its like is expected: nobody was told of it', async () => {
    world = await startTelling(escalating);
    const mute = { pattern: 'p4d', at: opened().at, until: '2026-12-01T00:00:00Z', by: 'mei' };
    await transact(world.table, [muteWrite(world.table, mute)]);
    await world.tell(opened({ pattern: 'p4d' }));
    expect(await followUp('2026-11-16T10:05:00Z')).toMatchObject({ escalated: 0 });
    expect(await dueFollowUps(world.table, '2026-12-31T00:00:00Z')).toEqual([]);
  });

  it.each([
    ['is left alone while', '2026-11-18', 0],
    ['is told again after', '2026-11-16', 1],
  ])('%s somebody vouches for it on the command line', async (_, until, escalated) => {
    world = await startTelling(escalating);
    const { id: incidentId, scope } = incidentOf();
    await world.tell(opened({ incidentId }));
    const said = { answer: 'planned', at: '2026-11-16T07:00:00Z', excess: 786 } as const;
    await putFeedback(world.table, { ...said, incidentId, scope, until });
    expect(await followUp('2026-11-16T10:05:00Z')).toMatchObject({ escalated });
  });

  it('is told again where what was said of it no longer holds', async () => {
    world = await startTelling(escalating);
    await world.tell(opened());
    const said = { at: '2026-11-16T07:00:00Z', by: 'U0123456', answer: 'expected' } as const;
    const answered = { ...said, until: '2026-11-16T10:00:00Z' };
    await transact(world.table, [answerWrite(world.table, 'incident/p4d', { answered })]);
    expect(await followUp('2026-11-16T10:05:00Z')).toMatchObject({ escalated: 1 });
  });

  it('is left alone where it is over', async () => {
    world = await startTelling(escalating);
    await world.tell(opened());
    await world.tell(
      opened({
        id: 'incident/p4d/recovered',
        step: 'recovered',
        at: '2026-11-16T08:00:00Z',
        severity: 'info',
      }),
    );
    expect(await followUp('2026-11-16T10:05:00Z')).toMatchObject({ escalated: 0 });
  });

  it('is told again only from the configured severity on', async () => {
    world = await startTelling(escalating);
    await world.tell(minor());
    expect(await dueFollowUps(world.table, '2026-12-31T00:00:00Z')).toEqual([]);
  });
});

describe('what nobody acknowledged and somebody else is told of', () => {
  const elsewhere = {
    ...byBot,
    email: false,
    destinations: { leads: { slack: '#leads' } },
    escalation: { hours: 4, to: ['leads'] },
  };

  async function escalate(): Promise<Alert> {
    world = await startTelling(elsewhere);
    await world.tell(opened());
    expect(await followUp('2026-11-16T10:05:00Z')).toMatchObject({ escalated: 1 });
    const alert = await getAlert(world.table, 'incident/p4d/escalated/incident/p4d/opened');
    await world.tell(alert as Alert);
    return alert as Alert;
  }

  it('stands there once', async () => {
    await escalate();
    const there = world.slack.posts.slice(1);
    expect(there.map(({ isBroadcast }) => isBroadcast)).toEqual([false, false]);
    expect(there[1]?.threadTs).toBe(there[0]?.ts);
  });

  it('is answered for all who were told, wherever the button was', async () => {
    const alert = await escalate();
    const press = { id: '1', at: '2026-11-16T10:10:00Z', user: { id: 'U0123456789', name: 'mei' } };
    const answer = answerAlert({ alert, title: 'EC2', answer: { step: 'acknowledged' }, press });
    expect((await world.tell(answer)).outlets).toEqual({ slack: 'sent', leads: 'sent' });
    expect(world.threads().map(({ replies }) => replies.at(-1))).toEqual(
      Array(2).fill('<@U0123456789> Acknowledged: EC2'),
    );
  });

  it('is over there, too', async () => {
    await escalate();
    const over = { id: 'incident/p4d/recovered', step: 'recovered', at: '2026-11-16T12:00:00Z' } as const;
    const { outlets } = await world.tell(opened({ ...over, severity: 'info', title: 'EC2 is over' }));
    expect(outlets).toEqual({ slack: 'sent', leads: 'sent' });
    expect(world.threads().map(({ text }) => text)).toEqual(Array(2).fill('✅ EC2 is over'));
  });
});

describe('a snooze', () => {
  const snoozed = {
    at: '2026-11-16T07:00:00Z',
    by: 'U0123456',
    until: '2026-11-17T07:00:00Z',
    costPerDay: 786,
  };

  async function snooze() {
    const answer = alertOf({
      id: 'incident/p4d/snoozed/1',
      step: 'snoozed',
      by: 'U0123456',
      title: 'Snoozed for a day',
    });
    const isNew = await recordAlert(world.table, answer, [
      answerWrite(world.table, 'incident/p4d', { snoozed }),
    ]);
    expect(isNew).toBe(true);
    await world.tell(answer);
  }

  it('that ends while the problem is still there is told in its thread, once', async () => {
    world = await startTelling();
    await world.tell(opened());
    await snooze();
    expect(await followUp('2026-11-17T06:55:00Z')).toMatchObject({ reminded: 0 });
    expect(await followUp('2026-11-17T07:05:00Z')).toMatchObject({ reminded: 1 });
    expect(await followUp('2026-11-17T07:10:00Z')).toMatchObject({ reminded: 0 });
    const alert = await getAlert(world.table, 'incident/p4d/reminded/2026-11-17T07:00:00Z');
    await world.tell(alert as Alert);
    expect(world.threads()[0]?.replies).toEqual([
      '<@U0123456> Snoozed for a day',
      '🔴 Still there after its snooze: EC2 in ml-dev costs $786 a day more than expected',
    ]);
    expect((await getConversation(world.table, 'incident/p4d'))?.snoozed).toBeUndefined();
  });

  it('that ends after the problem has is told to nobody', async () => {
    world = await startTelling();
    await world.tell(opened());
    await snooze();
    await world.tell(
      opened({
        id: 'incident/p4d/recovered',
        step: 'recovered',
        at: '2026-11-16T09:00:00Z',
        severity: 'info',
      }),
    );
    expect(await followUp('2026-11-17T07:05:00Z')).toMatchObject({ reminded: 0 });
  });

  it('hushes what goes on, and lets through what has doubled', async () => {
    world = await startTelling();
    await world.tell(opened());
    await snooze();
    world.at('2026-11-16T12:00:00Z');
    const grown = (id: string, costPerDay: number) =>
      opened({ id, step: 'grown', at: '2026-11-16T12:00:00Z', costPerDay, title: `$${costPerDay} a day` });
    await world.tell(grown('incident/p4d/grown-1', 900));
    expect(world.threads()[0]?.replies).toEqual(['<@U0123456> Snoozed for a day']);
    expect(world.threads()[0]?.text).toBe('💤 $900 a day');
    await world.tell(grown('incident/p4d/grown-2', 1572));
    expect(world.threads()[0]?.replies).toEqual(['<@U0123456> Snoozed for a day', '🔴 $1572 a day']);
  });
});

describe('what was held back', () => {
  const quiet = { ...byBot, quietHours: 'Mon-Fri 19:00-08:00, Sat-Sun 00:00-24:00 Europe/Berlin' };

  it('in the quiet hours is told in one message at their end, in each of its destinations', async () => {
    world = await startTelling(quiet, '2026-11-16T20:00:00Z');
    await world.tell(minor({ id: 'a/opened', subject: 'a', title: 'A costs $50 a day more' }));
    await world.tell(minor({ id: 'b/opened', subject: 'b', title: 'B costs $70 a day more' }));
    await world.tell(
      minor({
        id: 'b/recovered',
        subject: 'b',
        step: 'recovered',
        severity: 'info',
        at: '2026-11-16T06:30:00Z',
        title: 'B is back to normal',
      }),
    );
    expect([world.threads(), world.mails()]).toEqual([[], []]);
    expect(await followUp('2026-11-17T06:55:00Z')).toMatchObject({ released: 0 });
    expect(await followUp('2026-11-17T07:05:00Z')).toMatchObject({ released: 2 });
    expect(await followUp('2026-11-17T07:10:00Z')).toMatchObject({ released: 0 });
    const held = await getAlert(world.table, 'held/slack/2026-11-17T07:00:00Z');
    expect(held?.items.map((item) => /id \w{6}\)$/.test(item))).toEqual([true, true]);
    for (const name of ['slack', 'email']) {
      await world.tell((await getAlert(world.table, `held/${name}/2026-11-17T07:00:00Z`)) as Alert);
    }
    expect(world.mails()).toEqual(['[WARNING] Held back in the quiet hours: 1 to look at, 1 over again']);
    expect(world.threads().map(({ text }) => text)).toEqual([
      '🟠 Held back in the quiet hours: 1 to look at, 1 over again',
    ]);
    const shown = JSON.stringify(world.slack.posts[0]?.blocks);
    expect(shown).toContain('A costs $50 a day more');
    expect(shown).toContain('Over: B is back to normal');
  });

  it('is not what is critical, nor a warning before a stop', async () => {
    world = await startTelling(quiet, '2026-11-16T20:00:00Z');
    await world.tell(opened());
    await world.tell(alertOf({ id: 'w', subject: 'w', kind: 'stop-warning', severity: 'warning' }));
    expect(world.threads()).toHaveLength(2);
  });

  it('beyond what a channel takes in an hour is told in one message at the next', async () => {
    world = await startTelling({ ...byBot, email: false, messagesPerHour: 2 });
    for (let index = 0; index < 100; index++) {
      await world.tell(minor({ id: `${index}`, subject: `${index}`, title: `Number ${index}` }));
    }
    expect(world.threads()).toHaveLength(2);
    expect(await followUp('2026-11-16T07:05:00Z')).toMatchObject({ released: 1 });
    const summary = await getAlert(world.table, 'held/slack/2026-11-16T07:00:00Z');
    expect(summary?.title).toBe('More than this channel takes in an hour: 98 to look at');
    expect(summary?.action).toContain('78 more are not listed');
  });
});
