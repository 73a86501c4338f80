import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert, News } from '../../shared/alert/alert.ts';
import {
  answerWrite,
  type ConversationChange,
  getConversation,
  listConversations,
  noteNews,
} from '../../shared/store/conversations.ts';
import { dueFollowUps, endFollowUp, endFollowUpWrite, putFollowUp } from '../../shared/store/follow-ups.ts';
import { getMute, muteWrite } from '../../shared/store/mutes.ts';
import { type Table, transact } from '../../shared/store/table.ts';
import { alertOf } from '../support/alert.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ table, stop } = await startTable());
});
afterAll(() => stop());

const newsOf = (subject: string, step: News['step'], hour: number, given: Partial<Alert> = {}): News => ({
  ...alertOf({ id: `${subject}/${step}-${hour}`, subject, at: `2026-11-16T0${hour}:00:00Z`, ...given }),
  step,
});
const said = { at: '2026-11-16T07:00:00Z', by: 'U0123456789' };
const answer = (subject: string, change: ConversationChange) =>
  transact(table, [answerWrite(table, subject, change)]);

describe('what is known of a problem', () => {
  it('is the newest, in whatever order news come, and each counts once', async () => {
    const steps: News['step'][] = ['opened', 'grown', 'recovered', 'reopened'];
    let runs = 0;
    const order = fc.shuffledSubarray([0, 1, 2, 3, 0, 1, 2, 3], { minLength: 8 });
    await fc.assert(
      fc.asyncProperty(order, async (hours) => {
        runs += 1;
        const subject = `any/${runs}`;
        for (const hour of hours) await noteNews(table, newsOf(subject, steps[hour] as News['step'], hour));
        expect(await getConversation(table, subject)).toMatchObject({
          alertId: `${subject}/reopened-3`,
          isOpen: true,
          at: '2026-11-16T03:00:00Z',
        });
      }),
      { numRuns: 15 },
    );
  });

  it('is not changed by the same again, or by what is older', async () => {
    const [opened, grown] = [newsOf('same', 'opened', 1), newsOf('same', 'grown', 2)];
    expect([
      await noteNews(table, grown),
      await noteNews(table, grown),
      await noteNews(table, opened),
    ]).toEqual([true, false, false]);
    expect((await getConversation(table, 'same'))?.version).toBe(1);
  });

  it('holds nothing that the newest news do not say any more', async () => {
    await noteNews(table, newsOf('owner', 'opened', 1, { owner: 'mei', costPerDay: 5 }));
    await noteNews(table, newsOf('owner', 'grown', 2));
    const known = await getConversation(table, 'owner');
    expect(known).not.toHaveProperty('owner');
    expect(known).not.toHaveProperty('costPerDay');
  });

  it.each(['recovered', 'restated', 'accepted'] as const)('is over once it is %s', async (step) => {
    await noteNews(table, newsOf(`over/${step}`, 'opened', 1));
    await noteNews(table, newsOf(`over/${step}`, step, 2));
    expect((await getConversation(table, `over/${step}`))?.isOpen).toBe(false);
  });

  it('keeps what was answered while it goes on, and forgets it when it comes back', async () => {
    await noteNews(table, newsOf('back', 'opened', 1));
    await answer('back', { acknowledged: said });
    await noteNews(table, newsOf('back', 'grown', 2));
    expect(await getConversation(table, 'back')).toMatchObject({ acknowledged: said, version: 3 });
    await noteNews(table, newsOf('back', 'recovered', 3));
    await noteNews(table, newsOf('back', 'reopened', 4));
    expect(await getConversation(table, 'back')).not.toHaveProperty('acknowledged');
  });

  it('is listed with all others', async () => {
    await noteNews(table, newsOf('listed', 'opened', 1));
    expect((await listConversations(table)).map(({ subject }) => subject)).toContain('listed');
  });
});

describe('an answer', () => {
  it('is refused where the problem is over, or nobody knows it', async () => {
    await noteNews(table, newsOf('done', 'opened', 1));
    await noteNews(table, newsOf('done', 'recovered', 2));
    expect(await answer('done', { acknowledged: said })).toBe(false);
    expect(await answer('unheard of', { acknowledged: said })).toBe(false);
    expect(await getConversation(table, 'unheard of')).toBeUndefined();
  });

  it('that somebody has seen it is taken once; that it is put off as often as it is said', async () => {
    await noteNews(table, newsOf('twice', 'opened', 1));
    const snoozed = { ...said, until: '2026-11-17T07:00:00Z' };
    const other = { ...said, by: 'U9876543210' };
    const taken = await Promise.all([
      answer('twice', { acknowledged: said }),
      answer('twice', { acknowledged: other }),
    ]);
    expect(taken.toSorted()).toEqual([false, true]);
    expect([await answer('twice', { snoozed }), await answer('twice', { snoozed })]).toEqual([true, true]);
    expect((await getConversation(table, 'twice'))?.version).toBe(4);
  });

  it('that a snooze is over is taken once', async () => {
    await noteNews(table, newsOf('awake', 'opened', 1));
    await answer('awake', { snoozed: { ...said, until: '2026-11-17T07:00:00Z' } });
    expect([await answer('awake', { snoozed: null }), await answer('awake', { snoozed: null })]).toEqual([
      true,
      false,
    ]);
  });
});

describe('a mute', () => {
  const mute = { pattern: 'p4d', at: said.at, by: 'mei', until: '2026-11-20T00:00:00Z' };

  it('holds until its time, and the newest word on a pattern counts', async () => {
    await transact(table, [muteWrite(table, { ...mute, until: '2026-12-24T00:00:00Z' })]);
    await transact(table, [muteWrite(table, mute)]);
    expect(await getMute(table, 'p4d', '2026-11-19T23:59:59Z')).toEqual(mute);
    expect(await getMute(table, 'p4d', '2026-11-20T00:00:00Z')).toBeUndefined();
    expect(await getMute(table, 'p5', '2026-11-19T00:00:00Z')).toBeUndefined();
  });
});

describe('a follow-up', () => {
  const due = { due: '2026-11-16T10:00:00Z', what: 'escalate', about: 'spend/p4d' } as const;

  it('comes when it is due, the oldest first, and once however often it is put', async () => {
    await putFollowUp(table, due);
    await putFollowUp(table, due);
    await putFollowUp(table, { ...due, due: '2026-11-16T09:00:00Z', what: 'release' });
    expect(await dueFollowUps(table, '2026-11-16T08:59:59Z')).toEqual([]);
    expect((await dueFollowUps(table, '2026-11-16T10:00:00Z')).map(({ what }) => what)).toEqual([
      'release',
      'escalate',
    ]);
  });

  it('is over with what it came to, or with nothing', async () => {
    await transact(table, [endFollowUpWrite(table, due)]);
    await endFollowUp(table, { ...due, due: '2026-11-16T09:00:00Z', what: 'release' });
    expect(await dueFollowUps(table, '2026-12-31T00:00:00Z')).toEqual([]);
  });
});
