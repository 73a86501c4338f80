import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config.ts';
import { planSchedules } from '../../shared/watch/plan-schedules.ts';
import {
  afterGrace,
  type Evening,
  evening,
  idOf,
  machine,
  officeHours,
  openEvening,
  target,
} from '../support/evening.ts';

const config = parseConfig({ enforce: true });

let world: Evening;
afterEach(() => world.sample.close());

describe('a plan', () => {
  it('says of each tagged instance what is to be done, whose it is and what it costs, and changes nothing', async () => {
    world = await openEvening([
      machine(1),
      machine(2, { cpu: 55 }),
      { id: idOf(3), type: 'm6i.xlarge', launched: '2026-11-16T07:00:00Z' },
    ]);
    const { planned, running } = await planSchedules(world.clients, target, config, evening);
    expect(
      planned.map(({ subject, owner, hourlyRate, decision }) => [
        subject.id,
        owner,
        hourlyRate,
        decision.action,
        decision.code,
      ]),
    ).toEqual([
      [idOf(1), 'mei', 0.214, 'warn', 'idle-off-hours'],
      [idOf(2), 'mei', 0.214, 'keep', 'busy'],
    ]);
    expect(running).toBe(3);
    expect(world.power()).toEqual([]);
  });

  it('remembers nothing where no stack is deployed, and so warns at most', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.deliver();
    world.sample.setNow(afterGrace);
    const { table, ...readOnly } = world.clients;
    const [alone] = (await planSchedules(readOnly, target, config, afterGrace)).planned;
    const [within] = (await planSchedules({ ...readOnly, table }, target, config, afterGrace)).planned;
    expect([alone?.decision.action, within?.decision.action]).toEqual(['warn', 'stop']);
  });

  it('measures only what the answer depends on, unless asked for all', async () => {
    world = await openEvening([
      machine(1, { tags: { 'auto-stop': 'Mon-Sun 00:00-24:00' } }),
      machine(2, { tags: { 'auto-stop': 'off' } }),
      machine(3, { tags: { 'auto-stop': `${officeHours}; always` } }),
      machine(4, { stopped: '2026-11-16T12:00:00Z' }),
    ]);
    await planSchedules(world.clients, target, config, evening);
    expect(world.calls('GetMetricData')).toBe(0);
    const { planned } = await planSchedules(world.clients, target, config, evening, { measureAll: true });
    expect(planned.map(({ utilization }) => utilization?.state)).toEqual(['idle', 'idle', 'idle', undefined]);
  });

  it('measures each over the idle window of its own tag', async () => {
    const cpu = [{ until: '2026-11-16T17:00:00Z', value: 40 }, { value: 0.5 }];
    world = await openEvening([
      machine(1, { cpu }),
      machine(2, { cpu, tags: { 'auto-stop': `${officeHours}; idle=2h` } }),
    ]);
    const { planned } = await planSchedules(world.clients, target, config, evening);
    expect(planned.map(({ decision }) => decision.code)).toEqual(['idle-off-hours', 'busy']);
  });

  it('asks who was warned only of what runs', async () => {
    world = await openEvening([machine(1), machine(2, { tags: { owner: 'anton' } })]);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    const queries: string[] = [];
    world.table.client.middlewareStack.add(
      (next) => async (args) => {
        queries.push(JSON.stringify(args.input));
        return next(args);
      },
      { step: 'initialize' },
    );
    await planSchedules(world.clients, target, config, '2026-11-16T18:35:00Z');
    expect(queries.filter((query) => query.includes('DELIVERY#'))).toEqual([]);
    expect(queries.filter((query) => query.includes('INSTANCE#'))).toHaveLength(1);
  });
});
