import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScheduleRecord } from '../../shared/schedule/record.ts';
import {
  abandonedClaim,
  applyWrite,
  claimStart,
  claimStop,
  getScheduleRecords,
  missedWindowWrite,
  outcomeWrite,
  recordWrite,
  releaseClaim,
  settleStart,
  startRefusalWrite,
  warningWrite,
} from '../../shared/store/schedule-records.ts';
import type { Table } from '../../shared/store/table.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
const id = 'i-0d4e1f2a3b4c5d6e7';
const at = '2026-11-16T18:25:00Z';
const warning = { alertId: 'stop-warning/1', at: '2026-11-16T18:05:00Z' };

let table: Table;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

const record = async () => (await getScheduleRecords(table, target)).get(id);
const warn = (given = warning, previous?: { warning: typeof warning }) =>
  applyWrite(table, warningWrite(table, target, id, given, previous));
const claim = (time = at, alertId = warning.alertId) =>
  claimStop(table, target, id, time, { warning: { ...warning, alertId } });
const settle = (claimedAt = at) =>
  applyWrite(table, outcomeWrite(table, target, id, claimedAt, claimedAt, { stoppedAt: claimedAt }));

describe('a warning', () => {
  it('is recorded once, of two runs that saw none', async () => {
    expect(await Promise.all([warn(), warn({ ...warning, alertId: 'stop-warning/2' })])).toEqual(
      expect.arrayContaining([true, false]),
    );
  });

  it('takes the place of the one that the run has seen, and of no other', async () => {
    await warn();
    const next = { alertId: 'stop-warning/2', at: '2026-11-17T18:05:00Z' };
    expect(await warn(next, { warning })).toBe(true);
    expect(await warn({ alertId: 'stop-warning/3', at }, { warning })).toBe(false);
    expect(await record()).toEqual({ warning: next });
  });
});

describe('the claim of a stop', () => {
  it('is held by one of many runs', async () => {
    await warn();
    const claims = await Promise.all(Array.from({ length: 6 }, () => claim()));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await record()).toEqual({ warning, stopRequestedAt: at });
  });

  it('is not to be had without the warning that the stop follows from', async () => {
    expect(await claim()).toBe(false);
    await warn();
    expect(await claim(at, 'stop-warning/of-yesterday')).toBe(false);
    expect(await record()).toEqual({ warning });
  });

  it('is not to be had once the stop is made and recorded, however late the other run comes to it', async () => {
    await warn();
    await claim();
    expect(await settle()).toBe(true);
    expect(await claim()).toBe(false);
    expect(await claim('2026-11-16T18:45:00Z')).toBe(false);
    expect(await record()).toEqual({ stoppedAt: at });
  });

  it.each([
    ['2026-11-16T18:40:00Z', false],
    ['2026-11-16T18:40:01Z', true],
  ])('falls to another run when its holder must be dead: at %s %s', async (later, falls) => {
    await warn();
    await claim();
    expect(await claim(later)).toBe(falls);
  });

  it('is settled and given back only by whoever holds it', async () => {
    await warn();
    await claim();
    await claim('2026-11-16T18:45:00Z');
    expect(await settle(at)).toBe(false);
    expect(await releaseClaim(table, target, id, at)).toBe(false);
    expect(await releaseClaim(table, target, id, '2026-11-16T18:45:00Z')).toBe(true);
    expect(await record()).toEqual({ warning });
    expect(await claim('2026-11-16T18:50:00Z')).toBe(true);
  });
});

