import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import event from '../../events/enforce-schedules.json' with { type: 'json' };
import { context } from '../support/context.ts';
import { afterGrace, type Evening, evening, idOf, machine, openEvening } from '../support/evening.ts';

let world: Evening;

beforeAll(async () => {
  world = await openEvening([machine(1), machine(2, { cpu: 60 })]);
  process.env['WATCHDOG_CONFIG'] = JSON.stringify({ enforce: true });
});
afterAll(() => world.sample.close());

/** The function's own handler, by an event that arrives at its time. */
async function run(time: string, arrivedAt = time) {
  const { handler } = await import('../../functions/enforce-schedules.ts');
  world.sample.setNow(time);
  const own = { ...context, arrivedAt };
  return handler({ ...event, time }, own);
}

const waiting = () => world.sample.queues.remaining(world.sample.env['ALERT_QUEUE_URL'] ?? '');

// One evening in its order: each test goes on from where the one before it ended.
describe('the function of the schedules', () => {
  it('rejects an event without a time before it asks AWS for anything', async () => {
    const { handler } = await import('../../functions/enforce-schedules.ts');
    const { time: _, ...timeless } = event;
    await expect(handler(timeless, context)).rejects.toThrow(/Unexpected event\n(.*\n)*.*time/);
    expect(world.sample.calls).toEqual([]);
  });

  it('warns by its sample event, and hands the warning to the alert queue', async () => {
    expect(event.time).toBe(evening);
    expect(await run(event.time)).toMatchObject({
      visited: { mode: 'enforce', warned: [idOf(1)], kept: { busy: 1 } },
      alerts: 1,
    });
    expect(waiting()).toBe(1);
  });

  it('stops what was warned of, after the grace period', async () => {
    await world.deliver();
    expect(await run(afterGrace)).toMatchObject({
      visited: { stopped: [{ id: idOf(1), outcome: 'done' }] },
      alerts: 1,
    });
    expect(world.stateOf(2)).toBe('running');
  });

  it('does nothing by an event that comes too late', async () => {
    expect(await run('2026-11-16T18:30:00Z', '2026-11-16T18:46:00Z')).toMatchObject({
      visited: { discarded: expect.stringContaining('too old') },
      alerts: 0,
    });
  });

  it('leaves the target alone while nothing there can change, and says so', async () => {
    const calls = world.sample.calls.length;
    expect(await run('2026-11-16T18:35:00Z')).toMatchObject({ visited: { kept: { stopped: 1 } } });
    expect(world.sample.calls.length).toBeGreaterThan(calls);
  });

  it('hands over what waits even where its own pass fails', async () => {
    await world.tag(2, 'auto-stop', 'whenever');
    await world.run('2026-11-16T18:35:00Z');
    const before = waiting();
    const restore = await failDescribing();
    await expect(run('2026-11-16T19:05:00Z')).rejects.toThrow('Request limit exceeded.');
    restore();
    expect(waiting()).toBe(before + 1);
  });
});

/** Fails every call of the function's own EC2 client; returns what ends that. */
async function failDescribing(): Promise<() => void> {
  const { targetClients } = await import('../../shared/watch/target-clients.ts');
  const { middlewareStack } = targetClients({ account: '210987654321', region: 'eu-west-1' }).ec2;
  middlewareStack.add(
    () => async () => {
      throw new Error('Request limit exceeded.');
    },
    { step: 'initialize', name: 'failDescribing', priority: 'high' },
  );
  return () => void middlewareStack.remove('failDescribing');
}
