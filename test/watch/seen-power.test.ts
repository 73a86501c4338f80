import { afterEach, describe, expect, it } from 'vitest';
import { claimStop, getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { type DataEvening, database, openDataEvening } from '../support/data-evening.ts';
import { afterGrace, evening, target } from '../support/evening.ts';

let world: DataEvening;
afterEach(() => world.sample.close());

const always = { 'auto-stop': 'Mon-Fri 08:00-19:00 Europe/Berlin; start; always' };
const labels = (given = {}) => database('labels', { connections: 3, tags: always, ...given });
const recordOf = async () => (await getScheduleRecords(world.table, target)).get('rds-instance#labels');
const at = (time: string) => `2026-11-16T${time}:00Z`;

async function warned(): Promise<void> {
  world = await openDataEvening({ databases: [labels()] });
  expect((await world.run(evening)).warned).toHaveLength(1);
  await world.deliver();
}

describe('what AWS dates no start and stop of', () => {
  it('is warned anew where somebody has stopped and started it since the warning', async () => {
    await warned();
    world.sample.setNow(at('18:08'));
    await world.stopByHand('labels');
    await world.run(at('18:20'));
    expect(await recordOf()).toEqual({ seenDownAt: at('18:20') });
    world.sample.setNow(at('20:00'));
    await world.startByHand('labels');
    const again = await world.run(at('20:30'));
    expect(again).toMatchObject({ stopped: [] });
    expect(again.warned).toHaveLength(1);
    expect(await recordOf()).toMatchObject({ seenUpAt: at('20:30'), warning: { at: at('20:30') } });
    await world.deliver();
    expect(await world.run(at('21:00'))).toMatchObject({ kept: { 'recently-started': 1 } });
    expect(await world.run(at('21:20'))).toMatchObject({ stopped: [{ outcome: 'done' }] });
  });

  it('is started in the morning though somebody started and stopped it in the night', async () => {
    await warned();
    await world.run(afterGrace);
    world.sample.setNow(at('20:00'));
    await world.startByHand('labels');
    await world.run(at('20:30'));
    world.sample.setNow(at('21:00'));
    await world.stopByHand('labels');
    await world.run(at('21:30'));
    expect(await recordOf()).toMatchObject({ seenUpAt: at('20:30'), seenDownAt: at('21:30') });
    expect(await world.run('2026-11-17T07:05:00Z')).toMatchObject({ started: [{ outcome: 'done' }] });
  });

  it('is not ours to start where a claim from days ago is all that is known of its stop', async () => {
    await warned();
    const { warning } = (await recordOf()) ?? {};
    await claimStop(world.table, target, 'rds-instance#labels', afterGrace, { warning });
    await world.run(at('18:45'));
    expect(await recordOf()).not.toMatchObject({ stopRequestedAt: afterGrace });
  });
});
