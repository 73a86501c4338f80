import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryError } from '../../shared/outlet/delivery-error.ts';
import { type Attempt, BusyError, getDelivery, type Ref } from '../../shared/store/deliveries.ts';
import type { Table } from '../../shared/store/table.ts';
import { once } from '../../shared/watch/deliver-once.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ table, stop } = await startTable());
});
afterAll(() => stop());

let about = '';
let runs = 0;
/** What stands in the outlet. */
let shown: string[] = [];
beforeEach(() => {
  runs += 1;
  about = `alert/${runs}`;
  shown = [];
});

const by = (messageId: string, receiveCount = 1): Attempt => ({
  about,
  part: 'DELIVERY',
  outlet: 'slack',
  alertAt: '2026-11-16T06:00:00Z',
  messageId,
  receiveCount,
  now: '2026-11-16T06:00:05Z',
});
const ref: Ref = { channel: 'C1', ts: '1.1' };
const show = async () => {
  shown.push(about);
  return { state: 'sent', ref } as const;
};
const find = async () => (shown.length > 0 ? ref : undefined);
const failing =
  (error: Error, isShown = false) =>
  async (): Promise<never> => {
    if (isShown) shown.push(about);
    throw error;
  };
const known = () => getDelivery(table, { about, part: 'DELIVERY', outlet: 'slack' });
const unsent = new DeliveryError('refused', { isUnsent: true });
const unknown = new DeliveryError('no answer');

describe('a delivery', () => {
  it('is made once, and says where it stands ever after', async () => {
    expect(await once(table, by('m1'), { send: show })).toEqual({ state: 'sent', ref });
    expect(await once(table, by('m2'), { send: show })).toEqual({ state: 'known', ref });
    expect(shown).toHaveLength(1);
  });

  it('that was refused is made again without a question', async () => {
    await expect(once(table, by('m1'), { send: failing(unsent), find })).rejects.toThrow('refused');
    const asked: string[] = [];
    const ask = async () => void asked.push('asked');
    await once(table, by('m1', 2), { send: show, find: ask as typeof find });
    expect([shown.length, asked.length]).toEqual([1, 0]);
  });

  it('whose answer got lost is looked for, and not made again', async () => {
    await expect(once(table, by('m1'), { send: failing(unknown, true), find })).rejects.toThrow('no answer');
    expect(await once(table, by('m1', 2), { send: show, find })).toEqual({ state: 'sent', ref });
    expect(shown).toHaveLength(1);
  });

  it('whose answer got lost is in doubt until somebody was asked, whatever fails in between', async () => {
    await expect(once(table, by('m1'), { send: failing(unknown, true), find })).rejects.toThrow('no answer');
    for (const error of [
      unsent,
      new BusyError('busy'),
      new DeliveryError('slowly', { isUnsent: true, pauseMs: 1 }),
    ]) {
      await expect(once(table, by('m2'), { send: show, find: failing(error) })).rejects.toThrow(
        error.message,
      );
      expect((await known())?.state).toBe('unknown');
    }
    await once(table, by('m1', 2), { send: show, find });
    expect(shown).toHaveLength(1);
  });

  it('counts refusals, but no pauses and no others at work', async () => {
    const errors = [unsent, unknown, new BusyError('busy'), new DeliveryError('later', { pauseMs: 9000 })];
    for (const [index, error] of errors.entries()) {
      await expect(once(table, by('m1', index + 1), { send: failing(error) })).rejects.toThrow(error.message);
    }
    expect((await known())?.failures).toBe(2);
  });

  it('shows nothing where nobody can say who reads it', async () => {
    const isHeard = () => Promise.reject(new Error('throttled'));
    await expect(once(table, by('m1'), { send: show, isHeard })).rejects.toThrow('throttled');
    expect(shown).toEqual([]);
    expect((await known())?.state).toBe('failed');
  });

  it('that nobody hears is made, and known as such', async () => {
    await once(table, by('m1'), { send: show, isHeard: async () => false });
    expect(await known()).toMatchObject({ state: 'sent', isHeard: false });
  });

  it('that is to be held back, or to make no sound, has ended as well', async () => {
    const hold = { reason: 'too many', until: '2026-11-16T07:00:00Z' } as const;
    await once(table, by('m1'), { send: async () => ({ state: 'held', hold }) });
    expect(await once(table, by('m2'), { send: show })).toMatchObject({ state: 'known' });
    expect(await known()).toMatchObject({ state: 'held', why: 'too many' });
    expect(shown).toEqual([]);
  });

  it('that is under way is left to whoever makes it', async () => {
    const gate = Promise.withResolvers<void>();
    const first = once(table, by('m1'), { send: () => gate.promise.then(show) });
    await expect.poll(async () => (await known())?.state).toBe('sending');
    await expect(once(table, by('m2'), { send: show })).rejects.toThrow(BusyError);
    gate.resolve();
    await first;
    expect(shown).toHaveLength(1);
  });
});
