import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { costIn, getRunDays, heartbeat, lastSuccesses, ownCost } from '../../shared/store/heartbeats.ts';
import type { Table } from '../../shared/store/table.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ table, stop } = await startTable());
  const spend = heartbeat(table, 'watch-spend');
  await spend({ at: '2026-11-15T06:00:00Z', cost: 0.04 });
  await spend({ at: '2026-11-16T06:00:00Z', cost: 0.06 });
  await Promise.all(
    Array.from({ length: 24 }, (_, hour) =>
      heartbeat(
        table,
        'watch-utilization',
      )({ at: `2026-11-16T${String(hour).padStart(2, '0')}:00:00Z`, cost: 0.1 / 3 }),
    ),
  );
  await ownCost(table, 'sweep')({ at: '2026-11-16T06:00:30Z', cost: 1e-9 / 3 });
});
afterAll(() => stop());

describe('runs', () => {
  it('are counted by function and day, with what they cost to the billionth of a dollar', async () => {
    const days = await getRunDays(table);
    expect(days.map(({ date, name, runs }) => [date, name, runs])).toEqual([
      ['2026-11-15', 'watch-spend', 1],
      ['2026-11-16', 'sweep', 1],
      ['2026-11-16', 'watch-spend', 1],
      ['2026-11-16', 'watch-utilization', 24],
    ]);
    expect(days.at(-1)?.cost).toBeCloseTo(0.8, 6);
  });

  it('have a last success, up to the time that is asked for; of the sweep nobody expects one', async () => {
    const days = await getRunDays(table);
    expect(lastSuccesses(days, '2026-11-16T23:30:00Z').get('watch-spend')).toBe('2026-11-16T06:00:00Z');
    expect(lastSuccesses(days, '2026-11-15T23:30:00Z').get('watch-spend')).toBe('2026-11-15T06:00:00Z');
    expect(lastSuccesses(days, '2026-11-16T23:30:00Z').has('sweep')).toBe(false);
  });

  it('cost in a period what they did on its days, and nothing is not on record', async () => {
    const days = await getRunDays(table);
    const both = costIn(days, { start: '2026-11-09', end: '2026-11-17' });
    expect(both).toEqual({
      amount: expect.closeTo(0.9, 6),
      on: { start: '2026-11-15', end: '2026-11-17' },
    });
    expect(costIn(days, { start: '2026-11-09', end: '2026-11-15' })).toBeUndefined();
  });
});
