import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../shared/config.ts';
import { decide } from '../../shared/schedule/decision.ts';
import type { ScheduleRecord } from '../../shared/schedule/record.ts';
import { queryAll, type Table } from '../../shared/store/table.ts';
import { tellStartNews } from '../../shared/watch/start-news.ts';
import { machine, stoppable } from '../schedule/candidate.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', region: 'eu-west-1', accountName: 'ml-dev' };
const opened = '2026-11-20T07:00:00Z';
const hours = { 'auto-stop': 'office-hours; start' };

let table: Table;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

const waiting = z.object({ alert: z.object({ title: z.string() }) });

/** One pass at that time over an instance that is down, with what EC2 says of how it went down. */
async function told(time: string, stateTransitionReason?: string): Promise<string[]> {
  const stored: ScheduleRecord = { startedAt: opened };
  const down = { state: 'stopped' as const, ...(stateTransitionReason && { stateTransitionReason }) };
  const instance = machine({ ...down, tags: hours });
  const input = stoppable({ instance, now: time, record: stored });
  const planned = [{ subject: input.subject, attribution: {}, decision: decide(input), input, stored }];
  const context = {} as never; // nothing here asks AWS
  await tellStartNews(
    {
      clients: { table } as never,
      target,
      config: parseConfig({}),
      time,
      run: { remainingMs: () => 60_000, arrivedAt: time },
      plan: { target, planned, byKey: new Map(), running: 0, gaps: [], context },
    },
    [],
  );
  return (await queryAll(table, { pk: 'OUTBOX', item: waiting })).map(({ alert }) => alert.title);
}

describe('an instance that was started, and is down again', () => {
  it('is told once where EC2 names nobody who asked for that', async () => {
    expect(await told('2026-11-20T07:10:00Z')).toEqual([
      'i-0a1b2c3d4e5f60718 was started, and is down again',
    ]);
    expect(await told('2026-11-20T07:40:00Z')).toHaveLength(1);
  });

  it('is nobody’s concern where somebody has stopped it, or it may have shut itself down much later', async () => {
    expect(await told('2026-11-20T07:10:00Z', 'User initiated (2026-11-20 07:08:00 GMT)')).toEqual([]);
    expect(await told('2026-11-20T11:00:00Z')).toEqual([]);
  });
});
