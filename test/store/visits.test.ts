import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../shared/store/table.ts';
import { getVisits, pullForward, putVisit } from '../../shared/store/visits.ts';
import { startTable } from '../support/table.ts';

const mlDev = { account: '210987654321', region: 'eu-west-1' };
const at = '2026-11-16T18:05:00Z';
const visit = { visitedAt: at, dueAt: '2026-11-16T18:20:00Z', running: 12, pending: 2, pendingInstances: 1 };

let table: Table;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

const read = async () => (await getVisits(table)).get('210987654321#eu-west-1');

describe('a visit', () => {
  it('is kept, and the next one takes its place', async () => {
    await putVisit(table, mlDev, visit);
    expect(await read()).toMatchObject(visit);
    const next = { ...visit, visitedAt: '2026-11-16T18:20:00Z', dueAt: '2026-11-16T18:50:00Z', pending: 0 };
    await putVisit(table, mlDev, next);
    expect(await read()).toMatchObject(next);
  });

  it('for an older event does not take the place of a newer one', async () => {
    await putVisit(table, mlDev, visit);
    expect(await putVisit(table, mlDev, { ...visit, visitedAt: '2026-11-16T18:00:00Z', running: 0 })).toBe(
      false,
    );
    expect(await read()).toMatchObject(visit);
  });

  it('keeps the event that came while it was made', async () => {
    await pullForward(table, mlDev, '2026-11-16T18:06:00Z');
    await putVisit(table, mlDev, visit);
    expect(await read()).toMatchObject({ ...visit, pulledAt: '2026-11-16T18:06:00Z' });
  });

  it('is none where only an event told of the target', async () => {
    await pullForward(table, mlDev, at);
    expect(await read()).toBeUndefined();
  });
});
