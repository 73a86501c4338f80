import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Table } from '../../shared/store/table.ts';
import { putVisit } from '../../shared/store/visits.ts';
import { dueVisits } from '../../shared/watch/due-visits.ts';
import { afterGrace, type Evening, evening, idOf, machine, openEvening, target } from '../support/evening.ts';
import { startTable } from '../support/table.ts';

const mlDev = { account: '210987654321', region: 'eu-west-1' };
const mlProd = { account: '345678901234', region: 'eu-west-1' };
const at = '2026-11-16T18:05:00Z';

describe('the targets that are due', () => {
  let table: Table;
  let stop: () => Promise<void>;
  beforeEach(async () => {
    ({ table, stop } = await startTable());
  });
  afterEach(() => stop());

  it('are all of them at first', async () => {
    const others = { running: 0, pending: 0, pendingInstances: 0 };
    expect(await dueVisits(table, [mlDev, mlProd], at)).toEqual([
      { target: mlDev, others },
      { target: mlProd, others },
    ]);
  });

  it('leave out what has nothing to change, and count it for the breaker all the same', async () => {
    await putVisit(table, mlDev, {
      visitedAt: at,
      dueAt: '2026-11-16T18:20:00Z',
      running: 12,
      pending: 2,
      pendingInstances: 2,
    });
    await putVisit(table, mlProd, {
      visitedAt: at,
      dueAt: '2026-11-16T18:35:00Z',
      running: 30,
      pending: 0,
      pendingInstances: 0,
    });
    expect(await dueVisits(table, [mlDev, mlProd], '2026-11-16T18:15:00Z')).toEqual([]);
    expect(await dueVisits(table, [mlDev, mlProd], '2026-11-16T18:20:00Z')).toEqual([
      { target: mlDev, others: { running: 30, pending: 0, pendingInstances: 0 } },
    ]);
    expect(await dueVisits(table, [mlDev, mlProd], '2026-11-16T18:35:00Z')).toHaveLength(2);
  });
});

describe('a breaker that looks at the whole sweep', () => {
  let world: Evening;
  afterEach(() => world.sample.close());

  it('holds every stop back where all targets together are about to make too many, and says so once', async () => {
    world = await openEvening([machine(1)], { stop: { maxSweepStops: 10 } });
    await world.run(evening);
    await world.deliver();
    const others = { running: 500, pending: 10, pendingInstances: 10 };
    expect(await world.run(afterGrace, { others })).toMatchObject({
      blocked: 'in all targets together, 11 stops are more than the 10 allowed',
      stopped: [],
      due: [idOf(1)],
    });
    expect(world.power()).toEqual([]);
    expect(await world.deliver()).toEqual([
      '[CRITICAL] Nothing was stopped in ml-dev, eu-west-1, although stops were due',
    ]);
    const found = await dueVisits(world.table, [target, mlProd], '2026-11-16T19:00:00Z');
    expect(found.find(({ target: { account } }) => account === mlProd.account)?.others).toEqual({
      running: 1,
      pending: 1,
      pendingInstances: 1,
    });
  });
});
