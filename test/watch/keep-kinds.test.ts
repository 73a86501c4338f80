import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { findScheduled, keepRunning } from '../../shared/watch/keep.ts';
import {
  cluster,
  type DataEvening,
  database,
  group,
  memberOf,
  openDataEvening,
} from '../support/data-evening.ts';
import { afterGrace, evening, target } from '../support/evening.ts';

let world: DataEvening;
afterEach(() => world.sample.close());

const config = parseConfig({ enforce: true });
const aurora = { engine: 'aurora-postgresql', cluster: 'eval' };

describe('keeping', () => {
  it.each<[string, string, Parameters<typeof openDataEvening>[0]]>([
    ['a database', 'labels', { databases: [database('labels')] }],
    ['a cluster', 'eval', { clusters: [cluster('eval')], databases: [database('eval-1', aurora)] }],
    [
      'a group',
      'runners',
      { groups: [group('runners')], machines: [memberOf('runners', 1), memberOf('runners', 2)] },
    ],
  ])('holds the stop of %s that was announced, until its time', async (_, id, things) => {
    world = await openDataEvening(things);
    expect((await world.run(evening)).warned).toHaveLength(1);
    await world.deliver();
    const [found] = await findScheduled(world.clients, target, config, evening, new Set([id]));
    if (!found) throw new Error('not found');
    await keepRunning(found, '2026-11-16T20:00:00Z');
    expect(await world.run(afterGrace)).toMatchObject({ kept: { 'keep-until': 1 }, stopped: [] });
    const again = await world.run('2026-11-16T20:00:00Z');
    expect(again.warned).toHaveLength(1);
  });
});
