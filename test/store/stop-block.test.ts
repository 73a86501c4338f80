import { afterAll, beforeAll, expect, it } from 'vitest';
import { getStopBlock, putStopBlock } from '../../shared/store/stop-block.ts';
import type { Table } from '../../shared/store/table.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ table, stop } = await startTable());
});
afterAll(() => stop());

const block = {
  reason: 'the bill of 2026-11-15 is 240 times the usual',
  since: '2026-11-16T06:00:00Z',
  until: '2026-11-17T06:00:00Z',
};

it('stands from when it is put until its end, which it does not reach', async () => {
  expect(await getStopBlock(table, '2026-11-16T18:25:00Z')).toBeUndefined();
  await putStopBlock(table, block);
  expect(await getStopBlock(table, '2026-11-17T05:59:59Z')).toEqual(block);
  expect(await getStopBlock(table, '2026-11-17T06:00:00Z')).toBeUndefined();
});

it('is renewed by a later doubt', async () => {
  await putStopBlock(table, { ...block, reason: 'still', until: '2026-11-18T06:00:00Z' });
  expect(await getStopBlock(table, '2026-11-17T12:00:00Z')).toMatchObject({ reason: 'still' });
});
