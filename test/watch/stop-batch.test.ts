import { afterEach, describe, expect, it } from 'vitest';
import { awsError } from '../../cli/sample/sample.ts';
import {
  afterGrace,
  type Evening,
  evening,
  idOf,
  machine,
  officeHours,
  openEvening,
} from '../support/evening.ts';

let world: Evening;
afterEach(() => world.sample.close());

type Machines = Parameters<typeof openEvening>[0];

/** Warned, and the warning delivered. */
async function warned(machines: Machines): Promise<Evening> {
  world = await openEvening(machines);
  await world.run(evening);
  await world.deliver();
  return world;
}

const several = (count: number, given: (number: number) => Parameters<typeof machine>[1] = () => ({})) =>
  Array.from({ length: count }, (_, index) => machine(index + 1, given(index + 1)));

describe('a batch with something odd in it', () => {
  it('stops the other 47 of 50 where one is protected, one is one-time spot and one was terminated', async () => {
    const odd: Record<number, Parameters<typeof machine>[1]> = {
      1: { stopProtection: true },
      2: { lifecycle: 'spot', spotRequest: { id: 'sir-1', type: 'one-time' } },
      3: { terminated: '2026-11-16T18:15:00Z' },
    };
    const machines = several(50, (number) => odd[number] ?? {});
    world = await openEvening(machines, { stop: { maxShare: 1 } });
    // Nobody can ask whether it is protected, so that EC2 says so itself.
    world.fail(/DescribeInstanceAttribute/, 'UnauthorizedOperation', { times: 200 });
    await world.run(evening);
    await world.deliver();
    const { stopped, kept } = await world.run(afterGrace);
    expect(stopped.filter(({ outcome }) => outcome === 'done')).toHaveLength(47);
    expect(stopped.filter(({ outcome }) => outcome === 'refused')).toMatchObject([
      { id: idOf(1), code: 'OperationNotPermitted' },
    ]);
    expect(kept).toEqual({ 'spot-one-time': 1, terminated: 1 });
    await world.deliver();
    expect(world.sample.emails.at(-1)?.message).toContain(`Could not stop ${idOf(1)}`);
  });

  it.each(['UnauthorizedOperation', 'TimeoutError', 'InternalError'])(
    'is never halved after %s: the run fails, and the next one stops all of it',
    async (code) => {
      await warned(several(8));
      world.fail(/StopInstances/, code, { message: `No, not ${idOf(1)}.` });
      await expect(world.run(afterGrace)).rejects.toThrow('Could not stop or start');
      expect(world.calls('StopInstances')).toBe(1);
      const { stopped } = await world.run('2026-11-16T18:30:00Z');
      expect(stopped.map(({ outcome }) => outcome)).toEqual(Array(8).fill('done'));
    },
  );

  it('whose call stopped a part before it failed: those are told, the others stopped by the next run', async () => {
    await warned(several(4));
    world.clients.ec2.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName !== 'StopInstancesCommand') return next(args);
          const { InstanceIds = [] } = args.input as { InstanceIds?: string[] };
          await next({ ...args, input: { InstanceIds: InstanceIds.slice(0, 2) } });
          throw awsError('InternalError', 'An internal error has occurred');
        },
      { step: 'initialize', name: 'partly' },
    );
    await expect(world.run(afterGrace)).rejects.toThrow(`Could not stop or start ${idOf(3)}, ${idOf(4)}`);
    expect(await world.deliver()).toEqual(['[INFO] 2 instances stopped in ml-dev, eu-west-1']);
    world.clients.ec2.middlewareStack.remove('partly');
    expect((await world.run('2026-11-16T18:30:00Z')).stopped).toMatchObject([
      { id: idOf(3), outcome: 'done' },
      { id: idOf(4), outcome: 'done' },
    ]);
    expect(await world.deliver()).toEqual(['[INFO] 2 instances stopped in ml-dev, eu-west-1']);
  });

  it('of which nothing is due makes no call that changes anything', async () => {
    world = await openEvening(several(3, () => ({ tags: { 'auto-stop': 'off' } })));
    await world.run(evening);
    await world.run(afterGrace);
    expect(world.power()).toEqual([]);
  });
});

describe('what is on its way up or down', () => {
  it.each([
    ['pending', { launched: '2026-11-16T18:04:40Z' }, 'running'],
    ['stopping', { stopped: '2026-11-16T18:04:40Z' }, 'stopped'],
    ['stopped', { stopped: '2026-11-16T17:00:00Z' }, 'stopped'],
  ] as const)('%s is not asked for anything, not even with always', async (code, given, later) => {
    world = await openEvening([
      machine(1, { ...given, tags: { 'auto-stop': `${officeHours}; always; grace=0m` } }),
    ]);
    expect(await world.run(evening)).toMatchObject({ kept: { [code]: 1 }, warned: [], stopped: [] });
    await world.run('2026-11-16T18:10:00Z');
    expect(world.power()).toEqual([]);
    expect(world.stateOf(1)).toBe(later);
  });
});
