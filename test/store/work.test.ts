import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Table } from '../../shared/store/table.ts';
import { getWork, putWork } from '../../shared/store/work.ts';
import { startTable } from '../support/table.ts';

const target = { account: '210987654321', region: 'eu-west-1' };
const at = '2026-11-16T06:15:00Z';
let table: Table;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

it('keeps the last work of each instance of a target, and of that target alone', async () => {
  await putWork(table, target, new Map([['i-1', { lastBusy: '2026-11-16T05:55:00Z' }]]), at);
  await putWork(table, target, new Map([['i-1', { lastBusy: '2026-11-16T08:55:00Z' }]]), at);
  await putWork(table, { ...target, region: 'us-east-1' }, new Map([['i-2', { lastBusy: at }]]), at);
  expect(await getWork(table, target)).toEqual(new Map([['i-1', { lastBusy: '2026-11-16T08:55:00Z' }]]));
});

it('never takes an older time for a newer one, whichever watch comes last', async () => {
  await putWork(table, target, new Map([['i-1', { lastBusy: '2026-11-16T08:55:00Z' }]]), at);
  const late = new Map([
    ['i-1', { lastBusy: '2026-11-16T05:55:00Z' }],
    ['i-2', { lastBusy: '2026-11-16T05:55:00Z' }],
  ]);
  await putWork(table, target, late, at);
  expect(await getWork(table, target)).toEqual(
    new Map([
      ['i-1', { lastBusy: '2026-11-16T08:55:00Z' }],
      ['i-2', { lastBusy: '2026-11-16T05:55:00Z' }],
    ]),
  );
});

it('keeps more than one batch of them', async () => {
  await putWork(
    table,
    target,
    new Map(Array.from({ length: 60 }, (_, index) => [`i-${index}`, { lastBusy: at }])),
    at,
  );
  expect((await getWork(table, target)).size).toBe(60);
});
