import { StartInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import type { IsoTime } from '../../shared/period.ts';
import { monthSpan, savingsIn } from '../../shared/schedule/savings.ts';
import { getOpenPeriods } from '../../shared/store/savings.ts';
import { readSavings } from '../../shared/watch/savings.ts';
import { afterGrace, type Evening, evening, idOf, machine, openEvening, target } from '../support/evening.ts';

let world: Evening;
afterEach(() => world.sample.close());

const seen = '2026-11-16T18:30:00Z';

/** Warned, stopped and seen off: what each of these goes on from. */
async function stopped(...args: Parameters<typeof openEvening>): Promise<void> {
  world = await openEvening(...args);
  await world.run(evening);
  await world.deliver();
  await world.run(afterGrace);
  await world.run(seen);
}

const periods = () => readSavings(world.table, [target], '2026-11');
const saved = async () => savingsIn(await periods(), monthSpan('2026-11'));

/** Somebody does it by hand, at that time. */
const byHand = {
  start: (time: IsoTime) => at(time, new StartInstancesCommand({ InstanceIds: [idOf(1)] })),
  stop: (time: IsoTime) => at(time, new StopInstancesCommand({ InstanceIds: [idOf(1)] })),
};

async function at(time: IsoTime, command: StartInstancesCommand | StopInstancesCommand): Promise<void> {
  world.sample.setNow(time);
  await world.clients.ec2.send(command as StartInstancesCommand);
}

describe('the ledger of a target', () => {
  it('opens a period with the run after the stop, at what is paid for running and goes on while off', async () => {
    await stopped([machine(1, { name: 'annotation-app', tags: { team: 'vision' }, addresses: 1 })]);
    expect(await periods()).toEqual([
      expect.objectContaining({
        id: idOf(1),
        name: 'annotation-app',
        type: 'm6i.xlarge',
        team: 'vision',
        owner: 'mei',
        schedule: 'Mon-Fri 08:00-19:00 Europe/Berlin',
        timeZone: 'Europe/Berlin',
        stoppedAt: afterGrace,
        offSince: afterGrace,
        hourlyRate: 0.214,
        rateSource: 'pricing-api',
        // 100 GB of gp3 over the hours of the shortest month, and an address.
        stillBilledHourlyRate: expect.closeTo((100 * 0.088) / 672 + 0.005, 10),
        isOpen: true,
      }),
    ]);
  });

  it('ends it when the machine is started, by the time at which it was', async () => {
    await stopped([machine(1)]);
    await byHand.start('2026-11-17T05:25:00Z');
    await world.run('2026-11-17T06:10:00Z');
    expect(await saved()).toMatchObject({ hours: 11, gross: expect.closeTo(11 * 0.214, 10), open: 0 });
    expect(await getOpenPeriods(world.table, target)).toEqual([]);
  });

  it('counts until the schedule opens where a machine is left off in its hours', async () => {
    await stopped([machine(1)]);
    await world.run('2026-11-17T12:30:00Z');
    expect((await saved()).hours).toBeCloseTo(12 + 35 / 60, 10);
    await world.run('2026-11-17T20:30:00Z');
    expect((await saved()).hours).toBeCloseTo(12 + 35 / 60 + 2.5, 10);
  });

  it('ends with the start that a schedule makes', async () => {
    await stopped([machine(1, { tags: { 'auto-stop': 'Mon-Fri 08:00-19:00 Europe/Berlin; start' } })]);
    await world.run('2026-11-17T07:05:00Z');
    await world.run('2026-11-17T07:10:00Z');
    expect(await saved()).toMatchObject({ hours: expect.closeTo(12 + 35 / 60, 10), open: 0 });
  });

  it('has nothing of what somebody stopped by hand', async () => {
    world = await openEvening([machine(1)]);
    await byHand.stop(evening);
    await world.run(afterGrace);
    await world.run(seen);
    expect(await periods()).toEqual([]);
  });

  it('has nothing of what is only observed', async () => {
    await stopped([machine(1)], { enforce: false });
    expect(await periods()).toEqual([]);
  });

  it('goes on with the next night of the same machine', async () => {
    await stopped([machine(1)]);
    await byHand.start('2026-11-17T08:25:00Z');
    await world.run('2026-11-17T18:05:00Z');
    await world.deliver();
    await world.run('2026-11-17T18:25:00Z');
    await world.run('2026-11-17T18:30:00Z');
    await byHand.start('2026-11-18T08:25:00Z');
    await world.run('2026-11-18T08:30:00Z');
    expect(await saved()).toMatchObject({
      periods: 2,
      resources: 1,
      hours: expect.closeTo(2 * (12 + 35 / 60), 10),
    });
  });

  it('counts what is never seen again until it was seen last', async () => {
    await stopped([machine(1), machine(2)]);
    await world.run('2026-11-17T00:30:00Z');
    await world.untag(1, 'auto-stop');
    await world.run('2026-11-17T06:30:00Z');
    const hours = (await periods()).map(({ id, counted }) => [id, counted.at(-1)?.until]);
    expect(hours).toEqual([
      [idOf(1), '2026-11-17T00:30:00Z'],
      [idOf(2), '2026-11-17T06:30:00Z'],
    ]);
  });

  it('counts since it was seen off what hibernates, for that takes a while and is billed', async () => {
    const tags = { 'auto-stop': 'Mon-Fri 08:00-19:00 Europe/Berlin; hibernate' };
    await stopped([machine(1, { hibernation: true, tags })]);
    expect((await periods())[0]?.offSince).toBe(seen);
  });

  it('records the same stop once, however often runs see it', async () => {
    await stopped([machine(1)]);
    await world.run(seen);
    await world.run('2026-11-16T18:35:00Z');
    expect(await periods()).toHaveLength(1);
    expect(world.calls('DescribeVolumes')).toBe(1);
    expect(world.calls('DescribeAddresses')).toBe(1);
  });

  it.each([
    ['the period', /^UpdateItem$/],
    ['what passes know it by', /^PutItem$/],
  ])('is made up by the next run where one could not write %s', async (_, write) => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    world.fail(write, 'AccessDeniedException');
    await expect(world.run(seen)).rejects.toThrow();
    await world.run('2026-11-16T18:35:00Z');
    expect(await periods()).toMatchObject([{ stoppedAt: afterGrace, offSince: afterGrace }]);
  });

  it.each([
    ['EC2 does not tell what is attached', /^DescribeVolumes$/],
    ['EC2 does not tell its addresses', /^DescribeAddresses$/],
  ])('asks again with the next run where %s', async (_, call) => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    world.fail(call, 'RequestLimitExceeded');
    await world.run(seen);
    expect(await periods()).toEqual([]);
    await world.run('2026-11-16T18:35:00Z');
    expect(await periods()).toMatchObject([
      { offSince: afterGrace, stillBilledHourlyRate: expect.any(Number) },
    ]);
  });

  it('counts hours without dollars where EC2 has not told what is attached for an hour', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    world.fail(/^DescribeVolumes$/, 'UnauthorizedOperation', { times: 3 });
    for (const time of [seen, '2026-11-16T19:20:00Z', '2026-11-16T19:25:00Z']) await world.run(time);
    await world.run('2026-11-17T01:25:00Z');
    expect(await saved()).toMatchObject({ hours: 7, unpricedHours: 7, gross: 0, net: 0 });
  });

  it('asks nobody for anything as long as we have stopped nothing', async () => {
    world = await openEvening([machine(1, { cpu: 60 })]);
    await world.run(evening);
    await world.run(afterGrace);
    expect(world.calls('DescribeVolumes')).toBe(0);
    expect(await periods()).toEqual([]);
  });
});
