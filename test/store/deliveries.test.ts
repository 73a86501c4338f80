import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Attempt,
  claimDelivery,
  releaseDelivery,
  settleDelivery,
  wasDelivered,
} from '../../shared/store/deliveries.ts';
import type { Table } from '../../shared/store/table.ts';
import { alertOf } from '../support/alert.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ table, stop } = await startTable());
});
afterAll(() => stop());

let alert = alertOf();
let count = 0;
beforeEach(() => {
  count += 1;
  alert = alertOf({ id: `incident/${count}` });
});

const by = (messageId: string, receiveCount = 1, outlet = 'slack'): Attempt => ({
  about: alert.id,
  part: 'DELIVERY',
  outlet,
  alertAt: alert.at,
  messageId,
  receiveCount,
  now: '2026-11-16T06:00:05Z',
});

const sent = (attempt: Attempt) => settleDelivery(table, attempt, { state: 'sent' });
const refused = (attempt: Attempt, error: Error) =>
  releaseDelivery(table, attempt, { error, isUnsent: true, counts: true });
const isClaimed = async (attempt: Attempt) => !(await claimDelivery(table, attempt)).isDone;

const stored = async () => {
  const Key = { pk: `ALERT#${alert.id}`, sk: 'DELIVERY#slack' };
  return (await table.client.send(new GetCommand({ TableName: table.name, Key }))).Item;
};

describe('a delivery', () => {
  it('is made once: the second message for the same alert finds it made', async () => {
    expect(await isClaimed(by('m1'))).toBe(true);
    await sent(by('m1'));
    expect(await isClaimed(by('m1', 2))).toBe(false);
    expect(await isClaimed(by('m2'))).toBe(false);
  });

  it('is made by each outlet for itself', async () => {
    await claimDelivery(table, by('m1'));
    await sent(by('m1'));
    expect(await isClaimed(by('m1', 1, 'email'))).toBe(true);
  });

  it('is claimed by one of two messages that come at once; the other comes back later', async () => {
    const outcomes = await Promise.allSettled([
      claimDelivery(table, by('m1')),
      claimDelivery(table, by('m2')),
    ]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('is not claimed twice by the same delivery of the same message', async () => {
    await claimDelivery(table, by('m1'));
    await expect(claimDelivery(table, by('m1'))).rejects.toThrow('is being sent to slack');
  });

  it('is taken over when the message that died over it comes again', async () => {
    await claimDelivery(table, by('m1', 1));
    expect(await isClaimed(by('m1', 2))).toBe(true);
    expect(await stored()).toMatchObject({ state: 'sending', receiveCount: 2, attempts: 2 });
  });

  it('is taken over by another message once that has come twice and found the same attempt', async () => {
    await claimDelivery(table, by('m1'));
    await expect(claimDelivery(table, by('m2', 1))).rejects.toThrow('again later');
    await expect(claimDelivery(table, by('m3', 1))).rejects.toThrow('again later');
    expect(await isClaimed(by('m2', 2))).toBe(true);
    await expect(claimDelivery(table, by('m3', 2))).rejects.toThrow('again later');
  });

  it('is not taken over from an attempt that began after the other message looked', async () => {
    await claimDelivery(table, by('m1', 1));
    await expect(claimDelivery(table, by('m2', 1))).rejects.toThrow('again later');
    await claimDelivery(table, by('m1', 2));
    await expect(claimDelivery(table, by('m2', 2))).rejects.toThrow('again later');
  });

  it('that failed is open to anybody, and remembers the error and the count', async () => {
    await claimDelivery(table, by('m1'));
    await refused(by('m1'), new Error('Slack answered 500'));
    expect(await stored()).toMatchObject({
      state: 'failed',
      attempts: 1,
      lastError: 'Error: Slack answered 500',
      expiresAt: 1_802_584_800,
    });
    expect(await isClaimed(by('m2'))).toBe(true);
    await sent(by('m2'));
    expect(await stored()).toMatchObject({ state: 'sent', attempts: 2 });
  });

  it('that was made meanwhile is not opened again by a late failure', async () => {
    await claimDelivery(table, by('m1', 1));
    await claimDelivery(table, by('m1', 2));
    await sent(by('m1', 2));
    await refused(by('m1', 1), new Error('late'));
    expect(await stored()).toMatchObject({ state: 'sent' });
  });
});

describe('whether an alert was delivered', () => {
  it('is no while it is being sent or has failed, and yes once any outlet took it', async () => {
    expect(await wasDelivered(table, alert.id)).toBe(false);
    await claimDelivery(table, by('m1'));
    expect(await wasDelivered(table, alert.id)).toBe(false);
    await refused(by('m1'), new Error('down'));
    expect(await wasDelivered(table, alert.id)).toBe(false);
    await claimDelivery(table, by('m1', 1, 'email'));
    await sent(by('m1', 1, 'email'));
    expect(await wasDelivered(table, alert.id)).toBe(true);
  });

  it('is not decided by an alert whose id begins alike', async () => {
    const other = { ...by('m1'), about: `${alert.id}/grown` };
    await claimDelivery(table, other);
    await sent(other);
    expect(await wasDelivered(table, alert.id)).toBe(false);
  });
});
