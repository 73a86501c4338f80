import { afterAll, beforeAll, expect, it } from 'vitest';
import event from '../../events/watch-utilization.json' with { type: 'json' };
import { context } from '../support/context.ts';
import { type Evening, machine, openEvening } from '../support/evening.ts';

let world: Evening;

beforeAll(async () => {
  world = await openEvening([
    machine(1, { type: 'g6.xlarge', name: 'forgotten', launched: '2026-11-13T16:20:00Z', gpu: 0 }),
    machine(2, { type: 'g6.xlarge', name: 'training', gpu: 90, memory: 60 }),
    machine(3),
  ]);
  process.env['WATCHDOG_CONFIG'] = '{}';
  world.sample.setNow(event.time);
});
afterAll(() => world.sample.close());

const run = async (given: unknown) => {
  const { handler } = await import('../../functions/watch-utilization.ts');
  return handler(given, context);
};

it('rejects an event without a time before it asks AWS for anything', async () => {
  await expect(run({ ...event, time: undefined })).rejects.toThrow(/Unexpected event\n(.*\n)*.*time/);
  expect(world.sample.calls).toEqual([]);
});

it('tells the idle accelerator by its sample event, once', async () => {
  const first = await run(event);
  expect(first).toMatchObject({
    visited: { opened: 1, told: 1, resources: 2, states: { idle: 1, busy: 1 }, gaps: [] },
    alerts: 1,
  });
  expect(await run(event)).toMatchObject({ visited: { opened: 0, closed: 0 }, alerts: 0 });
  expect(await world.deliver()).toHaveLength(1);
});

it('changes no instance', () => {
  const changing = world.sample.calls.filter(({ call }) => /^EC2:(?!Describe)/.test(call));
  expect(changing).toEqual([]);
});
