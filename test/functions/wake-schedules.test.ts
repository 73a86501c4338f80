import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import stateChange from '../../events/ec2-state-change.json' with { type: 'json' };
import tagChange from '../../events/tag-change.json' with { type: 'json' };
import { getVisits } from '../../shared/store/visits.ts';
import { context } from '../support/context.ts';
import { type Evening, evening, machine, openEvening, target } from '../support/evening.ts';

let world: Evening;
beforeAll(async () => {
  world = await openEvening([machine(1, { cpu: 60 })]);
  process.env['WATCHDOG_CONFIG'] = '{}';
});
afterAll(() => world.sample.close());

const own = { account: target.account, region: target.region };

async function wake(event: object) {
  const { handler } = await import('../../functions/wake-schedules.ts');
  return handler(event, context);
}

const pulledAt = async () =>
  (await getVisits(world.table)).get(`${target.account}#${target.region}`)?.pulledAt;

describe('an event that may change a decision', () => {
  it('lets the next run look, when a tag of ours has changed', async () => {
    await world.run(evening);
    expect(await wake({ ...tagChange, ...own })).toEqual({ woken: '210987654321, eu-west-1' });
    expect(await pulledAt()).toBe(tagChange.time);
  });

  it('lets the next run look, when an instance was started or stopped', async () => {
    const time = '2026-11-16T18:09:00Z';
    const detail = { 'instance-id': 'i-00000000000000001', state: 'running' };
    expect(await wake({ ...stateChange, ...own, time, detail })).toMatchObject({ woken: expect.any(String) });
    expect(await pulledAt()).toBe(time);
    await wake({ ...tagChange, ...own });
    expect(await pulledAt()).toBe(time); // an older event takes no newer one's place
  });

  it.each([
    ['another tag', { ...tagChange, ...own, detail: { 'changed-tag-keys': ['Name'] } }],
    [
      'a state on its way',
      { ...stateChange, ...own, detail: { 'instance-id': 'i-00000000000000001', state: 'pending' } },
    ],
    ['an account that nobody watches', { ...tagChange, account: '999999999999' }],
  ])('is let be where it is about %s', async (_, event) => {
    const before = await pulledAt();
    expect(await wake(event)).toEqual({ ignored: expect.any(String) });
    expect(await pulledAt()).toBe(before);
  });

  it('is refused where it is no such event', async () => {
    await expect(wake({ time: evening })).rejects.toThrow('Unexpected event');
  });
});
