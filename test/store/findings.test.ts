import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logger } from '../../shared/observability.ts';
import {
  closeFinding,
  closeFindings,
  confirmFinding,
  confirmFindings,
  getFindings,
  getPastFindings,
  openFinding,
  openingWrite,
} from '../../shared/store/findings.ts';
import { recordAlert } from '../../shared/store/outbox.ts';
import type { Table } from '../../shared/store/table.ts';
import { alertOf } from '../support/alert.ts';
import { findingOf } from '../support/finding.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
let table: Table;
let stop: () => Promise<void>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stop();
});

const unpriced = () => {
  const { hourlyRate: _, wastedHourlyRate: __, ...rest } = findingOf({ id: 'i-2', attribution: {} });
  return rest;
};

describe('the open findings', () => {
  it('are kept for each target, with all that is known of them', async () => {
    const lost = findingOf({
      kind: 'sagemaker-training-job',
      id: 'reranker-3',
      check: 'job-failed-late',
      loss: 294.95,
      proposal: { type: 'ml.g5.2xlarge', hourlyRate: 1.7 },
    });
    await openFinding(table, findingOf());
    await openFinding(table, unpriced());
    await openFinding(table, lost);
    await openFinding(table, findingOf({ region: 'us-east-1' }));
    expect(await getFindings(table, target)).toEqual([findingOf(), unpriced(), lost]);
  });

  it('of one resource are one for each thing that is wrong with it', async () => {
    await openFinding(table, findingOf());
    expect(await openFinding(table, findingOf({ check: 'oversized' }))).toBe(true);
    expect(await openFinding(table, findingOf({ since: '2026-11-14T17:00:00Z' }))).toBe(false);
    expect(await getFindings(table, target)).toEqual([findingOf(), findingOf({ check: 'oversized' })]);
  });

  it('are opened with their alert once, however many runs see it', async () => {
    const [first, second] = [findingOf(), findingOf({ since: '2026-11-13T18:00:00Z' })];
    expect(await recordAlert(table, alertOf({ id: 'first' }), [openingWrite(table, first)])).toBe(true);
    expect(await recordAlert(table, alertOf({ id: 'second' }), [openingWrite(table, second)])).toBe(false);
    expect(await getFindings(table, target)).toEqual([first]);
  });

  it('are read without those that an earlier release wrote in another shape, which the log tells', async () => {
    const warn = vi.spyOn(logger, 'warn').mockReturnValue();
    const { kind: _, check: __, since, id, ...old } = findingOf();
    await openFinding(table, findingOf());
    await table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: {
          pk: 'FINDINGS#210987654321#eu-west-1',
          sk: id,
          instanceId: id,
          idleSince: since,
          ...old,
        },
      }),
    );
    expect(await getFindings(table, target)).toEqual([findingOf()]);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      'findings left out',
      expect.objectContaining({ count: 1, first: expect.stringContaining('kind') }),
    );
  });
});

describe('a confirmation', () => {
  it('keeps the newest evidence, whichever run comes last', async () => {
    await openFinding(table, findingOf());
    const newer = findingOf({ seenAt: '2026-11-16T08:15:00Z', reason: 'newer' });
    expect(await confirmFinding(table, newer)).toBe(true);
    const older = findingOf({ seenAt: '2026-11-16T07:15:00Z', reason: 'older' });
    expect(await confirmFinding(table, older)).toBe(false);
    expect(await getFindings(table, target)).toEqual([newer]);
  });

  it('that comes late does not bring back what was closed', async () => {
    await openFinding(table, findingOf());
    expect(await closeFinding(table, findingOf(), '2026-11-16T07:15:00Z')).toBe(true);
    expect(await confirmFinding(table, findingOf({ seenAt: '2026-11-16T08:15:00Z' }))).toBe(false);
    expect(await getFindings(table, target)).toEqual([]);
  });

  it('of many is told by how many there were, no more than 25 of them at a time', async () => {
    const many = Array.from({ length: 60 }, (_, index) => findingOf({ id: `i-${index}` }));
    for (const each of many.slice(1)) await openFinding(table, each);
    let [underWay, most] = [0, 0];
    const send = table.client.send.bind(table.client) as (command: PutCommand) => Promise<unknown>;
    vi.spyOn(table.client, 'send').mockImplementation(async (command) => {
      most = Math.max(most, ++underWay);
      return send(command as PutCommand).finally(() => underWay--);
    });
    const seenAt = '2026-11-16T07:15:00Z';
    const seen = many.map((each) => ({ ...each, seenAt }));
    expect(await confirmFindings(table, seen)).toBe(59);
    expect(most).toBe(25);
    const open = await getFindings(table, target);
    expect(new Set(open.map((each) => each.seenAt))).toEqual(new Set([seenAt]));
  });
});

describe('a finding that is over', () => {
  const at = '2026-11-16T09:15:00Z';

  it('is among the past ones, and no longer among the open ones', async () => {
    await openFinding(table, findingOf());
    expect(await closeFinding(table, findingOf(), at)).toBe(true);
    expect(await getFindings(table, target)).toEqual([]);
    expect(await getPastFindings(table, target, '2026-11-01T00:00:00Z')).toEqual([
      findingOf({ closedAt: at }),
    ]);
  });

  it('is closed once, by whoever comes first', async () => {
    await openFinding(table, findingOf());
    const closes = await Promise.all([
      closeFinding(table, findingOf(), at),
      closeFinding(table, findingOf(), '2026-11-16T09:16:00Z'),
    ]);
    expect(closes.filter(Boolean)).toHaveLength(1);
    expect(await getPastFindings(table, target, '2026-11-01T00:00:00Z')).toHaveLength(1);
  });

  it('is not closed where a newer run has seen it, or has opened the next', async () => {
    await openFinding(table, findingOf());
    expect(await closeFinding(table, findingOf(), '2026-11-16T05:15:00Z')).toBe(false);
    const earlier = findingOf({ since: '2026-11-10T17:00:00Z' });
    expect(await closeFinding(table, earlier, at)).toBe(false);
    expect(await getFindings(table, target)).toHaveLength(1);
    expect(await getPastFindings(table, target, '2026-11-01T00:00:00Z')).toEqual([]);
  });

  it('is read from the time on that was asked for, of its target alone', async () => {
    const later = '2026-11-17T09:15:00Z';
    const [one, other] = [findingOf({ id: 'i-1' }), findingOf({ id: 'i-2' })];
    const elsewhere = findingOf({ region: 'us-east-1' });
    for (const each of [one, other, elsewhere]) await openFinding(table, each);
    await closeFinding(table, one, at);
    await closeFindings(table, [other, elsewhere], later);
    const idsSince = async (since: string) =>
      (await getPastFindings(table, target, since)).map(({ id }) => id);
    expect(await idsSince(at)).toEqual(['i-1', 'i-2']);
    expect(await idsSince('2026-11-16T09:15:01Z')).toEqual(['i-2']);
    expect(await idsSince('2026-11-18T00:00:00Z')).toEqual([]);
  });

  it('may have been so before: each episode is kept by itself', async () => {
    const next = findingOf({ since: '2026-11-18T17:00:00Z', seenAt: '2026-11-19T06:15:00Z' });
    await openFinding(table, findingOf());
    await closeFinding(table, findingOf(), at);
    await openFinding(table, next);
    await closeFinding(table, next, '2026-11-19T09:15:00Z');
    const past = await getPastFindings(table, target, '2026-11-01T00:00:00Z');
    expect(past.map(({ since }) => since)).toEqual(['2026-11-13T17:00:00Z', '2026-11-18T17:00:00Z']);
  });
});