describe('the claim of a start', () => {
  const opening = '2026-11-17T07:00:00Z';
  const claimOf = (time: string, last?: string) => claimStart(table, target, id, time, last);

  it('is held by one of many runs, until it is settled', async () => {
    const claims = await Promise.all(Array.from({ length: 6 }, () => claimOf(opening)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await settleStart(table, target, id, '2026-11-17T07:05:00Z', true)).toBe(false);
    expect(await settleStart(table, target, id, opening, true)).toBe(true);
    expect(await record()).toEqual({ startedAt: opening });
  });

  it("is not to be had by whoever hasn't seen the start that another run has made", async () => {
    await claimOf(opening);
    await settleStart(table, target, id, opening, true);
    expect(await claimOf(opening)).toBe(false);
    expect(await claimOf('2026-11-17T07:05:00Z', '2026-11-16T07:00:00Z')).toBe(false);
    expect(await claimOf('2026-11-18T07:00:00Z', opening)).toBe(true);
  });

  it('is free again where the start was not made, or its holder must be dead', async () => {
    await claimOf(opening);
    await settleStart(table, target, id, opening, false);
    expect(await record()).toEqual({});
    expect(await claimOf('2026-11-17T07:05:00Z')).toBe(true);
    expect(await claimOf('2026-11-17T07:20:00Z')).toBe(false);
    expect(await claimOf('2026-11-17T07:20:01Z')).toBe(true);
  });
});

describe('an abandoned claim', () => {
  const launchTime = '2026-11-16T07:00:00Z';

  it.each([
    ['none', undefined, launchTime, '2026-11-16T23:00:00Z', undefined],
    ['one that may still be worked', at, launchTime, '2026-11-16T18:40:00Z', undefined],
    ['one whose holder must be dead', at, launchTime, '2026-11-16T18:40:01Z', at],
    ['one on an earlier launch', at, '2026-11-16T18:30:00Z', '2026-11-16T23:00:00Z', undefined],
  ])('is told from %s', (_, stopRequestedAt, launched, now, abandoned) => {
    expect(abandonedClaim({ stopRequestedAt }, { startedAt: launched }, now)).toBe(abandoned);
  });

  it.each([
    ['a moment later', '2026-11-16T18:25:20Z', at],
    ['by an event as late as one may be', '2026-11-16T18:44:00Z', at],
    ['by somebody else, long after its holder died', '2026-11-16T18:46:00Z', undefined],
  ])('is of no stop but its own: made %s', (_, stoppedAt, abandoned) => {
    const subject = { startedAt: launchTime, stoppedAt };
    expect(abandonedClaim({ stopRequestedAt: at }, subject, '2026-11-16T23:00:00Z')).toBe(abandoned);
  });
});

describe('a refused start', () => {
  const code = 'InsufficientInstanceCapacity';
  const refuse = (time: string, previous?: ScheduleRecord) =>
    applyWrite(table, startRefusalWrite(table, target, id, { count: 1, code, at: time }, previous));

  it('is counted once, of two runs that saw the same', async () => {
    const first = { count: 1, code, at: '2026-11-17T07:00:00Z' };
    expect(await refuse(first.at)).toBe(true);
    expect(await refuse('2026-11-17T07:05:00Z')).toBe(false);
    expect(await refuse('2026-11-18T07:00:00Z', { startRefused: first })).toBe(true);
    expect(await refuse('2026-11-18T07:05:00Z', { startRefused: first })).toBe(false);
  });

  it('is forgotten once its window is over, by the run that saw it last', async () => {
    const startRefused = { count: 1, code, at: '2026-11-17T07:00:00Z' };
    await refuse(startRefused.at);
    const forget = (previous: ScheduleRecord) =>
      applyWrite(table, missedWindowWrite(table, target, id, '2026-11-17T18:05:00Z', previous));
    expect(await forget({ startRefused: { ...startRefused, at: '2026-11-16T07:00:00Z' } })).toBe(false);
    expect(await forget({ startRefused })).toBe(true);
    expect(await record()).toEqual({});
  });
});

describe('the records of a target', () => {
  it('are its own, all pages of them', async () => {
    const writes = Array.from({ length: 60 }, (_, index) =>
      recordWrite(table, target, `i-${index}`, at, {
        // 60 records of 25 kB are more than the one megabyte of a page.
        set: { startedAt: at, refused: { code: 'x'.repeat(25_000), at } },
      }),
    );
    for (const write of writes) await applyWrite(table, write);
    await applyWrite(
      table,
      recordWrite(table, { ...target, region: 'us-east-1' }, 'i-other', at, { set: {} }),
    );
    const records = await getScheduleRecords(table, target);
    expect(records.size).toBe(60);
    expect(records.get('i-59')?.startedAt).toBe(at);
  });
});
