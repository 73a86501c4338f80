import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { putStopBlock } from '../../shared/store/stop-block.ts';
import { type Found, findScheduled, keepRunning, stopNow } from '../../shared/watch/keep.ts';
import { afterGrace, type Evening, evening, idOf, machine, openEvening, target } from '../support/evening.ts';

let world: Evening;
afterEach(() => world.sample.close());

const config = parseConfig({ enforce: true });
const find = async (...wanted: string[]): Promise<Found[]> =>
  findScheduled(world.clients, target, config, evening, new Set(wanted));
const recordOf = async (number: number) => (await getScheduleRecords(world.table, target)).get(idOf(number));

/** A world whose machines were warned, and their owners heard of it. */
async function warned(count: number): Promise<Found> {
  world = await openEvening(Array.from({ length: count }, (_, index) => machine(index + 1)));
  await world.run(evening);
  await world.deliver();
  const [found] = await find(idOf(1));
  if (!found) throw new Error('not found');
  return found;
}

describe('what is to be kept or stopped', () => {
  it('is found by its id, and by its name', async () => {
    world = await openEvening([machine(1, { name: 'trainer' }), machine(2)]);
    expect((await find('trainer', idOf(2))).map(({ subject }) => subject.id)).toEqual([idOf(1), idOf(2)]);
    expect(await find('nobody')).toEqual([]);
  });

  it('is not found without the schedule tag: nothing would stop it', async () => {
    world = await openEvening([{ ...machine(1), tags: { owner: 'mei' } }]);
    expect(await find(idOf(1))).toEqual([]);
  });
});

describe('keeping', () => {
  it('holds a stop that was announced, until its time, and then somebody is warned anew', async () => {
    const found = await warned(1);
    await keepRunning(found, '2026-11-16T20:00:00Z');
    expect(await world.run(afterGrace)).toMatchObject({ kept: { 'keep-until': 1 }, stopped: [] });
    expect(await recordOf(1)).not.toHaveProperty('warning');
    expect(await world.run('2026-11-16T20:00:00Z')).toMatchObject({ warned: [idOf(1)], stopped: [] });
    await world.deliver();
    expect(await world.run('2026-11-16T20:20:00Z')).toMatchObject({ stopped: [{ id: idOf(1) }] });
  });

  it('of one lets the others of the same warning be stopped', async () => {
    await keepRunning(await warned(2), '2026-11-16T22:00:00Z');
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: idOf(2), outcome: 'done' }] });
    expect(world.stateOf(1)).toBe('running');
  });
});

describe('stopping now', () => {
  const soon = '2026-11-16T18:10:00Z';

  it('waits for no grace period, says who asked, and is over with the stop', async () => {
    const found = await warned(2);
    expect(await stopNow(world.table, found, 'mei', '2026-11-16T18:08:00Z')).toBe(true);
    expect(await world.run(soon)).toMatchObject({ stopped: [{ id: idOf(1) }], kept: { warned: 1 } });
    expect(world.stateOf(2)).toBe('running');
    expect(await recordOf(1)).not.toHaveProperty('stopNow');
    expect(world.sample.emails.at(-1)?.message).not.toContain('mei asked');
    await world.deliver();
    expect(world.sample.emails.at(-1)?.message.replace(/\s+/g, ' ')).toContain('mei asked at 19:08');
  });

  it('passes no gate: what is kept by a tag meanwhile is kept', async () => {
    const found = await warned(1);
    await stopNow(world.table, found, 'mei', '2026-11-16T18:08:00Z');
    await world.tag(1, 'environment', 'production');
    expect(await world.run(soon)).toMatchObject({ stopped: [], kept: { 'protected-environment': 1 } });
  });

  it('is for what was announced alone', async () => {
    world = await openEvening([machine(1)]);
    const [found] = await find(idOf(1));
    if (!found) throw new Error('not found');
    expect(await stopNow(world.table, found, 'mei', soon)).toBe(false);
    await world.run(evening);
    expect(await stopNow(world.table, found, 'mei', soon)).toBe(true);
  });

  it('holds for half an hour: what could not be stopped meanwhile is judged by its work again', async () => {
    const found = await warned(1);
    await stopNow(world.table, found, 'mei', '2026-11-16T18:08:00Z');
    await putStopBlock(world.table, {
      reason: 'an implausible bill',
      since: '2026-11-16T18:08:30Z',
      until: '2026-11-16T18:40:00Z',
    });
    expect(await world.run(soon)).toMatchObject({ blocked: 'an implausible bill', stopped: [] });
    expect(await world.run('2026-11-16T18:45:00Z')).toMatchObject({
      stopped: [{ id: idOf(1) }],
    });
    await world.deliver();
    expect(world.sample.emails.at(-1)?.message).not.toContain('mei asked');
  });

  it('is not for what is only observed, and means nothing once stops are enforced', async () => {
    world = await openEvening([machine(1)]);
    const observing = { config: parseConfig({}) };
    await world.run(evening, observing);
    const [found] = await find(idOf(1));
    if (!found) throw new Error('not found');
    expect(await stopNow(world.table, found, 'mei', '2026-11-16T18:08:00Z')).toBe(false);
    await world.run(soon, observing);
    await world.run(afterGrace, observing);
    expect(world.power()).toEqual([]);
  });
});
